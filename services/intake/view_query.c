/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the view: one case, its records, lists. */
#include "services/intake/view_internal.h"

#include "common/ids.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- a pool of connections -------------------------------------------------------------------------------------------------- */

/* With the lock held; -1: none that these may have. */
static int idle_reader(const struct view *view, bool lasting)
{
    if (lasting && view->lasting >= VIEW_READERS - 1)
        return -1;
    for (int i = 0; i < VIEW_READERS; i++)
        if (!view->reader_busy[i])
            return i;
    return -1;
}

struct borrowed view_borrow(struct view *view, bool lasting)
{
    int idle;
    pthread_mutex_lock(&view->readers_lock);
    while ((idle = idle_reader(view, lasting)) < 0)
        pthread_cond_wait(&view->reader_free, &view->readers_lock);
    view->reader_busy[idle] = true;
    view->lasting += lasting;
    pthread_mutex_unlock(&view->readers_lock);
    return (struct borrowed){.view = view, .lasting = lasting, .db = view->readers[idle]};
}

void view_give_back(struct borrowed *borrowed)
{
    struct view *view = borrowed->view;
    pthread_mutex_lock(&view->readers_lock);
    for (int i = 0; i < VIEW_READERS; i++)
        if (view->readers[i] == borrowed->db)
            view->reader_busy[i] = false;
    view->lasting -= borrowed->lasting;
    pthread_cond_broadcast(&view->reader_free); /* not everybody may have it */
    pthread_mutex_unlock(&view->readers_lock);
}

static json_t *column_text(sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    return text ? json_string(text) : json_null();
}

enum verdict view_not_ready(struct view *view, struct why *why)
{
    return atomic_load(&view->ready) ? VERDICT_OK : retry(why, "the view is being rebuilt");
}

enum verdict view_list_rows(const struct borrowed *reader, sqlite3_stmt *statement,
                            bool (*take)(sqlite3_stmt *statement, void *context), void *context,
                            struct why *why)
{
    bool row = false;
    enum verdict verdict;
    do
        verdict = view_step(reader->view, reader->db, statement, &row, why);
    while (verdict == VERDICT_OK && row && take(statement, context));
    return verdict;
}

enum verdict view_list_or_none(enum verdict verdict, json_t **list)
{
    if (verdict != VERDICT_OK)
        json_decref(TAKE(*list));
    return verdict;
}

/* --- one case ---------------------------------------------------------------------------------------------------------------- */

/* The part after the dot changes with whatever else is shown: three services' last words and what other cases say of
 * this one, and nothing of this machine, so
 * that it is the same after a rebuild. */
static void make_etag(struct view_case *view_case)
{
    const char *head = json_string_value(json_object_get(view_case->state, "head"));
    const json_t *parts[] = {view_case->extraction, view_case->escalation, view_case->notifications,
                             view_case->links};
    char hash[IDS_SHA256_TEXT_SIZE];
    CLEANUP(buf_free) struct buf text;
    buf_init(&text, SIZE_MAX / 2);
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        if (parts[i])
            event_dump_json(parts[i], &text);
        buf_add(&text, "\n", 1);
    }
    ids_sha256_text(text.data, text.length, hash);
    snprintf(view_case->etag, sizeof view_case->etag, "\"%.16s.%.8s\"", head ? head : "", hash);
}

enum verdict view_case(struct view *view, const char *case_id, struct view_case *ret_case,
                       struct why *why)
{
    *ret_case = (struct view_case){0};
    if (view_not_ready(view, why) != VERDICT_OK)
        return VERDICT_RETRY;
    BORROW(reader, view);
    CLEANUP(view_finalize)
    sqlite3_stmt *statement = view_prepare(
        reader.db, "SELECT state, extraction, escalation, notifications FROM cases WHERE id = ?1");
    view_bind_text(statement, 1, case_id);
    bool row;
    enum verdict verdict = view_step(view, reader.db, statement, &row, why);
    if (verdict != VERDICT_OK || !row)
        return verdict;
    ret_case->state = view_column_json(statement, 0);
    ret_case->extraction = view_column_json(statement, 1);
    ret_case->escalation = view_column_json(statement, 2);
    ret_case->notifications = view_column_json(statement, 3);
    if (ret_case->state)
        verdict = view_links(&reader, case_id, ret_case->state, &ret_case->links, why);
    if (verdict != VERDICT_OK || !ret_case->state)
        view_case_clear(ret_case);
    else
        make_etag(ret_case);
    return verdict;
}

void view_case_clear(struct view_case *view_case)
{
    json_decref(view_case->state);
    json_decref(view_case->extraction);
    json_decref(view_case->escalation);
    json_decref(view_case->notifications);
    json_decref(view_case->links);
    *view_case = (struct view_case){0};
}

static json_t *event_row(sqlite3_stmt *statement)
{
    CLEANUP(mem_free)
    char *value = base64_encode(sqlite3_column_blob(statement, 6),
                                (size_t)sqlite3_column_bytes(statement, 6));
    enum case_refusal refusal = (enum case_refusal)sqlite3_column_int(statement, 9);
    json_t *row = json_pack("{s:o, s:o, s:o, s:o, s:i, s:I, s:s, s:o, s:o, s:b}", "id",
                            column_text(statement, 2), "type", column_text(statement, 3), "time",
                            column_text(statement, 4), "key", column_text(statement, 5),
                            "partition", sqlite3_column_int(statement, 0), "offset",
                            (json_int_t)sqlite3_column_int64(statement, 1), "value", value,
                            "extends", column_text(statement, 7), "head", column_text(statement, 8),
                            "accepted", refusal == CASE_ACCEPTED);
    if (refusal != CASE_ACCEPTED)
        json_object_set_new(row, "code", json_string(case_refusal_code(refusal)));
    return row;
}

static bool take_event(sqlite3_stmt *statement, void *events)
{
    return json_array_append_new(events, event_row(statement)) == 0;
}

enum verdict view_events(struct view *view, const char *case_id, json_t **ret_events,
                         struct why *why)
{
    if (view_not_ready(view, why) != VERDICT_OK)
        return VERDICT_RETRY;
    BORROW_FOR_LONG(reader, view);
    CLEANUP(view_finalize)
    sqlite3_stmt *statement = view_prepare(
        reader.db,
        "SELECT part, off, id, type, time, case_id, value, extends, head, refusal FROM events"
        " WHERE case_id = ?1 ORDER BY off");
    view_bind_text(statement, 1, case_id);
    *ret_events = json_array();
    return view_list_or_none(view_list_rows(&reader, statement, take_event, *ret_events, why),
                             ret_events);
}

static bool take_audit(sqlite3_stmt *statement, void *records)
{
    json_t *value = view_column_json(statement, 0);
    if (value)
        json_array_append_new(records, value);
    return true;
}

enum verdict view_audit(struct view *view, const char *case_id, json_t **ret_records,
                        struct why *why)
{
    if (view_not_ready(view, why) != VERDICT_OK)
        return VERDICT_RETRY;
    BORROW_FOR_LONG(reader, view);
    CLEANUP(view_finalize)
    sqlite3_stmt *statement = view_prepare(
        reader.db, "SELECT value FROM audit WHERE case_id = ?1 ORDER BY off DESC LIMIT 500");
    view_bind_text(statement, 1, case_id);
    *ret_records = json_array();
    return view_list_or_none(view_list_rows(&reader, statement, take_audit, *ret_records, why),
                             ret_records);
}

/* What a request carried when it made this event: {"request":{"key","sha256"}}. */
static void copy_request_hash(sqlite3_stmt *statement, int column, char ret_sha256[65])
{
    json_auto_t *value = json_loadb(sqlite3_column_blob(statement, column),
                                    (size_t)sqlite3_column_bytes(statement, column), 0, NULL);
    const char *hash =
        json_string_value(json_object_get(json_object_get(value, "request"), "sha256"));
    snprintf(ret_sha256, 65, "%s", hash ? hash : "");
}

enum verdict view_find_event(struct view *view, const char *case_id, const char *event_id,
                             struct view_event *ret_event, struct why *why)
{
    *ret_event = (struct view_event){0};
    if (view_not_ready(view, why) != VERDICT_OK)
        return VERDICT_RETRY;
    BORROW(reader, view);
    CLEANUP(view_finalize)
    sqlite3_stmt *statement =
        view_prepare(reader.db, "SELECT revision, head, type, value FROM events"
                                " WHERE case_id = ?1 AND id = ?2 AND refusal = 0");
    view_bind_text(statement, 1, case_id);
    view_bind_text(statement, 2, event_id);
    bool row;
    enum verdict verdict = view_step(view, reader.db, statement, &row, why);
    if (verdict != VERDICT_OK || !row)
        return verdict;
    ret_event->outcome.known = true;
    ret_event->outcome.revision = sqlite3_column_int64(statement, 0);
    snprintf(ret_event->outcome.head, sizeof ret_event->outcome.head, "%s",
             (const char *)sqlite3_column_text(statement, 1));
    snprintf(ret_event->type, sizeof ret_event->type, "%s",
             (const char *)sqlite3_column_text(statement, 2));
    copy_request_hash(statement, 3, ret_event->request_sha256);
    return VERDICT_OK;
}
