/* SPDX-License-Identifier: Apache-2.0 */
/* McAfee (Trellix) ePolicy Orchestrator: its events in XML behind a syslog header, one <Event> each. Times are UTC whether they
 * say so or not. */
#include "services/triage/formats/format.h"
#include "services/triage/time_text.h"

#include <string.h>

static const struct format_pair pairs[] = {
    PAIR("SoftwareInfo.ProductName", PRODUCT),
    PAIR("MachineName", HOST),
    PAIR("AnalyzerHostName", HOST),
    PAIR("IPAddress", HOST_IP),
    PAIR("RawMACAddress", HOST_MAC),
    PAIR("EventID", CODE),
    PAIR("ThreatCategory", CATEGORY),
    PAIR("AnalyzerDetectionMethod", SUBTYPE),
    PAIR("ThreatName", THREAT),
    PAIR("RuleName", RULE),
    PAIR("AnalyzerRuleName", RULE),
    PAIR("ThreatName", RULE),
    PAIR("AnalyzerRuleID", RULE_ID),
    PAIR("ThreatActionTaken", ACTION),
    PAIR("ThreatSeverity", SEVERITY),
    PAIR("SourceIPV4", SOURCE_IP),
    PAIR("SourceIPV6", SOURCE_IP),
    PAIR("SourcePort", SOURCE_PORT),
    PAIR("SourceMAC", SOURCE_MAC),
    PAIR("SourceHostName", SOURCE_HOST),
    PAIR("TargetIPV4", DESTINATION_IP),
    PAIR("TargetIPV6", DESTINATION_IP),
    PAIR("TargetPort", DESTINATION_PORT),
    PAIR("TargetMAC", DESTINATION_MAC),
    PAIR("TargetHostName", DESTINATION_HOST),
    PAIR("TargetProtocol", TRANSPORT),
    PAIR("TargetUserName", USER),
    PAIR("SourceUserName", USER),
    PAIR("UserName", USER),
    PAIR("SourceURL", URL),
    PAIR("URL", URL),
    PAIR("DomainName", DOMAIN),
    PAIR("TargetFileName", FILE_PATH),
    PAIR("SourceProcessName", PROCESS),
    PAIR("TargetProcessName", PROCESS),
    PAIR("TargetHash", MD5), /* of any kind: see parse */
    PAIR("SourceProcessHash", MD5),
};

static const struct detection_row detections[] = {
    {{{FIELD_CATEGORY, "~ops."}}, 0, NULL},
    {{{FIELD_THREAT, "*"}, {FIELD_ACTION, "~would"}}, SEVERITY_OF_LINE, "detected"},
    {{{FIELD_THREAT, "*"}, {FIELD_ACTION, "~_tak_del|_tak_cle|_tak_den|_tak_blo|_tak_ter"}},
     SEVERITY_OF_LINE,
     "blocked"},
    {{{FIELD_THREAT, "*"}, {FIELD_ACTION, "~_tak_mov|_tak_qua"}}, SEVERITY_OF_LINE, "quarantined"},
    {{{FIELD_THREAT, "*"}}, SEVERITY_OF_LINE, NULL},
};

static bool recognise(const struct parsed *parsed)
{
    return bytes_find(bytes_head(parsed->message, 1024), "<MachineInfo>") &&
           bytes_find(parsed->message, "<MachineName>");
}

static bool take(struct parsed *parsed, struct bytes name, struct bytes value)
{
    bool placeholder = bytes_equal_text(value, "_") || bytes_equal_text(value, "%CTX_DOMAIN_USER%");
    return !placeholder && parsed_name(parsed, name, value);
}

static void parse(struct parsed *parsed)
{
    xml_each(parsed, parsed->message, take);
    struct bytes hash = parsed->fields[FIELD_MD5];
    parsed->fields[FIELD_MD5] = (struct bytes){0};
    parsed_set_hash(parsed, hash);
}

static bool tell_time(const struct parsed *parsed, int64_t append_us, int64_t *ret_us)
{
    static const char *const marks[] = {"<DetectedUTC>", "<GMTTime>"};
    (void)append_us;
    for (size_t i = 0; i < COUNT_OF(marks); i++) {
        struct bytes text = bytes_behind(bytes_head(parsed->message, 8192), marks[i], "<");
        const char *at = text.data;
        if (text.length >= 19 &&
            time_text_join(bytes_slice(at, at + 10), bytes_slice(at + 11, at + text.length),
                           bytes_of("UTC"), ret_us))
            return true;
    }
    return false;
}

const struct format format_mcafee_epo = {.name = "mcafee_epo",
                                         .vendor = "McAfee",
                                         .product = "ePolicy Orchestrator",
                                         .recognise = recognise,
                                         .parse = parse,
                                         TABLE_PAIRS(pairs),
                                         TABLE_DETECTIONS(detections),
                                         .scale = SEVERITY_SYSLOG,
                                         .time = tell_time};
