/* SPDX-License-Identifier: Apache-2.0 */
/* Desk hours at hand-picked moments, and the holidays that are easily got wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "common/clock.h"
#include "common/desk/calendar.h"
#include "common/util.h"

static json_t *desk(const char *zone)
{
    return json_pack("{s:s,s:{s:[ss],s:[ss],s:[ss],s:[ss],s:[ss]},s:[{s:s,s:s}]}", "time_zone",
                     zone, "hours", "mon", "09:00", "17:00", "tue", "09:00", "17:00", "wed",
                     "09:00", "17:00", "thu", "09:00", "17:00", "fri", "09:00", "17:00", "closures",
                     "from", "2026-12-29", "to", "2027-01-03");
}

static int64_t at(const char *text)
{
    int64_t time_us;
    assert_true(clock_parse(text, strlen(text), &time_us));
    return time_us;
}

static void the_desk_is_open_on_working_days(void **state)
{
    (void)state;
    static const struct {
        const char *at, *opens; /* the same: open */
    } rows[] = {
        {"2026-11-24T08:59:59+09:00", "2026-11-24T09:00:00+09:00"},
        {"2026-11-24T09:00:00+09:00", "2026-11-24T09:00:00+09:00"},
        {"2026-11-24T16:59:59.999999+09:00", "2026-11-24T16:59:59.999999+09:00"},
        {"2026-11-24T17:00:00+09:00", "2026-11-25T09:00:00+09:00"},
        {"2026-11-24T00:00:00Z", "2026-11-24T00:00:00Z"}, /* 09:00 in Tokyo */
        {"2026-11-23T23:59:59Z", "2026-11-24T00:00:00Z"},
        {"2026-11-23T10:00:00+09:00", "2026-11-24T09:00:00+09:00"}, /* Labour Thanksgiving Day */
        {"2026-11-20T17:00:00+09:00", "2026-11-24T09:00:00+09:00"}, /* a Friday before it */
        {"2026-05-01T17:00:00+09:00",
         "2026-05-07T09:00:00+09:00"}, /* Golden Week with a substitute day on the 6th */
        {"2026-12-28T17:00:00+09:00", "2027-01-04T09:00:00+09:00"}, /* year end */
        {"2028-02-29T10:00:00+09:00", "2028-02-29T10:00:00+09:00"}, /* leap day, a Tuesday */
        {"2026-03-19T17:00:00+09:00", "2026-03-23T09:00:00+09:00"}, /* equinox on a Friday */
        {"2026-09-18T17:00:00+09:00",
         "2026-09-24T09:00:00+09:00"}, /* a day between two holidays on the 22nd */
        {"2019-04-26T17:00:00+09:00",
         "2019-05-07T09:00:00+09:00"}, /* ten days of the enthronement */
    };
    json_auto_t *profile = desk("Asia/Tokyo");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(calendar_next_opening_us(profile, at(rows[i].at)), at(rows[i].opens));
        assert_int_equal(calendar_is_open(profile, at(rows[i].at)),
                         at(rows[i].at) == at(rows[i].opens));
    }
}

/* tests/cases/calendar/times.json: [a moment, when the desk is open next from there on, why it was picked]. */
static void the_desk_opens_when_it_should(void **state)
{
    (void)state;
    json_error_t error;
    json_auto_t *file = json_load_file(SOURCE_ROOT "/tests/cases/calendar/times.json", 0, &error);
    const json_t *times = json_object_get(file, "times");
    json_auto_t *profile = desk("Asia/Tokyo");
    json_object_set(profile, "closures", json_object_get(file, "closures"));
    assert_true(json_array_size(times) >= 80);
    for (size_t i = 0; i < json_array_size(times); i++) {
        const json_t *row = json_array_get(times, i);
        int64_t now = at(json_string_value(json_array_get(row, 0))),
                opens = at(json_string_value(json_array_get(row, 1)));
        if (calendar_next_opening_us(profile, now) != opens ||
            calendar_is_open(profile, now) != (now == opens))
            fail_msg("%s: %s", json_string_value(json_array_get(row, 0)),
                     json_string_value(json_array_get(row, 2)));
    }
}

static void a_table_of_holidays_counts_for_its_years(void **state)
{
    (void)state;
    json_auto_t *profile = desk("Asia/Tokyo");
    json_object_set_new(profile, "holidays",
                        json_pack("{s:i,s:i,s:{s:b,s:b}}", "from", 2026, "to", 2027, "days",
                                  "2026-11-24", 1, "2027-05-03", 1));
    assert_false(calendar_is_open(profile, at("2026-11-24T10:00:00+09:00"))); /* by a new law */
    assert_true(calendar_is_open(profile, at("2026-11-23T10:00:00+09:00")));  /* moved away */
    assert_false(calendar_is_open(profile, at("2027-05-03T10:00:00+09:00")));
    assert_true(calendar_is_open(profile, at("2027-05-04T10:00:00+09:00")));
    assert_false(calendar_is_open(profile, at("2028-05-04T10:00:00+09:00"))); /* computed beyond */
    assert_false(calendar_is_open(profile, at("2025-11-24T10:00:00+09:00")));
    json_object_set_new(profile, "public_holidays", json_string("none"));
    assert_true(calendar_is_open(profile, at("2026-11-24T10:00:00+09:00")));
}

static void working_days_are_counted(void **state)
{
    (void)state;
    json_auto_t *profile = desk("Asia/Tokyo");
    int64_t friday = calendar_day_of(profile, at("2026-11-20T23:00:00+09:00"));
    assert_int_equal(friday, clock_days_from_civil(2026, 11, 20));
    assert_int_equal(calendar_add_desk_days(profile, friday, 1), friday + 4); /* a holiday */
    assert_int_equal(calendar_add_desk_days(profile, friday, 3), friday + 6);
    assert_int_equal(calendar_add_desk_days(profile, friday, 0), friday);
}

static void hours_are_counted_while_the_desk_is_open(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        double hours;
        const char *until;
    } rows[] = {
        {"2026-11-24T10:00:00+09:00", 4, "2026-11-24T14:00:00+09:00"},
        {"2026-11-24T13:00:00+09:00", 4, "2026-11-24T17:00:00+09:00"},
        {"2026-11-24T15:30:00+09:00", 4, "2026-11-25T11:30:00+09:00"},
        {"2026-11-24T15:30:00+09:00", 0.5, "2026-11-24T16:00:00+09:00"},
        {"2026-11-24T03:00:00+09:00", 4, "2026-11-24T13:00:00+09:00"},
        {"2026-11-27T16:00:00+09:00", 2, "2026-11-30T10:00:00+09:00"},
        {"2026-12-28T16:00:00+09:00", 17, "2027-01-05T17:00:00+09:00"},
        {"2026-11-24T17:00:00+09:00", 0, "2026-11-25T09:00:00+09:00"},
    };
    json_auto_t *profile = desk("Asia/Tokyo");
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(calendar_add_desk_hours_us(profile, at(rows[i].from), rows[i].hours),
                         at(rows[i].until));
}

static void zones_and_holidays_are_the_profile_s(void **state)
{
    (void)state;
    json_auto_t *profile = desk("UTC");
    assert_false(calendar_is_open(profile, at("2026-11-24T09:00:00+09:00")));
    assert_true(calendar_is_open(profile, at("2026-11-24T09:00:00Z")));
    assert_false(calendar_is_open(profile, at("2026-11-23T09:00:00Z")));
    json_object_set_new(profile, "public_holidays", json_string("none"));
    assert_true(calendar_is_open(profile, at("2026-11-23T09:00:00Z")));
    json_object_set_new(profile, "hours", json_pack("{s:[ss]}", "sun", "00:00", "24:00"));
    assert_int_equal(calendar_next_opening_us(profile, at("2026-11-23T00:00:00Z")),
                     at("2026-11-29T00:00:00Z"));
    assert_true(calendar_is_open(profile, at("2026-11-29T23:59:59Z")));
}

static void a_desk_that_never_opens_is_searched_for_a_while(void **state)
{
    (void)state;
    json_auto_t *profile = json_pack("{s:s,s:{},s:[]}", "time_zone", "UTC", "hours", "closures");
    int64_t now = at("2026-11-24T00:00:00Z"), days = INT64_C(400) * 86400 * 1000000;
    assert_int_equal(calendar_next_opening_us(profile, now), now + days);
    assert_int_equal(calendar_add_desk_hours_us(profile, now, 1),
                     now + days + INT64_C(3600) * 1000000);
}

static void holidays_that_are_easily_got_wrong(void **state)
{
    (void)state;
    static const struct {
        int year, month, day;
        const char *name;
    } rows[] = {
        {2026, 3, 20, "春分の日"},
        {2026, 9, 23, "秋分の日"},
        {2026, 9, 22, "国民の休日"},
        {2026, 5, 6, "振替休日"},
        {2024, 2, 12, "振替休日"},
        {2024, 8, 12, "振替休日"},
        {2019, 12, 23, NULL},
        {2019, 2, 23, NULL},
        {2020, 2, 24, "振替休日"},
        {2019, 4, 30, "国民の休日"},
        {2019, 5, 1, "天皇の即位の日"},
        {2019, 5, 2, "国民の休日"},
        {2019, 5, 6, "振替休日"},
        {2020, 7, 23, "海の日"},
        {2020, 10, 12, NULL},
        {2021, 8, 9, "振替休日"},
        {2021, 8, 11, NULL},
        {2021, 10, 11, NULL},
        {2006, 5, 4, "国民の休日"},
        {2003, 5, 5, "こどもの日"},
        {2003, 5, 4, NULL},
        {2008, 5, 6, "振替休日"},
        {2002, 7, 20, "海の日"},
        {2003, 7, 21, "海の日"},
        {1999, 1, 1, NULL},
        {2100, 1, 1, NULL},
        {2000, 1, 1, "元日"},
        {2099, 11, 23, "勤労感謝の日"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *name = NULL;
        assert_int_equal(
            calendar_is_public_holiday(rows[i].year, rows[i].month, rows[i].day, &name),
            rows[i].name != NULL);
        if (rows[i].name)
            assert_string_equal(name, rows[i].name);
    }
}

static void texts_of_the_profile_are_read_strictly(void **state)
{
    (void)state;
    static const char *const minutes[] = {"9:00",  "09:60", "24:01", "0900",
                                          "09:0a", "-1:00", "",      "09:00 "};
    static const char *const dates[] = {"2026-02-29", "2026-13-01", "2026-1-01", "", "2026-01-01T"};
    int64_t day;
    assert_int_equal(calendar_minute_of_day("00:00"), 0);
    assert_int_equal(calendar_minute_of_day("24:00"), 1440);
    assert_int_equal(calendar_minute_of_day(NULL), -1);
    for (size_t i = 0; i < COUNT_OF(minutes); i++)
        assert_int_equal(calendar_minute_of_day(minutes[i]), -1);
    assert_true(calendar_parse_date("2028-02-29", &day));
    assert_int_equal(day, clock_days_from_civil(2028, 2, 29));
    for (size_t i = 0; i < COUNT_OF(dates); i++)
        assert_false(calendar_parse_date(dates[i], &day));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_desk_is_open_on_working_days),
        cmocka_unit_test(the_desk_opens_when_it_should),
        cmocka_unit_test(a_table_of_holidays_counts_for_its_years),
        cmocka_unit_test(working_days_are_counted),
        cmocka_unit_test(hours_are_counted_while_the_desk_is_open),
        cmocka_unit_test(zones_and_holidays_are_the_profile_s),
        cmocka_unit_test(a_desk_that_never_opens_is_searched_for_a_while),
        cmocka_unit_test(holidays_that_are_easily_got_wrong),
        cmocka_unit_test(texts_of_the_profile_are_read_strictly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
