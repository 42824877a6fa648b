/* SPDX-License-Identifier: Apache-2.0 */
/* Symantec Data Loss Prevention, "Log to a Syslog Server": the administrator writes the line from incident variables; by
 * custom Name="value", the quotes often typographic (U+201C, U+201D). */
#include "services/triage/formats/format.h"

#include <string.h>

static const struct format_pair pairs[] = {
    PAIR("incident_id", CODE),
    PAIR("Incident_ID", CODE),
    PAIR("Blocked", ACTION),
    PAIR("Severity", SEVERITY),
    PAIR("Policy_Name", RULE),
    PAIR("Policy_Rules", CATEGORY),
    PAIR("Machine_IP", SOURCE_IP),
    PAIR("Endpoint_Machine", SOURCE_HOST),
    PAIR("Destination_IP", DESTINATION_IP),
    PAIR("Protocol", PROTOCOL),
    PAIR("Endpoint_Username", USER),
    PAIR("Application_User", USER),
    PAIR("Data_Owner", USER),
    PAIR("URL", URL),
    PAIR("Application_Name", PROCESS),
    PAIR("File_Name", FILE),
    PAIR("Attach_File_Name", FILE),
    PAIR("File_Path", FILE_PATH),
    PAIR("Subject", MAIL_SUBJECT),
};

static const struct detection_row detections[] = {
    {{{FIELD_CODE, "*"}}, SEVERITY_OF_LINE, NULL},
    {{{FIELD_RULE, "*"}}, SEVERITY_OF_LINE, NULL},
};

static bool recognise(const struct parsed *parsed)
{
    struct bytes message = parsed->message;
    return bytes_find(message, "Policy_Name=") &&
           (bytes_find(message, "Incident_Snapshot=") || bytes_find(message, "incident_id=") ||
            bytes_find(message, "Incident_ID="));
}

static struct bytes without_quotes(struct bytes value)
{
    static const char *const quotes[] = {"\xe2\x80\x9c", "\xe2\x80\x9d"};
    value = bytes_trim(value);
    for (size_t i = 0; i < COUNT_OF(quotes); i++)
        if (bytes_begin_with(value, quotes[i]))
            value = bytes_slice((const char *)value.data + 3, bytes_end(value));
    for (size_t i = 0; i < COUNT_OF(quotes); i++)
        if (value.length >= 3 && memcmp(bytes_end(value) - 3, quotes[i], 3) == 0)
            value.length -= 3;
    return bytes_trim(value);
}

/* Of a mail, an address of mail; else of the network, or a URL. */
static void set_party(struct parsed *parsed, bool sender, struct bytes value)
{
    if (value.length && memchr(value.data, '@', value.length))
        parsed_set(parsed, sender ? FIELD_MAIL_FROM : FIELD_MAIL_TO, value);
    else if (bytes_find(value, "://"))
        parsed_set(parsed, FIELD_URL, value);
    else if (bytes_is_address(value) &&
             !parsed->fields[sender ? FIELD_SOURCE_IP : FIELD_DESTINATION_IP].data)
        parsed_set(parsed, sender ? FIELD_SOURCE_IP : FIELD_DESTINATION_IP, value);
}

static bool take_pair(struct parsed *parsed, struct bytes name, struct bytes value)
{
    value = without_quotes(value);
    if (bytes_find(value, "[UNKNOWN VARIABLE"))
        return false;
    if (bytes_equal_text(name, "Sender") || bytes_equal_text(name, "Recipients")) {
        set_party(parsed, *(const char *)name.data == 'S', value);
        return true;
    }
    if (bytes_equal_text(name, "Severity")) { /* 1:High */
        struct bytes rest = value, first = bytes_next(&rest, ':');
        value = rest.length ? rest : first;
    }
    return parsed_name(parsed, name, value);
}

static void parse(struct parsed *parsed)
{
    static const struct keyvalue_style style = {.values_have_separators = true, .no_escapes = true};
    keyvalue_each(parsed, parsed->message, &style, take_pair);
}

static const char *const times[] = {"Occured_On=\xe2\x80\x9d",
                                    "Occured_On=\xe2\x80\x9c",
                                    "Occured_On=",
                                    "Occurred_On=\xe2\x80\x9d",
                                    "Occurred_On=\xe2\x80\x9c",
                                    "Occurred_On=",
                                    NULL};

const struct format format_symantec_dlp = {.name = "symantec_dlp",
                                           .vendor = "Symantec",
                                           .product = "Data Loss Prevention",
                                           .recognise = recognise,
                                           .parse = parse,
                                           TABLE_PAIRS(pairs),
                                           TABLE_DETECTIONS(detections),
                                           .times = times};
