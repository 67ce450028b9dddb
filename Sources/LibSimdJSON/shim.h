/* simdjson is a C++ library; CSimdJSON includes its header. */
