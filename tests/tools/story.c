/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/story.h"

#include "common/clock.h"
#include "common/desk/hearing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BEGINS "2026-06-01T10:00:00+09:00" /* a Monday, within desk hours */
#define MINUTE_US INT64_C(60000000)

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void give_up(const char *what, const char *which)
{
    fprintf(stderr, "%s: %s\n", what, which);
    exit(2);
}

static void set_word(struct story *story, const char *kind, const char *name, json_t *value)
{
    CLEANUP(mem_free) char *word = mem_printf("%s%s%s", kind, *name ? ":" : "", name);
    json_object_set_new(story->words, word, value);
}

static void set_clock(struct story *story, const char *at)
{
    char now[CLOCK_TEXT_SIZE];
    if (at && !clock_parse(at, strlen(at), &story->now_us))
        give_up("not a time", at);
    clock_format_us(story->now_us, now);
    set_word(story, "now", "", json_string(now));
}

struct story story_begin(const char *steps_path)
{
    json_error_t error;
    struct story story = {.steps = json_load_file(steps_path, JSON_REJECT_DUPLICATES, &error),
                          .words = json_object()};
    if (!story.steps)
        give_up(steps_path, error.text);
    set_word(&story, "case", "", json_string(STORY_CASE));
    set_clock(&story, BEGINS);
    story.now_us -= MINUTE_US;
    return story;
}

void story_end(struct story *story)
{
    json_decref(story->steps);
    json_decref(story->words);
}

/* --- words ------------------------------------------------------------------------------------------------------------ */

static json_t *fill_text(const struct story *story, const json_t *text)
{
    const char *word = json_string_value(text);
    if (*word != '@')
        return json_incref((json_t *)(uintptr_t)text);
    json_t *value = json_object_get(story->words, word + 1);
    if (!value)
        give_up("no such word", word);
    return json_incref(value);
}

json_t *story_fill(const struct story *story, const json_t *json)
{
    if (json_is_string(json))
        return fill_text(story, json);
    if (json_is_array(json)) {
        json_t *list = json_array();
        for (size_t i = 0; i < json_array_size(json); i++)
            json_array_append_new(list, story_fill(story, json_array_get(json, i)));
        return list;
    }
    if (!json_is_object(json))
        return json_incref((json_t *)(uintptr_t)json);
    json_t *object = json_object();
    const char *name;
    const json_t *member;
    json_object_foreach((json_t *)(uintptr_t)json, name, member)
        json_object_set_new(object, name, story_fill(story, member));
    return object;
}

/* --- steps ------------------------------------------------------------------------------------------------------------ */

static json_t *written_out(const struct story *story, const json_t *short_step)
{
    const char *name =
        json_is_string(short_step) ? json_string_value(short_step) : text_of(short_step, "use");
    if (!name)
        return json_deep_copy(short_step);
    json_t *step = json_deep_copy(json_object_get(story->steps, name));
    if (!step)
        give_up("no such step", name);
    json_object_set_new(step, "as", json_string(name));
    if (!json_is_object(short_step))
        return step;
    const char *content = json_object_get(step, "result") ? "result" : "data";
    const json_t *with = json_object_get(short_step, "with");
    if (with)
        json_object_set_new(step, content, hearing_merge(json_object_get(step, content), with));
    json_object_update(step, (json_t *)(uintptr_t)short_step);
    return step;
}

json_t *story_step(struct story *story, const json_t *short_step)
{
    json_auto_t *step = written_out(story, short_step);
    const char *at = text_of(step, "at"), *tick = text_of(step, "tick");
    story->now_us += MINUTE_US;
    set_clock(story, at ? at : tick);
    return story_fill(story, step);
}

static json_t *or_default(const json_t *step, const char *name, json_t *otherwise)
{
    json_t *given = json_object_get(step, name);
    if (!given)
        return otherwise;
    json_decref(otherwise);
    return json_incref(given);
}

static json_t *make_data(const json_t *step, const json_t *chain)
{
    json_t *head = json_object_get(chain, "head");
    json_t *data = json_object();
    json_object_set_new(data, "extends",
                        or_default(step, "extends", head ? json_incref(head) : json_null()));
    json_object_set_new(
        data, "actor",
        or_default(step, "actor", json_pack("{s:s, s:s}", "id", "op-1", "role", "operator")));
    json_object_set_new(data, "rules", or_default(step, "rules", json_integer(CASE_RULES_VERSION)));
    json_object_update(data, json_object_get(step, "data"));
    return data;
}

void story_event(struct story *story, const json_t *step, const json_t *chain,
                 struct event *ret_event)
{
    char time[CLOCK_TEXT_SIZE];
    const char *id = text_of(step, "id");
    CLEANUP(mem_free) char *next_id = mem_printf("0190b3a0-0000-7000-9000-%012d", ++story->count);
    clock_format_us(story->now_us, time);
    json_t *data = make_data(step, chain);
    char *value = json_dumps(data, JSON_COMPACT);
    *ret_event = (struct event){
        .id = mem_strdup(id ? id : next_id),
        .type = mem_strdup(text_of(step, "type")),
        .source = mem_strdup("/kakekomi/intake"),
        .time = mem_strdup(time),
        .time_us = story->now_us,
        .subject = mem_strdup(STORY_CASE),
        .key = mem_strdup(STORY_CASE),
        .value = value,
        .value_length = strlen(value),
        .data = data,
    };
}

void story_keep(struct story *story, const json_t *step, const struct event *event,
                const json_t *chain)
{
    const char *as = text_of(step, "as"), *name = as ? as : event->type;
    json_t *head = json_object_get(chain, "head"), *revision = json_object_get(chain, "revision");
    set_word(story, "id", name, json_string(event->id));
    set_word(story, "time", name, json_string(event->time));
    set_word(story, "revision", name, revision ? json_incref(revision) : json_null());
    set_word(story, "head", name, head ? json_incref(head) : json_null());
    set_word(story, "head", "", head ? json_incref(head) : json_null());
}
