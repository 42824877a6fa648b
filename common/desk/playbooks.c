/* SPDX-License-Identifier: Apache-2.0 */
/* The table of playbooks as others ask for it. */
#include "common/desk/playbooks.h"

#include <string.h>

const struct playbook *playbooks_find(const char *id)
{
    for (size_t i = 0; i < playbooks_count; i++)
        if (strcmp(playbooks_table[i].id, id) == 0)
            return &playbooks_table[i];
    return NULL;
}

const struct playbook *playbooks_for_incident(const char *type)
{
    const struct playbook *found = type ? playbooks_find(type) : NULL;
    return found ? found : playbooks_find("other");
}

const struct playbook_step *playbooks_find_step(const struct playbook *playbook, const char *step)
{
    for (const struct playbook_step *at = playbook->steps; at->id; at++)
        if (strcmp(at->id, step) == 0)
            return at;
    return NULL;
}

const struct playbook_step *playbooks_find_step_of_any(const char *step)
{
    const struct playbook_step *found = NULL;
    for (size_t i = 0; i < playbooks_count && !found; i++)
        found = playbooks_find_step(&playbooks_table[i], step);
    return found;
}

const char *playbooks_kind_name(enum playbook_kind kind)
{
    switch (kind) {
    case PLAYBOOK_PRESERVE:
        return "preserve";
    case PLAYBOOK_CONTAIN:
        return "contain";
    case PLAYBOOK_CLEAN:
        return "clean";
    case PLAYBOOK_REPORT:
        return "report";
    }
    return NULL;
}

json_t *playbooks_mandatory_steps(const struct playbook *playbook)
{
    json_t *steps = json_array();
    for (const struct playbook_step *step = playbook->steps; step->id; step++)
        if (step->mandatory)
            json_array_append_new(steps,
                                  json_pack("{s:s, s:s, s:s, s:s}", "playbook", playbook->id,
                                            "version", playbook->version, "step", step->id,
                                            "kind_of_step", playbooks_kind_name(step->kind)));
    return steps;
}

/* --- as JSON ------------------------------------------------------------------------------------------------------ */

static json_t *text_json(struct playbook_text text)
{
    return json_pack("{s:s, s:s}", "ja", text.ja, "en", text.en);
}

static json_t *step_json(const struct playbook_step *step)
{
    return json_pack("{s:s, s:s, s:b, s:o, s:o, s:o}", "step", step->id, "kind_of_step",
                     playbooks_kind_name(step->kind), "mandatory", step->mandatory, "title",
                     text_json(step->title), "say", text_json(step->say), "why",
                     text_json(step->why));
}

static json_t *contact_json(const struct playbook_contact *contact)
{
    json_t *shown = json_pack("{s:s, s:o, s:o}", "id", contact->id, "name",
                              text_json(contact->name), "use", text_json(contact->use));
    const char *const ways[][2] = {
        {"phone", contact->phone}, {"mail", contact->mail}, {"web", contact->web}};
    for (size_t i = 0; i < COUNT_OF(ways); i++)
        if (ways[i][1])
            json_object_set_new(shown, ways[i][0], json_string(ways[i][1]));
    return shown;
}

static json_t *playbook_json(const struct playbook *playbook)
{
    json_t *steps = json_array(), *do_not = json_array(), *contacts = json_array();
    for (const struct playbook_step *step = playbook->steps; step->id; step++)
        json_array_append_new(steps, step_json(step));
    for (const struct playbook_text *text = playbook->do_not; text->ja; text++)
        json_array_append_new(do_not, text_json(*text));
    for (size_t i = 0; playbook->contacts[i]; i++)
        json_array_append_new(contacts, contact_json(playbook->contacts[i]));
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "playbook", playbook->id, "version",
                     playbook->version, "title", text_json(playbook->title), "when",
                     text_json(playbook->when), "steps", steps, "do_not", do_not, "contacts",
                     contacts);
}

json_t *playbooks_json(const char *type)
{
    json_t *list = json_array();
    for (size_t i = 0; i < playbooks_count; i++)
        if (!type || strcmp(type, playbooks_table[i].id) == 0)
            json_array_append_new(list, playbook_json(&playbooks_table[i]));
    return json_pack("{s:o}", "playbooks", list);
}
