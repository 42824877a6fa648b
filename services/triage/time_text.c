/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/time_text.h"

#include "common/clock.h"

#include <string.h>
#include <strings.h>

static int32_t zone_east_s = 9 * 3600;

void time_text_set_zone(int32_t east_s)
{
    zone_east_s = east_s;
}

int32_t time_text_zone(void)
{
    return zone_east_s;
}

struct cursor {
    const char *at, *end;
};

struct parts {
    int year, month, day, hour, minute, second; /* year 0: not said */
    int64_t us;
    int32_t east_s;
};

static bool take_number(struct cursor *c, int least, int most, int *ret_number)
{
    int number = 0, digits = 0;
    for (; digits < most && c->at + digits < c->end; digits++) {
        char d = c->at[digits];
        if (d < '0' || d > '9')
            break;
        number = number * 10 + (d - '0');
    }
    if (digits < least)
        return false;
    c->at += digits;
    *ret_number = number;
    return true;
}

static bool take_char(struct cursor *c, const char *any)
{
    if (c->at >= c->end || !*c->at || !strchr(any, *c->at))
        return false;
    c->at++;
    return true;
}

static void skip_spaces(struct cursor *c)
{
    while (c->at < c->end && *c->at == ' ')
        c->at++;
}

/* --- the parts of a time -------------------------------------------------------------------------------------------- */

/* The name in full or its first three letters. */
static bool take_month_name(struct cursor *c, int *ret_month)
{
    static const char *const months[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
    size_t left = (size_t)(c->end - c->at);
    for (size_t month = 0; left >= 3 && month < COUNT_OF(months); month++) {
        size_t length = strlen(months[month]);
        if (strncasecmp(c->at, months[month], 3) != 0)
            continue;
        bool full = left >= length && strncasecmp(c->at, months[month], length) == 0;
        *ret_month = (int)month + 1;
        c->at += full ? length : 3;
        return true;
    }
    return false;
}

static bool take_fraction(struct cursor *c, int64_t *ret_us)
{
    int64_t us = 0, unit = 100000;
    if (!take_char(c, ".,"))
        return false;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++, unit /= 10)
        us += (*c->at - '0') * unit;
    *ret_us = us;
    return true;
}

static void take_half_of_day(struct cursor *c, struct parts *parts)
{
    struct cursor probe = *c;
    skip_spaces(&probe);
    if (probe.end - probe.at < 2 || (probe.at[1] | 0x20) != 'm')
        return;
    char half = (char)(probe.at[0] | 0x20);
    if (half != 'a' && half != 'p')
        return;
    parts->hour = parts->hour % 12 + (half == 'p' ? 12 : 0);
    probe.at += 2;
    *c = probe;
}

/* hh:mm or hh:mm:ss, fraction, AM or PM. */
static bool take_clock(struct cursor *c, struct parts *parts)
{
    if (!take_number(c, 1, 2, &parts->hour) || !take_char(c, ":") ||
        !take_number(c, 2, 2, &parts->minute))
        return false;
    if (take_char(c, ":") && !take_number(c, 2, 2, &parts->second))
        return false;
    (void)take_fraction(c, &parts->us);
    take_half_of_day(c, parts);
    return true;
}

struct zone_name {
    const char *name;
    int hours;
};
/* Names that mean one thing only; CST and its like, which are many, are read as the desk's zone. */
static const struct zone_name zone_names[] = {
    {"UTC", 0},  {"GMT", 0},  {"JST", 9},  {"KST", 9},   {"EST", -5},
    {"EDT", -4}, {"PST", -8}, {"PDT", -7}, {"CET", 1},   {"CEST", 2},
    {"CDT", -5}, {"MDT", -6}, {"HKT", 8},  {"AEST", 10}, {"AEDT", 11},
};

static bool take_zone_name(struct cursor *c, int32_t *ret_east_s)
{
    size_t length = 0;
    while (c->at + length < c->end && ((c->at[length] >= 'A' && c->at[length] <= 'Z')))
        length++;
    for (size_t i = 0; length >= 3 && i < COUNT_OF(zone_names); i++)
        if (strlen(zone_names[i].name) == length &&
            memcmp(c->at, zone_names[i].name, length) == 0) {
            c->at += length;
            *ret_east_s = zone_names[i].hours * 3600;
            return true;
        }
    return false;
}

/* "Z", "+09:00", "+0900", "-07", "UTC", "GMT+09:00", with or without a space before. */
static bool take_zone(struct cursor *c, int32_t *ret_east_s)
{
    struct cursor probe = *c;
    int hours = 0, minutes = 0;
    (void)take_char(&probe, "(");
    skip_spaces(&probe);
    (void)take_char(&probe, "(");
    bool named = take_zone_name(&probe, ret_east_s);
    if (!named && take_char(&probe, "Zz")) {
        *ret_east_s = 0;
        *c = probe;
        return true;
    }
    int sign = probe.at < probe.end && *probe.at == '-' ? -1 : 1;
    if (!take_char(&probe, "+-") || !take_number(&probe, 2, 2, &hours)) {
        if (named)
            *c = probe;
        return named;
    }
    (void)take_char(&probe, ":");
    (void)take_number(&probe, 2, 2, &minutes);
    if (hours > 18 || minutes > 59)
        return false;
    *ret_east_s = sign * (hours * 3600 + minutes * 60);
    *c = probe;
    return true;
}

static bool put_together(const struct parts *p, int64_t *ret_us)
{
    bool sane = p->year >= 1970 && p->year <= 9998 && p->month >= 1 && p->month <= 12 &&
                p->day >= 1 && p->day <= 31 && p->hour <= 23 && p->minute <= 59 && p->second <= 60;
    if (!sane)
        return false;
    int64_t seconds = clock_days_from_civil(p->year, p->month, p->day) * 86400 + p->hour * 3600 +
                      p->minute * 60 + p->second - p->east_s;
    if (seconds < 0)
        return false;
    *ret_us = seconds * TIME_SECOND_US + p->us;
    return true;
}

/* Without a year: the newest that is not more than a day ahead of the append. */
static bool put_in_year(struct parts *p, int64_t append_us, int64_t *ret_us)
{
    int unused, unused_too;
    if (p->year)
        return put_together(p, ret_us);
    clock_civil_from_days((append_us + TIME_DAY_US) / TIME_DAY_US, &p->year, &unused, &unused_too);
    int64_t time_us = 0;
    bool read = put_together(p, &time_us);
    if (read && time_us > append_us + TIME_DAY_US) {
        p->year--;
        read = put_together(p, &time_us);
    }
    if (read)
        *ret_us = time_us;
    return read;
}

/* --- the forms --------------------------------------------------------------------------------------------------------- */

/* 2026-11-24T15:00:00, 2026/11/24 15:00:00, 2026-11-24 at 15:00:00 is none of them. */
static bool take_year_first(struct cursor *c, struct parts *p)
{
    if (!take_number(c, 4, 4, &p->year) || c->at >= c->end)
        return false;
    const char separator[] = {*c->at, '\0'};
    return take_char(c, "-/.") && take_number(c, 1, 2, &p->month) && take_char(c, separator) &&
           take_number(c, 1, 2, &p->day) && take_char(c, "Tt _-\t,;") &&
           (skip_spaces(c), take_clock(c, p));
}

/* 11/24/2026-15:00:00 (Suricata), 11/24/2026 3:00:00 PM (Windows): month first, as those who write slashes this way do. */
static bool take_month_first(struct cursor *c, struct parts *p)
{
    return take_number(c, 1, 2, &p->month) && take_char(c, "/") && take_number(c, 1, 2, &p->day) &&
           take_char(c, "/") && take_number(c, 4, 4, &p->year) && take_char(c, "- ,") &&
           (skip_spaces(c), take_clock(c, p));
}

/* 24/Nov/2026:15:00:00 (Apache), 24-Nov-2026 15:00:00, 24 Nov 2026 15:00:00. */
static bool take_day_first(struct cursor *c, struct parts *p)
{
    return take_number(c, 1, 2, &p->day) && take_char(c, "/- ") && take_month_name(c, &p->month) &&
           take_char(c, "/- ") && take_number(c, 4, 4, &p->year) && take_char(c, ": ") &&
           take_clock(c, p);
}

/* Nov 24 15:00:00, Nov  5 2026 15:00:00, Nov 24, 2026 3:00:00 PM, Tue Nov 24 15:00:00 2026. */
static bool take_name_first(struct cursor *c, struct parts *p)
{
    static const char weekdays[] = "MonTueWedThuFriSatSun";
    if (c->end - c->at < 14)
        return false;
    for (int i = 0; i < 7; i++)
        if (strncasecmp(c->at, weekdays + (size_t)i * 3, 3) == 0 &&
            (c->at[3] == ' ' || c->at[3] == ',')) {
            c->at += 4;
            skip_spaces(c);
            break;
        }
    if (!take_month_name(c, &p->month) || !take_char(c, " "))
        return false;
    skip_spaces(c);
    if (!take_number(c, 1, 2, &p->day) || !take_char(c, " ,"))
        return false;
    skip_spaces(c);
    struct cursor year = *c;
    if (take_number(&year, 4, 4, &p->year) && take_char(&year, " ,")) {
        *c = year;
        skip_spaces(c);
    } else {
        p->year = 0;
    }
    return take_clock(c, p);
}

/* "Nov 24 15:00:00 2026" and "Nov 24 15:00:00 JST 2026": the year behind. */
static void take_year_behind(struct cursor *c, struct parts *p)
{
    struct cursor probe = *c;
    int year;
    if (take_char(&probe, " ") && take_number(&probe, 4, 4, &year) && year >= 1970 &&
        (probe.at == probe.end || strchr(" \"',;|", *probe.at)))
        p->year = year;
}

static bool read_written(struct bytes text, int64_t append_us, int32_t east_s, int64_t *ret_us)
{
    static bool (*const forms[])(struct cursor *c, struct parts *p) = {
        take_year_first, take_month_first, take_day_first, take_name_first};
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        struct cursor c = {.at = text.data, .end = bytes_end(text)};
        struct parts parts = {.east_s = east_s};
        if (!forms[i](&c, &parts))
            continue;
        (void)take_zone(&c, &parts.east_s);
        if (!parts.year)
            take_year_behind(&c, &parts);
        return put_in_year(&parts, append_us, ret_us);
    }
    return false;
}

/* A count since 1970 in seconds, milli-, micro- or nanoseconds: the number of digits tells which. */
static bool read_epoch(struct bytes text, int64_t *ret_us)
{
    const char *at = text.data, *end = bytes_end(text), *p = at;
    int64_t number = 0;
    int digits = 0;
    for (; p < end && *p >= '0' && *p <= '9' && digits < 20; p++, digits++)
        if (digits < 16)
            number = number * 10 + (*p - '0');
    if (digits != 10 && digits != 13 && digits != 16 && digits != 19)
        return false;
    struct cursor rest = {.at = p, .end = end};
    int64_t fraction = 0;
    if (digits == 10) {
        (void)take_fraction(&rest, &fraction);
        *ret_us = number * TIME_SECOND_US + fraction;
        return true;
    }
    *ret_us = digits == 13 ? number * 1000 : number;
    return true;
}

bool time_text_read(struct bytes text, int64_t append_us, int64_t *ret_us)
{
    return text.length &&
           (read_epoch(text, ret_us) || read_written(text, append_us, zone_east_s, ret_us));
}

bool time_text_read_utc(struct bytes text, int64_t append_us, int64_t *ret_us)
{
    return text.length && (read_epoch(text, ret_us) || read_written(text, append_us, 0, ret_us));
}

bool time_text_join(struct bytes date, struct bytes clock, struct bytes zone, int64_t *ret_us)
{
    struct cursor d = {.at = date.data, .end = bytes_end(date)};
    struct cursor t = {.at = clock.data, .end = bytes_end(clock)};
    struct cursor z = {.at = zone.data, .end = bytes_end(zone)};
    struct parts parts = {.east_s = zone_east_s};
    if (!date.length || !clock.length || !take_number(&d, 4, 4, &parts.year) ||
        !take_char(&d, "-/.") || !take_number(&d, 1, 2, &parts.month) || !take_char(&d, "-/.") ||
        !take_number(&d, 1, 2, &parts.day) || !take_clock(&t, &parts))
        return false;
    if (zone.length)
        (void)take_zone(&z, &parts.east_s);
    else
        (void)take_zone(&t, &parts.east_s);
    return put_together(&parts, ret_us);
}
