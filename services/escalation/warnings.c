/* SPDX-License-Identifier: Apache-2.0 */
/* Readiness (clause 4-12): where support may be insufficient. Shown on the case and sent along; never a block. */
#include "services/escalation/gate.h"

#include "common/clock.h"
#include "common/desk/hearing.h"
#include "common/util.h"

#include <string.h>

static bool is_text(const json_t *value, const char *text)
{
    return json_is_string(value) && strcmp(json_string_value(value), text) == 0;
}

/* --- traces changed before a copy was made ------------------------------------------------------------------------------- */

static bool is_step(const json_t *action, const char *kind)
{
    return is_text(json_object_get(action, "kind"), "step") &&
           is_text(json_object_get(json_object_get(action, "step"), "kind_of_step"), kind);
}

/* The first action of the chain that preserved something; NULL: nothing is preserved yet. */
static const json_t *first_copy(const json_t *actions)
{
    for (size_t i = 0; i < json_array_size(actions); i++)
        if (is_step(json_array_get(actions, i), "preserve"))
            return json_array_get(actions, i);
    return NULL;
}

static bool is_after(const json_t *time, const json_t *other)
{
    int64_t at, then;
    return json_is_string(time) && json_is_string(other) &&
           clock_parse(json_string_value(time), json_string_length(time), &at) &&
           clock_parse(json_string_value(other), json_string_length(other), &then) && at > then;
}

/* A cleaning step counts unless the copy stands before it in the chain; what the customer had done already, unless they say
 * that it was after the copy. */
static bool traces_changed(const json_t *chain, const json_t *extraction)
{
    (void)extraction;
    const json_t *actions = json_object_get(chain, "actions"), *copy = first_copy(actions);
    const json_t *own = json_object_get(json_object_get(chain, "hearing"), "actions_taken");
    for (size_t i = 0; i < json_array_size(actions) && json_array_get(actions, i) != copy; i++)
        if (is_step(json_array_get(actions, i), "clean"))
            return true;
    for (size_t i = 0; i < json_array_size(own); i++)
        if (!is_after(json_object_get(json_array_get(own, i), "at"), json_object_get(copy, "at")))
            return true;
    return false;
}

/* --- the others ------------------------------------------------------------------------------------------------------------ */

static bool disk_encrypted(const json_t *chain, const json_t *extraction)
{
    (void)extraction;
    const json_t *devices = json_object_get(json_object_get(chain, "hearing"), "device");
    for (size_t i = 0; i < json_array_size(devices); i++)
        if (is_text(json_object_get(json_array_get(devices, i), "disk_encrypted"), "yes"))
            return true;
    return false;
}

/* None that the customer has, none that they brought, and nothing found in those that the desk keeps. */
static bool logs_missing(const json_t *chain, const json_t *extraction)
{
    const json_t *logs = json_object_get(json_object_get(chain, "hearing"), "logs"),
                 *uploads = json_object_get(chain, "uploads");
    for (size_t i = 0; i < json_array_size(uploads); i++)
        if (is_text(json_object_get(json_array_get(uploads, i), "of"), "logs"))
            return false;
    for (size_t i = 0; i < json_array_size(logs); i++)
        if (is_text(json_object_get(json_array_get(logs, i), "available"), "yes"))
            return false;
    return !is_text(json_object_get(extraction, "status"), "found");
}

static bool hearing_incomplete(const json_t *chain, const json_t *extraction)
{
    (void)extraction;
    const json_t *hearing = json_object_get(chain, "hearing");
    json_auto_t *before_policy = hearing_missing(hearing, HEARING_STAGE_B);
    json_auto_t *before_handover = hearing_missing(hearing, HEARING_STAGE_H);
    return json_array_size(before_policy) + json_array_size(before_handover) > 0;
}

static const struct {
    const char *code, *ja, *en;
    bool (*holds)(const json_t *chain, const json_t *extraction);
} warnings[] = {
    {"traces_changed", "複製を取る前に痕跡が消去・変更されている可能性があります。",
     "Traces may have been erased or changed before a copy was made.", traces_changed},
    {"disk_encrypted", "HDD/SSDが暗号化されています。", "The disk is encrypted.", disk_encrypted},
    {"logs_missing", "解析に必要な周辺のログがありません。", "Surrounding logs are missing.",
     logs_missing},
    {"hearing_incomplete", "ヒアリングが十分ではありません。", "The hearing is incomplete.",
     hearing_incomplete},
};

json_t *warnings_of(const json_t *chain, const json_t *extraction)
{
    json_t *list = json_array();
    for (size_t i = 0; i < COUNT_OF(warnings); i++)
        if (warnings[i].holds(chain, extraction))
            json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "code", warnings[i].code,
                                                  "clause", "4-12", "ja", warnings[i].ja, "en",
                                                  warnings[i].en));
    return list;
}
