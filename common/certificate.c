/* SPDX-License-Identifier: Apache-2.0 */
#include "common/certificate.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <time.h>

static void certificate_free(X509 **certificate)
{
    X509_free(*certificate);
}

static void write_time(const ASN1_TIME *at, char *text, size_t size)
{
    struct tm parts = {0};
    if (!ASN1_TIME_to_tm(at, &parts) || !strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &parts))
        snprintf(text, size, "a time that cannot be read");
}

static X509 *read_certificate(const char *path)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return NULL;
    X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    return certificate;
}

enum verdict certificate_check(const char *path, int64_t now_s, struct why *why)
{
    time_t now = (time_t)now_s;
    char at[40];
    CLEANUP(certificate_free) X509 *certificate = read_certificate(path);
    if (!certificate)
        return fatal(why, "%.150s: expected a certificate, PEM", path);
    write_time(X509_get0_notAfter(certificate), at, sizeof at);
    if (X509_cmp_time(X509_get0_notAfter(certificate), &now) < 0)
        return fatal(why, "%.150s: the certificate expired at %s", path, at);
    write_time(X509_get0_notBefore(certificate), at, sizeof at);
    if (X509_cmp_time(X509_get0_notBefore(certificate), &now) > 0)
        return fatal(why, "%.150s: the certificate is not valid before %s", path, at);
    return VERDICT_OK;
}

const char *certificate_error(int code)
{
    return X509_verify_cert_error_string(code);
}
