/* SPDX-License-Identifier: Apache-2.0 */
/* GET …/handover: exactly what would leave, to whom, on which head, before anybody asks for it. */
#include "services/intake/intake.h"
#include "services/intake/members.h"

#include "common/clock.h"
#include "common/desk/calendar.h"
#include "common/desk/hearing.h"

#include <string.h>

#define TLP_DEFAULT "TLP:AMBER+STRICT"

static json_t *describe_extract(const json_t *search)
{
    if (!search)
        return json_null();
    return json_pack(
        "{s:o, s:o, s:o, s:o}", "records", members_or_null(json_object_get(search, "records")),
        "from", members_or_null(json_object_get(json_object_get(search, "window"), "from")), "to",
        members_or_null(json_object_get(json_object_get(search, "window"), "to")), "sha256",
        members_or_null(json_object_get(search, "sha256")));
}

static json_t *describe_files(const json_t *state)
{
    const json_t *uploads = json_object_get(state, "uploads");
    json_t *files = json_array();
    for (size_t i = 0; i < json_array_size(uploads); i++) {
        const json_t *upload = json_array_get(uploads, i);
        if (strcmp(json_string_value(json_object_get(upload, "of")), "file") == 0)
            json_array_append_new(files, json_pack("{s:O, s:O, s:O, s:O}", "upload",
                                                   json_object_get(upload, "upload"), "name",
                                                   json_object_get(upload, "name"), "size",
                                                   json_object_get(upload, "size"), "sha256",
                                                   json_object_get(upload, "sha256")));
    }
    return files;
}

static json_t *reply_by(const json_t *profile)
{
    char text[CLOCK_TEXT_SIZE];
    double hours = json_number_value(
        json_object_get(json_object_get(profile, "provider"), "desk_hours_to_reply"));
    clock_format_us(calendar_add_desk_hours_us(profile, clock_now_us(), hours), text);
    return json_string(text);
}

static bool list_has(const json_t *list, const json_t *value)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_equal(json_array_get(list, i), value))
            return true;
    return false;
}

/* The provider's purposes as far as the document covers them that was agreed to; before a consent, the current one. */
static json_t *covered_purposes(const json_t *state, const struct profile *profile)
{
    const json_t *all = profile_json(profile), *consent = case_consent_in_force(state);
    const json_t *document =
        consent ? profile_consent_document(profile,
                                           json_string_value(json_object_get(consent, "document")),
                                           json_string_value(json_object_get(consent, "version")))
                : json_array_get(json_object_get(all, "consent_documents"), 0);
    const json_t *purposes = json_object_get(json_object_get(all, "provider"), "purposes");
    json_t *covered = json_array();
    for (size_t i = 0; i < json_array_size(purposes); i++)
        if (list_has(json_object_get(document, "purposes"), json_array_get(purposes, i)))
            json_array_append(covered, json_array_get(purposes, i));
    return covered;
}

static json_t *describe(const struct view_case *view_case, const struct profile *profile)
{
    const json_t *hearing = json_object_get(view_case->state, "hearing");
    const json_t *search = intake_ended_search(view_case->extraction, NULL);
    const char *tlp = json_string_value(json_object_get(hearing, "tlp"));
    json_t *warnings = json_object_get(view_case->escalation, "warnings");
    bool marked = tlp && strncmp(tlp, "TLP:", 4) == 0; /* asked and unknown is not a marking */
    return json_pack(
        "{s:O, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o}", "head",
        json_object_get(view_case->state, "head"), "extraction",
        members_or_null(json_object_get(search, "id")), "items", hearing_export_items(hearing),
        "files", describe_files(view_case->state), "extract", describe_extract(search), "provider",
        intake_provider_json(profile_json(profile)), "reply_by", reply_by(profile_json(profile)),
        "tlp", marked ? tlp : TLP_DEFAULT, "purposes", covered_purposes(view_case->state, profile),
        "warnings", warnings ? json_incref(warnings) : json_array());
}

static void run_get(struct http_request *request)
{
    struct view_case view_case;
    CLEANUP(profile_release_at) struct profile *profile = profile_current();
    if (!intake_load_case(request, &view_case))
        return;
    http_reply_header(request, "ETag", view_case.etag);
    intake_audit(request, http_path_value(request, "id"), "handover.read");
    http_reply_json(request, 200, describe(&view_case, profile));
    view_case_clear(&view_case);
}

static void get_handover(struct http_request *request)
{
    intake_run(request, run_get);
}

const struct http_route handover_routes[] = {
    {.method = "GET",
     .path = "/v1/cases/{id}/handover",
     .handler = get_handover,
     .flags = AUTH_READERS},
};
const size_t handover_route_count = COUNT_OF(handover_routes);
