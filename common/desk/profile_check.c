/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the members of a profile are right, one table per object. Files that it names are read in profile.c. */
#include "common/desk/profile_internal.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/desk/calendar.h"
#include "common/desk/hearing.h"

#define DOCUMENTS_MAX 20
#define CLOSURES_MAX 200

/* --- checks of single values; each is told where it stands --------------------------------------------------------- */

typedef enum verdict check_function(const json_t *value, const char *at, struct why *why);

struct member {
    const char *name;
    bool required;
    check_function *check;
};

enum verdict profile_wrong(struct why *why, const char *at, const char *expected)
{
    return reject(why, "%s: expected %s", *at ? at : "/", expected);
}

static const struct member *member_of(const struct member *members, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(members[i].name, name) == 0)
            return &members[i];
    return NULL;
}

/* Every member of the object is known and right, and none that is needed is missing. */
static enum verdict check_members(const json_t *object, const char *at,
                                  const struct member *members, size_t count, struct why *why)
{
    if (!json_is_object(object))
        return profile_wrong(why, at, "an object");
    for (void *i = json_object_iter((json_t *)(uintptr_t)object); i;
         i = json_object_iter_next((json_t *)(uintptr_t)object, i))
        if (!member_of(members, count, json_object_iter_key(i)))
            return reject(why, "%s/%s: not a member of the profile", at, json_object_iter_key(i));
    for (size_t i = 0; i < count; i++) {
        char here[256];
        const json_t *value = json_object_get(object, members[i].name);
        snprintf(here, sizeof here, "%s/%s", at, members[i].name);
        if (!value && members[i].required)
            return reject(why, "%s: missing", here);
        enum verdict verdict = value ? members[i].check(value, here, why) : VERDICT_OK;
        if (verdict != VERDICT_OK)
            return verdict;
    }
    return VERDICT_OK;
}

static enum verdict check_entries(const json_t *list, const char *at, size_t least, size_t most,
                                  check_function *check, struct why *why)
{
    if (!json_is_array(list) || json_array_size(list) < least || json_array_size(list) > most)
        return reject(why, "%s: expected a list of %zu to %zu entries", at, least, most);
    for (size_t i = 0; i < json_array_size(list); i++) {
        char here[180];
        snprintf(here, sizeof here, "%s/%zu", at, i);
        enum verdict verdict = check(json_array_get(list, i), here, why);
        if (verdict != VERDICT_OK)
            return verdict;
    }
    return VERDICT_OK;
}

bool profile_is_one_of(const json_t *value, const char *const *choices, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (json_is_string(value) && strcmp(json_string_value(value), choices[i]) == 0)
            return true;
    return false;
}

/* One line: it may end up in the head of a mail. */
static enum verdict check_line(const json_t *value, const char *at, struct why *why)
{
    const char *text = json_string_value(value);
    if (!text || !*text || json_string_length(value) > 600)
        return profile_wrong(why, at, "a text of 1 to 600 bytes");
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return profile_wrong(why, at, "a text without control characters");
    return VERDICT_OK;
}

static enum verdict check_id(const json_t *value, const char *at, struct why *why)
{
    const char *text = json_string_value(value);
    if (!text || !*text || strlen(text) > 64 ||
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") !=
            strlen(text))
        return profile_wrong(why, at, "1 to 64 characters of A-Z, a-z, 0-9, '.', '_' and '-'");
    return VERDICT_OK;
}

static enum verdict check_bilingual(const json_t *value, const char *at, struct why *why)
{
    static const struct member members[] = {{"ja", true, check_line}, {"en", true, check_line}};
    return check_members(value, at, members, COUNT_OF(members), why);
}

static enum verdict check_phone(const json_t *value, const char *at, struct why *why)
{
    char digits[16];
    if (!json_is_string(value) || check_line(value, at, NULL) != VERDICT_OK)
        return profile_wrong(why, at, "a telephone number");
    hearing_phone_digits(json_string_value(value), digits, sizeof digits);
    return *digits ? VERDICT_OK : profile_wrong(why, at, "a telephone number");
}

static enum verdict check_email(const json_t *value, const char *at, struct why *why)
{
    struct bytes text = {json_string_value(value), json_string_length(value)};
    return text.data && hearing_email_is_valid(text) ? VERDICT_OK
                                                     : profile_wrong(why, at, "an e-mail address");
}

static enum verdict check_url(const json_t *value, const char *at, struct why *why)
{
    const char *text = json_string_value(value);
    bool web = text && (strncmp(text, "https://", 8) == 0 || strncmp(text, "http://", 7) == 0);
    return web && !strchr(text, ' ') ? check_line(value, at, why)
                                     : profile_wrong(why, at, "an http or https address");
}

static enum verdict check_boolean(const json_t *value, const char *at, struct why *why)
{
    return json_is_boolean(value) ? VERDICT_OK : profile_wrong(why, at, "true or false");
}

static bool parse_time(const json_t *text, int64_t *ret_us)
{
    return json_is_string(text) &&
           clock_parse(json_string_value(text), json_string_length(text), ret_us);
}

static enum verdict check_time(const json_t *value, const char *at, struct why *why)
{
    int64_t time_us;
    return parse_time(value, &time_us) ? VERDICT_OK
                                       : profile_wrong(why, at, "a time with an offset (RFC 3339)");
}

/* --- hours -------------------------------------------------------------------------------------------------------- */

static enum verdict check_zone(const json_t *value, const char *at, struct why *why)
{
    static const char *const zones[] = {"Asia/Tokyo", "UTC"};
    return profile_is_one_of(value, zones, COUNT_OF(zones))
               ? VERDICT_OK
               : profile_wrong(why, at, "Asia/Tokyo or UTC");
}

static enum verdict check_holidays(const json_t *value, const char *at, struct why *why)
{
    static const char *const kinds[] = {"japan", "none"};
    return profile_is_one_of(value, kinds, COUNT_OF(kinds))
               ? VERDICT_OK
               : profile_wrong(why, at, "japan or none");
}

static enum verdict check_span(const json_t *value, const char *at, struct why *why)
{
    int from = calendar_minute_of_day(json_string_value(json_array_get(value, 0)));
    int to = calendar_minute_of_day(json_string_value(json_array_get(value, 1)));
    return json_array_size(value) == 2 && from >= 0 && to > from
               ? VERDICT_OK
               : profile_wrong(why, at, "[\"09:00\",\"17:00\"], the first before the second");
}

static enum verdict check_hours(const json_t *value, const char *at, struct why *why)
{
    static const struct member days[] = {
        {"mon", false, check_span}, {"tue", false, check_span}, {"wed", false, check_span},
        {"thu", false, check_span}, {"fri", false, check_span}, {"sat", false, check_span},
        {"sun", false, check_span},
    };
    if (json_is_object(value) && json_object_size(value) == 0)
        return profile_wrong(why, at, "at least one day");
    return check_members(value, at, days, COUNT_OF(days), why);
}

static enum verdict check_date(const json_t *value, const char *at, struct why *why)
{
    int64_t day;
    return calendar_parse_date(json_string_value(value), &day)
               ? VERDICT_OK
               : profile_wrong(why, at, "a date, 2026-12-29");
}

static enum verdict check_closure(const json_t *value, const char *at, struct why *why)
{
    static const struct member members[] = {{"from", true, check_date},
                                            {"to", true, check_date},
                                            {"ja", false, check_line},
                                            {"en", false, check_line}};
    enum verdict verdict = check_members(value, at, members, COUNT_OF(members), why);
    if (verdict != VERDICT_OK)
        return verdict;
    const char *from = json_string_value(json_object_get(value, "from"));
    return strcmp(from, json_string_value(json_object_get(value, "to"))) <= 0
               ? VERDICT_OK
               : profile_wrong(why, at, "\"to\" on or after \"from\"");
}

static enum verdict check_closures(const json_t *value, const char *at, struct why *why)
{
    return check_entries(value, at, 0, CLOSURES_MAX, check_closure, why);
}

/* --- the desk's own people --------------------------------------------------------------------------------------------- */

static enum verdict check_desk_days(const json_t *value, const char *at, struct why *why)
{
    json_int_t days = json_integer_value(value);
    return days >= 1 && days <= 60 ? VERDICT_OK : profile_wrong(why, at, "working days, 1 to 60");
}

static enum verdict check_notices(const json_t *value, const char *at, struct why *why)
{
    static const struct member members[] = {{"operator", false, check_email},
                                            {"supervisor", false, check_email},
                                            {"inactive_desk_days", false, check_desk_days}};
    return check_members(value, at, members, COUNT_OF(members), why);
}

/* --- provider and consent documents ------------------------------------------------------------------------------- */

static enum verdict check_approvals(const json_t *value, const char *at, struct why *why)
{
    json_int_t count = json_integer_value(value);
    return count == 1 || count == 2 ? VERDICT_OK : profile_wrong(why, at, "1 or 2");
}

static enum verdict check_reply_hours(const json_t *value, const char *at, struct why *why)
{
    double hours = json_number_value(value);
    return hours > 0 && hours <= 400
               ? VERDICT_OK
               : profile_wrong(why, at, "desk hours, more than 0 and at most 400");
}

static enum verdict check_purposes(const json_t *value, const char *at, struct why *why)
{
    return check_entries(value, at, 1, 20, check_id, why);
}

static enum verdict check_provider(const json_t *value, const char *at, struct why *why)
{
    static const struct member members[] = {
        {"id", true, check_id},
        {"name", true, check_bilingual},
        {"mail", false, check_email},
        {"phone", false, check_phone},
        {"jwks_file", true, check_line},
        {"desk_hours_to_reply", true, check_reply_hours},
        {"purposes", true, check_purposes},
    };
    return check_members(value, at, members, COUNT_OF(members), why);
}

static enum verdict check_hash(const json_t *value, const char *at, struct why *why)
{
    uint8_t hash[32];
    return json_is_string(value) && hex_decode(json_string_value(value), hash, sizeof hash)
               ? VERDICT_OK
               : profile_wrong(why, at, "a SHA-256 in 64 lower-case hex digits");
}

/* What a consent can be to, and the channels that suffice where a document does not say: whatever goes beyond the desk and the
 * provider it names needs writing (1-8). */
#define CHANNELS_MAX 3
static const char *const channels[CHANNELS_MAX] = {"paper", "web", "phone_read"};
static const struct scope {
    const char *name;
    size_t sufficient; /* so many of the above */
    bool in_writing;   /* and never more */
} scopes[] = {
    {"desk", 3, false},
    {"provision", 3, false},
    {"report", 3, false},
    {"authorities", 2, true},
};

static const struct scope *scope_of(const char *name)
{
    for (size_t i = 0; name && i < COUNT_OF(scopes); i++)
        if (strcmp(scopes[i].name, name) == 0)
            return &scopes[i];
    return NULL;
}

static bool contains(const json_t *list, const char *text)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(json_string_value(json_array_get(list, i)), text) == 0)
            return true;
    return false;
}

bool profile_channel_suffices(const json_t *document, const char *scope, const char *channel)
{
    const json_t *own = json_object_get(json_object_get(document, "channels"), scope);
    const struct scope *known = scope_of(scope);
    if (!known || !channel)
        return false;
    for (size_t i = 0; i < known->sufficient; i++)
        if (strcmp(channels[i], channel) == 0)
            return !own || contains(own, channel);
    return false;
}

void profile_set_channels(json_t *document)
{
    const json_t *list = json_object_get(document, "scopes");
    json_t *table = json_object();
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *scope = json_string_value(json_array_get(list, i));
        json_t *sufficient = json_array();
        for (size_t k = 0; k < CHANNELS_MAX; k++)
            if (profile_channel_suffices(document, scope, channels[k]))
                json_array_append_new(sufficient, json_string(channels[k]));
        json_object_set_new(table, scope, sufficient);
    }
    json_object_set_new(document, "channels", table);
}

static enum verdict check_scope(const json_t *value, const char *at, struct why *why)
{
    return scope_of(json_string_value(value))
               ? VERDICT_OK
               : profile_wrong(why, at, "desk, provision, report or authorities");
}

static enum verdict check_scopes(const json_t *value, const char *at, struct why *why)
{
    return check_entries(value, at, 1, COUNT_OF(scopes), check_scope, why);
}

static enum verdict check_channel(const json_t *value, const char *at, struct why *why)
{
    return profile_is_one_of(value, channels, CHANNELS_MAX)
               ? VERDICT_OK
               : profile_wrong(why, at, "phone_read, paper or web");
}

static enum verdict check_any_channels(const json_t *value, const char *at, struct why *why)
{
    return check_entries(value, at, 1, CHANNELS_MAX, check_channel, why);
}

static enum verdict check_written_channel(const json_t *value, const char *at, struct why *why)
{
    return check_channel(value, at, why) == VERDICT_OK &&
                   strcmp(json_string_value(value), "phone_read") != 0
               ? VERDICT_OK
               : profile_wrong(why, at, "paper or web: this scope needs writing (1-8)");
}

static enum verdict check_written_channels(const json_t *value, const char *at, struct why *why)
{
    return check_entries(value, at, 1, CHANNELS_MAX - 1, check_written_channel, why);
}

static enum verdict check_channels(const json_t *value, const char *at, struct why *why)
{
    struct member members[COUNT_OF(scopes)];
    for (size_t i = 0; i < COUNT_OF(scopes); i++)
        members[i] =
            (struct member){scopes[i].name, false,
                            scopes[i].in_writing ? check_written_channels : check_any_channels};
    return check_members(value, at, members, COUNT_OF(members), why);
}

/* Index of the first entry that the list does not have; the size of `entries`: none. */
static size_t first_outside(const json_t *entries, const json_t *list)
{
    size_t i = 0;
    while (i < json_array_size(entries) &&
           contains(list, json_string_value(json_array_get(entries, i))))
        i++;
    return i;
}

bool profile_was_valid(const json_t *document, const char *time)
{
    const json_t *valid_from = json_object_get(document, "valid_from"),
                 *valid_until = json_object_get(document, "valid_until");
    int64_t at, from = INT64_MIN, until = INT64_MAX;
    return time && clock_parse(time, strlen(time), &at) &&
           (!valid_from || parse_time(valid_from, &from)) &&
           (!valid_until || parse_time(valid_until, &until)) && at >= from && at < until;
}

static enum verdict check_document_together(const json_t *document, const char *at, struct why *why)
{
    const json_t *its_scopes = json_object_get(document, "scopes"),
                 *required = json_object_get(document, "required"), *ignored;
    const char *scope;
    if (first_outside(required, its_scopes) < json_array_size(required))
        return profile_wrong(why, at, "\"required\" to be among \"scopes\"");
    json_object_foreach((json_t *)(uintptr_t)json_object_get(document, "channels"), scope, ignored)
    {
        if (!contains(its_scopes, scope))
            return reject(why, "%s/channels/%s: not one of the document's scopes", at, scope);
    }
    const char *from = json_string_value(json_object_get(document, "valid_from"));
    if (from && !profile_was_valid(document, from))
        return reject(why, "%s/valid_until: expected a time after \"valid_from\"", at);
    return VERDICT_OK;
}

static enum verdict check_document(const json_t *value, const char *at, struct why *why)
{
    static const struct member members[] = {
        {"id", true, check_id},
        {"version", true, check_id},
        {"provider", true, check_id},
        {"text_file", true, check_line},
        {"sha256", true, check_hash},
        {"scopes", true, check_scopes},
        {"required", true, check_scopes},
        {"channels", false, check_channels},
        {"purposes", false, check_purposes},
        {"accepted", false, check_boolean},
        {"valid_from", false, check_time},
        {"valid_until", false, check_time},
    };
    enum verdict verdict = check_members(value, at, members, COUNT_OF(members), why);
    return verdict == VERDICT_OK ? check_document_together(value, at, why) : verdict;
}

static enum verdict check_documents(const json_t *value, const char *at, struct why *why)
{
    return check_entries(value, at, 1, DOCUMENTS_MAX, check_document, why);
}

const json_t *profile_find_document(const json_t *profile, const char *id, const char *version)
{
    size_t index;
    const json_t *document;
    json_array_foreach(json_object_get(profile, "consent_documents"), index, document)
    {
        if (strcmp(json_string_value(json_object_get(document, "id")), id) == 0 &&
            strcmp(json_string_value(json_object_get(document, "version")), version) == 0)
            return document;
    }
    return NULL;
}

/* The provider may do with what it gets what the customer agrees to, and nothing else (1-7). */
static enum verdict check_covered(const json_t *provider, const json_t *current, struct why *why)
{
    const json_t *purposes = json_object_get(provider, "purposes"),
                 *covered = json_object_get(current, "purposes");
    size_t outside = first_outside(purposes, covered);
    return !covered || outside == json_array_size(purposes)
               ? VERDICT_OK
               : reject(why,
                        "/provider/purposes/%zu: expected one of the purposes of the current "
                        "consent document",
                        outside);
}

/* What only the whole can tell: a document is named once, and the current one names the desk's provider and its purposes. */
static enum verdict check_together(const json_t *profile, struct why *why)
{
    const json_t *documents = json_object_get(profile, "consent_documents"), *document;
    size_t index;
    json_array_foreach(documents, index, document)
    {
        const char *id = json_string_value(json_object_get(document, "id"));
        if (profile_find_document(
                profile, id, json_string_value(json_object_get(document, "version"))) != document)
            return reject(why, "/consent_documents/%zu: id and version stand twice", index);
        if (index > 0 && !json_object_get(document, "purposes"))
            return reject(why, "/consent_documents/%zu/purposes: missing", index);
    }
    const json_t *current = json_array_get(documents, 0),
                 *provider = json_object_get(profile, "provider");
    if (!json_equal(json_object_get(current, "provider"), json_object_get(provider, "id")))
        return profile_wrong(why, "/consent_documents/0/provider", "the provider of the desk");
    return check_covered(provider, current, why);
}

enum verdict profile_check(const json_t *profile, struct why *why)
{
    static const struct member members[] = {
        {"name", true, check_bilingual},
        {"phone", true, check_phone},
        {"mail_from", true, check_email},
        {"url", true, check_url},
        {"time_zone", true, check_zone},
        {"hours", true, check_hours},
        {"closures", false, check_closures},
        {"public_holidays", false, check_holidays},
        {"holidays_file", false, check_line},
        {"notices", false, check_notices},
        {"approvals", false, check_approvals},
        {"provider", true, check_provider},
        {"consent_documents", true, check_documents},
    };
    enum verdict verdict = check_members(profile, "", members, COUNT_OF(members), why);
    return verdict == VERDICT_OK ? check_together(profile, why) : verdict;
}
