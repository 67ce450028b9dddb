#include "CCurl.h"

#include "Opened.h"

// The functions of libcurl that are used, each once. Those that are not variadic stand below under libcurl's own names and hand
// on: whoever calls one does as if the program were linked with it.
#define FUNCTIONS(X) \
    X(curl_easy_cleanup) X(curl_easy_init) X(curl_easy_perform) X(curl_easy_recv) X(curl_easy_send) \
    X(curl_easy_strerror) X(curl_free) X(curl_global_init) X(curl_multi_add_handle) X(curl_multi_cleanup) \
    X(curl_multi_info_read) X(curl_multi_init) X(curl_multi_perform) X(curl_multi_poll) X(curl_multi_remove_handle) \
    X(curl_multi_wakeup) X(curl_slist_append) X(curl_slist_free_all) X(curl_url) X(curl_url_cleanup) \
    X(curl_url_get) X(curl_url_set) X(curl_url_strerror) X(curl_version_info) X(curl_easy_setopt) \
    X(curl_easy_getinfo) X(curl_multi_setopt)
OPENED("libcurl.so.4")
FUNCTIONS(OPENED_HIDE)

void curl_easy_cleanup(CURL *easy) { THERE(curl_easy_cleanup)(easy); }
CURL *curl_easy_init(void) { return THERE(curl_easy_init)(); }
CURLcode curl_easy_perform(CURL *easy) { return THERE(curl_easy_perform)(easy); }
CURLcode curl_easy_recv(CURL *easy, void *bytes, size_t size, size_t *count)
{
    return THERE(curl_easy_recv)(easy, bytes, size, count);
}
CURLcode curl_easy_send(CURL *easy, const void *bytes, size_t size, size_t *count)
{
    return THERE(curl_easy_send)(easy, bytes, size, count);
}
const char *curl_easy_strerror(CURLcode code) { return THERE(curl_easy_strerror)(code); }
void curl_free(void *memory) { THERE(curl_free)(memory); }
CURLcode curl_global_init(long flags) { return THERE(curl_global_init)(flags); }
CURLMcode curl_multi_add_handle(CURLM *multi, CURL *easy) { return THERE(curl_multi_add_handle)(multi, easy); }
CURLMcode curl_multi_cleanup(CURLM *multi) { return THERE(curl_multi_cleanup)(multi); }
CURLMsg *curl_multi_info_read(CURLM *multi, int *left) { return THERE(curl_multi_info_read)(multi, left); }
CURLM *curl_multi_init(void) { return THERE(curl_multi_init)(); }
CURLMcode curl_multi_perform(CURLM *multi, int *running) { return THERE(curl_multi_perform)(multi, running); }
CURLMcode curl_multi_poll(CURLM *multi, struct curl_waitfd *more, unsigned int count, int milliseconds, int *ready)
{
    return THERE(curl_multi_poll)(multi, more, count, milliseconds, ready);
}
CURLMcode curl_multi_remove_handle(CURLM *multi, CURL *easy) { return THERE(curl_multi_remove_handle)(multi, easy); }
CURLMcode curl_multi_wakeup(CURLM *multi) { return THERE(curl_multi_wakeup)(multi); }
struct curl_slist *curl_slist_append(struct curl_slist *list, const char *text)
{
    return THERE(curl_slist_append)(list, text);
}
void curl_slist_free_all(struct curl_slist *list) { THERE(curl_slist_free_all)(list); }
CURLU *curl_url(void) { return THERE(curl_url)(); }
void curl_url_cleanup(CURLU *url) { THERE(curl_url_cleanup)(url); }
CURLUcode curl_url_set(CURLU *url, CURLUPart part, const char *text, unsigned int flags)
{
    return THERE(curl_url_set)(url, part, text, flags);
}
const char *curl_url_strerror(CURLUcode code) { return THERE(curl_url_strerror)(code); }
curl_version_info_data *curl_version_info(CURLversion version) { return THERE(curl_version_info)(version); }

CURLUcode CCurl_getPart(CURLU *url, CURLUPart part, char **text, unsigned int flags)
{
    return THERE(curl_url_get)(url, part, text, flags);
}

// The variadic ones, without the header's checks of types, which are macros of the same names.
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt
#define curl_easy_setopt(...) THERE(curl_easy_setopt)(__VA_ARGS__)
#define curl_easy_getinfo(...) THERE(curl_easy_getinfo)(__VA_ARGS__)
#define curl_multi_setopt(...) THERE(curl_multi_setopt)(__VA_ARGS__)

CURLcode CCurl_setLong(CURL *easy, CURLoption option, long value) { return curl_easy_setopt(easy, option, value); }

CURLcode CCurl_setOffset(CURL *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}

CURLcode CCurl_setString(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}

CURLcode CCurl_setPointer(CURL *easy, CURLoption option, void *value) { return curl_easy_setopt(easy, option, value); }

CURLcode CCurl_setList(CURL *easy, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(easy, option, value);
}

CURLcode CCurl_setReceive(CURL *easy, CURLoption option, CCurl_Receive callback) {
    return curl_easy_setopt(easy, option, callback);
}

CURLcode CCurl_setBeforeRequest(CURL *easy, curl_prereq_callback callback) {
    return curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, callback);
}

CURLcode CCurl_getLong(CURL *easy, CURLINFO information, long *value) {
    return curl_easy_getinfo(easy, information, value);
}

CURLcode CCurl_getOffset(CURL *easy, CURLINFO information, curl_off_t *value) {
    return curl_easy_getinfo(easy, information, value);
}

CURLcode CCurl_getString(CURL *easy, CURLINFO information, const char **value) {
    return curl_easy_getinfo(easy, information, value);
}

CURLcode CCurl_getCertificates(CURL *easy, struct curl_certinfo **chain) {
    return curl_easy_getinfo(easy, CURLINFO_CERTINFO, chain);
}

CURLcode CCurl_getSocket(CURL *easy, curl_socket_t *socket) {
    return curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, socket);
}

CURLMcode CCurl_setMultiLong(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

CURLcode CCurl_result(const CURLMsg *message) { return message->data.result; }

CURLcode CCurl_setTrace(CURL *easy, CCurl_Trace callback) {
    return curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, callback);
}

CURLcode CCurl_setProgress(CURL *easy, curl_xferinfo_callback callback) {
    return curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, callback);
}

CURLcode CCurl_allowRefusedRecipients(CURL *easy) {
#if LIBCURL_VERSION_NUM >= 0x080200
    return curl_easy_setopt(easy, CURLOPT_MAIL_RCPT_ALLOWFAILS, 1L);
#else
    return curl_easy_setopt(easy, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
#endif
}
