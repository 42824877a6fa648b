/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: who asks, and whether they may. auth_before is the `before` of intake's HTTP server; it reads the route's flags.
 * Ownership: an identity lives as long as its request. Threads: any. Only sessions wait for Redis; API tokens never do.
 * Errors: 401 with WWW-Authenticate for nobody, 403 for somebody who may not, 503 while nobody can know (Redis is away).
 * Limits: tokens of 16 to 200 characters.
 * SECURITY: sessions live in a cookie that scripts cannot read and other sites do not send; every unsafe method of a
 * session needs the X-CSRF-Token and, where the browser names one, the own Origin. A bad bearer token is never
 * overlooked in favour of a cookie.
 */
#include "common/http_server.h"
#include "services/intake/sessions.h"

#define AUTH_WRITERS (AUTH_OPERATOR | AUTH_SUPERVISOR)
#define AUTH_READERS AUTH_ROLES
#define AUTH_NOBODY 0x8000u /* flag of a route that needs no identity: sign-in, health */
/* Who may do with everybody's sessions and tokens what the route lets others do with their own. */
#define AUTH_OTHERS(roles) ((roles) << 8)

struct auth_identity {
    char id[64];
    char name[200];
    char role[16];                   /* the name of the strongest role, for the chain */
    unsigned roles;                  /* of enum auth_role */
    char token_id[64];               /* "" for a session */
    struct session session;          /* with an id where there is no token */
    char csrf[IDS_SHA256_TEXT_SIZE]; /* of the session */
};

/* The `flags` of a route are the roles that may use it, or AUTH_NOBODY. Without any, AUTH_READERS may GET and
 * AUTH_WRITERS everything else. */
bool auth_before(struct http_request *request);
unsigned auth_roles_of(const struct http_route *route); /* who may; 0: anybody */
unsigned auth_roles_for_others(const struct http_route *route);
bool auth_may_for_others(struct http_request *request);
const struct auth_identity *
auth_identity(struct http_request *request); /* NULL under AUTH_NOBODY */
/* For what lasts longer than a request: as the operators file has them now; and whether the session stands, asked without
 * keeping it from idling out, true while nobody can know, though not beyond its absolute end (waits for Redis). */
bool auth_is_still_operator(const struct auth_identity *who);
bool auth_is_still_session(const struct auth_identity *who);
/* What a handler keeps with the request until it ends. */
void auth_keep_job(struct http_request *request, void *job, void (*destroy)(void *job));
void *auth_job(struct http_request *request);

/* What somebody did to a session, or tried to: "session.opened", "session.refused", "session.locked", "session.ended",
 * "session.revoked". */
struct auth_act {
    const char *what;
    const char *session;    /* its id; of a refusal one of its own */
    const char *who, *role; /* NULL: nobody who is known */
    json_t *detail;
};

struct auth_config {
    const char *operators_file;
    const char *redis_url;
    const char *redis_ca_file; /* NULL: the system's */
    struct session_limits sessions;
    bool cookie_is_secure;                     /* behind TLS: Secure and the prefix __Host- */
    void (*acted)(const struct auth_act *act); /* told on any thread; must not wait. NULL: nobody */
};

enum verdict auth_start(const struct auth_config *config, struct why *why);
void auth_stop(void);
/* Reads the operators file again; a wrong one is refused as a whole and the old one stays. */
enum verdict auth_reload(struct why *why);
/* The same in two steps, for whoever has other files to read that may be wrong: read, then take, which takes the list. */
enum verdict auth_read_operators(struct operator_list **ret_list, struct why *why);
void auth_take_operators(struct operator_list *list);
/* When tokens were used goes to Redis, where other instances find it; from time to time, on a thread that may wait. */
void auth_keep_uses(void);

/* --- for api_people.c and signin.c -------------------------------------------------------------------------------- */
struct operator_list *auth_hold_operators(void);          /* release it */
void auth_release_operators(struct operator_list **list); /* for CLEANUP */
void auth_tell(const struct auth_act *act);
const char *auth_cookie(struct http_request *request); /* the session's token as sent, or NULL */
struct redis *auth_redis(void);
const struct session_limits *auth_session_limits(void);
/* Set-Cookie for a session; an empty token takes the cookie back. */
void auth_reply_cookie(struct http_request *request, const char *token);
void auth_reply_unavailable(struct http_request *request, const char *what);
