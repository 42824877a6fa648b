/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who read what and who did what, on `audit`. What was read goes on being read when it cannot be written; that is logged.
 * What is kept there alone, the dismissal of a dead letter, is answered after the acknowledgement only.
 */
#include "services/intake/intake.h"

#include "common/clock.h"
#include "common/desk/topics.h"
#include "common/ids.h"
#include "common/log.h"

#include <string.h>

struct entry {
    const char *type; /* audit.read or audit.done */
    const char *id;   /* NULL: made */
    const char *key;  /* of the case, the session or the letter */
    const char *who, *role, *what;
    json_t *detail; /* or NULL */
};

/* An entry as it is produced; `output` points into it. */
struct record {
    char id[IDS_UUID_SIZE], time[CLOCK_TEXT_SIZE], type_text[96];
    struct buf text;
    struct event_headers headers;
    struct kafka_output output;
};

static void record_clear(struct record *record)
{
    buf_free(&record->text);
}

static void make_record(const struct entry *entry, struct record *ret_record)
{
    struct record *record = ret_record;
    int64_t now_us = clock_now_us();
    clock_format_us(now_us, record->time);
    json_auto_t *value =
        json_pack("{s:s?, s:s?, s:s, s:s, s:O*}", "who", entry->who, "role", entry->role, "what",
                  entry->what, "at", record->time, "detail", entry->detail);
    if (entry->id)
        snprintf(record->id, sizeof record->id, "%s", entry->id);
    else
        ids_uuid7(now_us, record->id);
    buf_init(&record->text, KAFKA_RECORD_BYTES_MAX);
    event_dump_json(value, &record->text);
    event_headers_make(entry->type, record->id, INTAKE_SOURCE, record->time, entry->key, NULL,
                       record->type_text, &record->headers);
    record->output =
        (struct kafka_output){.topic = topics_full_name("audit"),
                              .partition = -1,
                              .key = bytes_of(entry->key),
                              .value = {.data = record->text.data, .length = record->text.length},
                              .headers = record->headers.list,
                              .header_count = record->headers.count};
}

static void note_delivery(void *context, const struct kafka_delivery *delivery)
{
    (void)context;
    if (delivery->verdict != VERDICT_OK)
        log_event(LOG_WARNING, "audit.not_written", "why=%s", delivery->why);
}

static void write_entry(const struct entry *entry)
{
    struct why why = {0};
    CLEANUP(record_clear) struct record record;
    make_record(entry, &record);
    if (kafka_produce(intake.producer, &record.output, note_delivery, NULL, &why) != VERDICT_OK)
        log_event(LOG_WARNING, "audit.not_written", "what=%s key=%s why=%s", entry->what,
                  entry->key, why.text);
}

void intake_audit(struct http_request *request, const char *case_id, const char *what)
{
    intake_audit_detail(request, case_id, what, NULL);
}

void intake_audit_detail(struct http_request *request, const char *case_id, const char *what,
                         json_t *detail)
{
    const struct auth_identity *who = auth_identity(request);
    json_auto_t *taken = detail;
    write_entry(&(struct entry){.type = "audit.read",
                                .key = case_id,
                                .who = who->id,
                                .role = who->role,
                                .what = what,
                                .detail = taken});
}

void intake_audit_people(const struct auth_act *act)
{
    write_entry(&(struct entry){.type = "audit.done",
                                .key = act->session,
                                .who = act->who,
                                .role = act->role,
                                .what = act->what,
                                .detail = act->detail});
}

enum verdict intake_audit_done(struct http_request *request, const char *key, const char *event_id,
                               const char *what, json_t *detail, int64_t deadline_ms,
                               struct kafka_position *ret_at, struct why *why)
{
    const struct auth_identity *who = auth_identity(request);
    CLEANUP(record_clear) struct record record;
    make_record(&(struct entry){.type = "audit.done",
                                .id = event_id,
                                .key = key,
                                .who = who->id,
                                .role = who->role,
                                .what = what,
                                .detail = detail},
                &record);
    return kafka_produce_wait(intake.producer, &record.output, deadline_ms, ret_at, why);
}
