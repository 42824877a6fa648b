/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a search: what it looks for, what it says of coverage, how it keeps to its limits, and the whole of it over a
 * log store. */
#include "services/triage/extract.h"
#include "services/triage/subject.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define NOW_US INT64_C(1795500000000000)
#define MINUTE_US INT64_C(60000000)
#define HOUR_US (60 * MINUTE_US)
#define DAY_US (24 * HOUR_US)

/* --- what is looked for ---------------------------------------------------------------------------------------------- */

static const char *touched(const struct subject *subject, const char *line)
{
    return subject_touches_text(subject, bytes_of(line));
}

/* 100 letters of three bytes each: longer than what was once the longest word; "::" shorter than the shortest. */
static void names_of_any_length_are_looked_for(void **state)
{
    (void)state;
    CLEANUP(buf_free) struct buf name;
    CLEANUP(buf_free) struct buf line;
    buf_init(&name, 4096);
    buf_init(&line, 4096);
    for (int i = 0; i < 100; i++)
        buf_add_text(&name, "\xe7\xab\xaf");
    json_auto_t *devices = json_pack("[s, s, s, s]", "::", "PC", name.data, "SV-01");
    CLEANUP(subject_free_at) struct subject *subject = subject_new(devices, NULL, NULL);
    assert_string_equal(touched(subject, "something of SV-01 happened"), "SV-01");
    assert_null(touched(subject, "something of SV-010 happened"));
    buf_printf(&line, "host %s went down", name.data);
    assert_string_equal(touched(subject, line.data), name.data);
}

static void the_first_mark_may_be_no_word(void **state)
{
    (void)state;
    json_auto_t *devices = json_pack("[s]", "::");
    CLEANUP(subject_free_at) struct subject *subject = subject_new(devices, NULL, NULL);
    assert_false(subject_is_empty(subject));
    assert_null(touched(subject, "nothing of interest"));
}

/* A line of no known format: the sender in its syslog header, networks and other writings of an address count as well. */
static void unknown_lines_are_matched_as_a_whole(void **state)
{
    (void)state;
    json_auto_t *devices =
        json_pack("[{s:s, s:[s, s]}, {s:s, s:s}]", "name", "SV-01", "addresses", "10.9.0.0/16",
                  "2001:db8::7", "name", "NAS", "mac", "84:78:48:80:0d:86");
    CLEANUP(subject_free_at) struct subject *subject = subject_new(devices, NULL, NULL);
    assert_string_equal(touched(subject, "<13>Jun  1 10:00:00 sv-01 app[7]: it failed"), "SV-01");
    assert_string_equal(touched(subject, "connect from 10.9.8.7:5060 refused"), "SV-01");
    assert_string_equal(touched(subject, "connect from [2001:0db8:0:0::7]."), "SV-01");
    assert_string_equal(touched(subject, "lease for 8478.4880.0D86 given"), "NAS");
    assert_string_equal(touched(subject, "lease (84-78-48-80-0d-86)"), "NAS");
    assert_null(touched(subject, "connect from 10.8.8.7:5060 refused at 10:09:08"));
    assert_null(touched(subject, "<13>Jun  1 10:00:00 sv-02 app[7]: it failed"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_any_length_are_looked_for),
        cmocka_unit_test(the_first_mark_may_be_no_word),
        cmocka_unit_test(unknown_lines_are_matched_as_a_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
