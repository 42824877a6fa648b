/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the custody document of one hand-over: on whose consent and request, through which gate, what left when, in whose
 * words it was answered and taken back, and on which place of the case's chain each of it rests. Nothing is decided here: all
 * of it is read from the chain and from `escalation-status`; what neither says is null.
 * Ownership: questions are borrowed, the document is a new reference. Threads: any, pure. Errors: none.
 * Limits: of a case (common/desk/limits.h); a page has at most CUSTODY_PAGE_BYTES_MAX bytes.
 *
 * {"format":"kakekomi custody 1","case","number","handover","supplement_of"?,"provider","state" (null: escalation has not said),"made_at",
 *  "request":{"event","revision","at","by":{id,role},"confirmed_head","confirmed_revision","extraction","files":[]},
 *  "approval":{"event","revision","at","by"}|null, "approvals_needed":n|null,
 *  "in_force":{"at":"offer"|"present","revision","head"}  when the next two were in force
 *  "consents":[{"event","revision","recorded_at","recorded_by",…as recorded…}], "intention":{…the same…}|null,
 *  "gate":{"offer":{"at","revision","head","rows":[{"code","clause","met",…}]}|null,"acceptance":{…}|null},
 *  "offer":{"head","revision","tlp","purposes","warnings","extraction","reply_by","partition","offset","sha256"}|null,
 *  "manifest":{"sha256","parts","items":[{"name","upload"?,"length","sha256"}]|null}|null,
 *  "steps":[{"step","at","record":{"topic","partition","offset","sha256"}|null,"reply"?,
 *     "rests_on":{"revision","event","type","partition","offset","head"}|null}],
 *  "words":[{"type","event","revision","recorded_at","handover","at","head","reply","provider","kid","reason"?,"jws"|null}],
 *  "reports":[{"event","revision","recorded_at","handover","reply","report":{…}}], "report_states":[…]|null,
 *  "ends":[{"type","event","revision","at","by","given_by"?,"channel"?,"given_at"?,"reason"?,"outcome"?,"ends_this",
 *     "effect"?,"accepted_at"?}],
 *  "status":{"revision","head"}|null   how far escalation had read when it said so
 *  "chain":{"revision","head","events":[{"revision","id","type","time","partition","offset","head","sha256"}],
 *     "not_taken":[{"id","type","time","partition","offset","sha256","code"}]}}
 */
#include <jansson.h>
#include "common/util.h"

#define CUSTODY_FORMAT "kakekomi custody 1"
#define CUSTODY_PAGE_BYTES_MAX ((size_t)16 * 1024 * 1024)

struct custody_question {
    const json_t
        *events; /* every record of the case, as view_events answers, the state's and later ones */
    const json_t *state;      /* case_apply's */
    const json_t *escalation; /* the last value of `escalation-status`; NULL: none */
    const char *handover;     /* NULL: the last one */
    const char *made_at;
};

/* NULL: the case has no such hand-over. */
json_t *custody_document(const struct custody_question *question);
/* The same to be printed and signed: HTML in Japanese with English beside; without script, and complete in itself. `profile` lends the
 * names of desk and provider. */
void custody_page(const json_t *document, const json_t *profile, struct buf *out);
/* The Content-Security-Policy of the page: nothing but its own style. */
const char *custody_page_policy(void);
