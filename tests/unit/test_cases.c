/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Case files: tests/cases/<service>/<rule>.json, one rule each, run on what decides and nothing else.
 *   {"given": [steps], "when": step, "then": …}   steps: tests/tools/story.h; comparison: tests/tools/expect.h
 * then, for triage, escalation, notify: "outputs" [{"topic","type","value"}] (must be there: every output in order), "rejected",
 *   "work" [{"id","kind","parameters"}], "due" (a time or null), "own" (the published value), "chain", "mail" (lines of the
 *   first mail that is planned), "remembered" (memory.h); for case: "refusal", "pointer", "chain"; for status: "status", "flags".
 * {"repeat": n, "steps": […]} stands for many, {"revision": n} and
 * {"events_bytes": n} for so many events, and such large ones, that nobody speaks of. What a file does not name is not compared. A refused record must leave the chain as it was.
 * Every row of the table of notices has a file that speaks of it.
 */
#include "common/clock.h"
#include "common/desk/hearing.h"
#include "common/desk/status.h"
#include "services/escalation/decide.h"
#include "services/notify/decide.h"
#include "services/notify/memory.h"
#include "services/notify/render.h"
#include "services/notify/rules.h"
#include "services/triage/decide.h"
#include "tests/tools/expect.h"
#include "tests/tools/story.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    const struct processor_definition *definition; /* NULL: the chain alone */
} services[] = {
    {"case", NULL},
    {"status", NULL},
    {"triage", &triage_definition},
    {"escalation", &escalation_definition},
    {"notify", &notify_definition},
};

struct run {
    const char *service;
    const struct processor_definition *definition;
    struct story story;
    json_t *state, *facts;
    json_t *answer; /* to the last step */
};

static json_t *load(const char *path)
{
    json_error_t error;
    json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!json)
        fprintf(stderr, "%s:%d: %s\n", path, error.line, error.text);
    return json;
}

/* --- one step --------------------------------------------------------------------------------------------------------- */

static void rehearse(struct run *run, const json_t *step, struct processor_input input)
{
    CLEANUP(mem_free) char *seed = mem_printf("%d", run->story.count);
    const json_t *result = json_object_get(step, "result");
    input.case_id = STORY_CASE;
    input.now_us = run->story.now_us;
    input.seed = seed;
    input.work_id = "work";
    input.result = result;
    input.result_record_count = (size_t)json_integer_value(json_object_get(step, "records"));
    run->answer = processor_rehearse(run->definition, run->state, &input, run->facts);
}

/* The chain alone: what case_apply says. */
static json_t *apply(struct run *run, const struct event *event)
{
    json_t *chain = json_object_get(run->state, "cases");
    json_auto_t *before = json_deep_copy(chain);
    struct case_verdict verdict = case_apply(chain, event);
    bool untouched = verdict.refusal == CASE_ACCEPTED || json_equal(before, chain);
    return json_pack("{s:s, s:s, s:b, s:s}", "refusal", case_refusal_code(verdict.refusal),
                     "pointer", verdict.pointer, "untouched", untouched, "why", verdict.why.text);
}

static void event_clear_at(struct event *event)
{
    event_clear(event);
}

static void take_event(struct run *run, const json_t *step)
{
    CLEANUP(event_clear_at) struct event event;
    const json_t *chain = json_object_get(run->state, "cases");
    story_event(&run->story, step, chain, &event);
    if (run->definition)
        rehearse(
            run, step,
            (struct processor_input){.door = PROCESSOR_RECORD, .topic = "cases", .event = &event});
    else
        run->answer = apply(run, &event);
    story_keep(&run->story, step, &event, json_object_get(run->state, "cases"));
}

static void take_record(struct run *run, const json_t *step)
{
    const char *topic = json_string_value(json_object_get(step, "topic"));
    const char *type = json_string_value(json_object_get(step, "event"));
    struct event event = {.type = (char *)(uintptr_t)(type ? type : "updated"),
                          .data = json_object_get(step, "data")};
    if (run->definition)
        rehearse(
            run, step,
            (struct processor_input){.door = PROCESSOR_RECORD, .topic = topic, .event = &event});
    else
        json_object_set(run->state, topic, event.data);
}

/* Each work that was open comes out like this. */
static void take_outcomes(struct run *run, const json_t *step)
{
    json_auto_t *works = json_incref(json_object_get(run->answer, "work"));
    for (size_t i = 0; i < json_array_size(works); i++) {
        const json_t *parameters = json_object_get(json_array_get(works, i), "parameters");
        json_auto_t *result = json_deep_copy(json_object_get(step, "outcomes"));
        json_object_set(result, "notice", json_object_get(parameters, "notice"));
        json_auto_t *one = json_pack("{s:O}", "result", result);
        json_decref(run->answer);
        rehearse(run, one, (struct processor_input){.door = PROCESSOR_RESULT});
    }
}

static void take_step(struct run *run, const json_t *short_step)
{
    const json_t *steps = json_object_get(short_step, "steps");
    json_int_t times = json_integer_value(json_object_get(short_step, "repeat"));
    for (json_int_t n = 0; n < times; n++)
        for (size_t i = 0; i < json_array_size(steps); i++)
            take_step(run, json_array_get(steps, i));
    if (steps)
        return;
    json_auto_t *step = story_step(&run->story, short_step);
    if (json_object_get(step, "outcomes")) {
        take_outcomes(run, step);
        return;
    }
    json_decref(run->answer);
    run->answer = NULL;
    if (json_object_get(step, "facts")) {
        json_t *facts = hearing_merge(run->facts, json_object_get(step, "facts"));
        json_decref(run->facts);
        run->facts = facts;
    } else if (json_object_get(step, "revision") || json_object_get(step, "events_bytes")) {
        json_object_update_existing(json_object_get(run->state, "cases"), step);
    } else if (json_object_get(step, "topic")) {
        take_record(run, step);
    } else if (json_object_get(step, "type")) {
        take_event(run, step);
    } else {
        bool tick = json_object_get(step, "tick");
        rehearse(run, step,
                 (struct processor_input){.door = tick ? PROCESSOR_TICK : PROCESSOR_RESULT});
    }
}

/* A step of the story so far must be taken, unless it says how it is refused. */
static bool went_well(const struct run *run, const json_t *short_step, struct buf *out)
{
    const char *wanted = json_string_value(json_object_get(short_step, "refused"));
    const char *refusal = json_string_value(json_object_get(run->answer, "refusal"));
    const char *rejected = json_string_value(json_object_get(run->answer, "rejected"));
    if (rejected || (refusal && strcmp(refusal, wanted ? wanted : "accepted") != 0)) {
        CLEANUP(mem_free) char *step = json_dumps(short_step, JSON_COMPACT | JSON_ENCODE_ANY);
        const char *why = json_string_value(json_object_get(run->answer, "why"));
        buf_printf(out, "    given %.300s\n      %s %s\n", step, rejected ? rejected : refusal,
                   why ? why : "");
        return false;
    }
    return true;
}

/* --- what came out ------------------------------------------------------------------------------------------------------ */

static json_t *mail_of(const struct run *run)
{
    const json_t *work = json_array_get(json_object_get(run->answer, "work"), 0);
    CLEANUP(rendered_clear) struct rendered rendered = {0};
    if (!work ||
        !render_mail(json_object_get(work, "parameters"), run->facts, run->story.now_us, &rendered))
        return NULL;
    json_t *lines = json_array();
    json_array_append_new(lines, json_string(rendered.subject));
    for (char *line = rendered.text.data; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (*line != '\n')
            json_array_append_new(lines, json_stringn(line, strcspn(line, "\n")));
    return lines;
}

static void add_memory(void *context, const struct memory *memory)
{
    char at[CLOCK_TEXT_SIZE];
    clock_format_us(memory->at_us, at);
    json_array_append_new(context,
                          json_pack("{s:s, s:s*, s:s, s:s, s:i}", "place", memory->place,
                                    "recipient", memory->recipient, "notice", memory->notice, "at",
                                    at, "troubles", memory->troubles));
}

static json_t *memories_of(const struct run *run)
{
    json_t *list = json_array();
    struct view view = {.state = run->state,
                        .own = json_object_get(run->state, "own"),
                        .facts = run->facts,
                        .now_us = run->story.now_us};
    memory_each(&view, add_memory, list);
    return list;
}

static void add_own(struct run *run)
{
    const json_t *due = json_object_get(run->answer, "due");
    char text[CLOCK_TEXT_SIZE];
    json_object_set(run->answer, "own", json_object_get(run->state, "own"));
    if (!json_integer_value(due)) {
        json_object_del(run->answer, "due");
    } else {
        clock_format_us(json_integer_value(due), text);
        json_object_set_new(run->answer, "due", json_string(text));
    }
    if (run->definition != &notify_definition)
        return;
    json_object_set_new(run->answer, "mail", mail_of(run));
    json_object_set_new(run->answer, "remembered", memories_of(run));
}

static void add_status(struct run *run)
{
    const json_t *chain = json_object_get(run->state, "cases"),
                 *extraction = json_object_get(run->state, "extractions"),
                 *escalation = json_object_get(run->state, "escalation-status");
    json_object_set_new(run->answer, "status",
                        json_string(status_of(chain, extraction, escalation)));
    json_object_set_new(run->answer, "flags", status_flags(chain, extraction, escalation));
}

static bool complain(struct buf *out, const char *what)
{
    buf_printf(out, "    %s\n", what);
    return false;
}

/* The mail's lines that are named must stand in it, in any place; those under "mail_lacks" must not. */
static bool mail_is_right(const json_t *then, const json_t *lines, struct buf *out)
{
    static const char *const members[] = {"mail", "mail_lacks"};
    bool right = true;
    for (size_t kind = 0; kind < COUNT_OF(members); kind++) {
        const json_t *named = json_object_get(then, members[kind]);
        for (size_t i = 0; i < json_array_size(named); i++) {
            bool there = false;
            for (size_t k = 0; k < json_array_size(lines); k++)
                there |= strstr(json_string_value(json_array_get(lines, k)),
                                json_string_value(json_array_get(named, i))) != NULL;
            if (there == (kind == 0))
                continue;
            buf_printf(out, "    %s: %s\n", members[kind],
                       json_string_value(json_array_get(named, i)));
            right = false;
        }
    }
    return right;
}

static bool check(struct run *run, const json_t *then, struct buf *out)
{
    const char *name;
    const json_t *wanted;
    if (!run->answer)
        run->answer = json_object();
    json_object_set(run->answer, "chain", json_object_get(run->state, "cases"));
    if (run->definition)
        add_own(run);
    else
        add_status(run);
    bool right = mail_is_right(then, json_object_get(run->answer, "mail"), out) &&
                 !json_is_false(json_object_get(run->answer, "untouched"));
    json_object_foreach((json_t *)(uintptr_t)then, name, wanted)
    {
        json_auto_t *filled = story_fill(&run->story, wanted);
        if (strncmp(name, "mail", 4) != 0)
            right &= expect_json(filled, json_object_get(run->answer, name), name, out);
    }
    if (run->definition && !json_object_get(then, "outputs"))
        right = complain(out, "a case of a service says which outputs there are");
    if (!json_object_get(then, "rejected") && json_object_get(run->answer, "rejected"))
        right = complain(out, "the record was rejected");
    return right;
}

/* --- nothing is left out ------------------------------------------------------------------------------------------------ */

/* Every {"rule","to"} below `json`, as a member of `seen`. */
static void note_rules(const json_t *json, json_t *seen)
{
    const char *rule = json_string_value(json_object_get(json, "rule")),
               *to = json_string_value(json_object_get(json, "to")), *name;
    json_t *value;
    if (rule && to) {
        CLEANUP(mem_free) char *key = mem_printf("%s to %s", rule, to);
        json_object_set_new(seen, key, json_true());
    }
    json_object_foreach((json_t *)(uintptr_t)json, name, value) note_rules(value, seen);
    for (size_t i = 0; i < json_array_size(json); i++)
        note_rules(json_array_get(json, i), seen);
}

/* A row of the table of notices that no file speaks of has no rule that anybody could argue about. */
static int count_unspoken(const json_t *seen)
{
    int count = 0;
    for (size_t i = 0; i < notify_rule_count; i++) {
        CLEANUP(mem_free)
        char *key =
            mem_printf("%s to %s", notify_rules[i].name, notify_to_name(notify_rules[i].to));
        if (json_object_get(seen, key))
            continue;
        printf("FAILED no case file: %s\n", key);
        count++;
    }
    return count;
}

/* --- files ---------------------------------------------------------------------------------------------------------------- */

static bool run_file(struct run *run, const json_t *file, struct buf *out)
{
    const json_t *given = json_object_get(file, "given"), *when = json_object_get(file, "when");
    if (!when || !json_object_get(file, "then") || !json_object_get(file, "rule"))
        return complain(out, "expected rule, given, when and then");
    for (size_t i = 0; i < json_array_size(given); i++) {
        take_step(run, json_array_get(given, i));
        if (!went_well(run, json_array_get(given, i), out))
            return false;
    }
    take_step(run, when);
    return check(run, json_object_get(file, "then"), out);
}

static bool run_path(const char *service, const struct processor_definition *definition,
                     const char *root, const char *path, bool print, json_t *seen)
{
    CLEANUP(mem_free) char *steps = mem_printf("%s/steps.json", root);
    CLEANUP(mem_free) char *facts_path = mem_printf("%s/facts.json", root);
    CLEANUP(buf_free) struct buf out;
    json_auto_t *facts = load(facts_path);
    json_auto_t *file = load(path);
    struct run run = {.service = service,
                      .definition = definition,
                      .story = story_begin(steps),
                      .state = definition ? json_object() : json_pack("{s:{}}", "cases"),
                      .facts = json_deep_copy(json_object_get(facts, service))};
    buf_init(&out, 1024 * 1024);
    bool right = file && run_file(&run, file, &out);
    note_rules(json_object_get(file, "then"), seen);
    if (print)
        json_dumpf(run.answer, stdout, JSON_INDENT(1));
    if (!right)
        printf("FAILED %s\n%s", path, out.data ? out.data : "");
    story_end(&run.story);
    json_decref(run.state);
    json_decref(run.facts);
    json_decref(run.answer);
    return right;
}

static int is_case_file(const struct dirent *entry)
{
    const char *end = strrchr(entry->d_name, '.');
    return end && strcmp(end, ".json") == 0;
}

static int run_folder(const char *service, const struct processor_definition *definition,
                      const char *root)
{
    CLEANUP(mem_free) char *folder = mem_printf("%s/%s", root, service);
    struct dirent **names;
    int count = scandir(folder, &names, is_case_file, alphasort), failed = 0;
    json_auto_t *seen = json_object();
    for (int i = 0; i < count; i++) {
        CLEANUP(mem_free) char *path = mem_printf("%s/%s", folder, names[i]->d_name);
        failed += !run_path(service, definition, root, path, false, seen);
        free(names[i]);
    }
    if (count > 0)
        free(names);
    printf("%s: %d of %d as expected\n", service, count - failed, count);
    int unspoken = definition == &notify_definition ? count_unspoken(seen) : 0;
    return count > 0 && failed == 0 && unspoken == 0 ? 0 : 1;
}

/* test_cases FOLDER-OF-CASES SERVICE [FILE]: with a file, prints what came out of it. */
int main(int argc, char **argv)
{
    for (size_t i = 0; argc >= 3 && i < COUNT_OF(services); i++)
        if (strcmp(services[i].name, argv[2]) == 0)
            return argc == 4
                       ? !run_path(argv[2], services[i].definition, argv[1], argv[3], true, NULL)
                       : run_folder(argv[2], services[i].definition, argv[1]);
    fprintf(stderr, "usage: test_cases FOLDER SERVICE [FILE]\n");
    return 2;
}
