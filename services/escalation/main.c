/* SPDX-License-Identifier: Apache-2.0 */
#include "common/clock.h"
#include "common/desk/topics.h"
#include "common/log.h"
#include "common/service.h"
#include "services/escalation/decide.h"
#include "services/escalation/service.h"

#include <stdlib.h>

struct escalation escalation;
static struct processor_definition definition;

static const struct config_variable variables[] = {
    KAFKA_CONFIG_VARIABLES(struct escalation_config, kafka),
    {"KAKEKOMI_ADMIN_ADDRESS", CONFIG_ADDRESS, "127.0.0.1:8082", "/livez, /readyz, /metrics",
     offsetof(struct escalation_config, admin_address), 0, 0},
    {"KAKEKOMI_STATE_DIR", CONFIG_FOLDER, "/var/lib/kakekomi/escalation",
     "files that can be rebuilt", offsetof(struct escalation_config, state_dir), 0, 0},
    {"KAKEKOMI_INSTANCE", CONFIG_TEXT, "", "name of this instance; unset: host name and admin port",
     offsetof(struct escalation_config, instance), 0, 0},
    {"KAKEKOMI_DESK_FILE", CONFIG_FILE, NULL, "profile of the desk, JSON",
     offsetof(struct escalation_config, desk_file), 0, 0},
    {"KAKEKOMI_ESCALATION_SECRET", CONFIG_SECRET, NULL,
     "64 hex digits from which content keys are derived; earlier ones on further lines",
     offsetof(struct escalation_config, secret), 0, 0},
    {"KAKEKOMI_SIGNING_KEY", CONFIG_SECRET, NULL, "the desk's private ES256 key, JWK",
     offsetof(struct escalation_config, signing_key), 0, 0},
    {"KAKEKOMI_DECRYPTION_KEY", CONFIG_SECRET, "",
     "the desk's private ECDH-ES key for reports, JWK, or a JWK set with earlier ones",
     offsetof(struct escalation_config, decryption_key), 0, 0},
};

static const void *lend_facts(void *context)
{
    (void)context;
    profile_release(escalation.facts);
    escalation.facts = profile_current();
    return profile_json(escalation.facts);
}

/* A secret must not stand in the environment, which every child inherits (contract §6). */
static enum verdict check(struct why *why)
{
    static const char *const secrets[] = {"KAKEKOMI_ESCALATION_SECRET", "KAKEKOMI_SIGNING_KEY",
                                          "KAKEKOMI_DECRYPTION_KEY"};
    for (size_t i = 0; i < COUNT_OF(secrets); i++)
        if (getenv(secrets[i]))
            return fatal(why, "%s: give it by %s_FILE only", secrets[i], secrets[i]);
    if (profile_holder_load(escalation.config.desk_file, why) != VERDICT_OK)
        return VERDICT_FATAL;
    return sealing_keys_load(escalation.config.signing_key, escalation.config.decryption_key,
                             escalation.config.secret, &escalation.keys, why);
}

/* The gate may answer otherwise now, and what could not be done may be possible. */
static void ask_every_case(void)
{
    processor_wake(escalation.processor, NULL);
}

static enum verdict start(struct why *why)
{
    escalation.config.kafka.client_id = "escalation";
    struct processor_config config = {.kafka = escalation.config.kafka,
                                      .state_dir = escalation.config.state_dir,
                                      .instance = escalation.config.instance};
    const char *const read[] = {topics_full_name("extracts"), topics_full_name("uploads"),
                                topics_full_name("provider-replies")};
    int32_t partitions;
    char cluster_id[64];
    definition = escalation_definition;
    definition.work = escalation_work;
    definition.route = escalation_route;
    definition.facts = lend_facts;
    enum verdict verdict =
        kafka_check_topics(&config.kafka, read, COUNT_OF(read), clock_monotonic_ms() + 20000,
                           &partitions, cluster_id, why);
    if (verdict == VERDICT_OK)
        verdict = kafka_reader_open(&config.kafka, KAFKA_READ_COMMITTED, &escalation.fetcher, why);
    if (verdict == VERDICT_OK)
        verdict = kafka_reader_open(&config.kafka, KAFKA_READ_COMMITTED, &escalation.replies, why);
    if (verdict == VERDICT_OK)
        verdict = processor_start(&definition, &config, &escalation.processor, why);
    if (verdict == VERDICT_OK)
        ask_every_case(); /* the profile may be another one than before */
    return verdict;
}

static void stop(int64_t deadline_ms)
{
    processor_stop(escalation.processor, deadline_ms);
    kafka_reader_close(escalation.fetcher);
    kafka_reader_close(escalation.replies);
    profile_release(escalation.facts);
}

static bool ready(json_t *detail)
{
    CLEANUP(buf_free) struct buf text;
    buf_init(&text, 1000);
    bool well = escalation.processor && processor_is_ready(escalation.processor, &text);
    if (text.length)
        json_object_set_new(detail, "processor", json_loads(text.data, 0, NULL));
    return well;
}

static void reload(void)
{
    struct why why = {0};
    if (profile_holder_load(escalation.config.desk_file, &why) != VERDICT_OK) {
        log_event(LOG_ERROR, "profile.refused", "why=%s", why.text);
        return;
    }
    log_event(LOG_INFO, "config.reloaded", "file=profile");
    ask_every_case();
}

int main(int argc, char **argv)
{
    const struct service service = {
        .name = "escalation",
        .purpose = "hands a case over to the one provider, after consent and intention, sealed, "
                   "and takes it back",
        .variables = variables,
        .variable_count = COUNT_OF(variables),
        .config = &escalation.config,
        .admin_address = (const char *const *)&escalation.config.admin_address,
        .instance = &escalation.config.instance,
        .check = check,
        .start = start,
        .stop = stop,
        .ready = ready,
        .reload = reload,
    };
    return service_main(argc, argv, &service);
}
