/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4180, one record, and the backslash before a quote that some devices write instead of a doubled one. */
#include "services/triage/formats/format.h"

#include <string.h>

#define COLUMNS_MAX 400

/* What stands between the quotes, with "" and \" read. `*at` stands behind the opening quote and goes behind the closing. */
static struct bytes take_quoted(struct parsed *parsed, const char **at, const char *end)
{
    const char *from = *at, *p = from;
    bool escaped = false;
    for (; p < end; p++) {
        if (p + 1 < end && ((*p == '"' && p[1] == '"') || (*p == '\\' && p[1] == '"'))) {
            escaped = true;
            p++;
        } else if (*p == '"') {
            break;
        }
    }
    struct bytes value = bytes_slice(from, p);
    *at = p < end ? p + 1 : end;
    char *room = escaped ? parsed_scratch(parsed, value.length) : NULL, *to = room;
    if (!room)
        return value;
    for (const char *read = from; read < p; read++) {
        if (read + 1 < p && read[1] == '"' && (*read == '"' || *read == '\\'))
            read++;
        *to++ = *read;
    }
    return bytes_slice(room, to);
}

static struct bytes take_column(struct parsed *parsed, const char **at, const char *end)
{
    struct bytes value;
    if (*at < end && **at == '"') {
        (*at)++;
        value = take_quoted(parsed, at, end);
        while (*at < end && **at != ',')
            (*at)++;
        return value;
    }
    const char *from = *at;
    while (*at < end && **at != ',')
        (*at)++;
    return bytes_trim(bytes_slice(from, *at));
}

size_t csv_read(struct parsed *parsed, struct bytes text, const enum field *columns, size_t count,
                struct bytes *ret_all)
{
    const char *at = text.data, *end = bytes_end(text);
    size_t i = 0;
    for (; i < COLUMNS_MAX && at <= end && text.length; i++) {
        struct bytes value = take_column(parsed, &at, end);
        if (i < count && columns && columns[i] != FIELD_COUNT)
            parsed_set(parsed, columns[i], value);
        if (i < count && ret_all)
            ret_all[i] = value;
        if (at == end)
            return i + 1;
        at++; /* the comma */
    }
    return i;
}
