/* SPDX-License-Identifier: Apache-2.0 */
#include "services/intake/custody.h"
#include "services/intake/members.h"

#include "common/desk/case.h"
#include "common/ids.h"

#include <string.h>

/* What is asked, and what of it was found. */
struct search {
    const json_t *accepted; /* the chain: the event of revision n is at n - 1 */
    const json_t *state, *handover, *entry;
    json_int_t basis; /* the revision at which consent and intention are asked for */
};

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static bool is_text(const json_t *object, const char *name, const char *wanted)
{
    const char *text = text_of(object, name);
    return text && strcmp(text, wanted) == 0;
}

static json_int_t number_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static void copy_if_there(json_t *to, const json_t *from, const char *name)
{
    members_copy(to, from, &name, 1);
}

/* --- the chain --------------------------------------------------------------------------------------------------------- */

static bool decode_value(const json_t *event, void **ret_bytes, size_t *ret_length)
{
    const json_t *value = json_object_get(event, "value");
    return base64_decode(json_string_value(value), json_string_length(value), ret_bytes,
                         ret_length);
}

static json_t *data_of(const json_t *event)
{
    CLEANUP(mem_free) void *bytes = NULL;
    size_t length;
    return event && decode_value(event, &bytes, &length) ? json_loadb(bytes, length, 0, NULL)
                                                         : NULL;
}

static void add_hash(json_t *line, const json_t *event)
{
    CLEANUP(mem_free) void *bytes = NULL;
    size_t length;
    char hash[IDS_SHA256_TEXT_SIZE];
    if (!decode_value(event, &bytes, &length))
        return;
    ids_sha256_text(bytes, length, hash);
    json_object_set_new(line, "sha256", json_string(hash));
}

/* Where the record stands and what it hashes to, and no word of what is in it. */
static json_t *describe_record(const json_t *event)
{
    static const char *const kept[] = {"id", "type", "time", "partition", "offset"};
    json_t *line = members_pick(event, kept, COUNT_OF(kept));
    add_hash(line, event);
    return line;
}

static json_t *describe_chain(const struct search *search, const json_t *not_taken)
{
    json_t *events = json_array(), *refused = json_array();
    for (size_t i = 0; i < json_array_size(search->accepted); i++) {
        const json_t *event = json_array_get(search->accepted, i);
        json_t *line = describe_record(event);
        json_object_set_new(line, "revision", json_integer((json_int_t)i + 1));
        copy_if_there(line, event, "head");
        json_array_append_new(events, line);
    }
    for (size_t i = 0; i < json_array_size(not_taken); i++) {
        json_t *line = describe_record(json_array_get(not_taken, i));
        copy_if_there(line, json_array_get(not_taken, i), "code");
        json_array_append_new(refused, line);
    }
    const json_t *last = json_array_get(events, json_array_size(events) - 1);
    return json_pack("{s:I, s:o, s:o, s:o}", "revision", number_of(last, "revision"), "head",
                     members_or_null(json_object_get(last, "head")), "events", events, "not_taken",
                     refused);
}

static const json_t *event_at(const struct search *search, json_int_t revision)
{
    return revision > 0 ? json_array_get(search->accepted, (size_t)revision - 1) : NULL;
}

/* The place of the chain on which something rests; null where that was not recorded, or is not in this chain. */
static json_t *describe_place(const struct search *search, const json_t *revision)
{
    const json_t *event = event_at(search, json_integer_value(revision));
    if (!event)
        return json_null();
    return json_pack("{s:O, s:O, s:O, s:O, s:O, s:O}", "revision", revision, "event",
                     json_object_get(event, "id"), "type", json_object_get(event, "type"),
                     "partition", json_object_get(event, "partition"), "offset",
                     json_object_get(event, "offset"), "head", json_object_get(event, "head"));
}

/* The event's own members, without what every event has. */
static json_t *own_members(const json_t *event)
{
    static const char *const common[] = {"extends", "actor", "rules", "request"};
    json_t *data = data_of(event);
    for (size_t i = 0; i < COUNT_OF(common); i++)
        json_object_del(data, common[i]);
    return data ? data : json_object();
}

/* {"event","revision",<at>: its time,<by>: its actor}, to which more is added. */
static json_t *stamp_of(const struct search *search, size_t place, const char *at, const char *by)
{
    const json_t *event = json_array_get(search->accepted, place);
    json_auto_t *data = data_of(event);
    return json_pack("{s:O, s:I, s:O, s:o}", "event", json_object_get(event, "id"), "revision",
                     (json_int_t)place + 1, at, json_object_get(event, "time"), by,
                     members_or_null(json_object_get(data, "actor")));
}

/* --- request, approval, consent, intention ------------------------------------------------------------------------------ */

static json_t *describe_request(const struct search *search)
{
    json_int_t revision = number_of(search->handover, "revision");
    if (!event_at(search, revision))
        return json_null();
    static const char *const kept[] = {"confirmed_head", "confirmed_revision", "extraction",
                                       "files"};
    json_t *request = stamp_of(search, (size_t)revision - 1, "at", "by");
    for (size_t i = 0; i < COUNT_OF(kept); i++)
        json_object_set_new(request, kept[i],
                            members_or_null(json_object_get(search->handover, kept[i])));
    return request;
}

static json_t *describe_approval(const struct search *search)
{
    json_int_t revision = number_of(json_object_get(search->handover, "approved"), "revision");
    return event_at(search, revision) ? stamp_of(search, (size_t)revision - 1, "at", "by")
                                      : json_null();
}

static json_t *given_at(const struct search *search, size_t place)
{
    json_t *given = own_members(json_array_get(search->accepted, place));
    json_auto_t *stamp = stamp_of(search, place, "recorded_at", "recorded_by");
    json_object_update(given, stamp);
    return given;
}

/* Those recorded up to the basis and not withdrawn by then. A later consent adds scopes to those to the same text, a later
 * intention takes the place of the one before. */
static json_t *describe_given(const struct search *search, const char *given_type,
                              const char *withdrawn_type)
{
    json_t *list = json_array();
    for (size_t i = 0; i < json_array_size(search->accepted) && (json_int_t)i < search->basis;
         i++) {
        const json_t *event = json_array_get(search->accepted, i);
        if (is_text(event, "type", withdrawn_type))
            json_array_clear(list);
        if (!is_text(event, "type", given_type))
            continue;
        json_t *given = given_at(search, i);
        if (!json_object_get(given, "document") ||
            !case_consent_is_to_same_text(json_array_get(list, 0), given))
            json_array_clear(list);
        json_array_append_new(list, given);
    }
    return list;
}

static json_t *describe_intention(const struct search *search)
{
    json_auto_t *list = describe_given(search, "intention.expressed", "intention.withdrawn");
    return members_or_null(json_array_get(list, 0));
}

static json_t *describe_basis(const struct search *search)
{
    return json_pack("{s:s, s:I, s:o}", "at",
                     json_object_get(search->entry, "offer") ? "offer" : "present", "revision",
                     search->basis, "head",
                     members_or_null(json_object_get(event_at(search, search->basis), "head")));
}

/* --- what escalation says ----------------------------------------------------------------------------------------------- */

static const json_t *gate_at(const struct search *search, const char *moment)
{
    return json_object_get(json_object_get(search->entry, "gate"), moment);
}

static json_t *describe_gate(const struct search *search)
{
    return json_pack("{s:o, s:o}", "offer", members_or_null(gate_at(search, "offer")), "acceptance",
                     members_or_null(gate_at(search, "acceptance")));
}

static json_t *describe_offer(const struct search *search)
{
    static const char *const kept[] = {"head",     "revision", "tlp",
                                       "purposes", "warnings", "extraction"};
    const json_t *offer = json_object_get(search->entry, "offer"),
                 *passed = json_object_get(search->entry, "passed"),
                 *at = json_object_get(offer, "at");
    if (!offer)
        return json_null();
    json_t *described = json_pack("{s:o, s:o, s:o, s:o}", "reply_by",
                                  members_or_null(json_object_get(search->entry, "reply_by")),
                                  "partition", members_or_null(json_object_get(at, "partition")),
                                  "offset", members_or_null(json_object_get(at, "offset")),
                                  "sha256", members_or_null(json_object_get(offer, "sha256")));
    for (size_t i = 0; i < COUNT_OF(kept); i++)
        json_object_set_new(described, kept[i], members_or_null(json_object_get(passed, kept[i])));
    return described;
}

static const json_t *upload_with(const json_t *state, const json_t *id)
{
    const json_t *uploads = json_object_get(state, "uploads");
    for (size_t i = 0; id && i < json_array_size(uploads); i++)
        if (json_equal(json_object_get(json_array_get(uploads, i), "upload"), id))
            return json_array_get(uploads, i);
    return NULL;
}

/* Escalation names a file by its upload; what it is called is in the chain. */
static json_t *describe_items(const struct search *search)
{
    const json_t *items = json_object_get(search->entry, "items");
    if (!json_is_array(items))
        return json_null();
    json_t *described = json_array();
    for (size_t i = 0; i < json_array_size(items); i++) {
        json_t *item = json_copy(json_array_get(items, i));
        const json_t *upload = upload_with(search->state, json_object_get(item, "upload"));
        copy_if_there(item, upload, "name");
        json_array_append_new(described, item);
    }
    return described;
}

static json_t *describe_manifest(const struct search *search)
{
    if (!json_object_get(search->entry, "manifest_sha256"))
        return json_null();
    return json_pack("{s:O, s:o, s:o}", "sha256", json_object_get(search->entry, "manifest_sha256"),
                     "parts", members_or_null(json_object_get(search->entry, "parts_total")),
                     "items", describe_items(search));
}

static json_t *describe_step(const struct search *search, const json_t *step)
{
    const json_t *at = json_object_get(step, "position"), *sha256 = json_object_get(step, "sha256");
    json_t *described =
        json_pack("{s:o, s:o, s:o}", "step", members_or_null(json_object_get(step, "step")), "at",
                  members_or_null(json_object_get(step, "at")), "rests_on",
                  describe_place(search, json_object_get(step, "revision")));
    json_object_set_new(described, "record",
                        at ? json_pack("{s:s, s:o, s:o, s:o}", "topic", "escalations", "partition",
                                       members_or_null(json_object_get(at, "partition")), "offset",
                                       members_or_null(json_object_get(at, "offset")), "sha256",
                                       members_or_null(sha256))
                           : json_null());
    if (!at && sha256) /* a step that follows the provider's word names it by its hash */
        json_object_set(described, "reply", (json_t *)(uintptr_t)sha256);
    return described;
}

static json_t *describe_steps(const struct search *search)
{
    const json_t *steps = json_object_get(search->entry, "steps");
    json_t *described = json_array();
    for (size_t i = 0; i < json_array_size(steps); i++)
        json_array_append_new(described, describe_step(search, json_array_get(steps, i)));
    return described;
}

static json_t *describe_report_states(const struct search *search, const json_t *escalation)
{
    const json_t *reports = json_object_get(escalation, "reports");
    json_t *own = json_array();
    if (!reports) {
        json_decref(own);
        return json_null();
    }
    for (size_t i = 0; i < json_array_size(reports); i++)
        if (json_equal(json_object_get(json_array_get(reports, i), "handover"),
                       json_object_get(search->handover, "id")))
            json_array_append(own, json_array_get(reports, i));
    return own;
}

/* --- the provider's words ------------------------------------------------------------------------------------------------ */

/* About this hand-over, or about the one that it supplements: that one's acceptance is its own. */
static bool is_about(const struct search *search, const json_t *data)
{
    const json_t *named = json_object_get(data, "handover"),
                 *root = json_object_get(search->handover, "supplement_of");
    return named && (json_equal(named, json_object_get(search->handover, "id")) ||
                     (root && json_equal(named, root)));
}

static json_t *describe_word(const struct search *search, size_t place, const json_t *data)
{
    static const char *const kept[] = {"handover", "at",  "head",  "reply",
                                       "provider", "kid", "reason"};
    const json_t *event = json_array_get(search->accepted, place);
    json_t *word = json_pack("{s:O, s:O, s:I, s:O, s:o}", "type", json_object_get(event, "type"),
                             "event", json_object_get(event, "id"), "revision",
                             (json_int_t)place + 1, "recorded_at", json_object_get(event, "time"),
                             "jws", members_or_null(json_object_get(data, "jws")));
    members_copy(word, data, kept, COUNT_OF(kept));
    return word;
}

static json_t *describe_report(const struct search *search, size_t place, const json_t *data)
{
    const json_t *event = json_array_get(search->accepted, place);
    return json_pack("{s:O, s:I, s:O, s:o, s:o, s:o}", "event", json_object_get(event, "id"),
                     "revision", (json_int_t)place + 1, "recorded_at",
                     json_object_get(event, "time"), "handover",
                     members_or_null(json_object_get(data, "handover")), "reply",
                     members_or_null(json_object_get(data, "reply")), "report",
                     members_or_null(json_object_get(data, "report")));
}

static void add_words(const struct search *search, json_t *words, json_t *reports)
{
    for (size_t i = 0; i < json_array_size(search->accepted); i++) {
        const json_t *event = json_array_get(search->accepted, i);
        const char *type = text_of(event, "type");
        if (!type || strncmp(type, "provider.", strlen("provider.")) != 0)
            continue;
        json_auto_t *data = data_of(event);
        if (!is_about(search, data))
            continue;
        json_array_append_new(words, describe_word(search, i, data));
        if (strcmp(type, "provider.reported") == 0)
            json_array_append_new(reports, describe_report(search, i, data));
    }
}

/* --- what ended it, or would have ------------------------------------------------------------------------------------------ */

static bool is_end(const json_t *event)
{
    static const char *const types[] = {"consent.withdrawn", "intention.withdrawn",
                                        "handover.cancelled", "customer.identified", "case.closed"};
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (is_text(event, "type", types[i]))
            return true;
    return false;
}

static const json_t *withdrawal_in(const json_t *given, json_int_t revision)
{
    const json_t *withdrawn = json_object_get(given, "withdrawn");
    return number_of(withdrawn, "revision") == revision ? withdrawn : NULL;
}

/* What the chain says that a withdrawal did, kept with the consent or the intention that it took back. */
static const json_t *withdrawal_of(const json_t *state, json_int_t revision)
{
    static const char *const lists[] = {"consents", "intentions_before"};
    const json_t *found = withdrawal_in(json_object_get(state, "intention"), revision);
    for (size_t k = 0; k < COUNT_OF(lists) && !found; k++) {
        const json_t *list = json_object_get(state, lists[k]);
        for (size_t i = 0; i < json_array_size(list) && !found; i++)
            found = withdrawal_in(json_array_get(list, i), revision);
    }
    return found;
}

static json_t *describe_end(const struct search *search, size_t place)
{
    static const char *const said[] = {"given_by", "channel", "given_at", "reason", "outcome"};
    static const char *const did[] = {"effect", "accepted_at"};
    const json_t *event = json_array_get(search->accepted, place);
    json_int_t revision = (json_int_t)place + 1;
    json_auto_t *data = data_of(event);
    json_t *end = stamp_of(search, place, "at", "by");
    const json_t *withdrawn = withdrawal_of(search->state, revision);
    json_object_set(end, "type", json_object_get(event, "type"));
    json_object_set_new(end, "ends_this",
                        json_boolean(number_of(json_object_get(search->handover, "ended"),
                                               "revision") == revision));
    members_copy(end, data, said, COUNT_OF(said));
    members_copy(end, withdrawn, did, COUNT_OF(did));
    return end;
}

static json_t *describe_ends(const struct search *search)
{
    json_t *ends = json_array();
    json_int_t requested = number_of(search->handover, "revision");
    for (size_t i = (size_t)requested; i < json_array_size(search->accepted); i++)
        if (is_end(json_array_get(search->accepted, i)))
            json_array_append_new(ends, describe_end(search, i));
    return ends;
}

/* --- the document ----------------------------------------------------------------------------------------------------------- */

/* The named entry of a list of hand-overs, or the last one. */
static const json_t *find_handover(const json_t *list, const char *id)
{
    for (size_t i = 0; id && i < json_array_size(list); i++)
        if (is_text(json_array_get(list, i), "id", id))
            return json_array_get(list, i);
    return id ? NULL : json_array_get(list, json_array_size(list) - 1);
}

/* Where the offer was decided; the end of the chain as long as nothing was offered. */
static json_int_t find_basis(const struct search *search)
{
    json_int_t offered = number_of(gate_at(search, "offer"), "revision");
    json_int_t passed = number_of(json_object_get(search->entry, "passed"), "revision");
    if (!json_object_get(search->entry, "offer"))
        return (json_int_t)json_array_size(search->accepted);
    return offered ? offered : passed;
}

static json_t *describe_status(const json_t *escalation)
{
    if (!escalation)
        return json_null();
    return json_pack("{s:o, s:o}", "revision",
                     members_or_null(json_object_get(escalation, "revision")), "head",
                     members_or_null(json_object_get(escalation, "head")));
}

static json_t *approvals_needed(const struct search *search)
{
    const json_t *facts = json_object_get(json_object_get(search->entry, "passed"), "facts");
    return members_or_null(json_object_get(facts, "approvals"));
}

static json_t *make_document(const struct search *search, const struct custody_question *question,
                             const json_t *not_taken)
{
    json_t *words = json_array(), *reports = json_array();
    const json_t *handover = search->handover;
    json_t *document = json_pack(
        "{s:s, s:O, s:O, s:O, s:O, s:o, s:s}", "format", CUSTODY_FORMAT, "case",
        json_object_get(search->state, "id"), "number", json_object_get(search->state, "number"),
        "handover", json_object_get(handover, "id"), "provider",
        json_object_get(handover, "provider"), "state",
        members_or_null(json_object_get(search->entry, "state")), "made_at", question->made_at);
    copy_if_there(document, handover, "supplement_of");
    add_words(search, words, reports);
    const struct {
        const char *name;
        json_t *value;
    } members[] = {
        {"request", describe_request(search)},
        {"approval", describe_approval(search)},
        {"approvals_needed", approvals_needed(search)},
        {"in_force", describe_basis(search)},
        {"consents", describe_given(search, "consent.recorded", "consent.withdrawn")},
        {"intention", describe_intention(search)},
        {"gate", describe_gate(search)},
        {"offer", describe_offer(search)},
        {"manifest", describe_manifest(search)},
        {"steps", describe_steps(search)},
        {"words", words},
        {"reports", reports},
        {"report_states", describe_report_states(search, question->escalation)},
        {"ends", describe_ends(search)},
        {"status", describe_status(question->escalation)},
        {"chain", describe_chain(search, not_taken)},
    };
    for (size_t i = 0; i < COUNT_OF(members); i++)
        json_object_set_new(document, members[i].name, members[i].value);
    return document;
}

/* Up to the revision of the state: what the view has folded since belongs to the next document. */
static void sort_events(const struct custody_question *question, json_t *accepted,
                        json_t *not_taken)
{
    size_t revision = (size_t)number_of(question->state, "revision");
    for (size_t i = 0; i < json_array_size(question->events); i++) {
        json_t *event = json_array_get(question->events, i);
        bool taken = json_is_true(json_object_get(event, "accepted"));
        if (taken && json_array_size(accepted) == revision)
            return;
        json_array_append(taken ? accepted : not_taken, event);
    }
}

json_t *custody_document(const struct custody_question *question)
{
    json_auto_t *accepted = json_array();
    json_auto_t *not_taken = json_array();
    sort_events(question, accepted, not_taken);
    struct search search = {.accepted = accepted,
                            .state = question->state,
                            .handover = find_handover(json_object_get(question->state, "handovers"),
                                                      question->handover)};
    if (!search.handover)
        return NULL;
    search.entry = find_handover(json_object_get(question->escalation, "handovers"),
                                 text_of(search.handover, "id"));
    search.basis = find_basis(&search);
    return make_document(&search, question, not_taken);
}
