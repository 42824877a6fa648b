/* SPDX-License-Identifier: Apache-2.0 */
/* What triage makes of log lines, for tests in other languages: one JSON string a line in, one object a line out:
 * {"format","time","time_from","fields":{ECS name: text},"severity","action","what"}. parse_lines APPEND_TIME */
#include "common/clock.h"
#include "services/triage/detection.h"
#include "services/triage/ecs.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *text_of(struct bytes bytes)
{
    CLEANUP(buf_free) struct buf text;
    buf_init(&text, SIZE_MAX / 2);
    ecs_text(bytes, &text);
    return json_stringn(text.data ? text.data : "", text.length);
}

static json_t *fields_of(const struct parsed *parsed)
{
    json_t *fields = json_object();
    for (int field = 0; field < FIELD_COUNT; field++)
        if (parsed->fields[field].data)
            json_object_set_new(fields, field_names[field], text_of(parsed->fields[field]));
    return fields;
}

static json_t *read_line(struct bytes line, int64_t append_us)
{
    CLEANUP(parsed_clear) struct parsed parsed;
    struct finding finding;
    enum event_time_source source;
    char time[CLOCK_TEXT_SIZE];
    clock_format_us(event_time_of((struct bytes){0}, line, append_us, &source), time);
    format_parse(line, &parsed);
    detection_judge(&parsed, &finding);
    return json_pack("{s:s?, s:s, s:s, s:o, s:i, s:s?, s:s?}", "format",
                     parsed.format ? parsed.format->name : NULL, "time", time, "time_from",
                     event_time_source_name(source), "fields", fields_of(&parsed), "severity",
                     finding.severity, "action", finding.action, "what",
                     finding.detection ? finding.what : NULL);
}

int main(int argc, char **argv)
{
    int64_t append_us;
    char *line = NULL;
    size_t room = 0;
    if (argc != 2 || !clock_parse(argv[1], strlen(argv[1]), &append_us))
        return 100;
    while (getline(&line, &room, stdin) > 0) {
        json_auto_t *text = json_loads(line, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        if (!json_is_string(text))
            return 100;
        json_auto_t *answer =
            read_line((struct bytes){json_string_value(text), json_string_length(text)}, append_us);
        json_dumpf(answer, stdout, JSON_COMPACT);
        putchar('\n');
    }
    free(line);
    return 0;
}
