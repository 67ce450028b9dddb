#include "CMicroHTTPD.h"

#include "Opened.h"
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

// The functions of GnuTLS that are used, each once: the library that libmicrohttpd itself speaks TLS with.
#define FUNCTIONS(X) \
    X(gnutls_pcert_deinit) X(gnutls_pcert_list_import_x509_raw) X(gnutls_privkey_deinit) \
    X(gnutls_privkey_import_x509_raw) X(gnutls_privkey_init) X(gnutls_pubkey_deinit) X(gnutls_pubkey_get_key_id) \
    X(gnutls_pubkey_import_privkey) X(gnutls_pubkey_init) X(gnutls_strerror) X(gnutls_transport_get_int) \
    X(gnutls_x509_crt_deinit) X(gnutls_x509_crt_get_activation_time) X(gnutls_x509_crt_get_expiration_time) \
    X(gnutls_x509_crt_import) X(gnutls_x509_crt_init)
OPENED("libgnutls.so.30")

enum { chain_limit = 16, server_limit = 32 };

struct cmicrohttpd_tls {
    gnutls_pcert_st chain[chain_limit];
    unsigned int count;
    gnutls_privkey_t key;
};

// The library's callback gets no closure: what a port shows stands here. A handshake may still use what was shown before, so
// that is never freed; it is a few kilobytes every time a certificate is renewed.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    unsigned short port;
    const struct cmicrohttpd_tls *shown;
} servers[server_limit];

static void explain(char *why, size_t capacity, const char *what, int code) {
    snprintf(why, capacity, "%s: %s", what, THERE(gnutls_strerror)(code));
}

static void drop(struct cmicrohttpd_tls *tls) {
    for (unsigned int index = 0; index < tls->count; index += 1)
        THERE(gnutls_pcert_deinit)(&tls->chain[index]);
    if (tls->key != NULL)
        THERE(gnutls_privkey_deinit)(tls->key);
    free(tls);
}

// Whether the certificate is one of this key.
static int fits(struct cmicrohttpd_tls *tls) {
    gnutls_pubkey_t own = NULL;
    unsigned char first[64], second[64];
    size_t first_size = sizeof first, second_size = sizeof second;
    int is_same = THERE(gnutls_pubkey_init)(&own) == 0 && THERE(gnutls_pubkey_import_privkey)(own, tls->key, 0, 0) == 0 &&
                  THERE(gnutls_pubkey_get_key_id)(own, GNUTLS_KEYID_USE_SHA256, first, &first_size) == 0 &&
                  THERE(gnutls_pubkey_get_key_id)(tls->chain[0].pubkey, GNUTLS_KEYID_USE_SHA256, second, &second_size) == 0 &&
                  first_size == second_size && memcmp(first, second, first_size) == 0;
    if (own != NULL)
        THERE(gnutls_pubkey_deinit)(own);
    return is_same;
}

static void span(const gnutls_pcert_st *certificate, int64_t *begins, int64_t *ends) {
    gnutls_x509_crt_t read = NULL;
    *begins = *ends = -1;
    if (THERE(gnutls_x509_crt_init)(&read) != 0)
        return;
    if (THERE(gnutls_x509_crt_import)(read, &certificate->cert, GNUTLS_X509_FMT_DER) == 0) {
        *begins = (int64_t)THERE(gnutls_x509_crt_get_activation_time)(read);
        *ends = (int64_t)THERE(gnutls_x509_crt_get_expiration_time)(read);
    }
    THERE(gnutls_x509_crt_deinit)(read);
}

struct cmicrohttpd_tls *cmicrohttpd_tls_load(const unsigned char *certificate, size_t certificate_size,
                                             const unsigned char *key, size_t key_size, int64_t *begins, int64_t *ends,
                                             char *why, size_t capacity) {
    struct cmicrohttpd_tls *tls = calloc(1, sizeof *tls);
    if (tls == NULL) {
        snprintf(why, capacity, "out of memory");
        return NULL;
    }
    gnutls_datum_t pem = {(unsigned char *)certificate, (unsigned int)certificate_size};
    unsigned int count = chain_limit;
    int code = THERE(gnutls_pcert_list_import_x509_raw)(tls->chain, &count, &pem, GNUTLS_X509_FMT_PEM,
                                                 GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED);
    if (code < 0 || count == 0) {
        explain(why, capacity, "the certificate cannot be read", code);
        drop(tls);
        return NULL;
    }
    tls->count = count;
    pem.data = (unsigned char *)key;
    pem.size = (unsigned int)key_size;
    code = THERE(gnutls_privkey_init)(&tls->key);
    if (code == 0)
        code = THERE(gnutls_privkey_import_x509_raw)(tls->key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
    if (code < 0) {
        explain(why, capacity, "the key cannot be read", code);
        drop(tls);
        return NULL;
    }
    if (!fits(tls)) {
        snprintf(why, capacity, "the key is not the one of the certificate");
        drop(tls);
        return NULL;
    }
    span(&tls->chain[0], begins, ends);
    return tls;
}

int cmicrohttpd_tls_show(unsigned short port, const struct cmicrohttpd_tls *tls) {
    pthread_mutex_lock(&lock);
    int place = -1;
    for (int index = 0; index < server_limit; index += 1) {
        if (servers[index].shown != NULL && servers[index].port == port) {
            place = index;
            break;
        }
        if (place < 0 && servers[index].shown == NULL)
            place = index;
    }
    if (place >= 0) {
        servers[place].port = port;
        servers[place].shown = tls;
    }
    pthread_mutex_unlock(&lock);
    return place >= 0;
}

int cmicrohttpd_tls_retrieve(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
                             const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **chain,
                             unsigned int *count, gnutls_privkey_t *key) {
    (void)authorities;
    (void)authority_count;
    (void)algorithms;
    (void)algorithm_count;
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    if (getsockname(THERE(gnutls_transport_get_int)(session), (struct sockaddr *)&address, &size) != 0)
        return -1;
    // The port stands at the same place in both families' addresses.
    unsigned short port = ntohs(((struct sockaddr_in *)&address)->sin_port);
    const struct cmicrohttpd_tls *shown = NULL;
    pthread_mutex_lock(&lock);
    for (int index = 0; index < server_limit; index += 1)
        if (servers[index].shown != NULL && servers[index].port == port)
            shown = servers[index].shown;
    pthread_mutex_unlock(&lock);
    if (shown == NULL)
        return -1;
    *chain = (gnutls_pcert_st *)shown->chain;
    *count = shown->count;
    *key = shown->key;
    return 0;
}
