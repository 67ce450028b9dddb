#include "Opened.h"

#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

// What the loader says and does at the start of a program that lacks a library, whenever it is found out.
static _Noreturn void end(void)
{
    fprintf(stderr, "mozaiks-ops: error while loading shared libraries: %s\n", dlerror());
    _exit(127);
}

void *cplatform_open(const char *soname)
{
    void *library = dlopen(soname, RTLD_LAZY | RTLD_LOCAL);
    if (library == NULL)
        end();
    return library;
}

void *cplatform_function(void *library, const char *name)
{
    void *function = dlsym(library, name);
    if (function == NULL)
        end();
    return function;
}
