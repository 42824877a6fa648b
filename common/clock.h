/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the time of day, deadlines, and RFC 3339 text. The only file that asks the system for the time.
 * Ownership: none. Threads: any. Errors: parsers answer false and leave their results untouched.
 * Limits and units: times of day are microseconds since 1970 UTC (`_us`), deadlines monotonic milliseconds (`_ms`);
 * years 1970 to 9999; of what people say, 2000 to 2199.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLOCK_TEXT_SIZE 40

int64_t clock_now_us(void);
int64_t clock_monotonic_ms(void);
int64_t clock_monotonic_us(void); /* for clock_wait_us and spans of less than milliseconds */

/* A condition that is waited for until a deadline as above, whatever becomes of the time of day. */
void clock_condition_init(pthread_cond_t *condition);
/* False once the deadline has passed. Like pthread_cond_timedwait it may wake for nothing. */
bool clock_wait(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t deadline_ms);
bool clock_wait_us(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t deadline_us);

/* "2026-11-24T06:00:00.123456Z"; ret_text holds CLOCK_TEXT_SIZE bytes. What lies before 1970 or behind 9999 is
 * written as its beginning or end. */
void clock_format_us(int64_t time_us, char *ret_text);
/* RFC 3339 with a time and an offset or Z; fraction optional; a leap second reads as the second after. */
bool clock_parse(const char *text, size_t length, int64_t *ret_time_us);
/* The same of what a person or another company says, from which times before and behind it are planned: from the year 2000
 * to 2199. A "31 December 9999", as one writes where there is no date, is refused, and so planned for by nobody. */
bool clock_parse_said(const char *text, size_t length, int64_t *ret_time_us);
/* Days since 1970-01-01 of a proleptic Gregorian date, and back. */
int64_t clock_days_from_civil(int year, int month, int day);
void clock_civil_from_days(int64_t days, int *ret_year, int *ret_month, int *ret_day);
