#include "CPlatform.h"

// In a file of its own: it is all that another commit compiles anew.
#ifdef MOZAIKS_COMMIT
const char *cplatform_commit(void) { return MOZAIKS_COMMIT; }
#else
const char *cplatform_commit(void) { return ""; }
#endif
