/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: from a raw log line to named fields. One table of formats; a format is recognised line by line, so that one
 * customer may send several products in one stream. A line of no known format is kept and found by its text.
 * Ownership: fields are slices of the line or of the parsed line's own scratch; the line must outlive them.
 * Threads: any, no shared state. Errors: there are none: what cannot be read leaves its field empty.
 * Limits: 400 pairs a line, JSON depth 16, names up to 120 bytes; scratch is never longer than the line.
 * SECURITY: every byte comes from outside; nothing here allocates by what a line claims.
 */
#include "common/util.h"

enum field {
    FIELD_VENDOR,
    FIELD_PRODUCT,
    FIELD_OBSERVER,
    FIELD_SERIAL,
    FIELD_HOST,
    FIELD_APP,
    FIELD_TYPE,
    FIELD_SUBTYPE,
    FIELD_EVENT,
    FIELD_CODE,
    FIELD_ACTION,
    FIELD_SEVERITY,
    FIELD_RISK,
    FIELD_RULE,
    FIELD_RULE_ID,
    FIELD_CATEGORY,
    FIELD_SOURCE_IP,
    FIELD_SOURCE_PORT,
    FIELD_SOURCE_MAC,
    FIELD_SOURCE_HOST,
    FIELD_DESTINATION_IP,
    FIELD_DESTINATION_PORT,
    FIELD_DESTINATION_MAC,
    FIELD_DESTINATION_HOST,
    FIELD_TRANSPORT,
    FIELD_PROTOCOL,
    FIELD_DIRECTION,
    FIELD_USER,
    FIELD_URL,
    FIELD_DOMAIN,
    FIELD_DNS,
    FIELD_TLS_NAME,
    FIELD_METHOD,
    FIELD_STATUS,
    FIELD_AGENT,
    FIELD_FILE,
    FIELD_SHA256,
    FIELD_SHA1,
    FIELD_MD5,
    FIELD_BYTES_OUT,
    FIELD_BYTES_IN,
    FIELD_MESSAGE,
    FIELD_COUNT
};
extern const char *const field_names[FIELD_COUNT]; /* ECS names */

struct format;
struct parsed {
    const struct format *format; /* NULL: of no known format */
    struct bytes fields[FIELD_COUNT];
    struct bytes message; /* the line without its syslog header */
    char *scratch;
    size_t scratch_used, scratch_size;
};

struct format_pair { /* a product's own name of a field */
    const char *name;
    enum field field;
};

struct format {
    const char *name; /* "fortigate": as in the header `format` */
    const char *vendor, *product;
    bool (*recognise)(struct bytes message);
    void (*parse)(struct bytes message, struct parsed *parsed);
};
extern const struct format format_table[];
extern const size_t format_count;

/* Which format the message (without syslog header) is of; NULL if none. */
const struct format *format_of(struct bytes message);
/* Reads a whole line. Release with parsed_clear. */
void format_parse(struct bytes line, struct parsed *ret_parsed);
void parsed_clear(struct parsed *parsed); /* for CLEANUP */

/* --- for the formats ------------------------------------------------------------------------------------------- */
/* The first value of a field stays. Empty values and the placeholders "-", "N/A", "none" leave it empty. */
void parsed_set(struct parsed *parsed, enum field field, struct bytes value);
void parsed_set_named(struct parsed *parsed, const struct format_pair *pairs, size_t count,
                      struct bytes name, struct bytes value);
/* Room for a decoded value no longer than what it was decoded from. */
char *parsed_scratch(struct parsed *parsed, size_t length);

struct bytes bytes_slice(const char *from, const char *to);
bool bytes_begin_with(struct bytes bytes, const char *text);
const char *bytes_find(struct bytes bytes, const char *text); /* NULL if not there */
bool bytes_equal_text_nocase(struct bytes bytes, const char *text);
const char *bytes_find_nocase(struct bytes bytes, struct bytes part);
struct bytes bytes_trim(struct bytes bytes);

/* --- the formats ------------------------------------------------------------------------------------------------- */
bool fortigate_recognise(struct bytes message);
void fortigate_parse(struct bytes message, struct parsed *parsed);
bool cef_recognise(struct bytes message);
void cef_parse(struct bytes message, struct parsed *parsed);
bool eve_recognise(struct bytes message);
void eve_parse(struct bytes message, struct parsed *parsed);
bool squid_recognise(struct bytes message);
void squid_parse(struct bytes message, struct parsed *parsed);

/* name=value pairs as FortiGate and its like write them: values bare up to a space, or in quotes with \" and \\ inside. */
void keyvalue_each(struct bytes text, struct parsed *parsed,
                   void (*each)(struct parsed *parsed, struct bytes name, struct bytes value));

/* RFC 5424 and RFC 3164 headers, with and without <priority>. What is no header stays part of the message. */
struct syslog_header {
    struct bytes time, host, app; /* NULL data where there is none */
    bool dated;                   /* time is RFC 3339; else "Mmm dd hh:mm:ss" */
};
struct bytes syslog_strip(struct bytes line, struct syslog_header *ret_header);
