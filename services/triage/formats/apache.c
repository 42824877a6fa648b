/* SPDX-License-Identifier: Apache-2.0 */
/* Access logs of Apache httpd and nginx, mod_log_config's "common" and "combined", with the virtual host before them or not:
 * [vhost:port] client ident user [24/Nov/2026:15:00:00 +0900] "GET /path HTTP/1.1" status bytes "referrer" "agent" */
#include "services/triage/formats/format.h"
#include "services/triage/time_text.h"

#include <string.h>

/* Attempts that stand in the request itself; whether they had success is not known. */
static const struct detection_row detections[] = {
    {{{FIELD_URL, "~jndi:|sslvpn_websession|/bin/sh|/bin/bash|xp_cmdshell"}}, 60, "detected"},
    {{{FIELD_AGENT, "~jndi:|() {"}}, 60, "detected"},
    {{{FIELD_REFERRER, "~jndi:"}}, 60, "detected"},
    {{{FIELD_URL, "~/../|/..%2f|%2e%2e/|%2e%2e%2f|..%5c|/etc/passwd|wp-config.php|/.env|/.git/"}},
     40,
     "detected"},
    {{{FIELD_URL, "~union+select|union%20select|union+all+select|<script|%3cscript"}},
     40,
     "detected"},
    {{{FIELD_AGENT, "~sqlmap|nikto|nessus|nuclei|zgrab|masscan|dirbuster"}}, 30, "detected"},
};

static bool is_date(const char *at, const char *end)
{
    return end - at >= 20 && at[2] == '/' && at[6] == '/' && at[11] == ':' && at[14] == ':' &&
           at[17] == ':' && at[0] >= '0' && at[0] <= '3' && at[7] >= '1' && at[7] <= '2';
}

/* Where the date begins behind its bracket. NULL: nowhere. */
static const char *find_date(struct bytes message)
{
    if (!message.length)
        return NULL;
    const char *at = message.data, *end = bytes_end(message);
    while ((at = memchr(at, '[', (size_t)(end - at)))) {
        at++;
        if (is_date(at, end) && at - 1 > (const char *)message.data && at[-2] == ' ')
            return at;
    }
    return NULL;
}

static bool recognise(const struct parsed *parsed)
{
    const char *date = find_date(bytes_head(parsed->message, 512));
    const char *end = bytes_end(parsed->message);
    return date && bytes_find(bytes_head(bytes_slice(date, end), 40), "] \"");
}

/* The client is the first word that is an address, else the first; what stands before it is the virtual host. Proxies in
 * between (X-Forwarded-For) are separated by commas. */
static void take_client(struct parsed *parsed, struct bytes head)
{
    struct bytes probe = head, first = bytes_next_word(&probe), second = bytes_next_word(&probe);
    struct bytes word = bytes_next_word(&head);
    bool list = first.length && ((const char *)first.data)[first.length - 1] == ',';
    if (!list && !bytes_is_address(first) && bytes_is_address(second)) {
        parsed_set_domain_of_url(parsed, first);
        word = bytes_next_word(&head);
    }
    bool more = word.length && ((const char *)word.data)[word.length - 1] == ',';
    parsed_set(parsed, FIELD_SOURCE_IP, (struct bytes){word.data, word.length - more});
    while (more) {
        word = bytes_next_word(&head);
        more = word.length && ((const char *)word.data)[word.length - 1] == ',';
    }
    (void)bytes_next_word(&head); /* ident */
    parsed_set(parsed, FIELD_USER, head);
}

/* Between quotes; \" is no end. `*text` goes behind it. */
static struct bytes take_quoted(struct bytes *text)
{
    const char *from = text->length ? memchr(text->data, '"', text->length) : NULL;
    if (!from)
        return (struct bytes){0};
    const char *end = (const char *)text->data + text->length, *at = ++from;
    while (at < end && *at != '"')
        at += *at == '\\' && at + 1 < end ? 2 : 1;
    *text = bytes_slice(at < end ? at + 1 : end, end);
    return bytes_slice(from, at);
}

static bool is_method(struct bytes word)
{
    for (size_t i = 0; i < word.length; i++) {
        char c = ((const char *)word.data)[i];
        if (!(c >= 'A' && c <= 'Z') && c != '_' && c != '-')
            return false;
    }
    return word.length >= 3;
}

static void take_request(struct parsed *parsed, struct bytes request)
{
    parsed_set(parsed, FIELD_MESSAGE, request);
    struct bytes method = bytes_next_word(&request);
    if (!is_method(method)) {
        return; /* a scanner that speaks no HTTP */
    }
    struct bytes url = bytes_trim(request);
    const char *from = url.data;
    for (size_t at = url.length; at-- > 0;)
        if (from[at] == ' ' &&
            bytes_begin_with(bytes_slice(from + at + 1, from + url.length), "HTTP/")) {
            url.length = at;
            break;
        }
    parsed_set(parsed, FIELD_METHOD, method);
    parsed_set(parsed, FIELD_URL, url);
    if (bytes_find(bytes_head(url, 10), "://"))
        parsed_set_domain_of_url(parsed, url);
}

static void parse(struct parsed *parsed)
{
    const char *date = find_date(parsed->message), *begin = parsed->message.data;
    if (!date)
        return;
    struct bytes rest = bytes_slice(date, begin + parsed->message.length);
    take_client(parsed, bytes_slice(begin, date - 1));
    take_request(parsed, take_quoted(&rest));
    parsed_set(parsed, FIELD_STATUS, bytes_next_word(&rest));
    parsed_set(parsed, FIELD_BYTES_IN, bytes_next_word(&rest));
    parsed_set(parsed, FIELD_REFERRER, take_quoted(&rest));
    parsed_set(parsed, FIELD_AGENT, take_quoted(&rest));
    parsed_set(parsed, FIELD_TYPE, bytes_of("access"));
}

static bool tell_time(const struct parsed *parsed, int64_t append_us, int64_t *ret_us)
{
    const char *date = find_date(parsed->message);
    return date && time_text_read(bytes_slice(date, (const char *)parsed->message.data +
                                                        parsed->message.length),
                                  append_us, ret_us);
}

const struct format format_apache = {.name = "apache",
                                     .recognise = recognise,
                                     .parse = parse,
                                     TABLE_DETECTIONS(detections),
                                     .time = tell_time};
