/* SPDX-License-Identifier: Apache-2.0 */
/* What the key=value tokenizer reads, for tests in other languages: one JSON string a line in, one array of all its pairs
 * [[name, value], …] a line out. A text is taken as it is, without a syslog header before it; text that is not UTF-8 is an error. */
#include "services/triage/formats/format.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static json_t *pairs; /* of the line that is being read: `each` has no argument of its own */

static json_t *text_of(struct bytes bytes)
{
    json_t *text = json_stringn(bytes.data ? bytes.data : "", bytes.length);
    if (!text)
        exit(100);
    return text;
}

static bool keep(struct parsed *parsed, struct bytes name, struct bytes value)
{
    (void)parsed;
    json_array_append_new(pairs, json_pack("[o, o]", text_of(name), text_of(value)));
    return true;
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, stdin) > 0) {
        CLEANUP(parsed_clear) struct parsed parsed = {0};
        json_auto_t *text = json_loads(line, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        if (!json_is_string(text))
            return 100;
        parsed.line = parsed.message =
            (struct bytes){json_string_value(text), json_string_length(text)};
        pairs = json_array();
        keyvalue_each(&parsed, parsed.line, NULL, keep);
        json_dumpf(pairs, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(pairs);
    }
    free(line);
    return 0;
}
