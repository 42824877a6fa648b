/* SPDX-License-Identifier: Apache-2.0 */
#include "services/escalation/step.h"

#include <stdio.h>
#include <string.h>

#define STEPS_MAX 40

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static bool is_text(const json_t *object, const char *name, const char *wanted)
{
    const char *text = text_of(object, name);
    return text && strcmp(text, wanted) == 0;
}

bool entry_is(const json_t *entry, const char *state)
{
    return is_text(entry, "state", state);
}

bool entry_is_any(const json_t *entry, const char *states)
{
    const char *its = text_of(entry, "state");
    const char *at = its ? strstr(states, its) : NULL;
    return at && strchr("|", at[strlen(its)]);
}

void entry_set_text(json_t *entry, const char *name, const char *text)
{
    json_object_set_new(entry, name, json_string(text));
}

json_t *entry_list(json_t *entry, const char *name)
{
    json_t *list = json_object_get(entry, name);
    if (!list) {
        list = json_array();
        json_object_set_new(entry, name, list);
    }
    return list;
}

/* Held and prepared again may go on for ever; everything else happens a few times at most. */
static void drop_back_and_forth(json_t *steps)
{
    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *line = json_array_get(steps, i);
        if (!is_text(line, "step", "held") && !is_text(line, "step", "preparing"))
            continue;
        json_array_remove(steps, i);
        return;
    }
}

void entry_note(const struct step *step, json_t *entry, const char *name, size_t position,
                const char *sha256)
{
    json_t *steps = entry_list(entry, "steps");
    json_t *line = json_pack("{s:s, s:s, s:O}", "step", name, "at", step->now, "revision",
                             json_object_get(step->chain, "revision"));
    if (position != SIZE_MAX)
        json_object_set_new(line, "position",
                            json_pack("{s:I}", "$position", (json_int_t)position));
    if (sha256)
        entry_set_text(line, "sha256", sha256);
    json_array_append_new(steps, line);
    if (json_array_size(steps) > STEPS_MAX)
        drop_back_and_forth(steps);
}

void entry_move(const struct step *step, json_t *entry, const char *state)
{
    char at[40];
    entry_set_text(entry, "state", state);
    snprintf(at, sizeof at, "%s_at", state);
    entry_set_text(entry, at, step->now);
}

json_t *entry_find(json_t *status, const char *list, const char *name, const char *value)
{
    json_t *entries = json_object_get(status, list);
    for (size_t i = 0; value && i < json_array_size(entries); i++)
        if (is_text(json_array_get(entries, i), name, value))
            return json_array_get(entries, i);
    return NULL;
}

void entry_put_off(const struct step *step, json_t *entry, int64_t wait_us)
{
    char at[CLOCK_TEXT_SIZE];
    clock_format_us(step->input->now_us + wait_us, at);
    entry_set_text(entry, "again_at", at);
}

void plan_time(const char *text, struct plan *plan)
{
    int64_t time_us;
    if (text && clock_parse(text, strlen(text), &time_us))
        plan_due(plan, time_us);
}
