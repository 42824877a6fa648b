/* SPDX-License-Identifier: Apache-2.0 */
/* Log-ins to the web interface of OPNsense and pfSense. */
#include "services/triage/formats/format.h"

static const struct detection_row detections[] = {
    {{{FIELD_EVENT, "log-in failed"}}, 20, "blocked"},
};

static bool recognise(const struct parsed *parsed)
{
    struct bytes message = parsed->message;
    return bytes_find(message, "authentication error for ") ||
           bytes_find(message, "Successful login for user '") ||
           bytes_find(message, "logged out for user '");
}

static void parse(struct parsed *parsed)
{
    struct bytes message = parsed->message;
    bool failed = bytes_find(message, "authentication error for ");
    bool left = bytes_find(message, "logged out for user '");
    parsed_set(parsed, FIELD_EVENT,
               bytes_of(failed ? "log-in failed"
                        : left ? "logged out"
                               : "logged in"));
    parsed_set(parsed, FIELD_ACTION,
               bytes_of(failed ? "authentication error"
                        : left ? "logged out"
                               : "successful login"));
    parsed_set(parsed, FIELD_USER, bytes_behind(message, " for '", "'"));
    parsed_set(parsed, FIELD_USER, bytes_behind(message, " user '", "'"));
    parsed_set_address_behind(parsed, FIELD_SOURCE_IP, message, "' from: ");
    parsed_set_address_behind(parsed, FIELD_SOURCE_IP, message, "' from ");
    parsed_set(parsed, FIELD_MESSAGE, message);
}

const struct format format_opnsense = {.name = "opnsense",
                                       .product = "pfSense or OPNsense",
                                       .recognise = recognise,
                                       .parse = parse,
                                       TABLE_DETECTIONS(detections)};
