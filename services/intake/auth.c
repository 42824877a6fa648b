/* SPDX-License-Identifier: Apache-2.0 */
#include "services/intake/auth.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "services/intake/token_uses.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>

#define TOKEN_BYTES_MIN 16
#define TOKEN_BYTES_MAX 200

static struct metric metrics[] = {
    {.name = "auth_refused_total{status=\"401\"}",
     .help = "Requests refused before their handler",
     .kind = METRIC_COUNTER},
    {.name = "auth_refused_total{status=\"403\"}", .kind = METRIC_COUNTER},
    {.name = "auth_refused_total{status=\"503\"}", .kind = METRIC_COUNTER},
};
enum { METRIC_401, METRIC_403, METRIC_503 };

static struct {
    struct auth_config config;
    struct redis *redis;
    pthread_rwlock_t lock;
    struct operator_list *operators; /* lock */
} auth = {.lock = PTHREAD_RWLOCK_INITIALIZER};

/* --- start, stop, reload ------------------------------------------------------------------------------------------ */

static void register_metrics(void)
{
    metrics_register(metrics, COUNT_OF(metrics));
}

enum verdict auth_start(const struct auth_config *config, struct why *why)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_metrics);
    auth.config = *config;
    enum verdict verdict = redis_open(config->redis_url, config->redis_ca_file, &auth.redis, why);
    return verdict == VERDICT_OK ? auth_reload(why) : verdict;
}

void auth_stop(void)
{
    redis_close(auth.redis);
    operator_list_release(auth.operators);
    auth.redis = NULL;
    auth.operators = NULL;
}

enum verdict auth_read_operators(struct operator_list **ret_list, struct why *why)
{
    return operator_list_read(auth.config.operators_file, ret_list, why);
}

void auth_take_operators(struct operator_list *list)
{
    pthread_rwlock_wrlock(&auth.lock);
    struct operator_list *old = auth.operators;
    if (old)
        operator_list_inherit_uses(list, old);
    auth.operators = list;
    pthread_rwlock_unlock(&auth.lock);
    operator_list_release(old);
}

enum verdict auth_reload(struct why *why)
{
    struct operator_list *fresh = NULL;
    enum verdict verdict = auth_read_operators(&fresh, why);
    if (verdict == VERDICT_OK)
        auth_take_operators(fresh);
    return verdict;
}

struct operator_list *auth_hold_operators(void)
{
    pthread_rwlock_rdlock(&auth.lock);
    struct operator_list *list = operator_list_hold(auth.operators);
    pthread_rwlock_unlock(&auth.lock);
    return list;
}

void auth_release_operators(struct operator_list **list)
{
    operator_list_release(*list);
}

void auth_tell(const struct auth_act *act)
{
    if (auth.config.acted)
        auth.config.acted(act);
}

void auth_keep_uses(void)
{
    struct why why = {0};
    CLEANUP(auth_release_operators) struct operator_list *list = auth_hold_operators();
    if (token_uses_keep(auth.redis, list, &why) != VERDICT_OK)
        log_event(LOG_DEBUG, "token_uses.unwritable", "why=%s", why.text);
}

struct redis *auth_redis(void)
{
    return auth.redis;
}

const struct session_limits *auth_session_limits(void)
{
    return &auth.config.sessions;
}

/* --- refusing ----------------------------------------------------------------------------------------------------- */

static bool refuse_unknown(struct http_request *request)
{
    metric_add(&metrics[METRIC_401], 1);
    http_reply_header(request, "WWW-Authenticate", "Bearer realm=\"kakekomi\"");
    http_reply_problem(request, 401, "unauthenticated", "sign in, or send a valid API token", NULL);
    return false;
}

static bool refuse_forbidden(struct http_request *request, const char *code, const char *detail)
{
    metric_add(&metrics[METRIC_403], 1);
    http_reply_problem(request, 403, code, detail, NULL);
    return false;
}

void auth_reply_unavailable(struct http_request *request, const char *what)
{
    metric_add(&metrics[METRIC_503], 1);
    http_reply_header(request, "Retry-After", "2");
    http_reply_problem(request, 503, "redis_unavailable", what, NULL);
}

/* --- cookie ------------------------------------------------------------------------------------------------------- */

static const char *cookie_name(void)
{
    return auth.config.cookie_is_secure ? "__Host-kakekomi" : "kakekomi";
}

void auth_reply_cookie(struct http_request *request, const char *token)
{
    CLEANUP(mem_free)
    char *cookie =
        mem_printf("%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s", cookie_name(), token,
                   auth.config.cookie_is_secure ? "; Secure" : "", *token ? "" : "; Max-Age=0");
    http_reply_header(request, "Set-Cookie", cookie);
}

/* --- who ---------------------------------------------------------------------------------------------------------- */

static struct auth_identity *identity_new(struct http_request *request,
                                          const struct operator* operator)
{
    struct auth_identity *identity = http_alloc(request, sizeof *identity);
    strncpy(identity->id, operator->id, sizeof identity->id - 1);
    strncpy(identity->name, operator->name, sizeof identity->name - 1);
    strncpy(identity->role, operator->role, sizeof identity->role - 1);
    identity->roles = operator->roles;
    http_set_caller(request, identity);
    return identity;
}

static bool is_token(const char *text)
{
    size_t length = strnlen(text, TOKEN_BYTES_MAX + 1);
    return length >= TOKEN_BYTES_MIN && length <= TOKEN_BYTES_MAX;
}

static bool take_bearer(struct http_request *request, const char *header)
{
    const char *token = header + strlen("Bearer ");
    const struct operator_token *found = NULL;
    if (strncasecmp(header, "Bearer ", strlen("Bearer ")) != 0 || !is_token(token))
        return refuse_unknown(request);
    CLEANUP(auth_release_operators) struct operator_list *list = auth_hold_operators();
    const struct operator* operator= operator_list_find_token(list, token, &found);
    if (!operator)
        return refuse_unknown(request);
    operator_token_note_use(found, clock_now_us());
    struct auth_identity *identity = identity_new(request, operator);
    strncpy(identity->token_id, found->id, sizeof identity->token_id - 1);
    return true;
}

/* The operator of a session as the operators file has them now: gone, or with another password, the session is void. */
static const struct operator*
    session_owner(const struct operator_list *list, const struct session *session)
{
    char stamp[SESSION_STAMP_SIZE];
    const struct operator* operator= operator_list_find(list, session->operator);
    if (!operator)
        return NULL;
    session_stamp(operator, stamp);
    return strcmp(stamp, session->stamp) == 0 ? operator: NULL;
}

static bool take_cookie(struct http_request *request, const char *token)
{
    struct session session;
    struct why why = {0};
    bool found = false;
    if (!is_token(token))
        return refuse_unknown(request);
    if (session_find(auth.redis, &auth.config.sessions, token, clock_now_us(), &session, &found,
                     &why) != VERDICT_OK) {
        log_event(LOG_WARNING, "session.unreadable", "why=%s", why.text);
        auth_reply_unavailable(request,
                               "sessions cannot be read at the moment; API tokens still work");
        return false;
    }
    CLEANUP(auth_release_operators) struct operator_list *list = auth_hold_operators();
    const struct operator* operator= found ? session_owner(list, &session) : NULL;
    if (!operator)
        return refuse_unknown(request);
    struct auth_identity *identity = identity_new(request, operator);
    identity->session = session;
    session_csrf(token, identity->csrf);
    return true;
}

const char *auth_cookie(struct http_request *request)
{
    const char *token = http_cookie(request, cookie_name());
    return token && is_token(token) ? token : NULL;
}

const struct auth_identity *auth_identity(struct http_request *request)
{
    return http_caller(request);
}

void auth_keep_job(struct http_request *request, void *job, void (*destroy)(void *job))
{
    http_set_data(request, job, destroy);
}

void *auth_job(struct http_request *request)
{
    return http_data(request);
}

static bool identify(struct http_request *request)
{
    const char *header = http_header(request, "Authorization");
    if (header)
        return take_bearer(request, header);
    const char *cookie = http_cookie(request, cookie_name());
    return cookie ? take_cookie(request, cookie) : refuse_unknown(request);
}

/* --- whether they still are who they were -------------------------------------------------------------------------- */

static bool has_token(const struct operator* operator, const char * token_id)
{
    for (size_t i = 0; i < operator->token_count; i++)
        if (strcmp(operator->tokens[i].id, token_id) == 0)
            return true;
    return false;
}

bool auth_is_still_operator(const struct auth_identity *who)
{
    char stamp[SESSION_STAMP_SIZE];
    struct operator_list *list = auth_hold_operators();
    const struct operator* operator= operator_list_find(list, who->id);
    bool still = operator&&(operator->roles == who->roles);
    if (still && *who->token_id)
        still = has_token(operator, who->token_id);
    if (still && !*who->token_id) {
        session_stamp(operator, stamp);
        still = strcmp(stamp, who->session.stamp) == 0;
    }
    operator_list_release(list);
    return still;
}

bool auth_is_still_session(const struct auth_identity *who)
{
    CLEANUP(mem_free) struct session *sessions = NULL;
    size_t count = 0;
    struct why why = {0};
    const struct session_limits *limits = &auth.config.sessions;
    const char *const operators[] = {who->id};
    int64_t now_us = clock_now_us();
    if (now_us >= who->session.created_us + limits->absolute_ms_max * 1000)
        return false;
    if (session_list(auth.redis, limits, operators, 1, now_us, &sessions, &count, &why) !=
        VERDICT_OK)
        return true;
    for (size_t i = 0; i < count; i++)
        if (strcmp(sessions[i].id, who->session.id) == 0)
            return true;
    return false;
}

/* --- whether they may --------------------------------------------------------------------------------------------- */

static bool is_safe_method(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

static bool is_safe(struct http_request *request)
{
    return is_safe_method(http_method(request));
}

/* A browser names the page that sends: it has to be ours. Other clients name nothing. */
static bool check_origin(struct http_request *request)
{
    const char *origin = http_header(request, "Origin"), *host = http_header(request, "Host");
    const char *site = http_header(request, "Sec-Fetch-Site");
    const char *place = origin ? strstr(origin, "://") : NULL;
    bool foreign_site = site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
    if (foreign_site || (origin && (!place || !host || strcasecmp(place + 3, host) != 0)))
        return refuse_forbidden(request, "origin", "another site's page may not send this");
    return true;
}

static bool check_csrf(struct http_request *request, const struct auth_identity *identity)
{
    const char *sent = http_header(request, "X-CSRF-Token");
    if (!sent || strlen(sent) != strlen(identity->csrf) ||
        sodium_memcmp(sent, identity->csrf, strlen(sent)) != 0)
        return refuse_forbidden(request, "csrf",
                                "X-CSRF-Token is missing or belongs to another session");
    return check_origin(request);
}

unsigned auth_roles_of(const struct http_route *route)
{
    unsigned allowed = route->flags & AUTH_ROLES;
    if (allowed || route->flags & AUTH_NOBODY)
        return allowed;
    return is_safe_method(route->method) ? AUTH_READERS : AUTH_WRITERS;
}

unsigned auth_roles_for_others(const struct http_route *route)
{
    return route->flags / AUTH_OTHERS(1u) & AUTH_ROLES;
}

bool auth_may_for_others(struct http_request *request)
{
    return auth_roles_for_others(http_route_of(request)) & auth_identity(request)->roles;
}

static bool check_roles(struct http_request *request, unsigned roles)
{
    if (!(auth_roles_of(http_route_of(request)) & roles))
        return refuse_forbidden(request, "forbidden", "your roles do not include this");
    return true;
}

bool auth_before(struct http_request *request)
{
    unsigned flags = http_route_of(request)->flags;
    if (flags & AUTH_NOBODY)
        return is_safe(request) || check_origin(request);
    if (!identify(request))
        return false;
    const struct auth_identity *identity = auth_identity(request);
    if (!*identity->token_id && !is_safe(request) && !check_csrf(request, identity))
        return false;
    return check_roles(request, identity->roles);
}
