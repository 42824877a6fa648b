/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: from a raw log line to named fields. A format is one file in this folder: how its lines are recognised and read,
 * which of the product's own names mean which ECS field, what counts as a detection and how severe it is, and where the time
 * stands. A further product is a further file, its name in meson.build, and its lines among the tests. A format is
 * recognised line by line, so that one customer may send several products in one stream. A line of no known format is kept
 * and found by its text.
 * Ownership: fields are slices of the line, of static text, or of the parsed line's own scratch; the line must outlive them.
 * Threads: any, no shared state. Errors: there are none: what cannot be read leaves its field empty.
 * Limits: 400 pairs a line, JSON depth 16, names up to 120 bytes; scratch is never longer than the line.
 * SECURITY: every byte comes from outside; nothing here allocates by what a line claims.
 */
#include <stdint.h>
#include "common/util.h"

/* ECS names: formats/fields.c. */
enum field {
    FIELD_VENDOR,
    FIELD_PRODUCT,
    FIELD_OBSERVER, /* the device that reports */
    FIELD_OBSERVER_IP,
    FIELD_SERIAL,
    FIELD_HOST, /* the computer that it happened on, where the line names one apart from source and destination */
    FIELD_HOST_IP,
    FIELD_HOST_MAC,
    FIELD_APP, /* syslog's application */
    FIELD_TYPE,
    FIELD_SUBTYPE,
    FIELD_EVENT,
    FIELD_CODE,
    FIELD_ACTION,   /* as the product says it */
    FIELD_LEVEL,    /* of the message, as syslog means it */
    FIELD_SEVERITY, /* of the threat, as the product means it */
    FIELD_RISK,
    FIELD_RULE,
    FIELD_RULE_ID,
    FIELD_CATEGORY,
    FIELD_THREAT, /* malware or threat by its name */
    FIELD_SOURCE_IP,
    FIELD_SOURCE_PORT,
    FIELD_SOURCE_MAC,
    FIELD_SOURCE_HOST,
    FIELD_SOURCE_NAT_IP,
    FIELD_DESTINATION_IP,
    FIELD_DESTINATION_PORT,
    FIELD_DESTINATION_MAC,
    FIELD_DESTINATION_HOST,
    FIELD_DESTINATION_NAT_IP,
    FIELD_TRANSPORT,
    FIELD_PROTOCOL,
    FIELD_DIRECTION,
    FIELD_USER,
    FIELD_TARGET_USER,
    FIELD_URL,
    FIELD_DOMAIN,
    FIELD_DNS,
    FIELD_TLS_NAME,
    FIELD_METHOD,
    FIELD_STATUS,
    FIELD_AGENT,
    FIELD_REFERRER,
    FIELD_FILE,
    FIELD_FILE_PATH,
    FIELD_SHA256,
    FIELD_SHA1,
    FIELD_MD5,
    FIELD_PROCESS,
    FIELD_COMMAND,
    FIELD_MAIL_FROM,
    FIELD_MAIL_TO,
    FIELD_MAIL_SUBJECT,
    FIELD_BYTES_OUT,
    FIELD_BYTES_IN,
    FIELD_MESSAGE,
    FIELD_COUNT
};
extern const char *const field_names[FIELD_COUNT];

/* RFC 5424 and RFC 3164 headers, with and without <priority>. What is no header stays part of the message. */
struct syslog_header {
    struct bytes time, host, app; /* NULL data where there is none */
    struct bytes
        structured; /* RFC 5424's [id name="value" …], without the brackets' end being sure */
};
/* Answers what stands behind the header. */
struct bytes syslog_strip(struct bytes line, struct syslog_header *ret_header);

struct format;
struct parsed {
    const struct format *format; /* NULL: of no known format */
    struct bytes
        line; /* whole; as UTF-8, so that words are found and no half character looks like a quote */
    char *converted; /* owned: the line, where it was no UTF-8 */
    struct syslog_header header;
    struct bytes message; /* the line without its syslog header */
    struct bytes
        json; /* from where an object begins in the message, a few words may stand before; no data: none does */
    struct bytes cef; /* from its "CEF:" on; no data: none */
    struct bytes fields[FIELD_COUNT];
    unsigned char ranks[FIELD_COUNT];
    char *scratch;
    size_t scratch_used, scratch_size;
};

struct format_pair { /* a product's own name of a field */
    const char *name;
    size_t length;
    enum field field; /* FIELD_COUNT: nowhere, though the base has a place */
};
#define PAIR(name_, field_) {(name_), sizeof(name_) - 1, FIELD_##field_}

/* Values: alternatives separated by '|', letters of either case; "*" any value at all; "~a|b" any that contains one;
 * "!a|b" there and none of them; "" not there. */
struct condition {
    enum field field;
    const char *values;
};
#define SEVERITY_OF_LINE                                                                           \
    (-1) /* what the product itself says: FIELD_SEVERITY, read by the format's scale */
struct detection_row {
    struct condition all[4]; /* NULL values: no further condition */
    int severity;            /* 0 to 100; 0: certainly no detection */
    const char *
        action; /* "blocked", "allowed", "detected", "quarantined"; NULL: what FIELD_ACTION says, see detection.c */
};
/* How a product counts severity; words (low, high, critical …) are understood in every scale. */
enum severity_scale {
    SEVERITY_TEN,     /* 0 to 10, 10 the worst: CEF, LEEF */
    SEVERITY_SYSLOG,  /* 0 to 7, 0 the worst */
    SEVERITY_FIVE,    /* 1 to 5, 5 the worst */
    SEVERITY_HUNDRED, /* 0 to 100 */
};

struct format {
    const char *name;             /* "fortigate": event.module */
    const char *vendor, *product; /* NULL: the line tells */
    bool is_json;                 /* asked only where the message holds an object */
    /* Looks at message and header; quick, for it is asked for every line that is taken in. */
    bool (*recognise)(const struct parsed *parsed);
    void (*parse)(struct parsed *parsed);
    const struct format_pair
        *pairs; /* where several name one field the first of the table counts, not of the line */
    size_t pair_count;
    const struct detection_row *detections; /* the first row that fits decides */
    size_t detection_count;
    enum severity_scale scale;
    /* What is not found in this format's tables is looked up in these of another one. NULL: none. */
    const struct format *base;
    /* What stands right before the time ("eventtime=", "\"timestamp\":"), in order of preference, NULL at the end; "" is the
     * beginning of the message. Looked for in the first 8 KiB. */
    const char *const *times;
    /* Where that is not enough; asked when none of them brings a time. */
    bool (*time)(const struct parsed *parsed, int64_t append_us, int64_t *ret_us);
    bool utc;      /* times that name no zone are in UTC, not in the desk's */
    bool any_case; /* names are the same in capitals and small letters */
};
#define TABLE_PAIRS(array) .pairs = (array), .pair_count = COUNT_OF(array)
#define TABLE_DETECTIONS(array) .detections = (array), .detection_count = COUNT_OF(array)

/* For `time`: date=… and time=… that stand apart, with tz= or timezone= somewhere; what FortiGate, Sophos and others do. */
bool format_time_split(const struct parsed *parsed, int64_t append_us, int64_t *ret_us);
/* For products that speak CEF with names of their own: base = &format_cef. */
extern const struct format format_cef;
void cef_parse(struct parsed *parsed);
/* From "CEF:" on, which may stand behind a word or two of a relay. NULL data: no CEF. */
struct bytes cef_begin(struct bytes message);
/* CEF of one of these vendors, NULL at the end. */
bool cef_is_of(const struct parsed *parsed, const char *const *vendors);
extern const char *const cef_times[];
/* Windows' events are the same in JSON and in XML. */
extern const struct format format_windows_json;
void windows_finish(struct parsed *parsed);
bool windows_name(struct parsed *parsed, struct bytes name, struct bytes value);

extern const struct format *const format_table[]; /* in the order of asking */
extern const size_t format_count;

/* Takes the header off and finds the format; what is cheap enough for every line. Release with parsed_clear. */
void format_recognise(struct bytes line, struct parsed *ret_parsed);
/* The fields as well. */
void format_parse(struct bytes line, struct parsed *ret_parsed);
void parsed_clear(
    struct parsed *parsed); /* for CLEANUP; parsed must have been recognised, parsed or zeroed */

/* --- for the formats ------------------------------------------------------------------------------------------- */
/* The first value of a field stays, and counts for more than what pairs bring. Empty values and the placeholders "-", "N/A",
 * "none", "null", "(null)" leave a field empty. An address field takes addresses only, without brackets and port: what is a
 * name goes to the host beside it. A hash field takes hexadecimal digits only; their number tells which kind it is. */
void parsed_set(struct parsed *parsed, enum field field, struct bytes value);
/* The pair of the format, or of its base, with this name. False: no such pair. */
bool parsed_name(struct parsed *parsed, struct bytes name, struct bytes value);
/* The same for products that put everything below one name or another: "event.", NULL at the end. */
bool parsed_name_below(struct parsed *parsed, const char *const *prefixes, struct bytes name,
                       struct bytes value);
/* Source for destination, where the line shows "local" and "remote" and the other side began. */
void parsed_swap_ends(struct parsed *parsed);
/* A hash whose kind its length tells. */
void parsed_set_hash(struct parsed *parsed, struct bytes value);
/* Address, port and host out of "192.0.2.1:80", "[2001:db8::1]:80", "2001:db8:0:0:0:0:0:1:80" (Suricata),
 * "192.0.2.1:80:X1:name" (SonicWall). */
void parsed_set_endpoint(struct parsed *parsed, bool source, struct bytes value);
/* Scheme, port and path aside. */
void parsed_set_domain_of_url(struct parsed *parsed, struct bytes url);
/* Room for a decoded value no longer than what it was decoded from. NULL: the line's length is used up. */
char *parsed_scratch(struct parsed *parsed, size_t length);

struct bytes bytes_slice(const char *from, const char *to);
bool bytes_begin_with(struct bytes bytes, const char *text);
const char *bytes_find(struct bytes bytes, const char *text); /* NULL if not there */
bool bytes_equal_text_nocase(struct bytes bytes, const char *text);
const char *bytes_find_nocase(struct bytes bytes, struct bytes part);
struct bytes bytes_trim(struct bytes bytes);
bool bytes_is_address(struct bytes bytes); /* IPv4 or IPv6, and nothing else beside it */
/* At most `max` bytes of the beginning. */
struct bytes bytes_head(struct bytes bytes, size_t max);
/* Up to the separator; `*rest` goes behind it. At the end of the text NULL data. */
struct bytes bytes_next(struct bytes *rest, char separator);

/* --- sentences, for messages that people were meant to read: tokenizers/sentence.c -------------------------------------- */
/* From behind `before` to the next of the characters of `ends`, or to the end. NULL data where `before` is not there. */
struct bytes bytes_behind(struct bytes text, const char *before, const char *ends);
/* The word without the blanks before it; `*text` goes behind it. At the end of the text empty. */
struct bytes bytes_next_word(struct bytes *text);
/* The address right behind the mark, with or without a port; a name that stands there is not taken. */
void parsed_set_address_behind(struct parsed *parsed, enum field field, struct bytes text,
                               const char *mark);
/* What a firewall did, by the word for it (drop, deny, accept …) in the name that people gave to the rule. */
void parsed_set_action_in(struct parsed *parsed, struct bytes name);

/* --- tokenizers ------------------------------------------------------------------------------------------------------
 * Each gives name and value of what it reads to `each`; NULL: to parsed_name. What that answers does not matter. */
typedef bool parsed_each_fn(struct parsed *parsed, struct bytes name, struct bytes value);

/* name=value as FortiGate and its like write them: values bare up to a separator, or in quotes with \" and \\ inside. */
struct keyvalue_style {
    const char *separators;      /* between pairs; NULL: space and tab */
    const char *equals;          /* between name and value; NULL: "=" */
    const char *quotes;          /* NULL: '"' */
    bool names_have_spaces;      /* from the separator to the equals sign; '&' as well */
    bool values_have_separators; /* bare ones end only before a name and an equals sign */
    bool no_escapes;             /* a backslash is one: for paths of Windows that nobody escaped */
};
void keyvalue_each(struct parsed *parsed, struct bytes text, const struct keyvalue_style *style,
                   parsed_each_fn *each);

/* Comma-separated as RFC 4180 has it, quotes doubled or with a backslash. Column i goes to columns[i]; FIELD_COUNT: nowhere.
 * Answers the number of columns read; `ret_all` (may be NULL) gets the first `count` values. */
size_t csv_read(struct parsed *parsed, struct bytes text, const enum field *columns, size_t count,
                struct bytes *ret_all);

/* JSON by the path of each scalar ("alert.signature"), arrays without an index. Nothing is allocated; a line that was cut
 * off yields what stands before the cut. A pair written as an object, {"Name": "ForwardTo", "Value": …}, is also given by its
 * name ("Parameters.ForwardTo"), and a text that is JSON itself also by what is in it ("AdditionalFields.ThreatName"). */
void json_each(struct parsed *parsed, struct bytes text, parsed_each_fn *each);
/* The object that the message is, or that stands behind a word or two ("darktrace {…"). NULL data: none. */
struct bytes json_begin(struct bytes message);
/* Such an object with one of these texts near its beginning: names with their quotes, NULL at the end. */
bool json_tells(const struct parsed *parsed, const char *const *marks);

/* CEF's extension: a value runs up to the next " name=". csN, cnN, flexStringN … are given by their labels too, as
 * "label:Policy Name". */
void cef_each(struct parsed *parsed, struct bytes extension, parsed_each_fn *each);
/* A field of CEF's and LEEF's head, up to an unescaped '|'; `*rest` goes behind it. */
struct bytes cef_head_next(struct parsed *parsed, struct bytes *rest);

/* <Name attribute="value">text</Name> as "Name" and "Name.attribute"; Windows' <Data Name="X">text</Data> as "X". */
void xml_each(struct parsed *parsed, struct bytes text, parsed_each_fn *each);

/* RFC 5424 structured data: name="value" of every element. */
void structured_each(struct parsed *parsed, struct bytes structured, parsed_each_fn *each);
