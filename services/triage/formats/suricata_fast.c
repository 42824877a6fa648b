/* SPDX-License-Identifier: Apache-2.0 */
/* Suricata's fast.log, and the same sentence through syslog as Suricata and Snort write it:
 * time [Drop] [**] [generator:signature:revision] name [**] [Classification: …] [Priority: n] {TCP} a:p -> b:q */
#include "services/triage/formats/format.h"

#include <string.h>

static const struct detection_row detections[] = {
    {{{FIELD_SEVERITY, "1"}}, 90, NULL},
    {{{FIELD_SEVERITY, "2"}}, 70, NULL},
    {{{FIELD_SEVERITY, "3"}}, 40, NULL},
    {{{FIELD_RULE_ID, "*"}}, 20, NULL},
};

static bool recognise(const struct parsed *parsed)
{
    return bytes_find(parsed->message, "[Priority: ") && bytes_find(parsed->message, "} ") &&
           bytes_find(parsed->message, " -> ");
}

/* From behind "[1:2200074:2] ": the name runs up to the next mark. */
static void take_name(struct parsed *parsed, struct bytes text)
{
    static const char *const ends[] = {" [**]", " [Classification: ", " [Priority: "};
    const char *end = bytes_end(text);
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        const char *at = bytes_find(text, ends[i]);
        if (at && at < end)
            end = at;
    }
    parsed_set(parsed, FIELD_RULE, bytes_slice(text.data, end));
}

static void take_signature(struct parsed *parsed)
{
    const char *from = parsed->message.data, *end = bytes_end(parsed->message);
    for (; from < end; from++) {
        struct bytes id = bytes_behind(bytes_slice(from, end), "[", "]");
        if (!id.data)
            return;
        from = bytes_end(id);
        struct bytes rest = id;
        struct bytes generator = bytes_next(&rest, ':'), signature = bytes_next(&rest, ':');
        if (!signature.length || !rest.data ||
            strspn(generator.data, "0123456789") != generator.length)
            continue;
        parsed_set(parsed, FIELD_RULE_ID, signature);
        parsed_set(parsed, FIELD_EVENT, id); /* names it where the rule has no name */
        if (end - from > 2)
            take_name(parsed, bytes_slice(from + 1, end));
        return;
    }
}

static void parse(struct parsed *parsed)
{
    struct bytes message = parsed->message;
    take_signature(parsed);
    parsed_set(parsed, FIELD_CATEGORY, bytes_behind(message, "[Classification: ", "]"));
    parsed_set(parsed, FIELD_SEVERITY, bytes_behind(message, "[Priority: ", "]"));
    if (bytes_find(message, "[Drop] ") || bytes_find(message, "[DROP] "))
        parsed_set(parsed, FIELD_ACTION, bytes_of("drop"));
    if (bytes_find(message, "[wDrop] ")) /* would have been */
        parsed_set(parsed, FIELD_ACTION, bytes_of("wDrop"));
    const char *priority = bytes_find(message, "[Priority: ");
    if (!priority)
        return;
    const char *end = bytes_end(message);
    struct bytes flow = bytes_slice(priority, end);
    parsed_set(parsed, FIELD_TRANSPORT, bytes_behind(flow, "{", "}"));
    parsed_set_endpoint(parsed, true, bytes_behind(flow, "} ", " "));
    parsed_set_endpoint(parsed, false, bytes_behind(flow, " -> ", " \r\n"));
}

static const char *const times[] = {"", NULL};

const struct format format_suricata_fast = {.name = "suricata_fast",
                                            .vendor = "OISF",
                                            .product = "Suricata",
                                            .recognise = recognise,
                                            .parse = parse,
                                            TABLE_DETECTIONS(detections),
                                            .times = times};
