/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what is done first, by kind of incident: the one table of playbooks, read out to the customer step by step.
 * Ownership: static data; JSON answers are the caller's. Threads: any. Errors: NULL where there is none.
 * Limits: PLAYBOOK_TITLE_CHARACTERS_MAX, PLAYBOOK_TEXT_CHARACTERS_MAX. The id of a playbook is the kind of incident
 * (/incident/type of the hearing). The id of a step never changes its meaning nor its kind, in whatever playbook: a step that
 * means something else gets another id, and whatever changes in a playbook raises its version. So case_apply may ask for the
 * kind, of an event of any age, and refuses one that lies about it; what else it needs is written into policy.decided and
 * action.recorded. A new id that somebody may have used for a step of no playbook would judge what was taken before: it
 * raises CASE_RULES_VERSION, and is asked for in events of those rules only.
 */
#include "common/util.h"

#include <jansson.h>

#define PLAYBOOK_TITLE_CHARACTERS_MAX 80
#define PLAYBOOK_TEXT_CHARACTERS_MAX 300

enum playbook_kind { PLAYBOOK_PRESERVE, PLAYBOOK_CONTAIN, PLAYBOOK_CLEAN, PLAYBOOK_REPORT };

struct playbook_text {
    const char *ja, *en;
};
struct playbook_step {
    const char *id;
    enum playbook_kind kind;
    bool mandatory; /* before the close; of the kind preserve, before anything is cleaned */
    struct playbook_text title, say /* read out to the customer */, why;
};
struct playbook_contact {
    const char *id, *phone, *mail, *web; /* NULL: none */
    struct playbook_text name, use;
};
#define PLAYBOOK_STEPS_MAX 14
#define PLAYBOOK_WARNINGS_MAX 6
#define PLAYBOOK_CONTACTS_MAX 4
struct playbook {
    const char *id, *version;
    struct playbook_text title, when;
    struct playbook_step
        steps[PLAYBOOK_STEPS_MAX]; /* in the order they are taken; ends with an id NULL */
    struct playbook_text do_not[PLAYBOOK_WARNINGS_MAX];                 /* ends with NULL */
    const struct playbook_contact *contacts[PLAYBOOK_CONTACTS_MAX + 1]; /* ends with NULL */
};
extern const struct playbook playbooks_table[];
extern const size_t playbooks_count;

const struct playbook *playbooks_find(const char *id);
/* For this kind of incident; of one that is not known yet (NULL, "unknown", "declined") the one for all others. */
const struct playbook *playbooks_for_incident(const char *type);
const struct playbook_step *playbooks_find_step(const struct playbook *playbook, const char *step);
/* That of the first playbook that has this id: of the same kind in all. */
const struct playbook_step *playbooks_find_step_of_any(const char *step);
const char *playbooks_kind_name(enum playbook_kind kind); /* as kind_of_step has it */
/* [{"playbook","version","step","kind_of_step"}]: for policy.decided. New reference. */
json_t *playbooks_mandatory_steps(const struct playbook *playbook);
/* {"playbooks":[…]}, of one kind of incident or all (NULL). New reference. */
json_t *playbooks_json(const char *type);
