#include "CPostgres.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>

/* The functions of libpq that are used, each once. */
#define FUNCTIONS(X)                                                                                                  \
    X(PQconnectdbParams) X(PQfinish) X(PQstatus) X(PQerrorMessage) X(PQsocket)                                        \
    X(PQserverVersion) X(PQbackendPID) X(PQparameterStatus) X(PQsetNoticeReceiver) X(PQsetnonblocking)                \
    X(PQenterPipelineMode) X(PQexitPipelineMode) X(PQpipelineSync) X(PQflush) X(PQconsumeInput) X(PQisBusy)           \
    X(PQsendPrepare) X(PQsendQueryPrepared) X(PQsendQuery) X(PQgetResult) X(PQclear) X(PQresultStatus)                \
    X(PQresultErrorField) X(PQntuples) X(PQftype) X(PQgetisnull) X(PQgetvalue) X(PQgetlength) X(PQcmdTuples)

#define DECLARE(name) __typeof__(name) *name;
static struct { FUNCTIONS(DECLARE) } pq;
static const char *fault;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
    void *library = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        fault = "the library libpq.so.5 is not there";
        return;
    }
#define TAKE(name)                                                                                                    \
    pq.name = (__typeof__(name) *)dlsym(library, #name);                                                              \
    if (!pq.name) fault = "libpq.so.5 is older than PostgreSQL 14's: it has no " #name;
    FUNCTIONS(TAKE)
}

const char *cpq_load(void)
{
    pthread_once(&once, load);
    return fault;
}

static void ignore(void *nothing, const PGresult *result) { (void)nothing, (void)result; }

PGconn *cpq_connect(const char *const *keywords, const char *const *values) { return pq.PQconnectdbParams(keywords, values, 0); }
void cpq_finish(PGconn *c) { pq.PQfinish(c); }
bool cpq_is_ok(const PGconn *c) { return pq.PQstatus(c) == CONNECTION_OK; }
const char *cpq_error(const PGconn *c) { return pq.PQerrorMessage(c); }
int cpq_socket(const PGconn *c) { return pq.PQsocket(c); }
int cpq_server_version(const PGconn *c) { return pq.PQserverVersion(c); }
int cpq_backend_pid(const PGconn *c) { return pq.PQbackendPID(c); }
const char *cpq_parameter(const PGconn *c, const char *name) { return pq.PQparameterStatus(c, name); }
void cpq_be_quiet(PGconn *c) { pq.PQsetNoticeReceiver(c, ignore, NULL); }

bool cpq_set_nonblocking(PGconn *c) { return pq.PQsetnonblocking(c, 1) == 0; }
bool cpq_enter_pipeline(PGconn *c) { return pq.PQenterPipelineMode(c) == 1; }
bool cpq_exit_pipeline(PGconn *c) { return pq.PQexitPipelineMode(c) == 1; }
bool cpq_sync(PGconn *c) { return pq.PQpipelineSync(c) == 1; }
int cpq_flush(PGconn *c) { return pq.PQflush(c); }
bool cpq_consume(PGconn *c) { return pq.PQconsumeInput(c) == 1; }
bool cpq_is_busy(PGconn *c) { return pq.PQisBusy(c) == 1; }
bool cpq_send_prepare(PGconn *c, const char *name, const char *sql, int count, const Oid *types)
{
    return pq.PQsendPrepare(c, name, sql, count, types) == 1;
}
bool cpq_send_prepared(
    PGconn *c, const char *name, int count, const char *const *values, const int *lengths, const int *formats)
{
    return pq.PQsendQueryPrepared(c, name, count, values, lengths, formats, 1) == 1;
}
bool cpq_send_query(PGconn *c, const char *sql) { return pq.PQsendQuery(c, sql) == 1; }
PGresult *cpq_result(PGconn *c) { return pq.PQgetResult(c); }

void cpq_clear(PGresult *r) { pq.PQclear(r); }
ExecStatusType cpq_status(const PGresult *r) { return pq.PQresultStatus(r); }
const char *cpq_state(const PGresult *r) { return pq.PQresultErrorField(r, PG_DIAG_SQLSTATE); }
const char *cpq_message(const PGresult *r) { return pq.PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY); }
int cpq_rows(const PGresult *r) { return pq.PQntuples(r); }
Oid cpq_type(const PGresult *r, int column) { return pq.PQftype(r, column); }
bool cpq_is_null(const PGresult *r, int row, int column) { return pq.PQgetisnull(r, row, column) == 1; }
const char *cpq_value(const PGresult *r, int row, int column) { return pq.PQgetvalue(r, row, column); }
int cpq_length(const PGresult *r, int row, int column) { return pq.PQgetlength(r, row, column); }
const char *cpq_changed(PGresult *r) { return pq.PQcmdTuples(r); }
