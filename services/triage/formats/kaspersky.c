/* SPDX-License-Identifier: Apache-2.0 */
/* Kaspersky Security Center's syslog: RFC 5424 structured data [event@23668 p1="…" … et="…" hdn="…" hip="…"] and then what the
 * client wrote, "Name: value" with line breaks between, which are spelt out in various ways. What p1 to p9 mean depends on
 * the event's type; they only fill in what the text leaves open. CEF of the same product is read as CEF. */
#include "services/triage/formats/format.h"

#include <string.h>

#define TEXT_MAX_BYTES 8192 /* every line of it is looked for in six spellings */

static const struct format_pair pairs[] = {
    PAIR("hdn", HOST),
    PAIR("hip", HOST_IP),
    PAIR("et", CODE),
    PAIR("etdn", EVENT),
    PAIR("tdn", CATEGORY),
    PAIR("Event type", EVENT),
    PAIR("Component", CATEGORY),
    PAIR("User", USER),
    PAIR("User name", USER),
    PAIR("Initiator", USER),
    PAIR("Result", ACTION),
    PAIR("Result description", ACTION),
    PAIR("Action", ACTION),
    PAIR("Name", THREAT),
    PAIR("Detected object name", THREAT),
    PAIR("Name", RULE),
    PAIR("Rule name", RULE),
    PAIR("Rule category", RULE),
    PAIR("Path to object", FILE_PATH),
    PAIR("Object path", FILE_PATH),
    PAIR("Object name", FILE),
    PAIR("Object", FILE_PATH),
    PAIR("SHA256", SHA256),
    PAIR("Object SHA256", SHA256),
    PAIR("MD5", MD5),
    PAIR("Object MD5", MD5),
    PAIR("Web address", URL),
    PAIR("URL", URL),
    PAIR("Process name", PROCESS),
    PAIR("Application name", PROCESS),
    PAIR("Attacker IP address", SOURCE_IP),
    PAIR("Attacking computer address", SOURCE_IP),
    PAIR("IP address of attacking computer", SOURCE_IP),
    PAIR("Threat level", SEVERITY),
};

static const struct detection_row detections[] = {
    {{{FIELD_CODE, "~virus_found|infected_object|object_notcured|object_cured|object_deleted|"
                   "object_blocked|object_quarantined|attack_detected|virus_outbreak"}},
     80,
     NULL},
    {{{FIELD_CODE, "~suspicious"}}, 60, NULL},
    {{{FIELD_CODE, "~url_blocked|url_not_allowed"}}, 40, "blocked"},
    {{{FIELD_CODE, "~launch_denied|device_denied|ndis_packet_blocked"}}, 30, "blocked"},
};

static const char mark[] = "[event@23668 ";

static bool recognise(const struct parsed *parsed)
{
    return bytes_begin_with(parsed->header.structured, mark) ||
           bytes_find(bytes_head(parsed->message, 512), mark);
}

/* The element, and what stands behind it, where the header was none of RFC 5424. */
static void split(const struct parsed *parsed, struct bytes *ret_element, struct bytes *ret_text)
{
    struct bytes message = parsed->message;
    *ret_element = parsed->header.structured;
    *ret_text = message;
    const char *from = bytes_find(message, mark);
    if (ret_element->data || !from)
        return;
    const char *end = bytes_end(message), *at = from;
    bool quoted = false;
    for (; at < end && (quoted || *at != ']'); at++) {
        if (*at == '\\' && at + 1 < end)
            at++;
        else if (*at == '"')
            quoted = !quoted;
    }
    at = at < end ? at : end;
    *ret_element = bytes_slice(from, at);
    *ret_text = bytes_slice(at < end ? at + 1 : end, end);
}

/* Line breaks as they are, as C writes them, as rsyslog writes them. */
static struct bytes next_line(struct bytes *rest)
{
    static const char *const breaks[] = {"\r\n", "\n", "\\r\\n", "\\n", "#015#012", "#012"};
    const char *from = rest->data, *end = from + rest->length, *stop = end;
    size_t length = 0;
    for (size_t i = 0; i < COUNT_OF(breaks); i++) {
        const char *at = bytes_find(bytes_slice(from, stop), breaks[i]);
        if (at) {
            stop = at;
            length = strlen(breaks[i]);
        }
    }
    *rest = bytes_slice(stop + length, end);
    return bytes_slice(from, stop);
}

static void take_lines(struct parsed *parsed, struct bytes text)
{
    while (text.length) {
        struct bytes line = next_line(&text);
        const char *end = bytes_end(line);
        const char *colon = bytes_find(line, ": ");
        if (!colon)
            continue;
        struct bytes name = bytes_trim(bytes_slice(line.data, colon));
        struct bytes value = bytes_trim(bytes_slice(colon + 2, end));
        const char *role = bytes_find(value, " ("); /* "NT AUTHORITY\SYSTEM (Initiator)" */
        if (role && bytes_begin_with(name, "User"))
            value = bytes_slice(value.data, role);
        parsed_name(parsed, name, value);
    }
}

/* p1 to p9 by what they look like and, of malware, by their place: p2 the object, p5 its name, p7 the user. */
static bool take_numbered(struct parsed *parsed, struct bytes name, struct bytes value)
{
    bool malware = bytes_find(parsed->fields[FIELD_CODE], "VIRUS") ||
                   bytes_find(parsed->fields[FIELD_CODE], "OBJECT_");
    const char *p = name.data;
    if (name.length != 2 || p[0] != 'p')
        return false;
    if (bytes_begin_with(value, ";"))
        value = bytes_slice((const char *)value.data + 1, bytes_end(value));
    if (value.length == 64)
        parsed_set_hash(parsed, value);
    else if (bytes_begin_with(value, "http://") || bytes_begin_with(value, "https://"))
        parsed_set(parsed, FIELD_URL, value);
    else if (value.length > 3 && ((const char *)value.data)[1] == ':' &&
             ((const char *)value.data)[2] == '\\')
        parsed_set(parsed, FIELD_FILE_PATH, value);
    else if (malware && p[1] == '5')
        parsed_set(parsed, FIELD_THREAT, value);
    else if (malware && p[1] == '7')
        parsed_set(parsed, FIELD_USER, value);
    return true;
}

static void parse(struct parsed *parsed)
{
    struct bytes element, text;
    split(parsed, &element, &text);
    if (!element.data)
        return;
    text = bytes_head(text, TEXT_MAX_BYTES);
    structured_each(parsed, element, NULL);
    take_lines(parsed, text);
    parsed->fields[FIELD_SHA256] = (struct bytes){0};
    parsed->fields[FIELD_MD5] = (struct bytes){0};
    for (struct bytes rest = text; rest.length;) {
        struct bytes line = next_line(&rest);
        parsed_set_hash(parsed, bytes_behind(line, "SHA256: ", " "));
        parsed_set_hash(parsed, bytes_behind(line, "MD5: ", " "));
    }
    structured_each(parsed, element, take_numbered);
    parsed_set(parsed, FIELD_MESSAGE, text);
}

const struct format format_kaspersky = {.name = "kaspersky",
                                        .vendor = "Kaspersky",
                                        .product = "Security Center",
                                        .recognise = recognise,
                                        .parse = parse,
                                        TABLE_PAIRS(pairs),
                                        TABLE_DETECTIONS(detections)};
