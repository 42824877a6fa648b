/* SPDX-License-Identifier: Apache-2.0 */
#include "common/clock.h"
#include "common/desk/profile.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/service.h"
#include "services/notify/decide.h"
#include "services/notify/mail.h"
#include "services/notify/render.h"

#include <stdio.h>
#include <string.h>

#define TEXT_BYTES_MAX (64 * 1024)

static struct {
    struct kafka_config kafka;
    char *admin_address, *state_dir, *instance, *desk_file;
    struct mail_relay relay;
} config;

static const struct config_variable variables[] = {
    KAFKA_CONFIG_VARIABLES(__typeof__(config), kafka),
    {"KAKEKOMI_ADMIN_ADDRESS", CONFIG_ADDRESS, "127.0.0.1:8083", "/livez, /readyz, /metrics",
     offsetof(__typeof__(config), admin_address), 0, 0},
    {"KAKEKOMI_STATE_DIR", CONFIG_FOLDER, "/var/lib/kakekomi/notify", "files that can be rebuilt",
     offsetof(__typeof__(config), state_dir), 0, 0},
    {"KAKEKOMI_INSTANCE", CONFIG_TEXT, "", "name of this instance; unset: host name and admin port",
     offsetof(__typeof__(config), instance), 0, 0},
    {"KAKEKOMI_DESK_FILE", CONFIG_FILE, NULL, "profile of the desk, JSON",
     offsetof(__typeof__(config), desk_file), 0, 0},
    {"KAKEKOMI_SMTP_URL", CONFIG_TEXT, NULL, "relay: smtp://host:port or smtps://host:port",
     offsetof(__typeof__(config), relay.url), 0, 0},
    {"KAKEKOMI_SMTP_USER", CONFIG_TEXT, "", "user at the relay",
     offsetof(__typeof__(config), relay.user), 0, 0},
    {"KAKEKOMI_SMTP_PASSWORD", CONFIG_SECRET, "", "password at the relay",
     offsetof(__typeof__(config), relay.password), 0, 0},
    {"KAKEKOMI_SMTP_CA_FILE", CONFIG_FILE, "", "authority that signed the relay, PEM",
     offsetof(__typeof__(config), relay.ca_file), 0, 0},
};

static struct processor_definition definition;
static struct processor *processor;
static struct profile *facts;

static struct metric metrics[] = {
    {.name = "notify_mails_total{outcome=\"sent\"}",
     .help = "Mails by what the relay said",
     .kind = METRIC_COUNTER},
    {.name = "notify_mails_total{outcome=\"later\"}",
     .help = "Mails by what the relay said",
     .kind = METRIC_COUNTER},
    {.name = "notify_mails_total{outcome=\"refused\"}",
     .help = "Mails by what the relay said",
     .kind = METRIC_COUNTER},
};

/* --- sending ---------------------------------------------------------------------------------------------------------- */

static struct processor_result *tell(const struct work *work, enum mail_outcome outcome,
                                     const char *why)
{
    static const char *const names[] = {
        [MAIL_SENT] = "sent", [MAIL_LATER] = "later", [MAIL_REFUSED] = "refused"};
    json_t *notice = json_object_get(work->parameters, "notice");
    metric_add(&metrics[outcome], 1);
    log_event(outcome == MAIL_SENT ? LOG_INFO : LOG_WARNING, "mail.tried",
              "case=%s notice=%s outcome=%s why=%s", work->case_id, json_string_value(notice),
              names[outcome], why);
    json_t *value = json_pack("{s:O, s:s}", "notice", notice, "outcome", names[outcome]);
    if (*why)
        json_object_set_new(value, "why", json_string(why));
    return processor_result_new(value);
}

static struct processor_result *work_mail(const struct work *work)
{
    CLEANUP(profile_release_at) struct profile *profile = profile_current();
    const json_t *desk = profile_json(profile);
    CLEANUP(mem_free) char *subject = NULL;
    CLEANUP(buf_free) struct buf text;
    char why[121] = "";
    int64_t now_us = clock_now_us();
    buf_init(&text, TEXT_BYTES_MAX);
    if (!render_mail(work->parameters, desk, now_us, &subject, &text))
        return tell(work, MAIL_REFUSED, "the template lacks a variable");
    struct mail mail = {.from = json_string_value(json_object_get(desk, "mail_from")),
                        .to = json_string_value(json_object_get(work->parameters, "address")),
                        .subject = subject,
                        .text = text.data,
                        .message_id =
                            json_string_value(json_object_get(work->parameters, "notice")),
                        .thread_id = work->case_id,
                        .now_us = now_us};
    return tell(work, mail_send(&config.relay, &mail, why), why);
}

/* --- preview ------------------------------------------------------------------------------------------------------------ */

/* notify preview PROFILE: every template with sample values, as it would be sent. */
static int preview(int argc, char **argv)
{
    struct why why = {0};
    if (argc != 2 || profile_holder_load(argv[1], &why) != VERDICT_OK) {
        fprintf(stderr, "usage: notify preview PROFILE%s%s\n", why.text[0] ? ": " : "", why.text);
        return SERVICE_MISUSED;
    }
    CLEANUP(profile_release_at) struct profile *profile = profile_current();
    for (size_t i = 0; i < render_template_count(); i++) {
        CLEANUP(mem_free) char *subject = NULL;
        CLEANUP(buf_free) struct buf text;
        buf_init(&text, TEXT_BYTES_MAX);
        json_auto_t *parameters = json_pack(
            "{s:s, s:b, s:s, s:i, s:i, s:i, s:[{s:s, s:s}], s:[{s:s, s:s}]}", "template",
            render_template_name(i), "confirmed", 1, "number", "K4M-9QT-8ZR-E", "records", 112,
            "detections", 7, "blocked", 5, "reasons", "ja", "同意書への同意が記録されていません。",
            "en", "No consent is recorded.", "warnings", "ja", "HDD/SSDが暗号化されています。",
            "en", "The disk is encrypted.");
        if (!render_mail(parameters, profile_json(profile), clock_now_us(), &subject, &text))
            return SERVICE_FAILED;
        printf("=== %s\nSubject: %s\n\n%s\n", render_template_name(i), subject, text.data);
    }
    return SERVICE_STOPPED;
}

static const struct service_command commands[] = {
    {"preview", "PROFILE: prints every mail with sample values", preview},
    {NULL, NULL, NULL},
};

/* --- service -------------------------------------------------------------------------------------------------------------- */

static const void *lend_facts(void *context)
{
    (void)context;
    profile_release(facts);
    facts = profile_current();
    return profile_json(facts);
}

static enum verdict check(struct why *why)
{
    if (strncmp(config.relay.url, "smtp://", 7) != 0 &&
        strncmp(config.relay.url, "smtps://", 8) != 0)
        return fatal(why, "KAKEKOMI_SMTP_URL: expected smtp:// or smtps:// with host and port");
    return profile_holder_load(config.desk_file, why);
}

static enum verdict start(struct why *why)
{
    config.kafka.client_id = "notify";
    struct processor_config of_processor = {
        .kafka = config.kafka, .state_dir = config.state_dir, .instance = config.instance};
    metrics_register(metrics, COUNT_OF(metrics));
    definition = notify_definition;
    definition.work = work_mail;
    definition.facts = lend_facts;
    return processor_start(&definition, &of_processor, &processor, why);
}

static void stop(int64_t deadline_ms)
{
    processor_stop(processor, deadline_ms);
    profile_release(facts);
}

static bool ready(json_t *detail)
{
    CLEANUP(buf_free) struct buf text;
    buf_init(&text, 1000);
    bool well = processor && processor_is_ready(processor, &text);
    if (text.length)
        json_object_set_new(detail, "processor", json_loads(text.data, 0, NULL));
    return well;
}

static void reload(void)
{
    struct why why = {0};
    if (profile_holder_load(config.desk_file, &why) != VERDICT_OK)
        log_event(LOG_ERROR, "profile.refused", "why=%s", why.text);
    else
        log_event(LOG_INFO, "config.reloaded", "file=profile");
}

int main(int argc, char **argv)
{
    const struct service service = {
        .name = "notify",
        .purpose =
            "the right word to the right person: mails about a case, and what became of them",
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
        .commands = commands,
    };
    return service_main(argc, argv, &service);
}
