/* SPDX-License-Identifier: Apache-2.0 */
#include "services/notify/memory.h"

#include "common/util.h"
#include "services/notify/notices.h"

#include <string.h>

/* In the list, and what left it but still counts. */
static const char *const lists[] = {"notices", "today"};

static bool may_have_arrived(const json_t *notice)
{
    return is_text(notice, "status", "sent") || json_object_get(notice, "in_doubt");
}

/* The address that it went to, if the case still names it. */
static const char *address_of(const struct view *view, const json_t *notice)
{
    char where[17];
    const struct notify_rule *rule = notice_rule(notice);
    struct recipient recipient = rule ? recipient_of(view, rule) : (struct recipient){0};
    if (!recipient.address)
        return NULL;
    address_fingerprint(view, recipient.address, where);
    return is_text(notice, "where", where) ? recipient.address : NULL;
}

static bool remember(const struct view *view, const json_t *notice, struct memory *ret_memory)
{
    bool mail = is_text(notice, "channel", "mail");
    const char *address = mail ? address_of(view, notice) : NULL;
    const char *at = address ? strchr(address, '@') : NULL;
    *ret_memory =
        (struct memory){.place = at ? at + 1 : text_of(notice, "to"),
                        .recipient = address && may_have_arrived(notice) ? address : NULL,
                        .notice = text_of(notice, "id"),
                        .at_us = time_of(notice, "tried_at"),
                        .troubles = (int)json_integer_value(json_object_get(notice, "troubles"))};
    return ret_memory->at_us > view->now_us - MEMORY_US && (at || !mail);
}

void memory_each(const struct view *view, void (*each)(void *context, const struct memory *memory),
                 void *context)
{
    struct memory memory;
    for (size_t k = 0; k < COUNT_OF(lists); k++) {
        const json_t *list = json_object_get(view->own, lists[k]);
        for (size_t i = 0; i < json_array_size(list); i++)
            if (remember(view, json_array_get(list, i), &memory))
                each(context, &memory);
    }
}

int64_t memory_until_us(const json_t *own)
{
    int64_t last_us = 0;
    for (size_t k = 0; k < COUNT_OF(lists); k++) {
        const json_t *list = json_object_get(own, lists[k]);
        for (size_t i = 0; i < json_array_size(list); i++) {
            int64_t at_us = time_of(json_array_get(list, i), "tried_at");
            last_us = at_us > last_us ? at_us : last_us;
        }
    }
    return last_us ? last_us + MEMORY_US : 0;
}
