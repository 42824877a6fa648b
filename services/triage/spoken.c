/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/spoken.h"

#include "common/clock.h"
#include "common/util.h"
#include "services/triage/time_text.h"

#include <stdio.h>
#include <string.h>

#define TEXT_BYTES_MAX 2000
#define NAME_CHARACTERS_MAX 60

enum language { JAPANESE, ENGLISH, LANGUAGES };

/* Each sentence in both languages; the {} stand for the same values in the same order. */
static const char *const none[LANGUAGES] = {
    "この期間の検知はありません。確認した記録は{}件です。",
    "No detection in this period. {} records were looked at."};
static const char *const nothing_there[LANGUAGES] = {
    "この期間の記録が届いていません。検知の有無は分かりません。",
    "No records of this period have arrived, so nothing can be said."};
static const char *const found[LANGUAGES] = {"検知は{}件、うち遮断・隔離済みは{}件です。",
                                             "{} detections, {} of them blocked or quarantined."};
static const char *const worst[LANGUAGES] = {
    "最も重いのは「{}」で、{}、{}回、{}から{}まで、{}。",
    " The worst is \"{}\" on {}: {} times, from {} to {}, {}."};
static const char *const also[LANGUAGES] = {"同じ相手と通信した機器が、ほかに{}台あります。",
                                            " {} further devices touched the same address."};
static const char *const gap[LANGUAGES] = {"{}の記録が{}から{}まで途切れています。",
                                           " The records of {} have a gap from {} to {}."};
static const char *const not_whole[LANGUAGES] = {"すべては確認できていません。",
                                                 " Not everything could be looked at."};

static const struct {
    const char *action, *text[LANGUAGES];
} actions[] = {
    {"blocked", {"遮断済みです", "blocked"}},
    {"quarantined", {"隔離済みです", "quarantined"}},
    {"detected", {"検知のみで、止まっていません", "detected only, not stopped"}},
    {"allowed", {"通過しています", "let through"}},
};

#define VALUES(...) ((const char *[]){__VA_ARGS__, NULL})

/* Every {} by the next value. */
static void fill(struct buf *out, const char *sentence, const char *const *values)
{
    for (const char *at; *values && (at = strstr(sentence, "{}")); sentence = at + 2) {
        buf_add(out, sentence, (size_t)(at - sentence));
        buf_add_text(out, *values++);
    }
    buf_add_text(out, sentence);
}

struct number {
    char text[24];
};

static struct number number_of(const json_t *object, const char *name)
{
    struct number number;
    snprintf(number.text, sizeof number.text, "%lld",
             (long long)json_integer_value(json_object_get(object, name)));
    return number;
}

static const char *action_text(const json_t *group, enum language language)
{
    const char *action = json_string_value(json_object_get(group, "action"));
    for (size_t i = 0; action && i < COUNT_OF(actions); i++)
        if (strcmp(actions[i].action, action) == 0)
            return actions[i].text[language];
    return actions[2].text[language];
}

/* Without control characters, and not longer than one can say. */
static void say_name(const json_t *object, const char *name, const char *otherwise,
                     char ret_text[4 * NAME_CHARACTERS_MAX + 1])
{
    const char *at = json_string_value(json_object_get(object, name));
    size_t length = 0, characters = 0;
    at = at && *at ? at : otherwise;
    for (; *at; at++) {
        bool begins = ((unsigned char)*at & 0xc0) != 0x80;
        if (begins && ++characters > NAME_CHARACTERS_MAX)
            break;
        ret_text[length++] = (unsigned char)*at < 0x20 || *at == 0x7f ? ' ' : *at;
    }
    ret_text[length] = '\0';
}

/* "11月24日15時04分", "24 Nov 15:04": the desk's time. */
static void say_time(const json_t *object, const char *name, enum language language,
                     char ret_text[40])
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const char *text = json_string_value(json_object_get(object, name));
    int64_t time_us = 0;
    int year, month, day;
    if (!text || !clock_parse(text, strlen(text), &time_us)) {
        snprintf(ret_text, 40, "?");
        return;
    }
    int64_t minutes = (time_us / TIME_SECOND_US + time_text_zone()) / 60;
    clock_civil_from_days(minutes / 1440, &year, &month, &day);
    int hour = (int)(minutes % 1440 / 60), minute = (int)(minutes % 60);
    if (language == JAPANESE)
        snprintf(ret_text, 40, "%d月%d日%d時%02d分", month, day, hour, minute);
    else
        snprintf(ret_text, 40, "%d %s %02d:%02d", day, months[month - 1], hour, minute);
}

static void say_worst(struct buf *out, const json_t *summary, enum language language)
{
    const json_t *group = json_array_get(json_object_get(summary, "groups"), 0);
    char what[4 * NAME_CHARACTERS_MAX + 1], device[sizeof what], first[40], last[40];
    if (!group)
        return;
    say_name(group, "what", "?", what);
    say_name(group, "device", language == JAPANESE ? "機器不明" : "an unknown device", device);
    say_time(group, "first", language, first);
    say_time(group, "last", language, last);
    struct number count = number_of(group, "count");
    fill(out, worst[language],
         VALUES(what, device, count.text, first, last, action_text(group, language)));
}

/* The longest gap of all sources. */
static void say_gap(struct buf *out, const json_t *summary, enum language language)
{
    const json_t *sources = json_object_get(json_object_get(summary, "coverage"), "sources");
    const json_t *longest = NULL, *of = NULL;
    int64_t most_us = 0;
    for (size_t i = 0; i < json_array_size(sources); i++) {
        const json_t *source = json_array_get(sources, i), *gaps = json_object_get(source, "gaps");
        for (size_t k = 0; k < json_array_size(gaps); k++) {
            const json_t *one = json_array_get(gaps, k);
            const char *from = json_string_value(json_object_get(one, "from"));
            const char *to = json_string_value(json_object_get(one, "to"));
            int64_t from_us = 0, to_us = 0;
            if (from && to && clock_parse(from, strlen(from), &from_us) &&
                clock_parse(to, strlen(to), &to_us) && to_us - from_us > most_us) {
                most_us = to_us - from_us;
                longest = one;
                of = source;
            }
        }
    }
    char name[4 * NAME_CHARACTERS_MAX + 1], from[40], to[40];
    if (!longest)
        return;
    say_name(of, "source", "?", name);
    say_time(longest, "from", language, from);
    say_time(longest, "to", language, to);
    fill(out, gap[language], VALUES(name, from, to));
}

static json_t *say(const json_t *summary, enum language language)
{
    CLEANUP(buf_free) struct buf out;
    const json_t *coverage = json_object_get(summary, "coverage");
    struct number detections = number_of(summary, "detections"),
                  blocked = number_of(summary, "blocked"), scanned = number_of(coverage, "scanned"),
                  devices = number_of(summary, "touched_devices");
    bool any = strcmp(detections.text, "0") != 0;
    buf_init(&out, TEXT_BYTES_MAX);
    if (any)
        fill(&out, found[language], VALUES(detections.text, blocked.text));
    else if (strcmp(scanned.text, "0") != 0)
        fill(&out, none[language], VALUES(scanned.text));
    else
        buf_add_text(&out, nothing_there[language]);
    if (any)
        say_worst(&out, summary, language);
    if (strcmp(devices.text, "0") != 0)
        fill(&out, also[language], VALUES(devices.text));
    say_gap(&out, summary, language);
    if (json_is_true(json_object_get(summary, "truncated")))
        buf_add_text(&out, not_whole[language]);
    return json_stringn(out.data, out.length);
}

json_t *spoken_of(const json_t *summary)
{
    return json_pack("{s:o, s:o}", "ja", say(summary, JAPANESE), "en", say(summary, ENGLISH));
}
