/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of every format: tests/cases/formats/<format>.json, [{"line", "is": {…}}], what `is` names is compared: "format"
 * (else the file's name; null: none), "time" (RFC 3339; the append is at `append` of the entry or 2026-11-24T06:30:00Z),
 * "severity", "action", "what", and under "fields" ECS names; null: the field must be empty.
 */
#include "common/clock.h"
#include "services/triage/detection.h"
#include "services/triage/ecs.h"
#include "services/triage/time_text.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compared, failed;

static void fail(const char *file, size_t number, const char *what, const char *expected,
                 const char *got)
{
    fprintf(stderr, "%s[%zu] %s\n    expected %s\n    is       %s\n", file, number, what,
            expected ? expected : "nothing", got ? got : "nothing");
    failed++;
}

static void expect(const char *file, size_t number, const char *what, const json_t *expected,
                   const char *got)
{
    const char *text = json_string_value(expected);
    compared++;
    if (text ? !got || strcmp(text, got) != 0 : got != NULL)
        fail(file, number, what, text, got);
}

static enum field field_named(const char *name)
{
    int field = 0;
    while (field < FIELD_COUNT && strcmp(field_names[field], name) != 0)
        field++;
    return (enum field)field;
}

static void expect_fields(const char *file, size_t number, const json_t *fields,
                          const struct parsed *parsed)
{
    const char *name;
    json_t *expected;
    json_object_foreach((json_t *)(uintptr_t)fields, name, expected)
    {
        enum field field = field_named(name);
        if (field == FIELD_COUNT) {
            fail(file, number, name, "a field's name", "none");
            continue;
        }
        CLEANUP(buf_free) struct buf text;
        buf_init(&text, SIZE_MAX / 2);
        if (parsed->fields[field].data)
            ecs_text(parsed->fields[field], &text);
        expect(file, number, name, expected, text.data);
    }
}

static void expect_time(const char *file, size_t number, const json_t *expected, struct bytes line,
                        int64_t append_us)
{
    enum event_time_source source;
    char text[CLOCK_TEXT_SIZE];
    int64_t wanted_us, time_us = event_time_of((struct bytes){0}, line, append_us, &source);
    const char *wanted = json_string_value(expected);
    if (wanted && (!clock_parse(wanted, strlen(wanted), &wanted_us) || wanted_us != time_us ||
                   source != EVENT_TIME_LINE)) {
        clock_format_us(time_us, text);
        fail(file, number, "time", wanted, text);
    }
    compared += wanted != NULL;
}

static void compare(const char *file, const char *format, size_t number, const json_t *entry)
{
    CLEANUP(parsed_clear) struct parsed parsed;
    struct finding finding;
    const json_t *is = json_object_get(entry, "is"), *text = json_object_get(entry, "line");
    const json_t *named = json_object_get(is, "format");
    struct bytes line = {json_string_value(text), json_string_length(text)};
    const char *append = json_string_value(json_object_get(entry, "append"));
    int64_t append_us = 0;
    append = append ? append : "2026-11-24T06:30:00Z";
    if (!line.data || !is || !clock_parse(append, strlen(append), &append_us)) {
        fail(file, number, "entry", "line and is", "something else");
        return;
    }
    format_parse(line, &parsed);
    detection_judge(&parsed, &finding);
    const char *got = parsed.format ? parsed.format->name : NULL;
    json_auto_t *own = json_string(format);
    expect(file, number, "format", named ? named : own, got);
    expect_time(file, number, json_object_get(is, "time"), line, append_us);
    expect_fields(file, number, json_object_get(is, "fields"), &parsed);
    if (json_object_get(is, "action"))
        expect(file, number, "action", json_object_get(is, "action"), finding.action);
    if (json_object_get(is, "what"))
        expect(file, number, "what", json_object_get(is, "what"),
               finding.detection ? finding.what : NULL);
    const json_t *severity = json_object_get(is, "severity");
    if (severity && json_integer_value(severity) != finding.severity) {
        char is_text[12], wanted[12];
        snprintf(is_text, sizeof is_text, "%d", finding.severity);
        snprintf(wanted, sizeof wanted, "%d", (int)json_integer_value(severity));
        fail(file, number, "severity", wanted, is_text);
    }
}

static void compare_file(const char *folder, const char *file)
{
    CLEANUP(mem_free) char *path = mem_printf("%s/%s", folder, file);
    CLEANUP(mem_free) char *format = mem_strdup(file);
    json_error_t error;
    json_auto_t *entries = json_load_file(path, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    *strrchr(format, '.') = '\0';
    if (!json_is_array(entries))
        fail(file, 0, "file", "a list", error.text);
    for (size_t i = 0; i < json_array_size(entries); i++)
        compare(file, format, i, json_array_get(entries, i));
}

/* Every format has lines here. */
static void expect_all_formats(const char *folder)
{
    for (size_t i = 0; i < format_count; i++) {
        CLEANUP(mem_free) char *path = mem_printf("%s/%s.json", folder, format_table[i]->name);
        FILE *file = fopen(path, "r");
        if (file)
            fclose(file);
        else
            fail(format_table[i]->name, 0, "lines", path, NULL);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 100;
    DIR *folder = opendir(argv[1]);
    if (!folder)
        return 100;
    time_text_set_zone(9 * 3600);
    for (struct dirent *entry; (entry = readdir(folder));)
        if (strstr(entry->d_name, ".json"))
            compare_file(argv[1], entry->d_name);
    closedir(folder);
    expect_all_formats(argv[1]);
    printf("formats: %d compared, %d wrong\n", compared, failed);
    return failed ? 1 : 0;
}
