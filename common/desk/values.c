/* SPDX-License-Identifier: Apache-2.0 */
#include "common/desk/values.h"

#include <string.h>

enum kind { TEXT, NUMBER, LIST };

struct member {
    const char *name;
    enum kind kind;
    bool required;             /* else it may be absent or null */
    const struct member *each; /* of a list's objects, ends with a NULL name */
};

static const struct member chunk[] = {
    {"partition", NUMBER, true, NULL}, {"offset", NUMBER, true, NULL}, {"size", NUMBER, true, NULL},
    {"sha256", TEXT, true, NULL},      {NULL, TEXT, false, NULL},
};
static const struct member search[] = {
    {"id", TEXT, true, NULL},      {"status", TEXT, true, NULL},   {"owner", TEXT, false, NULL},
    {"sha256", TEXT, false, NULL}, {"chunks", LIST, false, chunk}, {NULL, TEXT, false, NULL},
};
static const struct member extraction[] = {
    {"status", TEXT, true, NULL},
    {"customer_id", TEXT, false, NULL},
    {"searches", LIST, false, search},
    {NULL, TEXT, false, NULL},
};
static const struct member step[] = {{"step", TEXT, true, NULL}, {NULL, TEXT, false, NULL}};
static const struct member handover[] = {
    {"id", TEXT, true, NULL},
    {"state", TEXT, true, NULL},
    {"steps", LIST, false, step},
    {NULL, TEXT, false, NULL},
};
static const struct member reason[] = {{"code", TEXT, true, NULL}, {NULL, TEXT, false, NULL}};
static const struct member status[] = {
    {"state", TEXT, true, NULL},      {"handover", TEXT, false, NULL},
    {"reasons", LIST, false, reason}, {"handovers", LIST, false, handover},
    {NULL, TEXT, false, NULL},
};

static bool is_kind(const json_t *value, enum kind kind)
{
    switch (kind) {
    case TEXT:
        return json_is_string(value);
    case NUMBER:
        return json_is_integer(value) && json_integer_value(value) >= 0;
    case LIST:
        return json_is_array(value);
    }
    return false;
}

/* As deep as the tables. */
static enum verdict check(const json_t *object, const struct member *members, struct why *why)
{
    if (!json_is_object(object))
        return reject(why, "expected an object");
    for (; members->name; members++) {
        const json_t *value = json_object_get(object, members->name);
        bool absent = !value || json_is_null(value);
        if (absent ? members->required : !is_kind(value, members->kind))
            return reject(why, "%s: not as it is written", members->name);
        for (size_t i = 0; members->each && i < json_array_size(value); i++)
            if (check(json_array_get(value, i), members->each, why) != VERDICT_OK)
                return VERDICT_REJECT;
    }
    return VERDICT_OK;
}

enum verdict values_check(const char *topic, const json_t *value, struct why *why)
{
    if (strcmp(topic, "extractions") == 0)
        return check(value, extraction, why);
    if (strcmp(topic, "escalation-status") == 0)
        return check(value, status, why);
    return VERDICT_OK;
}
