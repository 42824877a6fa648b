/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a notice cannot do by itself and a person must. No mailbox is read for bounces: what the relay says at once is all that is known,
 * and it becomes the operator's next step.
 */
#include "services/notify/notices.h"

#include "common/desk/case.h"
#include "common/ids.h"
#include "common/util.h"

#include <string.h>

struct step {
    const char *name, *ja, *en;
};
static const struct step confirm_address = {
    "confirm_address",
    "メールサーバがこのアドレスを受け付けませんでした。電話でアドレスを確認し、ヒアリングシートを直"
    "してください。",
    "The mail server refuses this address. Read it back by telephone and correct the hearing "
    "sheet."};
static const struct step call_customer = {
    "call_customer", "メールでお知らせできないお客様です。電話でお伝えし、メモに残してください。",
    "This customer is not written to. Tell them by telephone, and leave a note."};
static const struct step make_sure = {"make_sure",
                                      "メールが届いたか分かりません。電話で確かめてください。",
                                      "Nobody knows whether a mail arrived. Ask by telephone."};

void address_fingerprint(const struct view *view, const char *address, char ret_text[17])
{
    char hash[IDS_SHA256_TEXT_SIZE];
    CLEANUP(mem_free) char *text = mem_printf("%s %s", text_of(chain_of(view), "id"), address);
    ids_sha256_text(text, strlen(text), hash);
    memcpy(ret_text, hash, 16);
    ret_text[16] = '\0';
}

static json_t *make_step(const struct step *step, const json_t *notice)
{
    return json_pack("{s:s, s:O, s:O, s:s, s:s}", "step", step->name, "since",
                     json_object_get(notice, "planned_at"), "notice", json_object_get(notice, "id"),
                     "ja", step->ja, "en", step->en);
}

static const json_t *last_to_customer(const struct view *view, const char *channel,
                                      const char *status)
{
    const json_t *notices = json_object_get(view->own, "notices");
    for (size_t i = json_array_size(notices); i > 0; i--) {
        const json_t *notice = json_array_get(notices, i - 1);
        if (is_text(notice, "to", "customer") && is_text(notice, "channel", channel) &&
            (is_text(notice, "status", status) || is_text(notice, "status", "sent")))
            return notice;
    }
    return NULL;
}

/* As long as the sheet names the address that was refused, and nothing has gone there since. */
static void add_refused(const struct view *view, json_t *steps)
{
    const json_t *notice = last_to_customer(view, "mail", "failed");
    const struct notify_rule *rule = notice ? notice_rule(notice) : NULL;
    char now[17] = "";
    if (!rule || !is_text(notice, "status", "failed"))
        return;
    struct recipient recipient = recipient_of(view, rule);
    if (recipient.address)
        address_fingerprint(view, recipient.address, now);
    if (!is_text(notice, "where", now))
        return;
    if (json_object_get(notice, "address_refused")) {
        json_t *step = make_step(&confirm_address, notice);
        json_object_set(step, "where", json_object_get(notice, "where"));
        json_array_append_new(steps, step);
    } else if (json_object_get(notice, "in_doubt")) {
        json_array_append_new(steps, make_step(&make_sure, notice));
    }
}

/* How often the operator has written something down: a step is done when it was once more. */
static json_int_t written(const struct view *view)
{
    const json_t *chain = chain_of(view);
    return json_integer_value(json_object_get(chain, "notes")) +
           (json_int_t)json_array_size(json_object_get(chain, "actions"));
}

static const json_t *find_step(const json_t *steps, const char *name)
{
    for (size_t i = 0; i < json_array_size(steps); i++)
        if (is_text(json_array_get(steps, i), "step", name))
            return json_array_get(steps, i);
    return NULL;
}

/* Of the last such notice; a note or an action after it says that the customer was told. */
static void add_call(const struct view *view, json_t *steps)
{
    const json_t *notice = last_to_customer(view, "telephone", "shown");
    if (!notice || !case_is_open(chain_of(view)))
        return;
    const json_t *before = find_step(json_object_get(view->own, "next_steps"), "call_customer");
    bool known =
        before && json_equal(json_object_get(before, "notice"), json_object_get(notice, "id"));
    json_t *step = known ? json_deep_copy(before) : make_step(&call_customer, notice);
    if (!known)
        json_object_set_new(step, "written", json_integer(written(view)));
    json_object_set_new(
        step, "done",
        json_boolean(json_integer_value(json_object_get(step, "written")) < written(view)));
    json_array_append_new(steps, step);
}

json_t *next_steps_of(const struct view *view)
{
    json_t *steps = json_array();
    add_refused(view, steps);
    add_call(view, steps);
    return steps;
}
