/* SPDX-License-Identifier: Apache-2.0 */
/* GET …/timeline: what happened to a case in the order of time, out of its chain, the services' last words and the audit. */
#include "services/intake/intake.h"

#include "common/clock.h"

#include <stdlib.h>
#include <string.h>

/* Accepted events as the operator reads them: their data without the chain's own members. */
static void add_events(json_t *timeline, const json_t *events)
{
    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_t *event = json_array_get(events, i);
        CLEANUP(mem_free) void *value = NULL;
        size_t length;
        const char *text = json_string_value(json_object_get(event, "value"));
        if (!json_is_true(json_object_get(event, "accepted")) ||
            !base64_decode(text, strlen(text), &value, &length))
            continue;
        json_t *data = json_loadb(value, length, 0, NULL);
        json_object_del(data, "extends");
        json_object_del(data, "rules");
        json_object_del(data, "request");
        json_array_append_new(timeline, json_pack("{s:s, s:O, s:O, s:O, s:o}", "kind", "event",
                                                  "at", json_object_get(event, "time"), "what",
                                                  json_object_get(event, "type"), "id",
                                                  json_object_get(event, "id"), "data", data));
    }
}

static void add_steps(json_t *timeline, const char *kind, const json_t *list, const char *at_name,
                      const char *what_name)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *entry = json_array_get(list, i);
        json_t *at = json_object_get(entry, at_name), *what = json_object_get(entry, what_name);
        if (json_is_string(at) && json_is_string(what))
            json_array_append_new(timeline, json_pack("{s:s, s:O, s:O, s:O}", "kind", kind, "at",
                                                      at, "what", what, "data", entry));
    }
}

/* What other cases say of this one. Those closed as its duplicates stand where they were closed; whom it was closed as a
 * duplicate of is told in words that can be read over the telephone. */
static void add_links(json_t *timeline, const struct view_case *view_case)
{
    const json_t *duplicates = json_object_get(view_case->links, "duplicates"),
                 *closed = json_object_get(view_case->state, "closed"),
                 *original = json_object_get(view_case->links, "duplicate_of");
    add_steps(timeline, "duplicate", duplicates, "closed_at", "number");
    if (original)
        json_array_append_new(timeline,
                              json_pack("{s:s, s:O, s:O, s:O}", "kind", "duplicate_of", "at",
                                        json_object_get(closed, "at"), "what",
                                        json_object_get(original, "number"), "data", original));
}

struct moment {
    int64_t at_us;
    size_t place; /* what happened at the same time stays in the order of the chain */
    json_t *entry;
};

static int by_time(const void *a, const void *b)
{
    const struct moment *left = a, *right = b;
    if (left->at_us != right->at_us)
        return left->at_us < right->at_us ? -1 : 1;
    return left->place < right->place ? -1 : 1;
}

static json_t *sorted(const json_t *timeline)
{
    size_t count = json_array_size(timeline);
    CLEANUP(mem_free) struct moment *moments = mem_alloc((count + 1) * sizeof *moments);
    for (size_t i = 0; i < count; i++) {
        json_t *entry = json_array_get(timeline, i);
        const char *at = json_string_value(json_object_get(entry, "at"));
        moments[i] = (struct moment){.place = i, .entry = entry};
        clock_parse(at, strlen(at), &moments[i].at_us);
    }
    qsort(moments, count, sizeof *moments, by_time);
    json_t *in_order = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append(in_order, moments[i].entry);
    return in_order;
}

static void run_timeline(struct http_request *request)
{
    struct view_case view_case;
    struct why why = {0};
    json_auto_t *events = NULL;
    json_auto_t *reads = NULL;
    json_auto_t *timeline = json_array();
    const char *case_id = http_path_value(request, "id");
    if (!intake_load_case(request, &view_case))
        return;
    if (view_events(intake.view, case_id, &events, &why) != VERDICT_OK ||
        view_audit(intake.view, case_id, &reads, &why) != VERDICT_OK) {
        view_case_clear(&view_case);
        intake_unavailable(request, "view", why.text);
        return;
    }
    add_events(timeline, events);
    add_steps(timeline, "extraction", json_object_get(view_case.extraction, "searches"),
              "requested_at", "status");
    const json_t *handovers = json_object_get(view_case.escalation, "handovers");
    for (size_t i = 0; i < json_array_size(handovers); i++)
        add_steps(timeline, "handover", json_object_get(json_array_get(handovers, i), "steps"),
                  "at", "step");
    add_steps(timeline, "notice", json_object_get(view_case.notifications, "notices"), "planned_at",
              "template");
    add_steps(timeline, "read", reads, "at", "what");
    add_links(timeline, &view_case);
    intake_audit(request, case_id, "timeline.read");
    http_reply_json(request, 200, json_pack("{s:o}", "timeline", sorted(timeline)));
    view_case_clear(&view_case);
}

void intake_get_timeline(struct http_request *request)
{
    intake_run_slow(request, run_timeline);
}
