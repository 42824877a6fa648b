/* SPDX-License-Identifier: Apache-2.0 */
/* Windows events as JSON, of Winlogbeat, NXLog, Fluent Bit and converters of .evtx: the event's own names are the last part of
 * each path. The numbers' meaning: learn.microsoft.com, "Events to monitor" and the Defender Antivirus event list. */
#include "services/triage/formats/format.h"

#include <string.h>

static const struct format_pair pairs[] = {
    PAIR("EventID", CODE),
    PAIR("event_id", CODE),
    PAIR("event.code", CODE),
    PAIR("Channel", TYPE),
    PAIR("channel", TYPE),
    PAIR("Provider.Name", SUBTYPE),
    PAIR("ProviderName", SUBTYPE),
    PAIR("provider_name", SUBTYPE),
    PAIR("SourceName", SUBTYPE),
    PAIR("Computer", HOST),
    PAIR("computer_name", HOST),
    PAIR("Hostname", HOST),
    PAIR("host.name", HOST),
    PAIR("Action Name", ACTION),
    PAIR("ActionName", ACTION),
    PAIR("Severity ID", SEVERITY),
    PAIR("Severity Name", SEVERITY),
    PAIR("SeverityName", SEVERITY),
    PAIR("Threat Name", THREAT),
    PAIR("ThreatName", THREAT),
    PAIR("Threat Name", RULE),
    PAIR("ThreatName", RULE),
    PAIR("RuleName", RULE),
    PAIR("Threat ID", RULE_ID),
    PAIR("Category Name", CATEGORY),
    PAIR("IpAddress", SOURCE_IP),
    PAIR("SourceAddress", SOURCE_IP),
    PAIR("SourceIp", SOURCE_IP),
    PAIR("ClientAddress", SOURCE_IP),
    PAIR("IpPort", SOURCE_PORT),
    PAIR("SourcePort", SOURCE_PORT),
    PAIR("WorkstationName", SOURCE_HOST),
    PAIR("Workstation", SOURCE_HOST),
    PAIR("SourceHostname", SOURCE_HOST),
    PAIR("DestAddress", DESTINATION_IP),
    PAIR("DestinationIp", DESTINATION_IP),
    PAIR("DestPort", DESTINATION_PORT),
    PAIR("DestinationPort", DESTINATION_PORT),
    PAIR("DestinationHostname", DESTINATION_HOST),
    PAIR("TargetServerName", DESTINATION_HOST),
    PAIR("Protocol", TRANSPORT),
    PAIR("QueryName", DNS),
    PAIR("TargetUserName", TARGET_USER),
    PAIR("SubjectUserName", USER),
    PAIR("Detection User", USER),
    PAIR("DetectionUser", USER),
    PAIR("User", USER),
    PAIR("AccountName", USER),
    PAIR("ServiceName", FILE),
    PAIR("TargetFilename", FILE_PATH),
    PAIR("ImagePath", COMMAND),
    PAIR("ServiceFileName", COMMAND),
    PAIR("CommandLine", COMMAND),
    PAIR("ProcessCommandLine", COMMAND),
    PAIR("NewProcessName", PROCESS),
    PAIR("Image", PROCESS),
    PAIR("ProcessName", PROCESS),
    PAIR("Process Name", PROCESS),
    PAIR("Message", MESSAGE),
    PAIR("message", MESSAGE),
};

static const struct detection_row detections[] = {
    {{{FIELD_TYPE, "~Defender"}, {FIELD_CODE, "1006|1015|1116"}}, SEVERITY_OF_LINE, NULL},
    {{{FIELD_TYPE, "~Defender"}, {FIELD_CODE, "1007|1117"}, {FIELD_ACTION, "~remove|clean|delete"}},
     SEVERITY_OF_LINE,
     "blocked"},
    {{{FIELD_TYPE, "~Defender"}, {FIELD_CODE, "1007|1117"}}, SEVERITY_OF_LINE, NULL},
    {{{FIELD_TYPE, "~Defender"}, {FIELD_CODE, "1008|1118|1119"}}, 90, "detected"},
    {{{FIELD_TYPE, "~Defender"}, {FIELD_CODE, "1121|1125|1126|1127"}}, 60, "blocked"},
    {{{FIELD_TYPE, "~Defender"}, {FIELD_CODE, "5001|5010|5012|5013"}}, 60, "detected"},
    {{{FIELD_TYPE, "Security"}, {FIELD_CODE, "1102"}}, 70, "detected"},
    {{{FIELD_TYPE, "System"}, {FIELD_CODE, "104"}}, 60, "detected"},
    {{{FIELD_TYPE, "System"}, {FIELD_CODE, "7045"}}, 40, "detected"},
    {{{FIELD_TYPE, "Security"}, {FIELD_CODE, "4697|4698|4719|4720|4732|4728|4756"}},
     40,
     "detected"},
    {{{FIELD_TYPE, "Security"}, {FIELD_CODE, "4740"}}, 40, "blocked"},
    {{{FIELD_TYPE, "Security"}, {FIELD_CODE, "4625|4771"}}, 20, "blocked"},
};

static const struct {
    const char *code, *event;
} events[] = {
    {"104", "event log cleared"},
    {"1102", "audit log cleared"},
    {"1006", "malware found"},
    {"1007", "action against malware"},
    {"1116", "malware detected"},
    {"1117", "action against malware"},
    {"1118", "action against malware failed"},
    {"1119", "action against malware failed"},
    {"1121", "attack surface reduction rule"},
    {"4624", "logon"},
    {"4625", "failed logon"},
    {"4634", "logoff"},
    {"4648", "logon with explicit credentials"},
    {"4688", "process started"},
    {"4697", "service installed"},
    {"4698", "scheduled task created"},
    {"4719", "audit policy changed"},
    {"4720", "account created"},
    {"4728", "member added to a group"},
    {"4732", "member added to a group"},
    {"4740", "account locked out"},
    {"4756", "member added to a group"},
    {"4771", "Kerberos pre-authentication failed"},
    {"5001", "real-time protection disabled"},
    {"7045", "service installed"},
};

static bool recognise(const struct parsed *parsed)
{
    struct bytes message = parsed->message;
    return bytes_begin_with(message, "{") &&
           (bytes_find(message, "\"EventID\"") || bytes_find(message, "\"event_id\"")) &&
           (bytes_find(message, "\"Channel\"") || bytes_find(message, "\"channel\"")) &&
           (bytes_find(message, "\"Computer\"") || bytes_find(message, "\"computer_name\"") ||
            bytes_find(message, "\"Hostname\""));
}

/* "SHA1=…,MD5=…,SHA256=…" (Sysmon) */
static void take_hashes(struct parsed *parsed, struct bytes list)
{
    while (list.data) {
        struct bytes hash = bytes_next(&list, ',');
        struct bytes kind = bytes_next(&hash, '=');
        if (hash.data && !bytes_equal_text(kind, "IMPHASH"))
            parsed_set_hash(parsed, hash);
    }
}

/* "file:_C:\Users\taro\bad.exe; process:_pid:…" (Defender) */
static void take_path(struct parsed *parsed, struct bytes list)
{
    struct bytes path = bytes_behind(list, "file:_", ";");
    const char *arrow = bytes_find(path, "->"); /* inside an archive */
    parsed_set(parsed, FIELD_FILE_PATH, arrow ? bytes_slice(path.data, arrow) : path);
}

static struct bytes severity_of_id(struct bytes id)
{
    static const char *const names[] = {"low", "moderate", NULL, "high", "severe"};
    unsigned number = id.length == 1 ? (unsigned)(*(const unsigned char *)id.data - '1') : 9;
    return bytes_of(number < COUNT_OF(names) ? names[number] : NULL);
}

/* The last part of a path; of converters' "EventID.#text" the one before it. */
static struct bytes last_part(struct bytes name)
{
    const char *from = name.data, *end = bytes_end(name), *dot = NULL;
    static const char text[] = ".#text";
    size_t length = sizeof text - 1;
    if (name.length > length && memcmp(end - length, text, length) == 0)
        end -= length;
    if (end > from)
        dot = memrchr(from, '.', (size_t)(end - from));
    return bytes_slice(dot ? dot + 1 : from, end);
}

bool windows_name(struct parsed *parsed, struct bytes name, struct bytes value)
{
    static const char mapped[] = "::ffff:"; /* IPv4 as a service of both versions sees it */
    struct bytes last = last_part(name);
    if (bytes_equal_text(last, "Hashes"))
        take_hashes(parsed, value);
    if (bytes_equal_text(last, "Path"))
        take_path(parsed, value);
    if (bytes_equal_text(last, "Severity ID"))
        value = severity_of_id(value);
    if (bytes_begin_with(value, mapped))
        value = bytes_slice((const char *)value.data + sizeof mapped - 1, bytes_end(value));
    return value.data && (parsed_name(parsed, name, value) || parsed_name(parsed, last, value));
}

/* A logon is told of the user who logs on; the subject is then the service that took it. */
void windows_finish(struct parsed *parsed)
{
    static const char *const of_target[] = {"4624", "4625", "4634", "4647", "4768",
                                            "4769", "4771", "4776", "4740"};
    struct bytes code = parsed->fields[FIELD_CODE], target = parsed->fields[FIELD_TARGET_USER];
    bool taken = !parsed->fields[FIELD_USER].data;
    for (size_t i = 0; i < COUNT_OF(of_target); i++)
        taken |= bytes_equal_text(code, of_target[i]);
    if (taken && target.data)
        parsed->fields[FIELD_USER] = target;
    for (size_t i = 0; i < COUNT_OF(events); i++)
        if (bytes_equal_text(code, events[i].code))
            parsed_set(parsed, FIELD_EVENT, bytes_of(events[i].event));
}

static void parse(struct parsed *parsed)
{
    json_each(parsed, parsed->message, windows_name);
    windows_finish(parsed);
}

static const char *const times[] = {"\"SystemTime\":",
                                    "\"@timestamp\":",
                                    "\"EventTime\":",
                                    "\"TimeCreated\":\"\\/Date(",
                                    "\"TimeCreated\":\"/Date(",
                                    "\"TimeCreated\":",
                                    NULL};

const struct format format_windows_json = {.name = "windows_json",
                                           .vendor = "Microsoft",
                                           .product = "Windows",
                                           .recognise = recognise,
                                           .parse = parse,
                                           TABLE_PAIRS(pairs),
                                           TABLE_DETECTIONS(detections),
                                           .times = times};
