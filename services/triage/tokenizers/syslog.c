/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/formats/format.h"

#include <string.h>

struct cursor {
    const char *at, *end;
};

static bool is_digit(const char *at, const char *end)
{
    return at < end && *at >= '0' && *at <= '9';
}

static void skip_spaces(struct cursor *c)
{
    while (c->at < c->end && *c->at == ' ')
        c->at++;
}

static struct bytes take_word(struct cursor *c)
{
    const char *from = c->at;
    const char *space = from < c->end ? memchr(from, ' ', (size_t)(c->end - from)) : NULL;
    c->at = space ? space : c->end;
    struct bytes word = bytes_slice(from, c->at);
    skip_spaces(c);
    return word;
}

static bool skip_priority(struct cursor *c)
{
    const char *at = c->at + 1;
    if (c->at == c->end || *c->at != '<')
        return false;
    while (is_digit(at, c->end) && at - c->at < 5)
        at++;
    if (at == c->end || *at != '>' || at == c->at + 1)
        return false;
    c->at = at + 1;
    return true;
}

/* YYYY-MM-DDThh:mm:ss… */
static bool is_dated(struct bytes word)
{
    const char *w = word.data;
    return word.length >= 19 && w[4] == '-' && w[7] == '-' && (w[10] == 'T' || w[10] == 't') &&
           w[13] == ':' && w[16] == ':';
}

/* "Aug  5 12:34:56", and with a year behind the day as some devices write it. */
static bool take_bsd_time(struct cursor *c, struct bytes *ret_time)
{
    static const char months[] = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec ";
    char month[5] = "";
    if (c->end - c->at < 15)
        return false;
    memcpy(month, c->at, 4);
    if (month[3] != ' ' || !strstr(months, month))
        return false;
    const char *t = c->at;
    bool fits = (t[4] == ' ' || is_digit(t + 4, c->end)) && is_digit(t + 5, c->end) &&
                t[6] == ' ' && t[9] == ':' && t[12] == ':';
    if (!fits)
        return false;
    *ret_time = bytes_slice(t, t + 15);
    c->at += 15;
    if (c->at < c->end && *c->at == '.') /* fraction */
        while (c->at < c->end && *c->at != ' ')
            c->at++;
    skip_spaces(c);
    return true;
}

static void skip_element(struct cursor *c)
{
    bool quoted = false;
    for (; c->at < c->end && (quoted || *c->at != ']'); c->at++) {
        if (*c->at == '\\' && c->at + 1 < c->end)
            c->at++;
        else if (*c->at == '"')
            quoted = !quoted;
    }
    if (c->at < c->end)
        c->at++;
}

/* Structured data: "-" or [id name="value" …] elements, in whose values ] may stand escaped. */
static void skip_structured(struct cursor *c)
{
    if (c->at < c->end && *c->at == '-') {
        c->at++;
    } else {
        while (c->at < c->end && *c->at == '[')
            skip_element(c);
    }
    skip_spaces(c);
}

/* Some devices leave out what should stand between host and message. */
static bool is_message(const struct cursor *c)
{
    struct bytes rest = bytes_slice(c->at, c->end);
    return bytes_begin_with(rest, "CEF:") || bytes_begin_with(rest, "LEEF:") ||
           bytes_begin_with(rest, "{");
}

static bool take_5424(struct cursor *c, struct syslog_header *header)
{
    struct cursor probe = *c;
    if (probe.end - probe.at < 2 || probe.at[0] != '1' || probe.at[1] != ' ')
        return false;
    probe.at += 2;
    header->time = take_word(&probe);
    if (!is_dated(header->time) && !bytes_equal_text(header->time, "-"))
        return false;
    header->host = take_word(&probe);
    for (int i = 0; i < 3 && !is_message(&probe); i++) { /* application, process id, message id */
        struct bytes word = take_word(&probe);
        if (i == 0)
            header->app = word;
    }
    const char *structured = probe.at;
    skip_structured(&probe);
    if (structured < probe.at && *structured == '[')
        header->structured = bytes_trim(bytes_slice(structured, probe.at));
    if (bytes_begin_with(bytes_slice(probe.at, probe.end), "\xef\xbb\xbf"))
        probe.at += 3;
    *c = probe;
    return true;
}

/* name[pid]: or name: */
static void take_tag(struct cursor *c, struct syslog_header *header)
{
    const char *at = c->at;
    while (at < c->end && at - c->at < 64 && *at != ' ' && *at != ':' && *at != '[' && *at != '=' &&
           *at != '{' && *at != '|')
        at++;
    const char *name_end = at;
    struct bytes name = bytes_slice(c->at, name_end);
    if (bytes_equal_text(name, "CEF") || bytes_equal_text(name, "LEEF"))
        return; /* "CEF: 0|…" is the message already */
    if (at < c->end && *at == '[') {
        while (at < c->end && *at != ']' && *at != ' ')
            at++;
        at += at < c->end && *at == ']';
    }
    bool tagged =
        name_end > c->at && at < c->end && *at == ':' && (at + 1 == c->end || at[1] == ' ');
    if (!tagged)
        return;
    header->app = name;
    c->at = at + 1;
    skip_spaces(c);
}

/* A host name holds no '=', no quotes and no brace: those are the message already, of a device that names no host. */
static void take_host(struct cursor *c, struct syslog_header *header)
{
    struct cursor probe = *c;
    struct bytes word = take_word(&probe);
    for (size_t i = 0; i < word.length; i++)
        if (strchr("={}\"|", ((const char *)word.data)[i]))
            return;
    if (!word.length || ((const char *)word.data)[word.length - 1] == ':' ||
        bytes_begin_with(word, "CEF:") || bytes_begin_with(word, "TMCM:"))
        return;
    bool bracketed = word.length > 2 && *(const char *)word.data == '[' &&
                     ((const char *)word.data)[word.length - 1] == ']';
    if (bracketed) /* an address, as Zscaler's NSS has it */
        word = bytes_slice((const char *)word.data + 1, bytes_end(word) - 1);
    header->host = word;
    *c = probe;
}

struct bytes syslog_strip(struct bytes line, struct syslog_header *ret_header)
{
    struct cursor c = {.at = line.data, .end = bytes_end(line)};
    *ret_header = (struct syslog_header){0};
    struct bytes time = {0};
    bool marked = skip_priority(&c);
    if (marked)
        skip_spaces(&c);
    if (marked && take_5424(&c, ret_header))
        return bytes_slice(c.at, c.end);
    *ret_header = (struct syslog_header){0};
    struct cursor probe = c;
    if (take_bsd_time(&c, &time)) {
        ret_header->time = time;
    } else if (is_dated(take_word(&probe))) {
        ret_header->time = take_word(&c);
    } else {
        return bytes_slice(c.at, c.end);
    }
    take_host(&c, ret_header);
    take_tag(&c, ret_header);
    return bytes_slice(c.at, c.end);
}
