/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate's answers for another program to compare: a line {"steps":[…],"profile":{…},"sealed":[purpose…]|null} in, a line
 * {"before":[[code,pointer]…],"offer":[…],"acceptance":[…],"report":[…],"purposes":[…],"refused":[step…]} out. Steps:
 * tests/tools/story.h; the hand-over is the event named "requested". What gate_record says must agree, or the program ends.
 *   gate_verdicts STEPS.json [--drop CODE]     with --drop: as if the gate did not have that row
 *   gate_verdicts --rows
 */
#include "services/escalation/gate.c" /* for its table of rows */
#include "tests/tools/story.h"

#include <stdio.h>
#include <stdlib.h>

static bool is_among(const json_t *reasons, const char *code)
{
    for (size_t i = 0; i < json_array_size(reasons); i++)
        if (strcmp(text_of(json_array_get(reasons, i), "code"), code) == 0)
            return true;
    return false;
}

/* A row of the record is unmet exactly where gate_ask has a reason for it, and has words for both readers. */
static void compare_record(const struct gate_question *question, const json_t *reasons)
{
    json_auto_t *record = gate_record(question);
    size_t index;
    const json_t *row;
    for (size_t i = 0; i < json_array_size(reasons); i++)
        if (!is_among(record, text_of(json_array_get(reasons, i), "code")))
            exit(3);
    json_array_foreach(record, index, row)
    {
        bool met = json_is_true(json_object_get(row, "met"));
        if (met == is_among(reasons, text_of(row, "code")) || !*text_of(row, "ja") ||
            !*text_of(row, "en") || !*text_of(row, "clause"))
            exit(3);
    }
}

static json_t *ask(const struct gate_question *question, enum gate_moment moment, const char *drop)
{
    struct gate_question asked = *question;
    json_t *unmet = json_array();
    asked.moment = moment;
    if (moment == GATE_BEFORE_REQUEST)
        asked.handover = NULL;
    json_auto_t *reasons = moment == GATE_REPORT
                               ? gate_ask_report(asked.chain, asked.facts, asked.handover)
                               : gate_ask(&asked);
    compare_record(&asked, reasons);
    for (size_t i = 0; i < json_array_size(reasons); i++) {
        const json_t *reason = json_array_get(reasons, i);
        if (strcmp(text_of(reason, "code"), drop) != 0)
            json_array_append_new(unmet, json_pack("[O, O?]", json_object_get(reason, "code"),
                                                   json_object_get(reason, "pointer")));
    }
    return unmet;
}

static json_t *judge(const json_t *line, const char *steps_path, const char *drop)
{
    struct story story = story_begin(steps_path);
    json_auto_t *chain = json_object();
    json_auto_t *extraction = NULL;
    json_t *refused = json_array();
    const json_t *steps = json_object_get(line, "steps");
    for (size_t i = 0; i < json_array_size(steps); i++) {
        json_auto_t *step = story_step(&story, json_array_get(steps, i));
        struct event event;
        if (json_object_get(step, "topic")) {
            json_decref(extraction);
            extraction = json_incref(json_object_get(step, "data"));
            continue;
        }
        story_event(&story, step, chain, &event);
        if (case_apply(chain, &event).refusal == CASE_ACCEPTED)
            story_keep(&story, step, &event, chain);
        else
            json_array_append_new(refused, json_integer((json_int_t)i));
        event_clear(&event);
    }
    json_auto_t *facts = gate_facts(json_object_get(line, "profile"));
    struct gate_question question = {
        .chain = chain,
        .extraction = extraction,
        .facts = facts,
        .purposes = json_object_get(line, "sealed"),
        .handover = case_handover_find(chain, text_of(story.words, "id:requested"))};
    json_t *answer = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o}", "before", ask(&question, GATE_BEFORE_REQUEST, drop),
        "offer", ask(&question, GATE_OFFER, drop), "acceptance",
        ask(&question, GATE_ACCEPTANCE, drop), "report", ask(&question, GATE_REPORT, drop),
        "purposes", gate_purposes(facts, chain), "refused", refused);
    story_end(&story);
    return answer;
}

int main(int argc, char **argv)
{
    const char *drop = argc == 4 && strcmp(argv[2], "--drop") == 0 ? argv[3] : "";
    char *line = NULL;
    size_t size = 0;
    if (argc == 2 && strcmp(argv[1], "--rows") == 0) {
        for (size_t t = 0; t < COUNT_OF(tables); t++)
            for (size_t i = 0; i < tables[t].count; i++)
                puts(tables[t].rows[i].code);
        return 0;
    }
    if (argc != 2 && !*drop)
        return 2;
    while (getline(&line, &size, stdin) > 0) {
        json_auto_t *question = json_loads(line, 0, NULL);
        json_auto_t *answer = judge(question, argv[1], drop);
        json_dumpf(answer, stdout, JSON_COMPACT);
        putchar('\n');
    }
    free(line);
    return 0;
}
