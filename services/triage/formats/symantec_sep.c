/* SPDX-License-Identifier: Apache-2.0 */
/* Symantec Endpoint Protection Manager's external logging (knowledge.broadcom.com, article 155205): columns between commas, most
 * of them "Name: value", some told by their place alone. Local and remote become source and destination by the direction.
 * A manager installed in another language writes the names in that language: such columns stay unread, the line is kept. */
#include "services/triage/formats/format.h"

#include <string.h>

#define COLUMNS_MAX 120

static const struct format_pair pairs[] = {
    PAIR("Server Name", OBSERVER),
    PAIR("Server", OBSERVER),
    PAIR("Computer name", HOST),
    PAIR("Computer", HOST),
    PAIR("Local Host Name", HOST),
    PAIR("IP Address", HOST_IP),
    PAIR("Local Host IP", HOST_IP),
    PAIR("Local Host", HOST_IP),
    PAIR("Local Host MAC", HOST_MAC),
    PAIR("Source computer", SOURCE_HOST),
    PAIR("Source IP", SOURCE_IP),
    PAIR("Risk name", RULE),
    PAIR("CIDS Signature string", RULE),
    PAIR("Rule", RULE),
    PAIR("Risk name", THREAT),
    PAIR("CIDS Signature ID", RULE_ID),
    PAIR("Category set", CATEGORY),
    PAIR("Detection type", SUBTYPE),
    PAIR("Source", SUBTYPE),
    PAIR("Actual action", ACTION),
    PAIR("Action", ACTION),
    PAIR("Risk Level", SEVERITY),
    PAIR("Severity", SEVERITY),
    PAIR("User Name", USER),
    PAIR("User", USER),
    PAIR("User1", USER),
    PAIR("Admin", USER),
    PAIR("Intrusion URL", URL),
    PAIR("Intrusion Payload URL", URL),
    PAIR("Download site", URL),
    PAIR("Web domain", DOMAIN),
    PAIR("File path", FILE_PATH),
    PAIR("File Path", FILE_PATH),
    PAIR("Application", PROCESS),
    PAIR("Downloaded by", PROCESS),
    PAIR("Event Description", MESSAGE),
    PAIR("Description", MESSAGE),
};

static const struct detection_row detections[] = {
    {{{FIELD_TYPE, "risk"}, {FIELD_EVENT, "~virus|forced sonar"}}, 80, NULL},
    {{{FIELD_TYPE, "risk"}}, 60, NULL},
    {{{FIELD_TYPE, "ips"}, {FIELD_MESSAGE, "~blocked"}}, 70, "blocked"},
    {{{FIELD_TYPE, "ips"}}, 70, NULL},
    {{{FIELD_TYPE, "behavior"}, {FIELD_ACTION, "~block|terminat"}}, 30, "blocked"},
    {{{FIELD_TYPE, "system"}, {FIELD_MESSAGE, "~log on failed|logon failed"}}, 20, "blocked"},
};

/* What kind of line it is, by what only that kind has. */
static const struct {
    const char *mark, *type;
} types[] = {
    {"Risk name: ", "risk"},        {"CIDS Signature", "ips"}, {"Intrusion ID: ", "ips"},
    {"Action Type: ", "behavior"},  {"Scan ID: ", "scan"},     {"Remote Host IP: ", "traffic"},
    {"Local Host IP: ", "traffic"}, {"Site: ", "system"},
};

struct columns { /* what is told by its place, and both ends of a connection */
    struct bytes place[8];
    size_t count;
    struct bytes remote_ip, remote_host, remote_mac, local_port, remote_port;
    bool inbound, outbound, behind_rule;
};

static bool recognise(const struct parsed *parsed)
{
    return bytes_equal_text(parsed->header.app, "SymantecServer") ||
           bytes_begin_with(parsed->message, "SymantecServer");
}

/* Up to a comma outside of quotes, which may begin behind a name as well; without the quotes. */
static struct bytes next_column(struct bytes *rest)
{
    const char *from = rest->data, *end = from + rest->length, *at = from;
    bool quoted = false;
    for (; at < end && (quoted || *at != ','); at++)
        if (*at == '"')
            quoted = !quoted;
    struct bytes column = bytes_slice(from, at);
    *rest = bytes_slice(at < end ? at + 1 : end, end);
    column = bytes_trim(column);
    const char *text = column.data;
    if (column.length > 1 && *text == '"' && text[column.length - 1] == '"')
        column = bytes_slice(text + 1, text + column.length - 1);
    return column;
}

static struct bytes unquoted(struct bytes value)
{
    const char *text = value.data;
    bool quoted = value.length > 1 && *text == '"' && text[value.length - 1] == '"';
    return quoted ? bytes_slice(text + 1, text + value.length - 1) : value;
}

static bool is_path(struct bytes value)
{
    const char *text = value.data;
    return (value.length > 3 && text[1] == ':' && (text[2] == '\\' || text[2] == '/')) ||
           bytes_begin_with(value, "\\\\");
}

static void take_end(struct columns *columns, struct bytes name, struct bytes value)
{
    if (bytes_equal_text(name, "Remote Host IP"))
        columns->remote_ip = value;
    else if (bytes_equal_text(name, "Remote Host Name"))
        columns->remote_host = value;
    else if (bytes_equal_text(name, "Remote Host MAC"))
        columns->remote_mac = value;
    else if (bytes_equal_text(name, "Remote Port"))
        columns->remote_port = value;
    else if (bytes_equal_text(name, "Local Port"))
        columns->local_port = value;
    else if (bytes_equal_text(name, "Rule"))
        columns->behind_rule = true;
}

static void take_place(struct parsed *parsed, struct columns *columns, struct bytes value)
{
    static const char *const transports[] = {"TCP", "UDP", "ICMP", "ICMPv6", "ETHERNET"};
    columns->inbound |= bytes_equal_text_nocase(value, "Inbound");
    columns->outbound |= bytes_equal_text_nocase(value, "Outbound");
    for (size_t i = 0; i < COUNT_OF(transports); i++)
        if (bytes_equal_text_nocase(value, transports[i]))
            parsed_set(parsed, FIELD_TRANSPORT, value);
    if (is_path(value))
        parsed_set(parsed, columns->behind_rule ? FIELD_PROCESS : FIELD_FILE_PATH, value);
    if (columns->count < COUNT_OF(columns->place))
        columns->place[columns->count++] = value;
}

static void take_column(struct parsed *parsed, struct columns *columns, struct bytes column)
{
    const char *end = bytes_end(column);
    const char *colon = column.length ? memchr(column.data, ':', column.length) : NULL;
    bool named = colon && !is_path(column) && (colon + 1 == end || colon[1] == ' ');
    if (!named) {
        take_place(parsed, columns, column);
        return;
    }
    struct bytes name = bytes_slice(column.data, colon);
    struct bytes value = unquoted(bytes_trim(bytes_slice(colon + 1, end)));
    take_end(columns, name, value);
    if (bytes_equal_text(name, "Application hash") || bytes_equal_text(name, "SHA-256") ||
        bytes_equal_text(name, "MD-5"))
        parsed_set_hash(parsed, value);
    else
        parsed_name(parsed, name, value);
}

static void set_type(struct parsed *parsed)
{
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (bytes_find(parsed->message, types[i].mark)) {
            parsed_set(parsed, FIELD_TYPE, bytes_of(types[i].type));
            return;
        }
}

/* Of what was told by its place: of a risk what happened, of the server's own log message, computer, user; else the computer
 * first, behind it its address, and of the behaviour log the action. */
static void set_by_place(struct parsed *parsed, const struct columns *columns)
{
    const struct bytes *place = columns->place;
    struct bytes type = parsed->fields[FIELD_TYPE];
    if (bytes_equal_text(type, "risk")) {
        parsed_set(parsed, FIELD_EVENT, place[0]);
    } else if (bytes_equal_text(type, "system")) {
        if (!parsed->fields[FIELD_MESSAGE].data)
            parsed_set(parsed, FIELD_MESSAGE, place[0]);
        if (columns->count >= 3) {
            parsed_set(parsed, FIELD_HOST, place[1]);
            parsed_set(parsed, FIELD_USER, place[2]);
        }
    } else if (!bytes_equal_text(type, "scan")) {
        parsed_set(parsed, FIELD_HOST, place[0]);
        if (bytes_is_address(place[1]))
            parsed_set(parsed, FIELD_HOST_IP, place[1]);
        if (!bytes_equal_text(type, "behavior"))
            return;
        parsed_set(parsed, FIELD_ACTION, place[2]);
        parsed_set(parsed, FIELD_MESSAGE, place[3]);
        parsed_set(parsed, FIELD_EVENT, bytes_of("application and device control"));
    }
}

static void set_ends(struct parsed *parsed, const struct columns *columns)
{
    bool out = columns->outbound;
    if (!columns->inbound && !out)
        return;
    parsed_set(parsed, FIELD_DIRECTION, bytes_of(out ? "outbound" : "inbound"));
    parsed_set(parsed, out ? FIELD_SOURCE_IP : FIELD_DESTINATION_IP, parsed->fields[FIELD_HOST_IP]);
    parsed_set(parsed, out ? FIELD_SOURCE_MAC : FIELD_DESTINATION_MAC,
               parsed->fields[FIELD_HOST_MAC]);
    parsed_set(parsed, out ? FIELD_SOURCE_PORT : FIELD_DESTINATION_PORT, columns->local_port);
    parsed_set(parsed, out ? FIELD_DESTINATION_IP : FIELD_SOURCE_IP, columns->remote_ip);
    parsed_set(parsed, out ? FIELD_DESTINATION_HOST : FIELD_SOURCE_HOST, columns->remote_host);
    parsed_set(parsed, out ? FIELD_DESTINATION_MAC : FIELD_SOURCE_MAC, columns->remote_mac);
    parsed_set(parsed, out ? FIELD_DESTINATION_PORT : FIELD_SOURCE_PORT, columns->remote_port);
}

static void parse(struct parsed *parsed)
{
    struct bytes rest = parsed->message;
    struct columns columns = {0};
    if (bytes_begin_with(rest,
                         "SymantecServer")) /* "SymantecServer: …", "SymantecServer name: …" */
        (void)bytes_next(&rest, ':');
    parsed_set(parsed, FIELD_OBSERVER, parsed->header.host);
    set_type(parsed);
    for (size_t i = 0; rest.length && i < COLUMNS_MAX; i++)
        take_column(parsed, &columns, next_column(&rest));
    set_by_place(parsed, &columns);
    set_ends(parsed, &columns);
}

static const char *const times[] = {"Event time: ", "Begin: ", "Begin Time: ", NULL};

const struct format format_symantec_sep = {.name = "symantec_sep",
                                           .vendor = "Symantec",
                                           .product = "Endpoint Protection",
                                           .recognise = recognise,
                                           .parse = parse,
                                           TABLE_PAIRS(pairs),
                                           TABLE_DETECTIONS(detections),
                                           .times = times};
