// A disk that fails on request, put below the program with LD_PRELOAD by the campaign: nothing of it is in the product.
//
// CHAOS_DISK names a file with one line, read at the first write to the journal after the line was put there:
//     ACTION CALL WHEN SKIP MATCH
//   ACTION  kill   SIGKILL to this process
//           tear   the first half of the write reaches the file, then SIGKILL
//           full   from there on WHEN calls (a number) fail with ENOSPC
//   CALL    write | sync
//   WHEN    before | after   (of a kill)
//   SKIP    how many such calls pass first
//   MATCH   only writes that hold these bytes, or the first sync after such a write; '-' for any
// Only files whose name contains "journal.db" are meant.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char plan[512], action[16], call[16], when[16], match[256];
static int skip, armed, matched, failing;

static int is_journal(int fd) {
    char link[64], path[512];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t count = readlink(link, path, sizeof path - 1);
    if (count <= 0) return 0;
    path[count] = 0;
    return strstr(path, "journal.db") != NULL && strstr(path, "-shm") == NULL;
}

static void load(void) {
    static int (*open_)(const char *, int, ...) = NULL;
    if (!open_) open_ = dlsym(RTLD_NEXT, "open");
    const char *name = getenv("CHAOS_DISK");
    if (armed || !name) return;
    int fd = open_(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    ssize_t count = read(fd, plan, sizeof plan - 1);
    close(fd);
    if (count <= 0) return;
    plan[count] = 0;
    armed = sscanf(plan, "%15s %15s %15s %d %255[^\n]", action, call, when, &skip, match) == 5;
    matched = !strcmp(match, "-");
    if (armed) unlink(name);
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

// 0: go on. 1: fail with ENOSPC. 2: tear. 3: kill after the call.
static int judge(const char *this_call, int fd, const void *bytes, size_t count) {
    if (!is_journal(fd)) return 0;
    int verdict = 0, errno_ = errno;
    pthread_mutex_lock(&mutex);
    load();
    if (failing > 0) {
        failing -= 1;
        verdict = 1;
    } else if (armed) {
        if (!matched && bytes && memmem(bytes, count, match, strlen(match))) matched = 1;
        if (matched && !strcmp(call, this_call) && skip-- <= 0) {
            armed = 0;
            if (!strcmp(action, "full")) {
                failing = atoi(when);
                verdict = 1;
            } else if (!strcmp(action, "tear")) {
                verdict = 2;
            } else if (!strcmp(when, "before")) {
                die();
            } else {
                verdict = 3;
            }
        }
    }
    pthread_mutex_unlock(&mutex);
    errno = errno_;
    return verdict;
}

#define WRITE(name, type, offset_type)                                                         \
    ssize_t name(int fd, const void *bytes, size_t count, offset_type offset) {                \
        static type next;                                                                      \
        if (!next) next = (type)dlsym(RTLD_NEXT, #name);                                       \
        int verdict = judge("write", fd, bytes, count);                                        \
        if (verdict == 1) { errno = ENOSPC; return -1; }                                       \
        ssize_t done = next(fd, bytes, verdict == 2 ? count / 2 : count, offset);              \
        if (verdict >= 2) die();                                                               \
        return done;                                                                           \
    }

typedef ssize_t (*write_off)(int, const void *, size_t, off_t);
typedef ssize_t (*write_off64)(int, const void *, size_t, off64_t);
WRITE(pwrite, write_off, off_t)
WRITE(pwrite64, write_off64, off64_t)

#define SYNC(name)                                                                             \
    int name(int fd) {                                                                         \
        static int (*next)(int);                                                               \
        if (!next) next = (int (*)(int))dlsym(RTLD_NEXT, #name);                               \
        int verdict = judge("sync", fd, NULL, 0);                                              \
        if (verdict == 1) { errno = ENOSPC; return -1; }                                       \
        int done = next(fd);                                                                   \
        if (verdict >= 2) die();                                                               \
        return done;                                                                           \
    }

SYNC(fsync)
SYNC(fdatasync)
