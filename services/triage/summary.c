/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/summary.h"

#include "common/clock.h"
#include "common/desk/limits.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define GROUPS_MAX 100
#define GROUPS_COUNTED_MAX                                                                         \
    2000 /* a scan with a name of its own for each try must not make the search quadratic */
#define SAMPLE_BYTES_MAX 16384

struct group {
    char what[161];
    char device[200];
    const char *action;
    int severity;
    int64_t count, first_us, last_us;
};

struct sample {
    int severity;
    int64_t time_us;
    char *text;
    size_t length;
};

struct summary {
    struct group *groups;
    size_t group_count;
    struct sample samples[LIMIT_SUMMARY_SAMPLES];
    size_t sample_count;
};

struct summary *summary_new(void)
{
    return mem_alloc(sizeof(struct summary));
}

void summary_free(struct summary *summary)
{
    if (!summary)
        return;
    for (size_t i = 0; i < summary->sample_count; i++)
        free(summary->samples[i].text);
    free(summary->groups);
    free(summary);
}

/* The device a group names: the case's own name for it, else the address the detection started from. */
static void name_device(const struct ecs_record *record, char ret_device[200])
{
    struct bytes name = bytes_of(record->device);
    if (!name.data)
        name = record->parsed->fields[FIELD_SOURCE_HOST];
    if (!name.data)
        name = record->parsed->fields[FIELD_SOURCE_IP];
    size_t length = name.length < 199 ? name.length : 199;
    if (length)
        memcpy(ret_device, name.data, length);
    ret_device[length] = '\0';
}

static struct group *group_of(struct summary *summary, const struct ecs_record *record)
{
    struct group wanted = {.action = record->finding->action,
                           .severity = record->finding->severity};
    memcpy(wanted.what, record->finding->what, sizeof wanted.what);
    name_device(record, wanted.device);
    for (size_t i = 0; i < summary->group_count; i++) {
        struct group *group = &summary->groups[i];
        if (group->severity == wanted.severity && group->action == wanted.action &&
            strcmp(group->what, wanted.what) == 0 && strcmp(group->device, wanted.device) == 0)
            return group;
    }
    if (summary->group_count == GROUPS_COUNTED_MAX)
        return NULL;
    summary->groups = mem_resize(summary->groups, summary->group_count + 1, sizeof wanted);
    summary->groups[summary->group_count] = wanted;
    return &summary->groups[summary->group_count++];
}

void summary_count(struct summary *summary, const struct ecs_record *record)
{
    struct group *group = group_of(summary, record);
    if (!group)
        return;
    int64_t time_us = record->record->time_us;
    if (!group->count || time_us < group->first_us)
        group->first_us = time_us;
    if (!group->count || time_us > group->last_us)
        group->last_us = time_us;
    group->count++;
}

static bool is_less(const struct sample *a, int severity, int64_t time_us)
{
    return a->severity < severity || (a->severity == severity && a->time_us < time_us);
}

static struct sample *place_for(struct summary *summary, int severity, int64_t time_us)
{
    if (summary->sample_count < LIMIT_SUMMARY_SAMPLES)
        return &summary->samples[summary->sample_count++];
    struct sample *least = &summary->samples[0];
    for (size_t i = 1; i < summary->sample_count; i++)
        if (is_less(&summary->samples[i], least->severity, least->time_us))
            least = &summary->samples[i];
    return is_less(least, severity, time_us) ? least : NULL;
}

void summary_sample(struct summary *summary, const struct ecs_record *record)
{
    struct sample *place = place_for(summary, record->finding->severity, record->record->time_us);
    if (!place)
        return;
    CLEANUP(buf_free) struct buf text;
    buf_init(&text, SAMPLE_BYTES_MAX);
    ecs_write_within(record, LIMIT_SUMMARY_RAW_BYTES, &text);
    free(place->text);
    *place = (struct sample){.severity = record->finding->severity,
                             .time_us = record->record->time_us,
                             .text = mem_dup(text.data, text.length),
                             .length = text.length};
}

/* --- as JSON -------------------------------------------------------------------------------------------------------------- */

static int severest_group_first(const void *a, const void *b)
{
    const struct group *x = a, *y = b;
    if (x->severity != y->severity)
        return y->severity - x->severity;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return strcmp(x->what, y->what);
}

static int severest_sample_first(const void *a, const void *b)
{
    const struct sample *x = a, *y = b;
    if (x->severity != y->severity)
        return y->severity - x->severity;
    return (x->time_us < y->time_us) - (x->time_us > y->time_us);
}

static json_t *group_json(const struct group *group)
{
    char first[CLOCK_TEXT_SIZE], last[CLOCK_TEXT_SIZE];
    clock_format_us(group->first_us, first);
    clock_format_us(group->last_us, last);
    return json_pack("{s:o, s:i, s:s, s:o, s:I, s:s, s:s}", "what",
                     ecs_text_json(bytes_of(group->what)), "severity", group->severity, "action",
                     group->action, "device", ecs_text_json(bytes_of(group->device)), "count",
                     (json_int_t)group->count, "first", first, "last", last);
}

json_t *summary_groups(struct summary *summary, size_t bytes_max)
{
    json_t *list = json_array();
    size_t bytes = sizeof "[]";
    if (summary->group_count)
        qsort(summary->groups, summary->group_count, sizeof summary->groups[0],
              severest_group_first);
    for (size_t i = 0; i < summary->group_count && i < GROUPS_MAX; i++) {
        json_auto_t *group = group_json(&summary->groups[i]);
        size_t length = json_dumpb(group, NULL, 0, JSON_COMPACT) + 1;
        if (bytes + length > bytes_max)
            break;
        json_array_append(list, group);
        bytes += length;
    }
    return list;
}

json_t *summary_samples(struct summary *summary, size_t bytes_max)
{
    json_t *list = json_array();
    size_t bytes = sizeof "[]";
    qsort(summary->samples, summary->sample_count, sizeof summary->samples[0],
          severest_sample_first);
    for (size_t i = 0; i < summary->sample_count; i++) {
        const struct sample *sample = &summary->samples[i];
        if (!sample->text || bytes + sample->length + 1 > bytes_max)
            continue;
        json_t *json = json_loadb(sample->text, sample->length, 0, NULL);
        assert(json); /* our own writing */
        json_array_append_new(list, json);
        bytes += sample->length + 1;
    }
    return list;
}
