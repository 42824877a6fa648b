/* SPDX-License-Identifier: Apache-2.0 */
/* IBM QRadar Log Event Extended Format: LEEF:1.0|Vendor|Product|Version|EventID|attributes, and LEEF:2.0 with the attributes'
 * delimiter before them, as a character or as x09 or 0x09; none is the tab, which rsyslog writes as #011. Some write LEEF 1.0
 * with '|' between the attributes. Many of the names are CEF's. */
#include "services/triage/formats/format.h"
#include "services/triage/time_text.h"

#include <string.h>

#define LOOK_BYTES 8192

static const struct format_pair pairs[] = {
    PAIR("identHostName", HOST),
    PAIR("endpointName", HOST),
    PAIR("DeviceName", OBSERVER),
    PAIR("devName", OBSERVER),
    PAIR("SerialNumber", SERIAL),
    PAIR("Type", TYPE),
    PAIR("Subtype", SUBTYPE),
    PAIR("action", ACTION),
    PAIR("act", ACTION),
    PAIR("sev", SEVERITY),
    PAIR("severity", SEVERITY),
    PAIR("threatName", RULE),
    PAIR("virusName", RULE),
    PAIR("signature", RULE),
    PAIR("ThreatID", RULE),
    PAIR("RuleName", RULE),
    PAIR("rule", RULE),
    PAIR("policy", RULE),
    PAIR("policyName", RULE),
    PAIR("name", RULE),
    PAIR("threatName", THREAT),
    PAIR("virusName", THREAT),
    PAIR("cat", CATEGORY),
    PAIR("src", SOURCE_IP),
    PAIR("identSrc", SOURCE_IP),
    PAIR("ipAddressFromClient", SOURCE_IP),
    PAIR("srcPort", SOURCE_PORT),
    PAIR("srcMAC", SOURCE_MAC),
    PAIR("identMac", SOURCE_MAC),
    PAIR("srcPostNAT", SOURCE_NAT_IP),
    PAIR("dst", DESTINATION_IP),
    PAIR("dstPort", DESTINATION_PORT),
    PAIR("dstMAC", DESTINATION_MAC),
    PAIR("dstPostNAT", DESTINATION_NAT_IP),
    PAIR("Application", PROTOCOL),
    PAIR("usrName", USER),
    PAIR("SourceUser", USER),
    PAIR("accountName", USER),
    PAIR("userName", USER),
    PAIR("url", URL),
    PAIR("resource", URL),
    PAIR("domain", DOMAIN),
    PAIR("URLCategory", CATEGORY),
    PAIR("sha256", SHA256),
    PAIR("sha1", SHA1),
    PAIR("md5", MD5),
    PAIR("hash", SHA256),
    PAIR("TrendMicroDsFileSHA256", SHA256),
    PAIR("TrendMicroDsFileSHA1", SHA1),
    PAIR("TrendMicroDsFileMD5", MD5),
    PAIR("srcBytes", BYTES_OUT),
    PAIR("dstBytes", BYTES_IN),
    PAIR("desc", MESSAGE),
};

static const struct detection_row detections[] = {
    {{{FIELD_CATEGORY, "~anomaly|anti-malware|spyware|ips|ransom"}}, SEVERITY_OF_LINE, NULL},
    {{{FIELD_TYPE, "THREAT"}}, SEVERITY_OF_LINE, NULL},
};

static struct bytes begin_of(struct bytes message)
{
    const char *at = bytes_find(bytes_head(message, 128), "LEEF:");
    return at ? bytes_slice(at, bytes_end(message)) : (struct bytes){0};
}

static bool recognise(const struct parsed *parsed)
{
    struct bytes text = begin_of(parsed->message);
    if (text.length <= 8)
        return false;
    const char *digit = (const char *)text.data + 5;
    return (*digit == '1' || *digit == '2') && (digit[1] == '.' || digit[1] == '|');
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c | 0x20) : NULL;
    return at && *at ? (int)(at - digits) : -1;
}

/* "^", "x5E", "0x5e", "\t", none; 0: no delimiter but attributes already. */
static char delimiter_of(struct bytes text)
{
    const char *at = text.data;
    if (!text.length || bytes_equal_text(text, "\\t"))
        return '\t';
    if (text.length == 1)
        return *at;
    if (text.length == 4 && *at == '0')
        at++, text.length--;
    bool hex =
        text.length == 3 && (*at | 0x20) == 'x' && hex_digit(at[1]) >= 0 && hex_digit(at[2]) >= 0;
    return hex ? (char)(hex_digit(at[1]) << 4 | hex_digit(at[2])) : 0;
}

static void give_attribute(struct parsed *parsed, struct bytes attribute)
{
    const char *from = attribute.data, *end = bytes_end(attribute);
    const char *equals = attribute.length ? memchr(from, '=', attribute.length) : NULL;
    if (equals)
        parsed_name(parsed, bytes_trim(bytes_slice(from, equals)), bytes_slice(equals + 1, end));
}

static void split_at(struct parsed *parsed, struct bytes rest, char delimiter)
{
    for (size_t i = 0; i < 400 && rest.data; i++)
        give_attribute(parsed, bytes_next(&rest, delimiter));
}

static void split_at_text(struct parsed *parsed, struct bytes rest, const char *delimiter)
{
    for (size_t i = 0; i < 400 && rest.data; i++) {
        const char *from = rest.data, *end = bytes_end(rest), *at = bytes_find(rest, delimiter);
        give_attribute(parsed, bytes_slice(from, at ? at : end));
        rest = at ? bytes_slice(at + strlen(delimiter), end) : (struct bytes){0};
    }
}

/* What the line has where it should have tabs: relays make "#011" or spaces of them. */
static void split(struct parsed *parsed, struct bytes attributes, char delimiter)
{
    bool tabs = delimiter == '\t';
    if (!tabs || (attributes.length && memchr(attributes.data, '\t', attributes.length)))
        split_at(parsed, attributes, delimiter);
    else if (bytes_find(attributes, "#011"))
        split_at_text(parsed, attributes, "#011");
    else if (attributes.length && memchr(attributes.data, '|', attributes.length))
        split_at(parsed, attributes, '|');
    else
        cef_each(parsed, attributes, NULL);
}

static void parse(struct parsed *parsed)
{
    struct bytes rest = begin_of(parsed->message);
    if (!rest.data)
        return;
    bool second = bytes_begin_with(rest, "LEEF:2");
    (void)cef_head_next(parsed, &rest);
    parsed_set(parsed, FIELD_VENDOR, cef_head_next(parsed, &rest));
    parsed_set(parsed, FIELD_PRODUCT, cef_head_next(parsed, &rest));
    (void)cef_head_next(parsed, &rest);
    struct bytes event = cef_head_next(parsed, &rest);
    parsed_set(parsed, FIELD_CODE, event);
    parsed_set(parsed, FIELD_EVENT, event);
    struct bytes after = rest, word = bytes_next(&after, '|');
    char delimiter = second && after.data ? delimiter_of(word) : 0;
    split(parsed, delimiter ? after : rest, delimiter ? delimiter : '\t');
    if (!parsed->fields[FIELD_RULE].data)
        parsed_set(parsed, FIELD_RULE, event);
}

/* --- time ------------------------------------------------------------------------------------------------------------- */

static struct bytes behind(struct bytes text, const char *name)
{
    const char *at = bytes_find(text, name), *end = bytes_end(text);
    return at ? bytes_slice(at + strlen(name), end) : (struct bytes){0};
}

/* "24/11/2026 15:00:00" where devTimeFormat begins with dd/MM/yyyy, of whatever separator. */
static bool read_day_first(struct bytes text, int64_t *ret_us)
{
    const char *at = text.data;
    if (text.length < 19 || at[2] != at[5] || at[10] != ' ')
        return false;
    const char date[] = {at[6], at[7], at[8], at[9], '-', at[3], at[4], '-', at[0], at[1]};
    return time_text_join((struct bytes){date, sizeof date}, bytes_slice(at + 11, at + text.length),
                          (struct bytes){0}, ret_us);
}

static bool read_time(const struct parsed *parsed, int64_t append_us, int64_t *ret_us)
{
    struct bytes head = bytes_head(parsed->message, LOOK_BYTES);
    struct bytes text = behind(head, "devTime="), form = behind(head, "devTimeFormat=");
    bool day_first = form.length > 5 && bytes_begin_with(form, "dd") &&
                     memcmp((const char *)form.data + 3, "MM", 2) == 0 &&
                     ((const char *)form.data)[5] != 'M';
    if (day_first && read_day_first(text, ret_us))
        return true;
    return time_text_read(text, append_us, ret_us);
}

const struct format format_leef = {.name = "leef",
                                   .recognise = recognise,
                                   .parse = parse,
                                   TABLE_PAIRS(pairs),
                                   TABLE_DETECTIONS(detections),
                                   .base = &format_cef,
                                   .any_case = true,
                                   .time = read_time};
