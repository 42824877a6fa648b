/* SPDX-License-Identifier: Apache-2.0 */
/* Trend Micro in CEF: Deep Security (and Workload Security) Manager and Agent, Apex Central (formerly Control Manager) for
 * Apex One (formerly OfficeScan), Vision One. An agent's event class is a number whose first digit is the module; Apex
 * Central's begins with the kind of log ("AV:File cleaned"), and its header's severity is 3 whatever it is. */
#include "services/triage/formats/format.h"

#include <string.h>

static const struct format_pair pairs[] = {
    PAIR("TMCMLogDetectedHost", HOST),
    PAIR("dvchost", HOST),
    PAIR("dhost", HOST),
    PAIR("dhost", DESTINATION_HOST),
    PAIR("shost", HOST),
    PAIR("shost", SOURCE_HOST),
    PAIR("TMCMLogDetectedIP", HOST_IP),
    PAIR("dvc", HOST_IP),
    PAIR("deviceFacility", SUBTYPE),
    PAIR("act", ACTION),
    PAIR("label:ActionResult", ACTION),
    PAIR("label:Action_Result", ACTION),
    PAIR("label:VLF_FirstActionResult", ACTION),
    PAIR("label:First_Action_Result", ACTION),
    PAIR("label:Action", ACTION),
    PAIR("label:Virus/Malware name", RULE),
    PAIR("label:Virus/Malware", RULE),
    PAIR("label:VirusName", RULE),
    PAIR("label:Virus Name", RULE),
    PAIR("label:Security Threat", RULE),
    PAIR("label:Security_Threat", RULE),
    PAIR("label:Spyware", RULE),
    PAIR("label:Rule", RULE),
    PAIR("label:Rule_Name", RULE),
    PAIR("label:SLF_PolicyName", RULE),
    PAIR("label:Policy_Name", RULE),
    PAIR("label:Policy", RULE),
    PAIR("label:LI Description", RULE),
    PAIR("label:Policy_GUID", RULE_ID),
    PAIR("label:Virus/Malware name", THREAT),
    PAIR("label:Virus/Malware", THREAT),
    PAIR("label:VirusName", THREAT),
    PAIR("label:Virus Name", THREAT),
    PAIR("label:Security Threat", THREAT),
    PAIR("label:Security_Threat", THREAT),
    PAIR("label:Spyware", THREAT),
    PAIR("cat", COUNT), /* a number */
    PAIR("target", TARGET_USER),
    PAIR("label:Infection Source", SOURCE_HOST),
    PAIR("TrendMicroDsFileSHA256", SHA256),
    PAIR("TrendMicroDsFileSHA1", SHA1),
    PAIR("TrendMicroDsFileMD5", MD5),
    PAIR("label:Process Command", COMMAND),
};

/* The modules of the agent, as `kind_of_agent` names them, and the kinds of log of Apex Central. */
static const struct detection_row detections[] = {
    {{{FIELD_TYPE, "anti-malware"}}, 80, NULL},
    {{{FIELD_TYPE, "intrusion prevention"}, {FIELD_ACTION, "~IDS:"}}, SEVERITY_OF_LINE, "detected"},
    {{{FIELD_TYPE, "intrusion prevention"}}, SEVERITY_OF_LINE, NULL},
    {{{FIELD_TYPE, "web reputation"}, {FIELD_MESSAGE, "~block"}}, 60, "blocked"},
    {{{FIELD_TYPE, "web reputation"}}, 60, NULL},
    {{{FIELD_TYPE, "application control|integrity monitoring|log inspection"}},
     SEVERITY_OF_LINE,
     NULL},
    {{{FIELD_TYPE, "firewall"}, {FIELD_ACTION, "~deny|block|drop|reset"}}, 20, "blocked"},
    {{{FIELD_TYPE, "firewall"}}, 0, NULL},
    {{{FIELD_PRODUCT, "~Manager"}, {FIELD_EVENT, "!malware|ransom|intrusion|attack|c&c"}}, 0, NULL},
    {{{FIELD_CODE, "~CnC:|C&C|NCIE:"}}, 90, NULL},
    {{{FIELD_EVENT, "~C&C|CnC"}}, 90, NULL},
    {{{FIELD_CODE, "~AV:|PML:|spyware|ransom|VAD:"}}, 80, NULL},
    {{{FIELD_CODE, "~WB:"}, {FIELD_ACTION, "1"}}, 50, "allowed"},
    {{{FIELD_CODE, "~WB:"}, {FIELD_ACTION, "2"}}, 50, "blocked"},
    {{{FIELD_CODE, "~WB:"}}, 50, NULL},
    {{{FIELD_CODE, "~BM:|FH:|FA:|202101"}}, 60, NULL},
    {{{FIELD_EVENT, "~behavior monitoring|suspicious"}}, 60, NULL},
    {{{FIELD_EVENT, "~data loss"}}, 50, NULL},
    {{{FIELD_CODE, "~MS:"}}, 30, NULL},
};

static bool recognise(const struct parsed *parsed)
{
    static const char *const vendors[] = {"Trend Micro", "TrendMicro", "TrendAI", NULL};
    return cef_is_of(parsed, vendors);
}

/* Deep Security, "Syslog message formats": 4000000 anti-malware, 1000000 intrusion prevention, … , below 100 firewall. */
static const char *kind_of_agent(struct bytes code)
{
    static const char *const kinds[] = {
        NULL,           "intrusion prevention", "integrity monitoring", "log inspection",
        "anti-malware", "web reputation",       "application control",
    };
    const char *text = code.data;
    for (size_t i = 0; i < code.length; i++)
        if (text[i] < '0' || text[i] > '9')
            return NULL;
    if (code.length >= 1 && code.length <= 2)
        return "firewall";
    return code.length == 7 && text[0] >= '1' && text[0] <= '6' ? kinds[text[0] - '0'] : NULL;
}

/* The value behind a name that stands right behind another value, as "TrendMicroDsMalwareTargetType=N/…" may leave it. */
static void find_hash(struct parsed *parsed, const char *name)
{
    const char *end = bytes_end(parsed->message);
    const char *at = bytes_find(parsed->message, name);
    if (!at)
        return;
    const char *from = at + strlen(name), *stop = from;
    while (stop < end && *stop != ' ')
        stop++;
    parsed_set_hash(parsed, bytes_slice(from, stop));
}

static void parse(struct parsed *parsed)
{
    cef_parse(parsed);
    const char *kind = kind_of_agent(parsed->fields[FIELD_CODE]);
    if (bytes_find(parsed->fields[FIELD_EVENT], "Integrity"))
        kind = "integrity monitoring";
    if (kind && bytes_find(parsed->fields[FIELD_PRODUCT], "Agent"))
        parsed_set(parsed, FIELD_TYPE, bytes_of(kind));
    find_hash(parsed, "TrendMicroDsFileMD5=");
    find_hash(parsed, "TrendMicroDsFileSHA1=");
    find_hash(parsed, "TrendMicroDsFileSHA256=");
    parsed_set_domain_of_url(parsed, parsed->fields[FIELD_URL]);
}

const struct format format_trendmicro = {.name = "trendmicro",
                                         .recognise = recognise,
                                         .parse = parse,
                                         TABLE_PAIRS(pairs),
                                         TABLE_DETECTIONS(detections),
                                         .base = &format_cef,
                                         .times = cef_times,
                                         .any_case = true,
                                         .utc = true};
