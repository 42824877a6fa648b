/* SPDX-License-Identifier: Apache-2.0 */
#include "common/desk/topics.h"

#include <assert.h>
#include <string.h>

#define EVERY_SERVICE "intake,triage,escalation,notify"

const struct topic topics_table[] = {
    {.name = "cases",
     .key = "case id",
     .flush_each = true,
     .writers = "intake",
     .readers = EVERY_SERVICE},
    {.name = "contracts",
     .type = "contract.recorded",
     .key = "customer id",
     .compacted = true,
     .writers = "intake",
     .readers = "intake"},
    {.name = "security-logs",
     .key = "customer id",
     .retention_days = 90,
     .log_append_time = true,
     .redriven = true,
     .writers = "shipper",
     .readers = "triage"},
    {.name = "uploads",
     .key = "case id",
     .retention_days = 365,
     .writers = "intake",
     .readers = "triage,escalation,intake"},
    {.name = "extractions",
     .type = "extraction.updated",
     .key = "case id",
     .compacted = true,
     .writers = "triage",
     .readers = EVERY_SERVICE},
    {.name = "extracts",
     .key = "case id",
     .retention_days = 365,
     .writers = "triage",
     .readers = "escalation,intake"},
    {.name = "escalations",
     .key = "case id",
     .retention_days = 90,
     .writers = "escalation",
     .readers = "provider,escalation"},
    {.name = "provider-replies",
     .key = "any",
     .retention_days = 90,
     .redriven = true,
     .writers = "provider",
     .readers = "escalation"},
    {.name = "provider-events", .key = "case id", .writers = "escalation", .readers = "intake"},
    {.name = "reports",
     .key = "case id",
     .retention_days = 365,
     .writers = "escalation",
     .readers = "intake"},
    {.name = "escalation-status",
     .type = "escalation.status",
     .key = "case id",
     .compacted = true,
     .writers = "escalation",
     .readers = "escalation,notify,intake"},
    {.name = "notifications",
     .type = "notices.updated",
     .key = "case id",
     .compacted = true,
     .writers = "notify",
     .readers = "notify,intake"},
    {.name = "audit",
     .key = "id of the case, session or dead letter",
     .retention_days = 730,
     .writers = "intake",
     .readers = "intake"},
    {.name = "dead-letters",
     .key = "original key",
     .retention_days = 90,
     .writers = EVERY_SERVICE,
     .readers = "intake"},
};
const size_t topics_count = COUNT_OF(topics_table);

/* The full names as constants: a topic's name is asked for on every record. */
static const char *const full_names[COUNT_OF(topics_table)] = {
    TOPICS_PREFIX "cases",       TOPICS_PREFIX "contracts",         TOPICS_PREFIX "security-logs",
    TOPICS_PREFIX "uploads",     TOPICS_PREFIX "extractions",       TOPICS_PREFIX "extracts",
    TOPICS_PREFIX "escalations", TOPICS_PREFIX "provider-replies",  TOPICS_PREFIX "provider-events",
    TOPICS_PREFIX "reports",     TOPICS_PREFIX "escalation-status", TOPICS_PREFIX "notifications",
    TOPICS_PREFIX "audit",       TOPICS_PREFIX "dead-letters",
};

const struct topic *topics_find(const char *name)
{
    for (size_t i = 0; i < topics_count; i++)
        if (strcmp(topics_table[i].name, name) == 0)
            return &topics_table[i];
    return NULL;
}

const char *topics_full_name(const char *name)
{
    const struct topic *topic = topics_find(name);
    assert(topic);
    const char *full = full_names[topic - topics_table];
    assert(strcmp(full + sizeof TOPICS_PREFIX - 1, name) == 0);
    return full;
}

const char *topics_short_name(const char *full_name)
{
    if (strncmp(full_name, TOPICS_PREFIX, sizeof TOPICS_PREFIX - 1) != 0)
        return NULL;
    const struct topic *topic = topics_find(full_name + sizeof TOPICS_PREFIX - 1);
    return topic ? topic->name : NULL;
}

static bool list_has(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = list; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, word, length) == 0 && (at[length] == ',' || at[length] == '\0'))
            return true;
    }
    return false;
}

size_t topics_of(const char *principal, bool writes, const char **ret_names, size_t max)
{
    size_t count = 0;
    for (size_t i = 0; i < topics_count && count + 1 < max; i++)
        if (list_has(writes ? topics_table[i].writers : topics_table[i].readers, principal))
            ret_names[count++] = full_names[i];
    ret_names[count] = NULL;
    return count;
}
