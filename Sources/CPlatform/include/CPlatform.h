#pragma once
#include "Opened.h"

/// Tells glibc's allocator that this is a small process: one arena instead of one a thread (each keeps what its busiest
/// moment needed), and growth in steps of 256 kB instead of one system call for every page. Call first thing in main.
void cplatform_tune_allocator(void);

/// Where `part` first stands in `bytes`; NULL where it does not.
const void *cplatform_find(const void *bytes, unsigned long count, const void *part, unsigned long length);

/// Takes the pages of program and libraries that cannot be written out of this process' resident memory. They stay in the
/// page cache, and those that are used come back one by one: what only the start needed does not.
void cplatform_release_code(void);

/// Asks the resolver for the SRV records of a name, with a state of its own, so that threads may. The message goes to `answer`
/// and its length is returned; -1 for none, with `*why` the resolver's h_errno.
int cplatform_srv(const char *name, unsigned char *answer, int size, int *why);

/// The commit that this was built from, as `.ci/commit` tells it; empty where nobody told.
const char *cplatform_commit(void);
