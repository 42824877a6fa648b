/* SPDX-License-Identifier: Apache-2.0 */
#include "common/desk/searches.h"

#include <string.h>

static bool is_text(const json_t *object, const char *name, const char *wanted)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text && strcmp(text, wanted) == 0;
}

bool searches_is_answered(const json_t *search)
{
    return is_text(search, "status", "found") || is_text(search, "status", "none");
}

static bool was_asked_for(const json_t *search)
{
    return is_text(json_object_get(search, "called_by"), "type", "extraction.requested");
}

const json_t *searches_find(const json_t *extraction, const char *id)
{
    const json_t *searches = json_object_get(extraction, "searches");
    for (size_t i = json_array_size(searches); i > 0; i--) {
        const json_t *search = json_array_get(searches, i - 1);
        if (id ? is_text(search, "id", id) : searches_is_answered(search) && !was_asked_for(search))
            return search;
    }
    return NULL;
}
