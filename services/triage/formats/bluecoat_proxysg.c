/* SPDX-License-Identifier: Apache-2.0 */
/* Symantec (Blue Coat) ProxySG access log with the names of its ELFF fields: c-ip=… cs-host=…; what the appliance reports
 * of itself is text. Its date= and time= are in UTC. */
#include "services/triage/formats/format.h"
#include "services/triage/time_text.h"

#include <string.h>

static const struct format_pair pairs[] = {
    PAIR("x-bluecoat-appliance-name", OBSERVER),
    PAIR("x-bluecoat-appliance-primary-address", OBSERVER_IP),
    PAIR("s-ip", OBSERVER_IP),
    PAIR("s-action", ACTION),
    PAIR("sc-filter-result", ACTION),
    PAIR("x-exception-id", EVENT),
    PAIR("cs-threat-risk", RISK),
    PAIR("x-virus-id", RULE),
    PAIR("x-virus-id", THREAT),
    PAIR("cs-categories", CATEGORY),
    PAIR("cs-category", CATEGORY),
    PAIR("sc-filter-category", CATEGORY),
    PAIR("c-ip", SOURCE_IP),
    PAIR("c-port", SOURCE_PORT),
    PAIR("r-ip", DESTINATION_IP),
    PAIR("s-supplier-ip", DESTINATION_IP),
    PAIR("r-supplier-ip", DESTINATION_IP),
    PAIR("cs-uri-port", DESTINATION_PORT),
    PAIR("r-port", DESTINATION_PORT),
    PAIR("cs-host", DESTINATION_HOST),
    PAIR("cs-host", DOMAIN),
    PAIR("cs-uri-scheme", PROTOCOL),
    PAIR("cs-username", USER),
    PAIR("cs-user", USER),
    PAIR("c-url", URL),
    PAIR("cs-uri", URL),
    PAIR("url", URL),
    PAIR("cs-uri-path", URL),
    PAIR("cs-method", METHOD),
    PAIR("sc-status", STATUS),
    PAIR("cs-User-Agent", AGENT),
    PAIR("cs(User-Agent)", AGENT),
    PAIR("cs-Referer", REFERRER),
    PAIR("cs(Referer)", REFERRER),
    PAIR("cs-bytes", BYTES_OUT),
    PAIR("sc-bytes", BYTES_IN),
};

static const struct detection_row detections[] = {
    {{{FIELD_CATEGORY, "~botnet|malicious outbound"}}, 90, NULL},
    {{{FIELD_THREAT, "*"}}, 80, NULL},
    {{{FIELD_CATEGORY, "~malicious|malnet|phishing|suspicious|spam|hacking"}}, 60, NULL},
    {{{FIELD_ACTION, "~denied"}}, 30, "blocked"},
    {{{FIELD_EVENT, "~denied|virus|blocked"}}, 30, "blocked"},
};

static bool recognise(const struct parsed *parsed)
{
    struct bytes message = parsed->message;
    if (bytes_equal_text(parsed->header.app, "ProxySG"))
        return true;
    return bytes_find(message, "c-ip=") &&
           (bytes_find(message, " cs-host=") || bytes_find(message, " cs-method="));
}

static void parse(struct parsed *parsed)
{
    parsed_set(parsed, FIELD_OBSERVER, parsed->header.host);
    if (bytes_find(parsed->message, "c-ip="))
        keyvalue_each(parsed, parsed->message, NULL, NULL);
    else
        parsed_set(parsed, FIELD_MESSAGE, parsed->message);
}

static struct bytes behind(struct bytes text, const char *mark)
{
    const char *at = bytes_find(text, mark), *end = bytes_end(text);
    return at ? bytes_slice(at + strlen(mark), end) : (struct bytes){0};
}

static bool read_time(const struct parsed *parsed, int64_t append_us, int64_t *ret_us)
{
    struct bytes text = bytes_head(parsed->message, 4096);
    (void)append_us;
    return time_text_join(behind(text, "date="), behind(text, " time="), bytes_of("UTC"), ret_us);
}

const struct format format_bluecoat_proxysg = {.name = "bluecoat_proxysg",
                                               .vendor = "Broadcom",
                                               .product = "ProxySG",
                                               .recognise = recognise,
                                               .parse = parse,
                                               TABLE_PAIRS(pairs),
                                               TABLE_DETECTIONS(detections),
                                               .time = read_time};
