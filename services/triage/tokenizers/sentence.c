/* SPDX-License-Identifier: Apache-2.0 */
/* Messages written for people, in which the marks before a value are all there is to go by. */
#include "services/triage/formats/format.h"

#include <string.h>

struct bytes bytes_behind(struct bytes text, const char *before, const char *ends)
{
    const char *from = bytes_find(text, before);
    if (!from)
        return (struct bytes){0};
    const char *end = bytes_end(text);
    from += strlen(before);
    const char *at = from;
    while (at < end && !(*at && strchr(ends, *at)))
        at++;
    return bytes_slice(from, at);
}

struct bytes bytes_next_word(struct bytes *text)
{
    if (!text->length)
        return (struct bytes){0};
    const char *at = text->data, *end = at + text->length;
    while (at < end && *at == ' ')
        at++;
    const char *from = at;
    while (at < end && *at != ' ')
        at++;
    *text = bytes_slice(at, end);
    return bytes_slice(from, at);
}

void parsed_set_address_behind(struct parsed *parsed, enum field field, struct bytes text,
                               const char *mark)
{
    static const char inside[] = "0123456789abcdefABCDEF:.";
    const char *from = bytes_find(text, mark);
    if (!from)
        return;
    const char *end = bytes_end(text);
    from += strlen(mark);
    from += from < end && *from == '[';
    const char *at = from;
    while (at < end && *at && strchr(inside, *at))
        at++;
    while (at > from && (at[-1] == '.' || (at[-1] == ':' && !(at - from > 1 && at[-2] == ':'))))
        at--; /* the end of the sentence */
    struct bytes address = bytes_slice(from, at);
    const char *colon = address.length ? memchr(from, ':', address.length) : NULL;
    if (!bytes_is_address(address) && colon)
        address = bytes_slice(from, colon);
    if (bytes_is_address(address))
        parsed_set(parsed, field, address);
}

void parsed_set_action_in(struct parsed *parsed, struct bytes name)
{
    static const char *const words[] = {"drop",   "deny",  "block",  "reject", "refuse",
                                        "accept", "allow", "permit", "pass"};
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        const char *at = bytes_find_nocase(name, bytes_of(words[i]));
        if (at) {
            parsed_set(parsed, FIELD_ACTION, bytes_slice(at, at + strlen(words[i])));
            return;
        }
    }
}
