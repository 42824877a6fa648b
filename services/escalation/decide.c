/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One step per input: the status as published before is copied, every hand-over and report of the chain is brought forward
 * as far as the chain, the gate and the result at hand allow, and the new status is published when it says anything new.
 */
#include "services/escalation/decide.h"

#include "common/desk/case.h"
#include "common/desk/values.h"
#include "services/escalation/gate.h"
#include "services/escalation/step.h"

#include <string.h>

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* --- fold ------------------------------------------------------------------------------------------------------------- */

enum verdict escalation_fold(json_t *state, const char *topic, const struct event *event,
                             struct why *why)
{
    if (!json_is_object(event->data))
        return reject(why, "expected an object");
    if (strcmp(topic, "provider-replies") == 0)
        return VERDICT_OK; /* passed on; what counts of it comes back in the chain */
    if (strcmp(topic, "cases") == 0)
        return case_fold(state, event, why);
    if (values_check(topic, event->data, why) != VERDICT_OK)
        return VERDICT_REJECT;
    json_object_set(state, topic, event->data);
    return VERDICT_OK;
}

/* --- the whole case ----------------------------------------------------------------------------------------------------------- */

static void summarise(const struct step *step)
{
    const json_t *handovers = json_object_get(step->chain, "handovers");
    const json_t *last = json_array_get(handovers, json_array_size(handovers) - 1);
    const json_t *entry = last ? handover_entry(step->status, text_of(last, "id")) : NULL;
    bool held = entry && entry_is(entry, "held");
    json_t *reasons = held ? handover_reasons(step, last)
                      : (!entry || entry_is_any(entry, "cancelled|declined|deleted|recalled|"))
                          ? handover_reasons(step, NULL)
                          : json_array();
    json_object_set_new(step->status, "state",
                        entry ? json_incref(json_object_get(entry, "state")) : json_string("none"));
    json_object_set_new(step->status, "handover",
                        entry ? json_incref(json_object_get(entry, "id")) : json_null());
    json_object_set_new(step->status, "reasons", reasons);
    json_object_set_new(step->status, "warnings", warnings_of(step->chain, step->extraction));
}

/* Whether the status says anything that the published one does not; head and revision alone are no news. */
static bool is_news(const json_t *before, const json_t *now)
{
    static const char *const members[] = {"state",    "handover",  "reasons",
                                          "warnings", "handovers", "reports"};
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        const json_t *was = json_object_get(before, members[i]),
                     *is = json_object_get(now, members[i]);
        if (!before || (was != is && !json_equal(was, is)))
            return true;
    }
    return false;
}

static void decide_case(const json_t *state, const struct processor_input *input,
                        const json_t *profile, struct outputs *outputs)
{
    const json_t *before = json_object_get(state, "own");
    struct step step = {.chain = json_object_get(state, "cases"),
                        .extraction = json_object_get(state, "extractions"),
                        .profile = profile,
                        .input = input,
                        .outputs = outputs};
    if (!json_object_get(step.chain, "id"))
        return;
    json_auto_t *status = before ? json_deep_copy(before)
                                 : json_pack("{s:s, s:[]}", "case", input->case_id, "handovers");
    const json_t *handovers = json_object_get(step.chain, "handovers"),
                 *reports = json_object_get(step.chain, "reports");
    clock_format_us(input->now_us, step.now);
    step.status = status;
    for (size_t i = 0; i < json_array_size(handovers); i++)
        handover_follow(&step, json_array_get(handovers, i));
    for (size_t i = 0; i < json_array_size(reports); i++)
        report_follow(&step, json_array_get(reports, i));
    /* Where one has come to its end, it is the turn of another, whichever was delivered first. */
    for (size_t i = 0; i < json_array_size(reports); i++)
        report_turn(&step, json_array_get(reports, i));
    summarise(&step);
    if (!is_news(before, status))
        return;
    json_object_set(status, "head", json_object_get(step.chain, "head"));
    json_object_set(status, "revision", json_object_get(step.chain, "revision"));
    outputs_publish(outputs, "escalation-status", "escalation.status", json_incref(status));
}

/* A verified reply becomes a record for the chain; whose case it is stands inside what was signed. */
static void pass_reply(const struct processor_input *input, struct outputs *outputs)
{
    const json_t *reply = input->event->data;
    json_t *data = json_deep_copy(json_object_get(reply, "data"));
    outputs_publish(outputs, "provider-events", input->event->type, data);
}

void escalation_decide(const json_t *state, const struct processor_input *input, const void *facts,
                       struct outputs *outputs)
{
    if (input->door == PROCESSOR_RECORD && strcmp(input->topic, "provider-replies") == 0)
        pass_reply(input, outputs);
    else
        decide_case(state, input, facts, outputs);
}

/* --- plan ------------------------------------------------------------------------------------------------------------------------ */

void escalation_plan(const json_t *state, const char *case_id, const void *facts, struct plan *plan)
{
    (void)case_id, (void)facts;
    const json_t *own = json_object_get(state, "own");
    const json_t *handovers = json_object_get(own, "handovers"),
                 *reports = json_object_get(own, "reports");
    for (size_t i = 0; i < json_array_size(handovers); i++)
        handover_plan(state, json_array_get(handovers, i), plan);
    for (size_t i = 0; i < json_array_size(reports); i++)
        report_plan(state, json_array_get(reports, i), plan);
}

static const char *const inputs[] = {"cases", "extractions", "provider-replies", NULL};
static const char *const further_outputs[] = {"escalations", "provider-events", "reports", NULL};
const struct processor_definition escalation_definition = {
    .service = "escalation",
    .inputs = inputs,
    .own = "escalation-status",
    .outputs = further_outputs,
    .format = ESCALATION_FORMAT,
    .worker_count = 2,
    .kind_alone = "report",
    .fold = escalation_fold,
    .decide = escalation_decide,
    .plan = escalation_plan,
};
