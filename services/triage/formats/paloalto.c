/* SPDX-License-Identifier: Apache-2.0 */
/* PAN-OS 9 to 11, "Syslog Field Descriptions": comma-separated, the type in the fourth column, and by it what the others are.
 * The time is the high-resolution one where it is sent, else that of the log's making. */
#include "services/triage/formats/format.h"
#include "services/triage/time_text.h"

#include <string.h>

#define COLUMNS_MAX 112
#define TYPE_AT 3
#define MADE_AT 6

struct column {
    unsigned char at;
    enum field field;
};

static const struct column common[] = {{2, FIELD_SERIAL}, {3, FIELD_TYPE}, {4, FIELD_SUBTYPE}};

/* THREAT, TRAFFIC, DECRYPTION up to the action. */
static const struct column session[] = {
    {7, FIELD_SOURCE_IP},           {8, FIELD_DESTINATION_IP}, {9, FIELD_SOURCE_NAT_IP},
    {10, FIELD_DESTINATION_NAT_IP}, {11, FIELD_RULE},          {12, FIELD_USER},
    {13, FIELD_TARGET_USER},        {14, FIELD_PROTOCOL},      {24, FIELD_SOURCE_PORT},
    {25, FIELD_DESTINATION_PORT},   {29, FIELD_TRANSPORT},     {30, FIELD_ACTION}};
static const struct column threat[] = {{33, FIELD_CATEGORY},         {34, FIELD_SEVERITY},
                                       {35, FIELD_DIRECTION},        {46, FIELD_AGENT},
                                       {49, FIELD_REFERRER},         {50, FIELD_MAIL_FROM},
                                       {51, FIELD_MAIL_SUBJECT},     {52, FIELD_MAIL_TO},
                                       {59, FIELD_OBSERVER},         {63, FIELD_METHOD},
                                       {86, FIELD_SOURCE_HOST},      {87, FIELD_SOURCE_MAC},
                                       {94, FIELD_DESTINATION_HOST}, {95, FIELD_DESTINATION_MAC}};
static const struct column traffic[] = {
    {32, FIELD_BYTES_OUT},  {33, FIELD_BYTES_IN},         {37, FIELD_CATEGORY},
    {46, FIELD_EVENT},      {52, FIELD_OBSERVER},         {82, FIELD_SOURCE_HOST},
    {83, FIELD_SOURCE_MAC}, {90, FIELD_DESTINATION_HOST}, {91, FIELD_DESTINATION_MAC}};
static const struct column system_log[] = {
    {8, FIELD_EVENT}, {13, FIELD_SEVERITY}, {14, FIELD_MESSAGE}, {22, FIELD_OBSERVER}};
static const struct column config[] = {{7, FIELD_SOURCE_IP}, {9, FIELD_EVENT},
                                       {10, FIELD_USER},     {11, FIELD_PROTOCOL},
                                       {12, FIELD_ACTION},   {13, FIELD_MESSAGE}};
static const struct column globalprotect[] = {
    {8, FIELD_EVENT},      {12, FIELD_USER},    {14, FIELD_HOST},    {15, FIELD_SOURCE_IP},
    {16, FIELD_SOURCE_IP}, {17, FIELD_HOST_IP}, {18, FIELD_HOST_IP}, {27, FIELD_MESSAGE},
    {28, FIELD_ACTION},    {47, FIELD_OBSERVER}};
static const struct column userid[] = {
    {8, FIELD_SOURCE_IP}, {9, FIELD_USER}, {16, FIELD_PROTOCOL}, {25, FIELD_OBSERVER}};
static const struct column authentication[] = {{8, FIELD_SOURCE_IP},
                                               {9, FIELD_USER},
                                               {12, FIELD_RULE},
                                               {18, FIELD_MESSAGE},
                                               {20, FIELD_EVENT}};
static const struct column hipmatch[] = {{7, FIELD_USER},
                                         {9, FIELD_HOST},
                                         {11, FIELD_SOURCE_IP},
                                         {12, FIELD_RULE},
                                         {24, FIELD_OBSERVER}};
static const struct column correlation[] = {
    {7, FIELD_SOURCE_IP}, {8, FIELD_USER},  {10, FIELD_CATEGORY}, {11, FIELD_SEVERITY},
    {17, FIELD_OBSERVER}, {19, FIELD_RULE}, {20, FIELD_RULE_ID},  {21, FIELD_MESSAGE}};

#define COLUMNS(array) array, COUNT_OF(array)
static const struct {
    const char *type;
    const struct column *first;
    size_t first_count;
    const struct column *then;
    size_t then_count;
} types[] = {
    {"THREAT", COLUMNS(session), COLUMNS(threat)},
    {"TRAFFIC", COLUMNS(session), COLUMNS(traffic)},
    {"DECRYPTION", COLUMNS(session), NULL, 0},
    {"SYSTEM", COLUMNS(system_log), NULL, 0},
    {"CONFIG", COLUMNS(config), NULL, 0},
    {"GLOBALPROTECT", COLUMNS(globalprotect), NULL, 0},
    {"USERID", COLUMNS(userid), NULL, 0},
    {"AUTHENTICATION", COLUMNS(authentication), NULL, 0},
    {"HIPMATCH", COLUMNS(hipmatch), NULL, 0},
    {"CORRELATION", COLUMNS(correlation), NULL, 0},
};

static const struct detection_row detections[] = {
    {{{FIELD_TYPE, "THREAT"}, {FIELD_SUBTYPE, "wildfire"}, {FIELD_CATEGORY, "benign"}}, 0, NULL},
    {{{FIELD_TYPE, "THREAT"}, {FIELD_SUBTYPE, "wildfire"}, {FIELD_CATEGORY, "grayware"}}, 40, NULL},
    {{{FIELD_TYPE, "THREAT"}, {FIELD_SUBTYPE, "virus|wildfire-virus|ml-virus|wildfire"}}, 80, NULL},
    {{{FIELD_TYPE, "THREAT"}, {FIELD_SUBTYPE, "url"}, {FIELD_THREAT, "*"}}, 60, NULL},
    {{{FIELD_TYPE, "THREAT"}, {FIELD_SUBTYPE, "url"}, {FIELD_ACTION, "~block|deny|drop|reset"}},
     30,
     "blocked"},
    {{{FIELD_TYPE, "THREAT"},
      {FIELD_SUBTYPE, "data|file"},
      {FIELD_ACTION, "~block|deny|drop|reset"}},
     40,
     "blocked"},
    {{{FIELD_TYPE, "THREAT"}, {FIELD_SUBTYPE, "url|data|file"}}, 0, NULL},
    {{{FIELD_TYPE, "THREAT|CORRELATION"}}, SEVERITY_OF_LINE, NULL},
    {{{FIELD_TYPE, "SYSTEM"}, {FIELD_EVENT, "~auth-fail|login-fail"}}, 20, "blocked"},
    {{{FIELD_TYPE, "GLOBALPROTECT"},
      {FIELD_EVENT, "~auth|login|register"},
      {FIELD_ACTION, "failure"}},
     20,
     "blocked"},
};

/* The columns begin behind the last space before the first comma, whatever header stands before them. */
static struct bytes columns_of(struct bytes message)
{
    const char *from = message.data, *end = bytes_end(message);
    const char *comma = message.length ? memchr(from, ',', message.length) : NULL;
    const char *space = comma ? memrchr(from, ' ', (size_t)(comma - from)) : NULL;
    return bytes_slice(space ? space + 1 : from, end);
}

static size_t type_of(struct bytes name)
{
    size_t i = 0;
    while (i < COUNT_OF(types) && !bytes_equal_text(name, types[i].type))
        i++;
    return i;
}

static bool recognise(const struct parsed *parsed)
{
    struct bytes type = {0}, rest = bytes_head(parsed->message, 512);
    for (size_t i = 0; i <= TYPE_AT; i++)
        type = bytes_next(&rest, ',');
    return rest.data && type_of(type) < COUNT_OF(types);
}

/* "0.0.0.0" and "::" stand where there is no address; a name never stands for one. */
static bool is_empty(enum field field, struct bytes value)
{
    bool is_for_address = field == FIELD_SOURCE_IP || field == FIELD_DESTINATION_IP ||
                          field == FIELD_SOURCE_NAT_IP || field == FIELD_DESTINATION_NAT_IP ||
                          field == FIELD_HOST_IP;
    return is_for_address && (!bytes_is_address(value) || bytes_equal_text(value, "0.0.0.0") ||
                              bytes_equal_text(value, "::"));
}

static void take(struct parsed *parsed, const struct column *columns, size_t count,
                 const struct bytes *values)
{
    for (size_t i = 0; i < count; i++)
        if (!is_empty(columns[i].field, values[columns[i].at]))
            parsed_set(parsed, columns[i].field, values[columns[i].at]);
}

/* Categories of URLs that are a threat by themselves. */
static bool is_threat(struct bytes category)
{
    static const char *const names[] = {
        "malware",  "phishing", "command-and-control", "ransomware",
        "grayware", "hacking",  "scanning-activity",   "compromised-website"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (bytes_begin_with(category, names[i]))
            return true;
    return false;
}

/* "Name of the threat(40015)"; 9999 is the filter of URLs, which has no name. */
static void take_threat(struct parsed *parsed, struct bytes threat_id, struct bytes category)
{
    if (!threat_id.length)
        return;
    const char *from = threat_id.data, *end = bytes_end(threat_id);
    const char *open = memrchr(from, '(', threat_id.length);
    struct bytes number = bytes_behind(bytes_slice(open ? open : end, end), "(", ")");
    parsed_set(parsed, FIELD_RULE_ID, number);
    if (!bytes_equal_text(number, "9999"))
        parsed_set(parsed, FIELD_THREAT, bytes_slice(from, open ? open : end));
    else if (is_threat(category))
        parsed_set(parsed, FIELD_THREAT, category);
}

/* The column that is a URL, a file or a name asked for, depending on what was looked at. */
static void take_object(struct parsed *parsed, struct bytes object)
{
    struct bytes subtype = parsed->fields[FIELD_SUBTYPE];
    bool is_file = bytes_find(subtype, "virus") || bytes_find(subtype, "wildfire") ||
                   bytes_equal_text(subtype, "file") || bytes_equal_text(subtype, "data");
    bool is_url = !is_file && (bytes_equal_text(subtype, "url") || bytes_find(object, "/"));
    if (!object.length)
        return;
    if (is_url) {
        parsed_set(parsed, FIELD_URL, object);
        parsed_set_domain_of_url(parsed, object);
    } else if (!is_file && bytes_find(parsed->fields[FIELD_PROTOCOL], "dns")) {
        parsed_set(parsed, FIELD_DNS, object);
        parsed_set(parsed, FIELD_DOMAIN, object);
    } else {
        parsed_set(parsed, FIELD_FILE, object);
    }
}

/* Log-ins that the system log tells of in words. */
static void take_description(struct parsed *parsed)
{
    struct bytes text = parsed->fields[FIELD_MESSAGE];
    static const char *const users[] = {"for user '", "User name: ", "user name: ", "User '"};
    static const char *const addresses[] = {"From: ", "Client IP: ", "Login from: ", " from "};
    for (size_t i = 0; i < COUNT_OF(users); i++)
        parsed_set(parsed, FIELD_USER, bytes_behind(text, users[i], "',"));
    if (bytes_find(text, "log in") || bytes_find(text, "logged in") ||
        bytes_find(text, "logged out"))
        parsed_set(parsed, FIELD_USER, bytes_behind(text, "User ", " "));
    for (size_t i = 0; i < COUNT_OF(addresses); i++)
        parsed_set_address_behind(parsed, FIELD_SOURCE_IP, text, addresses[i]);
}

static void parse(struct parsed *parsed)
{
    struct bytes values[COLUMNS_MAX] = {0};
    (void)csv_read(parsed, columns_of(parsed->message), NULL, COLUMNS_MAX, values);
    size_t type = type_of(values[TYPE_AT]);
    if (type == COUNT_OF(types))
        return;
    take(parsed, COLUMNS(common), values);
    take(parsed, types[type].first, types[type].first_count, values);
    take(parsed, types[type].then, types[type].then_count, values);
    if (bytes_equal_text(values[TYPE_AT], "THREAT")) {
        take_threat(parsed, values[32], values[33]);
        take_object(parsed, values[31]);
        parsed_set_hash(parsed, values[43]);
    } else if (bytes_equal_text(values[TYPE_AT], "SYSTEM")) {
        take_description(parsed);
    }
}

/* "2026-11-24T15:00:00.123+09:00" */
static bool is_precise(struct bytes column)
{
    const char *at = column.data;
    return column.length >= 24 && column.length <= 32 && at[4] == '-' && at[7] == '-' &&
           at[10] == 'T' && at[13] == ':' && at[16] == ':' && at[19] == '.';
}

/* Runs along the columns without unpacking them; what is in quotes is no time. */
static bool tell_time(const struct parsed *parsed, int64_t append_us, int64_t *ret_us)
{
    struct bytes text = columns_of(parsed->message), made = {0}, precise = {0};
    const char *from = text.data, *end = bytes_end(text);
    bool quoted = false;
    size_t column = 0;
    for (const char *at = from; at < end && !precise.data; at++) {
        quoted ^= *at == '"';
        if (quoted || (*at != ',' && at + 1 < end))
            continue;
        struct bytes value = bytes_slice(from, *at == ',' ? at : at + 1);
        if (column == 1 || (column == MADE_AT && value.length >= 19))
            made = value;
        if (column > MADE_AT && is_precise(value))
            precise = value;
        from = at + 1;
        column++;
    }
    return time_text_read(precise, append_us, ret_us) || time_text_read(made, append_us, ret_us);
}

const struct format format_paloalto = {.name = "paloalto",
                                       .vendor = "Palo Alto Networks",
                                       .product = "PAN-OS",
                                       .recognise = recognise,
                                       .parse = parse,
                                       TABLE_DETECTIONS(detections),
                                       .time = tell_time};
