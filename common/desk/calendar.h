/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: desk hours in Japan: is the desk open at this moment, when does it open next, when have N desk hours passed.
 * Ownership: a calendar borrows the profile it was made from. Threads: any; everything is pure.
 * Errors: none after profile_load has accepted the hours.
 * Limits: Japanese public holidays are computed for 2000 to 2099 (Act on National Holidays: fixed days, happy Mondays, equinox
 * days, substitute and citizens' holidays, the one-off laws of 2019 to 2021); at most 400 days are searched.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

bool calendar_is_public_holiday(int year, int month, int day, const char **ret_name_ja);
bool calendar_is_open(const json_t *profile, int64_t at_us);
int64_t calendar_next_opening_us(const json_t *profile, int64_t at_us); /* at_us itself while open */
int64_t calendar_add_desk_hours_us(const json_t *profile, int64_t from_us, double hours);
