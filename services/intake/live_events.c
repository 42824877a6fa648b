/* SPDX-License-Identifier: Apache-2.0 */
#include "services/intake/live_events.h"

#include "common/clock.h"
#include "common/desk/status.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Ids and codes are shorter; what somebody else wrote in their place is cut, so that no record makes too long an event. */
#define CODE_BYTES_MAX 64

static char *dump(json_t *data)
{
    char *text = json_dumps(data, JSON_COMPACT);
    assert(text);
    json_decref(data);
    return text;
}

static const char *text_of(const json_t *object, const char *name, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : otherwise;
}

static json_t *code_of(const json_t *object, const char *name, const char *otherwise)
{
    const char *text = text_of(object, name, otherwise);
    struct bytes code = utf8_cut(bytes_of(text), CODE_BYTES_MAX);
    return text ? json_stringn(code.data, code.length) : NULL;
}

static bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static struct ring_event case_event(const struct view_change *change)
{
    json_t *data = json_pack("{s:s, s:s, s:I, s:s, s:s}", "id", change->case_id, "number",
                             text_of(change->after, "number", ""), "revision",
                             json_integer_value(json_object_get(change->after, "revision")),
                             "status", status_of(change->after, NULL, NULL), "what", change->what);
    return (struct ring_event){.name = "case", .data = dump(data)};
}

static struct ring_event extraction_event(const struct view_change *change)
{
    json_t *data = json_pack("{s:s, s:o, s:o*}", "id", change->case_id, "status",
                             code_of(change->after, "status", "waiting"), "search",
                             code_of(change->after, "search", NULL));
    return (struct ring_event){.name = "extraction", .data = dump(data)};
}

static json_t *handover_data(const struct view_change *change)
{
    return json_pack("{s:s, s:o, s:o*}", "id", change->case_id, "state",
                     code_of(change->after, "state", "none"), "handover",
                     code_of(change->after, "handover", NULL));
}

static size_t handover_events(const struct view_change *change, struct ring_event *ret_events)
{
    bool overdue = same(text_of(change->after, "state", "none"), "overdue") &&
                   !same(text_of(change->before, "state", "none"), "overdue");
    ret_events[0] = (struct ring_event){.name = "handover", .data = dump(handover_data(change))};
    if (overdue)
        ret_events[1] = (struct ring_event){.name = "overdue", .data = dump(handover_data(change))};
    return overdue ? 2 : 1;
}

static bool has_failed(const json_t *notice)
{
    return same(text_of(notice, "status", ""), "failed");
}

static bool had_failed(const json_t *notices, const char *id)
{
    for (size_t i = 0; i < json_array_size(notices); i++) {
        const json_t *notice = json_array_get(notices, i);
        if (same(text_of(notice, "id", ""), id))
            return has_failed(notice);
    }
    return false;
}

/* The last notice that has failed and had not before; NULL where there is none. */
static const json_t *newly_failed(const struct view_change *change, int *ret_count)
{
    const json_t *found = NULL, *notices = json_object_get(change->after, "notices"),
                 *earlier = json_object_get(change->before, "notices");
    *ret_count = 0;
    for (size_t i = 0; i < json_array_size(notices); i++) {
        const json_t *notice = json_array_get(notices, i);
        if (!has_failed(notice) || had_failed(earlier, text_of(notice, "id", "")))
            continue;
        found = notice;
        (*ret_count)++;
    }
    return found;
}

static size_t notice_events(const struct view_change *change, struct ring_event *ret_events)
{
    int count;
    const json_t *notice = newly_failed(change, &count);
    if (!notice)
        return 0;
    json_t *data = json_pack("{s:s, s:o, s:o, s:s, s:i}", "id", change->case_id, "notice",
                             code_of(notice, "id", ""), "template", code_of(notice, "template", ""),
                             "status", "failed", "count", count);
    ret_events[0] = (struct ring_event){.name = "notice", .data = dump(data)};
    return 1;
}

size_t live_events_of(const struct view_change *change,
                      struct ring_event ret_events[RING_EVENTS_PER_RECORD_MAX])
{
    switch (change->topic) {
    case VIEW_CASES:
        ret_events[0] = case_event(change);
        return 1;
    case VIEW_EXTRACTIONS:
        ret_events[0] = extraction_event(change);
        return 1;
    case VIEW_ESCALATION:
        return handover_events(change, ret_events);
    case VIEW_NOTICES:
        return notice_events(change, ret_events);
    default:
        return 0;
    }
}

/* --- services ------------------------------------------------------------------------------------------------------- */

static bool goes_up(struct live_service *service, int64_t now_us)
{
    bool changed = service->down;
    service->missing_us = 0;
    service->down = false;
    service->why = NULL;
    if (changed)
        service->since_us = now_us;
    return changed;
}

bool live_service_is(struct live_service *service, bool up, const char *why, int64_t now_us)
{
    if (up)
        return goes_up(service, now_us);
    if (!service->missing_us)
        service->missing_us = now_us;
    if (service->down || now_us - service->missing_us < service->patience_us)
        return false;
    service->down = true;
    service->why = why;
    service->since_us = service->missing_us;
    return true;
}

bool live_service_seen(struct live_service *service, int members, int64_t lag, int64_t committed,
                       int64_t now_us)
{
    if (lag <= 0 || committed != service->committed || !service->moved_us)
        service->moved_us = now_us;
    service->committed = committed;
    bool stuck = members > 0 && now_us - service->moved_us >= LIVE_NOT_MOVING_US;
    if (stuck) /* for longer than any patience; that could not be told before */
        service->missing_us = service->moved_us;
    return live_service_is(service, members > 0 && !stuck, stuck ? "not_moving" : "no_members",
                           now_us);
}

struct ring_event live_service_event(const struct live_service *service)
{
    char since[CLOCK_TEXT_SIZE];
    clock_format_us(service->since_us, since);
    json_t *data = json_pack("{s:s, s:s, s:s, s:s*}", "service", service->name, "state",
                             service->down ? "down" : "up", "since", since, "why", service->why);
    return (struct ring_event){.name = "service", .data = dump(data)};
}
