/* SPDX-License-Identifier: Apache-2.0 */
#include "services/notify/parameters.h"

#include "common/desk/playbooks.h"
#include "common/util.h"
#include "services/notify/breach.h"
#include "services/notify/clocks.h"
#include "services/notify/notices.h"

#include <string.h>

static void copy(json_t *parameters, const char *name, const json_t *value)
{
    if (value)
        json_object_set(parameters, name, (json_t *)(uintptr_t)value);
}

static void set_text(json_t *parameters, const char *name, const char *text)
{
    if (text)
        json_object_set_new(parameters, name, json_string(text));
}

/* --- the case ------------------------------------------------------------------------------------------------------------ */

static void add_search(const struct view *view, json_t *parameters)
{
    static const char *const counts[] = {"records", "detections", "blocked"};
    const json_t *search = view_search(view);
    for (size_t i = 0; i < COUNT_OF(counts); i++)
        json_object_set_new(parameters, counts[i],
                            json_integer(json_integer_value(json_object_get(search, counts[i]))));
}

/* "<playbook>/<step>" in the words in which it was read out; a step of no playbook by its own name. */
static json_t *step_words(const char *key)
{
    const char *slash = strchr(key, '/');
    CLEANUP(mem_free) char *book = mem_dup(key, slash ? (size_t)(slash - key) : 0);
    const char *name = slash ? slash + 1 : key;
    const struct playbook *playbook = playbooks_find(book);
    const struct playbook_step *step = playbook ? playbooks_find_step(playbook, name) : NULL;
    return json_pack("{s:s, s:s}", "ja", step ? step->title.ja : name, "en",
                     step ? step->title.en : name);
}

static void add_steps(const struct view *view, json_t *parameters)
{
    json_t *steps = json_array();
    const char *key;
    const json_t *done;
    json_object_foreach(json_object_get(chain_of(view), "steps_done"), key, done)
        json_array_append_new(steps, step_words(key));
    json_object_set_new(parameters, "steps", steps);
}

static void add_proposals(const struct view *view, json_t *parameters)
{
    json_t *open = json_array();
    const char *id;
    const json_t *proposal;
    json_object_foreach(json_object_get(chain_of(view), "proposals"), id, proposal)
    {
        if (!json_object_get(proposal, "decided"))
            json_array_append(open, json_object_get(proposal, "proposed"));
    }
    json_object_set_new(parameters, "proposals", open);
}

static void add_breach(const struct view *view, json_t *parameters)
{
    struct breach_dates dates;
    if (!breach_dates_of(view, &dates))
        return;
    json_object_set_new(
        parameters, "breach",
        json_pack("{s:I, s:s, s:I, s:I, s:I, s:i, s:b, s:s, s:s, s:s, s:s}", "known_day",
                  (json_int_t)dates.known_day, "known_by", dates.known_by ? dates.known_by : "",
                  "from_day", (json_int_t)dates.preliminary_from_day, "day",
                  (json_int_t)dates.preliminary_day, "final_day", (json_int_t)dates.final_day,
                  "final_days", dates.final->days, "entrusted", dates.entrusted,
                  "preliminary_source_ja", dates.preliminary->source_ja, "preliminary_source_en",
                  dates.preliminary->source_en, "final_source_ja", dates.final->source_ja,
                  "final_source_en", dates.final->source_en));
}

static void add_case(const struct view *view, json_t *parameters)
{
    const json_t *chain = chain_of(view), *policy = json_object_get(chain, "policy"),
                 *status = json_object_get(view->state, "escalation-status");
    copy(parameters, "number", json_object_get(chain, "number"));
    copy(parameters, "policy", json_object_get(policy, "text"));
    copy(parameters, "reasons", json_object_get(status, "reasons"));
    copy(parameters, "warnings", json_object_get(status, "warnings"));
    copy(parameters, "reply_by", json_object_get(view_handover(view), "reply_by"));
    copy(parameters, "handover", json_object_get(view_handover(view), "id"));
    if (view_is_with_another(view))
        json_object_set_new(parameters, "with_another", json_true());
    copy(parameters, "callback_at", json_object_get(json_object_get(chain, "callback"), "due_at"));
    copy(parameters, "changed_at", json_object_get(chain, "changed_at"));
    add_search(view, parameters);
    add_steps(view, parameters);
    add_proposals(view, parameters);
    add_breach(view, parameters);
}

/* --- who it is for ------------------------------------------------------------------------------------------------------- */

/* By name only where the address was read back: elsewhere even the name of the company says too much. */
static void add_recipient(const struct view *view, const struct notify_rule *rule,
                          const struct recipient *recipient, json_t *parameters)
{
    char where[17];
    const char *wish = hearing_text(view, "contact", "language");
    bool customer = rule->to == NOTIFY_CUSTOMER || rule->to == NOTIFY_RESPONSIBLE;
    address_fingerprint(view, recipient->address, where);
    set_text(parameters, "address", recipient->address);
    set_text(parameters, "where", where);
    json_object_set_new(parameters, "confirmed", json_boolean(recipient->confirmed));
    set_text(parameters, "language", customer && wish ? wish : "both");
    if (!customer || !recipient->confirmed)
        return;
    set_text(parameters, "company", hearing_text(view, "contact", "company"));
    set_text(parameters, "person",
             hearing_text(view, "contact",
                          rule->to == NOTIFY_CUSTOMER ? "person" : "responsible_person"));
}

static json_t *of_notice(const struct view *view, const json_t *notice)
{
    static const char *const shown[] = {"rule",    "template",   "channel", "to",
                                        "urgency", "planned_at", "due_at",  "late"};
    json_t *parameters = json_pack("{s:O, s:O}", "notice", json_object_get(notice, "id"), "case",
                                   json_object_get(chain_of(view), "id"));
    for (size_t i = 0; i < COUNT_OF(shown); i++)
        copy(parameters, shown[i], json_object_get(notice, shown[i]));
    return parameters;
}

json_t *parameters_of(const struct view *view, const json_t *notice)
{
    const char *to = text_of(notice, "to");
    const struct notify_rule *rule = notice_rule(notice);
    if (notify_subscriber_of(to)) {
        json_t *parameters = of_notice(view, notice);
        copy(parameters, "number", json_object_get(chain_of(view), "number"));
        set_text(parameters, "subscriber", notify_subscriber_of(to));
        return parameters;
    }
    struct recipient recipient = rule ? recipient_of(view, rule) : (struct recipient){0};
    if (!recipient.address)
        return NULL;
    json_t *parameters = of_notice(view, notice);
    add_case(view, parameters);
    add_recipient(view, rule, &recipient, parameters);
    return parameters;
}
