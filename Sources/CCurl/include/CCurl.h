#pragma once
#include <curl/curl.h>

// libcurl's option and information functions are variadic, which Swift cannot call. One function for each type
// that an option takes; the pairing of option and type stays with the caller.

CURLcode CCurl_setLong(CURL *easy, CURLoption option, long value);
CURLcode CCurl_setOffset(CURL *easy, CURLoption option, curl_off_t value);
CURLcode CCurl_setString(CURL *easy, CURLoption option, const char *value);
CURLcode CCurl_setPointer(CURL *easy, CURLoption option, void *value);
CURLcode CCurl_setList(CURL *easy, CURLoption option, struct curl_slist *value);

/// CURLOPT_WRITEFUNCTION and CURLOPT_HEADERFUNCTION share this shape.
typedef size_t (*CCurl_Receive)(char *bytes, size_t size, size_t count, void *context);
CURLcode CCurl_setReceive(CURL *easy, CURLoption option, CCurl_Receive callback);
CURLcode CCurl_setBeforeRequest(CURL *easy, curl_prereq_callback callback);

CURLcode CCurl_getLong(CURL *easy, CURLINFO information, long *value);
CURLcode CCurl_getOffset(CURL *easy, CURLINFO information, curl_off_t *value);
CURLcode CCurl_getString(CURL *easy, CURLINFO information, const char **value);

/// The certificates that the server showed, where CURLOPT_CERTINFO was set. Good for as long as the handle is.
CURLcode CCurl_getCertificates(CURL *easy, struct curl_certinfo **chain);
/// The socket of a connection that CURLOPT_CONNECT_ONLY made.
CURLcode CCurl_getSocket(CURL *easy, curl_socket_t *socket);

CURLMcode CCurl_setMultiLong(CURLM *multi, CURLMoption option, long value);

/// The result of a finished transfer, which C keeps in a union. Only for messages of kind CURLMSG_DONE.
CURLcode CCurl_result(const CURLMsg *message);

/// CURLOPT_DEBUGFUNCTION: every line of a dialogue as it is sent and received.
typedef int (*CCurl_Trace)(CURL *easy, curl_infotype kind, char *bytes, size_t count, void *context);
CURLcode CCurl_setTrace(CURL *easy, CCurl_Trace callback);
CURLcode CCurl_setProgress(CURL *easy, curl_xferinfo_callback callback);

/// A mail goes to those recipients that the server takes. The option's name lost a letter L in libcurl 8.2.
CURLcode CCurl_allowRefusedRecipients(CURL *easy);

/// `curl_url_get`, which takes a constant URL in some versions and not in others.
CURLUcode CCurl_getPart(CURLU *url, CURLUPart part, char **text, unsigned int flags);
