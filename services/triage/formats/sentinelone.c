/* SPDX-License-Identifier: Apache-2.0 */
/* SentinelOne in JSON: activities (a number for the kind, `data` for what it is about) and threats of the API. Times are in
 * UTC; some collectors write all names in small letters. */
#include "services/triage/formats/format.h"

#include <string.h>

static const struct format_pair pairs[] = {
    PAIR("activityType", CODE),
    PAIR("data.computerName", HOST),
    PAIR("agentRealtimeInfo.agentComputerName", HOST),
    PAIR("agentComputerName", HOST),
    PAIR("data.agentIpV4", HOST_IP),
    PAIR("agentDetectionInfo.agentIpV4", HOST_IP),
    PAIR("agentRealtimeInfo.networkInterfaces.inet", HOST_IP),
    PAIR("agentRealtimeInfo.networkInterfaces.physical", HOST_MAC),
    PAIR("threatInfo.mitigationStatus", ACTION),
    PAIR("mitigationStatus.status", ACTION),
    PAIR("data.status", ACTION),
    PAIR("data.severity", SEVERITY),
    PAIR("data.confidenceLevel", RISK),
    PAIR("threatInfo.confidenceLevel", RISK),
    PAIR("data.ruleName", RULE),
    PAIR("threatInfo.threatName", RULE),
    PAIR("data.threatClassification", RULE),
    PAIR("data.ruleId", RULE_ID),
    PAIR("threatInfo.threatName", THREAT),
    PAIR("data.threatClassification", THREAT),
    PAIR("threatInfo.classification", CATEGORY),
    PAIR("data.threatClassification", CATEGORY),
    PAIR("data.srcIp", SOURCE_IP),
    PAIR("data.ipAddress", SOURCE_IP),
    PAIR("data.srcPort", SOURCE_PORT),
    PAIR("agentDetectionInfo.externalIp", SOURCE_NAT_IP),
    PAIR("data.externalIp", SOURCE_NAT_IP),
    PAIR("data.dstIp", DESTINATION_IP),
    PAIR("data.dstPort", DESTINATION_PORT),
    PAIR("data.username", USER),
    PAIR("data.userName", USER),
    PAIR("threatInfo.processUser", USER),
    PAIR("agentDetectionInfo.agentLastLoggedInUserName", USER),
    PAIR("data.dnsRequest", DNS),
    PAIR("data.filePath", FILE_PATH),
    PAIR("threatInfo.filePath", FILE_PATH),
    PAIR("data.fileDisplayName", FILE),
    PAIR("threatInfo.sha256", SHA256),
    PAIR("threatInfo.sha1", SHA1),
    PAIR("threatInfo.md5", MD5),
    PAIR("data.fileContentHash", SHA1), /* of whatever kind */
    PAIR("secondaryDescription", SHA1), /* where it is a hash */
    PAIR("threatInfo.originatorProcess", PROCESS),
    PAIR("threatInfo.maliciousProcessArguments", COMMAND),
    PAIR("primaryDescription", MESSAGE),
};

static const struct detection_row detections[] = {
    {{{FIELD_RISK, "malicious"}, {FIELD_MESSAGE, "~mitigated|preemptive"}}, 80, "blocked"},
    {{{FIELD_RISK, "malicious"}}, 80, NULL},
    {{{FIELD_RISK, "suspicious"}, {FIELD_MESSAGE, "~mitigated|preemptive"}}, 60, "blocked"},
    {{{FIELD_RISK, "suspicious"}}, 60, NULL},
    {{{FIELD_RULE, "*"}, {FIELD_SEVERITY, "*"}}, SEVERITY_OF_LINE, "detected"},
};

static bool recognise(const struct parsed *parsed)
{
    static const char *const marks[] = {"\"activityType\"",      "\"activitytype\"",
                                        "\"threatInfo\"",        "\"agentDetectionInfo\"",
                                        "\"agentRealtimeInfo\"", NULL};
    return json_tells(parsed, marks);
}

static bool each(struct parsed *parsed, struct bytes name, struct bytes value)
{
    const char *from = value.data;
    if (bytes_equal_text_nocase(name, "data.severity") && bytes_begin_with(value, "E_"))
        value = bytes_slice(from + 2, from + value.length);
    return parsed_name(parsed, name, value);
}

/* "Alert created for … detected on NAME." is all that an alert of a custom rule says of the computer. */
static void find_host(struct parsed *parsed)
{
    static const char mark[] = " detected on ";
    struct bytes text = parsed->fields[FIELD_MESSAGE];
    const char *at = bytes_find(text, mark), *end = bytes_end(text);
    if (!at || parsed->fields[FIELD_HOST].data)
        return;
    struct bytes rest = bytes_slice(at + sizeof mark - 1, end), name = bytes_next(&rest, ' ');
    if (name.length && ((const char *)name.data)[name.length - 1] == '.')
        name.length--;
    parsed_set(parsed, FIELD_HOST, name);
}

static void parse(struct parsed *parsed)
{
    json_each(parsed, parsed->json, each);
    find_host(parsed);
}

static const char *const times[] = {"\"createdAt\":", "\"createdat\":", "\"identifiedAt\":", NULL};

const struct format format_sentinelone = {.name = "sentinelone",
                                          .vendor = "SentinelOne",
                                          .product = "Singularity",
                                          .is_json = true,
                                          .recognise = recognise,
                                          .parse = parse,
                                          TABLE_PAIRS(pairs),
                                          TABLE_DETECTIONS(detections),
                                          .times = times,
                                          .any_case = true,
                                          .utc = true};
