/* SPDX-License-Identifier: Apache-2.0 */
/* CrowdStrike Falcon in JSON: event streams (metadata and event), detections and alerts of the API, and sensor events of the
 * Falcon Data Replicator. Times are in UTC. */
#include "services/triage/formats/format.h"

static const struct format_pair pairs[] = {
    PAIR("ExternalApiType", TYPE),
    PAIR("fdr_event_type", TYPE),
    PAIR("eventType", TYPE),
    PAIR("event_simpleName", TYPE),
    PAIR("event_simplename", TYPE),
    PAIR("OperationName", EVENT),
    PAIR("event_simpleName", EVENT),
    PAIR("Tactic", SUBTYPE),
    PAIR("tactic", SUBTYPE),
    PAIR("Technique", CATEGORY),
    PAIR("technique", CATEGORY),
    PAIR("Hostname", HOST),
    PAIR("HostName", HOST),
    PAIR("HostnameField", HOST),
    PAIR("ComputerName", HOST),
    PAIR("device.hostname", HOST),
    PAIR("LocalIP", HOST_IP),
    PAIR("local_ip", HOST_IP),
    PAIR("device.local_ip", HOST_IP),
    PAIR("MACAddress", HOST_MAC),
    PAIR("device.mac_address", HOST_MAC),
    PAIR("PatternDispositionDescription", ACTION),
    PAIR("pattern_disposition_description", ACTION),
    PAIR("OperationName", ACTION),
    PAIR("SeverityName", SEVERITY),
    PAIR("severity_name", SEVERITY),
    PAIR("Severity", SEVERITY),
    PAIR("severity", SEVERITY),
    PAIR("DetectName", RULE),
    PAIR("Name", RULE),
    PAIR("display_name", RULE),
    PAIR("OperationName", RULE),
    PAIR("IOCValue", THREAT),
    PAIR("LocalAddressIP4", SOURCE_IP),
    PAIR("LocalAddressIP6", SOURCE_IP),
    PAIR("UserIp", SOURCE_IP),
    PAIR("OriginSourceIpAddress", SOURCE_IP),
    PAIR("SourceEndpointIpAddress", SOURCE_IP),
    PAIR("LocalPort", SOURCE_PORT),
    PAIR("aip", SOURCE_NAT_IP),
    PAIR("device.external_ip", SOURCE_NAT_IP),
    PAIR("RemoteAddressIP4", DESTINATION_IP),
    PAIR("RemoteAddressIP6", DESTINATION_IP),
    PAIR("NetworkAccesses.RemoteAddress", DESTINATION_IP),
    PAIR("RemotePort", DESTINATION_PORT),
    PAIR("Protocol", TRANSPORT),
    PAIR("UserName", USER),
    PAIR("user_name", USER),
    PAIR("UserId", USER),
    PAIR("SourceAccountName", USER),
    PAIR("AuditKeyValues.target_name", TARGET_USER),
    PAIR("AuditKeyValues.action_target_name", TARGET_USER),
    PAIR("DomainName", DNS),
    PAIR("FilePath", FILE_PATH),
    PAIR("filepath", FILE_PATH),
    PAIR("ImageFileName", FILE_PATH),
    PAIR("FileName", FILE),
    PAIR("filename", FILE),
    PAIR("SHA256String", SHA256),
    PAIR("SHA256HashData", SHA256),
    PAIR("sha256", SHA256),
    PAIR("SHA1String", SHA1),
    PAIR("SHA1HashData", SHA1),
    PAIR("sha1", SHA1),
    PAIR("MD5String", MD5),
    PAIR("MD5HashData", MD5),
    PAIR("md5", MD5),
    PAIR("FileName", PROCESS),
    PAIR("ImageFileName", PROCESS),
    PAIR("filename", PROCESS),
    PAIR("CommandLine", COMMAND),
    PAIR("cmdline", COMMAND),
    PAIR("DetectDescription", MESSAGE),
    PAIR("Description", MESSAGE),
    PAIR("description", MESSAGE),
};

static const struct detection_row detections[] = {
    {{{FIELD_TYPE, "~DetectionSummaryEvent|DetectionEvent|IncidentSummaryEvent|"
                   "ReconNotificationSummaryEvent"}},
     SEVERITY_OF_LINE,
     NULL},
    {{{FIELD_SEVERITY, "*"}, {FIELD_RULE, "*"}}, SEVERITY_OF_LINE, NULL},
};

static bool recognise(const struct parsed *parsed)
{
    static const char *const marks[] = {
        "\"event_simpleName\"", "\"event_simplename\"", "\"fdr_event_type\"",
        "\"ExternalApiType\"",  "\"customerIDString\"", "\"CustomerIdString\"",
        "\"FalconHostLink\"",   "\"falcon_host_link\"", "\"composite_id\"",
        "\"CompositeId\"",      "\"AuditKeyValues\"",   NULL};
    return json_tells(parsed, marks);
}

static bool each(struct parsed *parsed, struct bytes name, struct bytes value)
{
    static const char *const prefixes[] = {"event.", "metadata.", "unknown_payload.", NULL};
    if (bytes_begin_with(name, "event.ConnectionDirection") && bytes_equal_text(value, "1"))
        parsed_set(parsed, FIELD_DIRECTION, bytes_of("inbound"));
    return parsed_name_below(parsed, prefixes, name, value);
}

static void parse(struct parsed *parsed)
{
    json_each(parsed, parsed->json, each);
    if (bytes_equal_text(parsed->fields[FIELD_DIRECTION], "inbound"))
        parsed_swap_ends(parsed);
}

static const char *const times[] = {"\"UTCTimestamp\":",
                                    "\"ContextTimeStamp\":",
                                    "\"eventCreationTime\":",
                                    "\"created_timestamp\":",
                                    "\"timestamp\":",
                                    "\"ProcessStartTime\":",
                                    NULL};

const struct format format_crowdstrike = {.name = "crowdstrike",
                                          .vendor = "CrowdStrike",
                                          .product = "Falcon",
                                          .is_json = true,
                                          .recognise = recognise,
                                          .parse = parse,
                                          TABLE_PAIRS(pairs),
                                          TABLE_DETECTIONS(detections),
                                          .scale = SEVERITY_HUNDRED,
                                          .times = times,
                                          .utc = true};
