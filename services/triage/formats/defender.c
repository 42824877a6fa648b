/* SPDX-License-Identifier: Apache-2.0 */
/* Microsoft Defender and Sentinel in JSON: tables of advanced hunting as they are streamed (AlertInfo, AlertEvidence,
 * DeviceEvents …), alerts of Graph (security v2) and of Defender for Endpoint's API, Sentinel's SecurityAlert. UTC. */
#include "services/triage/formats/format.h"

static const struct format_pair pairs[] = {
    PAIR("ActionType", EVENT),
    PAIR("properties.ActionType", EVENT),
    PAIR("DeviceName", HOST),
    PAIR("ComputerDnsName", HOST),
    PAIR("deviceDnsName", HOST),
    PAIR("evidence.deviceDnsName", HOST),
    PAIR("evidence.hostName", HOST),
    PAIR("hostStates.fqdn", HOST),
    PAIR("hostStates.netBiosName", HOST),
    PAIR("CompromisedEntity", HOST),
    PAIR("AdditionalFields.HostName", HOST),
    PAIR("Entities.HostName", HOST),
    PAIR("InternalIPv4List", HOST_IP),
    PAIR("evidence.lastIpAddress", HOST_IP),
    PAIR("evidence.ipInterfaces", HOST_IP),
    PAIR("AdditionalFields.ThreatAction", ACTION),
    PAIR("AdditionalFields.Action", ACTION),
    PAIR("RemediationAction", ACTION),
    PAIR("evidence.remediationStatus", ACTION),
    PAIR("evidence.detectionStatus", ACTION),
    PAIR("ActionType", ACTION),
    PAIR("Severity", SEVERITY),
    PAIR("AlertSeverity", SEVERITY),
    PAIR("Title", RULE),
    PAIR("AlertTitle", RULE),
    PAIR("AlertName", RULE),
    PAIR("DisplayName", RULE),
    PAIR("AdditionalFields.ThreatName", RULE),
    PAIR("ThreatName", THREAT),
    PAIR("ThreatFamily", THREAT),
    PAIR("threatDisplayName", THREAT),
    PAIR("threatFamilyName", THREAT),
    PAIR("AdditionalFields.ThreatName", THREAT),
    PAIR("Category", CATEGORY),
    PAIR("Categories", CATEGORY),
    PAIR("AlertType", CATEGORY),
    PAIR("ServiceSource", SUBTYPE),
    PAIR("LocalIP", SOURCE_IP),
    PAIR("IPAddress", SOURCE_IP),
    PAIR("evidence.ipAddress", SOURCE_IP),
    PAIR("Entities.Address", SOURCE_IP),
    PAIR("userStates.logonIp", SOURCE_IP),
    PAIR("networkConnections.sourceAddress", SOURCE_IP),
    PAIR("LocalPort", SOURCE_PORT),
    PAIR("PublicIP", SOURCE_NAT_IP),
    PAIR("RemoteIP", DESTINATION_IP),
    PAIR("networkConnections.destinationAddress", DESTINATION_IP),
    PAIR("RemotePort", DESTINATION_PORT),
    PAIR("RemoteDeviceName", DESTINATION_HOST),
    PAIR("Protocol", TRANSPORT),
    PAIR("AccountUpn", USER),
    PAIR("AccountName", USER),
    PAIR("UserName", USER),
    PAIR("InitiatingProcessAccountUpn", USER),
    PAIR("InitiatingProcessAccountName", USER),
    PAIR("evidence.userAccount.userPrincipalName", USER),
    PAIR("evidence.userAccount.accountName", USER),
    PAIR("userStates.userPrincipalName", USER),
    PAIR("Entities.Name", USER),
    PAIR("evidence.primaryAddress", USER),
    PAIR("RemoteUrl", URL),
    PAIR("Url", URL),
    PAIR("evidence.url", URL),
    PAIR("FolderPath", FILE_PATH),
    PAIR("FilePath", FILE_PATH),
    PAIR("fileStates.path", FILE_PATH),
    PAIR("FileName", FILE),
    PAIR("evidence.fileDetails.fileName", FILE),
    PAIR("evidence.imageFile.fileName", FILE),
    PAIR("fileStates.name", FILE),
    PAIR("SHA256", SHA256),
    PAIR("evidence.fileDetails.sha256", SHA256),
    PAIR("evidence.imageFile.sha256", SHA256),
    PAIR("fileStates.fileHash.hashValue", SHA256),
    PAIR("SHA1", SHA1),
    PAIR("evidence.fileDetails.sha1", SHA1),
    PAIR("evidence.imageFile.sha1", SHA1),
    PAIR("MD5", MD5),
    PAIR("evidence.fileDetails.md5", MD5),
    PAIR("InitiatingProcessFileName", PROCESS),
    PAIR("evidence.imageFile.fileName", PROCESS),
    PAIR("ProcessCommandLine", COMMAND),
    PAIR("InitiatingProcessCommandLine", COMMAND),
    PAIR("evidence.processCommandLine", COMMAND),
    PAIR("SenderFromAddress", MAIL_FROM),
    PAIR("RecipientEmailAddress", MAIL_TO),
    PAIR("Subject", MAIL_SUBJECT),
    PAIR("description", MESSAGE),
};

static const struct detection_row detections[] = {
    {{{FIELD_TYPE, "~AlertInfo|AlertEvidence"}}, SEVERITY_OF_LINE, NULL},
    {{{FIELD_RULE, "*"}, {FIELD_SEVERITY, "*"}}, SEVERITY_OF_LINE, NULL},
    {{{FIELD_EVENT, "~AntivirusDetection"}}, 80, NULL},
    {{{FIELD_EVENT, "~blocked"},
      {FIELD_EVENT, "~exploitguard|asr|networkprotection|smartscreen|appcontrol|"
                    "controlledfolder"}},
     60,
     "blocked"},
    {{{FIELD_EVENT, "~exploitguard|asr|smartscreen"}, {FIELD_EVENT, "~audited|warn|override"}},
     40,
     "detected"},
};

static bool recognise(const struct parsed *parsed)
{
    static const char *const marks[] = {
        "\"AdvancedHunting-",    "microsoft.graph.security", "\"serviceSource\"",
        "\"ServiceSource\"",     "\"LinkToWDATP\"",          "\"AlertLink\"",
        "\"ActionType\"",        "\"providerAlertId\"",      "\"alertWebUrl\"",
        "\"vendorInformation\"", "\"SystemAlertId\"",        "\"AlertSeverity\"",
        "\"alertCreationTime\"", "\"incidentId\"",           NULL};
    return json_tells(parsed, marks);
}

static bool each(struct parsed *parsed, struct bytes name, struct bytes value)
{
    static const char *const prefixes[] = {"properties.", NULL};
    if (bytes_equal_text(name, "category") && bytes_begin_with(value, "AdvancedHunting-")) {
        parsed_set(parsed, FIELD_TYPE, value); /* the table; properties.Category is the alert's */
        return true;
    }
    return parsed_name_below(parsed, prefixes, name, value);
}

/* Local and remote: a connection that comes in, and who logs on, begins at the other side. */
static bool begins_remotely(struct bytes event)
{
    return bytes_begin_with(event, "Inbound") || bytes_begin_with(event, "Logon") ||
           bytes_begin_with(event, "RemoteDesktop");
}

static void parse(struct parsed *parsed)
{
    json_each(parsed, parsed->json, each);
    if (begins_remotely(parsed->fields[FIELD_EVENT]))
        parsed_swap_ends(parsed);
}

static const char *const times[] = {"\"Timestamp\":",
                                    "\"firstActivityDateTime\":",
                                    "\"AlertTime\":",
                                    "\"eventDateTime\":",
                                    "\"firstEventTime\":",
                                    "\"StartTime\":",
                                    "\"alertCreationTime\":",
                                    "\"createdDateTime\":",
                                    "\"TimeGenerated\":",
                                    "\"time\":",
                                    NULL};

const struct format format_defender = {.name = "defender",
                                       .vendor = "Microsoft",
                                       .product = "Defender",
                                       .is_json = true,
                                       .recognise = recognise,
                                       .parse = parse,
                                       TABLE_PAIRS(pairs),
                                       TABLE_DETECTIONS(detections),
                                       .scale = SEVERITY_HUNDRED,
                                       .times = times,
                                       .any_case = true,
                                       .utc = true};
