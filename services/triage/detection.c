/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/detection.h"

#include <stdlib.h>
#include <string.h>

/* Values: alternatives separated by '|', letters of either case; "*" any value at all; "~a|b" any that contains one. */
struct condition {
    enum field field;
    const char *values;
};

#define SEVERITY_OF_LINE (-1) /* what the product itself says, see severity_words */

struct detection_row {
    const char *format;
    struct condition all[3]; /* NULL values: no further condition */
    int severity;
};

/* The first row that fits decides; a row with severity 0 says: certainly none. */
static const struct detection_row rows[] = {
    {"fortigate", {{FIELD_EVENT, "botnet|~botnet"}}, 90},
    {"fortigate",
     {{FIELD_SUBTYPE, "virus"},
      {FIELD_EVENT, "analytics|oversize|scanerror|unscanned|switchproto"}},
     0},
    {"fortigate", {{FIELD_SUBTYPE, "virus"}}, 80},
    {"fortigate", {{FIELD_SUBTYPE, "ips|anomaly|waf"}}, SEVERITY_OF_LINE},
    {"fortigate",
     {{FIELD_SUBTYPE, "webfilter"}, {FIELD_CATEGORY, "~malicious|phishing|spam url|newly"}},
     60},
    {"fortigate", {{FIELD_SUBTYPE, "webfilter"}, {FIELD_ACTION, "blocked|block"}}, 30},
    {"fortigate", {{FIELD_SUBTYPE, "dns"}, {FIELD_ACTION, "block|blocked|redirect|sinkhole"}}, 60},
    {"fortigate", {{FIELD_SUBTYPE, "app-ctrl"}, {FIELD_RISK, "critical"}}, 50},
    {"fortigate", {{FIELD_SUBTYPE, "app-ctrl"}, {FIELD_ACTION, "block|blocked|reset"}}, 30},
    {"fortigate",
     {{FIELD_SUBTYPE, "dlp|file-filter"}, {FIELD_ACTION, "block|blocked|quarantine"}},
     50},
    {"fortigate",
     {{FIELD_SUBTYPE, "emailfilter"}, {FIELD_ACTION, "blocked|block|exempt-fail"}},
     30},
    {"fortigate", {{FIELD_SUBTYPE, "vpn"}, {FIELD_ACTION, "~login-fail"}}, 20},
    {"fortigate",
     {{FIELD_SUBTYPE, "system|user"}, {FIELD_RULE, "~login failed|authentication failed"}},
     20},
    {"suricata", {{FIELD_TYPE, "alert"}, {FIELD_SEVERITY, "1"}}, 90},
    {"suricata", {{FIELD_TYPE, "alert"}, {FIELD_SEVERITY, "2"}}, 70},
    {"suricata", {{FIELD_TYPE, "alert"}, {FIELD_SEVERITY, "3"}}, 40},
    {"suricata", {{FIELD_TYPE, "alert"}}, 20},
    {"squid", {{FIELD_ACTION, "~denied"}, {FIELD_STATUS, "403"}}, 20},
    {"cef",
     {{FIELD_EVENT, "~malware|virus|ransom|trojan|exploit|intrusion|threat|attack|botnet|c&c|"
                    "phishing|suspicious"}},
     SEVERITY_OF_LINE},
    {"cef",
     {{FIELD_CATEGORY,
       "~malware|virus|ransom|trojan|exploit|intrusion|threat|attack|botnet|c&c|phishing"}},
     SEVERITY_OF_LINE},
    {"cef", {{FIELD_SEVERITY, "7|8|9|10|high|very-high|very high|critical"}}, SEVERITY_OF_LINE},
};

struct severity_word {
    const char *format, *word;
    int severity;
};
static const struct severity_word severity_words[] = {
    {"fortigate", "critical", 95}, {"fortigate", "high", 80}, {"fortigate", "medium", 60},
    {"fortigate", "low", 40},      {"fortigate", "info", 20}, {"fortigate", "alert", 60},
    {"cef", "very-high", 95},      {"cef", "very high", 95},  {"cef", "critical", 95},
    {"cef", "high", 80},           {"cef", "medium", 60},     {"cef", "low", 40},
    {"cef", "unknown", 50},
};

struct action_word {
    const char *action, *values;
};
/* Order matters: "quarantined" before "blocked", since some products say both. */
static const struct action_word action_words[] = {
    {"quarantined", "~quarantine|quarantaine|isolate"},
    {"blocked", "~block|drop|deny|denied|reject|reset|prevent|clear_session|clear-session|terminat|"
                "delet|clean|removed|ssl-login-fail"},
    {"detected", "~detect|monitor|passthrough|alert|log|analytics"},
    {"allowed", "~allow|accept|pass|permit|tcp_|notified|success"},
};

static bool one_of(struct bytes value, const char *list, bool contains)
{
    while (*list) {
        size_t length = strcspn(list, "|");
        struct bytes word = {.data = list, .length = length};
        if (contains || *list == '~'
                ? bytes_find_nocase(value, *list == '~' ? bytes_slice(list + 1, list + length)
                                                        : word) != NULL
                : value.length == length && bytes_find_nocase(value, word) == value.data)
            return true;
        list += length + (list[length] == '|');
    }
    return false;
}

static bool fits_values(struct bytes value, const char *values)
{
    if (!value.data)
        return false;
    if (strcmp(values, "*") == 0)
        return true;
    return one_of(value, *values == '~' ? values + 1 : values, *values == '~');
}

static bool fits(const struct detection_row *row, const struct parsed *parsed)
{
    if (strcmp(row->format, parsed->format->name) != 0)
        return false;
    for (size_t i = 0; i < COUNT_OF(row->all) && row->all[i].values; i++)
        if (!fits_values(parsed->fields[row->all[i].field], row->all[i].values))
            return false;
    return true;
}

/* CEF: 0 to 10, or a word. Where the line says nothing, the middle. */
static int severity_of_line(const struct parsed *parsed)
{
    struct bytes text = parsed->fields[FIELD_SEVERITY];
    char number[4] = "";
    for (size_t i = 0; i < COUNT_OF(severity_words); i++)
        if (strcmp(severity_words[i].format, parsed->format->name) == 0 &&
            bytes_equal_text_nocase(text, severity_words[i].word))
            return severity_words[i].severity;
    if (text.length && text.length <= 2) {
        memcpy(number, text.data, text.length);
        int value = atoi(number);
        return value > 10 ? 100 : value * 10;
    }
    return 50;
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
    static const enum field named_by[] = {FIELD_RULE,    FIELD_EVENT,   FIELD_CATEGORY,
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
    if (!parsed->format)
        return;
    ret_finding->action = action_of(parsed);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (fits(&rows[i], parsed)) {
            ret_finding->severity =
                rows[i].severity == SEVERITY_OF_LINE ? severity_of_line(parsed) : rows[i].severity;
            ret_finding->detection = ret_finding->severity > 0;
            break;
        }
    if (!ret_finding->detection)
        return;
    name_finding(parsed, ret_finding);
    if (!ret_finding->action)
        ret_finding->action = "detected";
}
