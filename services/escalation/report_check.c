/* SPDX-License-Identifier: Apache-2.0 */
#include "services/escalation/report_check.h"

#include "common/desk/limits.h"
#include "common/event.h"

#include <string.h>

#define FORMAT "kakekomi report 1"
#define DOCUMENT "report.json"

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static bool is_text(const json_t *object, const char *name, const char *wanted)
{
    const char *text = text_of(object, name);
    return text && strcmp(text, wanted) == 0;
}

static bool is_number(const json_t *object, const char *name, size_t wanted)
{
    const json_t *value = json_object_get(object, name);
    return json_is_integer(value) && json_integer_value(value) == (json_int_t)wanted;
}

/* --- manifest --------------------------------------------------------------------------------------------------------------- */

static bool is_name(const char *name)
{
    size_t length = name ? strlen(name) : 0;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f || name[i] == '/' || name[i] == '\\')
            return false;
    return length > 0 && length <= 255;
}

static bool is_media_type(const char *type)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$&^_.+-/";
    const char *slash = type ? strchr(type, '/') : NULL;
    return slash && slash > type && slash[1] && !strchr(slash + 1, '/') && strlen(type) <= 100 &&
           strspn(type, allowed) == strlen(type);
}

static bool is_item(const json_t *item, size_t first, size_t of)
{
    json_int_t length = json_integer_value(json_object_get(item, "length"));
    json_int_t parts = json_integer_value(json_object_get(item, "parts"));
    const char *sha256 = text_of(item, "sha256");
    return json_object_size(item) == 6 && is_name(text_of(item, "name")) &&
           is_media_type(text_of(item, "media_type")) && sha256 && strlen(sha256) == 64 &&
           length >= 0 && length <= LIMIT_REPORT_BYTES && is_number(item, "first_part", first) &&
           parts >= (length > 0) && parts <= (json_int_t)(of - first);
}

/* Items follow one another from part 1 without gaps, to the last part. */
static enum verdict check_items(const json_t *items, size_t of, struct why *why)
{
    size_t next = 1, count = json_array_size(items);
    json_int_t length = 0;
    if (count < 1 || count > LIMIT_REPORT_ITEMS)
        return reject(why, "manifest: /items: expected 1 to %d entries", LIMIT_REPORT_ITEMS);
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(items, i);
        if (!is_item(item, next, of))
            return reject(why,
                          "manifest: /items/%zu: expected name, media_type, length, sha256, "
                          "first_part %zu and parts",
                          i, next);
        length += json_integer_value(json_object_get(item, "length"));
        next += (size_t)json_integer_value(json_object_get(item, "parts"));
    }
    if (next != of)
        return reject(why, "manifest: /items: not all parts belong to an item");
    if (!is_text(json_array_get(items, 0), "name", DOCUMENT) ||
        json_integer_value(json_object_get(json_array_get(items, 0), "length")) >
            LIMIT_REPORT_DOCUMENT_BYTES)
        return reject(why, "manifest: /items/0: expected " DOCUMENT " of at most %d bytes",
                      LIMIT_REPORT_DOCUMENT_BYTES);
    return length <= LIMIT_REPORT_BYTES
               ? VERDICT_OK
               : reject(why, "manifest: /items: more than %lld bytes in all", LIMIT_REPORT_BYTES);
}

enum verdict report_check_manifest(struct bytes clear, const char *handover, size_t parts,
                                   json_t **ret_items, struct why *why)
{
    json_auto_t *manifest = NULL;
    struct why inner = {0};
    if (event_parse_json(clear.data, clear.length, &manifest, &inner) != VERDICT_OK)
        return reject(why, "manifest: %.160s", inner.text);
    if (!is_text(manifest, "format", FORMAT) || !is_text(manifest, "handover", handover))
        return reject(why, "manifest: expected format \"" FORMAT "\" and the hand-over");
    json_t *items = json_object_get(manifest, "items");
    enum verdict verdict = check_items(items, parts, why);
    if (verdict == VERDICT_OK)
        *ret_items = json_incref(items);
    return verdict;
}

/* --- document ----------------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    size_t most;
    const char *members[3]; /* texts of an entry; the first is needed */
    bool texts;             /* an entry may be a bare text */
} lists[] = {
    {"findings", 200, {"title", "text", NULL}, true},
    {"recommendations", 100, {"kind", "target", "reason"}, false},
    {"indicators", 1000, {"type", "value", NULL}, false},
};

static bool is_short(const json_t *value)
{
    return json_is_string(value) && json_string_length(value) <= 16000;
}

static bool is_entry(const json_t *entry, const char *const members[3], bool texts)
{
    if (json_is_string(entry))
        return texts && is_short(entry);
    for (size_t i = 0; i < 3 && members[i]; i++) {
        const json_t *value = json_object_get(entry, members[i]);
        if (value ? !is_short(value) : i == 0)
            return false;
    }
    return json_is_object(entry);
}

static enum verdict check_document(const json_t *document, struct why *why)
{
    if (!json_is_object(document))
        return reject(why, DOCUMENT ": expected an object");
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        const json_t *list = json_object_get(document, lists[i].name);
        if (!json_is_array(list) || json_array_size(list) > lists[i].most)
            return reject(why, DOCUMENT ": /%s: expected a list of at most %zu", lists[i].name,
                          lists[i].most);
        for (size_t k = 0; k < json_array_size(list); k++)
            if (!is_entry(json_array_get(list, k), lists[i].members, lists[i].texts))
                return reject(why, DOCUMENT ": /%s/%zu: not as PROVIDER.md has it", lists[i].name,
                              k);
    }
    return VERDICT_OK;
}

enum verdict report_check_document(struct bytes clear, json_t **ret_document, struct why *why)
{
    json_auto_t *document = NULL;
    struct why inner = {0};
    if (clear.length > LIMIT_REPORT_DOCUMENT_BYTES)
        return reject(why, DOCUMENT ": larger than %d bytes", LIMIT_REPORT_DOCUMENT_BYTES);
    if (event_parse_json(clear.data, clear.length, &document, &inner) != VERDICT_OK)
        return reject(why, DOCUMENT ": %.160s", inner.text);
    enum verdict verdict = check_document(document, why);
    if (verdict == VERDICT_OK)
        *ret_document = json_incref(document);
    return verdict;
}
