/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The custody document: tests/cases/custody/<rule>.json, one rule each.
 *   {"rule","given":[steps of the chain],"later":[steps folded since the state was read]?,"status": value of escalation-status,
 *    "handover"?,"then": document or null,
 *    "page":[what stands on the printed page],"page_lacks":[what must not]}   steps: tests/tools/story.h; comparison: expect.h
 * Records stand on partition 3, one after the other from offset 100. No text of a case may bring markup of its own onto the page.
 */
#include "common/ids.h"
#include "services/intake/custody.h"
#include "tests/tools/expect.h"
#include "tests/tools/story.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct run {
    struct story story;
    json_t *state, *events;
    const json_t *file;
    struct buf *out;
    bool right;
};

static void fail(struct run *run, const char *what, const char *text)
{
    buf_printf(run->out, "    %s: %s\n", what, text);
    run->right = false;
}

static json_t *row_of(const struct event *event, json_int_t offset, enum case_refusal refusal,
                      const json_t *state)
{
    CLEANUP(mem_free) char *value = base64_encode(event->value, event->value_length);
    bool accepted = refusal == CASE_ACCEPTED;
    json_t *head = json_object_get(state, "head");
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:I, s:s, s:O, s:o, s:b, s:s*}", "id", event->id,
                     "type", event->type, "time", event->time, "key", event->key, "partition", 3,
                     "offset", offset, "value", value, "extends",
                     json_object_get(event->data, "extends"), "head",
                     accepted ? json_incref(head) : json_null(), "accepted", accepted, "code",
                     accepted ? NULL : case_refusal_code(refusal));
}

static void take(struct run *run, const json_t *short_step)
{
    json_auto_t *step = story_step(&run->story, short_step);
    struct event event;
    story_event(&run->story, step, run->state, &event);
    enum case_refusal refusal = case_apply(run->state, &event).refusal;
    const char *wanted = json_string_value(json_object_get(short_step, "refused"));
    if (strcmp(case_refusal_code(refusal), wanted ? wanted : "accepted") != 0)
        fail(run, event.type, case_refusal_code(refusal));
    json_array_append_new(
        run->events,
        row_of(&event, 100 + (json_int_t)json_array_size(run->events), refusal, run->state));
    if (refusal == CASE_ACCEPTED)
        story_keep(&run->story, step, &event, run->state);
    event_clear(&event);
}

/* Tags are the page's own: every one of its names, with no attribute but class, lang, scope, charset, name and content. */
static void look_at_tags(struct run *run, const char *page)
{
    static const char *const names[] = {
        "html",  "head", "meta",  "title", "style", "body", "header",  "h1",    "h2",
        "small", "main", "p",     "br",    "span",  "code", "section", "table", "th",
        "td",    "tr",   "thead", "tbody", "ol",    "li",   "pre",     "div",   "footer"};
    for (const char *at = strchr(page, '<'); at; at = strchr(at + 1, '<')) {
        const char *name = at + 1 + (at[1] == '/');
        size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789");
        bool known = strncmp(at, "<!DOCTYPE html>", 15) == 0;
        for (size_t i = 0; i < COUNT_OF(names) && !known; i++)
            known = strlen(names[i]) == length && strncmp(names[i], name, length) == 0;
        const char *end = strchr(at, '>');
        CLEANUP(mem_free) char *tag = mem_dup(at, end ? (size_t)(end - at) : strlen(at));
        if (!known || strstr(tag, " on") || strstr(tag, "src=") || strstr(tag, "href="))
            fail(run, "a tag that is not the page's", tag);
    }
    for (const char *at = page; *at; at++)
        if (((unsigned char)*at < 0x20 && *at != '\n') || *at == 0x7f)
            fail(run, "the page has a control character before", at + 1);
}

static void look_at_page(struct run *run, const json_t *document)
{
    CLEANUP(buf_free) struct buf page;
    json_auto_t *profile =
        json_pack("{s:{s:s, s:s}, s:{s:s, s:{s:s, s:s}}}", "name", "ja", "見本の窓口", "en",
                  "Sample Desk", "provider", "id", "p-1", "name", "ja", "例示社", "en", "Sample");
    const json_t *text;
    size_t i;
    buf_init(&page, CUSTODY_PAGE_BYTES_MAX);
    custody_page(document, profile, &page);
    if (page.overflowed)
        fail(run, "page", "too large");
    look_at_tags(run, page.data);
    json_array_foreach(json_object_get(run->file, "page"), i, text)
    {
        json_auto_t *filled = story_fill(&run->story, text);
        if (!strstr(page.data, json_string_value(filled)))
            fail(run, "the page lacks", json_string_value(filled));
    }
    json_array_foreach(json_object_get(run->file, "page_lacks"), i,
                       text) if (strstr(page.data, json_string_value(text)))
        fail(run, "the page has", json_string_value(text));
}

static void run_file(struct run *run)
{
    const json_t *given = json_object_get(run->file, "given"),
                 *then = json_object_get(run->file, "then"),
                 *handover = json_object_get(run->file, "handover");
    if (!given || !then || !json_object_get(run->file, "rule")) {
        fail(run, "file", "expected rule, given and then");
        return;
    }
    for (size_t i = 0; i < json_array_size(given); i++)
        take(run, json_array_get(given, i));
    json_auto_t *state = json_deep_copy(run->state);
    const json_t *later = json_object_get(run->file, "later");
    for (size_t i = 0; i < json_array_size(later); i++)
        take(run, json_array_get(later, i));
    json_t *status = json_object_get(run->file, "status");
    json_auto_t *escalation = status ? story_fill(&run->story, status) : NULL;
    json_auto_t *named = handover ? story_fill(&run->story, handover) : NULL;
    json_auto_t *wanted = story_fill(&run->story, then);
    json_auto_t *document =
        custody_document(&(struct custody_question){.events = run->events,
                                                    .state = state,
                                                    .escalation = escalation,
                                                    .handover = json_string_value(named),
                                                    .made_at = "2026-06-02T00:00:00.000000Z"});
    if (json_is_null(then) != !document)
        fail(run, "document", document ? "there is one" : "there is none");
    if (!document)
        return;
    run->right &= expect_json(wanted, document, "then", run->out);
    look_at_page(run, document);
}

static bool run_path(const char *root, const char *path)
{
    CLEANUP(mem_free) char *steps = mem_printf("%s/steps.json", root);
    CLEANUP(buf_free) struct buf out;
    json_error_t error;
    json_auto_t *file = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    buf_init(&out, 1024 * 1024);
    struct run run = {.story = story_begin(steps),
                      .state = json_object(),
                      .events = json_array(),
                      .file = file,
                      .out = &out,
                      .right = true};
    if (file)
        run_file(&run);
    else
        fail(&run, path, error.text);
    if (!run.right)
        printf("FAILED %s\n%s", path, out.data ? out.data : "");
    story_end(&run.story);
    json_decref(run.state);
    json_decref(run.events);
    return run.right;
}

static int is_case_file(const struct dirent *entry)
{
    const char *end = strrchr(entry->d_name, '.');
    return end && strcmp(end, ".json") == 0;
}

/* test_custody FOLDER-OF-CASES */
int main(int argc, char **argv)
{
    struct dirent **names;
    CLEANUP(mem_free) char *folder = mem_printf("%s/custody", argc > 1 ? argv[1] : ".");
    int count = scandir(folder, &names, is_case_file, alphasort), failed = 0;
    for (int i = 0; i < count; i++) {
        CLEANUP(mem_free) char *path = mem_printf("%s/%s", folder, names[i]->d_name);
        failed += !run_path(argv[1], path);
        free(names[i]);
    }
    if (count > 0)
        free(names);
    printf("custody: %d of %d as expected\n", count - failed, count);
    return count > 0 && failed == 0 ? 0 : 1;
}
