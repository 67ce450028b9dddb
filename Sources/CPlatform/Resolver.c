#include "CPlatform.h"

#include <netinet/in.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>
#include <string.h>

// A file of its own: <resolv.h> has macros for names that <link.h> uses.

int cplatform_srv(const char *name, unsigned char *answer, int size, int *why) {
    struct __res_state state;
    memset(&state, 0, sizeof state);
    *why = NETDB_INTERNAL;
    if (res_ninit(&state) != 0) return -1;
    int length = res_nsearch(&state, name, ns_c_in, ns_t_srv, answer, size);
    *why = length < 0 ? state.res_h_errno : 0;
    res_nclose(&state);
    // A longer one is told with the length that it would have had.
    return length > size ? size : length;
}
