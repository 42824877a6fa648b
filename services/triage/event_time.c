/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/event_time.h"

#include "common/clock.h"
#include "services/triage/time_text.h"

#include <string.h>

#define BEFORE_MAX_US (400 * TIME_DAY_US)
#define AFTER_MAX_US TIME_DAY_US
#define LOOK_BYTES 8192 /* EVE's `timestamp` stands first, CEF's `rt` may stand anywhere */

const char *event_time_source_name(enum event_time_source source)
{
    static const char *const names[] = {"header", "line", "append", "append_disbelieved"};
    return names[source];
}

struct asking {
    const struct parsed *parsed;
    struct bytes head; /* of the message */
    int64_t append_us;
    int64_t time_us; /* the first that is believed */
    bool told;       /* something was said at all */
    bool utc;        /* what names no zone */
};

static bool believe(struct asking *asking, bool said, int64_t time_us)
{
    asking->told |= said;
    if (!said || time_us < asking->append_us - BEFORE_MAX_US ||
        time_us > asking->append_us + AFTER_MAX_US)
        return false;
    asking->time_us = time_us;
    return true;
}

static bool ask_text(struct asking *asking, struct bytes text)
{
    int64_t time_us = 0;
    while (text.length && strchr("\" [", *(const char *)text.data)) {
        text.data = (const char *)text.data + 1;
        text.length--;
    }
    bool said =
        (asking->utc ? time_text_read_utc : time_text_read)(text, asking->append_us, &time_us);
    return believe(asking, said, time_us);
}

static bool ask_behind(struct asking *asking, const char *mark)
{
    const char *at = bytes_find(asking->head, mark);
    const char *end = bytes_end(asking->head);
    return at && ask_text(asking, bytes_slice(at + strlen(mark), end));
}

static bool ask_format(struct asking *asking)
{
    int64_t time_us = 0;
    for (const struct format *format = asking->parsed->format; format; format = format->base) {
        asking->utc = format->utc;
        for (const char *const *mark = format->times; mark && *mark; mark++)
            if (**mark ? ask_behind(asking, *mark) : ask_text(asking, asking->head))
                return true;
        bool said = format->time && format->time(asking->parsed, asking->append_us, &time_us);
        if (believe(asking, said, time_us))
            return true;
    }
    asking->utc = false;
    return false;
}

/* Lines of no known format often begin with a time, or have one that is called so. */
static bool ask_unknown(struct asking *asking)
{
    return ask_text(asking, asking->head) || ask_behind(asking, " time=");
}

static bool ask_line(struct asking *asking)
{
    return (asking->parsed->format && ask_format(asking)) ||
           ask_text(asking, asking->parsed->header.time) ||
           (!asking->parsed->format && ask_unknown(asking));
}

int64_t event_time_of(struct bytes header, struct bytes line, int64_t append_us,
                      enum event_time_source *ret_source)
{
    struct parsed parsed;
    struct asking asking = {.parsed = &parsed, .append_us = append_us};
    int64_t time_us = 0;
    bool said = header.data && clock_parse(header.data, header.length, &time_us);
    *ret_source = EVENT_TIME_HEADER;
    if (believe(&asking, said, time_us))
        return time_us;
    *ret_source = EVENT_TIME_DISBELIEVED;
    if (said)
        return append_us; /* whoever shipped it knows best, and is wrong: the line is not asked */
    format_recognise(line, &parsed); /* takes no memory */
    asking.head = bytes_head(parsed.message, LOOK_BYTES);
    *ret_source = EVENT_TIME_LINE;
    if (ask_line(&asking))
        return asking.time_us;
    *ret_source = asking.told ? EVENT_TIME_DISBELIEVED : EVENT_TIME_APPEND;
    return append_us;
}

/* --- for the formats ---------------------------------------------------------------------------------------------- */

static struct bytes behind(struct bytes text, const char *const *marks)
{
    for (; *marks; marks++) {
        const char *at = bytes_find(text, *marks), *end = bytes_end(text);
        if (!at)
            continue;
        at += strlen(*marks);
        at += at < end && *at == '"';
        return bytes_slice(at, end);
    }
    return (struct bytes){0};
}

bool format_time_split(const struct parsed *parsed, int64_t append_us, int64_t *ret_us)
{
    static const char *const dates[] = {"date=", NULL}, *const clocks[] = {" time=", NULL},
                             *const zones[] = {" tz=", " timezone=", NULL};
    struct bytes head = bytes_head(parsed->message, LOOK_BYTES);
    (void)append_us;
    return time_text_join(behind(head, dates), behind(head, clocks), behind(head, zones), ret_us);
}
