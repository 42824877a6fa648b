/* SPDX-License-Identifier: Apache-2.0 */
/* The page's sections from the gate to the chain: what was asked, what left, what happened, who said what, how it ended. */
#include "services/intake/custody_page.h"

#include <stdio.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* --- the gate ---------------------------------------------------------------------------------------------------------------------- */

/* "1-2" as the document has it: 1-②. */
static void put_clause(struct buf *out, const json_t *clause)
{
    int paragraph, item;
    char rest;
    const char *text = json_string_value(clause);
    if (text && sscanf(text, "%d-%d%c", &paragraph, &item, &rest) == 2 && item >= 1 && item <= 20)
        buf_printf(out, "%d-&#%d;", paragraph, 0x2460 + item - 1);
    else
        page_value(out, clause);
}

static const json_t *row_with(const json_t *rows, const json_t *row)
{
    for (size_t i = 0; i < json_array_size(rows); i++)
        if (json_equal(json_object_get(json_array_get(rows, i), "code"),
                       json_object_get(row, "code")))
            return json_array_get(rows, i);
    return NULL;
}

static void put_verdict(struct buf *out, const json_t *row)
{
    const json_t *met = json_object_get(row, "met");
    if (!row)
        page_none(out, "not_asked");
    else if (!json_is_boolean(met))
        page_value(out, met);
    else {
        buf_printf(out, "<span class=\"%s\">%s ", json_is_true(met) ? "yes" : "no",
                   json_is_true(met) ? "✓" : "✗");
        page_words(out, json_is_true(met) ? "met" : "unmet");
        buf_add_text(out, "</span>");
    }
}

static void put_row(struct buf *out, const json_t *row, const json_t *offer,
                    const json_t *acceptance)
{
    buf_add_text(out, "<tr><td>");
    put_clause(out, json_object_get(row, "clause"));
    buf_add_text(out, "</td><td>");
    if (text_of(row, "ja"))
        page_both(out, row);
    buf_add_text(out, " ");
    page_code(out, json_object_get(row, "code"));
    buf_add_text(out, "</td><td>");
    put_verdict(out, row_with(offer, row));
    buf_add_text(out, "</td><td>");
    put_verdict(out, row_with(acceptance, row));
    buf_add_text(out, "</td></tr>\n");
}

static void put_moment(struct buf *out, const char *code, const json_t *moment)
{
    page_open_fact(out, code);
    if (json_is_object(moment)) {
        page_time(out, json_object_get(moment, "at"));
        buf_add_text(out, "No. ");
        page_value(out, json_object_get(moment, "revision"));
        buf_add_text(out, "<br>");
        page_code(out, json_object_get(moment, "head"));
    } else {
        page_none(out, "not_recorded");
    }
    page_close_fact(out);
}

void page_add_gate(struct buf *out, const json_t *document)
{
    static const struct page_column columns[] = {
        {"clause", "w16"}, {"row", NULL}, {"at_offer", "w28"}, {"at_acceptance", "w28"}};
    const json_t *gate = json_object_get(document, "gate"),
                 *offer = json_object_get(json_object_get(gate, "offer"), "rows"),
                 *acceptance = json_object_get(json_object_get(gate, "acceptance"), "rows");
    page_open_section(out, "gate");
    buf_add_text(out, "<table class=\"facts\"><tbody>\n");
    put_moment(out, "at_offer", json_object_get(gate, "offer"));
    put_moment(out, "at_acceptance", json_object_get(gate, "acceptance"));
    page_close_table(out);
    if (json_array_size(offer) || json_array_size(acceptance)) {
        page_open_table(out, columns, COUNT_OF(columns));
        for (size_t i = 0; i < json_array_size(offer); i++)
            put_row(out, json_array_get(offer, i), offer, acceptance);
        for (size_t i = 0; i < json_array_size(acceptance); i++)
            if (!row_with(offer, json_array_get(acceptance, i)))
                put_row(out, json_array_get(acceptance, i), offer, acceptance);
        page_close_table(out);
    }
    page_close_section(out);
}

/* --- content ------------------------------------------------------------------------------------------------------------------------ */

static void put_warning(struct buf *out, const json_t *warning)
{
    if (text_of(warning, "ja"))
        page_both(out, warning);
    else
        page_value(out, warning);
}

static void put_warnings(struct buf *out, const json_t *warnings)
{
    page_list(out, warnings, put_warning, "");
}

static void put_items(struct buf *out, const json_t *items)
{
    static const struct page_column columns[] = {
        {"item", NULL}, {"length", "w24"}, {"sha256", "w80"}};
    if (!json_array_size(items))
        return;
    page_open_table(out, columns, COUNT_OF(columns));
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i), *name = json_object_get(item, "name");
        buf_add_text(out, "<tr><td>");
        page_value(out, name ? name : json_object_get(item, "upload"));
        buf_add_text(out, "</td><td>");
        page_value(out, json_object_get(item, "length"));
        buf_add_text(out, "</td><td>");
        page_code(out, json_object_get(item, "sha256"));
        buf_add_text(out, "</td></tr>\n");
    }
    page_close_table(out);
}

void page_add_content(struct buf *out, const json_t *document)
{
    const json_t *offer = json_object_get(document, "offer"),
                 *manifest = json_object_get(document, "manifest");
    page_open_section(out, "content");
    buf_add_text(out, "<table class=\"facts\"><tbody>\n");
    page_fact(out, "offer_head", json_object_get(offer, "head"), page_code);
    page_fact(out, "tlp", json_object_get(offer, "tlp"), page_value);
    page_fact(out, "purposes", json_object_get(offer, "purposes"), page_codes);
    page_fact(out, "warnings", json_object_get(offer, "warnings"), put_warnings);
    page_fact(out, "manifest", json_object_get(manifest, "sha256"), page_code);
    page_fact(out, "parts", json_object_get(manifest, "parts"), page_value);
    page_close_table(out);
    put_items(out, json_object_get(manifest, "items"));
    page_close_section(out);
}

/* --- what happened --------------------------------------------------------------------------------------------------------------------- */

static void put_rest(struct buf *out, const json_t *place)
{
    if (!json_is_object(place)) {
        page_none(out, "not_recorded");
        return;
    }
    buf_add_text(out, "No. ");
    page_value(out, json_object_get(place, "revision"));
    buf_add_text(out, " (");
    page_place(out, place);
    buf_add_text(out, ")<br>");
    page_code(out, json_object_get(place, "head"));
}

static void put_sent(struct buf *out, const json_t *step)
{
    const json_t *record = json_object_get(step, "record");
    if (json_is_object(record)) {
        page_place(out, record);
        buf_add_text(out, "<br>");
        page_code(out, json_object_get(record, "sha256"));
    } else if (json_object_get(step, "reply")) {
        page_words(out, "reply");
        buf_add_text(out, "<br>");
        page_code(out, json_object_get(step, "reply"));
    } else {
        buf_add_text(out, "—");
    }
}

void page_add_timeline(struct buf *out, const json_t *document)
{
    static const struct page_column columns[] = {
        {"time", "w42"}, {"what", "w28"}, {"rests_on", NULL}, {"record", NULL}};
    const json_t *steps = json_object_get(document, "steps");
    page_open_section(out, "timeline");
    if (!json_array_size(steps))
        page_none(out, "not_recorded");
    else
        page_open_table(out, columns, COUNT_OF(columns));
    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *step = json_array_get(steps, i);
        buf_add_text(out, "<tr><td>");
        page_time(out, json_object_get(step, "at"));
        buf_add_text(out, "</td><td>");
        page_named(out, json_object_get(step, "step"));
        buf_add_text(out, "</td><td>");
        put_rest(out, json_object_get(step, "rests_on"));
        buf_add_text(out, "</td><td>");
        put_sent(out, step);
        buf_add_text(out, "</td></tr>\n");
    }
    if (json_array_size(steps))
        page_close_table(out);
    page_close_section(out);
}

/* --- the provider's words ------------------------------------------------------------------------------------------------------------------ */

/* A report is delivered and, once opened, reported by one and the same word. */
static bool is_said_before(const json_t *list, size_t place)
{
    const json_t *reply = json_object_get(json_array_get(list, place), "reply");
    for (size_t i = 0; i < place; i++)
        if (reply && json_equal(json_object_get(json_array_get(list, i), "reply"), reply))
            return true;
    return false;
}

static void put_word(struct buf *out, const json_t *list, size_t place)
{
    const json_t *word = json_array_get(list, place);
    buf_add_text(out, "<table class=\"facts\"><tbody>\n");
    page_open_fact(out, "what");
    page_named(out, json_object_get(word, "type"));
    buf_add_text(out, "<small class=\"b\">No. ");
    page_value(out, json_object_get(word, "revision"));
    buf_add_text(out, "</small>");
    page_close_fact(out);
    page_fact(out, "time", json_object_get(word, "at"), page_time);
    page_fact(out, "handover", json_object_get(word, "handover"), page_code);
    page_fact(out, "head", json_object_get(word, "head"), page_code);
    page_fact(out, "kid", json_object_get(word, "kid"), page_code);
    page_fact(out, "reply", json_object_get(word, "reply"), page_code);
    if (json_object_get(word, "reason"))
        page_fact(out, "reason", json_object_get(word, "reason"), page_value);
    page_open_fact(out, "jws");
    if (is_said_before(list, place))
        page_none(out, "as_above");
    else
        page_code(out, json_object_get(word, "jws"));
    page_close_fact(out);
    page_close_table(out);
}

void page_add_said(struct buf *out, const json_t *document)
{
    const json_t *list = json_object_get(document, "words");
    page_open_section(out, "said");
    if (!json_array_size(list))
        page_none(out, "none");
    for (size_t i = 0; i < json_array_size(list); i++)
        put_word(out, list, i);
    page_close_section(out);
}

static void put_report(struct buf *out, const json_t *entry)
{
    static const char *const counts[] = {"findings", "recommendations", "indicators"};
    const json_t *report = json_object_get(entry, "report");
    buf_add_text(out, "<table class=\"facts\"><tbody>\n");
    page_fact(out, "recorded", json_object_get(entry, "recorded_at"), page_time);
    page_fact(out, "reply", json_object_get(entry, "reply"), page_code);
    for (size_t i = 0; i < COUNT_OF(counts); i++)
        if (json_object_get(report, counts[i]))
            page_fact(out, counts[i], json_object_get(report, counts[i]), page_value);
    page_close_table(out);
    put_items(out, json_object_get(report, "items"));
}

void page_add_reports(struct buf *out, const json_t *document)
{
    const json_t *list = json_object_get(document, "reports");
    page_open_section(out, "reports");
    if (!json_array_size(list))
        page_none(out, "none");
    for (size_t i = 0; i < json_array_size(list); i++)
        put_report(out, json_array_get(list, i));
    page_close_section(out);
}

/* --- ends --------------------------------------------------------------------------------------------------------------------------------- */

static void put_effect(struct buf *out, const json_t *end)
{
    const char *effect = text_of(end, "effect");
    if (json_is_true(json_object_get(end, "ends_this")))
        page_words(out, "ends_this");
    if (effect) {
        buf_add_text(out, "<br>");
        page_words(out, strcmp(effect, "recalled") == 0 ? "recalled_effect" : effect);
    }
}

void page_add_ends(struct buf *out, const json_t *document)
{
    static const struct page_column columns[] = {
        {"time", "w42"}, {"what", "w34"}, {"by", NULL}, {"reason", NULL}, {"effect", "w34"}};
    const json_t *list = json_object_get(document, "ends");
    page_open_section(out, "ends");
    if (!json_array_size(list))
        page_none(out, "none");
    else
        page_open_table(out, columns, COUNT_OF(columns));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *end = json_array_get(list, i), *given = json_object_get(end, "given_by");
        buf_add_text(out, "<tr><td>");
        page_time(out, json_object_get(end, "at"));
        buf_add_text(out, "</td><td>");
        page_named(out, json_object_get(end, "type"));
        buf_add_text(out, "<small class=\"b\">No. ");
        page_value(out, json_object_get(end, "revision"));
        buf_add_text(out, "</small></td><td>");
        if (given)
            page_value(out, given);
        buf_add_text(out, given ? "<br>" : "");
        page_actor(out, json_object_get(end, "by"));
        buf_add_text(out, "</td><td>");
        page_value(out, json_object_get(end, "reason"));
        buf_add_text(out, "</td><td>");
        put_effect(out, end);
        buf_add_text(out, "</td></tr>\n");
    }
    if (json_array_size(list))
        page_close_table(out);
    page_close_section(out);
}

/* --- the chain ------------------------------------------------------------------------------------------------------------------------------ */

/* What a hand-over rests on; everything else is in the JSON document. */
static bool is_shown(const json_t *event)
{
    static const char *const begins[] = {"consent.",  "intention.",          "handover.",
                                         "provider.", "customer.identified", "case."};
    const char *type = text_of(event, "type");
    for (size_t i = 0; type && i < COUNT_OF(begins); i++)
        if (strncmp(type, begins[i], strlen(begins[i])) == 0)
            return true;
    return false;
}

void page_add_chain(struct buf *out, const json_t *document)
{
    static const struct page_column columns[] = {
        {"revision", "w16"}, {"time", "w42"}, {"what", "w34"}, {"place", "w20"}, {"head", NULL}};
    const json_t *chain = json_object_get(document, "chain"),
                 *events = json_object_get(chain, "events");
    page_open_section(out, "chain");
    buf_add_text(out, "<table class=\"facts\"><tbody>\n");
    page_fact(out, "events", json_object_get(chain, "revision"), page_value);
    page_fact(out, "head", json_object_get(chain, "head"), page_code);
    page_open_fact(out, "not_taken_count");
    buf_printf(out, "%zu", json_array_size(json_object_get(chain, "not_taken")));
    page_close_fact(out);
    page_close_table(out);
    page_open_table(out, columns, COUNT_OF(columns));
    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_t *event = json_array_get(events, i);
        if (!is_shown(event))
            continue;
        buf_add_text(out, "<tr><td>");
        page_value(out, json_object_get(event, "revision"));
        buf_add_text(out, "</td><td>");
        page_time(out, json_object_get(event, "time"));
        buf_add_text(out, "</td><td>");
        page_named(out, json_object_get(event, "type"));
        buf_add_text(out, "</td><td>");
        page_place(out, event);
        buf_add_text(out, "</td><td>");
        page_code(out, json_object_get(event, "head"));
        buf_add_text(out, "</td></tr>\n");
    }
    page_close_table(out);
    page_close_section(out);
}
