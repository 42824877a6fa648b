/* SPDX-License-Identifier: Apache-2.0 */
/* Trellix, formerly FireEye: network (NX, "MPS"), mail (EX), central management (CMS), endpoint (HX), database security. dvc
 * and dvchost are the appliance; its times are in UTC. */
#include "services/triage/formats/format.h"

static const struct format_pair pairs[] = {
    PAIR("dvchost", OBSERVER),
    PAIR("dvc", OBSERVER_IP),
    PAIR("dvcmac", COUNT), /* the appliance's own */
    PAIR("label:sname", RULE),
    PAIR("label:sid", RULE_ID),
    PAIR("label:sname", THREAT),
    PAIR("label:cncHost", DESTINATION_IP),
    PAIR("label:cncPort", DESTINATION_PORT),
    PAIR("label:SqlStatement", COMMAND),
};

static const struct detection_row detections[] = {
    {{{FIELD_PRODUCT, "~database security"}}, SEVERITY_OF_LINE, "detected"}, /* act is SQL's */
    {{{FIELD_EVENT, "~riskware"}}, 40, NULL},
    {{{FIELD_EVENT, "~malware-callback|domain-match|infection-match|malware-object|web-infection|"
                    "smartvision"}},
     80,
     NULL},
    {{{FIELD_EVENT, "~ips-event"}}, SEVERITY_OF_LINE, NULL},
    {{{FIELD_EVENT, "~ioc hit|malware hit|exploit|compromise"}}, SEVERITY_OF_LINE, NULL},
};

static bool recognise(const struct parsed *parsed)
{
    static const char *const vendors[] = {"Trellix", "FireEye", NULL};
    return cef_is_of(parsed, vendors);
}

static void copy(struct parsed *parsed, enum field from, enum field to)
{
    parsed_set(parsed, to, parsed->fields[from]);
}

/* HX: the computer that the finding is on is the destination. */
static void parse(struct parsed *parsed)
{
    cef_parse(parsed);
    if (bytes_equal_text_nocase(parsed->fields[FIELD_PRODUCT], "hx")) {
        copy(parsed, FIELD_DESTINATION_HOST, FIELD_HOST);
        copy(parsed, FIELD_DESTINATION_IP, FIELD_HOST_IP);
        copy(parsed, FIELD_DESTINATION_MAC, FIELD_HOST_MAC);
    }
}

const struct format format_trellix = {.name = "trellix",
                                      .recognise = recognise,
                                      .parse = parse,
                                      TABLE_PAIRS(pairs),
                                      TABLE_DETECTIONS(detections),
                                      .base = &format_cef,
                                      .times = cef_times,
                                      .utc = true};
