/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/touched.h"

#include "common/clock.h"

#include <stdlib.h>
#include <string.h>

#define PAIRS_MAX 500
#define NAME_BYTES_MAX 254

struct pair {
    char indicator[NAME_BYTES_MAX], device[NAME_BYTES_MAX];
    int64_t count, first_us, last_us;
};

struct touched {
    struct pair *pairs;
    size_t count;
};

struct touched *touched_new(void)
{
    return mem_alloc(sizeof(struct touched));
}

void touched_free(struct touched *touched)
{
    if (touched)
        free(touched->pairs);
    free(touched);
}

static void copy_name(struct bytes name, char ret_name[NAME_BYTES_MAX])
{
    size_t length = name.length < NAME_BYTES_MAX - 1 ? name.length : NAME_BYTES_MAX - 1;
    if (length)
        memcpy(ret_name, name.data, length);
    ret_name[length] = '\0';
}

/* The side that is not the indicator itself: the customer's. */
static void name_device(const struct ecs_record *record, const char *indicator,
                        char ret_device[NAME_BYTES_MAX])
{
    static const enum field sides[] = {
        FIELD_HOST,           FIELD_SOURCE_HOST, FIELD_SOURCE_IP, FIELD_DESTINATION_HOST,
        FIELD_DESTINATION_IP, FIELD_HOST_IP,     FIELD_OBSERVER};
    *ret_device = '\0';
    if (record->device)
        copy_name(bytes_of(record->device), ret_device);
    for (size_t i = 0; i < COUNT_OF(sides) && !*ret_device; i++)
        if (!bytes_equal_text_nocase(record->parsed->fields[sides[i]], indicator))
            copy_name(record->parsed->fields[sides[i]], ret_device);
}

static struct pair *pair_of(struct touched *touched, const char *indicator, const char *device)
{
    for (size_t i = 0; i < touched->count; i++)
        if (strcmp(touched->pairs[i].indicator, indicator) == 0 &&
            strcmp(touched->pairs[i].device, device) == 0)
            return &touched->pairs[i];
    if (touched->count == PAIRS_MAX)
        return NULL;
    touched->pairs = mem_resize(touched->pairs, touched->count + 1, sizeof touched->pairs[0]);
    struct pair *pair = &touched->pairs[touched->count++];
    *pair = (struct pair){0};
    copy_name(bytes_of(indicator), pair->indicator);
    copy_name(bytes_of(device), pair->device);
    return pair;
}

void touched_count(struct touched *touched, const char *indicator, const struct ecs_record *record)
{
    char device[NAME_BYTES_MAX], known[NAME_BYTES_MAX];
    int64_t time_us = record->record->time_us;
    copy_name(bytes_of(indicator), known);
    name_device(record, indicator, device);
    struct pair *pair = *device ? pair_of(touched, known, device) : NULL;
    if (!pair)
        return;
    if (!pair->count || time_us < pair->first_us)
        pair->first_us = time_us;
    if (!pair->count || time_us > pair->last_us)
        pair->last_us = time_us;
    pair->count++;
}

size_t touched_devices(const struct touched *touched)
{
    size_t devices = 0;
    for (size_t i = 0; i < touched->count; i++) {
        size_t before = 0;
        while (before < i && strcmp(touched->pairs[before].device, touched->pairs[i].device) != 0)
            before++;
        devices += before == i;
    }
    return devices;
}

static int most_frequent_first(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    int order = strcmp(x->indicator, y->indicator);
    return order ? order : strcmp(x->device, y->device);
}

static json_t *pair_json(const struct pair *pair)
{
    char first[CLOCK_TEXT_SIZE], last[CLOCK_TEXT_SIZE];
    clock_format_us(pair->first_us, first);
    clock_format_us(pair->last_us, last);
    return json_pack("{s:o, s:o, s:I, s:s, s:s}", "indicator",
                     ecs_text_json(bytes_of(pair->indicator)), "device",
                     ecs_text_json(bytes_of(pair->device)), "count", (json_int_t)pair->count,
                     "first", first, "last", last);
}

json_t *touched_json(struct touched *touched, size_t bytes_max)
{
    json_t *list = json_array();
    size_t bytes = sizeof "[]";
    if (touched->count)
        qsort(touched->pairs, touched->count, sizeof touched->pairs[0], most_frequent_first);
    for (size_t i = 0; i < touched->count; i++) {
        json_t *pair = pair_json(&touched->pairs[i]);
        bytes += json_dumpb(pair, NULL, 0, JSON_COMPACT) + 1;
        if (bytes > bytes_max) {
            json_decref(pair);
            break;
        }
        json_array_append_new(list, pair);
    }
    return list;
}
