/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cases that are one: closed as a duplicate of another. Each names one; what it names may have been closed so in its turn,
 * so a case shows the one it names, the one at the end, and every case that leads to it.
 */
#include "services/intake/view_internal.h"

#include "common/clock.h"
#include "common/ids.h"

#include <stdio.h>
#include <string.h>

#define LINKS_MAX 200
#define STEPS_MAX 50 /* of a chain; a circle, made by two closings at the same moment, ends here */

struct link {
    char id[IDS_UUID_SIZE], status[32], of[IDS_UUID_SIZE], closed_at[CLOCK_TEXT_SIZE];
};

static void copy_column(sqlite3_stmt *statement, int column, char *ret_text, size_t size)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    snprintf(ret_text, size, "%s", text ? text : "");
}

static enum verdict find_link(const struct borrowed *reader, const char *id, struct link *ret_link,
                              struct why *why)
{
    CLEANUP(view_finalize)
    sqlite3_stmt *statement =
        view_prepare(reader->db, "SELECT l.id, l.status, l.duplicate_of FROM cases AS c CROSS JOIN"
                                 " lines AS l ON l.seq = c.seq WHERE c.id = ?1");
    bool row;
    view_bind_text(statement, 1, id);
    enum verdict verdict = view_step(reader->view, reader->db, statement, &row, why);
    *ret_link = (struct link){0};
    if (!row)
        return verdict;
    copy_column(statement, 0, ret_link->id, sizeof ret_link->id);
    copy_column(statement, 1, ret_link->status, sizeof ret_link->status);
    copy_column(statement, 2, ret_link->of, sizeof ret_link->of);
    return verdict;
}

static json_t *link_json(const struct link *link)
{
    char number[IDS_CASE_NUMBER_SIZE];
    ids_case_number(link->id, number);
    return json_pack("{s:s, s:s, s:s}", "id", link->id, "number", number, "status", link->status);
}

static enum verdict add_originals(const struct borrowed *reader, const char *case_id,
                                  const char *of, json_t *links, struct why *why)
{
    struct link named, last;
    if (find_link(reader, of, &named, why) != VERDICT_OK)
        return VERDICT_RETRY;
    if (!*named.id)
        return VERDICT_OK; /* not folded yet, while the view is built */
    last = named;
    for (int i = 0; i < STEPS_MAX && *last.of && strcmp(last.of, case_id) != 0; i++) {
        struct link next;
        if (find_link(reader, last.of, &next, why) != VERDICT_OK)
            return VERDICT_RETRY;
        if (!*next.id)
            break;
        last = next;
    }
    json_object_set_new(links, "duplicate_of", link_json(&named));
    json_object_set_new(links, "original", link_json(&last));
    return VERDICT_OK;
}

static bool take_duplicate(sqlite3_stmt *statement, void *list)
{
    struct link link;
    copy_column(statement, 0, link.id, sizeof link.id);
    copy_column(statement, 1, link.status, sizeof link.status);
    copy_column(statement, 2, link.of, sizeof link.of);
    copy_column(statement, 3, link.closed_at, sizeof link.closed_at);
    json_t *shown = link_json(&link);
    json_object_set_new(shown, "of", json_string(link.of));
    json_object_set_new(shown, "closed_at", json_string(link.closed_at));
    return json_array_append_new(list, shown) == 0;
}

static enum verdict add_duplicates(const struct borrowed *reader, const char *case_id,
                                   json_t *links, struct why *why)
{
    CLEANUP(view_finalize)
    sqlite3_stmt *statement = view_prepare(
        reader->db,
        "WITH RECURSIVE leads (seq, id, status, of) AS ("
        " SELECT seq, id, status, duplicate_of FROM lines WHERE duplicate_of = ?1"
        " UNION SELECT l.seq, l.id, l.status, l.duplicate_of FROM leads CROSS JOIN lines AS l"
        " ON l.duplicate_of = leads.id LIMIT ?2)"
        " SELECT id, status, of, (SELECT json_extract(state, '$.closed.at') FROM cases WHERE"
        " cases.id = leads.id) FROM leads WHERE id <> ?1 ORDER BY seq");
    json_t *list = json_array();
    view_bind_text(statement, 1, case_id);
    sqlite3_bind_int(statement, 2, LINKS_MAX);
    enum verdict verdict = view_list_rows(reader, statement, take_duplicate, list, why);
    if (json_array_size(list))
        json_object_set(links, "duplicates", list);
    json_decref(list);
    return verdict;
}

enum verdict view_links(const struct borrowed *reader, const char *case_id, const json_t *state,
                        json_t **ret_links, struct why *why)
{
    json_t *links = json_object();
    const char *of = json_string_value(json_object_get(json_object_get(state, "closed"), "of"));
    enum verdict verdict = add_duplicates(reader, case_id, links, why);
    if (verdict == VERDICT_OK && of)
        verdict = add_originals(reader, case_id, of, links, why);
    if (verdict == VERDICT_OK && json_object_size(links))
        *ret_links = json_incref(links);
    json_decref(links);
    return verdict;
}
