/* SPDX-License-Identifier: Apache-2.0 */
/* Darktrace, JSON behind a syslog header and a word ("darktrace {…", "darktrace_audit {…"): model breaches, AI Analyst,
 * alerts about the system itself, audit. Times are counts since 1970. */
#include "services/triage/formats/format.h"

static const struct format_pair pairs[] = {
    PAIR("device.hostname", HOST),
    PAIR("breachDevices.hostname", HOST),
    PAIR("breachDevices.identifier", HOST),
    PAIR("hostname", HOST),
    PAIR("device.ip", HOST_IP),
    PAIR("breachDevices.ip", HOST_IP),
    PAIR("ip_address", HOST_IP),
    PAIR("device.macaddress", HOST_MAC),
    PAIR("device.mac", HOST_MAC),
    PAIR("breachDevices.mac", HOST_MAC),
    PAIR("model.name", RULE),
    PAIR("model.then.name", RULE),
    PAIR("model.now.name", RULE),
    PAIR("title", RULE),
    PAIR("alert_name", RULE),
    PAIR("description", RULE),
    PAIR("pbid", RULE_ID),
    PAIR("model.category", CATEGORY),
    PAIR("model.then.category", CATEGORY),
    PAIR("category", CATEGORY),
    PAIR("model.priority", SEVERITY),
    PAIR("model.then.priority", SEVERITY),
    PAIR("priority_level", LEVEL),
    PAIR("device.ip", SOURCE_IP),
    PAIR("device.sip", SOURCE_IP),
    PAIR("breachDevices.ip", SOURCE_IP),
    PAIR("ip", SOURCE_IP),
    PAIR("triggeredComponents.triggeredFilters.Destination IP", DESTINATION_IP),
    PAIR("username", USER),
    PAIR("device.credentials", USER),
    PAIR("method", METHOD),
    PAIR("endpoint", URL),
    PAIR("url", URL),
    PAIR("status", STATUS),
    PAIR("message", MESSAGE),
    PAIR("summary", MESSAGE),
    PAIR("description", MESSAGE),
};

static const struct detection_row detections[] = {
    {{{FIELD_TYPE, "model breach"}}, SEVERITY_OF_LINE, NULL},
    {{{FIELD_TYPE, "ai analyst"}, {FIELD_CATEGORY, "critical"}}, 90, NULL},
    {{{FIELD_TYPE, "ai analyst"}}, 70, NULL},
    {{{FIELD_TYPE, "audit"}, {FIELD_MESSAGE, "~failed login|login failed"}}, 20, "blocked"},
};

/* NULL: none of Darktrace's. */
static const char *kind_of(const struct parsed *parsed)
{
    static const struct {
        const char *kind, *marks[4];
    } kinds[] = {
        {"model breach", {"\"pbid\"", "\"breachUrl\"", "\"triggeredComponents\""}},
        {"ai analyst", {"\"summariser\"", "\"breachDevices\"", "\"aiaScore\""}},
        {"system", {"\"acknowledge_timeout\"", "\"last_updated_status\""}},
    };
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (json_tells(parsed, kinds[i].marks))
            return kinds[i].kind;
    bool audit = bytes_begin_with(parsed->message, "darktrace_audit") ||
                 bytes_begin_with(parsed->header.app, "darktrace_audit");
    return audit ? "audit" : NULL;
}

static bool recognise(const struct parsed *parsed)
{
    bool named = bytes_begin_with(parsed->message, "darktrace") ||
                 bytes_begin_with(parsed->header.app, "darktrace");
    return parsed->json.data && (named || kind_of(parsed));
}

/* An audit's status is HTTP's, the system's is "Active". */
static bool each(struct parsed *parsed, struct bytes name, struct bytes value)
{
    bool number =
        value.length && *(const char *)value.data >= '0' && *(const char *)value.data <= '9';
    return (number || !bytes_equal_text(name, "status")) && parsed_name(parsed, name, value);
}

static void parse(struct parsed *parsed)
{
    const char *kind = kind_of(parsed);
    if (kind)
        parsed_set(parsed, FIELD_TYPE, bytes_of(kind));
    json_each(parsed, parsed->json, each);
}

static const char *const times[] = {
    "\"time\":", "\"last_updated\":", "\"createdAt\":", "\"creationTime\":", NULL};

const struct format format_darktrace = {.name = "darktrace",
                                        .vendor = "Darktrace",
                                        .product = "Darktrace",
                                        .recognise = recognise,
                                        .parse = parse,
                                        TABLE_PAIRS(pairs),
                                        TABLE_DETECTIONS(detections),
                                        .scale = SEVERITY_FIVE,
                                        .times = times,
                                        .utc = true};
