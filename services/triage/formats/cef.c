/* SPDX-License-Identifier: Apache-2.0 */
/* ArcSight Common Event Format, revision 25: CEF:Version|Vendor|Product|Version|Event class|Name|Severity|Extension. In the
 * header | and \ are escaped, in the extension = and \. Products with names of their own have files of their own, with this
 * one as their base. */
#include "services/triage/formats/format.h"

#include <string.h>

#define LOOK_BYTES 128 /* a relay's own words may stand before "CEF:" */

static const struct format_pair pairs[] = {
    PAIR("deviceExternalId", SERIAL),
    PAIR("dvchost", HOST),
    PAIR("deviceHostName", HOST),
    PAIR("dvc", HOST_IP),
    PAIR("deviceAddress", HOST_IP),
    PAIR("c6a1", HOST_IP),
    PAIR("dvcmac", HOST_MAC),
    PAIR("act", ACTION),
    PAIR("deviceAction", ACTION),
    PAIR("outcome", ACTION),
    PAIR("label:Action", ACTION),
    PAIR("label:Virus Name", RULE),
    PAIR("label:VirusName", RULE),
    PAIR("label:Malware Name", RULE),
    PAIR("label:MalwareName", RULE),
    PAIR("label:Threat Name", RULE),
    PAIR("label:ThreatName", RULE),
    PAIR("label:Attack Name", RULE),
    PAIR("label:AttackName", RULE),
    PAIR("label:Signature", RULE),
    PAIR("label:Signature Name", RULE),
    PAIR("label:SignatureName", RULE),
    PAIR("label:Rule", RULE),
    PAIR("label:Rule Name", RULE),
    PAIR("label:RuleName", RULE),
    PAIR("label:Rule_Name", RULE),
    PAIR("label:Rule ID", RULE_ID),
    PAIR("label:RuleID", RULE_ID),
    PAIR("label:Signature ID", RULE_ID),
    PAIR("label:SignatureID", RULE_ID),
    PAIR("label:Policy ID", RULE_ID),
    PAIR("label:Policy Name", RULE_ID), /* which let it happen; the event's name says what it was */
    PAIR("label:PolicyName", RULE_ID),
    PAIR("label:Policy_Name", RULE_ID),
    PAIR("label:Policy", RULE_ID),
    PAIR("label:Virus Name", THREAT),
    PAIR("label:VirusName", THREAT),
    PAIR("label:Malware Name", THREAT),
    PAIR("label:MalwareName", THREAT),
    PAIR("label:Threat Name", THREAT),
    PAIR("label:ThreatName", THREAT),
    PAIR("cat", CATEGORY),
    PAIR("deviceEventCategory", CATEGORY),
    PAIR("label:Category", CATEGORY),
    PAIR("label:Threat Type", CATEGORY),
    PAIR("label:ThreatType", CATEGORY),
    PAIR("src", SOURCE_IP),
    PAIR("sourceAddress", SOURCE_IP),
    PAIR("c6a2", SOURCE_IP),
    PAIR("spt", SOURCE_PORT),
    PAIR("sourcePort", SOURCE_PORT),
    PAIR("smac", SOURCE_MAC),
    PAIR("shost", SOURCE_HOST),
    PAIR("sourceHostName", SOURCE_HOST),
    PAIR("sourceTranslatedAddress", SOURCE_NAT_IP),
    PAIR("dst", DESTINATION_IP),
    PAIR("destinationAddress", DESTINATION_IP),
    PAIR("c6a3", DESTINATION_IP),
    PAIR("dpt", DESTINATION_PORT),
    PAIR("destinationPort", DESTINATION_PORT),
    PAIR("dmac", DESTINATION_MAC),
    PAIR("dhost", DESTINATION_HOST),
    PAIR("destinationHostName", DESTINATION_HOST),
    PAIR("destinationTranslatedAddress", DESTINATION_NAT_IP),
    PAIR("destinationDnsDomain", DOMAIN),
    PAIR("label:Domain", DOMAIN),
    PAIR("proto", TRANSPORT),
    PAIR("transportProtocol", TRANSPORT),
    PAIR("app", PROTOCOL),
    PAIR("applicationProtocol", PROTOCOL),
    PAIR("deviceDirection", DIRECTION),
    PAIR("suser", USER),
    PAIR("sourceUserName", USER),
    PAIR("duser", TARGET_USER),
    PAIR("destinationUserName", TARGET_USER),
    PAIR("duser", USER),
    PAIR("destinationUserName", USER),
    PAIR("suid", USER),
    PAIR("request", URL),
    PAIR("requestUrl", URL),
    PAIR("label:URL", URL),
    PAIR("requestMethod", METHOD),
    PAIR("requestClientApplication", AGENT),
    PAIR("requestContext", REFERRER),
    PAIR("filePath", FILE_PATH),
    PAIR("label:File Path", FILE_PATH),
    PAIR("fname", FILE),
    PAIR("fileName", FILE),
    PAIR("label:File Name", FILE),
    PAIR("fileHash", SHA256), /* of whatever kind */
    PAIR("label:SHA256", SHA256),
    PAIR("label:SHA-256", SHA256),
    PAIR("label:SHA1", SHA1),
    PAIR("label:SHA-1", SHA1),
    PAIR("label:MD5", MD5),
    PAIR("label:Hash", SHA256),
    PAIR("label:File Hash", SHA256),
    PAIR("label:FileHash", SHA256),
    PAIR("sproc", PROCESS),
    PAIR("deviceProcessName", PROCESS),
    PAIR("dproc", PROCESS),
    PAIR("label:Process Name", PROCESS),
    PAIR("label:Command Line", COMMAND),
    PAIR("label:CommandLine", COMMAND),
    PAIR("out", BYTES_OUT),
    PAIR("in", BYTES_IN),
    PAIR("msg", MESSAGE),
};

static const struct detection_row detections[] = {
    {{{FIELD_EVENT,
       "~logon fail|login fail|failed logon|failed login|authentication fail|sign-in fail"}},
     20,
     "blocked"},
    {{{FIELD_EVENT,
       "~update|signed in|signed out|logged in|logged out|succeeded|success|started|task"},
      {FIELD_SEVERITY, "0|1|2|3|4|low"}},
     0,
     NULL},
    {{{FIELD_EVENT, "~malware|virus|ransom|trojan|exploit|intrusion|threat|attack|botnet|c&c|"
                    "phishing|suspicious"}},
     SEVERITY_OF_LINE,
     NULL},
    {{{FIELD_CATEGORY,
       "~malware|virus|ransom|trojan|exploit|intrusion|threat|attack|botnet|c&c|phishing"}},
     SEVERITY_OF_LINE,
     NULL},
    {{{FIELD_THREAT, "*"}}, SEVERITY_OF_LINE, NULL},
    {{{FIELD_SEVERITY, "7|8|9|10|high|very-high|very high|critical"}}, SEVERITY_OF_LINE, NULL},
};

/* "CEF:0|", "CEF: 1|". */
static bool is_start(struct bytes at)
{
    const char *text = at.data;
    if (!bytes_begin_with(at, "CEF:") || at.length < 8)
        return false;
    text += text[4] == ' ' ? 5 : 4;
    return (*text == '0' || *text == '1') && text[1] == '|';
}

struct bytes cef_begin(struct bytes message)
{
    struct bytes head = bytes_head(message, LOOK_BYTES);
    const char *end = bytes_end(message);
    const char *at = bytes_find(head, "CEF:");
    if (at && is_start(bytes_slice(at, end)))
        return bytes_slice(at, end);
    return bytes_begin_with(message, "0|Ubiquiti|") ? message : (struct bytes){0};
}

bool cef_is_of(const struct parsed *parsed, const char *const *vendors)
{
    struct bytes rest = parsed->cef;
    if (!rest.data)
        return false;
    (void)bytes_next(&rest, '|');
    struct bytes vendor = bytes_trim(bytes_next(&rest, '|'));
    for (; *vendors; vendors++)
        if (bytes_equal_text_nocase(vendor, *vendors))
            return true;
    return false;
}

static bool recognise(const struct parsed *parsed)
{
    return parsed->cef.data;
}

void cef_parse(struct parsed *parsed)
{
    static const enum field head[] = {FIELD_COUNT, FIELD_VENDOR, FIELD_PRODUCT, FIELD_COUNT,
                                      FIELD_CODE,  FIELD_EVENT,  FIELD_SEVERITY};
    struct bytes rest = parsed->cef;
    if (!rest.data)
        return;
    for (size_t i = 0; i < COUNT_OF(head); i++) {
        struct bytes field = cef_head_next(parsed, &rest);
        if (head[i] != FIELD_COUNT)
            parsed_set(parsed, head[i], field);
    }
    cef_each(parsed, rest, NULL);
    if (!parsed->fields[FIELD_RULE].data)
        parsed_set(parsed, FIELD_RULE, parsed->fields[FIELD_EVENT]);
}

const char *const cef_times[] = {
    " rt=", "|rt=", " end=", "|end=", " start=", "|start=", " deviceReceiptTime=", NULL};

const struct format format_cef = {.name = "cef",
                                  .recognise = recognise,
                                  .parse = cef_parse,
                                  TABLE_PAIRS(pairs),
                                  TABLE_DETECTIONS(detections),
                                  .any_case = true,
                                  .times = cef_times};
