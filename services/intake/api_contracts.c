/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contracts: who may call, found while the number is still being typed. Kafka keeps the last one of a customer; what was
 * written under which Idempotency-Key is known for seven days at least, as long as every record of the topic is kept.
 */
#include "services/intake/intake.h"
#include "services/intake/view_words.h"

#include "common/clock.h"
#include "common/desk/hearing.h"
#include "common/desk/limits.h"
#include "common/desk/topics.h"
#include "common/ids.h"

#include <string.h>

#define WITHIN_MS 5000
#define FOLD_WITHIN_MS 2000
#define DIGITS_MIN 4

/* --- PUT ---------------------------------------------------------------------------------------------------------- */

static enum verdict write_contract(const char *customer_id, const char *event_id,
                                   struct bytes value, struct kafka_position *ret_at,
                                   struct why *why)
{
    char time[CLOCK_TEXT_SIZE], type_text[96];
    struct event_headers headers;
    clock_format_us(clock_now_us(), time);
    event_headers_make("contract.recorded", event_id, INTAKE_SOURCE, time, customer_id, NULL,
                       type_text, &headers);
    struct kafka_output output = {.topic = topics_full_name("contracts"),
                                  .partition = -1,
                                  .key = bytes_of(customer_id),
                                  .value = value,
                                  .headers = headers.list,
                                  .header_count = headers.count};
    return kafka_produce_wait(intake.producer, &output, clock_monotonic_ms() + WITHIN_MS, ret_at,
                              why);
}

static void reply_contract(struct http_request *request, const char *customer_id, bool replayed)
{
    if (replayed)
        http_reply_header(request, "Idempotency-Replayed", "true");
    http_reply_json(request, 200, json_pack("{s:s}", "customer_id", customer_id));
}

/* The same key was used before; true: answered. */
static bool reply_replayed(struct http_request *request, const char *customer_id,
                           const char *event_id, struct bytes value)
{
    char before[IDS_SHA256_TEXT_SIZE], sha256[IDS_SHA256_TEXT_SIZE];
    struct why why = {0};
    if (view_contract_request(intake.view, event_id, before, &why) != VERDICT_OK) {
        intake_unavailable(request, "view", why.text);
        return true;
    }
    if (!*before)
        return false;
    ids_sha256_text(value.data, value.length, sha256);
    if (strcmp(before, sha256) == 0)
        reply_contract(request, customer_id, true);
    else
        http_reply_problem(request, 422, "idempotency_key",
                           "This key was used with another request.", NULL);
    return true;
}

/* 202: written, and not found by everybody yet. */
static void put_value(struct http_request *request, const char *customer_id, const char *event_id,
                      struct bytes value)
{
    struct why why = {0};
    struct kafka_position at;
    if (write_contract(customer_id, event_id, value, &at, &why) != VERDICT_OK)
        intake_unavailable(request, "kafka", why.text);
    else if (view_wait_passed(intake.view, "contracts", at, clock_monotonic_ms() + FOLD_WITHIN_MS,
                              &why) != VERDICT_OK)
        http_reply_json(request, 202, json_pack("{s:s}", "event", event_id));
    else
        reply_contract(request, customer_id, false);
}

static void run_put_contract(struct http_request *request)
{
    json_auto_t *body = NULL;
    char key[256] = "", event_id[IDS_UUID_SIZE];
    bool has_key;
    const char *customer_id = http_path_value(request, "customer_id");
    if (!hearing_customer_id_is_valid(bytes_of(customer_id))) {
        intake_refuse_field(request, 422, "/customer_id", "format",
                            "expected 1 to 20 of A-Z, 0-9 and -");
        return;
    }
    if (!intake_idempotency_key(request, key, &has_key) || !intake_body_object(request, &body) ||
        !intake_members_fit(request, body, contract_members, contract_member_count))
        return;
    CLEANUP(buf_free) struct buf text;
    buf_init(&text, LIMIT_BODY_BYTES);
    event_dump_json(body, &text);
    struct bytes value = {.data = text.data, .length = text.length};
    const struct bytes parts[] = {bytes_of("contract"), bytes_of(auth_identity(request)->id),
                                  bytes_of(customer_id), bytes_of(key)};
    intake_event_id(parts, COUNT_OF(parts), has_key, event_id);
    if (!has_key || !reply_replayed(request, customer_id, event_id, value))
        put_value(request, customer_id, event_id, value);
}

static void put_contract(struct http_request *request)
{
    intake_run(request, run_put_contract);
}

/* --- GET ---------------------------------------------------------------------------------------------------------- */

static bool read_phone(struct http_request *request, char ret_digits[64], bool *ret_given)
{
    const char *phone = http_query(request, "phone");
    ret_digits[0] = '\0';
    *ret_given = phone != NULL;
    if (phone)
        hearing_phone_digits(phone, ret_digits, 64);
    if (!phone || strlen(ret_digits) >= DIGITS_MIN)
        return true;
    intake_refuse_field(request, 422, "/phone", "too_short", "expected at least four digits");
    return false;
}

static void reply_contracts(struct http_request *request, json_t *list, bool more)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *contract = json_array_get(list, i);
        const char *id = json_string_value(json_object_get(contract, "customer_id"));
        json_object_set_new(contract, "prefill", contract_prefill(id, contract));
    }
    http_reply_json(request, 200, json_pack("{s:o, s:b}", "contracts", list, "more", more));
}

static void run_get_contracts(struct http_request *request)
{
    struct why why = {0};
    json_t *list = NULL;
    char digits[64];
    bool has_phone, has_words, more = false;
    CLEANUP(words_clear) struct words_question question = {0};
    if (!read_phone(request, digits, &has_phone) ||
        !intake_read_words(request, &question, &has_words))
        return;
    if (view_contracts(intake.view, has_phone ? digits : NULL, has_words ? &question : NULL, &list,
                       &more, &why) != VERDICT_OK)
        intake_unavailable(request, "view", why.text);
    else
        reply_contracts(request, list, more);
}

static void get_contracts(struct http_request *request)
{
    intake_run(request, run_get_contracts);
}

const struct http_route contract_routes[] = {
    {.method = "PUT",
     .path = "/v1/contracts/{customer_id}",
     .handler = put_contract,
     .flags = AUTH_SUPERVISOR | AUTH_ADMIN | AUTH_MACHINE,
     .body_max = LIMIT_BODY_BYTES,
     .content_types = "application/json"},
    {.method = "GET", .path = "/v1/contracts", .handler = get_contracts, .flags = AUTH_READERS},
};
const size_t contract_route_count = COUNT_OF(contract_routes);
