/* SPDX-License-Identifier: Apache-2.0 */
/* Trend Micro Control Manager and Apex Central by plain syslog: TMCM:SLF_INCIDENT_EVT_… Security product="…" Event time="…"
 * and notifications "Virus Name: …, File Path: …": names hold spaces. The infected computer is the "infection destination";
 * 0.0.0.0 stands for none. */
#include "services/triage/formats/format.h"

#include <string.h>

static const struct format_pair pairs[] = {
    PAIR("Security product node", OBSERVER),
    PAIR("TMCM server", OBSERVER),
    PAIR("Managing server entity", OBSERVER),
    PAIR("Managing Server", OBSERVER),
    PAIR("Security product IP", OBSERVER_IP),
    PAIR("Security product", SUBTYPE),
    PAIR("Product", SUBTYPE),
    PAIR("Event", EVENT),
    PAIR("Event type", EVENT),
    PAIR("Action taken", ACTION),
    PAIR("Action Taken", ACTION),
    PAIR("Action", ACTION),
    PAIR("C&C risk level", SEVERITY),
    PAIR("Risk level", SEVERITY),
    PAIR("Severity", SEVERITY),
    PAIR("Policy rule", RULE),
    PAIR("Policy", RULE),
    PAIR("Policy Name", RULE),
    PAIR("Rule", RULE),
    PAIR("Virus", RULE),
    PAIR("Virus/Malware", RULE),
    PAIR("Virus Name", RULE),
    PAIR("Grayware/Spyware", RULE),
    PAIR("Spyware/Grayware", RULE),
    PAIR("Virus", THREAT),
    PAIR("Virus/Malware", THREAT),
    PAIR("Virus Name", THREAT),
    PAIR("Malware Name", THREAT),
    PAIR("Grayware/Spyware", THREAT),
    PAIR("Spyware/Grayware", THREAT),
    PAIR("Security threat", THREAT),
    PAIR("Security Threat", THREAT),
    PAIR("Category", CATEGORY),
    PAIR("URL category", CATEGORY),
    PAIR("Infection destination", HOST_IP),
    PAIR("Product Entity", HOST_IP),
    PAIR("Product Entity/Endpoint", HOST_IP),
    PAIR("Endpoint", HOST_IP),
    PAIR("Computer", HOST_IP),
    PAIR("Infection destination IP", HOST_IP),
    PAIR("Security agent ip", HOST_IP),
    PAIR("Product/Endpoint IP", HOST_IP),
    PAIR("Endpoint IP", HOST_IP),
    PAIR("IP address", HOST_IP),
    PAIR("IP Address", HOST_IP),
    PAIR("Product/Endpoint MAC", HOST_MAC),
    PAIR("Source IP", SOURCE_IP),
    PAIR("Infection source IP", SOURCE_IP),
    PAIR("Infection source", SOURCE_IP),
    PAIR("Infection Source", SOURCE_IP),
    PAIR("Source port", SOURCE_PORT),
    PAIR("Destination IP", DESTINATION_IP),
    PAIR("Destination port", DESTINATION_PORT),
    PAIR("C&C channel", PROTOCOL),
    PAIR("Protocol", PROTOCOL),
    PAIR("User", USER),
    PAIR("User Name", USER),
    PAIR("User name", USER),
    PAIR("Logon User", USER),
    PAIR("C&C url", URL),
    PAIR("Blocked URL", URL),
    PAIR("URL", URL),
    PAIR("Infected file", FILE),
    PAIR("File Name", FILE),
    PAIR("File", FILE),
    PAIR("File path", FILE_PATH),
    PAIR("File Path", FILE_PATH),
    PAIR("File SHA-256", SHA256),
    PAIR("File SHA-1", SHA1),
    PAIR("Process", PROCESS),
    PAIR("Process command", COMMAND),
    PAIR("Sender", MAIL_FROM),
    PAIR("Recipient", MAIL_TO),
    PAIR("Subject", MAIL_SUBJECT),
    PAIR("Result", MESSAGE),
};

static const struct detection_row detections[] = {
    {{{FIELD_CODE, "~update|deploy|license|pattern|status"}}, 0, NULL},
    {{{FIELD_CODE, "~ccca|c&c"}}, 90, NULL},
    {{{FIELD_THREAT, "*"}, {FIELD_MESSAGE, "~unable|fail|unsuccess"}}, 80, "detected"},
    {{{FIELD_THREAT, "*"}, {FIELD_MESSAGE, "~quarantined"}}, 80, "quarantined"},
    {{{FIELD_THREAT, "*"}, {FIELD_ACTION, "move|rename"}}, 80, "quarantined"},
    {{{FIELD_CODE, "~spyware|grayware"}}, 60, NULL},
    {{{FIELD_THREAT, "*"}}, 80, NULL},
    {{{FIELD_CODE, "~virus|malware|machine_learning|ransom"}}, 80, NULL},
    {{{FIELD_CODE, "~behavior"}}, 60, NULL},
    {{{FIELD_CODE, "~web|url|firewall|network"}}, 40, NULL},
    {{{FIELD_CODE, "~dlp|device|content"}}, 40, NULL},
};

static bool recognise(const struct parsed *parsed)
{
    struct bytes message = parsed->message;
    return bytes_begin_with(message, "TMCM:") || bytes_begin_with(message, "SLF_INCIDENT_EVT") ||
           bytes_find(message, "Security product=\"") || bytes_find(message, "Product Entity=\"") ||
           ((bytes_find(message, "Virus Name:") || bytes_find(message, "Virus/Malware:")) &&
            bytes_find(message, "File"));
}

static bool take_pair(struct parsed *parsed, struct bytes name, struct bytes value)
{
    if (bytes_equal_text(bytes_trim(value), "0.0.0.0"))
        return false;
    if (!bytes_equal_text(name, "C&C ip port"))
        return parsed_name(parsed, name, value);
    parsed_set_endpoint(parsed, false, value);
    return true;
}

/* TMCM:SLF_INCIDENT_EVT_VIRUS_FOUND_CLEAN_SUCCESS; answers what follows. */
static struct bytes take_code(struct parsed *parsed)
{
    struct bytes rest = parsed->message, word = bytes_next(&rest, ' ');
    if (bytes_begin_with(word, "TMCM:"))
        word = bytes_slice((const char *)word.data + 5, bytes_end(word));
    if (!bytes_begin_with(word, "SLF_"))
        return parsed->message;
    parsed_set(parsed, FIELD_CODE, word);
    parsed_set(parsed, FIELD_EVENT, word);
    return rest;
}

static void parse(struct parsed *parsed)
{
    static const struct keyvalue_style quoted = {.separators = "\r\n",
                                                 .names_have_spaces = true,
                                                 .no_escapes = true},
                                       colons = {.separators = ",",
                                                 .equals = ":",
                                                 .quotes = "",
                                                 .names_have_spaces = true,
                                                 .values_have_separators = true};
    struct bytes text = take_code(parsed);
    keyvalue_each(parsed, text, bytes_find(text, "=\"") ? &quoted : &colons, take_pair);
}

static const char *const times[] = {
    "Event time=",  "Event time (local)=", "Date/Time:", "Date/Time: ",
    "Event Time: ", "Generated: ",         NULL};

const struct format format_trendmicro_tmcm = {.name = "trendmicro_tmcm",
                                              .vendor = "Trend Micro",
                                              .product = "Control Manager",
                                              .recognise = recognise,
                                              .parse = parse,
                                              TABLE_PAIRS(pairs),
                                              TABLE_DETECTIONS(detections),
                                              .times = times};
