/* SPDX-License-Identifier: Apache-2.0 */
/* What every handler asks of a request, the small answers, and what is buried. */
#include "services/intake/intake.h"

#include "common/clock.h"
#include "common/dead_letter.h"
#include "common/desk/searches.h"
#include "common/desk/topics.h"
#include "common/gzip.h"
#include "common/ids.h"
#include "common/log.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CATCH_UP_WITHIN_MS 2000
#define BURIED_WITHIN_MS 20000 /* a slow Kafka ends nobody; what is folded waits meanwhile */
#define TABLE_BYTES_MAX                                                                            \
    (8 * 1024 * 1024) /* twenty consent documents of 64 KiB, a thousand operators, as JSON */
#define LIST_BYTES_MAX (16 * 1024 * 1024)
#define TABLE_TAG_LENGTH 32
#define LIST_DEFAULT 50
#define LIST_MAX 200
#define LINK_BYTES_MAX (32 * 1024) /* a target of 8 KiB, each byte as three */

void intake_unavailable(struct http_request *request, const char *code, const char *detail)
{
    http_reply_header(request, "Retry-After", INTAKE_RETRY_AFTER_S);
    http_reply_problem(request, 503, code, detail, NULL);
}

void intake_refuse_field(struct http_request *request, unsigned status, const char *pointer,
                         const char *code, const char *message)
{
    json_t *errors = json_array();
    http_error_add(errors, pointer, code, message);
    http_reply_problem(request, status, code, message, errors);
}

enum verdict intake_case_or_wait(const char *case_id, struct view_case *ret_case, struct why *why)
{
    enum verdict verdict = view_case(intake.view, case_id, ret_case, why);
    if (verdict != VERDICT_OK || ret_case->state)
        return verdict;
    verdict = view_catch_up(intake.view, case_id, clock_monotonic_ms() + CATCH_UP_WITHIN_MS, why);
    return verdict == VERDICT_OK ? view_case(intake.view, case_id, ret_case, why) : verdict;
}

bool intake_load_case(struct http_request *request, struct view_case *ret_case)
{
    struct why why = {0};
    const char *case_id = http_path_value(request, "id");
    *ret_case = (struct view_case){0};
    if (!ids_is_uuid(case_id)) {
        http_reply_problem(request, 404, "not_found", "There is no case with this id.", NULL);
        return false;
    }
    if (intake_case_or_wait(case_id, ret_case, &why) != VERDICT_OK) {
        intake_unavailable(request, "view", why.text);
        return false;
    }
    if (!ret_case->state)
        http_reply_problem(request, 404, "not_found", "There is no case with this id.", NULL);
    return ret_case->state;
}

bool intake_read_limit(struct http_request *request, int *ret_limit)
{
    const char *text = http_query(request, "limit");
    size_t digits = text ? strspn(text, "0123456789") : 0;
    int limit = digits >= 1 && digits <= 3 && !text[digits] ? atoi(text) : 0;
    *ret_limit = text ? limit : LIST_DEFAULT;
    if (!text || (limit >= 1 && limit <= LIST_MAX))
        return true;
    intake_refuse_field(request, 422, "/limit", "range", "expected a whole number from 1 to 200");
    return false;
}

bool intake_read_choice(struct http_request *request, const char *name, const char *choices,
                        const char **ret_value)
{
    const char *value = *ret_value = http_query(request, name);
    size_t length = value ? strlen(value) : 0;
    char pointer[40];
    for (const char *at = choices; value && *at; at += strcspn(at, "|"), at += *at == '|')
        if (strcspn(at, "|") == length && strncmp(at, value, length) == 0)
            return true;
    if (!value)
        return true;
    snprintf(pointer, sizeof pointer, "/%s", name);
    CLEANUP(mem_free) char *message = mem_printf("expected one of %s", choices);
    intake_refuse_field(request, 422, pointer, "choice", message);
    return false;
}

void intake_reply_link(struct http_request *request, const char *const *names, size_t count,
                       int limit, const json_t *page)
{
    const char *next = json_string_value(json_object_get(page, "next_cursor"));
    CLEANUP(buf_free) struct buf link;
    buf_init(&link, LINK_BYTES_MAX);
    if (!next)
        return;
    buf_printf(&link, "<%s?cursor=%s&limit=%d", http_route_of(request)->path, next, limit);
    for (size_t i = 0; i < count; i++) {
        const char *value = http_query(request, names[i]);
        if (!value)
            continue;
        buf_printf(&link, "&%s=", names[i]);
        for (const char *at = value; *at; at++)
            buf_printf(&link, isalnum((unsigned char)*at) ? "%c" : "%%%02X", (unsigned char)*at);
    }
    buf_add_text(&link, ">; rel=\"next\"");
    http_reply_header(request, "Link", link.data);
}

bool intake_body_object(struct http_request *request, json_t **ret_body)
{
    struct why why = {0};
    struct bytes body = http_body(request);
    json_t *json = NULL;
    if (event_parse_json(body.data, body.length, &json, &why) != VERDICT_OK) {
        http_reply_problem(request, 400, "unreadable", why.text, NULL);
        return false;
    }
    if (!json_is_object(json)) {
        json_decref(json);
        intake_refuse_field(request, 422, "", "type", "expected an object");
        return false;
    }
    *ret_body = json;
    return true;
}

bool intake_members_fit(struct http_request *request, const json_t *body,
                        const struct case_member *members, size_t count)
{
    json_t *errors = case_list_errors(body, members, count);
    if (json_array_size(errors) == 0) {
        json_decref(errors);
        return true;
    }
    http_reply_problem(request, 422, "invalid", "Some members cannot be taken.", errors);
    return false;
}

bool intake_idempotency_key(struct http_request *request, char ret_key[256], bool *ret_present)
{
    const char *given = http_header(request, "Idempotency-Key");
    size_t length = given ? strlen(given) : 0;
    *ret_present = given != NULL;
    if (!given)
        return true;
    bool quoted = length >= 2 && given[0] == '"' && given[length - 1] == '"';
    if (quoted) {
        given++;
        length -= 2;
    }
    bool usable = length >= 1 && length <= 200;
    for (size_t i = 0; i < length && usable; i++)
        usable = given[i] >= 0x21 && given[i] <= 0x7e && given[i] != '"';
    if (!usable) {
        http_reply_problem(request, 400, "idempotency_key",
                           "Expected 1 to 200 visible ASCII characters.", NULL);
        return false;
    }
    memcpy(ret_key, given, length);
    ret_key[length] = '\0';
    return true;
}

void intake_event_id(const struct bytes *parts, size_t count, bool has_key,
                     char ret_id[IDS_UUID_SIZE])
{
    if (has_key)
        ids_uuid8(parts, count, ret_id);
    else
        ids_uuid7(clock_now_us(), ret_id);
}

/* "00-", 32 hex digits, "-", 16 hex digits, "-", 2 hex digits. */
const char *intake_traceparent(struct http_request *request)
{
    static const size_t lengths[] = {2, 32, 16, 2};
    const char *given = http_header(request, "traceparent"), *at = given;
    if (!given || strncmp(given, "00-", 3) != 0)
        return NULL;
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        if (strspn(at, "0123456789abcdef") != lengths[i])
            return NULL;
        at += lengths[i];
        if (*at != (i + 1 < COUNT_OF(lengths) ? '-' : '\0'))
            return NULL;
        at += *at == '-';
    }
    return given;
}

void intake_reply_table(struct http_request *request, json_t *table)
{
    json_auto_t *shown = table;
    char hash[IDS_SHA256_TEXT_SIZE];
    CLEANUP(buf_free) struct buf text, packed = {0};
    buf_init(&text, TABLE_BYTES_MAX);
    event_dump_json(shown, &text);
    assert(!text.overflowed);
    struct bytes plain = {.data = text.data, .length = text.length};
    if (http_takes_gzip(request))
        gzip_pack(plain, &packed);
    ids_sha256_text(text.data, text.length, hash);
    hash[TABLE_TAG_LENGTH] = '\0';
    http_reply_resource(
        request, &(struct http_resource){.content_type = "application/json",
                                         .tag = hash,
                                         .plain = plain,
                                         .gzip = {.data = packed.data, .length = packed.length},
                                         .is_private = true});
}

void intake_reply_list(struct http_request *request, json_t *page)
{
    json_auto_t *shown = page;
    CLEANUP(buf_free) struct buf text, packed = {0};
    buf_init(&text, LIST_BYTES_MAX);
    event_dump_json(shown, &text);
    assert(!text.overflowed);
    http_reply_header(request, "Vary", "Accept-Encoding");
    if (!http_takes_gzip(request)) {
        http_reply_buf(request, 200, "application/json", &text);
        return;
    }
    gzip_pack((struct bytes){.data = text.data, .length = text.length}, &packed);
    http_reply_header(request, "Content-Encoding", "gzip");
    http_reply_buf(request, 200, "application/json", &packed);
}

const json_t *intake_ended_search(const json_t *extraction, const char *id)
{
    const json_t *search = searches_find(extraction, id);
    return searches_is_answered(search) ? search : NULL;
}

/* --- dead letters -------------------------------------------------------------------------------------------------------------------- */

static void log_refused(const struct kafka_record *record, const char *reason)
{
    log_event(LOG_WARNING, "record.refused", "topic=%s partition=%d offset=%lld reason=%s",
              record->topic, record->at.partition, (long long)record->at.offset, reason);
}

enum verdict intake_bury_later(const struct kafka_record *record, const char *reason,
                               kafka_delivered_fn *delivered, struct why *why)
{
    CLEANUP(dead_letter_clear) struct dead_letter letter;
    dead_letter_make("intake", record, reason, clock_now_us(), &letter);
    enum verdict verdict = kafka_produce(intake.producer, &letter.output, delivered, NULL, why);
    if (verdict == VERDICT_OK)
        log_refused(record, reason);
    return verdict;
}

enum verdict intake_bury(const struct kafka_record *record, const char *reason, struct why *why)
{
    struct dead_letter letter;
    dead_letter_make("intake", record, reason, clock_now_us(), &letter);
    enum verdict verdict = kafka_produce_wait(intake.producer, &letter.output,
                                              clock_monotonic_ms() + BURIED_WITHIN_MS, NULL, why);
    dead_letter_clear(&letter);
    log_refused(record, reason);
    return verdict;
}
