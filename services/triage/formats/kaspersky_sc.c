/* SPDX-License-Identifier: Apache-2.0 */
/* Kaspersky Security Center, "Export to SIEM in CEF": dhost and dst are the computer that it happened on; the severity is 1
 * (information) to 4 (critical), the event class a name (GNRL_EV_VIRUS_FOUND). */
#include "services/triage/formats/format.h"

static const struct format_pair pairs[] = {
    PAIR("dhost", HOST),
    PAIR("dhost", DESTINATION_HOST),
    PAIR("dst", HOST_IP),
    PAIR("dst", DESTINATION_IP),
    PAIR("dmac", HOST_MAC),
    PAIR("label:VirusName", RULE),
    PAIR("label:ThreatName", RULE),
    PAIR("label:RuleName", RULE),
    PAIR("label:VirusName", THREAT),
    PAIR("label:ThreatName", THREAT),
    PAIR("label:AttackedIP", DESTINATION_IP),
    PAIR("label:Object", FILE_PATH),
    PAIR("label:ObjectName", FILE_PATH),
    PAIR("label:Result", ACTION),
    PAIR("label:AttackerIP", SOURCE_IP),
};

static const struct detection_row detections[] = {
    {{{FIELD_CODE, "~KLPRCI_|KLAUD_|KLEV_|GROUP_SYNC|UPDATE|LICENSE|LIC_"}}, 0, NULL},
    {{{FIELD_CODE, "~OBJECT_BLOCKED|WEB_URL_BLOCKED|PTOCESS_TERMINATED"}}, 70, "blocked"},
    {{{FIELD_CODE, "~OBJECT_QUARANTINED"}}, 80, "quarantined"},
    {{{FIELD_CODE, "~OBJECT_DELETED|OBJECT_CURED"}}, 80, "blocked"},
    {{{FIELD_CODE, "~ATTACK_DETECTED"}}, 70, NULL},
    {{{FIELD_CODE, "~VIRUS|INFECTED|MALWARE|OBJECT_NOTCURED|OBJECT_NOT_CURED"}}, 80, NULL},
    {{{FIELD_CODE, "~SUSPICIOUS|PASSWD_ARCHIVE"}}, 60, NULL},
    {{{FIELD_CODE, "~DENIED|DENIE|PROHIBITED|BLOCKED"}}, 40, "blocked"},
    {{{FIELD_SEVERITY, "4"}}, 60, NULL},
};

static bool recognise(const struct parsed *parsed)
{
    static const char *const vendors[] = {"KasperskyLab", "Kaspersky", NULL};
    return cef_is_of(parsed, vendors);
}

const struct format format_kaspersky_sc = {.name = "kaspersky_sc",
                                           .recognise = recognise,
                                           .parse = cef_parse,
                                           TABLE_PAIRS(pairs),
                                           TABLE_DETECTIONS(detections),
                                           .base = &format_cef,
                                           .times = cef_times};
