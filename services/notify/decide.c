/* SPDX-License-Identifier: Apache-2.0 */
#include "services/notify/decide.h"

#include "common/desk/case.h"
#include "common/desk/values.h"
#include "services/notify/clocks.h"
#include "services/notify/memory.h"
#include "services/notify/notices.h"
#include "services/notify/parameters.h"

#include <string.h>

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

/* --- decide -------------------------------------------------------------------------------------------------------------- */

static void set_list(json_t *own, const char *name, json_t *list)
{
    if (json_array_size(list) > 0 || json_object_get(own, name))
        json_object_set(own, name, list);
    json_decref(list);
}

/* Clocks before rules, which speak of what has fired; the steps last but for the rules that speak of them. */
static void bring_up_to_date(const struct processor_input *input, const struct view *view,
                             json_t *own)
{
    if (input->door == PROCESSOR_RESULT)
        notices_take_outcome(view, input->result, own);
    set_list(own, "clocks", clocks_run(view));
    notices_take_due(view, own);
    notices_withhold(view, own);
    set_list(own, "next_steps", next_steps_of(view));
    notices_plan(view, input->case_id, own);
    set_list(own, "next_steps", next_steps_of(view));
}

void notify_decide(const json_t *state, const struct processor_input *input, const void *facts,
                   struct outputs *outputs)
{
    const json_t *before = json_object_get(state, "own");
    if (!text_of(json_object_get(state, "cases"), "id"))
        return;
    json_auto_t *own =
        before ? json_deep_copy(before)
               : json_pack("{s:s, s:[], s:{}}", "case", input->case_id, "notices", "counts");
    struct view view = {.state = state, .own = own, .facts = facts, .now_us = input->now_us};
    bring_up_to_date(input, &view, own);
    if (!before || !json_equal(before, own))
        outputs_publish(outputs, "notifications", "notices.updated", json_incref(own));
}

/* --- plan ---------------------------------------------------------------------------------------------------------------- */

static bool is_named(const json_t *list, const json_t *name)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_equal(json_array_get(list, i), name))
            return true;
    return false;
}

/* Each try has a name of its own, whether it came to an attempt or not: what comes of it is another record. */
static bool plan_send(const struct view *view, const json_t *notice, struct plan *plan)
{
    json_t *parameters = parameters_of(view, notice);
    json_int_t tries = json_integer_value(json_object_get(notice, "attempts")) +
                       json_integer_value(json_object_get(notice, "put_off"));
    if (!parameters)
        return false;
    CLEANUP(mem_free)
    char *id = mem_printf("%s/%s/%lld", text_of(notice, "channel"), text_of(notice, "id"),
                          (long long)tries);
    plan_work(plan, id, text_of(notice, "channel"), parameters);
    return true;
}

/* To each recipient one at a time, in the order in which they were planned. */
void notify_plan(const json_t *state, const char *case_id, const void *facts, struct plan *plan)
{
    (void)case_id;
    const json_t *own = json_object_get(state, "own"), *notices = json_object_get(own, "notices");
    struct view view = {.state = state, .own = own, .facts = facts};
    json_auto_t *held = json_array();
    if (clocks_next_us(own) != INT64_MAX)
        plan_due(plan, clocks_next_us(own));
    plan_recall(plan, memory_until_us(own));
    for (size_t i = 0; i < json_array_size(notices); i++) {
        const json_t *notice = json_array_get(notices, i);
        json_t *to = json_object_get(notice, "to");
        if (is_text(notice, "status", "waiting"))
            plan_due(plan, time_of(notice, "next_at"));
        if (!notice_holds_others(notice) || is_named(held, to))
            continue;
        if (is_text(notice, "status", "waiting") || plan_send(&view, notice, plan))
            json_array_append(held, to);
    }
}

static const char *const inputs[] = {"cases", "extractions", "escalation-status", NULL};
const struct processor_definition notify_definition = {
    .service = "notify",
    .inputs = inputs,
    .own = "notifications",
    .format = NOTIFY_FORMAT,
    .worker_count = 8,
    .has_effects = true,
    .fold = notify_fold,
    .decide = notify_decide,
    .plan = notify_plan,
};
