/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, hearing, customer, uploads, searches, notes, closing. */
#include "common/desk/case_internal.h"

#include "common/desk/hearing.h"
#include "common/desk/limits.h"

#include <stdio.h>
#include <string.h>

#define EXTRACTIONS_BYTES_MAX (1024 * 1024)

bool case_is_larger_than(const json_t *value, size_t bytes_max)
{
    CLEANUP(buf_free) struct buf text;
    buf_init(&text, bytes_max);
    event_dump_json(value, &text);
    return text.overflowed;
}

static bool is_too_large(const json_t *hearing)
{
    return case_is_larger_than(hearing, LIMIT_HEARING_BYTES);
}

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* --- opening and hearing ---------------------------------------------------------------------------------------------------- */

enum case_refusal case_on_opened(struct act *act)
{
    json_t *hearing = json_object_get(act->data, "hearing");
    json_t *customer = json_object_get(act->data, "customer_id");
    if (is_too_large(hearing))
        return case_refuse(act, CASE_TOO_MANY, "/hearing", "larger than %d bytes",
                           LIMIT_HEARING_BYTES);
    json_object_set_new(act->state, "opened_at", json_string(act->time));
    json_object_set(act->state, "opened_by", (json_t *)(uintptr_t)act->actor);
    json_object_set_new(act->state, "hearing", json_deep_copy(hearing));
    json_object_set_new(act->state, "hearing_revision", json_integer(1));
    json_object_set_new(act->state, "export_revision", json_integer(1));
    json_object_set_new(act->state, "subject_revision", json_integer(customer ? 1 : 0));
    if (json_is_true(json_object_get(act->data, "out_of_hours")))
        json_object_set_new(act->state, "out_of_hours", json_true());
    if (customer) {
        json_object_set(act->state, "customer_id", customer);
        case_call_search(act);
    }
    return CASE_ACCEPTED;
}

/* What a search looks for or when: a change of these asks for a new one. */
static bool search_changes(const json_t *before, const json_t *after)
{
    static const char *const fields[] = {"discovered_at", "occurred_from", "occurred_to"};
    const json_t *old_incident = json_object_get(before, "incident"),
                 *incident = json_object_get(after, "incident");
    bool changed =
        !json_equal(json_object_get(before, "device"), json_object_get(after, "device")) &&
        (json_object_get(before, "device") || json_object_get(after, "device"));
    for (size_t i = 0; i < COUNT_OF(fields) && !changed; i++) {
        const json_t *old = json_object_get(old_incident, fields[i]),
                     *now = json_object_get(incident, fields[i]);
        changed = (old || now) && !json_equal(old, now);
    }
    return changed;
}

static bool export_changes(const json_t *before, const json_t *after)
{
    json_auto_t *left_before = hearing_export(before);
    json_auto_t *leaves_now = hearing_export(after);
    return !json_equal(left_before, leaves_now);
}

/* Without a customer and without logs that were brought there is nothing to search. */
static bool has_logs(const json_t *state)
{
    const json_t *uploads = json_object_get(state, "uploads");
    for (size_t i = 0; i < json_array_size(uploads); i++)
        if (strcmp(text_of(json_array_get(uploads, i), "of"), "logs") == 0)
            return true;
    return json_object_get(state, "customer_id");
}

/* What was read back is another address now. */
static void void_confirmations(struct act *act, const json_t *before, const json_t *after)
{
    const json_t *said = json_object_get(before, "contact"),
                 *now = json_object_get(after, "contact");
    for (size_t i = 0; i < case_address_count; i++)
        if (!json_equal(json_object_get(said, case_addresses[i].field),
                        json_object_get(now, case_addresses[i].field)))
            json_object_del(act->state, case_addresses[i].confirmed);
}

enum case_refusal case_on_amended(struct act *act)
{
    json_t *before = json_object_get(act->state, "hearing");
    json_auto_t *after = hearing_merge(before, json_object_get(act->data, "patch"));
    if (is_too_large(after))
        return case_refuse(act, CASE_TOO_MANY, "/patch",
                           "the hearing would be larger than %d bytes", LIMIT_HEARING_BYTES);
    void_confirmations(act, before, after);
    if (export_changes(before, after))
        json_object_set_new(act->state, "export_revision", json_integer(act->revision));
    if (search_changes(before, after) && has_logs(act->state))
        case_call_search(act);
    json_object_set(act->state, "hearing", after);
    json_object_set_new(act->state, "hearing_revision", json_integer(act->revision));
    return CASE_ACCEPTED;
}

enum case_refusal case_on_customer(struct act *act)
{
    json_t *customer = json_object_get(act->data, "customer_id");
    if (json_equal(customer, json_object_get(act->state, "customer_id")))
        return case_refuse(act, CASE_IMPOSSIBLE, "/customer_id",
                           "this customer is recorded already");
    case_end_handovers(act, "customer_changed");
    json_object_set(act->state, "customer_id", customer);
    json_object_set_new(act->state, "subject_revision", json_integer(act->revision));
    json_object_del(json_object_get(act->state, "waivers"),
                    "search"); /* it was for another subject's logs */
    case_call_search(act);
    return CASE_ACCEPTED;
}

/* --- uploads, searches, notes ------------------------------------------------------------------------------------------------- */

static bool upload_is_known(const json_t *state, const json_t *upload)
{
    const json_t *uploads = json_object_get(state, "uploads");
    for (size_t i = 0; i < json_array_size(uploads); i++)
        if (json_equal(json_object_get(json_array_get(uploads, i), "upload"), upload))
            return true;
    return false;
}

enum case_refusal case_on_upload(struct act *act)
{
    bool logs = strcmp(act->type, "logs.submitted") == 0;
    if (json_array_size(json_object_get(act->state, "uploads")) >= LIMIT_UPLOADS_PER_CASE)
        return case_refuse(act, CASE_TOO_MANY, "", "a case has at most %d uploads",
                           LIMIT_UPLOADS_PER_CASE);
    if (upload_is_known(act->state, json_object_get(act->data, "upload")))
        return case_refuse(act, CASE_IMPOSSIBLE, "/upload", "named already");
    if (!logs && json_integer_value(json_object_get(act->data, "size")) > LIMIT_FILE_UPLOAD_BYTES)
        return case_refuse(act, CASE_TOO_MANY, "/size", "a file has at most %lld bytes",
                           LIMIT_FILE_UPLOAD_BYTES);
    json_t *upload = case_own_members(act);
    json_object_set_new(upload, "of", json_string(logs ? "logs" : "file"));
    json_object_set_new(upload, "revision", json_integer(act->revision));
    json_object_set_new(upload, "event", json_string(act->id));
    json_object_set_new(upload, "at", json_string(act->time));
    json_array_append_new(case_list(act->state, "uploads"), upload);
    if (logs)
        case_call_search(act);
    return CASE_ACCEPTED;
}

enum case_refusal case_on_extraction(struct act *act)
{
    json_t *asked = case_own_members(act);
    json_object_set(asked, "actor", json_object_get(act->data, "actor"));
    json_object_set_new(asked, "id", json_string(act->id));
    json_object_set_new(asked, "revision", json_integer(act->revision));
    json_object_set_new(asked, "at", json_string(act->time));
    json_t *list = case_list(act->state, "extractions");
    json_array_append_new(list, asked);
    while (json_array_size(list) > LIMIT_SEARCHES_KEPT ||
           (json_array_size(list) > 1 && case_is_larger_than(list, EXTRACTIONS_BYTES_MAX)))
        json_array_remove(list, 0);
    case_call_search(act);
    return CASE_ACCEPTED;
}

enum case_refusal case_on_note(struct act *act)
{
    json_int_t notes = json_integer_value(json_object_get(act->state, "notes"));
    json_object_set_new(act->state, "notes", json_integer(notes + 1));
    return CASE_ACCEPTED;
}

/* --- closing -------------------------------------------------------------------------------------------------------------------- */

enum case_refusal case_on_closed(struct act *act)
{
    const char *outcome = text_of(act->data, "outcome"), *step = case_open_step(act->state, NULL);
    bool duplicate = strcmp(outcome, "duplicate") == 0;
    const char *of = text_of(act->data, "of");
    if (duplicate != (of != NULL))
        return case_refuse(act, CASE_MALFORMED, "/of",
                           "expected the other case's id with outcome duplicate, and only then");
    if (of && strcmp(of, text_of(act->state, "id")) == 0)
        return case_refuse(act, CASE_IMPOSSIBLE, "/of", "a case is no duplicate of itself");
    if (step && !duplicate)
        return case_refuse(act, CASE_IMPOSSIBLE, "/outcome",
                           "mandatory step %s is open: do it, or waive it with a reason", step);
    case_end_handovers(act, "closed");
    json_t *closed = case_stamp(act);
    static const char *const members[] = {"outcome", "reason", "of"};
    for (size_t i = 0; i < COUNT_OF(members); i++)
        if (json_object_get(act->data, members[i]))
            json_object_set(closed, members[i], json_object_get(act->data, members[i]));
    json_object_set_new(act->state, "closed", closed);
    return CASE_ACCEPTED;
}

enum case_refusal case_on_reopened(struct act *act)
{
    if (!json_object_get(act->state, "closed"))
        return case_refuse(act, CASE_IMPOSSIBLE, "", "the case is open");
    json_object_del(act->state, "closed");
    if (has_logs(act->state))
        case_call_search(act);
    return CASE_ACCEPTED;
}
