/* SPDX-License-Identifier: Apache-2.0 */
#include "services/escalation/report_open.h"

#include "common/clock.h"
#include "common/desk/limits.h"
#include "common/desk/topics.h"
#include "common/ids.h"
#include "common/log.h"
#include "services/escalation/report_check.h"
#include "services/escalation/service.h"

#include <stdio.h>
#include <string.h>

#define FETCH_WITHIN_MS 5000
#define STEP_BYTES_MAX (3 * 1024 * 1024)

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static bool is_text(const json_t *object, const char *name, const char *wanted)
{
    const char *text = text_of(object, name);
    return text && strcmp(text, wanted) == 0;
}

/* --- parts ------------------------------------------------------------------------------------------------------------------ */

static void take_bytes(void *context, const struct kafka_record *record)
{
    buf_add(context, record->value.data, record->value.length);
}

static enum verdict fetch(const json_t *place, struct buf *out, struct why *why)
{
    struct kafka_position at = {
        .partition = (int32_t)json_integer_value(json_object_get(place, "partition")),
        .offset = json_integer_value(json_object_get(place, "offset"))};
    char hash[IDS_SHA256_TEXT_SIZE];
    enum verdict verdict =
        kafka_reader_fetch(escalation.replies, topics_full_name("provider-replies"), at, take_bytes,
                           out, clock_monotonic_ms() + FETCH_WITHIN_MS, why);
    if (verdict != VERDICT_OK)
        return verdict;
    ids_sha256_text(out->data, out->length, hash);
    return is_text(place, "sha256", hash) &&
                   (json_int_t)out->length == json_integer_value(json_object_get(place, "size"))
               ? VERDICT_OK
               : reject(why, "its bytes are not what was named");
}

static bool is_number(const json_t *header, const char *name, size_t wanted)
{
    const json_t *value = json_object_get(header, name);
    return json_is_integer(value) && json_integer_value(value) == (json_int_t)wanted;
}

/* The clear bytes of part k, which says of itself that it is this part of this hand-over's report. */
static enum verdict open_part(const struct work *work, size_t part, struct buf *ret_clear,
                              struct why *why)
{
    const json_t *delivered = json_object_get(work->parameters, "delivered"),
                 *parts = json_object_get(delivered, "parts");
    CLEANUP(buf_free) struct buf sealed;
    json_auto_t *header = NULL;
    struct why inner = {0};
    buf_init(&sealed, KAFKA_RECORD_BYTES_MAX);
    buf_clear(ret_clear);
    enum verdict verdict = fetch(json_array_get(parts, part), &sealed, &inner);
    if (verdict == VERDICT_OK)
        verdict = sealing_open(&escalation.keys,
                               (struct bytes){.data = sealed.data, .length = sealed.length},
                               ret_clear, &header, &inner);
    if (verdict == VERDICT_OK &&
        (!is_text(header, "handover", text_of(delivered, "handover")) ||
         !is_number(header, "part", part) || !is_number(header, "of", json_array_size(parts))))
        verdict = reject(&inner, "it says that it is another one");
    if (verdict == VERDICT_REJECT)
        return reject(why, "/parts/%zu: %.160s", part, inner.text);
    if (verdict != VERDICT_OK)
        *why = inner;
    return verdict;
}

/* --- what is inside -------------------------------------------------------------------------------------------------------- */

static enum verdict read_manifest(const struct work *work, json_t **ret_items, struct why *why)
{
    const json_t *delivered = json_object_get(work->parameters, "delivered");
    CLEANUP(buf_free) struct buf clear;
    buf_init(&clear, REPORT_MANIFEST_BYTES_MAX);
    enum verdict verdict = open_part(work, 0, &clear, why);
    return verdict == VERDICT_OK
               ? report_check_manifest((struct bytes){.data = clear.data, .length = clear.length},
                                       text_of(delivered, "handover"),
                                       json_array_size(json_object_get(delivered, "parts")),
                                       ret_items, why)
               : verdict;
}

static enum verdict read_document(const struct work *work, const json_t *items,
                                  json_t **ret_document, struct why *why)
{
    const json_t *item = json_array_get(items, 0);
    size_t parts = (size_t)json_integer_value(json_object_get(item, "parts"));
    CLEANUP(buf_free) struct buf text;
    CLEANUP(buf_free) struct buf clear;
    buf_init(&text, LIMIT_REPORT_DOCUMENT_BYTES + 1);
    buf_init(&clear, LIMIT_CHUNK_BYTES);
    for (size_t part = 1; part <= parts; part++) {
        enum verdict verdict = open_part(work, part, &clear, why);
        if (verdict != VERDICT_OK)
            return verdict;
        buf_add(&text, clear.data, clear.length);
    }
    return report_check_document((struct bytes){.data = text.data, .length = text.length},
                                 ret_document, why);
}

/* --- phases --------------------------------------------------------------------------------------------------------------------- */

/* By its place and not by its name, which is the customer's business as much as what is in it. */
static enum verdict verify_item(const struct work *work, const json_t *items, size_t index,
                                struct buf *clear, struct why *why)
{
    const json_t *item = json_array_get(items, index);
    struct ids_sha256_state *hash = ids_sha256_begin();
    json_int_t first = json_integer_value(json_object_get(item, "first_part")),
               parts = json_integer_value(json_object_get(item, "parts")), length = 0;
    char text[IDS_SHA256_TEXT_SIZE];
    enum verdict verdict = VERDICT_OK;
    for (json_int_t part = first; part < first + parts && verdict == VERDICT_OK; part++) {
        verdict = work->cancelled(work) ? retry(why, "not wanted any more")
                                        : open_part(work, (size_t)part, clear, why);
        ids_sha256_add(hash, clear->data, clear->length);
        length += (json_int_t)clear->length;
    }
    ids_sha256_end(hash, text);
    if (verdict == VERDICT_OK && (!is_text(item, "sha256", text) ||
                                  length != json_integer_value(json_object_get(item, "length"))))
        return reject(why, "/items/%zu: not what the manifest says", index);
    return verdict;
}

static enum verdict verify(const struct work *work, const json_t *items,
                           struct processor_result *result, struct why *why)
{
    const json_t *parts = json_object_get(json_object_get(work->parameters, "delivered"), "parts");
    CLEANUP(buf_free) struct buf clear;
    json_auto_t *document = NULL;
    enum verdict verdict = VERDICT_OK;
    buf_init(&clear, LIMIT_CHUNK_BYTES);
    for (size_t i = 0; i < json_array_size(items) && verdict == VERDICT_OK; i++)
        verdict = verify_item(work, items, i, &clear, why);
    if (verdict == VERDICT_OK)
        verdict = read_document(work, items, &document, why);
    if (verdict != VERDICT_OK)
        return verdict;
    json_t *value = processor_result_value(result);
    json_object_set(value, "items", (json_t *)(uintptr_t)items);
    json_object_set_new(value, "chunks_total",
                        json_integer((json_int_t)json_array_size(parts) - 1));
    return VERDICT_OK;
}

static size_t item_of(const json_t *items, size_t part)
{
    for (size_t i = json_array_size(items); i > 1; i--)
        if ((size_t)json_integer_value(
                json_object_get(json_array_get(items, i - 1), "first_part")) <= part)
            return i - 1;
    return 0;
}

static void add_chunk(const struct work *work, const json_t *items, size_t part,
                      const struct buf *clear, struct processor_result *result)
{
    size_t item = item_of(items, part);
    size_t first =
        (size_t)json_integer_value(json_object_get(json_array_get(items, item), "first_part"));
    char hash[IDS_SHA256_TEXT_SIZE], number[24], seq[24];
    ids_sha256_text(clear->data, clear->length, hash);
    snprintf(number, sizeof number, "%zu", item);
    snprintf(seq, sizeof seq, "%zu", part - first);
    json_t *headers =
        json_pack("{s:O, s:s, s:s}", "report",
                  json_object_get(json_object_get(work->parameters, "delivered"), "report"), "item",
                  number, "seq", seq);
    processor_result_add(result, "reports", "report.chunk", "application/octet-stream",
                         (struct bytes){.data = clear->data, .length = clear->length}, headers);
    json_array_append_new(
        json_object_get(processor_result_value(result), "chunks"),
        json_pack("{s:I, s:s}", "size", (json_int_t)clear->length, "sha256", hash));
}

static enum verdict open_chunks(const struct work *work, const json_t *items,
                                struct processor_result *result, struct why *why)
{
    const json_t *entry = json_object_get(work->parameters, "entry");
    size_t first = json_array_size(json_object_get(entry, "chunks")), bytes = 0;
    size_t total = (size_t)json_integer_value(json_object_get(entry, "chunks_total"));
    CLEANUP(buf_free) struct buf clear;
    enum verdict verdict = VERDICT_OK;
    buf_init(&clear, LIMIT_CHUNK_BYTES);
    json_object_set_new(processor_result_value(result), "chunks", json_array());
    json_object_set_new(processor_result_value(result), "first", json_integer((json_int_t)first));
    for (size_t chunk = first; chunk < total && bytes < STEP_BYTES_MAX; chunk++) {
        verdict = open_part(work, chunk + 1, &clear, why);
        if (verdict != VERDICT_OK)
            break;
        add_chunk(work, items, chunk + 1, &clear, result);
        bytes += clear.length;
    }
    return verdict;
}

static enum verdict read_for_proposals(const struct work *work, const json_t *items,
                                       struct processor_result *result, struct why *why)
{
    json_auto_t *document = NULL;
    enum verdict verdict = read_document(work, items, &document, why);
    if (verdict == VERDICT_OK)
        json_object_set(processor_result_value(result), "document", document);
    return verdict;
}

struct processor_result *report_open(const struct work *work)
{
    static const struct {
        const char *phase;
        enum verdict (*run)(const struct work *work, const json_t *items,
                            struct processor_result *result, struct why *why);
    } phases[] = {{"verify", verify}, {"open", open_chunks}, {"read", read_for_proposals}};
    const json_t *delivered = json_object_get(work->parameters, "delivered");
    struct processor_result *result = processor_result_new(
        json_pack("{s:s, s:O}", "kind", "report", "report", json_object_get(delivered, "report")));
    json_auto_t *items = NULL;
    struct why why = {0};
    enum verdict verdict = read_manifest(work, &items, &why);
    for (size_t i = 0; i < COUNT_OF(phases) && verdict == VERDICT_OK; i++)
        if (is_text(work->parameters, "phase", phases[i].phase))
            verdict = phases[i].run(work, items, result, &why);
    if (verdict == VERDICT_OK)
        return result;
    log_event(LOG_WARNING, "report.not_opened", "case=%s report=%s why=%s", work->case_id,
              text_of(delivered, "report"), why.text);
    json_object_set_new(processor_result_value(result),
                        verdict == VERDICT_REJECT ? "failure" : "later", json_string(why.text));
    return result;
}
