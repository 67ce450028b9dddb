#ifndef CPOSTGRES_H
#define CPOSTGRES_H

#include <postgresql/libpq-fe.h>
#include <stdbool.h>

/*
 * libpq, taken from the system when the first connection is wanted and not before: a monitor whose journal is a file needs
 * neither the library nor the dozen others that it brings, and starts without them.
 *
 * Each function below is the one of libpq with that name behind `PQ`; none may be called before `cpq_load` said NULL.
 */

/* NULL once the library is there; else why it is not, for ever. Safe from any thread. */
const char *cpq_load(void);

PGconn *cpq_connect(const char *const *keywords, const char *const *values);
void cpq_finish(PGconn *connection);
bool cpq_is_ok(const PGconn *connection);
/* The connection's words; of a server they are text of a stranger. */
const char *cpq_error(const PGconn *connection);
int cpq_socket(const PGconn *connection);
int cpq_server_version(const PGconn *connection);
int cpq_backend_pid(const PGconn *connection);
/* NULL where the server never said. */
const char *cpq_parameter(const PGconn *connection, const char *name);
/* Notices of the server go nowhere. */
void cpq_be_quiet(PGconn *connection);

bool cpq_set_nonblocking(PGconn *connection);
bool cpq_enter_pipeline(PGconn *connection);
bool cpq_exit_pipeline(PGconn *connection);
bool cpq_sync(PGconn *connection);
/* 0: all is sent; 1: more is to be sent; -1: failed. */
int cpq_flush(PGconn *connection);
bool cpq_consume(PGconn *connection);
bool cpq_is_busy(PGconn *connection);
bool cpq_send_prepare(PGconn *connection, const char *name, const char *sql, int count, const Oid *types);
/* Results come in binary form. */
bool cpq_send_prepared(
    PGconn *connection, const char *name, int count, const char *const *values, const int *lengths, const int *formats);
/* A text of one statement or, outside of a pipeline, of several. */
bool cpq_send_query(PGconn *connection, const char *sql);
PGresult *cpq_result(PGconn *connection);

void cpq_clear(PGresult *result);
ExecStatusType cpq_status(const PGresult *result);
/* Five letters, or NULL. */
const char *cpq_state(const PGresult *result);
/* The server's first line of an error, without detail, hint and statement: those may hold values. */
const char *cpq_message(const PGresult *result);
int cpq_rows(const PGresult *result);
Oid cpq_type(const PGresult *result, int column);
bool cpq_is_null(const PGresult *result, int row, int column);
const char *cpq_value(const PGresult *result, int row, int column);
int cpq_length(const PGresult *result, int row, int column);
/* How many rows a statement changed, in letters; empty for others. */
const char *cpq_changed(PGresult *result);

#endif
