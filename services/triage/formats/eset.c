/* SPDX-License-Identifier: Apache-2.0 */
/* ESET PROTECT, "Events exported to JSON format": one object a line, behind a syslog header; `occured` (older) or `occurred`
 * in UTC; ipv4 and hostname are the computer that it happened on. */
#include "services/triage/formats/format.h"

#include <string.h>

static const struct format_pair pairs[] = {
    PAIR("event_type", TYPE),
    PAIR("hostname", HOST),
    PAIR("computer_name", HOST),
    PAIR("ipv4", HOST_IP),
    PAIR("ipv6", HOST_IP),
    PAIR("event", EVENT),
    PAIR("detail", MESSAGE),
    PAIR("action_taken", ACTION),
    PAIR("action", ACTION),
    PAIR("result", ACTION),
    PAIR("severity", SEVERITY),
    PAIR("threat_name", RULE),
    PAIR("rulename", RULE),
    PAIR("rule_name", RULE),
    PAIR("cause", RULE),
    PAIR("event", RULE),
    PAIR("rule_id", RULE_ID),
    PAIR("threat_type", CATEGORY),
    PAIR("threat_name", THREAT),
    PAIR("source_address", SOURCE_IP),
    PAIR("source_port", SOURCE_PORT),
    PAIR("target_address", DESTINATION_IP),
    PAIR("target_port", DESTINATION_PORT),
    PAIR("protocol", TRANSPORT),
    PAIR("username", USER),
    PAIR("user", USER),
    PAIR("hash", SHA1), /* of whatever kind */
    PAIR("processname", PROCESS),
    PAIR("application", PROCESS),
    PAIR("command_line", COMMAND),
    PAIR("circumstances", MESSAGE),
    PAIR("description", MESSAGE),
};

static const struct detection_row detections[] = {
    {{{FIELD_TYPE, "Threat_Event"}, {FIELD_SEVERITY, "Information"}, {FIELD_RULE, ""}}, 0, NULL},
    {{{FIELD_TYPE, "Threat_Event"}, {FIELD_SEVERITY, "Critical|Fatal"}}, 95, NULL},
    {{{FIELD_TYPE, "Threat_Event"}}, 80, NULL},
    {{{FIELD_TYPE, "FirewallAggregated_Event|HipsAggregated_Event"}}, SEVERITY_OF_LINE, NULL},
    {{{FIELD_TYPE, "EnterpriseInspectorAlert_Event"}}, SEVERITY_OF_LINE, NULL},
    {{{FIELD_TYPE, "BlockedFiles_Event"}}, 60, "blocked"},
    {{{FIELD_TYPE, "FilteredWebsites_Event"}}, 50, NULL},
    {{{FIELD_TYPE, "Audit_Event"}, {FIELD_EVENT, "~login"}, {FIELD_ACTION, "~fail"}},
     20,
     "blocked"},
};

static bool recognise(const struct parsed *parsed)
{
    static const char *const marks[] = {"\"source_uuid\"", "Threat_Event\"", "Aggregated_Event\"",
                                        "FilteredWebsites_Event\"", NULL};
    static const char *const types[] = {"\"event_type\"", NULL};
    return json_tells(parsed, types) && json_tells(parsed, marks);
}

/* "http://…", "file:///C:/Users/…". */
static void set_object(struct parsed *parsed, struct bytes value)
{
    static const char file[] = "file:///";
    size_t length = sizeof file - 1;
    const char *from = value.data, *end = bytes_end(value);
    if (bytes_begin_with(value, file)) {
        parsed_set(parsed, FIELD_FILE_PATH, bytes_slice(from + length, end));
    } else if (bytes_find(value, "://")) {
        parsed_set(parsed, FIELD_URL, value);
        parsed_set_domain_of_url(parsed, value);
    } else {
        parsed_set(parsed, FIELD_FILE_PATH, value);
    }
}

static bool each(struct parsed *parsed, struct bytes name, struct bytes value)
{
    if (!bytes_equal_text(name, "object_uri"))
        return parsed_name(parsed, name, value);
    set_object(parsed, value);
    return true;
}

static void parse(struct parsed *parsed)
{
    json_each(parsed, parsed->json, each);
}

static const char *const times[] = {"\"occured\":", "\"occurred\":", NULL};

const struct format format_eset = {.name = "eset",
                                   .vendor = "ESET",
                                   .product = "PROTECT",
                                   .is_json = true,
                                   .recognise = recognise,
                                   .parse = parse,
                                   TABLE_PAIRS(pairs),
                                   TABLE_DETECTIONS(detections),
                                   .times = times,
                                   .utc = true};
