/* SPDX-License-Identifier: Apache-2.0 */
/* Which members each event has: one table for case_apply and for the request bodies. */
#include "common/desk/case.h"

#include "common/clock.h"
#include "common/desk/limits.h"
#include "common/ids.h"

#include <stdio.h>
#include <string.h>

#define NAME_MAX 200
#define TEXT_MAX 4000
#define CHANNELS "phone_read|paper|web"

static const struct case_member opened[] = {
    {"customer_id", CASE_CUSTOMER, false, 0, NULL},
    {"hearing", CASE_OBJECT, true, 0, NULL},
    {"out_of_hours", CASE_BOOLEAN, false, 0, NULL},
    {"request", CASE_OBJECT, false, 0, NULL},
};
static const struct case_member amended[] = {{"patch", CASE_OBJECT, true, 0, NULL}};
static const struct case_member customer[] = {{"customer_id", CASE_CUSTOMER, true, 0, NULL}};
static const struct case_member policy[] = {
    {"text", CASE_TEXT, true, TEXT_MAX, NULL},
    {"playbook", CASE_TEXT, false, 100, NULL},
    {"version", CASE_TEXT, false, 100, NULL},
    {"mandatory_steps", CASE_LIST, false, 100, NULL},
};
static const struct case_member action[] = {
    {"kind", CASE_CHOICE, true, 0, "step|waiver|address_confirmed|mute|unmute|callback"},
    {"by", CASE_CHOICE, false, 0, "customer|operator|provider"},
    {"step", CASE_OBJECT, false, 0, NULL},
    {"waiver", CASE_OBJECT, false, 0, NULL},
    {"address_confirmed", CASE_OBJECT, false, 0, NULL},
    {"mute", CASE_OBJECT, false, 0, NULL},
    {"callback", CASE_OBJECT, false, 0, NULL},
};
static const struct case_member assessment[] = {
    {"needed", CASE_CHOICE, true, 0, "yes|no"},
    {"reason", CASE_TEXT, false, TEXT_MAX, NULL},
    {"introduced", CASE_BOOLEAN, false, 0, NULL},
};
static const struct case_member consent[] = {
    {"document", CASE_TEXT, true, 100, NULL},       {"version", CASE_TEXT, true, 100, NULL},
    {"sha256", CASE_HASH, true, 0, NULL},           {"given_by", CASE_TEXT, true, NAME_MAX, NULL},
    {"capacity", CASE_TEXT, false, NAME_MAX, NULL}, {"channel", CASE_CHOICE, true, 0, CHANNELS},
    {"given_at", CASE_TIME, true, 0, NULL},         {"scopes", CASE_TEXTS, false, 40, NULL},
};
static const struct case_member withdrawal[] = {
    {"given_by", CASE_TEXT, true, NAME_MAX, NULL},
    {"channel", CASE_CHOICE, true, 0, CHANNELS},
    {"given_at", CASE_TIME, true, 0, NULL},
    {"reason", CASE_TEXT, false, TEXT_MAX, NULL},
};
static const struct case_member intention[] = {
    {"provider", CASE_TEXT, true, 100, NULL},
    {"given_by", CASE_TEXT, true, NAME_MAX, NULL},
    {"channel", CASE_CHOICE, true, 0, CHANNELS},
    {"given_at", CASE_TIME, true, 0, NULL},
};
static const struct case_member handover[] = {
    {"provider", CASE_TEXT, true, 100, NULL},
    {"confirmed_head", CASE_HASH, false, 0, NULL},
    {"extraction", CASE_TEXT, false, 100, NULL},
    {"files", CASE_TEXTS, false, 100, NULL},
};
static const struct case_member approval[] = {{"handover", CASE_UUID, true, 0, NULL}};
static const struct case_member reason[] = {{"reason", CASE_TEXT, true, TEXT_MAX, NULL}};
static const struct case_member upload[] = {
    {"upload", CASE_UUID, true, 0, NULL},
    {"name", CASE_TEXT, true, 255, NULL},
    {"kind", CASE_TEXT, false, 40, NULL},
    {"format", CASE_TEXT, false, 40, NULL},
    {"partition", CASE_INTEGER, true, 100000, NULL},
    {"first", CASE_INTEGER, true, INT64_MAX, NULL},
    {"last", CASE_INTEGER, true, INT64_MAX, NULL},
    {"chunks", CASE_INTEGER, true, 1000000, NULL},
    {"size", CASE_INTEGER, true, LIMIT_LOG_UPLOAD_BYTES, NULL},
    {"sha256", CASE_HASH, true, 0, NULL},
};
static const struct case_member extraction[] = {
    {"from", CASE_TIME, false, 0, NULL},          {"to", CASE_TIME, false, 0, NULL},
    {"devices", CASE_TEXTS, false, 200, NULL},    {"text", CASE_TEXT, false, 500, NULL},
    {"indicators", CASE_TEXTS, false, 500, NULL},
};
static const struct case_member reply[] = {
    {"handover", CASE_UUID, true, 0, NULL},
    {"head", CASE_HASH, false, 0, NULL},
    {"reply", CASE_HASH, true, 0, NULL},
    {"at", CASE_TIME, true, 0, NULL},
    {"reason", CASE_TEXT, false, TEXT_MAX, NULL},
    {"report", CASE_OBJECT, false, 0, NULL},
    {"proposals", CASE_LIST, false, LIMIT_PROPOSALS_PER_CASE, NULL},
};
static const struct case_member decision[] = {
    {"proposal", CASE_TEXT, true, 100, NULL},
    {"decision", CASE_CHOICE, true, 0, "agreed|refused"},
    {"after", CASE_TEXT, false, TEXT_MAX, NULL},
    {"given_by", CASE_TEXT, true, NAME_MAX, NULL},
    {"channel", CASE_CHOICE, true, 0, CHANNELS},
    {"given_at", CASE_TIME, true, 0, NULL},
};
static const struct case_member applied[] = {
    {"proposal", CASE_TEXT, true, 100, NULL},
    {"result", CASE_CHOICE, true, 0, "applied|failed|rolled_back"},
    {"note", CASE_TEXT, false, TEXT_MAX, NULL},
};
static const struct case_member note[] = {{"text", CASE_TEXT, true, TEXT_MAX, NULL}};
static const struct case_member closed[] = {
    {"outcome", CASE_CHOICE, true, 0, "resolved|handed_over|duplicate|no_incident|withdrawn"},
    {"reason", CASE_TEXT, false, TEXT_MAX, NULL},
    {"of", CASE_UUID, false, 0, NULL},
};

#define TYPE(name, table) {name, table, COUNT_OF(table)}
static const struct {
    const char *type;
    const struct case_member *members;
    size_t count;
} types[] = {
    TYPE("case.opened", opened),
    TYPE("hearing.amended", amended),
    TYPE("customer.identified", customer),
    TYPE("policy.decided", policy),
    TYPE("action.recorded", action),
    TYPE("assessment.recorded", assessment),
    TYPE("consent.recorded", consent),
    TYPE("consent.withdrawn", withdrawal),
    TYPE("intention.expressed", intention),
    TYPE("intention.withdrawn", withdrawal),
    TYPE("handover.requested", handover),
    TYPE("handover.approved", approval),
    TYPE("handover.cancelled", reason),
    TYPE("logs.submitted", upload),
    TYPE("file.attached", upload),
    TYPE("extraction.requested", extraction),
    TYPE("provider.accepted", reply),
    TYPE("provider.declined", reply),
    TYPE("provider.reported", reply),
    TYPE("provider.deleted", reply),
    TYPE("proposal.decided", decision),
    TYPE("proposal.applied", applied),
    TYPE("note.added", note),
    TYPE("case.closed", closed),
    TYPE("case.reopened", reason),
};

const struct case_member *case_members(const char *type, size_t *ret_count)
{
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (strcmp(types[i].type, type) == 0) {
            *ret_count = types[i].count;
            return types[i].members;
        }
    return NULL;
}

/* --- checking ----------------------------------------------------------------------------------------------------------- */

static size_t count_characters(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += (*text & 0xc0) != 0x80;
    return count;
}

static bool is_text(const json_t *value, int64_t max)
{
    const char *text = json_string_value(value);
    if (!text || !*text || count_characters(text) > (size_t)max)
        return false;
    for (const char *at = text; *at; at++)
        if ((unsigned char)*at < 0x20 && *at != '\n' && *at != '\r' && *at != '\t')
            return false;
    return true;
}

static bool is_choice(const json_t *value, const char *choices)
{
    const char *text = json_string_value(value);
    size_t length = text ? strlen(text) : 0;
    for (const char *at = choices; length && *at; at += strcspn(at, "|"), at += *at == '|')
        if (strcspn(at, "|") == length && memcmp(at, text, length) == 0)
            return true;
    return false;
}

static bool are_texts(const json_t *value, int64_t max)
{
    if (!json_is_array(value) || json_array_size(value) > 100)
        return false;
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!is_text(json_array_get(value, i), max))
            return false;
    return true;
}

static bool is_time(const json_t *value)
{
    int64_t ignored;
    return json_is_string(value) &&
           clock_parse(json_string_value(value), json_string_length(value), &ignored);
}

static bool is_hash(const json_t *value)
{
    const char *text = json_string_value(value);
    return text && strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static bool is_customer(const json_t *value)
{
    const char *text = json_string_value(value);
    size_t length = text ? strlen(text) : 0;
    return length >= 1 && length <= 20 &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == length;
}

static bool fits(const json_t *value, const struct case_member *member)
{
    switch (member->kind) {
    case CASE_TEXT:
        return is_text(value, member->max);
    case CASE_TIME:
        return is_time(value);
    case CASE_CHOICE:
        return is_choice(value, member->choices);
    case CASE_TEXTS:
        return are_texts(value, member->max);
    case CASE_OBJECT:
        return json_is_object(value);
    case CASE_LIST:
        return json_is_array(value) && json_array_size(value) <= (size_t)member->max;
    case CASE_INTEGER:
        return json_is_integer(value) && json_integer_value(value) >= 0 &&
               json_integer_value(value) <= member->max;
    case CASE_BOOLEAN:
        return json_is_boolean(value);
    case CASE_UUID:
        return json_is_string(value) && ids_is_uuid(json_string_value(value));
    case CASE_HASH:
        return is_hash(value);
    case CASE_CUSTOMER:
        return is_customer(value);
    }
    return false;
}

static void expected(const struct case_member *member, char *text, size_t size)
{
    static const char *const kinds[] = {[CASE_TIME] = "an RFC 3339 time with offset",
                                        [CASE_OBJECT] = "an object",
                                        [CASE_BOOLEAN] = "true or false",
                                        [CASE_UUID] = "a UUID in lower case",
                                        [CASE_HASH] = "64 lower-case hex digits",
                                        [CASE_CUSTOMER] = "1 to 20 of A-Z, 0-9 and -"};
    switch (member->kind) {
    case CASE_TEXT:
        snprintf(text, size, "expected a text of 1 to %lld characters", (long long)member->max);
        return;
    case CASE_CHOICE:
        snprintf(text, size, "expected one of %s", member->choices);
        return;
    case CASE_TEXTS:
        snprintf(text, size, "expected a list of at most 100 texts of %lld characters",
                 (long long)member->max);
        return;
    case CASE_LIST:
        snprintf(text, size, "expected a list of at most %lld entries", (long long)member->max);
        return;
    case CASE_INTEGER:
        snprintf(text, size, "expected a whole number from 0 to %lld", (long long)member->max);
        return;
    case CASE_TIME:
    case CASE_OBJECT:
    case CASE_BOOLEAN:
    case CASE_UUID:
    case CASE_HASH:
    case CASE_CUSTOMER:
        snprintf(text, size, "expected %s", kinds[member->kind]);
    }
}

static bool refuse(struct case_verdict *verdict, const char *name, const char *text)
{
    verdict->refusal = CASE_MALFORMED;
    snprintf(verdict->pointer, sizeof verdict->pointer, "/%.100s", name);
    snprintf(verdict->why.text, sizeof verdict->why.text, "%s", text);
    return false;
}

static bool is_known(const char *name, const struct case_member *members, size_t count, bool common)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(members[i].name, name) == 0)
            return true;
    return common && (strcmp(name, "extends") == 0 || strcmp(name, "actor") == 0 ||
                      strcmp(name, "rules") == 0 || strcmp(name, "request") == 0);
}

bool case_check_members(const json_t *object, const struct case_member *members, size_t count,
                        bool common, struct case_verdict *ret_verdict)
{
    const char *name;
    const json_t *value;
    char text[160];
    json_object_foreach(
        (json_t *)(uintptr_t)object, name,
        value) if (!is_known(name, members, count, common)) return refuse(ret_verdict, name,
                                                                          "no such member");
    for (size_t i = 0; i < count; i++) {
        value = json_object_get(object, members[i].name);
        if (!value && members[i].required)
            return refuse(ret_verdict, members[i].name, "must be given");
        if (!value || fits(value, &members[i]))
            continue;
        expected(&members[i], text, sizeof text);
        return refuse(ret_verdict, members[i].name, text);
    }
    return true;
}
