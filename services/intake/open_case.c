/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /v1/cases, the hot path. The body is checked in one pass by the field table and its bytes become the event's hearing
 * without a tree in between. The request is suspended before the record is produced; 201 only after every in-sync replica
 * has it. With an Idempotency-Key the case id derives from operator and key: what decides then is the chain itself, which
 * takes the first record of that id and refuses the rest, also after every local file was lost.
 */
#include "services/intake/api_people.h"
#include "services/intake/intake.h"

#include "common/clock.h"
#include "common/desk/calendar.h"
#include "common/desk/hearing.h"
#include "common/desk/limits.h"
#include "common/desk/topics.h"
#include "common/ids.h"
#include "common/metrics.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_WITHIN_MS 5000
#define MANY 8               /* at once, */
#define MANY_MS 20           /* and in such a time */
#define MANY_IN_IT 20        /* so many: a thousand a second, which is no desk of people any more */
#define ANSWER_BYTES_MAX 255 /* of a 201 */
#define AROUND_BYTES 512     /* of a record around its hearing, mostly */

struct opening {
    struct http_request *request;
    bool has_key;
    bool is_of_draft; /* another desk may open it at the same moment */
    int64_t began_us;
    char draft[65]; /* "": opened without one */
    char id[IDS_UUID_SIZE], event_id[IDS_UUID_SIZE];
    char time[CLOCK_TEXT_SIZE], sha256[IDS_SHA256_TEXT_SIZE], head[CASE_HEAD_SIZE];
};

static struct metric metrics[] = {
    {.name = "intake_cases_opened_total", .help = "Cases acknowledged", .kind = METRIC_COUNTER},
    {.name = "intake_case_ack_seconds",
     .help = "From the request to the broker's acknowledgement",
     .kind = METRIC_HISTOGRAM},
};

enum { METRIC_OPENED, METRIC_ACK_SECONDS };

void intake_register_metrics(void)
{
    metrics_register(metrics, COUNT_OF(metrics));
}

/* --- how many at once -------------------------------------------------------------------------------------------------------------- */

static struct {
    _Atomic int under_way;
    _Atomic int64_t window; /* its number */
    _Atomic int in_window, in_last;
    _Atomic int most; /* under way in this window */
} load;

/* How many came is no exact number: two threads may turn to the next window at once. */
static void count_opening(void)
{
    int64_t window = clock_monotonic_ms() / MANY_MS, was = atomic_exchange(&load.window, window);
    if (window != was) {
        int count = atomic_exchange(&load.in_window, 0);
        atomic_store(&load.in_last, window == was + 1 ? count : 0);
        atomic_store(&load.most, 0);
    }
    atomic_fetch_add(&load.in_window, 1);
    int under_way = atomic_fetch_add(&load.under_way, 1) + 1;
    if (under_way > atomic_load(&load.most))
        atomic_store(&load.most, under_way);
}

/* Those who were answered together have none under way until they come back. */
static bool many_together(void)
{
    bool is_fresh = clock_monotonic_ms() / MANY_MS - atomic_load(&load.window) <= 1;
    return atomic_load(&load.under_way) >= MANY || (is_fresh && atomic_load(&load.most) >= MANY);
}

bool intake_opens_many(void)
{
    return many_together() &&
           (atomic_load(&load.in_window) >= MANY_IN_IT || atomic_load(&load.in_last) >= MANY_IN_IT);
}

/* Last: the opening goes with its request. */
static void release(struct opening *opening)
{
    atomic_fetch_sub(&load.under_way, 1);
    http_release(opening->request);
}

/* --- the draft --------------------------------------------------------------------------------------------------------------------- */

struct used_draft {
    char id[65], case_id[IDS_UUID_SIZE], operator[64];
};

static void drop_draft(void *context)
{
    CLEANUP(mem_free) struct used_draft *used = context;
    people_drop_draft(used->operator, used->id, used->case_id);
}

/* The case is there, its draft has served. Redis may be slow or away: nobody waits for it, and a draft that stays ends by
 * itself after a week. */
static void forget_draft(const struct opening *opening)
{
    if (!*opening->draft)
        return;
    struct used_draft *used = mem_alloc(sizeof *used);
    memcpy(used->id, opening->draft, sizeof used->id);
    memcpy(used->case_id, opening->id, sizeof used->case_id);
    snprintf(used->operator, sizeof used->operator, "%s", auth_identity(opening->request)->id);
    if (!intake_defer(drop_draft, used))
        free(used);
}

static bool take_draft(struct http_request *request, struct opening *opening)
{
    const char *draft = http_query(request, "draft");
    if (!draft)
        return true;
    if (!people_draft_id_is_sound(draft)) {
        intake_refuse_field(request, 422, "/draft", "format",
                            "expected 1 to 64 of A-Z a-z 0-9 - _");
        return false;
    }
    memcpy(opening->draft, draft, strlen(draft) + 1);
    return true;
}

/* --- answers -------------------------------------------------------------------------------------------------------------------- */

static void location_of(const struct opening *opening, char ret_location[64])
{
    stpcpy(stpcpy(ret_location, "/v1/cases/"), opening->id);
}

static void write_opened(struct buf *body, const struct opening *opening, const char *number)
{
    buf_add_text(body, "{\"id\":\"");
    buf_add_text(body, opening->id);
    buf_add_text(body, "\",\"number\":\"");
    buf_add_text(body, number);
    buf_add_text(body, "\",\"revision\":1,\"head\":\"");
    buf_add_text(body, opening->head);
    buf_add_text(body, "\",\"status\":\"consultation\"}");
    assert(!body->overflowed);
}

static void reply_opened(struct opening *opening, bool replayed)
{
    char number[IDS_CASE_NUMBER_SIZE], location[64], etag[48];
    struct buf *body = http_scratch(opening->request,
                                    ANSWER_BYTES_MAX); /* nobody reads the record there any more */
    ids_case_number(opening->id, number);
    location_of(opening, location);
    snprintf(etag, sizeof etag, "\"%.16s.0\"", opening->head);
    write_opened(body, opening, number);
    http_reply_header(opening->request, "Location", location);
    http_reply_header(opening->request, "ETag", etag);
    if (replayed)
        http_reply_header(opening->request, "Idempotency-Replayed", "true");
    http_reply_scratch(opening->request, 201, "application/json");
    if (!replayed)
        metric_add(&metrics[METRIC_OPENED], 1);
    forget_draft(opening);
}

/* The id travels with the 503: the case may still arrive, and repeating with the same key finds it. */
static void reply_unavailable(struct http_request *request, const struct opening *opening,
                              const char *why)
{
    json_t *errors = json_array();
    http_error_add(errors, "", "kafka", why);
    char location[64];
    location_of(opening, location);
    http_reply_header(request, "Location", location);
    http_reply_header(request, "Retry-After", INTAKE_RETRY_AFTER_S);
    CLEANUP(mem_free)
    char *detail = mem_printf(
        "Not acknowledged yet; case %s may still arrive. Repeat with the same Idempotency-Key.",
        opening->id);
    http_reply_problem(request, 503, "not_acknowledged", detail, errors);
}

static void answer_late(struct http_request *request, void *context)
{
    reply_unavailable(request, context, "no acknowledgement within 5 s");
}

static void reply_hearing_errors(struct http_request *request, const struct hearing_errors *found)
{
    if (found->unreadable) {
        http_reply_problem(request, 400, "unreadable", found->list[0].message, NULL);
        return;
    }
    json_t *errors = json_array();
    for (size_t i = 0; i < found->count; i++)
        http_error_add(errors, found->list[i].pointer, found->list[i].code, found->list[i].message);
    http_reply_problem(request, 422, "invalid", "Some members cannot be taken.", errors);
}

/* --- with a key or a draft: what the chain says ---------------------------------------------------------------------------------------------- */

/* Somebody else has opened this draft: here is the case. The draft stays: what it says may not be in there. */
static void reply_draft_used(struct opening *opening)
{
    char location[64];
    location_of(opening, location);
    http_reply_header(opening->request, "Location", location);
    http_reply_problem(opening->request, 409, "draft_used",
                       "This draft has become a case already; Location names it.", NULL);
}

/* The chain has a case of this id that is not this record: the same request again, another one with the same key, or another
 * one from the same draft. */
static void answer_from_chain(struct opening *opening)
{
    struct view_event first;
    struct why why = {0};
    bool asked =
        view_find_event(intake.view, opening->id, opening->event_id, &first, &why) == VERDICT_OK;
    if (asked && !first.outcome.known && opening->is_of_draft) {
        reply_draft_used(opening);
        return;
    }
    if (!asked || !first.outcome.known) {
        reply_unavailable(opening->request, opening, "the view is being rebuilt");
        return;
    }
    snprintf(opening->head, sizeof opening->head, "%s", first.outcome.head);
    if (strcmp(first.request_sha256, opening->sha256) == 0)
        reply_opened(opening, true);
    else
        http_reply_problem(opening->request, 422, "idempotency_key",
                           "This key was used with another request.", NULL);
}

static void take_outcome(void *context, const struct view_outcome *outcome)
{
    struct opening *opening = context;
    if (!outcome || !outcome->known)
        reply_unavailable(opening->request, opening, "the service is stopping");
    else if (outcome->refusal == CASE_ACCEPTED)
        reply_opened(opening, false);
    else
        answer_from_chain(opening);
    release(opening);
}

static void take_delivery(void *context, const struct kafka_delivery *delivery)
{
    struct opening *opening = context;
    if (delivery->verdict == VERDICT_OK)
        metric_observe_us(&metrics[METRIC_ACK_SECONDS], clock_now_us() - opening->began_us);
    if (delivery->verdict == VERDICT_OK && (opening->has_key || opening->is_of_draft)) {
        view_when_passed(intake.view, delivery->at, take_outcome, opening);
        return;
    }
    if (delivery->verdict == VERDICT_OK)
        reply_opened(opening, false);
    else
        reply_unavailable(opening->request, opening, delivery->why);
    release(opening);
}

/* --- the record -------------------------------------------------------------------------------------------------------------------- */

/* Asked once a second: hours begin and end at whole minutes, and a profile that was loaded anew counts a second later. */
static bool is_out_of_hours(int64_t now_us)
{
    static _Atomic int64_t known; /* the second, doubled, and the answer */
    int64_t second = now_us / 1000000, last = atomic_load(&known);
    if (last / 2 == second)
        return last & 1;
    CLEANUP(profile_release_at) struct profile *profile = profile_current();
    bool out_of_hours = profile && !calendar_is_open(profile_json(profile), now_us);
    atomic_store(&known, second * 2 + out_of_hours);
    return out_of_hours;
}

/* What stands before the hearing, and what after it: in between it is written as it is read. */
static void begin_value(struct buf *value, const struct auth_identity *who)
{
    buf_add_text(value, "{\"extends\":null,\"actor\":{\"id\":");
    buf_add_json_string(value, who->id, strlen(who->id));
    buf_add_text(value, ",\"role\":\"");
    buf_add_text(value, who->role);
    buf_add_text(value, "\"},\"rules\":" TO_TEXT(CASE_RULES_VERSION) ",\"hearing\":");
}

static void end_value(struct buf *value, const struct opening *opening, const char *key,
                      struct bytes customer, bool out_of_hours)
{
    if (customer.data) {
        buf_add_text(value, ",\"customer_id\":\"");
        buf_add(value, customer.data, customer.length);
        buf_add_text(value, "\"");
    }
    buf_add_text(value, ",\"out_of_hours\":");
    buf_add_text(value, out_of_hours ? "true" : "false");
    buf_add_text(value, ",\"request\":{\"key\":");
    if (opening->has_key)
        buf_add_json_string(value, key, strlen(key));
    else
        buf_add_text(value, "null");
    buf_add_text(value, ",\"sha256\":\"");
    buf_add_text(value, opening->sha256);
    buf_add_text(value, "\"}}");
}

/* One draft, one case: the id derives from the draft's name, so that the chain refuses a second case of it even where Redis has
 * lost the draft, or was told of it again by a write that came late. What a draft says already stands. */
static void take_id_of_draft(struct opening *opening)
{
    struct bytes of_draft[] = {bytes_of("case of draft"), bytes_of(opening->draft)};
    ids_uuid8(of_draft, COUNT_OF(of_draft), opening->id);
    people_claim_draft(auth_identity(opening->request)->id, opening->draft, opening->id);
    opening->is_of_draft = true;
}

/* The id of a new case is ours to choose, so that cases which go out in one round are of one partition: its last three digits are
 * counted on until its partition is the one whose turn it is. */
static void take_new_id(int64_t now_us, char ret_id[IDS_UUID_SIZE])
{
    int32_t turn =
        (int32_t)(kafka_producer_round(intake.case_producer) % (unsigned)intake.partitions);
    ids_uuid7(now_us, ret_id);
    kafka_count_to_partition(ret_id, intake.partitions, turn);
}

static void make_ids(struct opening *opening, const char *operator_id, const char *key,
                     int64_t now_us)
{
    struct bytes of_case[] = {bytes_of("case"), bytes_of(operator_id), bytes_of(key)};
    struct bytes of_event[] = {bytes_of("case.opened"), bytes_of(operator_id), bytes_of(key)};
    clock_format_us(now_us, opening->time);
    if (opening->has_key) {
        ids_uuid8(of_case, COUNT_OF(of_case), opening->id);
        ids_uuid8(of_event, COUNT_OF(of_event), opening->event_id);
    } else {
        take_new_id(now_us, opening->id);
        ids_uuid7(now_us, opening->event_id);
    }
    if (*opening->draft)
        take_id_of_draft(opening);
}

static void suspend(struct opening *opening)
{
    count_opening();
    http_suspend(opening->request, clock_monotonic_ms() + ANSWER_WITHIN_MS, answer_late, opening);
}

static void produce(struct opening *opening, const struct buf *value, const char *traceparent)
{
    char type_text[96];
    struct event_headers headers;
    struct why why = {0};
    event_headers_make("case.opened", opening->event_id, INTAKE_SOURCE, opening->time, opening->id,
                       traceparent, type_text, &headers);
    struct kafka_output output = {.topic = topics_full_name("cases"),
                                  .partition = -1,
                                  .key = bytes_of(opening->id),
                                  .value = {.data = value->data, .length = value->length},
                                  .headers = headers.list,
                                  .header_count = headers.count};
    case_head_of(NULL, type_text, opening->event_id, opening->time, output.key, output.value,
                 opening->head);
    suspend(opening);
    if (kafka_produce(intake.case_producer, &output, take_delivery, opening, &why) == VERDICT_OK)
        return;
    reply_unavailable(opening->request, opening, why.text);
    release(opening);
}

/* A repetition that the view knows already needs no record of its own. */
static bool is_known(struct opening *opening)
{
    struct view_event first;
    struct why why = {0};
    if (!opening->has_key ||
        view_find_event(intake.view, opening->id, opening->event_id, &first, &why) != VERDICT_OK ||
        !first.outcome.known)
        return false;
    answer_from_chain(opening);
    return true;
}

/* Where the draft became a case a while ago, no record has to find that out. */
static bool is_opened(struct opening *opening)
{
    struct view_case found = {0};
    struct why why = {0};
    if (!opening->is_of_draft || view_case(intake.view, opening->id, &found, &why) != VERDICT_OK ||
        !found.state)
        return false;
    view_case_clear(&found);
    reply_draft_used(opening);
    return true;
}

void intake_post_case(struct http_request *request)
{
    char key[256] = "";
    struct hearing_opening found = {0};
    const struct auth_identity *who = auth_identity(request);
    struct bytes body = http_body(request);
    int64_t now_us = clock_now_us();
    bool has_key;
    if (!intake_idempotency_key(request, key, &has_key))
        return;
    struct hearing_errors errors; /* begun by the check */
    struct buf *value = http_scratch(request, KAFKA_RECORD_BYTES_MAX - 4096);
    buf_expect(value, body.length + AROUND_BYTES);
    begin_value(value, who);
    if (!hearing_check_opening(body.data, body.length, &found, value, &errors)) {
        reply_hearing_errors(request, &errors);
        return;
    }
    struct opening *opening = http_alloc(request, sizeof *opening);
    opening->request = request;
    opening->has_key = has_key;
    opening->began_us = now_us;
    if (!take_draft(request, opening))
        return;
    ids_sha256_text(body.data, body.length, opening->sha256);
    make_ids(opening, who->id, key, now_us);
    if (is_known(opening) || is_opened(opening))
        return;
    end_value(value, opening, key, found.customer_id, is_out_of_hours(now_us));
    produce(opening, value, intake_traceparent(request));
}
