/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: members of one JSON object as members of another: what a screen or a document is given of a folded record.
 * Ownership: values are shared, not copied; members_or_null gives a reference of its own. Threads: any, pure. Errors: none; what is not
 * there is left out. Limits: none of its own.
 */
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* The members of these names that `from` has. */
static inline void members_copy(json_t *to, const json_t *from, const char *const *names,
                                size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (json_object_get(from, names[i]))
            json_object_set(to, names[i], json_object_get(from, names[i]));
}

static inline json_t *members_pick(const json_t *from, const char *const *names, size_t count)
{
    json_t *picked = json_object();
    members_copy(picked, from, names, count);
    return picked;
}

static inline json_t *members_or_null(const json_t *value)
{
    return value ? json_incref((json_t *)(uintptr_t)value) : json_null();
}
