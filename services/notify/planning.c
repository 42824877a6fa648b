/* SPDX-License-Identifier: Apache-2.0 */
/* Which notices there must be: every rule that has something to say, to everybody it is to be said to, once. */
#include "services/notify/notices.h"

#include "common/desk/calendar.h"
#include "common/desk/limits.h"
#include "common/ids.h"
#include "services/notify/clocks.h"
#include "services/notify/decide.h"

#include <stdio.h>
#include <string.h>

#define TOLD_PER_RULE_MAX 50
#define DAY_US (INT64_C(24) * 3600 * 1000000)

/* A notice as it would be planned. */
struct intended {
    const struct notify_rule *rule;
    const char *to, *channel, *template;
    const char *change;
};

static bool is_status(const json_t *notice, const char *status)
{
    return is_text(notice, "status", status);
}

bool notice_is_waiting(const json_t *notice)
{
    return is_status(notice, "planned") || is_status(notice, "waiting");
}

const struct notify_rule *notice_rule(const json_t *notice)
{
    for (size_t i = 0; i < notify_rule_count; i++)
        if (is_text(notice, "rule", notify_rules[i].name) &&
            is_text(notice, "to", notify_to_name(notify_rules[i].to)))
            return &notify_rules[i];
    return NULL;
}

/* --- what was planned before --------------------------------------------------------------------------------------------- */

static void fingerprint(const char *change, char ret_text[17])
{
    char hash[IDS_SHA256_TEXT_SIZE];
    ids_sha256_text(change, strlen(change), hash);
    memcpy(ret_text, hash, 16);
    ret_text[16] = '\0';
}

static json_t *find_planned(const json_t *own, const struct intended *intended)
{
    const json_t *notices = json_object_get(own, "notices");
    for (size_t i = 0; i < json_array_size(notices); i++) {
        json_t *notice = json_array_get(notices, i);
        if (is_text(notice, "rule", intended->rule->name) &&
            is_text(notice, "change", intended->change) && is_text(notice, "to", intended->to))
            return notice;
    }
    return NULL;
}

/* Under which it is remembered: the customer's by the rule alone. */
static void told_key(const char *rule, const char *to, char ret_key[160])
{
    bool customer = strcmp(to, "customer") == 0;
    snprintf(ret_key, 160, "%s%s%s", rule, customer ? "" : "@", customer ? "" : to);
}

/* Among what was remembered of the notices that became counts. */
static bool is_told(const json_t *own, const struct intended *intended)
{
    char wanted[17], key[160];
    told_key(intended->rule->name, intended->to, key);
    const json_t *told = json_object_get(json_object_get(own, "told"), key);
    fingerprint(intended->change, wanted);
    for (size_t i = 0; i < json_array_size(told); i++) {
        const char *known = json_string_value(json_array_get(told, i));
        if (known && strcmp(known, wanted) == 0)
            return true;
    }
    return false;
}

/* --- making one ---------------------------------------------------------------------------------------------------------- */

/* What the limit of the day counts. */
static bool is_of_today(const json_t *notice, int64_t now_us)
{
    return !is_status(notice, "dropped") && time_of(notice, "planned_at") > now_us - DAY_US;
}

static size_t count_today(const json_t *notices, const char *channel, int64_t now_us)
{
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(notices); i++) {
        const json_t *notice = json_array_get(notices, i);
        count += is_text(notice, "channel", channel) && is_of_today(notice, now_us);
    }
    return count;
}

/* By the same way: many subscribers do not use up what a customer may be told. */
static size_t planned_today(const struct view *view, const char *channel)
{
    return count_today(json_object_get(view->own, "notices"), channel, view->now_us) +
           count_today(json_object_get(view->own, "today"), channel, view->now_us);
}

/* The customer's mailbox may be in other hands, and the provider is not to be asked; the desk's own people are reminded all the same. */
static bool is_muted(const struct view *view, const char *to)
{
    bool outside = !notify_is_of_desk(to) && !notify_subscriber_of(to);
    return outside && json_object_get(chain_of(view), "muted");
}

/* Why a notice that is due is not sent at all; NULL: it is. That there are too many is itself said once. */
static const char *reason_to_drop(const struct view *view, const struct intended *intended)
{
    if (is_muted(view, intended->to))
        return "muted";
    return strcmp(intended->rule->name, "storm") != 0 &&
                   planned_today(view, intended->channel) >= LIMIT_MAILS_PER_CASE_DAY
               ? "limit of the day"
               : NULL;
}

/* What is not urgent reaches the desk's people when they are there. */
static void wait_for_desk(const struct view *view, const struct notify_rule *rule, json_t *notice)
{
    if (rule->urgency != NOTIFY_DESK || calendar_is_open(view->facts, view->now_us))
        return;
    json_object_set_new(notice, "status", json_string("waiting"));
    json_object_set_new(notice, "why", json_string("desk hours"));
    set_time(notice, "next_at", calendar_next_opening_us(view->facts, view->now_us));
}

static void set_status(const struct view *view, const struct intended *intended, json_t *notice)
{
    const char *drop = reason_to_drop(view, intended);
    bool goes = strcmp(intended->channel, "mail") == 0 || strcmp(intended->channel, "webhook") == 0;
    json_object_set_new(notice, "status",
                        json_string(drop   ? "dropped"
                                    : goes ? "planned"
                                           : "shown"));
    if (drop)
        json_object_set_new(notice, "why", json_string(drop));
    else if (goes)
        wait_for_desk(view, intended->rule, notice);
}

static void set_clock(const struct view *view, const struct notify_rule *rule, json_t *notice)
{
    const json_t *entry = rule->clock ? clocks_find(view->own, rule->clock) : NULL;
    if (!entry)
        return;
    json_object_set(notice, "due_at", json_object_get(entry, "due_at"));
    if (json_object_get(entry, "late"))
        json_object_set_new(notice, "late", json_true());
}

/* The customer's is named by rule and change alone: its Message-ID stays what it was. */
static void make_id(const char *case_id, const struct intended *intended,
                    char ret_id[IDS_UUID_SIZE])
{
    struct bytes parts[] = {bytes_of(case_id), bytes_of(intended->rule->name),
                            bytes_of(intended->change), bytes_of(intended->to)};
    size_t count = COUNT_OF(parts) - (strcmp(intended->to, "customer") == 0);
    ids_uuid8(parts, count, ret_id);
}

static json_t *make_notice(const struct view *view, const char *case_id,
                           const struct intended *intended)
{
    char id[IDS_UUID_SIZE];
    make_id(case_id, intended, id);
    json_t *notice = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i}", "id", id, "rule", intended->rule->name,
        "change", intended->change, "to", intended->to, "channel", intended->channel, "template",
        intended->template, "urgency", notify_urgency_name(intended->rule->urgency), "attempts", 0);
    set_time(notice, "planned_at", view->now_us);
    set_clock(view, intended->rule, notice);
    set_status(view, intended, notice);
    return notice;
}

/* --- keeping to the limits ----------------------------------------------------------------------------------------------- */

static json_t *member(json_t *object, const char *name, json_t *otherwise)
{
    json_t *value = json_object_get(object, name);
    if (value) {
        json_decref(otherwise);
        return value;
    }
    json_object_set_new(object, name, otherwise);
    return otherwise;
}

static void remember(json_t *own, const json_t *notice)
{
    char known[17], key[160];
    told_key(text_of(notice, "rule"), text_of(notice, "to"), key);
    json_t *told = member(member(own, "told", json_object()), key, json_array());
    fingerprint(text_of(notice, "change"), known);
    json_array_append_new(told, json_string(known));
    if (json_array_size(told) > TOLD_PER_RULE_MAX)
        json_array_remove(told, 0);
}

/* A storm makes no room for itself: what leaves the list still counts until its day is over. */
static void keep_counting(const struct view *view, json_t *own, const json_t *notice)
{
    static const char *const kept[] = {"id",         "rule",     "to",       "channel", "status",
                                       "planned_at", "tried_at", "troubles", "where",   "in_doubt"};
    if (!is_of_today(notice, view->now_us))
        return;
    json_t *short_one = json_object();
    for (size_t i = 0; i < COUNT_OF(kept); i++)
        if (json_object_get(notice, kept[i]))
            json_object_set(short_one, kept[i], json_object_get(notice, kept[i]));
    json_array_append_new(member(own, "today", json_array()), short_one);
}

static void forget_yesterday(const struct view *view, json_t *own)
{
    json_t *today = json_object_get(own, "today");
    for (size_t i = json_array_size(today); i > 0; i--)
        if (!is_of_today(json_array_get(today, i - 1), view->now_us))
            json_array_remove(today, i - 1);
    if (json_array_size(today) == 0)
        json_object_del(own, "today");
}

static void count_away(const struct view *view, json_t *own, const json_t *notice)
{
    json_t *counts = json_object_get(own, "counts");
    const char *status = text_of(notice, "status");
    json_int_t before = json_integer_value(json_object_get(counts, status));
    json_object_set_new(counts, status, json_integer(before + 1));
    remember(own, notice);
    keep_counting(view, own, notice);
}

/* The oldest that have ended make room; what is still to be sent stays. */
static void keep_to_limit(const struct view *view, json_t *own)
{
    json_t *notices = json_object_get(own, "notices");
    forget_yesterday(view, own);
    for (size_t i = 0;
         json_array_size(notices) > LIMIT_NOTICES_PER_CASE && i < json_array_size(notices);) {
        const json_t *notice = json_array_get(notices, i);
        if (notice_is_waiting(notice)) {
            i++;
            continue;
        }
        count_away(view, own, notice);
        json_array_remove(notices, i);
    }
}

/* --- planning ------------------------------------------------------------------------------------------------------------ */

/* What was dropped because it was not true any more may be true again, and was never said. */
static void plan_again(json_t *notice)
{
    if (!is_status(notice, "dropped") || !is_text(notice, "why", "outdated"))
        return;
    json_object_set_new(notice, "status", json_string("planned"));
    json_object_del(notice, "why");
}

static void plan_one(const struct view *view, const char *case_id, const struct intended *intended,
                     json_t *own)
{
    json_t *before = find_planned(own, intended);
    if (before)
        plan_again(before);
    else if (!is_told(own, intended))
        json_array_append_new(json_object_get(own, "notices"),
                              make_notice(view, case_id, intended));
}

static bool wants(const json_t *subscriber, const char *rule)
{
    const json_t *events = json_object_get(subscriber, "events");
    for (size_t i = 0; i < json_array_size(events); i++) {
        const char *event = json_string_value(json_array_get(events, i));
        if (strcmp(event, "*") == 0 || strcmp(event, rule) == 0)
            return true;
    }
    return false;
}

static void plan_for_subscribers(const struct view *view, const char *case_id,
                                 const struct notify_rule *rule, const char *change, json_t *own)
{
    const json_t *subscribers = json_object_get(view->facts, "subscribers");
    for (size_t i = 0; rule->published && i < json_array_size(subscribers); i++) {
        const json_t *subscriber = json_array_get(subscribers, i);
        CLEANUP(mem_free) char *to = mem_printf(NOTIFY_SUBSCRIBER "%s", text_of(subscriber, "id"));
        if (wants(subscriber, rule->name))
            plan_one(view, case_id, &(struct intended){rule, to, "webhook", "webhook", change},
                     own);
    }
}

static void plan_rule(const struct view *view, const char *case_id, const struct notify_rule *rule,
                      json_t *own)
{
    char change[NOTIFY_CHANGE_SIZE];
    struct recipient recipient = recipient_of(view, rule);
    struct intended intended = {rule, notify_to_name(rule->to), recipient.channel, rule->template,
                                change};
    for (size_t n = 0; rule->change(view, n, change); n++) {
        if (recipient.channel)
            plan_one(view, case_id, &intended, own);
        plan_for_subscribers(view, case_id, rule, change, own);
    }
}

void notices_plan(const struct view *view, const char *case_id, json_t *own)
{
    for (size_t i = 0; i < notify_rule_count; i++)
        plan_rule(view, case_id, &notify_rules[i], own);
    keep_to_limit(view, own);
}

/* --- withholding --------------------------------------------------------------------------------------------------------- */

static const char *reason_to_withhold(const struct view *view, const json_t *notice,
                                      const struct notify_rule *rule)
{
    const char *change = text_of(notice, "change");
    if (rule && is_muted(view, text_of(notice, "to")))
        return "muted";
    return rule && rule->is_outdated && change && rule->is_outdated(view, change) ? "outdated"
                                                                                  : NULL;
}

/* Who was to get a mail is to be called now: it stands on the case. */
static void reroute(const struct view *view, const struct notify_rule *rule, json_t *notice)
{
    struct recipient recipient = recipient_of(view, rule);
    if (!is_text(notice, "channel", "mail") || !recipient.channel ||
        strcmp(recipient.channel, "mail") == 0)
        return;
    json_object_set_new(notice, "channel", json_string(recipient.channel));
    json_object_set_new(notice, "status", json_string("shown"));
    json_object_del(notice, "next_at");
}

/* A muted case writes to nobody outside, not even what was planned before: the mailbox may be in other hands. Nor is anything sent,
 * however late, that was true only when it was planned. */
void notices_withhold(const struct view *view, json_t *own)
{
    json_t *notices = json_object_get(own, "notices");
    for (size_t i = 0; i < json_array_size(notices); i++) {
        json_t *notice = json_array_get(notices, i);
        const struct notify_rule *rule = notice_rule(notice);
        if (!notice_is_waiting(notice) || !rule)
            continue;
        const char *why = reason_to_withhold(view, notice, rule);
        if (!why) {
            reroute(view, rule, notice);
            continue;
        }
        json_object_set_new(notice, "status", json_string("dropped"));
        json_object_set_new(notice, "why", json_string(why));
        json_object_del(notice, "next_at");
    }
}
