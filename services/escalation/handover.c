/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One hand-over, brought forward as far as the chain, the gate and the result at hand allow.
 *
 * An entry of status.handovers: {"id","state","provider","requested_at","round" (how often it was prepared),
 * "passed":{…what the gate passed on…},"secret" (id of the one it is sealed under),"manifest_sha256","items":[{"name"|"upload",
 * "length","sha256"}],"parts":[…] (while preparing),"parts_total","offered_at","reply_by","offer":{…},
 * "gate":{"offer","acceptance":{"at","revision","head","rows"}},"verdict":"pass"|"recall","accepted_at","accepted_kid"?,
 * "released_at","key":{…},"recalled_at","recalls":n,"declined_at","deleted_at","failure"?,"again_at"? (nothing is done
 * before),"steps":[… at most STEPS_MAX]}.
 */
#include "services/escalation/step.h"

#include "common/desk/case.h"
#include "common/failpoint.h"
#include "services/escalation/gate.h"

#include <stdio.h>
#include <string.h>

#define SEAL_AGAIN_US INT64_C(5000000)
#define RECALL_AGAIN_US INT64_C(60000000)
#define TLP_DEFAULT "TLP:AMBER+STRICT" /* also where it is unknown or declined */

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static bool is_text(const json_t *object, const char *name, const char *wanted)
{
    const char *text = text_of(object, name);
    return text && strcmp(text, wanted) == 0;
}

/* --- entry ------------------------------------------------------------------------------------------------------------- */

json_t *handover_entry(json_t *status, const char *id)
{
    return entry_find(status, "handovers", "id", id);
}

static json_t *make_entry(json_t *status, const json_t *handover)
{
    json_t *entry =
        json_pack("{s:O, s:s, s:O, s:O, s:[], s:[]}", "id", json_object_get(handover, "id"),
                  "state", "held", "provider", json_object_get(handover, "provider"),
                  "requested_at", json_object_get(handover, "requested_at"), "parts", "steps");
    if (json_object_get(handover, "supplement_of"))
        json_object_set(entry, "supplement_of", json_object_get(handover, "supplement_of"));
    json_array_append_new(json_object_get(status, "handovers"), entry);
    return entry;
}

/* What is sealed already allows the provider these purposes; before that nothing does. */
static struct gate_question question_of(const struct step *step, const json_t *handover,
                                        enum gate_moment moment, const json_t *facts)
{
    const json_t *entry = handover_entry(step->status, text_of(handover, "id"));
    const json_t *passed = entry_is(entry, "held") ? NULL : json_object_get(entry, "passed");
    return (struct gate_question){.chain = step->chain,
                                  .extraction = step->extraction,
                                  .facts = facts,
                                  .handover = handover,
                                  .purposes = json_object_get(passed, "purposes"),
                                  .moment = moment};
}

json_t *handover_reasons(const struct step *step, const json_t *handover)
{
    json_auto_t *facts = gate_facts(step->profile);
    struct gate_question question =
        question_of(step, handover, handover ? GATE_OFFER : GATE_BEFORE_REQUEST, facts);
    return gate_ask(&question);
}

static bool passes(const struct step *step, const json_t *handover, enum gate_moment moment,
                   const json_t *facts)
{
    struct gate_question question = question_of(step, handover, moment, facts);
    json_auto_t *reasons = gate_ask(&question);
    return json_array_size(reasons) == 0;
}

/* What was asked of the gate and what it said, for whoever must prove it later. */
static void keep_gate(const struct step *step, json_t *entry, const json_t *handover,
                      enum gate_moment moment, const json_t *facts)
{
    struct gate_question question = question_of(step, handover, moment, facts);
    json_t *gate = json_object_get(entry, "gate");
    if (!gate) {
        gate = json_object();
        json_object_set_new(entry, "gate", gate);
    }
    json_object_set_new(gate, moment == GATE_ACCEPTANCE ? "acceptance" : "offer",
                        json_pack("{s:s, s:O, s:O, s:o}", "at", step->now, "revision",
                                  json_object_get(step->chain, "revision"), "head",
                                  json_object_get(step->chain, "head"), "rows",
                                  gate_record(&question)));
}

/* --- result of a work ----------------------------------------------------------------------------------------------------- */

/* The result belongs to this entry and this round of it: what was sealed for an earlier one is another content under
 * another key. NULL: it does not, or there is none. */
static const json_t *result_about(const struct step *step, const json_t *entry)
{
    const json_t *result = step->input->door == PROCESSOR_RESULT ? step->input->result : NULL;
    return result &&
                   json_equal(json_object_get(result, "handover"), json_object_get(entry, "id")) &&
                   json_equal(json_object_get(result, "round"), json_object_get(entry, "round"))
               ? result
               : NULL;
}

static const json_t *result_for(const struct step *step, const json_t *entry, const char *kind)
{
    const json_t *result = result_about(step, entry);
    return is_text(result, "kind", kind) && !json_object_get(result, "failure") ? result : NULL;
}

/* What cannot be done stands on the entry for the operator and is not tried over and over: only when somebody asks for the
 * case to be looked at again, as after a new profile. A recall must go out: it is tried again by itself. */
static void follow_failure(const struct step *step, json_t *entry)
{
    const json_t *result = result_about(step, entry);
    const char *failure = text_of(result, "failure");
    if (failure)
        entry_set_text(entry, "failure", failure);
    if (failure && is_text(result, "kind", "recall"))
        entry_put_off(step, entry, RECALL_AGAIN_US);
    else if (json_object_get(result, "later"))
        entry_put_off(step, entry, SEAL_AGAIN_US);
    if (step->input->door != PROCESSOR_TICK)
        return;
    json_object_del(entry, "failure");
    json_object_del(entry, "again_at");
}

static size_t publish_signed(const struct step *step, const char *type, const json_t *result)
{
    return outputs_publish_bytes(step->outputs, "escalations", type, "application/jose",
                                 bytes_of(text_of(result, "jws")), NULL);
}

/* --- held → preparing → offered ------------------------------------------------------------------------------------------- */

static bool root_is_released(const struct step *step, const json_t *entry)
{
    const char *root = text_of(entry, "supplement_of");
    const json_t *first = root ? handover_entry(step->status, root) : NULL;
    return !root || entry_is_any(first, "released|reported|");
}

/* The provider never got what was recalled at its acceptance, and has no longer what it deleted: a request after that
 * supplements nothing. */
static void forget_lost_root(const struct step *step, json_t *entry)
{
    const char *root = text_of(entry, "supplement_of");
    const json_t *first = root ? handover_entry(step->status, root) : NULL;
    if (entry_is(first, "deleted") || is_text(first, "verdict", "recall"))
        json_object_del(entry, "supplement_of");
}

static void begin_preparing(const struct step *step, json_t *entry, const json_t *handover,
                            json_t *facts)
{
    const json_t *search = gate_search(step->chain, step->extraction, handover);
    const char *tlp = text_of(json_object_get(step->chain, "hearing"), "tlp");
    bool marked = tlp && strncmp(tlp, "TLP:", 4) == 0; /* asked and unknown is not a marking */
    json_t *chunks = search ? json_object_get(search, "chunks") : NULL;
    json_t *passed = json_pack(
        "{s:O, s:O, s:O, s:s, s:o, s:o, s:o}", "head", json_object_get(step->chain, "head"),
        "revision", json_object_get(step->chain, "revision"), "facts", facts, "tlp",
        marked ? tlp : TLP_DEFAULT, "purposes", gate_purposes(facts, step->chain), "warnings",
        warnings_of(step->chain, step->extraction), "chunks",
        chunks ? json_deep_copy(chunks) : json_array());
    if (search) {
        json_object_set(passed, "extraction", json_object_get(search, "id"));
        if (json_object_get(search, "sha256"))
            json_object_set(passed, "extract_sha256", json_object_get(search, "sha256"));
    }
    json_object_set_new(entry, "round",
                        json_integer(json_integer_value(json_object_get(entry, "round")) + 1));
    json_object_set_new(entry, "passed", passed);
    json_object_set_new(entry, "parts", json_array());
    json_object_del(entry, "parts_total");
    json_object_del(entry, "failure");
    json_object_del(entry, "manifest_sha256");
    json_object_del(entry, "items");
    json_object_del(entry, "secret");
    entry_move(step, entry, "preparing");
    entry_note(step, entry, "preparing", SIZE_MAX, NULL);
}

/* From here on the offer names the parts, and the key needs the manifest's hash alone. */
static void drop_content(json_t *entry)
{
    json_object_del(entry, "parts");
    json_object_del(json_object_get(entry, "passed"), "chunks");
}

/* Parts that came back sealed: published as they are, their places remembered, so that a restart goes on behind them. */
static void take_parts(const struct step *step, json_t *entry, const json_t *result)
{
    json_t *parts = json_object_get(entry, "parts");
    const json_t *sealed = json_object_get(result, "parts");
    if (json_integer_value(json_object_get(result, "first")) != (json_int_t)json_array_size(parts))
        return;
    for (size_t i = 0; i < step->input->result_record_count; i++) {
        size_t place = outputs_pass_record(step->outputs, i);
        json_t *part = json_deep_copy(json_array_get(sealed, i));
        json_object_set_new(part, "at", json_pack("{s:I}", "$position", (json_int_t)place));
        json_array_append_new(parts, part);
    }
    static const char *const kept[] = {"parts_total", "manifest_sha256", "items", "secret"};
    for (size_t i = 0; i < COUNT_OF(kept); i++)
        if (json_object_get(result, kept[i]))
            json_object_set(entry, kept[i], json_object_get(result, kept[i]));
}

static bool has_all_parts(const json_t *entry)
{
    json_int_t total = json_integer_value(json_object_get(entry, "parts_total"));
    return total > 0 && (json_int_t)json_array_size(json_object_get(entry, "parts")) == total;
}

static void take_offer(const struct step *step, json_t *entry, const json_t *result)
{
    bool supplement = json_object_get(entry, "supplement_of");
    size_t place =
        publish_signed(step, supplement ? "escalation.supplemented" : "escalation.offered", result);
    json_object_set(entry, "reply_by", json_object_get(result, "reply_by"));
    json_object_set_new(entry, "offer",
                        json_pack("{s:{s:I}, s:O}", "at", "$position", (json_int_t)place, "sha256",
                                  json_object_get(result, "sha256")));
    entry_note(step, entry, supplement ? "supplemented" : "offered", place,
               text_of(result, "sha256"));
    drop_content(entry);
    entry_move(step, entry, "offered");
    if (!supplement)
        return;
    /* The provider has the case already: a supplement needs no acceptance of its own, its key follows at once. */
    entry_set_text(entry, "verdict", "pass");
    entry_move(step, entry, "accepted");
}

/* Sealed by now as something else, or under another secret: the parts that are there belong to nothing any more. */
static bool is_another_manifest(const json_t *entry, const json_t *result)
{
    static const char *const same[] = {"manifest_sha256", "secret"};
    for (size_t i = 0; i < COUNT_OF(same); i++) {
        const json_t *before = json_object_get(entry, same[i]),
                     *now = json_object_get(result, same[i]);
        if (before && now && !json_equal(before, now))
            return true;
    }
    return false;
}

static void go_on_preparing(const struct step *step, json_t *entry, const json_t *handover)
{
    const json_t *parts = result_for(step, entry, "seal"),
                 *offer = result_for(step, entry, "offer");
    json_auto_t *facts = gate_facts(step->profile);
    if (!root_is_released(step, entry) || !passes(step, handover, GATE_OFFER, facts)) {
        entry_move(step, entry, "held");
        entry_note(step, entry, "held", SIZE_MAX, NULL);
        drop_content(entry);
        return;
    }
    if (is_another_manifest(entry, parts))
        begin_preparing(step, entry, handover, facts);
    else if (parts)
        take_parts(step, entry, parts);
    if (!offer || !has_all_parts(entry))
        return;
    json_object_set(json_object_get(entry, "passed"), "facts", facts);
    keep_gate(step, entry, handover, GATE_OFFER, facts);
    take_offer(step, entry, offer);
}

/* --- what the chain says ---------------------------------------------------------------------------------------------------- */

/* Asked at the acceptance, on the chain as it stands at that record, with what the profile said at the offer. */
static void judge_acceptance(const struct step *step, json_t *entry, const json_t *handover)
{
    const json_t *passed = json_object_get(entry, "passed"),
                 *accepted = json_object_get(handover, "accepted");
    bool right_head =
        json_equal(json_object_get(accepted, "head"), json_object_get(passed, "head"));
    bool pass =
        right_head && passes(step, handover, GATE_ACCEPTANCE, json_object_get(passed, "facts"));
    keep_gate(step, entry, handover, GATE_ACCEPTANCE, json_object_get(passed, "facts"));
    json_object_del(json_object_get(entry, "passed"), "facts"); /* not asked again */
    entry_set_text(entry, "verdict", pass ? "pass" : "recall");
    json_object_set(entry, "accepted_reply", json_object_get(accepted, "reply"));
    if (json_object_get(accepted, "kid"))
        json_object_set(entry, "accepted_kid", json_object_get(accepted, "kid"));
    entry_move(step, entry, "accepted");
    entry_note(step, entry, pass ? "accepted" : "accepted_and_refused", SIZE_MAX,
               text_of(accepted, "reply"));
    failpoint("acceptance_judged");
}

static void take_key(const struct step *step, json_t *entry, const json_t *result)
{
    size_t place = publish_signed(step, "escalation.key", result);
    json_object_set_new(entry, "key",
                        json_pack("{s:{s:I}, s:O}", "at", "$position", (json_int_t)place, "sha256",
                                  json_object_get(result, "sha256")));
    entry_move(step, entry, "released");
    entry_note(step, entry, "released", place, text_of(result, "sha256"));
}

static void take_recall(const struct step *step, json_t *entry, const json_t *result)
{
    json_int_t recalls = json_integer_value(json_object_get(entry, "recalls"));
    size_t place = publish_signed(step, "escalation.recalled", result);
    json_object_set_new(entry, "recalls", json_integer(recalls + 1));
    entry_note(step, entry, "recalled", place, text_of(result, "sha256"));
    json_object_del(json_object_get(entry, "passed"), "facts");
    if (!entry_is(entry, "deleted"))
        entry_move(step, entry, "recalled");
}

static bool is_over(const json_t *handover)
{
    return json_object_get(handover, "ended") || json_object_get(handover, "replaced");
}

/* The provider's own word after the acceptance counts as much as the customer's: no key to whom has refused or deleted. */
static bool is_owed_key(const json_t *entry, const json_t *handover)
{
    return entry_is(entry, "accepted") && is_text(entry, "verdict", "pass") && !is_over(handover) &&
           !json_object_get(handover, "declined") && !json_object_get(handover, "deleted");
}

/* How many recalls the entry is owed: one for its end or its refused acceptance, one more for an acceptance that came after. */
static json_int_t recalls_owed(const json_t *entry, const json_t *handover)
{
    if (!json_object_get(entry, "offer") || entry_is(entry, "declined"))
        return 0;
    bool refused = is_text(entry, "verdict", "recall");
    json_int_t owed = is_over(handover) || refused ? 1 : 0;
    return owed + (json_object_get(entry, "accepted_after_end") ? 1 : 0);
}

static bool owes_recall(const json_t *entry, const json_t *handover)
{
    return recalls_owed(entry, handover) > json_integer_value(json_object_get(entry, "recalls"));
}

static void note_late_acceptance(const struct step *step, json_t *entry, const json_t *handover)
{
    if (!json_object_get(handover, "accepted") || json_object_get(entry, "accepted_after_end") ||
        json_object_get(entry, "verdict") || !entry_is_any(entry, "recalled|deleted|"))
        return;
    entry_set_text(entry, "verdict", "recall");
    json_object_set_new(entry, "accepted_after_end", json_true());
    entry_note(step, entry, "accepted_and_refused", SIZE_MAX,
               text_of(json_object_get(handover, "accepted"), "reply"));
}

static void follow_provider(const struct step *step, json_t *entry, const json_t *handover)
{
    if (json_object_get(handover, "accepted") && entry_is_any(entry, "offered|overdue|"))
        judge_acceptance(step, entry, handover);
    note_late_acceptance(step, entry, handover);
    if (json_object_get(handover, "reported") && entry_is(entry, "released")) {
        entry_move(step, entry, "reported");
        entry_note(step, entry, "reported", SIZE_MAX, NULL);
    }
}

/* A supplement is accepted by itself, and may be refused all the same until its key is out. */
static void follow_refusal(const struct step *step, json_t *entry, const json_t *handover)
{
    if (json_object_get(handover, "declined") &&
        entry_is_any(entry, "held|preparing|offered|overdue|accepted|")) {
        entry_move(step, entry, "declined");
        entry_note(step, entry, "declined", SIZE_MAX, NULL);
        drop_content(entry);
    }
    if (json_object_get(handover, "deleted") &&
        entry_is_any(entry, "accepted|released|reported|recalled|")) {
        entry_move(step, entry, "deleted");
        entry_note(step, entry, "deleted", SIZE_MAX, NULL);
    }
}

/* A supplement that waits is replaced by the next one; once offered it stands beside it. */
static bool is_outdated(const struct step *step, const json_t *handover)
{
    const json_t *handovers = json_object_get(step->chain, "handovers");
    const json_t *root = json_object_get(handover, "supplement_of");
    for (size_t i = json_array_size(handovers); root && i > 0; i--) {
        const json_t *later = json_array_get(handovers, i - 1);
        if (later == handover)
            return false;
        if (json_equal(json_object_get(later, "supplement_of"), root))
            return true;
    }
    return false;
}

/* Before the offer an end is final and nothing had left; after it the provider must be told. */
static void follow_end(const struct step *step, json_t *entry, const json_t *handover)
{
    bool over = is_over(handover) || is_outdated(step, handover);
    if (over && entry_is_any(entry, "held|preparing|")) {
        entry_move(step, entry, "cancelled");
        entry_note(step, entry, "cancelled", SIZE_MAX, NULL);
        drop_content(entry);
    }
    const json_t *recall = result_for(step, entry, "recall");
    if (recall && owes_recall(entry, handover))
        take_recall(step, entry, recall);
}

static void follow_clock(const struct step *step, json_t *entry)
{
    int64_t reply_by_us;
    const char *reply_by = text_of(entry, "reply_by");
    if (!entry_is(entry, "offered") || !reply_by ||
        !clock_parse(reply_by, strlen(reply_by), &reply_by_us) || reply_by_us > step->input->now_us)
        return;
    entry_move(step, entry, "overdue");
    entry_note(step, entry, "overdue", SIZE_MAX, NULL);
}

void handover_follow(const struct step *step, const json_t *handover)
{
    json_t *entry = handover_entry(step->status, text_of(handover, "id"));
    if (!entry)
        entry = make_entry(step->status, handover);
    follow_failure(step, entry);
    follow_end(step, entry, handover);
    follow_refusal(step, entry, handover);
    if (entry_is(entry, "preparing"))
        go_on_preparing(step, entry, handover);
    if (entry_is(entry, "held"))
        forget_lost_root(step, entry);
    if (entry_is(entry, "held") && root_is_released(step, entry)) {
        json_auto_t *facts = gate_facts(step->profile);
        if (passes(step, handover, GATE_OFFER, facts))
            begin_preparing(step, entry, handover, facts);
    }
    follow_provider(step, entry, handover);
    const json_t *key = result_for(step, entry, "key");
    if (key && is_owed_key(entry, handover))
        take_key(step, entry, key);
    follow_clock(step, entry);
}

/* --- plan ---------------------------------------------------------------------------------------------------------------- */

static void plan_entry(const json_t *state, const json_t *entry, const json_t *handover,
                       struct plan *plan)
{
    char id[200];
    const char *hid = text_of(entry, "id");
    const json_t *chain = json_object_get(state, "cases");
    size_t parts = json_array_size(json_object_get(entry, "parts"));
    bool failed = json_object_get(entry, "failure");
    if (json_object_get(entry, "again_at"))
        return;
    if (entry_is(entry, "preparing") && !failed) {
        const char *kind = has_all_parts(entry) ? "offer" : "seal";
        /* Ids of outputs derive from it: the parts of another round are other records. */
        snprintf(id, sizeof id, "%s/%s/%lld/%zu", kind, hid,
                 (long long)json_integer_value(json_object_get(entry, "round")), parts);
        plan_work(plan, id, kind,
                  json_pack("{s:O, s:O, s:O, s:O?, s:O*}", "entry", entry, "handover", handover,
                            "hearing", json_object_get(chain, "hearing"), "uploads",
                            json_object_get(chain, "uploads"), "customer_id",
                            json_object_get(chain, "customer_id")));
    }
    if (is_owed_key(entry, handover) && !failed) {
        snprintf(id, sizeof id, "key/%s", hid);
        plan_work(plan, id, "key", json_pack("{s:O, s:O}", "entry", entry, "handover", handover));
    }
    if (owes_recall(entry, handover)) {
        snprintf(id, sizeof id, "recall/%s/%lld", hid,
                 (long long)json_integer_value(json_object_get(entry, "recalls")));
        plan_work(plan, id, "recall",
                  json_pack("{s:O, s:O}", "entry", entry, "handover", handover));
    }
}

static void plan_clock(const json_t *entry, struct plan *plan)
{
    if (entry_is(entry, "offered"))
        plan_time(text_of(entry, "reply_by"), plan);
    plan_time(text_of(entry, "again_at"), plan);
}
void handover_plan(const json_t *state, const json_t *entry, struct plan *plan)
{
    const json_t *handover =
        case_handover_find(json_object_get(state, "cases"), text_of(entry, "id"));
    if (!handover)
        return;
    plan_entry(state, entry, handover, plan);
    plan_clock(entry, plan);
}
