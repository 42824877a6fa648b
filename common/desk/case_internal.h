/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what the case_*.c files share: the act of applying one event, and small tools for the state.
 * Ownership, threads: as case.h. Errors: a handler refuses before it changes anything. Limits: as case.h.
 */
#include "common/desk/case.h"

struct act {
    json_t *state;
    const json_t *data;
    const char *type;
    const char *id;   /* of the event */
    const char *time; /* of the event */
    const json_t *actor;
    json_int_t revision; /* that this event becomes */
    json_int_t bytes;    /* of all events with this one */
    struct case_verdict *verdict;
};
typedef enum case_refusal case_handler_fn(struct act *act);

/* Sets pointer and reason and answers the refusal. */
enum case_refusal case_refuse(struct act *act, enum case_refusal refusal, const char *pointer,
                              const char *format, ...) PRINTF(4, 5);

json_t *case_list(json_t *state, const char *name); /* the member as a list, made if missing */
/* What the event says apart from what every event has: extends, actor, rules, request. New reference. */
json_t *case_own_members(const struct act *act);
/* {"at": event time, "by": actor, "revision": n} to which more is added. */
json_t *case_stamp(const struct act *act);
void case_call_search(struct act *act);
bool case_is_larger_than(const json_t *value, size_t bytes_max);
/* The first mandatory step of this kind (NULL: any) that is neither done nor waived; NULL if there is none. */
const char *case_open_step(const json_t *state, const char *kind);
/* Where the customer may be written to: the field of /contact, and the member of the state once it was read back. */
struct case_address {
    const char *field, *confirmed;
};
extern const struct case_address case_addresses[];
extern const size_t case_address_count;
/* Ends every hand-over that is still open. */
void case_end_handovers(struct act *act, const char *how);

case_handler_fn case_on_opened, case_on_amended, case_on_customer, case_on_policy, case_on_action,
    case_on_assessment;
case_handler_fn case_on_upload, case_on_extraction, case_on_note, case_on_closed, case_on_reopened;
case_handler_fn case_on_consent, case_on_consent_withdrawn, case_on_intention,
    case_on_intention_withdrawn;
case_handler_fn case_on_handover, case_on_approved, case_on_cancelled;
case_handler_fn case_on_accepted, case_on_declined, case_on_delivered, case_on_reported,
    case_on_deleted;
case_handler_fn case_on_proposal_decided, case_on_proposal_applied;
