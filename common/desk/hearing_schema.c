/* SPDX-License-Identifier: Apache-2.0 */
/* The table as others read it: the sheet for consoles, and JSON Schema (draft 2020-12) of the body of POST /v1/cases. */
#include "common/desk/hearing_internal.h"

#include <string.h>

static const struct {
    const char *pointer, *ja, *en;
} sections[] = {
    {"/contact", "本件の窓口", "Contact"},
    {"/incident", "インシデントの概要", "Incident"},
    {"/actions_taken", "既に行った対処", "Already done"},
    {"/device", "インシデント発生対象機器", "Affected devices"},
    {"/network", "ネットワーク構成", "Network"},
    {"/logs", "ログ", "Logs"},
    {"/other_info", "その他", "Other"},
    {"/legal", "個人データ", "Personal data"},
    {"/insurance", "サイバー保険", "Insurance"},
    {"/tlp", "取扱区分", "Handling"},
};

static const char *type_name(enum hearing_type type)
{
    switch (type) {
    case HEARING_TEXT:
        return "text";
    case HEARING_PHONE:
        return "phone";
    case HEARING_EMAIL:
        return "email";
    case HEARING_TIME:
        return "time";
    case HEARING_CHOICE:
        return "choice";
    case HEARING_CHOICES:
        return "choices";
    case HEARING_TEXTS:
        return "texts";
    case HEARING_ADDRESSES:
        return "addresses";
    case HEARING_MAC:
        return "mac";
    case HEARING_INTEGER:
        return "integer";
    case HEARING_LIST:
        return "list";
    }
    return NULL;
}

static const char *stage_name(enum hearing_stage stage)
{
    switch (stage) {
    case HEARING_STAGE_A:
        return "A";
    case HEARING_STAGE_B:
        return "B";
    case HEARING_STAGE_B_IF_LEAK:
        return "B_if_leak";
    case HEARING_STAGE_H:
        return "H";
    case HEARING_OPTIONAL:
        return "optional";
    }
    return NULL;
}

static json_t *choices_array(const char *choices)
{
    json_t *array = json_array();
    while (choices) {
        size_t length = strcspn(choices, "|");
        json_array_append_new(array, json_stringn(choices, length));
        choices = choices[length] ? choices + length + 1 : NULL;
    }
    return array;
}

static json_t *choice_labels(const struct hearing_field *field)
{
    json_t *labels = json_array();
    for (const char *choice = field->choices; choice;) {
        size_t length = strcspn(choice, "|");
        const char *ja, *en;
        hearing_choice_words(field, choice, length, &ja, &en);
        json_array_append_new(
            labels, json_pack("{s:s%,s:s,s:s}", "value", choice, length, "ja", ja, "en", en));
        choice = choice[length] ? choice + length + 1 : NULL;
    }
    return labels;
}

/* --- the sheet ---------------------------------------------------------------------------------------------------- */

static json_t *sheet_row(const struct hearing_field *field)
{
    json_t *row =
        json_pack("{s:s,s:s,s:s,s:s,s:s,s:b,s:I}", "pointer", field->pointer, "ja", field->ja, "en",
                  field->en, "type", type_name(field->type), "stage", stage_name(field->stage),
                  "to_provider", field->to_provider, "max", (json_int_t)field->max);
    if (field->type == HEARING_INTEGER || field->min > 0)
        json_object_set_new(row, "min", json_integer(field->min));
    if (field->choices) {
        json_object_set_new(row, "choices", choices_array(field->choices));
        json_object_set_new(row, "labels", choice_labels(field));
    }
    if (field->precision)
        json_object_set_new(row, "precision", choices_array("minute|hour|day"));
    if (field->stage != HEARING_STAGE_A)
        json_object_set_new(row, "answers", choices_array("unknown|declined"));
    return row;
}

json_t *hearing_sheet(void)
{
    json_t *heads = json_array(), *rows = json_array();
    for (size_t i = 0; i < COUNT_OF(sections); i++)
        json_array_append_new(heads, json_pack("{s:s,s:s,s:s}", "pointer", sections[i].pointer,
                                               "ja", sections[i].ja, "en", sections[i].en));
    for (size_t i = 0; i < hearing_field_count; i++)
        json_array_append_new(rows, sheet_row(&hearing_fields[i]));
    return json_pack("{s:o,s:o}", "sections", heads, "fields", rows);
}

/* --- JSON Schema -------------------------------------------------------------------------------------------------- */

static json_t *schema_of(const struct hearing_node *node);

static json_t *schema_object(const struct hearing_node *node)
{
    json_t *properties = json_object(), *required = json_array();
    for (const struct hearing_node *child = node->first; child; child = child->next) {
        json_object_setn_new(properties, child->name, child->name_length, schema_of(child));
        if (node->required >> child->bit & 1)
            json_array_append_new(required, json_stringn(child->name, child->name_length));
    }
    json_t *schema = json_pack("{s:s,s:b,s:o}", "type", "object", "additionalProperties", 0,
                               "properties", properties);
    if (json_array_size(required) > 0)
        json_object_set(schema, "required", required);
    json_decref(required);
    return schema;
}

static json_t *schema_list(const struct hearing_node *node)
{
    json_t *schema = json_pack("{s:s,s:I,s:o}", "type", "array", "maxItems",
                               (json_int_t)node->field->max, "items", schema_of(node->first));
    if (node->field->type == HEARING_CHOICES)
        json_object_set_new(schema, "uniqueItems", json_true());
    return schema;
}

static json_t *schema_text(const struct hearing_field *field, const char *keyword,
                           const char *value)
{
    json_t *schema = json_pack("{s:s,s:i,s:I}", "type", "string", "minLength", 1, "maxLength",
                               (json_int_t)field->max);
    if (keyword)
        json_object_set_new(schema, keyword, json_string(value));
    return schema;
}

static json_t *schema_leaf(const struct hearing_field *field)
{
    switch (field->type) {
    case HEARING_PHONE:
        return schema_text(field, "pattern", "^([^0-9０-９]*[0-9０-９]){9}");
    case HEARING_EMAIL:
        return schema_text(field, "format", "email");
    case HEARING_TIME:
        return schema_text(field, "format", "date-time");
    case HEARING_ADDRESSES:
        return json_pack("{s:[{s:s,s:s},{s:s,s:s}]}", "anyOf", "type", "string", "format", "ipv4",
                         "type", "string", "format", "ipv6");
    case HEARING_MAC:
        return json_pack("{s:s,s:s}", "type", "string", "pattern", "^([0-9A-Fa-f][:.-]*){12}$");
    case HEARING_INTEGER:
        return json_pack("{s:s,s:I,s:I}", "type", "integer", "minimum", (json_int_t)field->min,
                         "maximum", (json_int_t)field->max);
    case HEARING_CHOICE:
    case HEARING_CHOICES:
        return json_pack("{s:o}", "enum", choices_array(field->choices));
    case HEARING_TEXT:
    case HEARING_TEXTS:
    case HEARING_LIST:
        break;
    }
    return schema_text(field, "pattern", "[^ \\t\\n\\r\u3000]");
}

static json_t *schema_plain(const struct hearing_node *node)
{
    switch (node->kind) {
    case HEARING_NODE_OBJECT:
        return schema_object(node);
    case HEARING_NODE_LIST:
        return schema_list(node);
    case HEARING_NODE_LEAF:
        return schema_leaf(node->field);
    case HEARING_NODE_CUSTOMER:
        return json_pack("{s:s,s:s}", "type", "string", "pattern", "^[A-Z0-9-]{1,20}$");
    case HEARING_NODE_SOURCES:
        return json_pack("{s:s,s:o}", "type", "object", "additionalProperties",
                         schema_of(node->first));
    }
    return NULL;
}

static json_t *schema_of(const struct hearing_node *node)
{
    json_t *schema = schema_plain(node);
    if (node->answers)
        schema =
            json_pack("{s:[o,{s:o}]}", "anyOf", schema, "enum", choices_array("unknown|declined"));
    if (node->field && node->field->ja)
        json_object_set_new(schema, "title", json_string(node->field->ja));
    if (node->field && node->field->en)
        json_object_set_new(schema, "description", json_string(node->field->en));
    return schema;
}

json_t *hearing_schema(void)
{
    json_t *schema = schema_of(hearing_shape());
    json_object_set_new(schema, "$schema",
                        json_string("https://json-schema.org/draft/2020-12/schema"));
    return schema;
}
