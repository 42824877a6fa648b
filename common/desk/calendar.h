/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: desk hours in Japan: is the desk open at this moment, when does it open next, when have N desk hours passed.
 * Ownership: a profile (profile_json) is only borrowed. Threads: any; everything is pure.
 * Errors: none after profile_load has accepted the hours.
 * Limits: Japanese public holidays are computed for 2000 to 2099 (Act on National Holidays: fixed days, happy Mondays, equinox
 * days, substitute and citizens' holidays, the one-off laws of 2019 to 2021); no others are known. Where the profile names a
 * table of them (holidays_file), that alone counts for the years it covers. At most 400 days are
 * searched; a desk that stays closed for longer opens, as far as this file is concerned, at the end of the search.
 * Time zones are those of profile.h; neither has daylight saving time.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* `ret_name_ja` may be NULL. */
bool calendar_is_public_holiday(int year, int month, int day, const char **ret_name_ja);
bool calendar_is_open(const json_t *profile,
                      int64_t at_us); /* from the first minute up to, not including, the last */
int64_t calendar_next_opening_us(const json_t *profile,
                                 int64_t at_us); /* at_us itself while open */
int64_t calendar_add_desk_hours_us(const json_t *profile, int64_t from_us, double hours);

/* Working days of the desk after this day (days since 1970, at the desk). */
int64_t calendar_add_desk_days(const json_t *profile, int64_t day, int count);

int64_t calendar_midnight_us(const json_t *profile,
                             int64_t day); /* where the day begins at the desk */
int64_t calendar_day_of(const json_t *profile, int64_t time_us); /* the day at the desk */
#define CALENDAR_DATE_SIZE 40
void calendar_date_text(int64_t day, char ret_text[CALENDAR_DATE_SIZE]); /* "2026-12-29" */
int calendar_weekday(int64_t day);                                       /* 0 is Sunday */
/* Whatever the desk's own hours are: by the profile's table, else computed. */
bool calendar_is_national_holiday(const json_t *profile, int64_t day);

/* Readers of the profile's texts, NULL is taken for wrong: "09:00" to "24:00", -1 if it is none; "2026-12-29". */
int calendar_minute_of_day(const char *text);
bool calendar_parse_date(const char *text, int64_t *ret_day);
