/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of the desk itself, contracts, and whether the service lives. */
#include "services/intake/intake.h"

#include "common/clock.h"
#include "common/desk/case.h"
#include "common/desk/hearing.h"
#include "common/desk/limits.h"
#include "common/desk/topics.h"
#include "common/ids.h"

#include <string.h>

#define WITHIN_MS 5000

static json_t *pick(const json_t *object, const char *const *names, size_t count)
{
    json_t *picked = json_object();
    for (size_t i = 0; i < count; i++)
        if (json_object_get(object, names[i]))
            json_object_set(picked, names[i], json_object_get(object, names[i]));
    return picked;
}

static json_t *consent_documents(const json_t *profile)
{
    static const char *const shown[] = {"id",       "version",  "sha256",     "text",
                                        "scopes",   "required", "channels",   "purposes",
                                        "provider", "accepted", "valid_from", "valid_until"};
    const json_t *all = json_object_get(profile, "consent_documents");
    json_t *documents = json_array();
    for (size_t i = 0; i < json_array_size(all); i++)
        json_array_append_new(documents, pick(json_array_get(all, i), shown, COUNT_OF(shown)));
    return documents;
}

static void get_desk(struct http_request *request)
{
    CLEANUP(profile_release_at) struct profile *profile = profile_current();
    const json_t *all = profile_json(profile), *provider = json_object_get(all, "provider");
    static const char *const shown[] = {"name", "phone", "hours", "closures", "time_zone"};
    json_t *answer = pick(all, shown, COUNT_OF(shown));
    json_object_set_new(answer, "consent_documents", consent_documents(all));
    json_object_set_new(answer, "provider",
                        json_pack("{s:O, s:O}", "id", json_object_get(provider, "id"), "name",
                                  json_object_get(provider, "name")));
    http_reply_json(request, 200, answer);
}

static void get_hearing_sheet(struct http_request *request)
{
    intake_reply_table(request, hearing_sheet());
}

/* --- contracts -------------------------------------------------------------------------------------------------------------------- */

const struct case_member contract_members[] = {
    {"company", CASE_TEXT, true, 200, NULL},    {"phone", CASE_TEXT, false, 60, NULL},
    {"person", CASE_TEXT, false, 200, NULL},    {"email", CASE_TEXT, false, 254, NULL},
    {"services", CASE_TEXTS, false, 200, NULL}, {"notes", CASE_TEXT, false, 4000, NULL},
};
const size_t contract_member_count = COUNT_OF(contract_members);

static bool customer_is_sound(const char *id)
{
    size_t length = strlen(id);
    return length <= 20 && strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == length;
}

static enum verdict write_contract(const char *customer_id, const json_t *contract, struct why *why)
{
    char id[IDS_UUID_SIZE], time[CLOCK_TEXT_SIZE], type_text[96];
    struct event_headers headers;
    int64_t now_us = clock_now_us();
    CLEANUP(buf_free) struct buf value;
    buf_init(&value, LIMIT_BODY_BYTES);
    event_dump_json(contract, &value);
    ids_uuid7(now_us, id);
    clock_format_us(now_us, time);
    event_headers_make("contract.recorded", id, INTAKE_SOURCE, time, customer_id, NULL, type_text,
                       &headers);
    struct kafka_output output = {.topic = topics_full_name("contracts"),
                                  .partition = -1,
                                  .key = bytes_of(customer_id),
                                  .value = {.data = value.data, .length = value.length},
                                  .headers = headers.list,
                                  .header_count = headers.count};
    return kafka_produce_wait(intake.producer, &output, clock_monotonic_ms() + WITHIN_MS, NULL,
                              why);
}

static void run_put_contract(struct http_request *request)
{
    struct why why = {0};
    json_auto_t *body = NULL;
    const char *customer_id = http_path_value(request, "customer_id");
    if (!customer_is_sound(customer_id)) {
        intake_refuse_field(request, 422, "/customer_id", "format",
                            "expected 1 to 20 of A-Z, 0-9 and -");
        return;
    }
    if (!intake_body_object(request, &body) ||
        !intake_members_fit(request, body, contract_members, contract_member_count))
        return;
    if (write_contract(customer_id, body, &why) != VERDICT_OK)
        intake_unavailable(request, "kafka", why.text);
    else
        http_reply_json(request, 200, json_pack("{s:s}", "customer_id", customer_id));
}

static void put_contract(struct http_request *request)
{
    intake_run(request, run_put_contract);
}

static void run_get_contracts(struct http_request *request)
{
    struct why why = {0};
    json_t *list = NULL;
    char digits[64] = "";
    const char *phone = http_query(request, "phone"), *q = http_query(request, "q");
    if (phone)
        hearing_phone_digits(phone, digits, sizeof digits);
    if (phone && !*digits) {
        intake_refuse_field(request, 422, "/phone", "format", "expected a telephone number");
        return;
    }
    if (q && strlen(q) > INTAKE_QUERY_BYTES_MAX) {
        intake_refuse_field(request, 422, "/q", "too_long", "expected at most 200 bytes");
        return;
    }
    if (view_contracts(intake.view, phone ? digits : NULL, q, &list, &why) != VERDICT_OK)
        intake_unavailable(request, "view", why.text);
    else
        http_reply_json(request, 200, json_pack("{s:o}", "contracts", list));
}

static void get_contracts(struct http_request *request)
{
    intake_run(request, run_get_contracts);
}

/* --- overview and health ------------------------------------------------------------------------------------------------------------ */

static void run_get_overview(struct http_request *request)
{
    struct why why = {0};
    json_t *counts = NULL;
    if (view_counts(intake.view, &counts, &why) != VERDICT_OK)
        intake_unavailable(request, "view", why.text);
    else
        http_reply_json(request, 200, json_pack("{s:o}", "cases", counts));
}

static void get_overview(struct http_request *request)
{
    intake_run(request, run_get_overview);
}

static void get_livez(struct http_request *request)
{
    http_reply(request, 200, "text/plain", bytes_of("live\n"));
}

static void get_readyz(struct http_request *request)
{
    bool ready = view_is_ready(intake.view, NULL);
    http_reply(request, ready ? 200 : 503, "text/plain",
               bytes_of(ready ? "ready\n" : "not ready\n"));
}

const struct http_route desk_routes[] = {
    {.method = "GET", .path = "/v1/desk", .handler = get_desk, .flags = AUTH_READERS},
    {.method = "GET",
     .path = "/v1/hearing-sheet",
     .handler = get_hearing_sheet,
     .flags = AUTH_READERS},
    {.method = "GET",
     .path = "/v1/playbooks",
     .handler = intake_get_playbooks,
     .flags = AUTH_READERS},
    {.method = "PUT",
     .path = "/v1/contracts/{customer_id}",
     .handler = put_contract,
     .flags = AUTH_SUPERVISOR | AUTH_ADMIN | AUTH_MACHINE,
     .body_max = LIMIT_BODY_BYTES,
     .content_types = "application/json"},
    {.method = "GET", .path = "/v1/contracts", .handler = get_contracts, .flags = AUTH_READERS},
    {.method = "GET", .path = "/v1/overview", .handler = get_overview, .flags = AUTH_READERS},
    {.method = "GET", .path = "/livez", .handler = get_livez, .flags = AUTH_NOBODY},
    {.method = "GET", .path = "/readyz", .handler = get_readyz, .flags = AUTH_NOBODY},
};
const size_t desk_route_count = COUNT_OF(desk_routes);
