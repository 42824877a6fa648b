/* SPDX-License-Identifier: Apache-2.0 */
#include "common/desk/profile.h"

#include <assert.h>
#include <errno.h>
#include <libgen.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/desk/calendar.h"
#include "common/desk/hearing.h"
#include "common/event.h"
#include "common/ids.h"

#define FILE_BYTES_MAX (1024 * 1024)
#define TEXT_BYTES_MAX (64 * 1024)
#define DOCUMENTS_MAX 20
#define CLOSURES_MAX 200

struct profile {
    atomic_int references;
    json_t *json;
};

/* --- checks of single values; each is told where it stands --------------------------------------------------------- */

typedef enum verdict check_function(const json_t *value, const char *at, struct why *why);

struct member {
    const char *name;
    bool required;
    check_function *check;
};

static enum verdict wrong(struct why *why, const char *at, const char *expected)
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
        return wrong(why, at, "an object");
    for (void *i = json_object_iter((json_t *)(uintptr_t)object); i;
         i = json_object_iter_next((json_t *)(uintptr_t)object, i))
        if (!member_of(members, count, json_object_iter_key(i)))
            return reject(why, "%s/%s: not a member of the profile", at, json_object_iter_key(i));
    for (size_t i = 0; i < count; i++) {
        char here[160];
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

static bool is_one_of(const json_t *value, const char *const *choices, size_t count)
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
        return wrong(why, at, "a text of 1 to 600 bytes");
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return wrong(why, at, "a text without control characters");
    return VERDICT_OK;
}

static enum verdict check_id(const json_t *value, const char *at, struct why *why)
{
    const char *text = json_string_value(value);
    if (!text || !*text || strlen(text) > 64 ||
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") !=
            strlen(text))
        return wrong(why, at, "1 to 64 characters of A-Z, a-z, 0-9, '.', '_' and '-'");
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
        return wrong(why, at, "a telephone number");
    hearing_phone_digits(json_string_value(value), digits, sizeof digits);
    return *digits ? VERDICT_OK : wrong(why, at, "a telephone number");
}

static enum verdict check_email(const json_t *value, const char *at, struct why *why)
{
    struct bytes text = {json_string_value(value), json_string_length(value)};
    return text.data && hearing_email_is_valid(text) ? VERDICT_OK
                                                     : wrong(why, at, "an e-mail address");
}

static enum verdict check_url(const json_t *value, const char *at, struct why *why)
{
    const char *text = json_string_value(value);
    bool web = text && (strncmp(text, "https://", 8) == 0 || strncmp(text, "http://", 7) == 0);
    return web && !strchr(text, ' ') ? check_line(value, at, why)
                                     : wrong(why, at, "an http or https address");
}

static enum verdict check_boolean(const json_t *value, const char *at, struct why *why)
{
    return json_is_boolean(value) ? VERDICT_OK : wrong(why, at, "true or false");
}

static enum verdict check_time(const json_t *value, const char *at, struct why *why)
{
    int64_t time_us;
    return json_is_string(value) &&
                   clock_parse(json_string_value(value), json_string_length(value), &time_us)
               ? VERDICT_OK
               : wrong(why, at, "a time with an offset (RFC 3339)");
}

/* --- hours -------------------------------------------------------------------------------------------------------- */

static enum verdict check_zone(const json_t *value, const char *at, struct why *why)
{
    static const char *const zones[] = {"Asia/Tokyo", "UTC"};
    return is_one_of(value, zones, COUNT_OF(zones)) ? VERDICT_OK
                                                    : wrong(why, at, "Asia/Tokyo or UTC");
}

static enum verdict check_holidays(const json_t *value, const char *at, struct why *why)
{
    static const char *const kinds[] = {"japan", "none"};
    return is_one_of(value, kinds, COUNT_OF(kinds)) ? VERDICT_OK : wrong(why, at, "japan or none");
}

static enum verdict check_span(const json_t *value, const char *at, struct why *why)
{
    int from = calendar_minute_of_day(json_string_value(json_array_get(value, 0)));
    int to = calendar_minute_of_day(json_string_value(json_array_get(value, 1)));
    return json_array_size(value) == 2 && from >= 0 && to > from
               ? VERDICT_OK
               : wrong(why, at, "[\"09:00\",\"17:00\"], the first before the second");
}

static enum verdict check_hours(const json_t *value, const char *at, struct why *why)
{
    static const struct member days[] = {
        {"mon", false, check_span}, {"tue", false, check_span}, {"wed", false, check_span},
        {"thu", false, check_span}, {"fri", false, check_span}, {"sat", false, check_span},
        {"sun", false, check_span},
    };
    if (json_is_object(value) && json_object_size(value) == 0)
        return wrong(why, at, "at least one day");
    return check_members(value, at, days, COUNT_OF(days), why);
}

static enum verdict check_date(const json_t *value, const char *at, struct why *why)
{
    int64_t day;
    return calendar_parse_date(json_string_value(value), &day)
               ? VERDICT_OK
               : wrong(why, at, "a date, 2026-12-29");
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
               : wrong(why, at, "\"to\" on or after \"from\"");
}

static enum verdict check_closures(const json_t *value, const char *at, struct why *why)
{
    return check_entries(value, at, 0, CLOSURES_MAX, check_closure, why);
}

/* --- provider and consent documents ------------------------------------------------------------------------------- */

static enum verdict check_approvals(const json_t *value, const char *at, struct why *why)
{
    json_int_t count = json_integer_value(value);
    return count == 1 || count == 2 ? VERDICT_OK : wrong(why, at, "1 or 2");
}

static enum verdict check_reply_hours(const json_t *value, const char *at, struct why *why)
{
    double hours = json_number_value(value);
    return hours > 0 && hours <= 400 ? VERDICT_OK
                                     : wrong(why, at, "desk hours, more than 0 and at most 400");
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
               : wrong(why, at, "a SHA-256 in 64 lower-case hex digits");
}

static enum verdict check_scope(const json_t *value, const char *at, struct why *why)
{
    static const char *const scopes[] = {"desk", "provision", "report", "authorities"};
    return is_one_of(value, scopes, COUNT_OF(scopes))
               ? VERDICT_OK
               : wrong(why, at, "desk, provision, report or authorities");
}

static enum verdict check_scopes(const json_t *value, const char *at, struct why *why)
{
    return check_entries(value, at, 1, 4, check_scope, why);
}

static bool contains(const json_t *list, const json_t *value)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_equal(json_array_get(list, i), value))
            return true;
    return false;
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
        {"accepted", false, check_boolean},
        {"valid_from", false, check_time},
        {"valid_until", false, check_time},
    };
    enum verdict verdict = check_members(value, at, members, COUNT_OF(members), why);
    if (verdict != VERDICT_OK)
        return verdict;
    const json_t *required = json_object_get(value, "required");
    for (size_t i = 0; i < json_array_size(required); i++)
        if (!contains(json_object_get(value, "scopes"), json_array_get(required, i)))
            return wrong(why, at, "\"required\" to be among \"scopes\"");
    return VERDICT_OK;
}

static enum verdict check_documents(const json_t *value, const char *at, struct why *why)
{
    return check_entries(value, at, 1, DOCUMENTS_MAX, check_document, why);
}

static const json_t *find_document(const json_t *profile, const char *id, const char *version)
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

/* What only the whole can tell: a document is named once, and the current one names the desk's provider. */
static enum verdict check_together(const json_t *profile, struct why *why)
{
    const json_t *documents = json_object_get(profile, "consent_documents"), *document;
    size_t index;
    json_array_foreach(documents, index, document)
    {
        const char *id = json_string_value(json_object_get(document, "id"));
        if (find_document(profile, id, json_string_value(json_object_get(document, "version"))) !=
            document)
            return reject(why, "/consent_documents/%zu: id and version stand twice", index);
    }
    return json_equal(json_object_get(json_array_get(documents, 0), "provider"),
                      json_object_get(json_object_get(profile, "provider"), "id"))
               ? VERDICT_OK
               : wrong(why, "/consent_documents/0/provider", "the provider of the desk");
}

static enum verdict check_profile(const json_t *profile, struct why *why)
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
        {"approvals", false, check_approvals},
        {"provider", true, check_provider},
        {"consent_documents", true, check_documents},
    };
    enum verdict verdict = check_members(profile, "", members, COUNT_OF(members), why);
    return verdict == VERDICT_OK ? check_together(profile, why) : verdict;
}

/* --- the files beside it ------------------------------------------------------------------------------------------ */

static enum verdict read_beside(const char *path, const char *file, size_t max, const char *at,
                                char **ret_text, size_t *ret_length, struct why *why)
{
    CLEANUP(mem_free) char *copy = mem_strdup(path);
    CLEANUP(mem_free)
    char *whole = *file == '/' ? mem_strdup(file) : mem_printf("%s/%s", dirname(copy), file);
    if (!file_read(whole, max, ret_text, ret_length))
        return reject(why, "%s: %s: %s", at, file, strerror(errno));
    return VERDICT_OK;
}

static enum verdict read_document(json_t *document, size_t index, const char *path, struct why *why)
{
    char at[64], sha256[IDS_SHA256_TEXT_SIZE];
    CLEANUP(mem_free) char *text = NULL;
    size_t length;
    snprintf(at, sizeof at, "/consent_documents/%zu/text_file", index);
    enum verdict verdict =
        read_beside(path, json_string_value(json_object_get(document, "text_file")), TEXT_BYTES_MAX,
                    at, &text, &length, why);
    if (verdict != VERDICT_OK)
        return verdict;
    ids_sha256_text(text, length, sha256);
    if (strcmp(sha256, json_string_value(json_object_get(document, "sha256"))) != 0)
        return reject(why, "/consent_documents/%zu/sha256: the text's is %s", index, sha256);
    json_t *json = memchr(text, '\0', length) ? NULL : json_stringn(text, length);
    if (!json)
        return wrong(why, at, "a text in UTF-8");
    json_object_set_new(document, "text", json);
    if (!json_object_get(document, "accepted"))
        json_object_set_new(document, "accepted", json_true());
    return VERDICT_OK;
}

static bool is_public_key(const json_t *key)
{
    static const char *const needed[] = {"kid", "x", "y"}, *const uses[] = {"sig", "enc"};
    for (size_t i = 0; i < COUNT_OF(needed); i++)
        if (!json_is_string(json_object_get(key, needed[i])))
            return false;
    const char *type = json_string_value(json_object_get(key, "kty"));
    const char *curve = json_string_value(json_object_get(key, "crv"));
    return type && strcmp(type, "EC") == 0 && curve && strcmp(curve, "P-256") == 0 &&
           !json_object_get(key, "d") &&
           is_one_of(json_object_get(key, "use"), uses, COUNT_OF(uses));
}

static bool has_use(const json_t *keys, const char *use)
{
    for (size_t i = 0; i < json_array_size(keys); i++)
        if (strcmp(json_string_value(json_object_get(json_array_get(keys, i), "use")), use) == 0)
            return true;
    return false;
}

static enum verdict read_keys(json_t *provider, const char *path, struct why *why)
{
    static const char at[] = "/provider/jwks_file";
    CLEANUP(mem_free) char *text = NULL;
    size_t length;
    json_auto_t *jwks = NULL;
    struct why inner;
    enum verdict verdict =
        read_beside(path, json_string_value(json_object_get(provider, "jwks_file")), TEXT_BYTES_MAX,
                    at, &text, &length, why);
    if (verdict != VERDICT_OK)
        return verdict;
    if (event_parse_json(text, length, &jwks, &inner) != VERDICT_OK)
        return reject(why, "%s: %.200s", at, inner.text);
    const json_t *keys = json_object_get(jwks, "keys");
    for (size_t i = 0; i < json_array_size(keys); i++)
        if (!is_public_key(json_array_get(keys, i)))
            return wrong(why, at, "public EC P-256 keys with kid and use (sig or enc)");
    if (!has_use(keys, "sig") || !has_use(keys, "enc"))
        return wrong(why, at, "a key for signatures and one for encryption");
    json_object_set(provider, "jwks", jwks);
    return VERDICT_OK;
}

static enum verdict read_files(json_t *profile, const char *path, struct why *why)
{
    enum verdict verdict = read_keys(json_object_get(profile, "provider"), path, why);
    size_t index;
    json_t *document;
    json_array_foreach(json_object_get(profile, "consent_documents"), index, document)
    {
        if (verdict == VERDICT_OK)
            verdict = read_document(document, index, path, why);
    }
    return verdict;
}

static void set_defaults(json_t *profile)
{
    json_auto_t *defaults =
        json_pack("{s:[],s:s,s:i}", "closures", "public_holidays", "japan", "approvals", 1);
    json_object_update_missing(profile, defaults);
}

/* --- loading ------------------------------------------------------------------------------------------------------ */

enum verdict profile_load(const char *path, struct profile **ret_profile, struct why *why)
{
    CLEANUP(mem_free) char *text = NULL;
    size_t length;
    json_auto_t *json = NULL;
    if (!file_read(path, FILE_BYTES_MAX, &text, &length))
        return reject(why, "%.150s: %s", path, strerror(errno));
    enum verdict verdict = event_parse_json(text, length, &json, why);
    if (verdict == VERDICT_OK)
        verdict = check_profile(json, why);
    if (verdict == VERDICT_OK)
        verdict = read_files(json, path, why);
    if (verdict != VERDICT_OK)
        return verdict;
    set_defaults(json);
    struct profile *profile = mem_alloc(sizeof *profile);
    atomic_init(&profile->references, 1);
    profile->json = TAKE(json);
    *ret_profile = profile;
    return VERDICT_OK;
}

struct profile *profile_hold(struct profile *profile)
{
    atomic_fetch_add(&profile->references, 1);
    return profile;
}

void profile_release(struct profile *profile)
{
    if (!profile || atomic_fetch_sub(&profile->references, 1) > 1)
        return;
    json_decref(profile->json);
    free(profile);
}

void profile_release_at(struct profile **profile)
{
    profile_release(*profile);
}

const json_t *profile_json(const struct profile *profile)
{
    return profile->json;
}

const char *profile_provider_id(const struct profile *profile)
{
    return json_string_value(json_object_get(json_object_get(profile->json, "provider"), "id"));
}

int profile_approvals(const struct profile *profile)
{
    return (int)json_integer_value(json_object_get(profile->json, "approvals"));
}

const json_t *profile_consent_document(const struct profile *profile, const char *id,
                                       const char *version)
{
    return find_document(profile->json, id, version);
}

/* --- the process's own -------------------------------------------------------------------------------------------- */

static pthread_mutex_t holder_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct profile *holder;

enum verdict profile_holder_load(const char *path, struct why *why)
{
    struct profile *fresh, *old;
    enum verdict verdict = profile_load(path, &fresh, why);
    if (verdict != VERDICT_OK)
        return verdict;
    pthread_mutex_lock(&holder_mutex);
    old = holder;
    holder = fresh;
    pthread_mutex_unlock(&holder_mutex);
    profile_release(old);
    return VERDICT_OK;
}

struct profile *profile_current(void)
{
    pthread_mutex_lock(&holder_mutex);
    struct profile *profile = holder ? profile_hold(holder) : NULL;
    pthread_mutex_unlock(&holder_mutex);
    return profile;
}
