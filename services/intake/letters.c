/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dead letters: what could not be taken, where it stands and why, never what is in it; and that somebody has looked at one
 * and needs nothing more of it. The dismissal is an entry of the audit, and stands nowhere else: the view folds it, so every
 * instance says the same after a restart. What puts a refused record back is deploy/dead-letters, with the administrator's
 * certificate: no service may write to the topics of others.
 */
#include "services/intake/letters.h"

#include "services/intake/intake.h"

#include "common/clock.h"
#include "common/desk/limits.h"
#include "common/desk/topics.h"
#include "common/ids.h"

#include <stdlib.h>
#include <string.h>

#define WITHIN_MS 5000
#define FOLD_WITHIN_MS 2000
#define REASON_BYTES_MAX 100
#define BODY_BYTES_MAX 16384

const struct case_member dismissal_members[] = {{"reason", CASE_TEXT, true, 1000, NULL}};
const size_t dismissal_member_count = COUNT_OF(dismissal_members);

/* --- list --------------------------------------------------------------------------------------------------------- */

/* What tells a repetition of the request is nothing to be shown. */
static json_t *shown(json_t *letter)
{
    static const char *const closures[] = {"dismissed", "redriven"};
    for (size_t i = 0; i < COUNT_OF(closures); i++) {
        json_object_del(json_object_get(letter, closures[i]), "sha256");
        json_object_del(json_object_get(letter, closures[i]), "event");
    }
    return letter;
}

static bool read_topic(struct http_request *request, const char **ret_topic)
{
    *ret_topic = http_query(request, "topic");
    if (!*ret_topic || topics_find(*ret_topic))
        return true;
    intake_refuse_field(request, 422, "/topic", "choice", "expected the name of a topic");
    return false;
}

static bool read_reason(struct http_request *request, const char **ret_reason)
{
    *ret_reason = http_query(request, "reason");
    if (!*ret_reason || (**ret_reason && strlen(*ret_reason) <= REASON_BYTES_MAX))
        return true;
    intake_refuse_field(request, 422, "/reason", "length", "expected 1 to 100 bytes of the reason");
    return false;
}

static void run_list(struct http_request *request)
{
    struct why why = {0};
    json_t *page = NULL;
    struct view_letter_query query = {.cursor = http_query(request, "cursor"),
                                      .now_us = clock_now_us()};
    if (!intake_read_limit(request, &query.limit) || !read_topic(request, &query.topic) ||
        !read_reason(request, &query.reason) ||
        !intake_read_choice(request, "state", VIEW_LETTER_STATES, &query.state))
        return;
    enum verdict verdict = view_letters(intake.view, &query, &page, &why);
    if (verdict == VERDICT_REJECT) {
        intake_refuse_field(request, 422, "/cursor", "format",
                            "expected next_cursor of an earlier answer");
    } else if (verdict != VERDICT_OK) {
        intake_unavailable(request, "view", why.text);
    } else {
        static const char *const names[] = {"topic", "state", "reason"};
        json_t *letters = json_object_get(page, "dead_letters");
        intake_reply_link(request, names, COUNT_OF(names), query.limit, page);
        for (size_t i = 0; i < json_array_size(letters); i++)
            shown(json_array_get(letters, i));
        http_reply_json(request, 200, page);
    }
}

static void get_letters(struct http_request *request)
{
    intake_run(request, run_list);
}

/* --- dismissal ---------------------------------------------------------------------------------------------------- */

/* "3-17"; false where it can be no position. */
static bool read_position(const char *text, struct kafka_position *ret_at)
{
    size_t partition = strspn(text, "0123456789");
    size_t offset = text[partition] == '-' ? strspn(text + partition + 1, "0123456789") : 0;
    if (partition < 1 || partition > 9 || offset < 1 || offset > 18 || text[partition + 1 + offset])
        return false;
    *ret_at = (struct kafka_position){.partition = (int32_t)strtol(text, NULL, 10),
                                      .offset = strtoll(text + partition + 1, NULL, 10)};
    return true;
}

/* NULL: answered. */
static json_t *load_letter(struct http_request *request)
{
    struct kafka_position at;
    struct why why = {0};
    json_t *letter = NULL;
    if (read_position(http_path_value(request, "position"), &at) &&
        view_letter(intake.view, at, &letter, &why) != VERDICT_OK)
        intake_unavailable(request, "view", why.text);
    else if (!letter)
        http_reply_problem(request, 404, "not_found", "There is no dead letter at this position.",
                           NULL);
    return letter;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* A letter that was closed by this very request is answered again, by any other it cannot be closed once more. */
static void reply_closed(struct http_request *request, json_t *letter, const char *event_id,
                         const char *sha256, bool is_repeated)
{
    json_auto_t *taken = letter;
    const json_t *dismissed = json_object_get(letter, "dismissed");
    bool ours = strcmp(text_of(dismissed, "event"), event_id) == 0;
    if (!ours)
        http_reply_problem(request, 409, text_of(letter, "state"),
                           "Somebody has dismissed this letter, or its record was redriven.", NULL);
    else if (strcmp(text_of(dismissed, "sha256"), sha256) != 0)
        http_reply_problem(request, 422, "idempotency_key",
                           "This key was used with another request.", NULL);
    else {
        if (is_repeated)
            http_reply_header(request, "Idempotency-Replayed", "true");
        http_reply_json(request, 200, shown(TAKE(taken)));
    }
}

static void dismiss(struct http_request *request, const char *letter_id, const char *event_id,
                    const char *sha256, const json_t *body)
{
    struct why why = {0};
    struct kafka_position at;
    json_t *letter;
    json_auto_t *detail =
        json_pack("{s:O, s:s}", "reason", json_object_get(body, "reason"), "sha256", sha256);
    if (intake_audit_done(request, letter_id, event_id, "dead_letter.dismissed", detail,
                          clock_monotonic_ms() + WITHIN_MS, &at, &why) != VERDICT_OK)
        intake_unavailable(request, "kafka", why.text);
    else if (view_wait_passed(intake.view, "audit", at, clock_monotonic_ms() + FOLD_WITHIN_MS,
                              &why) != VERDICT_OK)
        http_reply_json(request, 202, json_pack("{s:s}", "event", event_id));
    else if ((letter = load_letter(request)))
        reply_closed(request, letter, event_id, sha256, false);
}

static void run_dismissal(struct http_request *request)
{
    json_auto_t *body = NULL;
    json_auto_t *letter = NULL;
    char key[256] = "", event_id[IDS_UUID_SIZE], sha256[IDS_SHA256_TEXT_SIZE];
    bool has_key;
    if (!intake_idempotency_key(request, key, &has_key) || !intake_body_object(request, &body) ||
        !intake_members_fit(request, body, dismissal_members, dismissal_member_count) ||
        !(letter = load_letter(request)))
        return;
    const char *letter_id = text_of(letter, "id");
    ids_sha256_text(http_body(request).data, http_body(request).length, sha256);
    const struct bytes parts[] = {bytes_of("dismissal"), bytes_of(auth_identity(request)->id),
                                  bytes_of(letter_id), bytes_of(key)};
    intake_event_id(parts, COUNT_OF(parts), has_key, event_id);
    if (strcmp(text_of(letter, "state"), "open") == 0)
        dismiss(request, letter_id, event_id, sha256, body);
    else
        reply_closed(request, TAKE(letter), event_id, sha256, true);
}

static void post_dismissal(struct http_request *request)
{
    intake_run(request, run_dismissal);
}

const struct http_route letter_routes[] = {
    {.method = "GET",
     .path = "/v1/dead-letters",
     .handler = get_letters,
     .flags = AUTH_ADMIN | AUTH_AUDITOR},
    {.method = "POST",
     .path = "/v1/dead-letters/{position}/dismissal",
     .handler = post_dismissal,
     .flags = AUTH_ADMIN,
     .body_max = BODY_BYTES_MAX,
     .content_types = "application/json"},
};
const size_t letter_route_count = COUNT_OF(letter_routes);
