/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/ecs.h"

#include "common/clock.h"
#include "services/triage/charset.h"

#include <stdlib.h>
#include <string.h>

#define FIELD_BYTES_MAX 4096

const char *ecs_reason_name(enum ecs_reason reason)
{
    static const char *const names[] = {"detection", "device", "pivot"};
    return names[reason];
}

bool ecs_text(struct bytes bytes, struct buf *out)
{
    bool whole = charset_is_utf_8(bytes);
    if (!whole)
        charset_line_to_utf_8(bytes, out);
    else if (bytes.length)
        buf_add(out, bytes.data, bytes.length);
    return whole;
}

json_t *ecs_text_json(struct bytes bytes)
{
    CLEANUP(buf_free) struct buf clean;
    buf_init(&clean, SIZE_MAX / 2);
    ecs_text(bytes, &clean);
    return json_stringn(clean.data ? clean.data : "", clean.length);
}

/* True where it was UTF-8 already. */
static bool add_text(struct buf *out, const char *name, struct bytes value)
{
    CLEANUP(buf_free) struct buf text;
    buf_init(&text, SIZE_MAX / 2);
    bool whole = ecs_text(value, &text);
    buf_printf(out, ",\"%s\":", name);
    buf_add_json_string(out, text.data ? text.data : "", text.length);
    return whole;
}

static void add_field(struct buf *out, const char *name, struct bytes value)
{
    add_text(out, name, charset_cut(value, FIELD_BYTES_MAX));
}

static bool is_small_number(struct bytes value)
{
    for (size_t i = 0; i < value.length; i++)
        if (((const char *)value.data)[i] < '0' || ((const char *)value.data)[i] > '9')
            return false;
    return value.length > 0 && value.length < 16 &&
           (value.length == 1 || *(const char *)value.data != '0');
}

static bool is_numeric(enum field field)
{
    return field == FIELD_SOURCE_PORT || field == FIELD_DESTINATION_PORT ||
           field == FIELD_BYTES_IN || field == FIELD_BYTES_OUT || field == FIELD_STATUS;
}

static void add_fields(struct buf *out, const struct parsed *parsed)
{
    for (int field = 0; field < FIELD_COUNT; field++) {
        struct bytes value = parsed->fields[field];
        if (!value.data)
            continue;
        if (is_numeric((enum field)field) && is_small_number(value))
            buf_printf(out, ",\"%s\":%.*s", field_names[field], (int)value.length,
                       (const char *)value.data);
        else
            add_field(out, field_names[field], value);
    }
}

static void add_headers(struct buf *out, const struct logstore_record *record,
                        const struct parsed *parsed)
{
    if (record->host.data && !parsed->fields[FIELD_OBSERVER].data)
        add_field(out, "observer.name", record->host);
    if (record->product.data && !parsed->fields[FIELD_PRODUCT].data)
        add_field(out, "observer.product", record->product);
    if (record->kind.data)
        add_field(out, "observer.type", record->kind);
}

static void add_original(struct buf *out, struct bytes line, size_t raw_max)
{
    bool cut = line.length > raw_max;
    line = charset_cut(line, raw_max);
    if (cut)
        buf_add_text(out, ",\"labels.cut\":true");
    if (add_text(out, "event.original", line))
        return;
    CLEANUP(mem_free) char *exact = base64_encode(line.data, line.length);
    buf_printf(out, ",\"event.original_base64\":\"%s\"", exact);
}

void ecs_write(const struct ecs_record *r, size_t raw_max, struct buf *out)
{
    char time[CLOCK_TEXT_SIZE];
    clock_format_us(r->record->time_us, time);
    buf_printf(out, "{\"@timestamp\":\"%s\",\"event.kind\":\"%s\"", time,
               r->finding->detection ? "alert" : "event");
    if (r->finding->detection)
        buf_printf(out, ",\"event.severity\":%d", r->finding->severity);
    if (r->finding->action)
        buf_printf(out, ",\"event.action\":\"%s\"", r->finding->action);
    if (r->parsed->format)
        buf_printf(out, ",\"event.module\":\"%s\"", r->parsed->format->name);
    add_fields(out, r->parsed);
    add_headers(out, r->record, r->parsed);
    buf_printf(out, ",\"labels.matched\":\"%s\",\"labels.time_from\":\"%s\"",
               ecs_reason_name(r->reason), event_time_source_name(r->record->time_source));
    if (r->device)
        add_field(out, "labels.device", bytes_of(r->device));
    if (r->upload)
        add_field(out, "labels.upload", bytes_of(r->upload));
    else
        buf_printf(out, ",\"labels.partition\":%d,\"labels.offset\":%lld", r->record->partition,
                   (long long)r->record->offset);
    add_original(out, r->record->line, raw_max);
    buf_add_text(out, "}");
}

static bool fits(const struct ecs_record *record, size_t raw_max, struct buf *out)
{
    buf_clear(out);
    out->overflowed = false;
    ecs_write(record, raw_max, out);
    return !out->overflowed;
}

void ecs_write_within(const struct ecs_record *record, size_t raw_max, struct buf *out)
{
    static const struct parsed nothing;
    struct ecs_record bare = *record;
    bare.parsed = &nothing;
    if (!fits(record, raw_max, out))
        (void)fits(&bare, raw_max / 4, out);
}
