#include "CSimdJSON.h"
#include <simdjson.h>
const char *csimdjson_version(void) { return SIMDJSON_IMPLEMENTATION_ICELAKE ? "3" : "3"; }
