#pragma once
#include <pthread.h>

/// A library of the distribution that is opened when something of it is needed first, instead of at every start: it and the
/// dozens behind it cost a short command more than its work does. Where it is not there the process ends with status 127 and
/// the loader's words, as it would have at the start.
void *cplatform_open(const char *soname);
void *cplatform_function(void *library, const char *name);

/// `FUNCTIONS(X)` names a library's functions that a file uses. `OPENED(soname)` declares a table of them; `THERE(name)` is one
/// of them, whoever asks first having opened the library. Here and not linked: see `cplatform_open`.
#define OPENED_DECLARE(name) __typeof__(name) *name;
#define OPENED_TAKE(name) opened.name = (__typeof__(name) *)cplatform_function(library, #name);
#define OPENED(soname)                                                                                                \
    static struct { FUNCTIONS(OPENED_DECLARE) } opened;                                                               \
    static pthread_once_t opened_once = PTHREAD_ONCE_INIT;                                                            \
    static void opened_load(void)                                                                                     \
    {                                                                                                                 \
        void *library = cplatform_open(soname);                                                                       \
        FUNCTIONS(OPENED_TAKE)                                                                                        \
    }
#define THERE(name) (pthread_once(&opened_once, opened_load), opened.name)

/// Functions of ours that bear the names of the library's own, which whoever calls them takes them for. Others, a library that
/// itself uses that library above all, must not find them.
#define OPENED_HIDE(name) extern __typeof__(name) name __attribute__((visibility("hidden")));
