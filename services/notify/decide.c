/* SPDX-License-Identifier: Apache-2.0 */
#include "services/notify/decide.h"

#include "common/clock.h"
#include "common/desk/case.h"
#include "common/desk/limits.h"
#include "common/desk/values.h"
#include "common/ids.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOLD_PER_RULE_MAX 50
#define DAY_US (INT64_C(24) * 3600 * 1000000)

/* Minutes until the next attempt; after the last the notice has failed. */
static const int back_off_minutes[] = {1, 2, 5, 10, 20, 40, 80, 160, 320, 640, 960, 960};

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static bool is_text(const json_t *object, const char *name, const char *wanted)
{
    const char *text = text_of(object, name);
    return text && wanted && strcmp(text, wanted) == 0;
}

static bool is_status(const json_t *notice, const char *status)
{
    return is_text(notice, "status", status);
}

static const struct notify_rule *rule_of(const json_t *notice)
{
    for (size_t i = 0; i < notify_rule_count; i++)
        if (is_text(notice, "rule", notify_rules[i].name))
            return &notify_rules[i];
    return NULL;
}

/* --- fold ------------------------------------------------------------------------------------------------------------- */

enum verdict notify_fold(json_t *state, const char *topic, const struct event *event,
                         struct why *why)
{
    if (!json_is_object(event->data))
        return reject(why, "expected an object");
    if (strcmp(topic, "cases") == 0)
        return case_fold(state, event, why);
    if (values_check(topic, event->data, why) != VERDICT_OK)
        return VERDICT_REJECT;
    json_object_set(state, topic, event->data);
    return VERDICT_OK;
}

/* --- planning notices --------------------------------------------------------------------------------------------------- */

static void fingerprint(const char *change, char ret_text[17])
{
    char hash[IDS_SHA256_TEXT_SIZE];
    ids_sha256_text(change, strlen(change), hash);
    memcpy(ret_text, hash, 16);
    ret_text[16] = '\0';
}

static json_t *find_planned(const json_t *own, const char *rule, const char *change)
{
    const json_t *notices = json_object_get(own, "notices");
    for (size_t i = 0; i < json_array_size(notices); i++) {
        json_t *notice = json_array_get(notices, i);
        if (is_text(notice, "rule", rule) && is_text(notice, "change", change))
            return notice;
    }
    return NULL;
}

/* Among what was remembered of the notices that became counts. */
static bool is_told(const json_t *own, const char *rule, const char *change)
{
    char wanted[17];
    const json_t *told = json_object_get(json_object_get(own, "told"), rule);
    fingerprint(change, wanted);
    for (size_t i = 0; i < json_array_size(told); i++) {
        const char *known = json_string_value(json_array_get(told, i));
        if (known && strcmp(known, wanted) == 0)
            return true;
    }
    return false;
}

static int64_t time_of(const json_t *object, const char *name)
{
    int64_t time_us = 0;
    const char *text = text_of(object, name);
    if (text)
        clock_parse(text, strlen(text), &time_us);
    return time_us;
}

static size_t planned_today(const json_t *notices, int64_t now_us)
{
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(notices); i++)
        count += time_of(json_array_get(notices, i), "planned_at") > now_us - DAY_US;
    return count;
}

/* Why a notice that is due is not sent at all; NULL: it is. */
static const char *reason_to_drop(const json_t *state, const json_t *notices, int64_t now_us)
{
    if (json_object_get(json_object_get(state, "cases"), "muted"))
        return "muted";
    return planned_today(notices, now_us) >= LIMIT_MAILS_PER_CASE_DAY ? "limit of the day" : NULL;
}

static json_t *make_notice(const json_t *state, const char *case_id, const struct notify_rule *rule,
                           const char *change, const json_t *notices, int64_t now_us)
{
    char id[IDS_UUID_SIZE], now[CLOCK_TEXT_SIZE];
    struct bytes parts[] = {bytes_of(case_id), bytes_of(rule->name), bytes_of(change)};
    const char *drop = reason_to_drop(state, notices, now_us);
    ids_uuid8(parts, COUNT_OF(parts), id);
    clock_format_us(now_us, now);
    json_t *notice =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s}", "id", id, "rule", rule->name,
                  "change", change, "to", "customer", "channel", "mail", "template", rule->name,
                  "status", drop ? "dropped" : "planned", "attempts", 0, "planned_at", now);
    if (drop)
        json_object_set_new(notice, "why", json_string(drop));
    return notice;
}

static json_t *member(json_t *object, const char *name, json_t *otherwise)
{
    json_t *value = json_object_get(object, name);
    if (value) {
        json_decref(otherwise);
        return value;
    }
    json_object_set_new(object, name, otherwise);
    return otherwise;
}

static void remember(json_t *own, const char *rule, const char *change)
{
    char known[17];
    json_t *told = member(member(own, "told", json_object()), rule, json_array());
    fingerprint(change, known);
    json_array_append_new(told, json_string(known));
    if (json_array_size(told) > TOLD_PER_RULE_MAX)
        json_array_remove(told, 0);
}

static void count_away(json_t *own, const json_t *notice)
{
    json_t *counts = json_object_get(own, "counts");
    const char *status = text_of(notice, "status");
    json_int_t before = json_integer_value(json_object_get(counts, status));
    json_object_set_new(counts, status, json_integer(before + 1));
    remember(own, text_of(notice, "rule"), text_of(notice, "change"));
}

/* The oldest that have ended make room; what is still to be sent stays. */
static void keep_to_limit(json_t *own)
{
    json_t *notices = json_object_get(own, "notices");
    for (size_t i = 0;
         json_array_size(notices) > LIMIT_NOTICES_PER_CASE && i < json_array_size(notices);) {
        const json_t *notice = json_array_get(notices, i);
        if (is_status(notice, "planned") || is_status(notice, "waiting")) {
            i++;
            continue;
        }
        count_away(own, notice);
        json_array_remove(notices, i);
    }
}

/* What was dropped because it was not true any more may be true again, and was never said. */
static void plan_again(json_t *notice)
{
    if (!is_status(notice, "dropped") || !is_text(notice, "why", "outdated"))
        return;
    json_object_set_new(notice, "status", json_string("planned"));
    json_object_del(notice, "why");
}

static void plan_notice(const json_t *state, const struct processor_input *input,
                        const struct notify_rule *rule, const char *change, json_t *own)
{
    json_t *notices = json_object_get(own, "notices");
    json_t *before = find_planned(own, rule->name, change);
    if (before)
        plan_again(before);
    else if (!is_told(own, rule->name, change))
        json_array_append_new(
            notices, make_notice(state, input->case_id, rule, change, notices, input->now_us));
}

static void plan_notices(const json_t *state, const struct processor_input *input, json_t *own)
{
    for (size_t i = 0; i < notify_rule_count; i++) {
        char change[101];
        const struct notify_rule *rule = &notify_rules[i];
        for (size_t n = 0; notify_address(state, rule) && rule->change(state, n, change); n++)
            plan_notice(state, input, rule, change, own);
    }
    keep_to_limit(own);
}

/* --- outcomes ------------------------------------------------------------------------------------------------------------- */

static json_t *find_notice(json_t *own, const char *id)
{
    json_t *notices = json_object_get(own, "notices");
    for (size_t i = 0; i < json_array_size(notices); i++)
        if (is_text(json_array_get(notices, i), "id", id))
            return json_array_get(notices, i);
    return NULL;
}

static void set_time(json_t *notice, const char *name, int64_t time_us)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format_us(time_us, text);
    json_object_set_new(notice, name, json_string(text));
}

static void try_later(json_t *notice, json_int_t attempts, int64_t now_us)
{
    if (attempts > (json_int_t)COUNT_OF(back_off_minutes)) {
        json_object_set_new(notice, "status", json_string("failed"));
        return;
    }
    json_object_set_new(notice, "status", json_string("waiting"));
    set_time(notice, "next_at", now_us + back_off_minutes[attempts - 1] * INT64_C(60) * 1000000);
}

static void take_outcome(const struct processor_input *input, json_t *own)
{
    json_t *notice = find_notice(own, text_of(input->result, "notice"));
    const char *outcome = text_of(input->result, "outcome");
    bool sent = outcome && strcmp(outcome, "sent") == 0;
    /* It was dropped while it was on its way: what became of it counts. */
    if (!outcome || (!is_status(notice, "planned") && !(sent && is_status(notice, "dropped"))))
        return;
    json_int_t attempts = json_integer_value(json_object_get(notice, "attempts")) + 1;
    json_object_set_new(notice, "attempts", json_integer(attempts));
    json_object_del(notice, "why");
    if (json_object_get(input->result, "why"))
        json_object_set(notice, "why", json_object_get(input->result, "why"));
    if (sent) {
        json_object_set_new(notice, "status", json_string("sent"));
        set_time(notice, "sent_at", input->now_us);
    } else if (strcmp(outcome, "refused") == 0) {
        json_object_set_new(notice, "status", json_string("failed"));
    } else {
        try_later(notice, attempts, input->now_us);
    }
}

static void take_due(const struct processor_input *input, json_t *own)
{
    json_t *notices = json_object_get(own, "notices");
    for (size_t i = 0; i < json_array_size(notices); i++) {
        json_t *notice = json_array_get(notices, i);
        if (!is_status(notice, "waiting") || time_of(notice, "next_at") > input->now_us)
            continue;
        json_object_set_new(notice, "status", json_string("planned"));
        json_object_del(notice, "next_at");
    }
}

static const char *reason_to_withhold(const json_t *state, const json_t *notice)
{
    const struct notify_rule *rule = rule_of(notice);
    const char *change = text_of(notice, "change");
    if (json_object_get(json_object_get(state, "cases"), "muted"))
        return "muted";
    return rule && rule->is_outdated && change && rule->is_outdated(state, change) ? "outdated"
                                                                                   : NULL;
}

/* A muted case writes to nobody, not even what was planned before: the mailbox may be in other hands. Nor is anything sent,
 * however late, that was true only when it was planned. */
static void withhold(const json_t *state, json_t *own)
{
    json_t *notices = json_object_get(own, "notices");
    for (size_t i = 0; i < json_array_size(notices); i++) {
        json_t *notice = json_array_get(notices, i);
        const char *why = is_status(notice, "planned") || is_status(notice, "waiting")
                              ? reason_to_withhold(state, notice)
                              : NULL;
        if (!why)
            continue;
        json_object_set_new(notice, "status", json_string("dropped"));
        json_object_set_new(notice, "why", json_string(why));
        json_object_del(notice, "next_at");
    }
}

void notify_decide(const json_t *state, const struct processor_input *input, const void *facts,
                   struct outputs *outputs)
{
    (void)facts;
    const json_t *before = json_object_get(state, "own");
    if (!text_of(json_object_get(state, "cases"), "id"))
        return;
    json_auto_t *own =
        before ? json_deep_copy(before)
               : json_pack("{s:s, s:[], s:{}}", "case", input->case_id, "notices", "counts");
    if (input->door == PROCESSOR_RESULT)
        take_outcome(input, own);
    take_due(input, own);
    withhold(state, own);
    plan_notices(state, input, own);
    if (before ? !json_equal(before, own) : json_array_size(json_object_get(own, "notices")) > 0)
        outputs_publish(outputs, "notifications", "notices.updated", json_incref(own));
}

/* --- plan ------------------------------------------------------------------------------------------------------------------- */

/* What a template may speak of; the address is read here, when the mail is about to go, and nowhere kept. */
static json_t *mail_parameters(const json_t *state, const json_t *notice, const char *address)
{
    const json_t *chain = json_object_get(state, "cases"), *search = notify_search(state);
    const json_t *status = json_object_get(state, "escalation-status");
    json_t *reasons = json_object_get(status, "reasons"),
           *warnings = json_object_get(status, "warnings");
    return json_pack("{s:O, s:O, s:s, s:O, s:b, s:b, s:I, s:I, s:I, s:o, s:o}", "notice",
                     json_object_get(notice, "id"), "template", json_object_get(notice, "template"),
                     "address", address, "number", json_object_get(chain, "number"), "out_of_hours",
                     json_is_true(json_object_get(chain, "out_of_hours")), "confirmed",
                     case_confirmed_address(chain) != NULL, "records",
                     json_integer_value(json_object_get(search, "records")), "detections",
                     json_integer_value(json_object_get(search, "detections")), "blocked",
                     json_integer_value(json_object_get(search, "blocked")), "reasons",
                     reasons ? json_incref(reasons) : json_array(), "warnings",
                     warnings ? json_incref(warnings) : json_array());
}

/* One mail of a case at a time, in the order in which they were planned. */
void notify_plan(const json_t *state, const char *case_id, const void *facts, struct plan *plan)
{
    (void)case_id, (void)facts;
    const json_t *notices = json_object_get(json_object_get(state, "own"), "notices");
    bool sending = false;
    for (size_t i = 0; i < json_array_size(notices); i++) {
        const json_t *notice = json_array_get(notices, i);
        if (is_status(notice, "waiting"))
            plan_due(plan, time_of(notice, "next_at"));
        const struct notify_rule *rule = rule_of(notice);
        const char *address = rule ? notify_address(state, rule) : NULL;
        if (sending || !is_status(notice, "planned") || !address)
            continue;
        CLEANUP(mem_free)
        char *id = mem_printf("mail/%s/%lld", text_of(notice, "id"),
                              (long long)json_integer_value(json_object_get(notice, "attempts")));
        plan_work(plan, id, "mail", mail_parameters(state, notice, address));
        sending = true;
    }
}

static const char *const inputs[] = {"cases", "extractions", "escalation-status", NULL};
const struct processor_definition notify_definition = {
    .service = "notify",
    .inputs = inputs,
    .own = "notifications",
    .format = NOTIFY_FORMAT,
    .worker_count = 4,
    .has_effects = true,
    .fold = notify_fold,
    .decide = notify_decide,
    .plan = notify_plan,
};
