/* SPDX-License-Identifier: Apache-2.0 */
/* CylancePROTECT syslog guide: "Event Type: Threat, Event Name: threat_found, Device Name: …"; names and values hold spaces,
 * lists are in round brackets. Found Date is when the file was first seen: when it happened is in the header. */
#include "services/triage/formats/format.h"

#include <string.h>

static const struct format_pair pairs[] = {
    PAIR("Event Type", TYPE),
    PAIR("Event Type", SUBTYPE),
    PAIR("Event Name", EVENT),
    PAIR("Action", ACTION),
    PAIR("Event Name", ACTION),
    PAIR("Cylance Score", SEVERITY),
    PAIR("Status", RISK),
    PAIR("Violation Type", RULE),
    PAIR("Policy Name", RULE),
    PAIR("Threat Classification", CATEGORY),
    PAIR("Threat Class", CATEGORY),
    PAIR("Device Name", HOST),
    PAIR("Device Names", HOST),
    PAIR("IP Address", HOST_IP),
    PAIR("MAC Address", HOST_MAC),
    PAIR("Source IP", SOURCE_IP),
    PAIR("Destination IP", DESTINATION_IP),
    PAIR("User Name", USER),
    PAIR("Logged On Users", USER),
    PAIR("User", USER),
    PAIR("File Path", FILE_PATH),
    PAIR("Path", FILE_PATH),
    PAIR("File Name", FILE),
    PAIR("SHA256", SHA256),
    PAIR("MD5", MD5),
    PAIR("Process Name", PROCESS),
    PAIR("Interpreter", PROCESS),
    PAIR("Message", MESSAGE),
};

static const struct detection_row detections[] = {
    {{{FIELD_TYPE, "threat"}, {FIELD_EVENT, "~waived|cleared|safe"}}, 0, NULL},
    {{{FIELD_TYPE, "threat"}, {FIELD_CATEGORY, "~trusted"}}, 0, NULL},
    {{{FIELD_TYPE, "threat"}, {FIELD_CATEGORY, "~pup"}}, 50, NULL},
    {{{FIELD_TYPE, "threat|exploitattempt|opticscaae event"}}, 80, NULL},
    {{{FIELD_TYPE, "scriptcontrol"}}, 50, NULL},
    {{{FIELD_TYPE, "~devicecontrol|appcontrol"}, {FIELD_EVENT, "~block|denied|fullblock"}},
     20,
     "blocked"},
    {{{FIELD_TYPE, "auditlog"}, {FIELD_EVENT, "~loginfail"}}, 20, "blocked"},
};

/* Empty: none of ours. */
static struct bytes text_of(const struct parsed *parsed)
{
    struct bytes message = parsed->message;
    const char *at = bytes_find(message, "Event Type: ");
    bool named = bytes_equal_text(parsed->header.app, "CylancePROTECT") ||
                 bytes_find(bytes_head(message, 64), "CylancePROTECT");
    if (!at || !named)
        return (struct bytes){0};
    return bytes_slice(at, bytes_end(message));
}

static bool recognise(const struct parsed *parsed)
{
    return text_of(parsed).length != 0;
}

/* The first of "(10.0.0.1, fe80::1)", or the value itself. */
static struct bytes first_of_list(struct bytes value)
{
    value = bytes_trim(value);
    const char *from = value.data, *end = bytes_end(value), *at = from + 1;
    if (!value.length || *from != '(')
        return value;
    while (at < end && *at != ',' && *at != ')')
        at++;
    return bytes_slice(from + 1, at);
}

static bool take_pair(struct parsed *parsed, struct bytes name, struct bytes value)
{
    if (bytes_equal_text(name, "File Name")) /* beside `Path`, which may be the folder only */
        parsed_set(parsed, FIELD_FILE, value);
    return parsed_name(parsed, name, first_of_list(value));
}

static void parse(struct parsed *parsed)
{
    static const struct keyvalue_style style = {.separators = ",",
                                                .equals = ":",
                                                .quotes = "",
                                                .names_have_spaces = true,
                                                .values_have_separators = true};
    keyvalue_each(parsed, text_of(parsed), &style, take_pair);
}

const struct format format_cylance = {.name = "cylance",
                                      .vendor = "Cylance",
                                      .product = "CylancePROTECT",
                                      .recognise = recognise,
                                      .parse = parse,
                                      TABLE_PAIRS(pairs),
                                      TABLE_DETECTIONS(detections),
                                      .scale = SEVERITY_HUNDRED};
