/* SPDX-License-Identifier: Apache-2.0 */
#include "services/notify/words.h"

#include "common/clock.h"
#include "common/desk/calendar.h"
#include "services/notify/rules.h"

#include <stdio.h>
#include <string.h>

#define MINUTE_US INT64_C(60000000)
#define LINE_BYTES_MAX 1200

static const char *in(enum language language)
{
    return language == WORDS_JA ? "ja" : "en";
}

/* --- lines --------------------------------------------------------------------------------------------------------------- */

/* C0, C1, zero-width and direction characters, separators of lines: what makes text look like other text. */
static bool is_unseen(const char *at, size_t length)
{
    const unsigned char *c = (const unsigned char *)at;
    if (length == 1)
        return c[0] < 0x20 || c[0] == 0x7f;
    if (length == 2)
        return c[0] == 0xc2 && c[1] < 0xa0;
    if (length == 3 && c[0] == 0xe2 && c[1] == 0x80)
        return (c[2] >= 0x8b && c[2] <= 0x8f) || (c[2] >= 0xa8 && c[2] <= 0xae);
    if (length == 3 && c[0] == 0xe2 && c[1] == 0x81)
        return c[2] >= 0xa0 && c[2] <= 0xaf;
    return length == 3 && c[0] == 0xef && c[1] == 0xbb && c[2] == 0xbf;
}

static void add_cut(struct buf *out, const char *text, size_t length)
{
    struct bytes kept = utf8_cut((struct bytes){text, length}, LINE_BYTES_MAX);
    const char *at = kept.data, *end = bytes_end(kept);
    while (at < end) {
        size_t step = utf8_length(at, (size_t)(end - at));
        step = step ? step : 1;
        if (is_unseen(at, step))
            buf_add_text(out, " ");
        else
            buf_add(out, at, step);
        at += step;
    }
    if (kept.length < length)
        buf_add_text(out, "…");
}

void words_add_line(struct buf *out, const char *text)
{
    add_cut(out, text, strlen(text));
}

/* As it was written, line by line, so that it cannot be taken for the desk's own words. */
static void add_quote(struct buf *out, const char *text)
{
    for (const char *line = text; *line;) {
        size_t length = strcspn(line, "\r\n");
        if (length) {
            buf_add_text(out, "> ");
            add_cut(out, line, length);
            buf_add_text(out, "\n");
        }
        line += length;
        line += strspn(line, "\r\n");
    }
}

/* Several entries of one kind are one line to a customer. */
static void add_list(struct buf *out, const json_t *list, enum language language,
                     const char *heading)
{
    const char *last = "";
    if (json_array_size(list) > 0)
        buf_add_text(out, heading);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = text_of(json_array_get(list, i), in(language));
        if (!text || strcmp(text, last) == 0)
            continue;
        buf_add_text(out, "- ");
        words_add_line(out, text);
        buf_add_text(out, "\n");
        last = text;
    }
}

/* --- times --------------------------------------------------------------------------------------------------------------- */

static void add_day(struct buf *out, int64_t day, enum language language)
{
    static const char *const ja[] = {"日", "月", "火", "水", "木", "金", "土"};
    static const char *const en[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    int year, month, of_month, weekday = calendar_weekday(day);
    char date[CALENDAR_DATE_SIZE];
    clock_civil_from_days(day, &year, &month, &of_month);
    calendar_date_text(day, date);
    if (language == WORDS_JA)
        buf_printf(out, "%d年%d月%d日（%s）", year, month, of_month, ja[weekday]);
    else
        buf_printf(out, "%s %s", en[weekday], date);
}

static void add_moment(const struct words *words, struct buf *out, int64_t time_us,
                       enum language language)
{
    int64_t day = calendar_day_of(words->profile, time_us);
    int minute = (int)((time_us - calendar_midnight_us(words->profile, day)) / MINUTE_US);
    add_day(out, day, language);
    buf_printf(out, "%s%d:%02d", language == WORDS_JA ? "" : " ", minute / 60, minute % 60);
}

static bool write_time(const struct words *words, const char *name, enum language language,
                       struct buf *out)
{
    int64_t time_us;
    const char *text = text_of(words->parameters, name);
    if (!text || !clock_parse(text, strlen(text), &time_us))
        return false;
    add_moment(words, out, time_us, language);
    return true;
}

static bool reply_by(const struct words *words, enum language language, struct buf *out)
{
    return write_time(words, "reply_by", language, out);
}

static bool callback_at(const struct words *words, enum language language, struct buf *out)
{
    return write_time(words, "callback_at", language, out);
}

static bool changed_at(const struct words *words, enum language language, struct buf *out)
{
    return write_time(words, "changed_at", language, out);
}

/* Said where a clock fired long after it was due: the desk, not the customer, was late. */
static bool late(const struct words *words, enum language language, struct buf *out)
{
    if (!json_is_true(json_object_get(words->parameters, "late")))
        return true;
    buf_add_text(
        out, language == WORDS_JA
                 ? "\n窓口のシステムが止まっていたため、お知らせが遅れました。本来のお知らせ時刻は"
                 : "\nThis notice is late because our system was down. It was due at ");
    if (!write_time(words, "due_at", language, out))
        return false;
    buf_add_text(out, language == WORDS_JA ? "です。\n" : ".\n");
    return true;
}

/* --- the desk ------------------------------------------------------------------------------------------------------------ */

static bool number(const struct words *words, enum language language, struct buf *out)
{
    (void)language;
    const char *text = text_of(words->parameters, "number");
    buf_add_text(out, text ? text : "");
    return text != NULL;
}

static bool write_named(const json_t *object, enum language language, struct buf *out)
{
    const char *text = text_of(json_object_get(object, "name"), in(language));
    if (text)
        words_add_line(out, text);
    return text != NULL;
}

static bool desk(const struct words *words, enum language language, struct buf *out)
{
    return write_named(words->profile, language, out);
}

/* What a hand-over is about was with whom it was with, also when the profile has named another one since. */
static bool provider(const struct words *words, enum language language, struct buf *out)
{
    const char *template = text_of(words->parameters, "template");
    bool introduces = template && strcmp(template, "provider_introduced") == 0;
    if (json_is_true(json_object_get(words->parameters, "with_another")) && !introduces) {
        buf_add_text(out, language == WORDS_JA ? "当時の提供会社" : "the provider of that time");
        return true;
    }
    return write_named(json_object_get(words->profile, "provider"), language, out);
}

static bool phone(const struct words *words, enum language language, struct buf *out)
{
    (void)language;
    const char *text = text_of(words->profile, "phone");
    if (text)
        words_add_line(out, text);
    return text != NULL;
}

static bool hours(const struct words *words, enum language language, struct buf *out)
{
    static const char *const keys[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    static const char *const names[][2] = {{"月", "Mon"}, {"火", "Tue"}, {"水", "Wed"},
                                           {"木", "Thu"}, {"金", "Fri"}, {"土", "Sat"},
                                           {"日", "Sun"}};
    const json_t *table = json_object_get(words->profile, "hours");
    bool any = false;
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        const json_t *span = json_object_get(table, keys[i]);
        size_t last = i;
        if (!span)
            continue;
        while (last + 1 < COUNT_OF(keys) &&
               json_equal(span, json_object_get(table, keys[last + 1])))
            last++;
        buf_printf(out, "%s%s", any ? (language == WORDS_JA ? "、" : ", ") : "",
                   names[i][language]);
        if (last > i)
            buf_printf(out, "%s%s", language == WORDS_JA ? "〜" : "-", names[last][language]);
        buf_printf(out, " %s-%s", json_string_value(json_array_get(span, 0)),
                   json_string_value(json_array_get(span, 1)));
        any = true;
        i = last;
    }
    if (any && !is_text(words->profile, "public_holidays", "none"))
        buf_add_text(out, language == WORDS_JA ? "、祝日を除く" : ", not on public holidays");
    return any;
}

/* What happens next, by whether anybody is there: outside of the hours, when the desk opens. */
static bool opening(const struct words *words, enum language language, struct buf *out)
{
    if (calendar_is_open(words->profile, words->now_us)) {
        buf_add_text(out, language == WORDS_JA ? "担当者がお電話で対応します。"
                                               : "Our operator will help you by telephone.");
        return true;
    }
    int64_t opens_us = calendar_next_opening_us(words->profile, words->now_us);
    buf_add_text(out, language == WORDS_JA ? "ただいま受付時間外です。次の受付開始は"
                                           : "The desk is closed now. It opens next on ");
    add_moment(words, out, opens_us, language);
    buf_add_text(out, language == WORDS_JA ? "です。" : ".");
    return true;
}

/* --- who ----------------------------------------------------------------------------------------------------------------- */

static bool customer_greeting(const struct words *words, enum language language, struct buf *out)
{
    const char *company = text_of(words->parameters, "company"),
               *person = text_of(words->parameters, "person");
    if (!company && !person) {
        buf_add_text(out, language == WORDS_JA ? "ご担当者様" : "Dear Sir or Madam");
        return true;
    }
    buf_add_text(out, language == WORDS_JA ? "" : "To ");
    if (company)
        words_add_line(out, company);
    if (company && person)
        buf_add_text(out, language == WORDS_JA ? "　" : ", ");
    if (person)
        words_add_line(out, person);
    buf_add_text(out, language == WORDS_JA ? (person ? " 様" : " 御中") : "");
    return true;
}

static bool greeting(const struct words *words, enum language language, struct buf *out)
{
    const char *to = text_of(words->parameters, "to");
    bool japanese = language == WORDS_JA;
    if (notify_is_of_desk(to)) {
        buf_add_text(out, japanese ? "窓口担当者各位" : "To the desk");
        return true;
    }
    if (!to || strcmp(to, "provider") != 0)
        return customer_greeting(words, language, out);
    buf_add_text(out, japanese ? "" : "To ");
    if (!provider(words, language, out))
        return false;
    buf_add_text(out, japanese ? " 御中" : "");
    return true;
}

/* What to do while waiting tells of an incident: only to an address that was read back. */
static bool advice(const struct words *words, enum language language, struct buf *out)
{
    static const char *const lines[] = {
        "\nお待ちのあいだ、次のことをお願いします。\n"
        "- 機器の電源は切らないでください。\n"
        "- ファイルの削除や初期化、ウイルスの駆除はしないでください。\n"
        "- LANケーブルを抜く、Wi-Fiを切ることは、すぐに行っていただいてかまいません。\n",
        "\nUntil then:\n"
        "- Please keep devices powered on.\n"
        "- Please do not delete files, wipe or clean anything.\n"
        "- You may unplug the LAN cable or switch off Wi-Fi at once.\n"};
    if (json_is_true(json_object_get(words->parameters, "confirmed")))
        buf_add_text(out, lines[language]);
    return true;
}

/* --- the case ------------------------------------------------------------------------------------------------------------ */

static bool write_count(const struct words *words, const char *name, struct buf *out)
{
    const json_t *count = json_object_get(words->parameters, name);
    buf_printf(out, "%lld", (long long)json_integer_value(count));
    return count != NULL;
}

static bool records(const struct words *words, enum language language, struct buf *out)
{
    (void)language;
    return write_count(words, "records", out);
}

static bool detections(const struct words *words, enum language language, struct buf *out)
{
    (void)language;
    return write_count(words, "detections", out);
}

static bool blocked(const struct words *words, enum language language, struct buf *out)
{
    (void)language;
    return write_count(words, "blocked", out);
}

static bool policy(const struct words *words, enum language language, struct buf *out)
{
    (void)language;
    const char *text = text_of(words->parameters, "policy");
    if (text)
        add_quote(out, text);
    return text != NULL;
}

static bool steps(const struct words *words, enum language language, struct buf *out)
{
    const json_t *list = json_object_get(words->parameters, "steps");
    add_list(out, list, language, "");
    return json_array_size(list) > 0;
}

static bool reasons(const struct words *words, enum language language, struct buf *out)
{
    add_list(out, json_object_get(words->parameters, "reasons"), language, "");
    return true;
}

/* What is needed before anything can be handed over; nothing where all is there. */
static bool needed(const struct words *words, enum language language, struct buf *out)
{
    add_list(out, json_object_get(words->parameters, "reasons"), language,
             language == WORDS_JA ? "\nご利用になる場合に必要なことは、次のとおりです。\n"
                                  : "\nWhat is needed if you want to use it:\n");
    return true;
}

/* Said before the customer pays for an investigation; it stops nothing (4-12). */
static bool warnings(const struct words *words, enum language language, struct buf *out)
{
    add_list(out, json_object_get(words->parameters, "warnings"), language,
             language == WORDS_JA
                 ? "\n次の点により、調査や対応が十分に行えないことがあります（同意書 4-⑫）。\n"
                 : "\nFor these reasons the investigation and support may be insufficient (consent "
                   "form, 4-12):\n");
    return true;
}

static bool proposals(const struct words *words, enum language language, struct buf *out)
{
    const json_t *list = json_object_get(words->parameters, "proposals");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *proposal = json_array_get(list, i);
        const char *setting = text_of(json_object_get(proposal, "setting"), in(language)),
                   *after = text_of(json_object_get(proposal, "after"), in(language)),
                   *target = text_of(proposal, "target");
        buf_add_text(out, "- ");
        words_add_line(out, setting ? setting : "-");
        buf_add_text(out, target ? " " : "");
        words_add_line(out, target ? target : "");
        buf_add_text(out, after ? (language == WORDS_JA ? "：" : ": ") : "");
        words_add_line(out, after ? after : "");
        buf_add_text(out, "\n");
    }
    return json_array_size(list) > 0;
}

static bool handover(const struct words *words, enum language language, struct buf *out)
{
    (void)language;
    const char *id = text_of(words->parameters, "handover");
    buf_add_text(out, id ? id : "");
    return id != NULL;
}

/* --- personal data ------------------------------------------------------------------------------------------------------- */

static const json_t *breach_of(const struct words *words)
{
    return json_object_get(words->parameters, "breach");
}

static bool write_breach_day(const struct words *words, const char *name, enum language language,
                             struct buf *out)
{
    const json_t *day = json_object_get(breach_of(words), name);
    if (day)
        add_day(out, json_integer_value(day), language);
    return day != NULL;
}

static bool preliminary_from(const struct words *words, enum language language, struct buf *out)
{
    return write_breach_day(words, "from_day", language, out);
}

static bool preliminary_day(const struct words *words, enum language language, struct buf *out)
{
    return write_breach_day(words, "day", language, out);
}

static bool final_day(const struct words *words, enum language language, struct buf *out)
{
    return write_breach_day(words, "final_day", language, out);
}

static bool known_day(const struct words *words, enum language language, struct buf *out)
{
    static const struct {
        const char *field, *text[2];
    } origins[] = {
        {"known_at", {"事態を知った日", "the day you learned of it"}},
        {"discovered_at", {"発見した日", "the day it was discovered"}},
        {"", {"ご相談いただいた日", "the day you called us"}},
    };
    const char *field = text_of(breach_of(words), "known_by");
    for (size_t i = 0; field && i < COUNT_OF(origins); i++)
        if (strcmp(field, origins[i].field) == 0)
            buf_printf(out, language == WORDS_JA ? "%s " : "%s, ", origins[i].text[language]);
    return write_breach_day(words, "known_day", language, out);
}

static bool final_days(const struct words *words, enum language language, struct buf *out)
{
    (void)language;
    buf_printf(out, "%lld",
               (long long)json_integer_value(json_object_get(breach_of(words), "final_days")));
    return breach_of(words) != NULL;
}

static bool write_source(const struct words *words, const char *rule, enum language language,
                         struct buf *out)
{
    CLEANUP(mem_free) char *name = mem_printf("%s_source_%s", rule, in(language));
    const char *text = text_of(breach_of(words), name);
    buf_add_text(out, text ? text : "");
    return text != NULL;
}

static bool guideline(const struct words *words, enum language language, struct buf *out)
{
    return write_source(words, "preliminary", language, out);
}

static bool law(const struct words *words, enum language language, struct buf *out)
{
    return write_source(words, "final", language, out);
}

static bool entrusted(const struct words *words, enum language language, struct buf *out)
{
    if (json_is_true(json_object_get(breach_of(words), "entrusted")))
        buf_add_text(
            out,
            language == WORDS_JA
                ? "委託を受けているデータについては、委託元への通知で足りる場合があります。\n"
                : "For data that was entrusted to you, telling your principal may do instead.\n");
    return true;
}

/* Of dates that still lie ahead when a case is closed. */
static bool dates_ahead(const struct words *words, enum language language, struct buf *out)
{
    const json_t *day = json_object_get(breach_of(words), "final_day");
    if (!day || json_integer_value(day) < calendar_day_of(words->profile, words->now_us))
        return true;
    buf_add_text(
        out,
        language == WORDS_JA
            ? "\n個人データの漏えいのおそれがある場合、個人情報保護委員会への確報の期限は"
            : "\nIf personal data may have leaked, the final report to the commission is due by ");
    add_day(out, json_integer_value(day), language);
    buf_add_text(out, language == WORDS_JA ? "です。\n" : ".\n");
    return true;
}

/* --- the table ----------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    bool (*write)(const struct words *words, enum language language, struct buf *out);
} variables[] = {
    {"number", number},
    {"greeting", greeting},
    {"desk", desk},
    {"phone", phone},
    {"hours", hours},
    {"opening", opening},
    {"provider", provider},
    {"advice", advice},
    {"records", records},
    {"detections", detections},
    {"blocked", blocked},
    {"policy", policy},
    {"steps", steps},
    {"reasons", reasons},
    {"needed", needed},
    {"warnings", warnings},
    {"proposals", proposals},
    {"handover", handover},
    {"reply_by", reply_by},
    {"callback_at", callback_at},
    {"changed_at", changed_at},
    {"preliminary_from", preliminary_from},
    {"preliminary_day", preliminary_day},
    {"final_day", final_day},
    {"final_days", final_days},
    {"known_day", known_day},
    {"guideline", guideline},
    {"law", law},
    {"entrusted", entrusted},
    {"dates_ahead", dates_ahead},
    {"late", late},
};

bool words_write(const struct words *words, enum language language, const char *name,
                 struct buf *out)
{
    for (size_t i = 0; i < COUNT_OF(variables); i++)
        if (strcmp(variables[i].name, name) == 0)
            return variables[i].write(words, language, out);
    return false;
}

bool words_know(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(variables); i++)
        if (strcmp(variables[i].name, name) == 0)
            return true;
    return false;
}
