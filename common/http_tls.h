/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the certificate with which the HTTP server speaks TLS (1.2 and 1.3), and its renewal while connections are open.
 * GnuTLS is included by http_tls.c only: it is what libmicrohttpd speaks TLS with.
 * Ownership: one identity for the process, because the library asks for it without saying for which server. Those that were
 * renewed stay, a few KiB each, until http_tls_end: a handshake may still be using one.
 * Threads: any. Errors: FATAL with the file's name and what was expected; the identity in use stays.
 * Limits: a file is at most 64 KiB, a chain at most 10 certificates.
 */
#include "common/http_internal.h"

#define HTTP_TLS_PRIORITIES "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:%SERVER_PRECEDENCE"

/* Reads both files and takes them for all handshakes that begin afterwards. */
enum verdict http_tls_take(const char *cert_file, const char *key_file, struct why *why);
/* The same without taking them: what --check asks. */
enum verdict http_tls_check(const char *cert_file, const char *key_file, struct why *why);
/* The function that the library asks, for MHD_OPTION_HTTPS_CERT_CALLBACK. */
typedef void http_tls_show_fn(void);
http_tls_show_fn *http_tls_callback(void);
/* Once no server is there that asks. */
void http_tls_end(void);

/* As much as the connection takes at once, on its server's thread; false where it takes nothing more. */
bool http_tls_send(struct MHD_Connection *mhd, const char *text, size_t length);
