/* SPDX-License-Identifier: Apache-2.0 */
#include "common/clock.h"

#include "common/failpoint.h"

#include <assert.h>
#include <time.h>

#define SECOND_US INT64_C(1000000)
#define DAY_S INT64_C(86400)
/* The first moments of years. */
#define YEAR_2000_US (INT64_C(946684800) * SECOND_US)
#define YEAR_2200_US (INT64_C(7258118400) * SECOND_US)
#define YEAR_10000_US (INT64_C(253402300800) * SECOND_US)

int64_t clock_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * SECOND_US + now.tv_nsec / 1000 + failpoint_clock_us();
}

int64_t clock_monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * SECOND_US + now.tv_nsec / 1000;
}

int64_t clock_monotonic_ms(void)
{
    return clock_monotonic_us() / 1000;
}

void clock_condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

bool clock_wait_us(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t deadline_us)
{
    struct timespec until = {.tv_sec = deadline_us / SECOND_US,
                             .tv_nsec = deadline_us % SECOND_US * 1000};
    return pthread_cond_timedwait(condition, lock, &until) == 0;
}

bool clock_wait(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t deadline_ms)
{
    return clock_wait_us(condition, lock, deadline_ms * 1000);
}

/* Both directions after the era arithmetic that H. Hinnant describes in "chrono-Compatible Low-Level Date Algorithms". */
int64_t clock_days_from_civil(int year, int month, int day)
{
    int64_t y = year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

void clock_civil_from_days(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;
    *ret_day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    *ret_month = (int)(month < 10 ? month + 3 : month - 9);
    *ret_year = (int)(year_of_era + era * 400 + (*ret_month <= 2));
}

/* By hand: this is written for every event and every line of a log. */
static char *write_digits(char *at, int value, int count, char then)
{
    for (int i = count - 1; i >= 0; i--, value /= 10)
        at[i] = (char)('0' + value % 10);
    at[count] = then;
    return at + count + 1;
}

void clock_format_us(int64_t time_us, char *ret_text)
{
    time_us = time_us < 0 ? 0 : time_us < YEAR_10000_US ? time_us : YEAR_10000_US - 1;
    int year, month, day;
    char *at = ret_text;
    int64_t seconds = time_us / SECOND_US;
    int of_day = (int)(seconds % DAY_S);
    clock_civil_from_days(seconds / DAY_S, &year, &month, &day);
    at = write_digits(at, year, 4, '-');
    at = write_digits(at, month, 2, '-');
    at = write_digits(at, day, 2, 'T');
    at = write_digits(at, of_day / 3600, 2, ':');
    at = write_digits(at, of_day / 60 % 60, 2, ':');
    at = write_digits(at, of_day % 60, 2, '.');
    at = write_digits(at, (int)(time_us % SECOND_US), 6, 'Z');
    *at = '\0';
}

struct scan {
    const char *at, *end;
    bool failed;
};

static int scan_digits(struct scan *scan, int count, int least, int most)
{
    int value = 0;
    for (int i = 0; i < count; i++, scan->at++) {
        if (scan->at >= scan->end || *scan->at < '0' || *scan->at > '9') {
            scan->failed = true;
            return 0;
        }
        value = value * 10 + (*scan->at - '0');
    }
    scan->failed |= value < least || value > most;
    return value;
}

static bool scan_one_of(struct scan *scan, const char *choices, char *ret_found)
{
    if (scan->failed || scan->at >= scan->end)
        return false;
    for (const char *choice = choices; *choice; choice++)
        if (*scan->at == *choice) {
            *ret_found = *scan->at++;
            return true;
        }
    return false;
}

static void scan_expect(struct scan *scan, const char *choices)
{
    char found;
    if (!scan_one_of(scan, choices, &found))
        scan->failed = true;
}

/* Digits after the point: six count, more are read over. */
static int64_t scan_fraction_us(struct scan *scan)
{
    char point;
    int64_t fraction = 0, unit = SECOND_US / 10;
    if (!scan_one_of(scan, ".,", &point))
        return 0;
    const char *first = scan->at;
    for (; scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9'; scan->at++, unit /= 10)
        fraction += (*scan->at - '0') * unit;
    scan->failed |= scan->at == first || scan->at - first > 12;
    return fraction;
}

static int64_t scan_offset_s(struct scan *scan)
{
    char sign;
    if (scan_one_of(scan, "Zz", &sign))
        return 0;
    if (!scan_one_of(scan, "+-", &sign)) {
        scan->failed = true;
        return 0;
    }
    int hours = scan_digits(scan, 2, 0, 23);
    scan_expect(scan, ":");
    int minutes = scan_digits(scan, 2, 0, 59);
    int64_t offset = hours * 3600 + minutes * 60;
    return sign == '-' ? -offset : offset;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    assert(month >= 1 && month <= 12);
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

bool clock_parse(const char *text, size_t length, int64_t *ret_time_us)
{
    struct scan scan = {.at = text, .end = text + length};
    int year = scan_digits(&scan, 4, 1970, 9999);
    scan_expect(&scan, "-");
    int month = scan_digits(&scan, 2, 1, 12);
    scan_expect(&scan, "-");
    int day = scan_digits(&scan, 2, 1, 31);
    scan_expect(&scan, "Tt ");
    int hour = scan_digits(&scan, 2, 0, 23);
    scan_expect(&scan, ":");
    int minute = scan_digits(&scan, 2, 0, 59);
    scan_expect(&scan, ":");
    int second = scan_digits(&scan, 2, 0, 60);
    if (scan.failed || day > days_in_month(year, month))
        return false;
    int64_t fraction = scan_fraction_us(&scan);
    int64_t offset = scan_offset_s(&scan);
    if (scan.failed || scan.at != scan.end)
        return false;
    int64_t seconds = clock_days_from_civil(year, month, day) * DAY_S + hour * 3600 + minute * 60 +
                      second - offset;
    if (seconds < 0)
        return false;
    *ret_time_us = seconds * SECOND_US + fraction;
    return true;
}

bool clock_parse_said(const char *text, size_t length, int64_t *ret_time_us)
{
    int64_t time_us;
    if (!clock_parse(text, length, &time_us) || time_us < YEAR_2000_US || time_us >= YEAR_2200_US)
        return false;
    *ret_time_us = time_us;
    return true;
}
