/* SPDX-License-Identifier: Apache-2.0 */
#include "common/desk/profile_internal.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/desk/calendar.h"
#include "common/event.h"
#include "common/ids.h"

#define FILE_BYTES_MAX 1048576
#define TEXT_BYTES_MAX 65536

struct profile {
    atomic_int references;
    json_t *json;
};

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
        return profile_wrong(why, at, "a text in UTF-8");
    json_object_set_new(document, "text", json);
    if (!json_object_get(document, "accepted"))
        json_object_set_new(document, "accepted", json_true());
    profile_set_channels(document);
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
           profile_is_one_of(json_object_get(key, "use"), uses, COUNT_OF(uses));
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
            return profile_wrong(why, at, "public EC P-256 keys with kid and use (sig or enc)");
    if (!has_use(keys, "sig") || !has_use(keys, "enc"))
        return profile_wrong(why, at, "a key for signatures and one for encryption");
    json_object_set(provider, "jwks", jwks);
    return VERDICT_OK;
}

/* "2026/1/1,…", as the Cabinet Office publishes them, or "2026-01-01,…"; what follows the date may be in any charset. */
static bool read_holiday(const char *line, json_t *days, int *ret_year)
{
    int month, day, length = 0;
    char date[40];
    int64_t ignored;
    if (sscanf(line, "%4d%*1[-/]%2d%*1[-/]%2d%n", ret_year, &month, &day, &length) != 3 ||
        !length ||
        (line[length] != ',' && line[length] != '\r' && line[length] != '\n' && line[length]))
        return false;
    snprintf(date, sizeof date, "%04d-%02d-%02d", *ret_year, month, day);
    if (!calendar_parse_date(date, &ignored))
        return false;
    json_object_set_new(days, date, json_true());
    return true;
}

/* A line of headings may come first. The table covers whole years, from that of its first day to that of its last. */
static enum verdict read_holidays(json_t *profile, const char *path, struct why *why)
{
    static const char at[] = "/holidays_file";
    const char *file = json_string_value(json_object_get(profile, "holidays_file"));
    CLEANUP(mem_free) char *text = NULL;
    size_t length, number = 0;
    int from = INT_MAX, to = 0, year;
    if (!file)
        return VERDICT_OK;
    if (read_beside(path, file, TEXT_BYTES_MAX, at, &text, &length, why) != VERDICT_OK)
        return VERDICT_REJECT;
    json_t *days = json_object();
    json_object_set_new(profile, "holidays", json_pack("{s:o}", "days", days));
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        number++;
        if (!read_holiday(line, days, &year)) {
            if (number > 1 && *line != '\n' && *line != '\r')
                return reject(why, "%s: line %zu: expected a date, 2026/1/1, and a comma", at,
                              number);
            continue;
        }
        from = year < from ? year : from;
        to = year > to ? year : to;
    }
    if (!to)
        return profile_wrong(why, at, "a day a line");
    json_object_set_new(json_object_get(profile, "holidays"), "from", json_integer(from));
    json_object_set_new(json_object_get(profile, "holidays"), "to", json_integer(to));
    return VERDICT_OK;
}

static enum verdict read_files(json_t *profile, const char *path, struct why *why)
{
    enum verdict verdict = read_keys(json_object_get(profile, "provider"), path, why);
    if (verdict == VERDICT_OK)
        verdict = read_holidays(profile, path, why);
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
    if (!json_object_get(profile, "notices"))
        json_object_set_new(profile, "notices", json_object());
    json_auto_t *clocks = json_pack("{s:i}", "inactive_desk_days", 2);
    json_object_update_missing(json_object_get(profile, "notices"), clocks);
    json_t *current = json_array_get(json_object_get(profile, "consent_documents"), 0);
    if (!json_object_get(current, "purposes"))
        json_object_set(current, "purposes",
                        json_object_get(json_object_get(profile, "provider"), "purposes"));
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
        verdict = profile_check(json, why);
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

const json_t *profile_recipient_key(const json_t *provider)
{
    const json_t *keys = json_object_get(json_object_get(provider, "jwks"), "keys");
    for (size_t i = 0; i < json_array_size(keys); i++) {
        const json_t *key = json_array_get(keys, i);
        const char *use = json_string_value(json_object_get(key, "use"));
        if (use && strcmp(use, "enc") == 0)
            return key;
    }
    return NULL;
}

int profile_approvals(const struct profile *profile)
{
    return (int)json_integer_value(json_object_get(profile->json, "approvals"));
}

const json_t *profile_consent_document(const struct profile *profile, const char *id,
                                       const char *version)
{
    return profile_find_document(profile->json, id, version);
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
