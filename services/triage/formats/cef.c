/* SPDX-License-Identifier: Apache-2.0 */
/* ArcSight Common Event Format, revision 25: CEF:Version|Vendor|Product|Version|Event class|Name|Severity|Extension. In the
 * header | and \ are escaped, in the extension = and \. Products with names of their own have files of their own, with this
 * one as their base. */
#include "services/triage/formats/format.h"

static const struct format_pair pairs[] = {
    PAIR("deviceExternalId", SERIAL),
    PAIR("dvchost", HOST),
    PAIR("deviceHostName", HOST),
    PAIR("dvc", HOST_IP),
    PAIR("dvcmac", HOST_MAC),
    PAIR("act", ACTION),
    PAIR("outcome", ACTION),
    PAIR("cat", CATEGORY),
    PAIR("src", SOURCE_IP),
    PAIR("sourceAddress", SOURCE_IP),
    PAIR("c6a2", SOURCE_IP),
    PAIR("spt", SOURCE_PORT),
    PAIR("smac", SOURCE_MAC),
    PAIR("shost", SOURCE_HOST),
    PAIR("sourceTranslatedAddress", SOURCE_NAT_IP),
    PAIR("dst", DESTINATION_IP),
    PAIR("destinationAddress", DESTINATION_IP),
    PAIR("c6a3", DESTINATION_IP),
    PAIR("dpt", DESTINATION_PORT),
    PAIR("dmac", DESTINATION_MAC),
    PAIR("dhost", DESTINATION_HOST),
    PAIR("destinationTranslatedAddress", DESTINATION_NAT_IP),
    PAIR("proto", TRANSPORT),
    PAIR("app", PROTOCOL),
    PAIR("deviceDirection", DIRECTION),
    PAIR("suser", USER),
    PAIR("duser", TARGET_USER),
    PAIR("duser", USER),
    PAIR("request", URL),
    PAIR("requestMethod", METHOD),
    PAIR("requestClientApplication", AGENT),
    PAIR("filePath", FILE_PATH),
    PAIR("fname", FILE),
    PAIR("fileHash", SHA256),
    PAIR("sproc", PROCESS),
    PAIR("deviceProcessName", PROCESS),
    PAIR("out", BYTES_OUT),
    PAIR("in", BYTES_IN),
    PAIR("msg", MESSAGE),
};

static const struct detection_row detections[] = {
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
    {{{FIELD_SEVERITY, "7|8|9|10|high|very-high|very high|critical"}}, SEVERITY_OF_LINE, NULL},
};

static bool recognise(const struct parsed *parsed)
{
    return bytes_begin_with(parsed->message, "CEF:0|") ||
           bytes_begin_with(parsed->message, "CEF:1|") ||
           bytes_begin_with(parsed->message, "CEF: 0|");
}

void cef_parse(struct parsed *parsed)
{
    static const enum field head[] = {FIELD_COUNT, FIELD_VENDOR, FIELD_PRODUCT, FIELD_COUNT,
                                      FIELD_CODE,  FIELD_EVENT,  FIELD_SEVERITY};
    struct bytes rest = parsed->message;
    for (size_t i = 0; i < COUNT_OF(head); i++) {
        struct bytes field = cef_head_next(parsed, &rest);
        if (head[i] != FIELD_COUNT)
            parsed_set(parsed, head[i], field);
    }
    cef_each(parsed, rest, NULL);
    struct bytes hash = parsed->fields[FIELD_SHA256]; /* one name whatever its kind */
    if (hash.length != 64) {
        parsed->fields[FIELD_SHA256] = (struct bytes){0};
        parsed_set_hash(parsed, hash);
    }
    if (!parsed->fields[FIELD_RULE].data)
        parsed_set(parsed, FIELD_RULE, parsed->fields[FIELD_EVENT]);
}

const char *const cef_times[] = {
    " rt=", "|rt=", "UNIFIutcTime=", " end=", "|end=", " start=", "|start=", NULL};

const struct format format_cef = {.name = "cef",
                                  .recognise = recognise,
                                  .parse = cef_parse,
                                  TABLE_PAIRS(pairs),
                                  TABLE_DETECTIONS(detections),
                                  .times = cef_times};
