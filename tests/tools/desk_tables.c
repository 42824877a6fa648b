/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints the desk's tables so that tests in other languages can hold them against something independent:
 * `holidays FROM TO` (a day and its name a line), `schema`, `sheet`, `topics` (name, writers and readers a line), and
 * `check` (bodies on stdin, one a line → "ok" or the codes and pointers found), `missing A|B|H` (hearings on stdin, one a line → the
 * pointers still to be asked).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/desk/calendar.h"
#include "common/desk/hearing.h"
#include "common/desk/topics.h"

static int print_holidays(int from, int to)
{
    for (int64_t day = clock_days_from_civil(from, 1, 1); day < clock_days_from_civil(to + 1, 1, 1);
         day++) {
        int year, month, of_month;
        const char *name;
        clock_civil_from_days(day, &year, &month, &of_month);
        if (calendar_is_public_holiday(year, month, of_month, &name))
            printf("%04d-%02d-%02d %s\n", year, month, of_month, name);
    }
    return 0;
}

static int print_json(json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(1));
    json_decref(json);
    return 0;
}

static int print_topics(void)
{
    for (size_t i = 0; i < topics_count; i++)
        printf("%s %s %s\n", topics_table[i].name, topics_table[i].writers,
               topics_table[i].readers);
    return 0;
}

static int check_lines(void)
{
    CLEANUP(mem_free) char *line = NULL;
    size_t size = 0;
    ssize_t length;
    while ((length = getline(&line, &size, stdin)) > 0) {
        struct hearing_errors errors;
        struct hearing_opening opening;
        if (hearing_check_opening(line, (size_t)length, &opening, NULL, &errors))
            printf("ok");
        for (size_t i = 0; i < errors.count; i++)
            printf("%s%s %s", i ? "," : "", errors.list[i].code, errors.list[i].pointer);
        printf("\n");
    }
    return 0;
}

static int print_missing(enum hearing_stage stage)
{
    CLEANUP(mem_free) char *line = NULL;
    size_t size = 0;
    ssize_t length;
    while ((length = getline(&line, &size, stdin)) > 0) {
        json_auto_t *hearing = json_loadb(line, (size_t)length, 0, NULL);
        json_auto_t *missing = hearing_missing(hearing, stage);
        for (size_t i = 0; i < json_array_size(missing); i++)
            printf("%s%s", i ? " " : "",
                   json_string_value(json_object_get(json_array_get(missing, i), "pointer")));
        printf("\n");
    }
    return 0;
}

static enum hearing_stage stage_of(const char *name)
{
    return *name == 'A' ? HEARING_STAGE_A : *name == 'B' ? HEARING_STAGE_B : HEARING_STAGE_H;
}

int main(int count, char **words)
{
    const char *what = count > 1 ? words[1] : "";
    if (strcmp(what, "holidays") == 0 && count == 4)
        return print_holidays(atoi(words[2]), atoi(words[3]));
    if (strcmp(what, "schema") == 0)
        return print_json(hearing_schema());
    if (strcmp(what, "sheet") == 0)
        return print_json(hearing_sheet());
    if (strcmp(what, "topics") == 0)
        return print_topics();
    if (strcmp(what, "check") == 0)
        return check_lines();
    if (strcmp(what, "missing") == 0 && count == 3)
        return print_missing(stage_of(words[2]));
    fprintf(stderr, "usage: desk_tables holidays FROM TO | schema | sheet | topics | check | "
                    "missing A|B|H\n");
    return 100;
}
