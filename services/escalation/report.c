/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One report that the provider delivered, brought forward: verified as a whole, then its clear bytes given to `reports`, then
 * told to the chain with the settings proposals. Nothing of it is opened while the consent does not cover that (clause 3).
 *
 * An entry of status.reports: {"report" (reply id),"handover","state":"held"|"opening"|"passed"|"opened"|"refused",
 * "reasons"? (held; without them another one is being opened),"failure"? (refused),"items":[{"name","media_type","length","sha256","first_part","parts"}]? (verified),
 * "chunks":[{"partition","offset","size","sha256"}]?,"chunks_total"?,"again_at"?,"steps":[…]}.
 */
#include "services/escalation/step.h"

#include "common/desk/case.h"
#include "common/desk/topics.h"
#include "services/escalation/gate.h"
#include "services/escalation/proposals.h"

#include <stdio.h>
#include <string.h>

/* Parts are there before they are named; what does not come, as behind a transaction that the provider leaves open, is
 * asked for less and less often, and not for ever: 12 times are 10 hours. */
#define AGAIN_US INT64_C(5000000)
#define TRIES_MAX 12

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static json_t *make_entry(const struct step *step, const json_t *delivered)
{
    json_t *entry = json_pack("{s:O, s:O, s:s}", "report", json_object_get(delivered, "report"),
                              "handover", json_object_get(delivered, "handover"), "state", "held");
    json_array_append_new(entry_list(step->status, "reports"), entry);
    entry_note(step, entry, "delivered", SIZE_MAX, text_of(delivered, "report"));
    return entry;
}

/* --- results -------------------------------------------------------------------------------------------------------------- */

static const json_t *result_about(const struct step *step, const json_t *entry)
{
    const json_t *result = step->input->door == PROCESSOR_RESULT ? step->input->result : NULL;
    return result && json_equal(json_object_get(result, "report"), json_object_get(entry, "report"))
               ? result
               : NULL;
}

static void take_items(json_t *entry, const json_t *result)
{
    static const char *const kept[] = {"items", "chunks_total"};
    for (size_t i = 0; i < COUNT_OF(kept); i++)
        json_object_set(entry, kept[i], json_object_get(result, kept[i]));
    json_object_set_new(entry, "chunks", json_array());
}

static void take_chunks(const struct step *step, json_t *entry, const json_t *result)
{
    json_t *chunks = json_object_get(entry, "chunks");
    const json_t *opened = json_object_get(result, "chunks");
    if (json_integer_value(json_object_get(result, "first")) != (json_int_t)json_array_size(chunks))
        return;
    for (size_t i = 0; i < step->input->result_record_count; i++) {
        size_t place = outputs_pass_record(step->outputs, i);
        json_t *chunk = json_deep_copy(json_array_get(opened, i));
        json_object_set_new(chunk, "$position", json_integer((json_int_t)place));
        json_array_append_new(chunks, chunk);
    }
}

static bool has_all_chunks(const json_t *entry)
{
    json_int_t total = json_integer_value(json_object_get(entry, "chunks_total"));
    return total > 0 && (json_int_t)json_array_size(json_object_get(entry, "chunks")) == total;
}

/* The chain has it, or nobody will. */
static void drop_content(json_t *entry)
{
    static const char *const content[] = {"items", "chunks", "chunks_total"};
    for (size_t i = 0; i < COUNT_OF(content); i++)
        json_object_del(entry, content[i]);
}

/* --- what the chain is told ------------------------------------------------------------------------------------------------- */

static json_t *describe_items(const json_t *entry)
{
    const json_t *items = json_object_get(entry, "items"),
                 *chunks = json_object_get(entry, "chunks");
    json_t *described = json_array();
    for (size_t i = 0; i < json_array_size(items); i++) {
        json_t *item = json_deep_copy(json_array_get(items, i)), *its = json_array();
        json_int_t first = json_integer_value(json_object_get(item, "first_part"));
        json_int_t count = json_integer_value(json_object_get(item, "parts"));
        for (json_int_t part = first; part < first + count; part++)
            json_array_append(its, json_array_get(chunks, (size_t)part - 1));
        json_object_set_new(item, "chunks", its);
        json_object_del(item, "first_part");
        json_object_del(item, "parts");
        json_array_append_new(described, item);
    }
    return described;
}

static json_t *count_of(const json_t *document, const char *name)
{
    return json_integer((json_int_t)json_array_size(json_object_get(document, name)));
}

static void tell_chain(const struct step *step, json_t *entry, const json_t *delivered,
                       const json_t *document)
{
    static const char *const said[] = {"head", "kid", "provider", "at"};
    json_t *data = json_pack(
        "{s:s, s:O, s:O, s:{s:o, s:o, s:o, s:o}, s:o}", "case", step->input->case_id, "handover",
        json_object_get(delivered, "handover"), "reply", json_object_get(delivered, "report"),
        "report", "items", describe_items(entry), "findings", count_of(document, "findings"),
        "recommendations", count_of(document, "recommendations"), "indicators",
        count_of(document, "indicators"), "proposals",
        proposals_of(document, step->chain, step->extraction, text_of(delivered, "report")));
    for (size_t i = 0; i < COUNT_OF(said); i++)
        if (json_object_get(delivered, said[i]))
            json_object_set(data, said[i], json_object_get(delivered, said[i]));
    size_t place = outputs_publish(step->outputs, "provider-events", "provider.reported", data);
    drop_content(entry);
    entry_move(step, entry, "passed");
    entry_note(step, entry, "passed", place, NULL);
}

static void take_result(const struct step *step, json_t *entry, const json_t *delivered,
                        const json_t *result)
{
    const json_t *document = json_object_get(result, "document");
    if (json_object_get(result, "items") && !json_object_get(entry, "items"))
        take_items(entry, result);
    else if (json_object_get(result, "chunks") && json_object_get(entry, "items"))
        take_chunks(step, entry, result);
    else if (document && has_all_chunks(entry))
        tell_chain(step, entry, delivered, document);
}

/* --- refusal ---------------------------------------------------------------------------------------------------------------- */

/* The record that named the parts is the one that cannot be taken: its place and the reason, nothing of the report. */
static void bury(const struct step *step, const json_t *delivered, const char *reason)
{
    const json_t *position = json_object_get(delivered, "position");
    json_t *letter =
        json_pack("{s:s, s:O?, s:O?, s:s, s:s, s:s}", "topic", topics_full_name("provider-replies"),
                  "partition", json_object_get(position, "partition"), "offset",
                  json_object_get(position, "offset"), "reason", reason, "service", "escalation",
                  "at", step->now);
    outputs_publish(step->outputs, "dead-letters", "dead_letter.recorded", letter);
}

static void refuse(const struct step *step, json_t *entry, const json_t *delivered,
                   const char *reason)
{
    entry_set_text(entry, "failure", reason);
    drop_content(entry);
    entry_move(step, entry, "refused");
    entry_note(step, entry, "refused", SIZE_MAX, NULL);
    bury(step, delivered, reason);
}

static void try_later(const struct step *step, json_t *entry, const json_t *delivered,
                      const char *reason)
{
    json_int_t tries = json_integer_value(json_object_get(entry, "tries")) + 1;
    json_object_set_new(entry, "tries", json_integer(tries));
    if (tries > TRIES_MAX)
        refuse(step, entry, delivered, reason);
    else
        entry_put_off(step, entry, AGAIN_US << (tries - 1));
}

/* --- the report --------------------------------------------------------------------------------------------------------------- */

/* Without its key the provider has seen nothing that it could report on. */
static bool is_released(const struct step *step, const json_t *delivered)
{
    const json_t *handover = handover_entry(step->status, text_of(delivered, "handover"));
    return json_object_get(handover, "key");
}

static json_t *reasons_of(const struct step *step, const json_t *delivered)
{
    const json_t *handover = case_handover_find(step->chain, text_of(delivered, "handover"));
    json_auto_t *facts = gate_facts(step->profile);
    if (is_released(step, delivered))
        return gate_ask_report(step->chain, facts, handover);
    return json_pack("[{s:s, s:s, s:s, s:s, s:{s:s, s:s}}]", "code", "not_released", "clause", "3",
                     "ja", "この提供の鍵はまだ渡されていません。", "en",
                     "The key of this hand-over has not been released.", "cure", "ja",
                     "鍵が渡されるのを待つか、提供会社に確認してください。", "en",
                     "Wait for the release, or ask the provider.");
}

/* One after the other: what is known of a report while it is being opened is large. */
static bool is_another_open(const struct step *step, const json_t *entry)
{
    const json_t *other = entry_find(step->status, "reports", "state", "opening");
    return other && other != entry;
}

static void follow_consent(const struct step *step, json_t *entry, const json_t *delivered)
{
    json_auto_t *reasons = reasons_of(step, delivered);
    bool held = json_array_size(reasons) > 0 || is_another_open(step, entry);
    if (json_array_size(reasons) > 0)
        json_object_set(entry, "reasons", reasons);
    else
        json_object_del(entry, "reasons");
    if (!entry_is(entry, held ? "held" : "opening")) {
        entry_move(step, entry, held ? "held" : "opening");
        entry_note(step, entry, held ? "held" : "opening", SIZE_MAX, NULL);
    }
}

static void follow_work(const struct step *step, json_t *entry, const json_t *delivered)
{
    const json_t *result = result_about(step, entry);
    const char *failure = text_of(result, "failure");
    if (step->input->door == PROCESSOR_TICK)
        json_object_del(entry, "again_at");
    if (failure)
        refuse(step, entry, delivered, failure);
    else if (json_object_get(result, "later"))
        try_later(step, entry, delivered, text_of(result, "later"));
    else if (result)
        take_result(step, entry, delivered, result);
}

void report_follow(const struct step *step, const json_t *delivered)
{
    json_t *entry = entry_find(step->status, "reports", "report", text_of(delivered, "report"));
    if (!entry)
        entry = make_entry(step, delivered);
    if (json_object_get(delivered, "recorded_at") && !entry_is(entry, "opened")) {
        entry_move(step, entry, "opened");
        entry_note(step, entry, "opened", SIZE_MAX, NULL);
        drop_content(entry);
    }
    if (!entry_is_any(entry, "held|opening|"))
        return;
    follow_consent(step, entry, delivered);
    if (entry_is(entry, "opening"))
        follow_work(step, entry, delivered);
}

void report_turn(const struct step *step, const json_t *delivered)
{
    json_t *entry = entry_find(step->status, "reports", "report", text_of(delivered, "report"));
    if (entry_is(entry, "held"))
        follow_consent(step, entry, delivered);
}

void report_plan(const json_t *state, const json_t *entry, struct plan *plan)
{
    const json_t *chain = json_object_get(state, "cases"),
                 *delivered = case_report_find(chain, text_of(entry, "report"));
    if (!entry_is(entry, "opening") || !delivered)
        return;
    if (json_object_get(entry, "again_at")) {
        plan_time(text_of(entry, "again_at"), plan);
        return;
    }
    char id[160];
    const char *phase = !json_object_get(entry, "items") ? "verify"
                        : has_all_chunks(entry)          ? "read"
                                                         : "open";
    snprintf(id, sizeof id, "report/%s/%s/%zu", text_of(entry, "report"), phase,
             json_array_size(json_object_get(entry, "chunks")));
    plan_work(plan, id, "report",
              json_pack("{s:s, s:O, s:O}", "phase", phase, "entry", entry, "delivered", delivered));
}
