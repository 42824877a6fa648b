/* SPDX-License-Identifier: Apache-2.0 */
/* Squid's native access.log: time elapsed client code/status bytes method URL user hierarchy/peer type. */
#include "services/triage/formats/format.h"

#include <string.h>

#define WORDS 10

static size_t split(struct bytes message, struct bytes words[WORDS])
{
    const char *at = message.data, *end = bytes_end(message);
    size_t count = 0;
    while (at < end && count < WORDS) {
        while (at < end && *at == ' ')
            at++;
        const char *from = at;
        while (at < end && *at != ' ' && *at != '\r' && *at != '\n')
            at++;
        if (at > from)
            words[count++] = bytes_slice(from, at);
        else
            break;
    }
    return count;
}

static bool is_number(struct bytes word, bool point)
{
    size_t points = 0;
    for (size_t i = 0; i < word.length; i++) {
        char c = ((const char *)word.data)[i];
        if (c == '.')
            points++;
        else if (c < '0' || c > '9')
            return false;
    }
    return word.length && points == (point ? 1 : 0);
}

static bool recognise(const struct parsed *parsed)
{
    struct bytes message = parsed->message;
    struct bytes words[WORDS];
    if (!message.length || *(const char *)message.data < '0' || *(const char *)message.data > '9')
        return false;
    return split(message, words) >= 9 && words[0].length >= 12 && is_number(words[0], true) &&
           is_number(words[1], false) && memchr(words[3].data, '/', words[3].length) &&
           is_number(words[4], false) && memchr(words[8].data, '/', words[8].length);
}

static void set_halves(struct parsed *parsed, struct bytes word, enum field before,
                       enum field after)
{
    const char *from = word.data, *slash = from ? memchr(from, '/', word.length) : NULL;
    if (!slash)
        return;
    parsed_set(parsed, before, bytes_slice(from, slash));
    parsed_set(parsed, after, bytes_slice(slash + 1, from + word.length));
}

static void parse(struct parsed *parsed)
{
    struct bytes words[WORDS] = {0};
    struct bytes peer = {0};
    if (split(parsed->message, words) < 9)
        return;
    parsed_set(parsed, FIELD_SOURCE_IP, words[2]);
    set_halves(parsed, words[3], FIELD_ACTION, FIELD_STATUS);
    parsed_set(parsed, FIELD_BYTES_IN, words[4]);
    parsed_set(parsed, FIELD_METHOD, words[5]);
    parsed_set(parsed, FIELD_URL, words[6]);
    parsed_set_domain_of_url(parsed, words[6]);
    parsed_set(parsed, FIELD_USER, words[7]);
    const char *slash = memchr(words[8].data, '/', words[8].length);
    if (slash)
        peer = bytes_slice(slash + 1, bytes_end(words[8]));
    parsed_set(parsed, FIELD_DESTINATION_IP, peer);
    parsed_set(parsed, FIELD_TYPE, bytes_of("access"));
}

static const struct detection_row detections[] = {
    {{{FIELD_ACTION, "~denied"}, {FIELD_STATUS, "403"}}, 20, "blocked"},
};

static const char *const times[] = {"", NULL};

const struct format format_squid = {.name = "squid",
                                    .vendor = "Squid",
                                    .product = "Squid",
                                    .recognise = recognise,
                                    .parse = parse,
                                    TABLE_DETECTIONS(detections),
                                    .times = times};
