/* SPDX-License-Identifier: Apache-2.0 */
/* pf's filterlog of pfSense and OPNsense: columns by the IP version in the ninth and the protocol
 * (docs.netgate.com, "Raw Filter Log Format"). */
#include "services/triage/formats/format.h"

#define VERSION_AT 8
#define COLUMNS 22

static const enum field columns_4[COLUMNS] = {
    FIELD_COUNT,       FIELD_COUNT,           FIELD_COUNT,     FIELD_RULE_ID,
    FIELD_COUNT,       FIELD_COUNT,           FIELD_ACTION,    FIELD_DIRECTION,
    FIELD_COUNT,       FIELD_COUNT,           FIELD_COUNT,     FIELD_COUNT,
    FIELD_COUNT,       FIELD_COUNT,           FIELD_COUNT,     FIELD_COUNT,
    FIELD_TRANSPORT,   FIELD_COUNT,           FIELD_SOURCE_IP, FIELD_DESTINATION_IP,
    FIELD_SOURCE_PORT, FIELD_DESTINATION_PORT};
static const enum field columns_6[COLUMNS] = {FIELD_COUNT,
                                              FIELD_COUNT,
                                              FIELD_COUNT,
                                              FIELD_RULE_ID,
                                              FIELD_COUNT,
                                              FIELD_COUNT,
                                              FIELD_ACTION,
                                              FIELD_DIRECTION,
                                              FIELD_COUNT,
                                              FIELD_COUNT,
                                              FIELD_COUNT,
                                              FIELD_COUNT,
                                              FIELD_TRANSPORT,
                                              FIELD_COUNT,
                                              FIELD_COUNT,
                                              FIELD_SOURCE_IP,
                                              FIELD_DESTINATION_IP,
                                              FIELD_SOURCE_PORT,
                                              FIELD_DESTINATION_PORT,
                                              FIELD_COUNT,
                                              FIELD_COUNT,
                                              FIELD_COUNT};

static bool recognise(const struct parsed *parsed)
{
    return bytes_equal_text(parsed->header.app, "filterlog");
}

static void parse(struct parsed *parsed)
{
    struct bytes values[COLUMNS] = {0};
    size_t count = csv_read(parsed, parsed->message, NULL, COLUMNS, values);
    bool six = bytes_equal_text(values[VERSION_AT], "6");
    const enum field *columns = six ? columns_6 : columns_4;
    struct bytes transport = values[six ? 12 : 16];
    bool has_ports = bytes_equal_text_nocase(transport, "tcp") ||
                     bytes_equal_text_nocase(transport, "udp") ||
                     bytes_equal_text_nocase(transport, "sctp");
    for (size_t i = 0; i < COLUMNS && i < count; i++) {
        bool port = columns[i] == FIELD_SOURCE_PORT || columns[i] == FIELD_DESTINATION_PORT;
        if (columns[i] != FIELD_COUNT && (has_ports || !port))
            parsed_set(parsed, columns[i], values[i]);
    }
}

const struct format format_pfsense = {
    .name = "pfsense", .product = "pfSense or OPNsense", .recognise = recognise, .parse = parse};
