/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/event_time.h"

#include "common/clock.h"

#include <string.h>

#define SECOND_US INT64_C(1000000)
#define DAY_US (86400 * SECOND_US)
#define BEFORE_MAX_US (400 * DAY_US)
#define AFTER_MAX_US DAY_US
#define LOOK_BYTES 4096 /* EVE's `timestamp` stands first, CEF's `rt` may stand anywhere */

static int32_t zone_east_s = 9 * 3600;

void event_time_set_zone(int32_t east_s)
{
    zone_east_s = east_s;
}

const char *event_time_source_name(enum event_time_source source)
{
    static const char *const names[] = {"header", "line", "append", "append_disbelieved"};
    return names[source];
}

static bool read_digits(const char *at, const char *end, int count, int *ret_number)
{
    int number = 0;
    if (end - at < count)
        return false;
    for (int i = 0; i < count; i++) {
        if (at[i] < '0' || at[i] > '9')
            return false;
        number = number * 10 + (at[i] - '0');
    }
    *ret_number = number;
    return true;
}

/* All of them optional: "Z", "+09:00", "+0900", "-07". `*at` moves behind it. */
static bool read_zone(const char **at, const char *end, int32_t *ret_east_s)
{
    int hours = 0, minutes = 0;
    if (*at < end && (**at == 'Z' || **at == 'z')) {
        (*at)++;
        *ret_east_s = 0;
        return true;
    }
    if (*at >= end || (**at != '+' && **at != '-') || !read_digits(*at + 1, end, 2, &hours))
        return false;
    int sign = **at == '-' ? -1 : 1;
    *at += 3;
    const char *minute_at = *at < end && **at == ':' ? *at + 1 : *at;
    if (read_digits(minute_at, end, 2, &minutes))
        *at = minute_at + 2;
    *ret_east_s = sign * (hours * 3600 + minutes * 60);
    return hours <= 18 && minutes <= 59;
}

static bool put_together(int year, int month, int day, int hour, int minute, int second,
                         int32_t east_s, int64_t *ret_us)
{
    bool sane = year >= 1970 && year <= 9998 && month >= 1 && month <= 12 && day >= 1 &&
                day <= 31 && hour <= 23 && minute <= 59 && second <= 60;
    if (!sane)
        return false;
    int64_t seconds = clock_days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 +
                      second - east_s;
    *ret_us = seconds * SECOND_US;
    return seconds >= 0;
}

static int64_t read_fraction(const char **at, const char *end)
{
    int64_t us = 0, unit = 100000;
    if (*at >= end || (**at != '.' && **at != ','))
        return 0;
    for ((*at)++; *at < end && **at >= '0' && **at <= '9'; (*at)++, unit /= 10)
        us += (**at - '0') * unit;
    return us;
}

/* YYYY-MM-DD and hh:mm:ss with one byte (or `gap` bytes) between, fraction and zone optional. */
static bool read_dated(const char *at, const char *end, size_t gap, int64_t *ret_us)
{
    int y, mo, d, h, mi, s;
    if (end - at < (ptrdiff_t)(18 + gap))
        return false;
    if (!read_digits(at, end, 4, &y) || !read_digits(at + 5, end, 2, &mo) ||
        !read_digits(at + 8, end, 2, &d))
        return false;
    const char *t = at + 10 + gap;
    if (!read_digits(t, end, 2, &h) || !read_digits(t + 3, end, 2, &mi) ||
        !read_digits(t + 6, end, 2, &s))
        return false;
    if ((at[4] != '-' && at[4] != '/') || at[7] != at[4] || t[2] != ':' || t[5] != ':')
        return false;
    t += 8;
    int64_t fraction = read_fraction(&t, end);
    int32_t east = zone_east_s;
    (void)read_zone(&t, end, &east);
    if (!put_together(y, mo, d, h, mi, s, east, ret_us))
        return false;
    *ret_us += fraction;
    return true;
}

/* A count since 1970 in seconds, milli-, micro- or nanoseconds: the number of digits tells which. */
static bool read_epoch(const char *at, const char *end, int64_t *ret_us)
{
    int64_t number = 0;
    int digits = 0;
    const char *p = at;
    for (; p < end && *p >= '0' && *p <= '9' && digits < 19; p++, digits++)
        if (digits < 16)
            number = number * 10 + (*p - '0');
    if (digits < 10 || (digits > 10 && digits != 13 && digits != 16 && digits != 19))
        return false;
    if (digits == 10) {
        *ret_us = number * SECOND_US + read_fraction(&p, end);
        return true;
    }
    *ret_us = digits == 13 ? number * 1000 : number;
    return true;
}

/* "Aug  5 12:34:56": no year, no zone. The year is the one that brings it nearest to the append. */
static bool read_bsd(const char *at, const char *end, int64_t append_us, int64_t *ret_us)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int day, h, mi, s, year, unused, unused_too;
    char month[4] = "";
    if (end - at < 15)
        return false;
    memcpy(month, at, 3);
    const char *found = strstr(months, month);
    if (!found || strlen(month) != 3 || (found - months) % 3 || !read_digits(at + 7, end, 2, &h) ||
        !read_digits(at + 10, end, 2, &mi) || !read_digits(at + 13, end, 2, &s) || at[9] != ':' ||
        at[12] != ':')
        return false;
    if (!read_digits(at + 5, end, 1, &day) || (at[4] != ' ' && !read_digits(at + 4, end, 2, &day)))
        return false;
    clock_civil_from_days((append_us + AFTER_MAX_US) / DAY_US, &year, &unused, &unused_too);
    if (!put_together(year, (int)(found - months) / 3 + 1, day, h, mi, s, zone_east_s, ret_us))
        return false;
    if (*ret_us > append_us + AFTER_MAX_US)
        return put_together(year - 1, (int)(found - months) / 3 + 1, day, h, mi, s, zone_east_s,
                            ret_us);
    return true;
}

/* A value behind a name of the line: an epoch count, a date, or a month's name. */
static bool read_any(const char *at, const char *end, int64_t append_us, int64_t *ret_us)
{
    return read_epoch(at, end, ret_us) || read_dated(at, end, 1, ret_us) ||
           read_bsd(at, end, append_us, ret_us);
}

static bool read_named(struct bytes message, const char *name, int64_t append_us, int64_t *ret_us)
{
    const char *end = (const char *)message.data + message.length;
    const char *at = bytes_find(message, name);
    if (!at)
        return false;
    at += strlen(name);
    while (at < end && (*at == '"' || *at == ' '))
        at++;
    return read_any(at, end, append_us, ret_us);
}

/* date=2026-11-24 time=15:00:00, both with or without quotes, and tz="+0900" somewhere. */
static bool read_fortigate(struct bytes message, int64_t *ret_us)
{
    int y, mo, d, h, mi, s;
    const char *end = (const char *)message.data + message.length;
    const char *date = bytes_find(message, "date="), *time = bytes_find(message, " time=");
    if (!date || !time)
        return false;
    date += 5;
    time += 6;
    date += date < end && *date == '"';
    time += time < end && *time == '"';
    if (end - date < 10 || end - time < 8)
        return false;
    bool read = read_digits(date, end, 4, &y) && read_digits(date + 5, end, 2, &mo) &&
                read_digits(date + 8, end, 2, &d) && read_digits(time, end, 2, &h) &&
                read_digits(time + 3, end, 2, &mi) && read_digits(time + 6, end, 2, &s);
    int32_t east = zone_east_s;
    const char *zone = bytes_find(message, " tz=");
    if (zone) {
        zone += 4;
        zone += zone < end && *zone == '"';
        (void)read_zone(&zone, end, &east);
    }
    return read && put_together(y, mo, d, h, mi, s, east, ret_us);
}

static bool read_message(struct bytes message, int64_t append_us, int64_t *ret_us)
{
    const char *at = message.data;
    struct bytes head = {.data = at,
                         .length = message.length < LOOK_BYTES ? message.length : LOOK_BYTES};
    if (!head.length)
        return false;
    if (*at == '{')
        return read_named(head, "\"timestamp\":", append_us, ret_us) ||
               read_named(head, "\"@timestamp\":", append_us, ret_us) ||
               read_named(head, "\"time\":", append_us, ret_us);
    if (bytes_begin_with(head, "CEF:"))
        return read_named(head, " rt=", append_us, ret_us) ||
               read_named(head, "|rt=", append_us, ret_us) ||
               read_named(head, "UNIFIutcTime=", append_us, ret_us) ||
               read_named(head, " end=", append_us, ret_us) ||
               read_named(head, " start=", append_us, ret_us);
    if (bytes_begin_with(head, "date=") || bytes_begin_with(head, "logver=") ||
        bytes_begin_with(head, "eventtime="))
        return read_named(head, "eventtime=", append_us, ret_us) || read_fortigate(head, ret_us);
    return read_any(at, at + head.length, append_us, ret_us) ||
           read_named(head, " time=", append_us, ret_us);
}

bool event_time_of_line(struct bytes line, int64_t append_us, int64_t *ret_time_us)
{
    struct syslog_header header;
    struct bytes message = syslog_strip(line, &header);
    if (read_message(message, append_us, ret_time_us))
        return true;
    if (!header.time.data)
        return false;
    const char *at = header.time.data, *end = at + header.time.length;
    return header.dated ? read_dated(at, end, 1, ret_time_us)
                        : read_bsd(at, end, append_us, ret_time_us);
}

static bool is_believable(int64_t time_us, int64_t append_us)
{
    return time_us >= append_us - BEFORE_MAX_US && time_us <= append_us + AFTER_MAX_US;
}

int64_t event_time_of(struct bytes header, struct bytes line, int64_t append_us,
                      enum event_time_source *ret_source)
{
    int64_t time_us;
    bool told = false;
    if (header.data && clock_parse(header.data, header.length, &time_us)) {
        told = true;
        *ret_source = EVENT_TIME_HEADER;
        if (is_believable(time_us, append_us))
            return time_us;
    }
    if (!told && event_time_of_line(line, append_us, &time_us)) {
        told = true;
        *ret_source = EVENT_TIME_LINE;
        if (is_believable(time_us, append_us))
            return time_us;
    }
    *ret_source = told ? EVENT_TIME_DISBELIEVED : EVENT_TIME_APPEND;
    return append_us;
}
