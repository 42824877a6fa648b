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
#define STEP_KINDS "preserve|contain|clean|report"

static const struct case_member opened[] = {
    {"customer_id", CASE_CUSTOMER, false, 0, NULL},
    {"hearing", CASE_OBJECT, true, 0, NULL},
    {"out_of_hours", CASE_BOOLEAN, false, 0, NULL},
    {"request", CASE_OBJECT, false, 0, NULL},
};
static const struct case_member amended[] = {{"patch", CASE_OBJECT, true, 0, NULL}};
static const struct case_member customer[] = {{"customer_id", CASE_CUSTOMER, true, 0, NULL}};
static const struct case_member step[] = {
    {"playbook", CASE_TEXT, false, 100, NULL},
    {"version", CASE_TEXT, false, 100, NULL},
    {"step", CASE_TEXT, true, 100, NULL},
    {"kind_of_step", CASE_CHOICE, true, 0, STEP_KINDS},
};
static const struct case_member policy[] = {
    {"text", CASE_TEXT, true, TEXT_MAX, NULL},
    {"playbook", CASE_TEXT, false, 100, NULL},
    {"version", CASE_TEXT, false, 100, NULL},
    {"mandatory_steps", CASE_LIST, false, 100, "step"},
};
/* What a request says: what the table of playbooks knows is filled in from there. */
static const struct case_member policy_body[] = {
    {"text", CASE_TEXT, true, TEXT_MAX, NULL},
    {"playbook", CASE_TEXT, false, 100, NULL},
};
static const struct case_member step_body[] = {
    {"playbook", CASE_TEXT, false, 100, NULL},
    {"version", CASE_TEXT, false, 100, NULL},
    {"step", CASE_TEXT, true, 100, NULL},
    {"kind_of_step", CASE_CHOICE, false, 0, STEP_KINDS},
};
static const struct case_member waiver[] = {
    {"of", CASE_CHOICE, true, 0, "search|step|mandatory"},
    {"step", CASE_TEXT, false, 100, NULL},
    {"reason", CASE_TEXT, true, TEXT_MAX, NULL},
};
static const struct case_member address[] = {{"address", CASE_TEXT, true, 254, NULL}};
static const struct case_member mute[] = {{"reason", CASE_TEXT, true, TEXT_MAX, NULL}};
static const struct case_member callback[] = {
    {"due_at", CASE_TIME, false, 0, NULL},
    {"made", CASE_BOOLEAN, false, 0, NULL},
};
#define ACTION_MEMBERS(step_table)                                                                 \
    {"kind", CASE_CHOICE, true, 0, "step|waiver|address_confirmed|mute|unmute|callback"},          \
        {"by", CASE_CHOICE, false, 0, "customer|operator|provider"},                               \
        {"step", CASE_OBJECT, false, 0, step_table}, {"waiver", CASE_OBJECT, false, 0, "waiver"},  \
        {"address_confirmed", CASE_OBJECT, false, 0, "address"},                                   \
        {"mute", CASE_OBJECT, false, 0, "mute"}, {"callback", CASE_OBJECT, false, 0, "callback"}
static const struct case_member action[] = {ACTION_MEMBERS("step")};
static const struct case_member action_body[] = {ACTION_MEMBERS("step_body")};
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
#define REPLY_MEMBERS                                                                              \
    {"handover", CASE_UUID, true, 0, NULL}, {"head", CASE_HASH, false, 0, NULL},                   \
        {"reply", CASE_HASH, true, 0, NULL}, {"provider", CASE_TEXT, false, 100, NULL},            \
        {"kid", CASE_TEXT, false, 200, NULL}, {"at", CASE_TIME, true, 0, NULL},                    \
        {"jws", CASE_TEXT, false, LIMIT_WORD_BYTES, NULL},                                         \
        {"position", CASE_OBJECT, false, 0, "position"}
static const struct case_member position[] = {
    {"partition", CASE_INTEGER, true, 100000, NULL},
    {"offset", CASE_INTEGER, true, INT64_MAX, NULL},
};
static const struct case_member reply[] = {
    REPLY_MEMBERS,
    {"reason", CASE_TEXT, false, TEXT_MAX, NULL},
};
static const struct case_member place[] = {
    {"partition", CASE_INTEGER, true, 100000, NULL},
    {"offset", CASE_INTEGER, true, INT64_MAX, NULL},
    {"size", CASE_INTEGER, true, LIMIT_BODY_BYTES, NULL},
    {"sha256", CASE_HASH, true, 0, NULL},
};
static const struct case_member delivered[] = {
    REPLY_MEMBERS,
    {"parts", CASE_LIST, true, LIMIT_REPORT_PARTS, "place"},
};
static const struct case_member report_item[] = {
    {"name", CASE_TEXT, true, 255, NULL},
    {"media_type", CASE_TEXT, true, 100, NULL},
    {"length", CASE_INTEGER, true, LIMIT_REPORT_BYTES, NULL},
    {"sha256", CASE_HASH, true, 0, NULL},
    {"chunks", CASE_LIST, true, LIMIT_REPORT_PARTS, "place"},
};
static const struct case_member report[] = {
    {"items", CASE_LIST, true, LIMIT_REPORT_ITEMS, "report_item"},
    {"findings", CASE_INTEGER, false, 1000, NULL},
    {"recommendations", CASE_INTEGER, false, 1000, NULL},
    {"indicators", CASE_INTEGER, false, 1000, NULL},
};
static const struct case_member reported[] = {
    REPLY_MEMBERS,
    {"report", CASE_OBJECT, false, 0, "report"},
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
    TYPE("provider.delivered", delivered),
    TYPE("provider.reported", reported),
    TYPE("provider.deleted", reply),
    TYPE("proposal.decided", decision),
    TYPE("proposal.applied", applied),
    TYPE("note.added", note),
    TYPE("case.closed", closed),
    TYPE("case.reopened", reason),
    /* what stands inside others */
    TYPE("step", step),
    TYPE("step_body", step_body),
    TYPE("waiver", waiver),
    TYPE("address", address),
    TYPE("mute", mute),
    TYPE("callback", callback),
    TYPE("position", position),
    TYPE("place", place),
    TYPE("report", report),
    TYPE("report_item", report_item),
    /* what a request says instead of the event's own members */
    TYPE("policy_body", policy_body),
    TYPE("action_body", action_body),
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
           clock_parse_said(json_string_value(value), json_string_length(value), &ignored);
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

/* The JSON type is the right one; `fits` judges the rest. */
static bool is_of_kind(const json_t *value, enum case_member_kind kind)
{
    switch (kind) {
    case CASE_TEXTS:
    case CASE_LIST:
        return json_is_array(value);
    case CASE_OBJECT:
        return json_is_object(value);
    case CASE_INTEGER:
        return json_is_integer(value);
    case CASE_BOOLEAN:
        return json_is_boolean(value);
    case CASE_TEXT:
    case CASE_TIME:
    case CASE_CHOICE:
    case CASE_UUID:
    case CASE_HASH:
    case CASE_CUSTOMER:
        return json_is_string(value);
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

/* What is looked at, and who is told what is wrong with it. */
struct look {
    bool common; /* the chain's own members may stand beside the type's */
    bool (*found)(void *context, const char *pointer, const char *code, const char *message);
    void *context;
    char pointer[120];
};

static bool found(struct look *look, const char *code, const char *message)
{
    return look->found(look->context, look->pointer, code, message);
}

/* Appends "/name" as RFC 6901 has it, cut between two characters where there is no room; what to cut back to. */
static size_t enter(struct look *look, const char *name)
{
    size_t before = strlen(look->pointer), length = before, size = sizeof look->pointer;
    look->pointer[length++] = '/';
    for (; *name && length + 5 < size; name++) {
        if ((*name & 0xc0) == 0xc0 && length + 9 >= size)
            break;
        if (*name == '~' || *name == '/')
            look->pointer[length++] = '~';
        look->pointer[length++] = *name == '~' ? '0' : *name;
        if (*name == '/')
            look->pointer[length - 1] = '1';
    }
    look->pointer[length] = '\0';
    return before;
}

static void leave(struct look *look, size_t before)
{
    look->pointer[before] = '\0';
}

static const struct case_member *find_member(const char *name, const struct case_member *members,
                                             size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(members[i].name, name) == 0)
            return &members[i];
    return NULL;
}

static bool is_common(const char *name)
{
    return strcmp(name, "extends") == 0 || strcmp(name, "actor") == 0 ||
           strcmp(name, "rules") == 0 || strcmp(name, "request") == 0;
}

static bool look_at(struct look *look, const json_t *object, const struct case_member *members,
                    size_t count);

/* An object of a named shape inside another one. */
static bool look_inside(struct look *look, const json_t *value, const char *shape)
{
    size_t count;
    const struct case_member *members = case_members(shape, &count);
    if (!json_is_object(value))
        return found(look, "type", "expected an object");
    bool common = look->common;
    look->common = false;
    bool on = look_at(look, value, members, count);
    look->common = common;
    return on;
}

static bool look_at_entries(struct look *look, const json_t *list, const char *shape)
{
    bool on = true;
    for (size_t i = 0; i < json_array_size(list) && on; i++) {
        char index[24];
        snprintf(index, sizeof index, "%zu", i);
        size_t before = enter(look, index);
        on = look_inside(look, json_array_get(list, i), shape);
        leave(look, before);
    }
    return on;
}

static bool look_at_value(struct look *look, const json_t *value, const struct case_member *member)
{
    char text[160];
    expected(member, text, sizeof text);
    if (!value)
        return !member->required || found(look, "required", "must be given");
    if (!is_of_kind(value, member->kind))
        return found(look, "type", text);
    if (!fits(value, member))
        return found(look, member->kind == CASE_CHOICE ? "choice" : "format", text);
    if (member->kind == CASE_OBJECT && member->choices)
        return look_inside(look, value, member->choices);
    if (member->kind == CASE_LIST && member->choices)
        return look_at_entries(look, value, member->choices);
    return true;
}

/* False once nobody wants to hear more. */
static bool look_at(struct look *look, const json_t *object, const struct case_member *members,
                    size_t count)
{
    const char *name;
    const json_t *value;
    bool on = true;
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        if (find_member(name, members, count) || (look->common && is_common(name)))
            continue;
        size_t before = enter(look, name);
        on = on && found(look, "unknown_field", "no such member");
        leave(look, before);
    }
    for (size_t i = 0; i < count && on; i++) {
        size_t before = enter(look, members[i].name);
        on = look_at_value(look, json_object_get(object, members[i].name), &members[i]);
        leave(look, before);
    }
    return on;
}

static bool keep_first(void *context, const char *pointer, const char *code, const char *message)
{
    struct case_verdict *verdict = context;
    (void)code;
    verdict->refusal = CASE_MALFORMED;
    snprintf(verdict->pointer, sizeof verdict->pointer, "%s", pointer);
    snprintf(verdict->why.text, sizeof verdict->why.text, "%s", message);
    return false;
}

bool case_check_members(const json_t *object, const struct case_member *members, size_t count,
                        bool common, struct case_verdict *ret_verdict)
{
    struct look look = {.common = common, .found = keep_first, .context = ret_verdict};
    return look_at(&look, object, members, count);
}

static bool keep_each(void *context, const char *pointer, const char *code, const char *message)
{
    json_array_append_new(context, json_pack("{s:s, s:s, s:s}", "pointer", pointer, "code", code,
                                             "message", message));
    return json_array_size(context) < CASE_ERRORS_MAX;
}

json_t *case_list_errors(const json_t *object, const struct case_member *members, size_t count)
{
    json_t *errors = json_array();
    struct look look = {.found = keep_each, .context = errors};
    look_at(&look, object, members, count);
    return errors;
}
