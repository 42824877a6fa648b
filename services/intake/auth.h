/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: who is asking. `auth_before` runs before every request of the public address and refuses what it cannot name.
 * Ownership: the identity belongs to the request (http_data). Threads: any. Errors: 401, 403, 429, 503 are answered here.
 * Limits: ids at most 63 bytes.
 */
#include "common/http_server.h"

enum auth_role {
    AUTH_OPERATOR = 1,
    AUTH_SUPERVISOR = 2,
    AUTH_AUDITOR = 4,
    AUTH_ADMIN = 8,
    AUTH_MACHINE = 16,
};
#define AUTH_WRITERS (AUTH_OPERATOR | AUTH_SUPERVISOR)
#define AUTH_READERS (AUTH_WRITERS | AUTH_AUDITOR | AUTH_ADMIN | AUTH_MACHINE)
#define AUTH_NOBODY 0x8000u /* flag of a route that needs no identity: sign-in, health */

struct auth_identity {
    char id[64];
    char name[200];
    char role[16];  /* the name of the strongest role, for the chain */
    unsigned roles; /* of enum auth_role */
    /* What a handler keeps with the request until it ends. */
    void *job;
    void (*job_destroy)(void *job);
};

/* The `flags` of a route are the roles that may use it, or AUTH_NOBODY. */
bool auth_before(struct http_request *request);
const struct auth_identity *auth_identity(struct http_request *request);
void auth_keep_job(struct http_request *request, void *job, void (*destroy)(void *job));
void *auth_job(struct http_request *request);
