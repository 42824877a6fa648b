/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the gate. Nothing leaves without it. One pure file: every row with its clause, its words in both languages and
 * what cures it; the verdict is pass (an empty list) or every unmet row.
 * Ownership: questions are borrowed, answers are new references. Threads: any, pure. Errors: none. Limits: none of its own.
 */
#include <jansson.h>
#include <stdbool.h>
#include "common/verdict.h"

/* When the gate is asked: without a request (every row but the request), before the offer (all rows), at the acceptance
 * (the chain as it stood there; what the profile said at the offer), before a report is opened (rows of its own). */
enum gate_moment { GATE_BEFORE_REQUEST, GATE_OFFER, GATE_ACCEPTANCE, GATE_REPORT };

struct gate_question {
    const json_t *chain;      /* state of common/desk/case.h */
    const json_t *extraction; /* last value of `extractions`; NULL: none */
    const json_t *facts; /* {"provider","purposes","approvals","documents":[…]}, see gate_facts */
    const json_t *handover; /* of the chain; NULL before a request */
    const json_t
        *purposes; /* that the sealed content allows the provider; NULL: nothing is sealed */
    enum gate_moment moment;
};

/* [{"code","clause","pointer"?,"ja","en","cure":{"ja","en"}}]; empty: pass. */
json_t *gate_ask(const struct gate_question *question);
/* Every row asked at that moment, in the table's order, with what it demands: [{"code","clause","ja","en","met"}]. */
json_t *gate_record(const struct gate_question *question);
/* Whether a report on the hand-over may be opened (clause 3); as gate_ask. */
json_t *gate_ask_report(const json_t *chain, const json_t *facts, const json_t *handover);
/* What the provider may do with what it gets (1-7): its purposes in the profile as far as the document that the customer agreed
 * to covers them; none without consent to a known document. */
json_t *gate_purposes(const json_t *facts, const json_t *chain);
/* What of the profile the gate asks about, small enough to be kept with the hand-over from the offer on.
 * A document's "withheld" are the places in "purposes" of those it does not cover. */
json_t *gate_facts(const json_t *profile);
/* The search whose extract would leave: the one the request names, else the newest with an answer; NULL: none. */
const json_t *gate_search(const json_t *chain, const json_t *extraction, const json_t *handover);
/* The key to which the content key of an entry of `escalation-status` may be sealed: the encryption key of the provider that
 * the desk has now, if it is still the one that was offered to and still has the key by which it accepted. NULL: none, why. */
const json_t *gate_recipient_key(const json_t *provider, const json_t *entry, struct why *why);
/* Readiness (4-12): [{"code","clause","ja","en"}], never a block. */
json_t *warnings_of(const json_t *chain, const json_t *extraction);
