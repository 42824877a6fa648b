/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http_tls.h"

#include "common/certificate.h"
#include "common/clock.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <string.h>

#define FILE_BYTES_MAX (64 * 1024)
#define CHAIN_MAX 10

static struct {
    pthread_mutex_t lock;
    struct identity {
        struct identity *before; /* renewed by this one */
        gnutls_privkey_t key;
        gnutls_pcert_st chain[CHAIN_MAX];
        unsigned length;
    } *now;
} tls = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* --- reading ------------------------------------------------------------------------------------------------------ */

static void identity_free(struct identity **identity)
{
    if (!*identity)
        return;
    for (unsigned i = 0; i < (*identity)->length; i++)
        gnutls_pcert_deinit(&(*identity)->chain[i]);
    if ((*identity)->key)
        gnutls_privkey_deinit((*identity)->key);
    mem_free(identity);
}

static enum verdict read_file(const char *path, char **ret_text, gnutls_datum_t *ret_datum,
                              struct why *why)
{
    size_t length;
    if (!file_read(path, FILE_BYTES_MAX, ret_text, &length))
        return fatal(why, "%.150s: expected a file of at most 64 KiB that can be read: %s", path,
                     strerror(errno));
    *ret_datum = (gnutls_datum_t){(unsigned char *)*ret_text, (unsigned)length};
    return VERDICT_OK;
}

static enum verdict read_chain(const char *path, struct identity *identity, struct why *why)
{
    CLEANUP(mem_free) char *text = NULL;
    gnutls_datum_t datum = {0};
    enum verdict verdict = certificate_check(path, clock_now_us() / 1000000, why);
    if (verdict == VERDICT_OK)
        verdict = read_file(path, &text, &datum, why);
    if (verdict != VERDICT_OK)
        return verdict;
    unsigned length = CHAIN_MAX;
    int error =
        gnutls_pcert_list_import_x509_raw(identity->chain, &length, &datum, GNUTLS_X509_FMT_PEM,
                                          GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED);
    if (error < 0)
        return fatal(
            why,
            "%.150s: expected the server's certificate, then those that signed it, each by "
            "the next, at most %d: %s",
            path, CHAIN_MAX, gnutls_strerror(error));
    identity->length = length;
    return VERDICT_OK;
}

static enum verdict read_key(const char *path, struct identity *identity, struct why *why)
{
    CLEANUP(mem_free) char *text = NULL;
    gnutls_datum_t datum = {0};
    if (read_file(path, &text, &datum, why) != VERDICT_OK)
        return VERDICT_FATAL;
    gnutls_privkey_init(&identity->key);
    int error = gnutls_privkey_import_x509_raw(identity->key, &datum, GNUTLS_X509_FMT_PEM, NULL, 0);
    explicit_bzero(text, datum.size);
    if (error < 0)
        return fatal(why, "%.150s: expected a private key without a passphrase, PEM: %s", path,
                     gnutls_strerror(error));
    return VERDICT_OK;
}

static void pubkey_free(gnutls_pubkey_t *key)
{
    gnutls_pubkey_deinit(*key);
}

static bool key_belongs(const struct identity *identity)
{
    unsigned char ours[64], theirs[64];
    size_t our_size = sizeof ours, their_size = sizeof theirs;
    CLEANUP(pubkey_free) gnutls_pubkey_t key = NULL;
    gnutls_pubkey_init(&key);
    return gnutls_pubkey_import_privkey(key, identity->key, 0, 0) == 0 &&
           gnutls_pubkey_get_key_id(key, 0, ours, &our_size) == 0 &&
           gnutls_pubkey_get_key_id(identity->chain[0].pubkey, 0, theirs, &their_size) == 0 &&
           our_size == their_size && memcmp(ours, theirs, our_size) == 0;
}

static enum verdict read_identity(const char *cert_file, const char *key_file,
                                  struct identity *identity, struct why *why)
{
    enum verdict verdict = read_chain(cert_file, identity, why);
    if (verdict == VERDICT_OK)
        verdict = read_key(key_file, identity, why);
    if (verdict == VERDICT_OK && !key_belongs(identity))
        verdict = fatal(why, "%.100s: this key is not that of the certificate in %.100s", key_file,
                        cert_file);
    return verdict;
}

enum verdict http_tls_check(const char *cert_file, const char *key_file, struct why *why)
{
    CLEANUP(identity_free) struct identity *identity = mem_alloc(sizeof *identity);
    return read_identity(cert_file, key_file, identity, why);
}

enum verdict http_tls_take(const char *cert_file, const char *key_file, struct why *why)
{
    CLEANUP(identity_free) struct identity *identity = mem_alloc(sizeof *identity);
    enum verdict verdict = read_identity(cert_file, key_file, identity, why);
    if (verdict != VERDICT_OK)
        return verdict;
    pthread_mutex_lock(&tls.lock);
    identity->before = tls.now;
    tls.now = identity;
    pthread_mutex_unlock(&tls.lock);
    identity = NULL;
    return VERDICT_OK;
}

void http_tls_end(void)
{
    while (tls.now) {
        struct identity *before = tls.now->before;
        identity_free(&tls.now);
        tls.now = before;
    }
}

/* --- speaking ----------------------------------------------------------------------------------------------------- */

static int show(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
                const gnutls_pk_algorithm_t *algorithms, int algorithm_count,
                gnutls_pcert_st **ret_chain, unsigned *ret_length, gnutls_privkey_t *ret_key)
{
    (void)session, (void)authorities, (void)authority_count;
    (void)algorithms, (void)algorithm_count;
    pthread_mutex_lock(&tls.lock);
    struct identity *identity = tls.now;
    pthread_mutex_unlock(&tls.lock);
    *ret_chain = identity->chain;
    *ret_length = identity->length;
    *ret_key = identity->key;
    return 0;
}

http_tls_show_fn *http_tls_callback(void)
{
    return (http_tls_show_fn *)show;
}

bool http_tls_send(struct MHD_Connection *mhd, const char *text, size_t length)
{
    gnutls_session_t session =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session;
    while (length > 0) {
        ssize_t sent = gnutls_record_send(session, text, length);
        if (sent == GNUTLS_E_INTERRUPTED)
            continue;
        if (sent <= 0)
            return false;
        text += sent;
        length -= (size_t)sent;
    }
    return true;
}
