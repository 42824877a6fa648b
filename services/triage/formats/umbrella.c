/* SPDX-License-Identifier: Apache-2.0 */
/* Cisco Umbrella in JSON: DNS and proxy activity, as the reporting API and collectors write it. Times are in UTC. */
#include "services/triage/formats/format.h"

static const struct format_pair pairs[] = {
    PAIR("type", TYPE),
    PAIR("policyIdentity", HOST),
    PAIR("mostGranularIdentity", HOST),
    PAIR("identities.label", HOST),
    PAIR("action", ACTION),
    PAIR("verdict", ACTION),
    PAIR("threats.label", RULE),
    PAIR("signature.label", RULE),
    PAIR("blockedCategories", RULE),
    PAIR("threats.label", THREAT),
    PAIR("threats.type", CATEGORY),
    PAIR("blockedCategories", CATEGORY),
    PAIR("categories.label", CATEGORY),
    PAIR("categories", CATEGORY),
    PAIR("internalIp", SOURCE_IP),
    PAIR("externalIp", SOURCE_NAT_IP),
    PAIR("destinationIp", DESTINATION_IP),
    PAIR("user", USER),
    PAIR("url", URL),
    PAIR("domain", DNS),
    PAIR("queryType", PROTOCOL),
    PAIR("responseCode", STATUS),
    PAIR("returncode", STATUS),
    PAIR("statusCode", STATUS),
    PAIR("userAgent", AGENT),
    PAIR("referer", REFERRER),
    PAIR("fileName", FILE),
    PAIR("sha256", SHA256),
};

static const struct detection_row detections[] = {
    {{{FIELD_ACTION, "~block"},
      {FIELD_CATEGORY, "~malware|phish|command|botnet|crypto|newly|dynamic dns|dns tunnel"}},
     80,
     "blocked"},
    {{{FIELD_THREAT, "*"}}, 80, NULL},
    {{{FIELD_ACTION, "~block"}, {FIELD_CATEGORY, "*"}}, 30, "blocked"},
    {{{FIELD_ACTION, "~block"}}, 60, "blocked"},
    {{{FIELD_CATEGORY, "~malware|phish|command and control|botnet"}}, 70, NULL},
};

static bool recognise(const struct parsed *parsed)
{
    static const char *const marks[] = {"\"internalIp\"", "\"internalip\"", "\"externalIp\"",
                                        "\"externalip\"", NULL};
    static const char *const asked[] = {"\"domain\"", "\"url\"", NULL};
    return json_tells(parsed, marks) && json_tells(parsed, asked);
}

static void parse(struct parsed *parsed)
{
    json_each(parsed, parsed->json, NULL);
    struct bytes name = parsed->fields[FIELD_DNS];
    if (name.length > 1 && ((const char *)name.data)[name.length - 1] == '.')
        name.length--; /* the root's dot */
    parsed_set(parsed, FIELD_DOMAIN, name);
    parsed_set_domain_of_url(parsed, parsed->fields[FIELD_URL]);
}

static const char *const times[] = {"\"timestamp\":", "\"datetime\":", NULL};

const struct format format_umbrella = {.name = "umbrella",
                                       .vendor = "Cisco",
                                       .product = "Umbrella",
                                       .is_json = true,
                                       .recognise = recognise,
                                       .parse = parse,
                                       TABLE_PAIRS(pairs),
                                       TABLE_DETECTIONS(detections),
                                       .times = times,
                                       .any_case = true,
                                       .utc = true};
