/* SPDX-License-Identifier: Apache-2.0 */
#include "services/notify/view.h"

#include "common/clock.h"
#include "services/notify/decide.h"

#include <stdio.h>
#include <string.h>

const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

bool is_text(const json_t *object, const char *name, const char *wanted)
{
    const char *text = text_of(object, name);
    return text && wanted && strcmp(text, wanted) == 0;
}

int64_t time_of(const json_t *object, const char *name)
{
    int64_t time_us = 0;
    const char *text = text_of(object, name);
    if (text)
        clock_parse(text, strlen(text), &time_us);
    return time_us;
}

void set_time(json_t *object, const char *name, int64_t time_us)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format_us(time_us, text);
    json_object_set_new(object, name, json_string(text));
}

const json_t *chain_of(const struct view *view)
{
    return json_object_get(view->state, "cases");
}

const json_t *hearing_of(const struct view *view, const char *section)
{
    return json_object_get(json_object_get(chain_of(view), "hearing"), section);
}

const char *hearing_text(const struct view *view, const char *section, const char *name)
{
    const char *text = text_of(hearing_of(view, section), name);
    return text && strcmp(text, "unknown") != 0 && strcmp(text, "declined") != 0 ? text : NULL;
}

const json_t *view_search(const struct view *view)
{
    const json_t *extraction = json_object_get(view->state, "extractions"),
                 *searches = json_object_get(extraction, "searches"), *newest = NULL;
    for (size_t i = json_array_size(searches); i > 0; i--) {
        const json_t *search = json_array_get(searches, i - 1);
        if (!is_text(search, "status", "found"))
            continue;
        if (is_text(search, "id", text_of(extraction, "search")))
            return search;
        newest = newest ? newest : search;
    }
    return newest;
}

const json_t *view_handover(const struct view *view)
{
    const json_t *status = json_object_get(view->state, "escalation-status"),
                 *entries = json_object_get(status, "handovers");
    for (size_t i = 0; i < json_array_size(entries); i++)
        if (is_text(json_array_get(entries, i), "id", text_of(status, "handover")))
            return json_array_get(entries, i);
    return NULL;
}

bool view_is_with_another(const struct view *view)
{
    const char *of = text_of(view_handover(view), "provider");
    return of && !is_text(json_object_get(view->facts, "provider"), "id", of);
}

bool say(char *ret_change, const char *kind, const char *id)
{
    snprintf(ret_change, NOTIFY_CHANGE_SIZE, "%.40s:%.59s", kind, id ? id : "");
    return true;
}
