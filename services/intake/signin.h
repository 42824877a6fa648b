/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: signing in: checking a password takes a tenth of a second and 64 MiB, so it happens on threads of its own.
 * Ownership: copies what it needs; the request is held until it is answered. Threads: four, started with signin_start.
 * Errors: 401 for a wrong password and an unknown operator alike (same bytes, same work), 429 with Retry-After after too
 * many attempts, 503 with a full queue or without Redis.
 * Limits: 4 checks at a time, 64 waiting, 10 s for an answer; attempts: sessions.h.
 */
#include "common/http_server.h"

void signin_start(void);
void signin_stop(void); /* waits for the checks in hand; what waits is answered with 503 */

/* Suspends the request; call it in the handler. */
void signin_request(struct http_request *request, const char *operator, const char * password);
