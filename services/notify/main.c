/* SPDX-License-Identifier: Apache-2.0 */
#include "common/clock.h"
#include "common/desk/limits.h"
#include "common/desk/profile.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/service.h"
#include "services/notify/decide.h"
#include "services/notify/hourly.h"
#include "services/notify/mail.h"
#include "services/notify/memory.h"
#include "services/notify/places.h"
#include "services/notify/preview.h"
#include "services/notify/render.h"
#include "services/notify/rules.h"
#include "services/notify/webhook.h"

#include <stdatomic.h>
#include <string.h>

static struct {
    struct kafka_config kafka;
    char *admin_address, *state_dir, *instance, *desk_file, *webhooks_file;
    struct transfer_relay relay;
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
    {"KAKEKOMI_SMTP_URL", CONFIG_TEXT, NULL,
     "relay: smtp://host:port (STARTTLS), smtps://host:port, smtp+plain://host:port (no TLS)",
     offsetof(__typeof__(config), relay.url), 0, 0},
    {"KAKEKOMI_SMTP_USER", CONFIG_TEXT, "", "user at the relay",
     offsetof(__typeof__(config), relay.user), 0, 0},
    {"KAKEKOMI_SMTP_PASSWORD", CONFIG_SECRET, "", "password at the relay",
     offsetof(__typeof__(config), relay.password), 0, 0},
    {"KAKEKOMI_SMTP_CA_FILE", CONFIG_FILE, "", "authority that signed the relay, PEM",
     offsetof(__typeof__(config), relay.ca_file), 0, 0},
    {"KAKEKOMI_WEBHOOKS_FILE", CONFIG_FILE, "", "subscribers and their secrets, JSON",
     offsetof(__typeof__(config), webhooks_file), 0, 0},
};

static struct processor_definition definition;
static struct processor *processor;
static json_t *facts;
static atomic_bool files_were_read = true;

#define MAILS(outcome)                                                                             \
    {.name = "notify_mails_total{outcome=\"" outcome "\"}",                                        \
     .help = "Mails by what became of an attempt",                                                 \
     .kind = METRIC_COUNTER}
#define WEBHOOKS(outcome)                                                                          \
    {.name = "notify_webhooks_total{outcome=\"" outcome "\"}",                                     \
     .help = "Webhooks by what became of an attempt",                                              \
     .kind = METRIC_COUNTER}
/* In the order of enum outcome_kind. */
static struct metric mails[] = {MAILS("sent"), MAILS("later"), MAILS("refused"), MAILS("in_doubt"),
                                MAILS("put_off")};
static struct metric webhooks[] = {WEBHOOKS("sent"), WEBHOOKS("later"), WEBHOOKS("refused"),
                                   WEBHOOKS("in_doubt"), WEBHOOKS("put_off")};

/* --- sending ------------------------------------------------------------------------------------------------------------- */

static struct processor_result *tell(const struct work *work, const struct outcome *outcome,
                                     struct metric *counts, int64_t now_us)
{
    static const char *const names[] = {[OUTCOME_SENT] = "sent",
                                        [OUTCOME_LATER] = "later",
                                        [OUTCOME_REFUSED] = "refused",
                                        [OUTCOME_IN_DOUBT] = "in_doubt",
                                        [OUTCOME_PUT_OFF] = "put_off"};
    json_t *notice = json_object_get(work->parameters, "notice"),
           *where = json_object_get(work->parameters, "where");
    char until[CLOCK_TEXT_SIZE];
    metric_add(&counts[outcome->kind], 1);
    log_event(outcome->kind == OUTCOME_SENT ? LOG_INFO : LOG_WARNING, "notice.tried",
              "case=%s notice=%s channel=%s outcome=%s why=%s", work->case_id,
              json_string_value(notice), work->kind, names[outcome->kind], outcome->why);
    json_t *value = json_pack("{s:O, s:s}", "notice", notice, "outcome", names[outcome->kind]);
    clock_format_us(now_us + outcome->wait_ms * 1000, until);
    if (outcome->kind == OUTCOME_PUT_OFF)
        json_object_set_new(value, "until", json_string(until));
    if (*outcome->why)
        json_object_set_new(value, "why", json_string(outcome->why));
    if (outcome->troubles)
        json_object_set_new(value, "troubles", json_integer(outcome->troubles));
    if (outcome->address_refused)
        json_object_set_new(value, "address_refused", json_true());
    if (where)
        json_object_set_new(value, "where", json_string(json_string_value(where)));
    return processor_result_new(value);
}

static struct processor_result *work_mail(const struct work *work)
{
    CLEANUP(profile_release_at) struct profile *profile = profile_current();
    const json_t *desk = profile_json(profile), *parameters = work->parameters;
    CLEANUP(rendered_clear) struct rendered rendered = {0};
    int64_t now_us = clock_now_us();
    const char *urgency = json_string_value(json_object_get(parameters, "urgency")),
               *to = json_string_value(json_object_get(parameters, "to"));
    struct outcome outcome = {.kind = OUTCOME_REFUSED, .why = "the template lacks a variable"};
    if (!render_mail(parameters, desk, now_us, &rendered))
        return tell(work, &outcome, mails, now_us);
    struct mail mail = {.from = json_string_value(json_object_get(desk, "mail_from")),
                        .from_name =
                            json_string_value(json_object_get(json_object_get(desk, "name"), "ja")),
                        .to = json_string_value(json_object_get(parameters, "address")),
                        .subject = rendered.subject,
                        .text = rendered.text.data,
                        .html = rendered.html.data,
                        .message_id = json_string_value(json_object_get(parameters, "notice")),
                        .thread_id = work->case_id,
                        .urgent = urgency && strcmp(urgency, "urgent") == 0,
                        .hour_max = notify_is_of_desk(to) ? LIMIT_MAILS_PER_DESK_HOUR
                                                          : LIMIT_MAILS_PER_RECIPIENT_HOUR,
                        .now_us = now_us};
    mail_send(&config.relay, &mail, &outcome);
    return tell(work, &outcome, mails, now_us);
}

static struct processor_result *work_webhook(const struct work *work)
{
    struct outcome outcome;
    int64_t now_us = clock_now_us();
    webhook_send(work->parameters, now_us, &outcome);
    return tell(work, &outcome, webhooks, now_us);
}

static struct processor_result *send_notice(const struct work *work)
{
    return strcmp(work->kind, "webhook") == 0 ? work_webhook(work) : work_mail(work);
}

/* --- what was sent before ------------------------------------------------------------------------------------------------ */

static void apply_memory(void *context, const struct memory *memory)
{
    const int64_t *now_us = context;
    int64_t ago_ms = *now_us > memory->at_us ? (*now_us - memory->at_us) / 1000 : 0;
    places_recall(memory->place, memory->troubles, ago_ms);
    if (memory->recipient)
        hourly_recall(memory->recipient, memory->notice, ago_ms);
}

static void recall_case(const char *case_id, const json_t *state, const void *desk)
{
    (void)case_id;
    int64_t now_us = clock_now_us();
    struct view view = {
        .state = state, .own = json_object_get(state, "own"), .facts = desk, .now_us = now_us};
    memory_each(&view, apply_memory, &now_us);
}

static const struct service_command commands[] = {
    {"--preview", "PROFILE [TEMPLATE]: prints every mail with sample values", preview_command},
    {NULL, NULL, NULL},
};

/* --- service -------------------------------------------------------------------------------------------------------------- */

/* The profile, and who subscribes: copied once for each time that the files were read, not for each turn. */
static const void *lend_facts(void *context)
{
    (void)context;
    if (!atomic_exchange(&files_were_read, false))
        return facts;
    CLEANUP(profile_release_at) struct profile *profile = profile_current();
    json_decref(facts);
    facts = json_deep_copy(profile_json(profile));
    json_object_set_new(facts, "subscribers", webhook_subscribers());
    return facts;
}

static enum verdict load_files(struct why *why)
{
    enum verdict verdict = profile_holder_load(config.desk_file, why);
    return verdict == VERDICT_OK && config.webhooks_file ? webhook_load(config.webhooks_file, why)
                                                         : verdict;
}

static enum verdict check(struct why *why)
{
    if (!transfer_url_is_relay(config.relay.url, config.relay.user != NULL))
        return fatal(why, "KAKEKOMI_SMTP_URL: expected smtp://, smtps:// or, without a user, "
                          "smtp+plain:// with host and port");
    return load_files(why);
}

static enum verdict start(struct why *why)
{
    config.kafka.client_id = "notify";
    struct processor_config of_processor = {
        .kafka = config.kafka, .state_dir = config.state_dir, .instance = config.instance};
    transfer_start();
    metrics_register(mails, COUNT_OF(mails));
    metrics_register(webhooks, COUNT_OF(webhooks));
    definition = notify_definition;
    definition.work = send_notice;
    definition.facts = lend_facts;
    definition.recall = recall_case;
    return processor_start(&definition, &of_processor, &processor, why);
}

static void stop(int64_t deadline_ms)
{
    processor_stop(processor, deadline_ms);
    json_decref(facts);
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
    enum verdict verdict = load_files(&why);
    atomic_store(&files_were_read, true); /* one of the two may have been taken */
    if (verdict != VERDICT_OK) {
        log_event(LOG_ERROR, "profile.refused", "why=%s", why.text);
        return;
    }
    log_event(LOG_INFO, "config.reloaded", "file=profile");
    processor_wake(processor,
                   NULL); /* hours, holidays and addresses may be others: clocks are set anew */
}

int main(int argc, char **argv)
{
    const struct service service = {
        .name = "notify",
        .purpose = "the right word to the right person in time: mails and webhooks about a case, "
                   "and what became of them",
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
