/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/detection.h"

#include <stdlib.h>
#include <string.h>

/* The rows stand with their formats; `triage formats` prints them as one table. */

struct severity_word {
    const char *word;
    int severity;
};
static const struct severity_word severity_words[] = {
    {"very-high", 95}, {"very high", 95}, {"critical", 95},      {"severe", 90},
    {"emergency", 95}, {"fatal", 95},     {"high", 80},          {"major", 80},
    {"alert", 80},     {"error", 60},     {"medium", 60},        {"moderate", 60},
    {"warning", 60},   {"elevated", 60},  {"minor", 40},         {"low", 40},
    {"notice", 30},    {"info", 20},      {"informational", 20}, {"information", 20},
    {"guarded", 30},
};

struct action_word {
    const char *action, *values;
};
/* Order matters: what would have been done was not; "quarantined" before "blocked", since some products say both. */
static const struct action_word action_words[] = {
    {"detected", "~would |would_|wdrop|report only|not blocked|notblocked"},
    {"quarantined", "~quarantin|isolat|moved to"},
    {"blocked", "~block|drop|deny|denied|reject|reset|prevent|clear_session|clear-session|terminat|"
                "delet|clean|removed|sinkhole|kill|refus"},
    {"detected", "log|logged|logging"},
    {"detected", "~detect|monitor|alert|log only|logged only|analytics|report"},
    {"allowed", "~allow|accept|pass|permit|tcp_|notified|success|continue|no action|left alone"},
};

/* One of the words of a list, as a whole or as a part. */
static bool one_of(struct bytes value, const char *list, bool as_part)
{
    while (*list) {
        size_t length = strcspn(list, "|");
        struct bytes word = {.data = list, .length = length};
        const char *found = bytes_find_nocase(value, word);
        if (found && (as_part || (found == value.data && value.length == length)))
            return true;
        list += length + (list[length] == '|');
    }
    return false;
}

static bool fits_values(struct bytes value, const char *values)
{
    if (!*values || !value.data)
        return !*values && !value.data;
    switch (*values) {
    case '*':
        return true;
    case '~':
        return one_of(value, values + 1, true);
    case '!':
        return !one_of(value, values + 1, true);
    default:
        return one_of(value, values, false);
    }
}

static bool fits(const struct detection_row *row, const struct parsed *parsed)
{
    for (size_t i = 0; i < COUNT_OF(row->all) && row->all[i].values; i++)
        if (!fits_values(parsed->fields[row->all[i].field], row->all[i].values))
            return false;
    return true;
}

static const struct detection_row *row_of(const struct parsed *parsed)
{
    for (const struct format *format = parsed->format; format; format = format->base)
        for (size_t i = 0; i < format->detection_count; i++)
            if (fits(&format->detections[i], parsed))
                return &format->detections[i];
    return NULL;
}

static int scaled(enum severity_scale scale, int number)
{
    static const int syslog[] = {100, 95, 90, 80, 60, 40, 20, 10};
    switch (scale) {
    case SEVERITY_TEN:
        return number > 10 ? 100 : number * 10;
    case SEVERITY_SYSLOG:
        return number < (int)COUNT_OF(syslog) ? syslog[number] : 10;
    case SEVERITY_FIVE:
        return number > 5 ? 100 : number * 20;
    case SEVERITY_HUNDRED:
        return number > 100 ? 100 : number;
    }
    return 50;
}

/* A word or a number on the format's scale. Where the line says nothing, the middle; never 0, for it is a detection. */
static int severity_of_line(const struct parsed *parsed)
{
    struct bytes text = parsed->fields[FIELD_SEVERITY];
    char number[4] = "";
    for (size_t i = 0; i < COUNT_OF(severity_words); i++)
        if (bytes_equal_text_nocase(text, severity_words[i].word))
            return severity_words[i].severity;
    if (!text.length || text.length >= sizeof number)
        return 50;
    memcpy(number, text.data, text.length);
    if (strspn(number, "0123456789") != text.length)
        return 50;
    int severity = scaled(parsed->format->scale, atoi(number));
    return severity > 0 ? severity : 5;
}

static void cut_to_utf8(char *text, size_t length)
{
    while (length && ((unsigned char)text[length - 1] & 0xc0) == 0x80)
        length--;
    if (length && (unsigned char)text[length - 1] >= 0xc0)
        length--;
    text[length] = '\0';
}

static void name_finding(const struct parsed *parsed, struct finding *finding)
{
    static const enum field named_by[] = {FIELD_THREAT,  FIELD_RULE,    FIELD_EVENT, FIELD_CATEGORY,
                                          FIELD_SUBTYPE, FIELD_MESSAGE, FIELD_ACTION};
    for (size_t i = 0; i < COUNT_OF(named_by); i++) {
        struct bytes name = parsed->fields[named_by[i]];
        if (!name.data)
            continue;
        bool cut = name.length >= sizeof finding->what;
        size_t length = cut ? sizeof finding->what - 1 : name.length;
        memcpy(finding->what, name.data, length);
        finding->what[length] = '\0';
        if (cut)
            cut_to_utf8(finding->what, length);
        return;
    }
}

static const char *action_of(const struct parsed *parsed)
{
    for (size_t i = 0; i < COUNT_OF(action_words); i++)
        if (fits_values(parsed->fields[FIELD_ACTION], action_words[i].values))
            return action_words[i].action;
    return NULL;
}

void detection_judge(const struct parsed *parsed, struct finding *ret_finding)
{
    *ret_finding = (struct finding){0};
    const struct detection_row *row = row_of(parsed);
    ret_finding->action = row && row->action ? row->action : action_of(parsed);
    if (!row || row->severity == 0)
        return;
    ret_finding->severity =
        row->severity == SEVERITY_OF_LINE ? severity_of_line(parsed) : row->severity;
    ret_finding->detection = true;
    name_finding(parsed, ret_finding);
    if (!ret_finding->action)
        ret_finding->action = "detected";
}
