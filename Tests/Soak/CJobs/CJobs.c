#include "CJobs.h"

typedef __attribute__((swiftcall)) void (*Original)(void *);
typedef __attribute__((swiftcall)) void (*Hook)(void *, Original);

/// Of the Swift runtime's concurrency library.
extern Hook swift_task_enqueueGlobal_hook;

static void (*taker)(void *);

static __attribute__((swiftcall)) void hand_over(void *job, Original original) {
    (void)original;
    taker(job);
}

void jobs_go_to(void (*take)(void *job)) {
    taker = take;
    swift_task_enqueueGlobal_hook = hand_over;
}
