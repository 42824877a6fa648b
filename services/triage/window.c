/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/window.h"

#include "common/clock.h"

#include <string.h>

#define HOUR_US (INT64_C(3600) * 1000000)
#define BEFORE_US (72 * HOUR_US)
#define AFTER_US (24 * HOUR_US)
#define CLOCK_ERROR_S_MAX (INT64_C(400) * 86400) /* as far as times are believed at all */

static bool read_time(const json_t *object, const char *name, int64_t *ret_us)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text && clock_parse(text, strlen(text), ret_us);
}

/* How far the true time may lie behind what was said. */
static int64_t slack_us(const json_t *incident, const char *precision_name)
{
    const char *precision = json_string_value(json_object_get(incident, precision_name));
    if (precision && strcmp(precision, "day") == 0)
        return 24 * HOUR_US;
    return precision && strcmp(precision, "hour") == 0 ? HOUR_US : 0;
}

/* By how much a device's own clock may be wrong either way: its lines, and what was read off it, are that far out. */
static int64_t clock_error_us(const json_t *hearing)
{
    const json_t *devices = json_object_get(hearing, "device");
    int64_t most_s = 0;
    for (size_t i = 0; i < json_array_size(devices); i++) {
        int64_t error_s =
            json_integer_value(json_object_get(json_array_get(devices, i), "clock_error_s"));
        error_s = error_s < 0 ? -error_s : error_s;
        most_s = error_s > most_s ? error_s : most_s;
    }
    return (most_s < CLOCK_ERROR_S_MAX ? most_s : CLOCK_ERROR_S_MAX) * 1000000;
}

json_t *window_of_case(const json_t *chain)
{
    const json_t *hearing = json_object_get(chain, "hearing");
    const json_t *incident = json_object_get(hearing, "incident");
    int64_t error_us = clock_error_us(hearing);
    char from[CLOCK_TEXT_SIZE], to[CLOCK_TEXT_SIZE];
    int64_t opened_us = 0, discovered_us, occurred_us;
    (void)read_time(chain, "opened_at", &opened_us);
    int64_t earliest_us = opened_us, latest_us = opened_us;
    if (read_time(incident, "discovered_at", &discovered_us)) {
        int64_t end_us = discovered_us + slack_us(incident, "discovered_at_precision");
        earliest_us = discovered_us < earliest_us ? discovered_us : earliest_us;
        latest_us = end_us > latest_us ? end_us : latest_us;
    }
    if (read_time(incident, "occurred_from", &occurred_us) && occurred_us < earliest_us)
        earliest_us = occurred_us;
    earliest_us -= BEFORE_US + error_us;
    clock_format_us(earliest_us > 0 ? earliest_us : 0, from);
    clock_format_us(latest_us + AFTER_US + error_us, to);
    return json_pack("{s:s, s:s}", "from", from, "to", to);
}
