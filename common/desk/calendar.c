/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Act on National Holidays (昭和23年法律第178号) with its changes since 2000: happy Mondays (2000, 2003), Showa Day and the
 * new rule for substitute days (2007), Mountain Day (2016), the enthronement (2019), the Olympic years (2020, 2021).
 */
#include "common/desk/calendar.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/util.h"

#define MINUTE_US (INT64_C(60) * 1000000)
#define DAY_US (INT64_C(24) * 60 * MINUTE_US)
#define DAYS_SEARCHED 400
#define EVER 2099

enum day_rule { ON_DAY, NTH_MONDAY, VERNAL_EQUINOX, AUTUMNAL_EQUINOX };

struct holiday {
    int from, to; /* years */
    int month;
    enum day_rule rule;
    int day; /* of the month, or which Monday */
    const char *name;
};
static const struct holiday holidays[] = {
    {2000, EVER, 1, ON_DAY, 1, "元日"},
    {2000, EVER, 1, NTH_MONDAY, 2, "成人の日"},
    {2000, EVER, 2, ON_DAY, 11, "建国記念の日"},
    {2020, EVER, 2, ON_DAY, 23, "天皇誕生日"},
    {2000, EVER, 3, VERNAL_EQUINOX, 0, "春分の日"},
    {2000, 2006, 4, ON_DAY, 29, "みどりの日"},
    {2007, EVER, 4, ON_DAY, 29, "昭和の日"},
    {2019, 2019, 5, ON_DAY, 1, "天皇の即位の日"},
    {2000, EVER, 5, ON_DAY, 3, "憲法記念日"},
    {2007, EVER, 5, ON_DAY, 4, "みどりの日"},
    {2000, EVER, 5, ON_DAY, 5, "こどもの日"},
    {2000, 2002, 7, ON_DAY, 20, "海の日"},
    {2003, 2019, 7, NTH_MONDAY, 3, "海の日"},
    {2020, 2020, 7, ON_DAY, 23, "海の日"},
    {2020, 2020, 7, ON_DAY, 24, "スポーツの日"},
    {2021, 2021, 7, ON_DAY, 22, "海の日"},
    {2021, 2021, 7, ON_DAY, 23, "スポーツの日"},
    {2022, EVER, 7, NTH_MONDAY, 3, "海の日"},
    {2016, 2019, 8, ON_DAY, 11, "山の日"},
    {2020, 2020, 8, ON_DAY, 10, "山の日"},
    {2021, 2021, 8, ON_DAY, 8, "山の日"},
    {2022, EVER, 8, ON_DAY, 11, "山の日"},
    {2000, 2002, 9, ON_DAY, 15, "敬老の日"},
    {2003, EVER, 9, NTH_MONDAY, 3, "敬老の日"},
    {2000, EVER, 9, AUTUMNAL_EQUINOX, 0, "秋分の日"},
    {2000, 2019, 10, NTH_MONDAY, 2, "体育の日"},
    {2019, 2019, 10, ON_DAY, 22, "即位礼正殿の儀の行われる日"},
    {2022, EVER, 10, NTH_MONDAY, 2, "スポーツの日"},
    {2000, EVER, 11, ON_DAY, 3, "文化の日"},
    {2000, EVER, 11, ON_DAY, 23, "勤労感謝の日"},
    {2000, 2018, 12, ON_DAY, 23, "天皇誕生日"},
};

/* 1970-01-01 was a Thursday. */
int calendar_weekday(int64_t day)
{
    return (int)(((day + 4) % 7 + 7) % 7);
}

/* The approximation of the Hydrographic Department for 1980 to 2099, in millionths of a day. */
static int equinox_day(int64_t constant, int year)
{
    return (int)((constant + 242194 * (int64_t)(year - 1980)) / 1000000 - (year - 1980) / 4);
}

static int day_in_month(const struct holiday *holiday, int year)
{
    int64_t first = clock_days_from_civil(year, holiday->month, 1);
    switch (holiday->rule) {
    case ON_DAY:
        return holiday->day;
    case NTH_MONDAY:
        return 1 + (8 - calendar_weekday(first)) % 7 + 7 * (holiday->day - 1);
    case VERNAL_EQUINOX:
        return equinox_day(20843100, year);
    case AUTUMNAL_EQUINOX:
        return equinox_day(23248800, year);
    }
    return 0;
}

/* A day that the Act names (国民の祝日); NULL if it is none. */
static const char *named_holiday(int64_t day)
{
    int year, month, of_month;
    clock_civil_from_days(day, &year, &month, &of_month);
    for (size_t i = 0; i < COUNT_OF(holidays); i++)
        if (holidays[i].month == month && year >= holidays[i].from && year <= holidays[i].to &&
            day_in_month(&holidays[i], year) == of_month)
            return holidays[i].name;
    return NULL;
}

/* Article 3 (2): a holiday on a Sunday gives the next day that is no holiday; before 2007 the Monday only. */
static bool is_substitute(int64_t day, int year)
{
    if (year < 2007)
        return calendar_weekday(day) == 1 && named_holiday(day - 1);
    for (int64_t before = day - 1; named_holiday(before); before--)
        if (calendar_weekday(before) == 0)
            return true;
    return false;
}

/* Article 3 (3): a day between two holidays; not where it is a Sunday. */
static bool is_between(int64_t day)
{
    return calendar_weekday(day) != 0 && named_holiday(day - 1) && named_holiday(day + 1);
}

static const char *holiday_of(int64_t day, int year)
{
    const char *name = named_holiday(day);
    if (name)
        return name;
    if (is_substitute(day, year))
        return "振替休日";
    return is_between(day) ? "国民の休日" : NULL;
}

bool calendar_is_public_holiday(int year, int month, int day, const char **ret_name_ja)
{
    const char *name = year >= 2000 && year <= EVER
                           ? holiday_of(clock_days_from_civil(year, month, day), year)
                           : NULL;
    if (name && ret_name_ja)
        *ret_name_ja = name;
    return name != NULL;
}

/* --- desk hours --------------------------------------------------------------------------------------------------- */

static int two_digits(const char *text)
{
    bool digits = text[0] >= '0' && text[0] <= '9' && text[1] >= '0' && text[1] <= '9';
    return digits ? (text[0] - '0') * 10 + (text[1] - '0') : -1;
}

int calendar_minute_of_day(const char *text)
{
    if (!text || strlen(text) != 5 || text[2] != ':')
        return -1;
    int hours = two_digits(text), minutes = two_digits(text + 3);
    int total = hours * 60 + minutes;
    return hours >= 0 && minutes >= 0 && minutes < 60 && total <= 24 * 60 ? total : -1;
}

/* By way of the one reader of times, which knows the lengths of months. */
bool calendar_parse_date(const char *text, int64_t *ret_day)
{
    char whole[sizeof "2026-12-29T00:00:00Z"];
    int64_t time_us;
    if (!text || strlen(text) != 10)
        return false;
    memcpy(whole, text, 10);
    memcpy(whole + 10, "T00:00:00Z", sizeof "T00:00:00Z");
    if (!clock_parse(whole, sizeof whole - 1, &time_us))
        return false;
    *ret_day = time_us / DAY_US;
    return true;
}

static int64_t offset_us(const json_t *profile)
{
    const char *zone = json_string_value(json_object_get(profile, "time_zone"));
    return zone && strcmp(zone, "UTC") == 0 ? 0 : MINUTE_US * 9 * 60;
}

static int64_t floor_day(int64_t time_us)
{
    return time_us >= 0 ? time_us / DAY_US : -((-time_us + DAY_US - 1) / DAY_US);
}

int64_t calendar_midnight_us(const json_t *profile, int64_t day)
{
    return day * DAY_US - offset_us(profile);
}

int64_t calendar_day_of(const json_t *profile, int64_t time_us)
{
    return floor_day(time_us + offset_us(profile));
}

static bool is_closure(const json_t *profile, int64_t day)
{
    size_t index;
    const json_t *closure;
    json_array_foreach(json_object_get(profile, "closures"), index, closure)
    {
        int64_t from, to;
        if (calendar_parse_date(json_string_value(json_object_get(closure, "from")), &from) &&
            calendar_parse_date(json_string_value(json_object_get(closure, "to")), &to) &&
            day >= from && day <= to)
            return true;
    }
    return false;
}

void calendar_date_text(int64_t day, char ret_text[CALENDAR_DATE_SIZE])
{
    int year, month, of_month;
    clock_civil_from_days(day, &year, &month, &of_month);
    snprintf(ret_text, CALENDAR_DATE_SIZE, "%04d-%02d-%02d", year, month, of_month);
}

/* Of the years that the table covers nothing else is asked: a law of one year stands there before it stands here. */
bool calendar_is_national_holiday(const json_t *profile, int64_t day)
{
    const json_t *table = json_object_get(profile, "holidays");
    int year, month, of_month;
    char date[CALENDAR_DATE_SIZE];
    clock_civil_from_days(day, &year, &month, &of_month);
    calendar_date_text(day, date);
    if (table && year >= json_integer_value(json_object_get(table, "from")) &&
        year <= json_integer_value(json_object_get(table, "to")))
        return json_object_get(json_object_get(table, "days"), date);
    return calendar_is_public_holiday(year, month, of_month, NULL);
}

static bool is_holiday(const json_t *profile, int64_t day)
{
    const char *kind = json_string_value(json_object_get(profile, "public_holidays"));
    return !(kind && strcmp(kind, "none") == 0) && calendar_is_national_holiday(profile, day);
}

/* Opening and closing time on a local day, in UTC; false where the desk stays closed. */
static bool span_of(const json_t *profile, int64_t day, int64_t *ret_opens_us,
                    int64_t *ret_closes_us)
{
    static const char *const names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
    const json_t *span =
        json_object_get(json_object_get(profile, "hours"), names[calendar_weekday(day)]);
    int from = calendar_minute_of_day(json_string_value(json_array_get(span, 0)));
    int to = calendar_minute_of_day(json_string_value(json_array_get(span, 1)));
    if (from < 0 || to <= from || is_closure(profile, day) || is_holiday(profile, day))
        return false;
    int64_t midnight = calendar_midnight_us(profile, day);
    *ret_opens_us = midnight + from * MINUTE_US;
    *ret_closes_us = midnight + to * MINUTE_US;
    return true;
}

int64_t calendar_next_opening_us(const json_t *profile, int64_t at_us)
{
    int64_t today = calendar_day_of(profile, at_us), opens_us, closes_us;
    for (int64_t day = today; day <= today + DAYS_SEARCHED; day++)
        if (span_of(profile, day, &opens_us, &closes_us) && at_us < closes_us)
            return at_us > opens_us ? at_us : opens_us;
    return at_us + DAYS_SEARCHED * DAY_US;
}

bool calendar_is_open(const json_t *profile, int64_t at_us)
{
    return calendar_next_opening_us(profile, at_us) == at_us;
}

int64_t calendar_add_desk_hours_us(const json_t *profile, int64_t from_us, double hours)
{
    int64_t left_us = (int64_t)(hours * 60 * (double)MINUTE_US + 0.5);
    int64_t at_us = calendar_next_opening_us(profile, from_us);
    while (left_us > 0) {
        int64_t opens_us, closes_us;
        if (!span_of(profile, calendar_day_of(profile, at_us), &opens_us, &closes_us) ||
            at_us >= closes_us)
            return at_us + left_us; /* nothing opened within the search */
        if (left_us <= closes_us - at_us)
            return at_us + left_us;
        left_us -= closes_us - at_us;
        at_us = calendar_next_opening_us(profile, closes_us);
    }
    return at_us;
}

/* The first working day after the day, `count` times; where the desk never opens, the end of the search. */
int64_t calendar_add_desk_days(const json_t *profile, int64_t day, int count)
{
    int64_t opens_us, closes_us, last = day + DAYS_SEARCHED;
    while (count > 0 && ++day < last)
        count -= span_of(profile, day, &opens_us, &closes_us);
    return day;
}
