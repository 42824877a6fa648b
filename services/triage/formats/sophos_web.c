/* SPDX-License-Identifier: Apache-2.0 */
/* Sophos Web Appliance, "Interpreting Log Files" (sophos_log): h=client u="user" s=status … t=seconds … act=code. */
#include "services/triage/formats/format.h"

static const struct format_pair pairs[] = {
    PAIR("rsn", EVENT),
    PAIR("threat", RULE),
    PAIR("threat", THREAT),
    PAIR("rule", RULE_ID),
    PAIR("labs_rule_id", RULE_ID),
    PAIR("cat", CATEGORY),
    PAIR("h", SOURCE_IP),
    PAIR("u", USER),
    PAIR("target_ip", DESTINATION_IP),
    PAIR("dom", DOMAIN),
    PAIR("app", PROTOCOL),
    PAIR("meth", METHOD),
    PAIR("s", STATUS),
    PAIR("ref", REFERRER),
    PAIR("ua", AGENT),
    PAIR("filetype", FILE),
    PAIR("in", BYTES_OUT), /* as the appliance sees it: from the client */
    PAIR("out", BYTES_IN),
};

static const struct detection_row detections[] = {
    {{{FIELD_THREAT, "*"}}, 80, NULL},
    {{{FIELD_ACTION, "blocked"}}, 30, "blocked"},
    {{{FIELD_ACTION, "warned"}}, 20, "blocked"},
    {{{FIELD_ACTION, "warned and allowed"}}, 20, "allowed"},
};

static bool recognise(const struct parsed *parsed)
{
    struct bytes head = bytes_head(parsed->message, 512);
    return bytes_begin_with(head, "h=") && bytes_find(head, " u=") && bytes_find(head, " t=") &&
           bytes_find(head, " act=");
}

/* GET http://example.com/ HTTP/1.1 */
static void set_request(struct parsed *parsed, struct bytes request)
{
    struct bytes rest = request, method = bytes_next(&rest, ' '), url = bytes_next(&rest, ' ');
    parsed_set(parsed, FIELD_METHOD, method);
    parsed_set(parsed, FIELD_URL, url);
}

/* "Action code that identifies the outcome of the request": below zero it did not go through. */
static void set_action(struct parsed *parsed, struct bytes code)
{
    const char *action = "allowed";
    if (bytes_equal_text(code, "-2") || bytes_equal_text(code, "-4"))
        action = "warned";
    else if (bytes_begin_with(code, "-"))
        action = "blocked";
    else if (bytes_equal_text(code, "2"))
        action = "warned and allowed";
    parsed_set(parsed, FIELD_ACTION, bytes_of(action));
}

static bool take_pair(struct parsed *parsed, struct bytes name, struct bytes value)
{
    if (bytes_equal_text(name, "req"))
        set_request(parsed, value);
    else if (bytes_equal_text(name, "act") && value.length)
        set_action(parsed, value);
    else
        return parsed_name(parsed, name, value);
    return true;
}

static void parse(struct parsed *parsed)
{
    keyvalue_each(parsed, parsed->message, NULL, take_pair);
    if (!parsed->fields[FIELD_DOMAIN].data && parsed->fields[FIELD_URL].data)
        parsed_set_domain_of_url(parsed, parsed->fields[FIELD_URL]);
}

static const char *const times[] = {" t=", NULL};

const struct format format_sophos_web = {.name = "sophos_web",
                                         .vendor = "Sophos",
                                         .product = "Web Appliance",
                                         .recognise = recognise,
                                         .parse = parse,
                                         TABLE_PAIRS(pairs),
                                         TABLE_DETECTIONS(detections),
                                         .times = times};
