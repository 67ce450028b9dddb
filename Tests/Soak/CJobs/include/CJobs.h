#pragma once

/// From now on every job of a task that no executor of its own asks for is handed to `take` and not to the pool of threads.
/// Swift cannot say the calling convention of the runtime's hook.
void jobs_go_to(void (*take)(void *job));
