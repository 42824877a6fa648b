/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/subject.h"

#include "services/triage/needles.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME_BYTES_MIN 3 /* shorter names would be found everywhere */

enum mark_kind { MARK_NETWORK, MARK_MAC, MARK_NAME };

struct mark {
    enum mark_kind kind;
    char *text;          /* as the case has it */
    char *label;         /* the device it belongs to */
    uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
    int prefix;
    uint8_t mac[6];
};

struct subject {
    struct mark *marks;
    size_t mark_count;
    struct needles *names;   /* texts of the marks, for lines of no known format */
    size_t *name_marks;      /* which mark each of them is of */
    struct needles *asked;   /* indicators that were given */
    struct needles *learned; /* from detections */
    char *text;
};

/* --- reading addresses ----------------------------------------------------------------------------------------------- */

static bool read_address(const char *text, uint8_t ret_address[16], int *ret_bits)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (inet_pton(AF_INET, text, ret_address + 12) == 1) {
        memcpy(ret_address, mapped, sizeof mapped);
        *ret_bits = 32;
        return true;
    }
    *ret_bits = 128;
    return inet_pton(AF_INET6, text, ret_address) == 1;
}

static bool read_slice(struct bytes text, uint8_t ret_address[16], int *ret_bits)
{
    char copy[INET6_ADDRSTRLEN];
    if (!text.length || text.length >= sizeof copy)
        return false;
    memcpy(copy, text.data, text.length);
    copy[text.length] = '\0';
    return read_address(copy, ret_address, ret_bits);
}

static bool read_network(const char *text, uint8_t ret_address[16], int *ret_prefix)
{
    const char *slash = strchr(text, '/');
    struct bytes host = slash ? bytes_slice(text, slash) : bytes_of(text);
    int bits, prefix;
    if (!read_slice(host, ret_address, &bits))
        return false;
    *ret_prefix = 128;
    if (!slash)
        return true;
    char *end;
    prefix = (int)strtol(slash + 1, &end, 10);
    if (*end || end == slash + 1 || prefix < 0 || prefix > bits)
        return false;
    *ret_prefix = prefix + 128 - bits;
    return true;
}

static bool is_within(const uint8_t address[16], const uint8_t network[16], int prefix)
{
    int whole = prefix / 8, rest = prefix % 8;
    if (memcmp(address, network, (size_t)whole) != 0)
        return false;
    return rest == 0 || (address[whole] ^ network[whole]) >> (8 - rest) == 0;
}

/* Any of the usual writings: 84:78:48:80:0d:86, 84-78-…, 8478.4880.0d86, 847848800d86. */
static bool read_mac(struct bytes text, uint8_t ret_mac[6])
{
    size_t digits = 0;
    memset(ret_mac, 0, 6);
    for (size_t i = 0; i < text.length; i++) {
        char c = ((const char *)text.data)[i];
        if (c == ':' || c == '-' || c == '.')
            continue;
        if (!isxdigit((unsigned char)c) || digits == 12)
            return false;
        int value = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
        ret_mac[digits / 2] = (uint8_t)(ret_mac[digits / 2] << 4 | value);
        digits++;
    }
    return digits == 12;
}

/* --- building ----------------------------------------------------------------------------------------------------------- */

static void add_mark(struct subject *subject, const char *text, const char *label)
{
    struct mark mark = {0};
    if (!text || !*text || subject->mark_count == SUBJECT_MARKS_MAX)
        return;
    if (read_network(text, mark.address, &mark.prefix))
        mark.kind = MARK_NETWORK;
    else if (read_mac(bytes_of(text), mark.mac))
        mark.kind = MARK_MAC;
    else if (strlen(text) >= NAME_BYTES_MIN && strcmp(text, "unknown") != 0 &&
             strcmp(text, "declined") != 0)
        mark.kind = MARK_NAME;
    else
        return;
    mark.text = mem_strdup(text);
    mark.label = mem_strdup(label ? label : text);
    subject->marks = mem_resize(subject->marks, subject->mark_count + 1, sizeof mark);
    subject->marks[subject->mark_count++] = mark;
    size_t next = needles_count(subject->names);
    if (needles_add(subject->names, text, strlen(text)) != next)
        return; /* no word, or there already */
    subject->name_marks = mem_resize(subject->name_marks, next + 1, sizeof(size_t));
    subject->name_marks[next] = subject->mark_count - 1;
}

static void add_device(struct subject *subject, const json_t *device)
{
    const char *name = json_string_value(json_object_get(device, "name"));
    const json_t *addresses = json_object_get(device, "addresses");
    if (json_is_string(device)) {
        add_mark(subject, json_string_value(device), NULL);
        return;
    }
    add_mark(subject, name, name);
    add_mark(subject, json_string_value(json_object_get(device, "mac")), name);
    add_mark(subject, json_string_value(json_object_get(device, "user")), name);
    for (size_t i = 0; i < json_array_size(addresses); i++)
        add_mark(subject, json_string_value(json_array_get(addresses, i)), name);
}

static size_t indicator_count(const struct subject *subject)
{
    return needles_count(subject->asked) + needles_count(subject->learned);
}

static void learn(struct subject *subject, const char *text, size_t length)
{
    if (length >= 4 && length <= 253 && indicator_count(subject) < SUBJECT_INDICATORS_MAX)
        (void)needles_add(subject->learned, text, length);
}

struct subject *subject_new(const json_t *devices, const json_t *indicators, const char *text)
{
    struct subject *subject = mem_alloc(sizeof *subject);
    subject->names = needles_new();
    subject->asked = needles_new();
    subject->learned = needles_new();
    for (size_t i = 0; i < json_array_size(devices); i++)
        add_device(subject, json_array_get(devices, i));
    for (size_t i = 0; i < json_array_size(indicators); i++) {
        const json_t *entry = json_array_get(indicators, i);
        const char *value =
            json_string_value(json_is_object(entry) ? json_object_get(entry, "value") : entry);
        if (value && needles_count(subject->asked) < SUBJECT_INDICATORS_MAX)
            (void)needles_add(subject->asked, value, strlen(value));
    }
    subject->text = text && *text ? mem_strdup(text) : NULL;
    return subject;
}

void subject_free(struct subject *subject)
{
    if (!subject)
        return;
    for (size_t i = 0; i < subject->mark_count; i++) {
        free(subject->marks[i].text);
        free(subject->marks[i].label);
    }
    needles_free(subject->names);
    needles_free(subject->asked);
    needles_free(subject->learned);
    free(subject->name_marks);
    free(subject->marks);
    free(subject->text);
    free(subject);
}

void subject_free_at(struct subject **subject)
{
    subject_free(*subject);
}

bool subject_is_empty(const struct subject *subject)
{
    return !subject->mark_count && !indicator_count(subject) && !subject->text;
}

/* --- touching ---------------------------------------------------------------------------------------------------------------- */

static const enum field address_fields[] = {FIELD_SOURCE_IP, FIELD_DESTINATION_IP, FIELD_HOST_IP,
                                            FIELD_SOURCE_HOST, FIELD_DESTINATION_HOST};
static const enum field mac_fields[] = {FIELD_SOURCE_MAC, FIELD_DESTINATION_MAC, FIELD_HOST_MAC};
static const enum field name_fields[] = {FIELD_SOURCE_HOST, FIELD_DESTINATION_HOST, FIELD_HOST,
                                         FIELD_USER, FIELD_DOMAIN};
static const enum field host_fields[] = {FIELD_SOURCE_HOST, FIELD_DESTINATION_HOST, FIELD_HOST};

/* The addresses of a line, read once however many marks there are. */
struct line_addresses {
    uint8_t ip[COUNT_OF(address_fields)][16];
    size_t ip_count;
    uint8_t mac[COUNT_OF(mac_fields)][6];
    size_t mac_count;
};

static void read_addresses(const struct parsed *parsed, struct line_addresses *ret)
{
    int bits;
    ret->ip_count = ret->mac_count = 0;
    for (size_t i = 0; i < COUNT_OF(address_fields); i++)
        ret->ip_count +=
            read_slice(parsed->fields[address_fields[i]], ret->ip[ret->ip_count], &bits);
    for (size_t i = 0; i < COUNT_OF(mac_fields); i++)
        ret->mac_count += read_mac(parsed->fields[mac_fields[i]], ret->mac[ret->mac_count]);
}

static bool touches_network(const struct mark *mark, const struct line_addresses *line)
{
    for (size_t i = 0; i < line->ip_count; i++)
        if (is_within(line->ip[i], mark->address, mark->prefix))
            return true;
    return false;
}

static bool touches_mac(const struct mark *mark, const struct line_addresses *line)
{
    for (size_t i = 0; i < line->mac_count; i++)
        if (memcmp(line->mac[i], mark->mac, sizeof mark->mac) == 0)
            return true;
    return false;
}

/* "PC-07" is "pc-07.example.co.jp" and "EXAMPLE\pc-07" too. */
static bool is_name(struct bytes value, const char *name)
{
    size_t length = strlen(name);
    const char *from = value.data, *end = bytes_end(value), *at;
    for (struct bytes rest = value; (at = bytes_find_nocase(rest, bytes_of(name)));
         rest = (struct bytes){at + 1, (size_t)(end - at - 1)}) {
        bool begins = at == from || at[-1] == '\\';
        bool ends =
            at + length == end || at[length] == '.' || at[length] == '@' || at[length] == '$';
        if (begins && ends)
            return true;
    }
    return false;
}

/* The case says "pc-07.example.co.jp", the line "PC-07" alone. Only where hosts stand: a user may be called "pc-07". */
static bool is_host(struct bytes value, const char *name)
{
    size_t label = strcspn(name, ".");
    return name[label] && label >= NAME_BYTES_MIN && value.length == label &&
           strncasecmp(value.data, name, label) == 0;
}

static bool touches_name(const struct mark *mark, const struct parsed *parsed)
{
    for (size_t i = 0; i < COUNT_OF(name_fields); i++)
        if (is_name(parsed->fields[name_fields[i]], mark->text))
            return true;
    for (size_t i = 0; i < COUNT_OF(host_fields); i++)
        if (is_host(parsed->fields[host_fields[i]], mark->text))
            return true;
    return false;
}

static bool touches(const struct mark *mark, const struct parsed *parsed,
                    const struct line_addresses *line)
{
    switch (mark->kind) {
    case MARK_NETWORK:
        return touches_network(mark, line);
    case MARK_MAC:
        return touches_mac(mark, line);
    case MARK_NAME:
        return touches_name(mark, parsed);
    }
    return false;
}

/* --- lines of no known format ---------------------------------------------------------------------------------------------- */

static bool is_address_byte(char c)
{
    return isxdigit((unsigned char)c) || c == '.' || c == ':' || c == '-';
}

/* The next run of what addresses are written with, without the punctuation around it; false at the end. */
static bool next_token(const char **at, const char *end, struct bytes *ret_token)
{
    while (*at < end && !is_address_byte(**at))
        (*at)++;
    const char *from = *at;
    while (*at < end && is_address_byte(**at))
        (*at)++;
    const char *to = *at;
    while (to > from &&
           (to[-1] == '.' || to[-1] == '-' || (to[-1] == ':' && (to - from < 2 || to[-2] != ':'))))
        to--;
    *ret_token = bytes_slice(from, to);
    return *at > from;
}

/* "10.9.8.7:5060" is 10.9.8.7 with a port. */
static struct bytes without_port(struct bytes token)
{
    const char *colon = memchr(token.data, ':', token.length);
    bool dotted = colon && memchr(token.data, '.', (size_t)(colon - (const char *)token.data));
    return dotted ? bytes_slice(token.data, colon) : token;
}

static void read_token(struct bytes token, struct line_addresses *ret)
{
    int bits;
    ret->ip_count = read_slice(without_port(token), ret->ip[0], &bits);
    ret->mac_count = read_mac(token, ret->mac[0]);
}

static bool has_addresses(const struct subject *subject)
{
    for (size_t i = 0; i < subject->mark_count; i++)
        if (subject->marks[i].kind != MARK_NAME)
            return true;
    return false;
}

static const char *touches_token(const struct subject *subject, const struct line_addresses *token)
{
    for (size_t i = 0; i < subject->mark_count; i++) {
        const struct mark *mark = &subject->marks[i];
        if ((mark->kind == MARK_NETWORK && touches_network(mark, token)) ||
            (mark->kind == MARK_MAC && touches_mac(mark, token)))
            return mark->label;
    }
    return NULL;
}

const char *subject_touches_text(const struct subject *subject, struct bytes text)
{
    const char *at = text.data, *end = bytes_end(text), *label = NULL;
    struct bytes token;
    size_t name = needles_find(subject->names, text);
    if (name != NEEDLES_NONE)
        return subject->marks[subject->name_marks[name]].label;
    if (!has_addresses(subject))
        return NULL;
    while (!label && next_token(&at, end, &token)) {
        struct line_addresses addresses;
        read_token(token, &addresses);
        if (addresses.ip_count || addresses.mac_count)
            label = touches_token(subject, &addresses);
    }
    return label;
}

const char *subject_touches(const struct subject *subject, const struct parsed *parsed)
{
    struct line_addresses addresses;
    if (!parsed->format)
        return subject_touches_text(subject, parsed->message);
    if (subject->mark_count)
        read_addresses(parsed, &addresses);
    for (size_t i = 0; i < subject->mark_count; i++)
        if (touches(&subject->marks[i], parsed, &addresses))
            return subject->marks[i].label;
    return NULL;
}

bool subject_is_asked(const struct subject *subject, struct bytes line)
{
    if (subject->text && bytes_find_nocase(line, bytes_of(subject->text)))
        return true;
    return needles_find(subject->asked, line) != NEEDLES_NONE;
}

const char *subject_mentioned(const struct subject *subject, struct bytes line)
{
    size_t word = needles_find(subject->asked, line);
    if (word != NEEDLES_NONE)
        return needles_word(subject->asked, word);
    word = needles_find(subject->learned, line);
    return word == NEEDLES_NONE ? NULL : needles_word(subject->learned, word);
}

bool subject_mentions(const struct subject *subject, struct bytes line)
{
    return subject_is_asked(subject, line) || needles_find(subject->learned, line) != NEEDLES_NONE;
}

/* --- learning from detections -------------------------------------------------------------------------------------------------- */

/* Addresses of the customer's own: RFC 1918, 6598, 3927, loopback, multicast, unique local. They name no attacker. */
static bool is_own_network(const uint8_t address[16])
{
    static const char *const own[] = {"10.0.0.0/8",    "172.16.0.0/12",  "192.168.0.0/16",
                                      "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8",
                                      "224.0.0.0/3",   "0.0.0.0/8",      "fc00::/7",
                                      "fe80::/10",     "ff00::/8",       "::/127"};
    for (size_t i = 0; i < COUNT_OF(own); i++) {
        uint8_t network[16];
        int prefix;
        if (read_network(own[i], network, &prefix) && is_within(address, network, prefix))
            return true;
    }
    return false;
}

static void learn_address(struct subject *subject, struct bytes text)
{
    uint8_t address[16];
    int bits;
    if (read_slice(text, address, &bits) && !is_own_network(address))
        learn(subject, text.data, text.length);
}

static bool is_domain(struct bytes text)
{
    uint8_t address[16];
    int bits;
    return text.length && memchr(text.data, '.', text.length) && !read_slice(text, address, &bits);
}

void subject_learn(struct subject *subject, const struct parsed *parsed)
{
    static const enum field domains[] = {FIELD_DOMAIN, FIELD_DNS, FIELD_TLS_NAME,
                                         FIELD_DESTINATION_HOST};
    static const enum field hashes[] = {FIELD_SHA256, FIELD_SHA1, FIELD_MD5};
    learn_address(subject, parsed->fields[FIELD_SOURCE_IP]);
    learn_address(subject, parsed->fields[FIELD_DESTINATION_IP]);
    for (size_t i = 0; i < COUNT_OF(domains); i++)
        if (is_domain(parsed->fields[domains[i]]))
            learn(subject, parsed->fields[domains[i]].data, parsed->fields[domains[i]].length);
    for (size_t i = 0; i < COUNT_OF(hashes); i++)
        learn(subject, parsed->fields[hashes[i]].data, parsed->fields[hashes[i]].length);
}

static void list_words(const struct needles *words, json_t *list, size_t *bytes)
{
    for (size_t i = 0; i < needles_count(words); i++) {
        json_auto_t *word = json_string(needles_word(words, i)); /* NULL: no UTF-8 */
        size_t length = word ? json_dumpb(word, NULL, 0, JSON_ENCODE_ANY) + 1 : 0;
        if (word && *bytes + length <= SUBJECT_INDICATORS_BYTES_MAX) {
            json_array_append(list, word);
            *bytes += length;
        }
    }
}

json_t *subject_indicators(const struct subject *subject)
{
    json_t *list = json_array();
    size_t bytes = sizeof "[]";
    list_words(subject->asked, list, &bytes);
    list_words(subject->learned, list, &bytes);
    return list;
}
