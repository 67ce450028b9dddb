#define _GNU_SOURCE

#include "CPlatform.h"

#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

// Before main, because the Swift runtime starts threads before it, and waits for ever for those that it cannot start.
__attribute__((constructor)) static void cplatform_require_room(int argc, char **argv) {
    // A few stacks: without them nothing runs. Reserved, not used.
    const size_t wanted = 24 << 20;
    void *room = mmap(NULL, wanted, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room != MAP_FAILED) {
        munmap(room, wanted);
        return;
    }
    struct rlimit limit;
    char text[256] = "", size[64] = "";
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        snprintf(size, sizeof size, " of %llu MB", (unsigned long long)limit.rlim_cur >> 20);
    const int length = snprintf(
        text, sizeof text, "no memory to start: the limit%s on address space (ulimit -v, LimitAS=) is too low; give it 256 MB\n", size);
    // For whoever watches us as a plugin: unknown, with a line where plugins are read.
    const int is_check = argc > 1 && (strcmp(argv[1], "check") == 0 || strcmp(argv[1], "status") == 0 || strcmp(argv[1], "evaluate") == 0);
    ssize_t ignored = write(2, "mozaiks-ops: ", 13);
    ignored += write(2, text, (size_t)length);
    if (is_check) {
        ignored += write(1, "UNKNOWN: ", 9);
        ignored += write(1, text, (size_t)length);
    }
    (void)ignored;
    _exit(is_check ? 3 : 1);
}

const void *cplatform_find(const void *bytes, size_t count, const void *part, size_t length) {
    return memmem(bytes, count, part, length);
}

void cplatform_tune_allocator(void) {
    // The M_ constants are macros, and mallopt answers 0 for what this libc does not know: then nothing changes.
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_TOP_PAD, 256 << 10);
    mallopt(M_TRIM_THRESHOLD, 512 << 10);
    mallopt(M_MMAP_THRESHOLD, 256 << 10);
}

static int release_object(struct dl_phdr_info *object, size_t size, void *context) {
    (void)size;
    (void)context;
    // Code that was relocated in place is not what the file holds.
    for (int i = 0; i < object->dlpi_phnum; i++) {
        if (object->dlpi_phdr[i].p_type != PT_DYNAMIC) continue;
        const ElfW(Dyn) *entry = (const ElfW(Dyn) *)(object->dlpi_addr + object->dlpi_phdr[i].p_vaddr);
        for (; entry->d_tag != DT_NULL; entry++)
            if (entry->d_tag == DT_TEXTREL || (entry->d_tag == DT_FLAGS && (entry->d_un.d_val & DF_TEXTREL))) return 0;
    }
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || (part->p_flags & PF_W)) continue;
        // Whole pages of this part only.
        const uintptr_t start = (object->dlpi_addr + part->p_vaddr + page - 1) & ~(page - 1);
        const uintptr_t end = (object->dlpi_addr + part->p_vaddr + part->p_filesz) & ~(page - 1);
        if (end > start) madvise((void *)start, end - start, MADV_DONTNEED);
    }
    return 0;
}

void cplatform_release_code(void) { dl_iterate_phdr(release_object, NULL); }
