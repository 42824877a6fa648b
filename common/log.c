/* SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"

#include "common/clock.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES_MAX 4096

static const char *service_name = "kakekomi";
static enum log_level least_level = LOG_INFO;

void log_init(const char *service, enum log_level least)
{
    service_name = service;
    least_level = least;
}

static const char *level_name(enum log_level level)
{
    switch (level) {
    case LOG_DEBUG:
        return "debug";
    case LOG_INFO:
        return "info";
    case LOG_WARNING:
        return "warning";
    case LOG_ERROR:
        return "error";
    }
    return "unknown";
}

/* "a=1 why=two words b=3": a value reaches to the next word that has the form name= */
static const char *value_end(const char *value)
{
    for (const char *space = strchr(value, ' '); space; space = strchr(space + 1, ' ')) {
        size_t name = strspn(space + 1, "abcdefghijklmnopqrstuvwxyz_0123456789");
        if (name && space[1 + name] == '=')
            return space;
    }
    return value + strlen(value);
}

static void add_pairs(struct buf *line, const char *pairs)
{
    while (*pairs) {
        const char *equals = strchr(pairs, '=');
        if (!equals)
            return;
        const char *end = value_end(equals + 1);
        buf_add(line, ",", 1);
        buf_add_json_string(line, pairs, (size_t)(equals - pairs));
        buf_add(line, ":", 1);
        buf_add_json_string(line, equals + 1, (size_t)(end - equals - 1));
        pairs = *end ? end + 1 : end;
    }
}

void log_event(enum log_level level, const char *name, const char *format, ...)
{
    if (level < least_level)
        return;
    char pairs[LINE_BYTES_MAX / 2], time[CLOCK_TEXT_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(pairs, sizeof pairs, format, args);
    va_end(args);
    clock_format_us(clock_now_us(), time);

    CLEANUP(buf_free) struct buf line;
    buf_init(&line, 4 * LINE_BYTES_MAX);
    buf_printf(&line, "{\"time\":\"%s\",\"level\":\"%s\",\"service\":\"%s\",\"event\":\"%s\"", time,
               level_name(level), service_name, name);
    add_pairs(&line, pairs);
    buf_add_text(&line, "}\n");
    ssize_t written = write(STDERR_FILENO, line.data, line.length);
    (void)written;
}
