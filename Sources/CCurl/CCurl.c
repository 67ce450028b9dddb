#include "CCurl.h"

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
