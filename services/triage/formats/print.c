/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/formats/print.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "services/triage/formats/format.h"

static json_t *fields_of(const struct format *format)
{
    json_t *fields = json_object();
    for (size_t i = 0; i < format->pair_count; i++) {
        const struct format_pair *pair = &format->pairs[i];
        json_t *names = json_object_get(fields, pair->name);
        if (pair->field == FIELD_COUNT)
            continue;
        if (!names)
            json_object_set_new(fields, pair->name, names = json_array());
        json_array_append_new(names, json_string(field_names[pair->field]));
    }
    return fields;
}

static json_t *row_of(const struct detection_row *row)
{
    json_t *when = json_object();
    for (size_t i = 0; i < COUNT_OF(row->all) && row->all[i].values; i++)
        json_object_set_new(when, field_names[row->all[i].field], json_string(row->all[i].values));
    json_t *severity = row->severity == SEVERITY_OF_LINE ? json_string("as the line says")
                                                         : json_integer(row->severity);
    return json_pack("{s:o, s:o, s:s}", "when", when, "severity", severity, "action",
                     row->action ? row->action : "as the line says");
}

static json_t *describe(const struct format *format)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < format->detection_count; i++)
        json_array_append_new(rows, row_of(&format->detections[i]));
    return json_pack("{s:s, s:s?, s:s?, s:s?, s:o, s:o}", "name", format->name, "vendor",
                     format->vendor, "product", format->product, "base",
                     format->base ? format->base->name : NULL, "fields", fields_of(format),
                     "detections", rows);
}

int formats_print(int argc, char **argv)
{
    json_auto_t *list = json_array();
    (void)argc, (void)argv;
    for (size_t i = 0; i < format_count; i++)
        json_array_append_new(list, describe(format_table[i]));
    json_dumpf(list, stdout, JSON_INDENT(1));
    putchar('\n');
    return 0;
}
