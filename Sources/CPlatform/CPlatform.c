#include "CPlatform.h"

#include <malloc.h>

void cplatform_tune_allocator(void) {
    // The M_ constants are macros, and mallopt answers 0 for what this libc does not know: then nothing changes.
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_TOP_PAD, 256 << 10);
    mallopt(M_TRIM_THRESHOLD, 512 << 10);
    mallopt(M_MMAP_THRESHOLD, 256 << 10);
}
