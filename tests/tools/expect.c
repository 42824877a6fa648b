/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/expect.h"

#include <string.h>

#define MORE "…"

static bool differs(const json_t *expected, const json_t *actual, const char *path, struct buf *out)
{
    CLEANUP(mem_free) char *wanted = json_dumps(expected, JSON_COMPACT | JSON_ENCODE_ANY);
    CLEANUP(mem_free)
    char *got = actual ? json_dumps(actual, JSON_COMPACT | JSON_ENCODE_ANY) : mem_strdup("absent");
    buf_printf(out, "    %s\n      expected %.600s\n      is       %.600s\n", *path ? path : "/",
               wanted, got);
    return false;
}

static bool is_more(const json_t *json)
{
    return json_is_string(json) && strcmp(json_string_value(json), MORE) == 0;
}

static bool expect_list(const json_t *expected, const json_t *actual, const char *path,
                        struct buf *out)
{
    bool all = true, open = is_more(json_array_get(expected, 0));
    size_t wanted = json_array_size(expected) - open, got = json_array_size(actual);
    if (open ? got < wanted : got != wanted)
        return differs(expected, actual, path, out);
    for (size_t i = 0; i < wanted; i++) {
        CLEANUP(mem_free) char *at = mem_printf("%s/%zu", path, got - wanted + i);
        all &= expect_json(json_array_get(expected, i + open),
                           json_array_get(actual, got - wanted + i), at, out);
    }
    return all;
}

static bool expect_object(const json_t *expected, const json_t *actual, const char *path,
                          struct buf *out)
{
    const char *name;
    const json_t *value;
    bool all = true, open = json_object_get(expected, MORE);
    json_object_foreach((json_t *)(uintptr_t)expected, name, value)
    {
        CLEANUP(mem_free) char *at = mem_printf("%s/%s", path, name);
        if (strcmp(name, MORE) != 0)
            all &= expect_json(value, json_object_get(actual, name), at, out);
    }
    json_object_foreach((json_t *)(uintptr_t)actual, name, value)
    {
        if (open || json_object_get(expected, name))
            continue;
        CLEANUP(mem_free) char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        buf_printf(out, "    %s/%s\n      was not expected: %.600s\n", path, name, text);
        all = false;
    }
    return all;
}

bool expect_json(const json_t *expected, const json_t *actual, const char *path, struct buf *out)
{
    if (json_is_object(expected) && json_is_object(actual))
        return expect_object(expected, actual, path, out);
    if (json_is_array(expected) && json_is_array(actual))
        return expect_list(expected, actual, path, out);
    return json_equal(expected, actual) || (json_is_null(expected) && !actual) ||
           differs(expected, actual, path, out);
}
