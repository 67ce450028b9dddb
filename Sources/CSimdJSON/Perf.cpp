// Perf bodies.
