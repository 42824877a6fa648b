/* SPDX-License-Identifier: Apache-2.0 */
/* Ubiquiti UniFi consoles (Network, OS, Protect), "SIEM server": CEF with names of its own that begin with UNIFI; some
 * versions leave out "CEF:". */
#include "services/triage/formats/format.h"

static const struct format_pair pairs[] = {
    PAIR("UNIFIdeviceName", OBSERVER),
    PAIR("UNIFIhost", OBSERVER),
    PAIR("UNIFIdeviceIp", OBSERVER_IP),
    PAIR("UNIFIcategory", TYPE),
    PAIR("UNIFIsubCategory", SUBTYPE),
    PAIR("UNIFIsubCategory", CATEGORY),
    PAIR("UNIFIcategory", CATEGORY),
    PAIR("UNIFIrisk", RISK),
    PAIR("UNIFIipsSignature", RULE),
    PAIR("UNIFIpolicyName", RULE),
    PAIR("UNIFIipsSignatureId", RULE_ID),
    PAIR("UNIFIclientHostname", HOST),
    PAIR("UNIFIclientAlias", HOST),
    PAIR("UNIFIclientIp", HOST_IP),
    PAIR("UNIFIclientMac", HOST_MAC),
    PAIR("UNIFIsrcClientHostname", SOURCE_HOST),
    PAIR("UNIFIsrcClientAlias", SOURCE_HOST),
    PAIR("UNIFIsrcClientIp", SOURCE_IP),
    PAIR("UNIFIsrcClientMac", SOURCE_MAC),
    PAIR("UNIFIdstClientHostname", DESTINATION_HOST),
    PAIR("UNIFIdstClientAlias", DESTINATION_HOST),
    PAIR("UNIFIdstClientIp", DESTINATION_IP),
    PAIR("UNIFIdstClientMac", DESTINATION_MAC),
    PAIR("UNIFIdomain", DOMAIN),
    PAIR("UNIFIdirection", DIRECTION),
    PAIR("UNIFIadmin", USER),
    PAIR("UNIFIbytesSent", BYTES_OUT),
    PAIR("UNIFIbytesReceived", BYTES_IN),
};

static const struct detection_row detections[] = {
    {{{FIELD_EVENT, "~threat|intrusion|honeypot"}, {FIELD_EVENT, "~blocked"}},
     SEVERITY_OF_LINE,
     "blocked"},
    {{{FIELD_EVENT, "~threat|intrusion|honeypot"}}, SEVERITY_OF_LINE, NULL},
    {{{FIELD_SUBTYPE, "~intrusion|honeypot"}}, SEVERITY_OF_LINE, NULL},
    {{{FIELD_EVENT, "~blocked"}, {FIELD_TYPE, "Security"}}, SEVERITY_OF_LINE, "blocked"},
    {{{FIELD_EVENT, "*"}}, 0, NULL}, /* its severity is that of an operator's notice */
};

static bool recognise(const struct parsed *parsed)
{
    static const char *const vendors[] = {"Ubiquiti", "UniFi", NULL};
    return cef_is_of(parsed, vendors);
}

static const char *const times[] = {"UNIFIutcTime=", NULL};

const struct format format_unifi = {.name = "unifi",
                                    .vendor = "Ubiquiti",
                                    .product = "UniFi",
                                    .recognise = recognise,
                                    .parse = cef_parse,
                                    TABLE_PAIRS(pairs),
                                    TABLE_DETECTIONS(detections),
                                    .base = &format_cef,
                                    .times = times,
                                    .utc = true};
