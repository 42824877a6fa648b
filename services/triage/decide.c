/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/decide.h"

#include "common/clock.h"
#include "common/desk/case.h"
#include "common/desk/limits.h"
#include "services/triage/window.h"

#include <string.h>

/* Of the record's 1,024,000 bytes, as escaped JSON: two searches with a summary of 256 KiB each, the others in short. */
#define OWN_BYTES_MAX (980 * 1000)
#define LIST_BYTES_MAX (16 * 1024) /* devices, indicators */
#define LIST_BYTES_OF_OLDER (2 * 1024)
#define GROUPS_BYTES_OF_OLDER (4 * 1024)
#define WHY_BYTES_MAX 200

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static json_t *hold(const json_t *json)
{
    return json_incref((json_t *)(uintptr_t)json);
}

static json_t *now_json(const struct processor_input *input)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format_us(input->now_us, text);
    return json_string(text);
}

/* --- fold ------------------------------------------------------------------------------------------------------------ */

enum verdict triage_fold(json_t *state, const char *topic, const struct event *event,
                         struct why *why)
{
    (void)topic; /* `cases` is the only input */
    return case_fold(state, event, why);
}

/* --- questions to the state --------------------------------------------------------------------------------------------- */

static const json_t *find_by(const json_t *list, const char *name, const char *value)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (same_text(text_of(json_array_get(list, i), name), value))
            return json_array_get(list, i);
    return NULL;
}

static const json_t *searches_of(const json_t *state)
{
    return json_object_get(json_object_get(state, "own"), "searches");
}

static bool has_log_uploads(const json_t *chain)
{
    return find_by(json_object_get(chain, "uploads"), "of", "logs") != NULL;
}

static json_int_t revision_searched(const json_t *own)
{
    json_int_t highest = 0;
    const json_t *searches = json_object_get(own, "searches");
    for (size_t i = 0; i < json_array_size(searches); i++) {
        json_int_t revision =
            json_integer_value(json_object_get(json_array_get(searches, i), "revision"));
        highest = revision > highest ? revision : highest;
    }
    return highest;
}

static bool is_asked(const json_t *call)
{
    return same_text(text_of(call, "why"), "extraction.requested");
}

/* Somebody asked for it: it says nothing of the case as a whole. */
static bool is_asked_search(const json_t *search)
{
    return same_text(text_of(json_object_get(search, "called_by"), "type"), "extraction.requested");
}

static bool has_status(const json_t *search, const char *status)
{
    return same_text(text_of(search, "status"), status);
}

static bool has_extract(const json_t *search)
{
    return has_status(search, "found") || has_status(search, "none");
}

/* It looked everywhere it could, up to its ends: what comes in behind them counts all the same. `ends` are gone once it was
 * dropped. */
static bool is_watchable(const json_t *search)
{
    return has_extract(search) ||
           (same_text(text_of(json_object_get(search, "failure"), "code"), "store_damaged") &&
            json_object_get(search, "ends"));
}

/* Calls that no search answers yet. Of those that only say "look again" the newest stands for all; each that somebody
 * asked for in so many words is answered by itself. */
static bool is_pending(const json_t *chain, const json_t *own, size_t index)
{
    const json_t *calls = json_object_get(chain, "search_calls");
    const json_t *call = json_array_get(calls, index);
    if (json_integer_value(json_object_get(call, "revision")) <= revision_searched(own))
        return false;
    if (is_asked(call))
        return true;
    for (size_t i = index + 1; i < json_array_size(calls); i++)
        if (!is_asked(json_array_get(calls, i)))
            return false;
    return true;
}

static bool any_pending(const json_t *chain, const json_t *own)
{
    if (!text_of(chain, "customer_id") && !has_log_uploads(chain))
        return false;
    for (size_t i = 0; i < json_array_size(json_object_get(chain, "search_calls")); i++)
        if (is_pending(chain, own, i))
            return true;
    return false;
}

const json_t *triage_watched_search(const json_t *state)
{
    const json_t *chain = json_object_get(state, "cases"), *searches = searches_of(state);
    const char *customer = text_of(chain, "customer_id");
    if (!customer || !case_is_open(chain))
        return NULL;
    for (size_t i = json_array_size(searches); i > 0; i--) {
        const json_t *search = json_array_get(searches, i - 1);
        if (is_watchable(search) && !is_asked_search(search) &&
            same_text(text_of(search, "owner"), customer))
            return search;
    }
    return NULL;
}

/* --- the own value -------------------------------------------------------------------------------------------------------- */

static json_t *own_copy(const json_t *state, const char *case_id)
{
    const json_t *own = json_object_get(state, "own");
    if (own)
        return json_deep_copy(own);
    return json_pack("{s:s, s:n, s:s, s:n, s:[], s:{}}", "case", case_id, "customer_id", "status",
                     "waiting", "search", "searches", "uploads");
}

static bool is_answered(const json_t *search)
{
    return !has_status(search, "searching");
}

/* --- keeping it small: everything is measured as it is written --- */

static size_t size_of(const json_t *json)
{
    return json_dumpb(json, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
}

/* True: something had to go. */
static bool trim(json_t *list, size_t bytes_max)
{
    size_t bytes = size_of(list), count = json_array_size(list);
    bool cut = false;
    for (; bytes > bytes_max && count; cut = true) {
        bytes -= size_of(json_array_get(list, count - 1)) + (count > 1);
        json_array_remove(list, --count);
    }
    return cut;
}

/* What is searched for is taken from the chain where it does not fit here. */
static void trim_lists(json_t *search, size_t bytes_max)
{
    bool devices = trim(json_object_get(search, "devices"), bytes_max);
    bool indicators = trim(json_object_get(search, "indicators"), bytes_max);
    if (devices || indicators)
        json_object_set_new(search, "cut", json_true());
}

static void shorten(json_t *search)
{
    static const char *const heavy[] = {"samples", "devices", "pivots", "indicators", "touched"};
    for (size_t i = 0; i < COUNT_OF(heavy); i++)
        json_object_del(search, heavy[i]);
    trim(json_object_get(search, "groups"), GROUPS_BYTES_OF_OLDER);
    json_object_del(json_object_get(search, "coverage"), "sources");
}

static bool is_full(const json_t *own, size_t index)
{
    const json_t *searches = json_object_get(own, "searches"),
                 *search = json_array_get(searches, index);
    return index + 1 == json_array_size(searches) ||
           same_text(text_of(search, "id"), text_of(own, "search"));
}

/* The oldest that may go; `answered`: of those that have an answer. False: none. */
static bool remove_oldest(json_t *own, bool answered)
{
    json_t *searches = json_object_get(own, "searches");
    for (size_t i = 0; i < json_array_size(searches); i++)
        if (!is_full(own, i) && (!answered || is_answered(json_array_get(searches, i))))
            return json_array_remove(searches, i) == 0;
    return false;
}

/* Who looked at whose logs stays; what was found there is none of this case's business any more. */
static void drop(json_t *search)
{
    static const char *const kept[] = {"id",     "called_by", "revision",     "owner",
                                       "window", "failure",   "requested_at", "finished_at"};
    json_auto_t *rest = json_object();
    for (size_t i = 0; i < COUNT_OF(kept); i++)
        if (json_object_get(search, kept[i]))
            json_object_set(rest, kept[i], json_object_get(search, kept[i]));
    json_object_set_new(rest, "status",
                        json_string(has_status(search, "failed") ? "failed" : "dropped"));
    json_object_clear(search);
    json_object_update(search, rest);
}

static void drop_foreign(json_t *own)
{
    const char *customer = text_of(own, "customer_id");
    json_t *searches = json_object_get(own, "searches");
    for (size_t i = 0; i < json_array_size(searches); i++) {
        json_t *search = json_array_get(searches, i);
        const char *owner = text_of(search, "owner");
        if (owner && is_answered(search) && !same_text(owner, customer))
            drop(search);
    }
}

/* The last resort: better a search without its samples than a case that cannot be published. */
static void lighten(json_t *own)
{
    static const char *const heaviest[] = {"samples", "groups",     "coverage", "pivots",
                                           "devices", "indicators", "touched",  "histogram"};
    json_t *searches = json_object_get(own, "searches");
    for (size_t i = 0; i < COUNT_OF(heaviest) && size_of(own) > OWN_BYTES_MAX; i++)
        for (size_t k = 0; k < json_array_size(searches); k++)
            json_object_del(json_array_get(searches, k), heaviest[i]);
}

/* Bounds the value: 20 searches, the newest and the case's own newest in full. */
static void age(json_t *own)
{
    json_t *searches = json_object_get(own, "searches");
    drop_foreign(own);
    while (json_array_size(searches) > LIMIT_SEARCHES_KEPT && remove_oldest(own, false))
        continue;
    for (size_t i = 0; i < json_array_size(searches); i++) {
        json_t *search = json_array_get(searches, i);
        bool full = is_full(own, i);
        if (!full && is_answered(search))
            shorten(search);
        trim_lists(search, full ? LIST_BYTES_MAX : LIST_BYTES_OF_OLDER);
    }
    while (size_of(own) > OWN_BYTES_MAX && remove_oldest(own, true))
        continue;
    lighten(own);
}

/* Cut so that it is short as JSON as well, on a character's boundary. */
static json_t *short_text(const char *text)
{
    size_t length = text ? strlen(text) : 0;
    for (;; length /= 2) {
        length = utf8_cut(bytes_of(text), length).length;
        json_t *json = json_stringn(text ? text : "", length);
        if (!length || (json && size_of(json) <= WHY_BYTES_MAX))
            return json;
        json_decref(json);
    }
}

static void publish(struct outputs *outputs, json_t *own)
{
    age(own);
    outputs_publish(outputs, "extractions", "extraction.updated", own);
}

static void fail(json_t *search, const char *code, const char *why, json_t *at)
{
    json_object_set_new(search, "status", json_string("failed"));
    json_object_set_new(search, "failure",
                        why ? json_pack("{s:s, s:o}", "code", code, "why", short_text(why))
                            : json_pack("{s:s}", "code", code));
    json_object_set_new(search, "finished_at", at);
}

/* --- calls ------------------------------------------------------------------------------------------------------------------ */

/* What is being searched is given up; publish() drops what was found. The change calls for a search of its own. */
static void change_customer(json_t *own, const json_t *customer,
                            const struct processor_input *input)
{
    json_t *searches = json_object_get(own, "searches");
    json_object_set_new(own, "customer_id", customer ? hold(customer) : json_null());
    json_object_set_new(own, "search", json_null());
    json_object_set_new(own, "status", json_string("waiting"));
    for (size_t i = 0; i < json_array_size(searches); i++) {
        json_t *search = json_array_get(searches, i);
        if (!is_answered(search) &&
            !same_text(text_of(search, "owner"), json_string_value(customer)))
            fail(search, "customer_changed", NULL, now_json(input));
    }
}

static json_t *device_marks(const json_t *hearing)
{
    json_t *list = json_array();
    const json_t *devices = json_object_get(hearing, "device");
    static const char *const members[] = {"name", "addresses", "mac"};
    for (size_t i = 0; i < json_array_size(devices); i++) {
        json_t *mark = json_object();
        for (size_t k = 0; k < COUNT_OF(members); k++) {
            json_t *value = json_object_get(json_array_get(devices, i), members[k]);
            if (value)
                json_object_set(mark, members[k], value);
        }
        if (json_object_size(mark))
            json_array_append(list, mark);
        json_decref(mark);
    }
    return list;
}

/* Who names what is to be looked for does not want the hearing's devices beside it. */
static void set_asked(json_t *search, const json_t *asked)
{
    static const char *const members[] = {"devices", "text", "indicators"};
    json_t *window = json_object_get(search, "window");
    bool named = false;
    for (size_t i = 0; i < COUNT_OF(members); i++)
        named |= json_object_get(asked, members[i]) != NULL;
    if (named) {
        json_object_set_new(search, "asked", json_true());
        json_object_set_new(search, "devices", json_array());
    }
    for (size_t i = 0; i < COUNT_OF(members); i++)
        if (json_object_get(asked, members[i]))
            json_object_set_new(search, members[i],
                                json_deep_copy(json_object_get(asked, members[i])));
    if (json_object_get(asked, "from"))
        json_object_set(window, "from", json_object_get(asked, "from"));
    if (json_object_get(asked, "to"))
        json_object_set(window, "to", json_object_get(asked, "to"));
}

static const json_t *asked_in_chain(const json_t *chain, const json_t *search)
{
    return find_by(json_object_get(chain, "extractions"), "id", text_of(search, "id"));
}

static void begin_search(json_t *own, const json_t *chain, const json_t *call,
                         const struct processor_input *input, const json_t *facts)
{
    const json_t *ends = json_object_get(facts, "ends");
    json_t *search = json_pack(
        "{s:O, s:{s:O, s:O, s:O}, s:O, s:s, s:o, s:o, s:o, s:o}", "id", json_object_get(call, "id"),
        "called_by", "event", json_object_get(call, "id"), "type", json_object_get(call, "why"),
        "actor", json_object_get(call, "actor"), "revision", json_object_get(call, "revision"),
        "status", "searching", "owner", json_deep_copy(json_object_get(own, "customer_id")),
        "window", window_of_case(chain), "devices", device_marks(json_object_get(chain, "hearing")),
        "requested_at", now_json(input));
    set_asked(search, asked_in_chain(chain, search));
    if (ends)
        json_object_set_new(search, "ends", json_deep_copy(ends));
    json_array_append_new(json_object_get(own, "searches"), search);
    if (is_asked(call))
        return;
    json_object_set(own, "search", json_object_get(call, "id"));
    json_object_set_new(own, "status", json_string("searching"));
}

static void begin_pending(json_t *own, const json_t *chain, const struct processor_input *input,
                          const json_t *facts)
{
    const json_t *calls = json_object_get(chain, "search_calls");
    json_auto_t *before = json_deep_copy(own);
    if (!any_pending(chain, own))
        return;
    for (size_t i = 0; i < json_array_size(calls); i++)
        if (is_pending(chain, before, i))
            begin_search(own, chain, json_array_get(calls, i), input, facts);
}

static void take_chain(const json_t *state, const struct processor_input *input,
                       const json_t *facts, struct outputs *outputs)
{
    const json_t *chain = json_object_get(state, "cases"),
                 *published = json_object_get(state, "own");
    const json_t *customer = json_object_get(chain, "customer_id");
    bool changed = !same_text(text_of(published, "customer_id"), json_string_value(customer));
    if (!chain || (published && !changed && !any_pending(chain, published)))
        return;
    json_t *own = own_copy(state, input->case_id);
    if (changed)
        change_customer(own, customer, input);
    begin_pending(own, chain, input, facts);
    publish(outputs, own);
}

/* --- results ------------------------------------------------------------------------------------------------------------------ */

static json_t *find_search(json_t *own, const char *id)
{
    return (json_t *)(uintptr_t)find_by(json_object_get(own, "searches"), "id", id);
}

static bool was_found(const json_t *search)
{
    bool asked = json_is_true(json_object_get(search, "asked"));
    return json_integer_value(json_object_get(search, asked ? "hits" : "detections")) > 0;
}

static void pass_chunks(json_t *search, const struct processor_input *input,
                        struct outputs *outputs)
{
    json_t *chunks = json_object_get(search, "chunks");
    for (size_t i = 0; i < input->result_record_count; i++)
        json_object_set_new(json_array_get(chunks, i), "$position",
                            json_integer((json_int_t)outputs_pass_record(outputs, i)));
}

static void note_uploads(json_t *own, const json_t *notes)
{
    const char *id;
    const json_t *note;
    json_object_foreach((json_t *)(uintptr_t)notes, id, note)
    {
        json_t *copy = json_deep_copy(note);
        if (text_of(copy, "why"))
            json_object_set_new(copy, "why", short_text(text_of(copy, "why")));
        json_object_set_new(json_object_get(own, "uploads"), id, copy);
    }
}

static bool is_damaged(const json_t *search)
{
    return json_integer_value(json_object_get(json_object_get(search, "coverage"), "damaged")) > 0;
}

static void fill_in(json_t *own, json_t *search, const struct processor_input *input,
                    struct outputs *outputs)
{
    static const char *const members[] = {"records",         "detections", "hits",   "blocked",
                                          "first",           "last",       "bytes",  "sha256",
                                          "truncated",       "chunks",     "ends",   "coverage",
                                          "groups",          "samples",    "pivots", "touched",
                                          "touched_devices", "spoken",     "severe", "histogram"};
    for (size_t i = 0; i < COUNT_OF(members); i++)
        json_object_set_new(search, members[i],
                            json_deep_copy(json_object_get(input->result, members[i])));
    json_object_del(search, "failure");
    json_object_set_new(search, "finished_at", now_json(input));
    json_object_set_new(search, "status", json_string(was_found(search) ? "found" : "none"));
    if (!was_found(search) && is_damaged(search)) /* what is not whole proves nothing */
        fail(search, "store_damaged", NULL, now_json(input));
    pass_chunks(search, input, outputs);
    note_uploads(own, json_object_get(input->result, "uploads"));
}

static void follow_own(json_t *own, const json_t *search)
{
    if (same_text(text_of(own, "search"), text_of(search, "id")))
        json_object_set(own, "status", json_object_get(search, "status"));
}

/* True: the result says something that is not published yet. */
static bool take_answer(json_t *own, json_t *search, const struct processor_input *input,
                        struct outputs *outputs)
{
    const json_t *failed = json_object_get(input->result, "failed");
    bool again = json_is_true(json_object_get(input->result, "again"));
    if (again ? !is_watchable(search) : is_answered(search))
        return false;
    if (same_text(text_of(failed, "code"), "cancelled"))
        return false; /* it goes on as long as the plan names it */
    if (again && (failed || !json_integer_value(json_object_get(input->result, "fresh"))))
        return false;
    if (failed)
        fail(search, text_of(failed, "code"), text_of(failed, "why"), now_json(input));
    else
        fill_in(own, search, input, outputs);
    follow_own(own, search);
    return true;
}

/* A search that nobody waits for any more (the customer changed, it fell out of the list) ends here: its chunks are
 * published only together with the summary that names them. */
static void take_result(const json_t *state, const struct processor_input *input,
                        struct outputs *outputs)
{
    json_auto_t *own = own_copy(state, input->case_id);
    json_t *search = find_search(own, text_of(input->result, "search"));
    const char *customer = text_of(json_object_get(state, "cases"), "customer_id");
    if (!search || !same_text(text_of(search, "owner"), customer))
        return;
    if (take_answer(own, search, input, outputs))
        publish(outputs, TAKE(own));
}

void triage_decide(const json_t *state, const struct processor_input *input, const void *facts,
                   struct outputs *outputs)
{
    switch (input->door) {
    case PROCESSOR_RECORD:
    case PROCESSOR_TICK:
        take_chain(state, input, facts, outputs);
        break;
    case PROCESSOR_RESULT:
        take_result(state, input, outputs);
        break;
    }
}

/* --- plan ------------------------------------------------------------------------------------------------------------------------ */

static json_t *log_uploads(const json_t *chain)
{
    json_t *list = json_array();
    const json_t *uploads = json_object_get(chain, "uploads");
    for (size_t i = 0; i < json_array_size(uploads); i++)
        if (same_text(text_of(json_array_get(uploads, i), "of"), "logs"))
            json_array_append(list, json_array_get(uploads, i));
    return list;
}

/* The published search may have less of it than the chain. */
static void restore_lists(json_t *parameters, const json_t *chain, const json_t *search)
{
    const json_t *asked = asked_in_chain(chain, search);
    static const char *const members[] = {"devices", "indicators"};
    if (!json_is_true(json_object_get(search, "cut")))
        return;
    if (!json_is_true(json_object_get(search, "asked")))
        json_object_set_new(parameters, "devices", device_marks(json_object_get(chain, "hearing")));
    for (size_t i = 0; i < COUNT_OF(members); i++)
        if (json_object_get(asked, members[i]))
            json_object_set(parameters, members[i], json_object_get(asked, members[i]));
}

static json_t *work_parameters(const json_t *state, const json_t *search, bool again)
{
    static const char *const members[] = {"owner",      "window", "devices",
                                          "indicators", "text",   "ends"};
    const json_t *chain = json_object_get(state, "cases");
    json_t *parameters = json_pack("{s:O, s:b, s:o}", "search", json_object_get(search, "id"),
                                   "again", again, "uploads", log_uploads(chain));
    for (size_t i = 0; i < COUNT_OF(members); i++)
        if (json_object_get(search, members[i]))
            json_object_set(parameters, members[i], json_object_get(search, members[i]));
    restore_lists(parameters, chain, search);
    return parameters;
}

static const json_t *oldest_open(const json_t *searches, bool own_only, const json_t *but)
{
    for (size_t i = 0; i < json_array_size(searches); i++) {
        const json_t *search = json_array_get(searches, i);
        if (!is_answered(search) && search != but && !(own_only && is_asked_search(search)))
            return search;
    }
    return NULL;
}

/* Two at a time, so that a case does not keep all workers from the others; one of its own goes first. */
static void plan_searches(const json_t *state, struct plan *plan)
{
    const json_t *searches = searches_of(state), *first = oldest_open(searches, true, NULL);
    if (!first)
        first = oldest_open(searches, false, NULL);
    const json_t *second = first ? oldest_open(searches, false, first) : NULL;
    if (first)
        plan_work(plan, text_of(first, "id"), "search", work_parameters(state, first, false));
    if (second)
        plan_work(plan, text_of(second, "id"), "search", work_parameters(state, second, false));
}

/* One look at a time, whatever comes in meanwhile: its id does not say for which news. */
void triage_plan(const json_t *state, const char *case_id, const void *facts, struct plan *plan)
{
    const json_t *watched = triage_watched_search(state);
    json_t *news = json_object_get(json_object_get(facts, "news"), case_id);
    plan_searches(state, plan);
    if (!news || !watched ||
        !same_text(text_of(watched, "id"), text_of(json_object_get(state, "own"), "search")))
        return;
    CLEANUP(mem_free) char *id = mem_printf("%s/again", text_of(watched, "id"));
    json_t *parameters = work_parameters(state, watched, true);
    json_object_set(parameters, "mark", news);
    plan_work(plan, id, "again", parameters);
}

static const char *const inputs[] = {"cases", NULL};
static const char *const outputs_of_triage[] = {"extracts", NULL};

const struct processor_definition triage_definition = {
    .service = "triage",
    .inputs = inputs,
    .own = "extractions",
    .outputs = outputs_of_triage,
    .format = TRIAGE_FORMAT,
    .worker_count = 4,
    .fold = triage_fold,
    .decide = triage_decide,
    .plan = triage_plan,
};
