/* SPDX-License-Identifier: Apache-2.0 */
#include "common/clock.h"
#include "common/desk/topics.h"
#include "common/log.h"
#include "common/service.h"
#include "services/intake/api_people.h"
#include "services/intake/intake.h"
#include "services/intake/live.h"
#include "services/intake/provider_events.h"

#include <stdlib.h>
#include <string.h>

#define TOPICS_WITHIN_MS 20000

struct intake intake;

static struct {
    struct kafka_config kafka;
    char *http_address, *http_cert_file, *http_key_file, *admin_address, *state_dir, *instance,
        *desk_file, *operators_file, *redis_url, *redis_ca_file;
    int64_t http_threads, http_connections_per_address, session_idle_minutes, session_max_hours;
    bool cookie_secure;
} config;

static const struct config_variable variables[] = {
    KAFKA_CONFIG_VARIABLES(__typeof__(config), kafka),
    {"KAKEKOMI_HTTP_ADDRESS", CONFIG_ADDRESS, "127.0.0.1:8080", "where the REST API listens",
     offsetof(__typeof__(config), http_address), 0, 0},
    {"KAKEKOMI_HTTP_CERT_FILE", CONFIG_CERTIFICATE, "",
     "certificate of the REST API, PEM, its chain behind it: TLS and nothing else",
     offsetof(__typeof__(config), http_cert_file), 0, 0},
    {"KAKEKOMI_HTTP_KEY_FILE", CONFIG_FILE, "", "its private key, PEM",
     offsetof(__typeof__(config), http_key_file), 0, 0},
    {"KAKEKOMI_HTTP_THREADS", CONFIG_INTEGER, "1", "threads of the REST API",
     offsetof(__typeof__(config), http_threads), 1, 64},
    {"KAKEKOMI_HTTP_CONNECTIONS_PER_ADDRESS", CONFIG_INTEGER, "500",
     "connections of the REST API from one address, of 1,000 in all; 1000 behind a proxy",
     offsetof(__typeof__(config), http_connections_per_address), 1, 1000},
    {"KAKEKOMI_ADMIN_ADDRESS", CONFIG_ADDRESS, "127.0.0.1:8090", "/livez, /readyz, /metrics",
     offsetof(__typeof__(config), admin_address), 0, 0},
    {"KAKEKOMI_STATE_DIR", CONFIG_FOLDER, "/var/lib/kakekomi/intake", "files that can be rebuilt",
     offsetof(__typeof__(config), state_dir), 0, 0},
    {"KAKEKOMI_INSTANCE", CONFIG_TEXT, "", "name of this instance; unset: host name and admin port",
     offsetof(__typeof__(config), instance), 0, 0},
    {"KAKEKOMI_DESK_FILE", CONFIG_FILE, NULL, "profile of the desk, JSON",
     offsetof(__typeof__(config), desk_file), 0, 0},
    {"KAKEKOMI_OPERATORS_FILE", CONFIG_FILE, NULL, "who may sign in, JSON",
     offsetof(__typeof__(config), operators_file), 0, 0},
    {"KAKEKOMI_REDIS_URL", CONFIG_SECRET, NULL,
     "redis[s]://[[user]:password@]host[:port][/database]", offsetof(__typeof__(config), redis_url),
     0, 0},
    {"KAKEKOMI_REDIS_CA_FILE", CONFIG_FILE, "", "authority that signed Redis, PEM",
     offsetof(__typeof__(config), redis_ca_file), 0, 0},
    {"KAKEKOMI_SESSION_IDLE_MINUTES", CONFIG_INTEGER, "30",
     "a session ends after this long without a request",
     offsetof(__typeof__(config), session_idle_minutes), 1, 1440},
    {"KAKEKOMI_SESSION_MAX_HOURS", CONFIG_INTEGER, "12",
     "a session ends after this long in any case", offsetof(__typeof__(config), session_max_hours),
     1, 168},
    {"KAKEKOMI_COOKIE_SECURE", CONFIG_BOOLEAN, "false",
     "true behind somebody else's TLS: the cookie is sent over https only",
     offsetof(__typeof__(config), cookie_secure), 0, 0},
};

static struct http_server *server;

static enum verdict check_tls(struct why *why)
{
    if (!config.http_cert_file && !config.http_key_file)
        return VERDICT_OK;
    if (!config.http_cert_file || !config.http_key_file)
        return fatal(why, "KAKEKOMI_HTTP_%s_FILE: must be set where the other is, for TLS",
                     config.http_cert_file ? "KEY" : "CERT");
    struct why inner = {0};
    if (http_server_check_tls(config.http_cert_file, config.http_key_file, &inner) == VERDICT_OK)
        return VERDICT_OK;
    return fatal(why, "KAKEKOMI_HTTP_{CERT,KEY}_FILE: %.300s", inner.text);
}

static enum verdict check(struct why *why)
{
    struct operator_list *operators = NULL;
    enum verdict verdict = check_tls(why);
    if (verdict == VERDICT_OK)
        verdict = profile_holder_load(config.desk_file, why);
    if (verdict == VERDICT_OK)
        verdict = operator_list_read(config.operators_file, &operators, why);
    operator_list_release(operators);
    return verdict;
}

static enum verdict open_producers(const char *const *topics, size_t count, struct why *why)
{
    const char *cases = topics_full_name("cases"), *others[40];
    size_t other_count = 0;
    for (size_t i = 0; i < count; i++)
        if (strcmp(topics[i], cases) != 0)
            others[other_count++] = topics[i];
    enum verdict verdict =
        kafka_producer_open(&intake.kafka, &cases, 1, &intake.case_producer, why);
    if (verdict != VERDICT_OK)
        return verdict;
    kafka_producer_on_reports(intake.case_producer, http_gather_answers, http_send_answers);
    return kafka_producer_open(&intake.kafka, others, other_count, &intake.producer, why);
}

static enum verdict open_kafka(struct why *why)
{
    const char *topics[40];
    char cluster_id[64];
    size_t written = topics_of("intake", true, topics, COUNT_OF(topics));
    size_t all = written + topics_of("intake", false, topics + written, COUNT_OF(topics) - written);
    intake.kafka = config.kafka;
    intake.kafka.client_id = "intake";
    intake.state_dir = config.state_dir;
    enum verdict verdict =
        kafka_check_topics(&intake.kafka, topics, all, clock_monotonic_ms() + TOPICS_WITHIN_MS,
                           &intake.partitions, cluster_id, why);
    if (verdict == VERDICT_OK)
        verdict = open_producers(topics, written, why);
    if (verdict == VERDICT_OK) { /* its folding thread writes dead letters */
        live_prepare(cluster_id, intake.partitions);
        verdict = view_open(&intake.kafka, config.state_dir, intake_bury, &live_follower,
                            &intake.view, why);
    }
    if (verdict == VERDICT_OK)
        verdict = kafka_reader_open(&intake.kafka, KAFKA_READ_COMMITTED, &intake.fetcher, why);
    return verdict;
}

static enum verdict open_http(struct why *why)
{
    size_t count;
    const struct http_route *routes = intake_routes(&count);
    struct http_server_definition definition = {.address = config.http_address,
                                                .cert_file = config.http_cert_file,
                                                .key_file = config.http_key_file,
                                                .route_count = count,
                                                .routes = routes,
                                                .threads = (unsigned)config.http_threads,
                                                .connections_max = 1000,
                                                .connections_per_address_max =
                                                    (unsigned)config.http_connections_per_address,
                                                .before = auth_before};
    return http_server_start(&definition, &server, why);
}

static enum verdict start(struct why *why)
{
    struct auth_config auth = {.operators_file = config.operators_file,
                               .redis_url = config.redis_url,
                               .redis_ca_file = config.redis_ca_file,
                               .sessions = {.idle_ms_max = config.session_idle_minutes * 60000,
                                            .absolute_ms_max = config.session_max_hours * 3600000},
                               .cookie_is_secure = config.cookie_secure || config.http_cert_file,
                               .acted = intake_audit_people};
    enum verdict verdict = open_kafka(why);
    if (verdict == VERDICT_OK)
        verdict = people_start(&auth, why);
    if (verdict != VERDICT_OK)
        return verdict;
    intake_register_metrics();
    intake_pool_start();
    verdict = live_start(&intake.kafka, why);
    if (verdict == VERDICT_OK)
        verdict = provider_events_start(config.instance, why);
    return verdict == VERDICT_OK ? open_http(why) : verdict;
}

static void stop(int64_t deadline_ms)
{
    http_server_stop(server, deadline_ms - 10000);
    people_stop_signing_in(); /* it is told to the audit, by a producer that is still there */
    live_stop();
    provider_events_stop();
    intake_pool_stop();
    view_stop(intake.view); /* it writes dead letters; reports that come later find it ended */
    kafka_producer_close(intake.case_producer, deadline_ms - 5000);
    kafka_producer_close(intake.producer, deadline_ms - 5000);
    view_close(intake.view);
    kafka_reader_close(intake.fetcher);
    people_stop();
}

static bool ready(json_t *detail)
{
    return view_is_ready(intake.view, detail);
}

static void renew_certificate(void)
{
    struct why why = {0};
    if (!config.http_cert_file)
        return;
    if (http_server_renew_tls(server, &why) != VERDICT_OK)
        log_event(LOG_ERROR, "certificate.refused", "why=%s", why.text);
    else
        log_event(LOG_INFO, "certificate.renewed", "file=%s", config.http_cert_file);
}

/* Both files or none: the list is read before the profile is taken, and taking the list cannot fail. */
static void reload(void)
{
    struct why why = {0};
    struct operator_list *operators = NULL;
    renew_certificate();
    if (auth_read_operators(&operators, &why) != VERDICT_OK) {
        log_event(LOG_ERROR, "operators.refused", "why=%s", why.text);
    } else if (profile_holder_load(config.desk_file, &why) != VERDICT_OK) {
        operator_list_release(operators);
        log_event(LOG_ERROR, "profile.refused", "why=%s", why.text);
    } else {
        auth_take_operators(operators);
        log_event(LOG_INFO, "config.reloaded", "file=profile,operators");
    }
}

/* "provision", "routes" and what people_commands has. */
static const struct service_command *collect_commands(void)
{
    static struct service_command commands[10];
    size_t count = 0;
    commands[count++] = (struct service_command){
        "provision", "makes the topics and gives the permissions of the desk; for an administrator",
        provision_command};
    commands[count++] = (struct service_command){
        "routes", "prints the table of REST routes as JSON", intake_print_routes};
    for (const struct service_command *c = people_commands;
         c->name && count + 1 < COUNT_OF(commands); c++)
        commands[count++] = *c;
    return commands;
}

int main(int argc, char **argv)
{
    const struct service service = {
        .name = "intake",
        .purpose = "the desk's REST API and the only writer of the chain of a case",
        .variables = variables,
        .variable_count = COUNT_OF(variables),
        .config = &config,
        .admin_address = (const char *const *)&config.admin_address,
        .instance = &config.instance,
        .check = check,
        .start = start,
        .stop = stop,
        .ready = ready,
        .reload = reload,
        .commands = collect_commands(),
    };
    return service_main(argc, argv, &service);
}
