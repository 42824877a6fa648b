/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of a notice. One row per answer of the outside world:
 *
 *   sent       the other side has it                                    → sent
 *   refused    it will never have it (5xx, a redirect, an address that is not allowed)   → failed
 *   later      it will not have it now (4xx, not reached, too slow)     → waiting, at growing distances; failed after the last
 *   in_doubt   it had all of it and did not say whether it took it      → as later, NOTIFY_DOUBTS_MAX times at most
 *   put_off    nobody was asked: the place is being left alone          → waiting until it is not; no attempt
 */
#include "services/notify/notices.h"

#include "common/ids.h"
#include "services/notify/decide.h"

#include <string.h>

/* Until the next attempt; after the last the notice has failed. Over two days in all, as mail relays do. */
static const int back_off_s[] = {10,   60,   300,   600,   1200,  2400,
                                 4800, 9600, 19200, 38400, 57600, 57600};

static bool is_status(const json_t *notice, const char *status)
{
    return is_text(notice, "status", status);
}

static json_t *find_notice(json_t *own, const char *id)
{
    json_t *notices = json_object_get(own, "notices");
    for (size_t i = 0; i < json_array_size(notices); i++)
        if (is_text(json_array_get(notices, i), "id", id))
            return json_array_get(notices, i);
    return NULL;
}

static void set_text(json_t *notice, const char *name, const char *text)
{
    json_object_set_new(notice, name, json_string(text));
}

static void fail(const struct view *view, json_t *notice)
{
    set_text(notice, "status", "failed");
    set_time(notice, "failed_at", view->now_us);
}

/* Up to a quarter more, by notice and attempt: what failed together does not come back together. */
static int64_t jitter_us(const json_t *notice, json_int_t attempts, int64_t wait_us)
{
    uint8_t hash[IDS_SHA256_SIZE];
    CLEANUP(mem_free)
    char *text = mem_printf("%s/%lld", text_of(notice, "id"), (long long)attempts);
    ids_sha256(text, strlen(text), hash);
    return wait_us / 4 * hash[0] / 255;
}

static void try_later(const struct view *view, json_t *notice, json_int_t attempts)
{
    if (attempts > (json_int_t)COUNT_OF(back_off_s)) {
        fail(view, notice);
        return;
    }
    int64_t wait_us = back_off_s[attempts - 1] * INT64_C(1000000);
    set_text(notice, "status", "waiting");
    set_time(notice, "next_at", view->now_us + wait_us + jitter_us(notice, attempts, wait_us));
}

static void doubt(const struct view *view, json_t *notice, json_int_t attempts)
{
    json_int_t doubts = json_integer_value(json_object_get(notice, "in_doubt")) + 1;
    json_object_set_new(notice, "in_doubt", json_integer(doubts));
    if (doubts >= NOTIFY_DOUBTS_MAX)
        fail(view, notice);
    else
        try_later(view, notice, attempts);
}

static void put_off(const struct view *view, const json_t *result, json_t *notice)
{
    int64_t until_us = time_of(result, "until");
    json_int_t before = json_integer_value(json_object_get(notice, "put_off"));
    json_object_set_new(notice, "put_off", json_integer(before + 1));
    set_text(notice, "status", "waiting");
    set_time(notice, "next_at", until_us > view->now_us ? until_us : view->now_us);
}

static void take(const struct view *view, const json_t *result, const char *outcome, json_t *notice)
{
    json_int_t attempts = json_integer_value(json_object_get(notice, "attempts")) + 1;
    json_object_del(notice, "why");
    if (json_object_get(result, "why"))
        json_object_set(notice, "why", json_object_get(result, "why"));
    if (json_object_get(result, "where"))
        json_object_set(notice, "where", json_object_get(result, "where"));
    if (strcmp(outcome, "put_off") == 0) {
        put_off(view, result, notice);
        return;
    }
    json_object_set_new(notice, "attempts", json_integer(attempts));
    set_time(notice, "tried_at", view->now_us);
    json_object_del(notice, "troubles");
    if (json_object_get(result, "troubles"))
        json_object_set(notice, "troubles", json_object_get(result, "troubles"));
    if (strcmp(outcome, "sent") == 0) {
        set_text(notice, "status", "sent");
        set_time(notice, "sent_at", view->now_us);
    } else if (strcmp(outcome, "refused") == 0) {
        fail(view, notice);
        if (json_object_get(result, "address_refused"))
            json_object_set_new(notice, "address_refused", json_true());
    } else if (strcmp(outcome, "in_doubt") == 0) {
        doubt(view, notice, attempts);
    } else {
        try_later(view, notice, attempts);
    }
}

void notices_take_outcome(const struct view *view, const json_t *result, json_t *own)
{
    json_t *notice = find_notice(own, text_of(result, "notice"));
    const char *outcome = text_of(result, "outcome");
    bool sent = outcome && strcmp(outcome, "sent") == 0;
    /* It was dropped while it was on its way: what became of it counts. */
    if (outcome && (is_status(notice, "planned") || (sent && is_status(notice, "dropped"))))
        take(view, result, outcome, notice);
}

void notices_take_due(const struct view *view, json_t *own)
{
    json_t *notices = json_object_get(own, "notices");
    for (size_t i = 0; i < json_array_size(notices); i++) {
        json_t *notice = json_array_get(notices, i);
        if (!is_status(notice, "waiting") || time_of(notice, "next_at") > view->now_us)
            continue;
        set_text(notice, "status", "planned");
        json_object_del(notice, "next_at");
        if (is_text(notice, "why", "desk hours"))
            json_object_del(notice, "why");
    }
}

bool notice_holds_others(const json_t *notice)
{
    return is_status(notice, "planned") ||
           (is_status(notice, "waiting") && !is_text(notice, "why", "desk hours"));
}
