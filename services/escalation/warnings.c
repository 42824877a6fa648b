/* SPDX-License-Identifier: Apache-2.0 */
/* Readiness (clause 4-12): where support may be insufficient. Shown on the case and sent along; never a block. */
#include "common/desk/hearing.h"
#include "common/util.h"
#include "services/escalation/gate.h"

#include <string.h>

static bool is_text(const json_t *value, const char *text)
{
    return json_is_string(value) && strcmp(json_string_value(value), text) == 0;
}

/* Something was done before a copy was made: a clean step ticked, or actions the customer took by themselves. */
static bool traces_changed(const json_t *chain, const json_t *extraction)
{
    (void)extraction;
    const char *name;
    json_t *done;
    json_object_foreach(
        json_object_get(chain, "steps_done"), name,
        done) if (is_text(json_object_get(done, "kind_of_step"), "clean")) return true;
    return json_array_size(json_object_get(json_object_get(chain, "hearing"), "actions_taken")) > 0;
}

static bool disk_encrypted(const json_t *chain, const json_t *extraction)
{
    (void)extraction;
    const json_t *devices = json_object_get(json_object_get(chain, "hearing"), "device");
    for (size_t i = 0; i < json_array_size(devices); i++)
        if (is_text(json_object_get(json_array_get(devices, i), "disk_encrypted"), "yes"))
            return true;
    return false;
}

static bool logs_missing(const json_t *chain, const json_t *extraction)
{
    const json_t *logs = json_object_get(json_object_get(chain, "hearing"), "logs");
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
