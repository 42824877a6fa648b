/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the desk's profile (KAKEKOMI_DESK_FILE, JSON): names, telephone, hours, closures, the provider, the consent
 * documents. Used by intake, triage, escalation and notify, the same file for all.
 * Ownership: a loaded profile is immutable and reference-counted; profile_current lends a counted reference.
 * Threads: any. Errors: a wrong file is refused as a whole with the JSON pointer (REJECT); on reload the old one stays.
 * Limits: file 1 MiB, 20 consent documents, text 64 KiB each, 200 closures.
 *
 * {"name":{"ja","en"},"phone","mail_from","url","time_zone":"Asia/Tokyo"|"UTC",
 *  "hours":{"mon":["09:00","17:00"],…absent day = closed},"closures":[{"from":"2026-12-29","to":"2027-01-03","ja"?,"en"?}],
 *  "public_holidays":"japan"|"none" (default japan),"holidays_file"? (a day a line, as the Cabinet Office publishes them),
 *  "notices":{"operator"?,"supervisor"? (addresses of the desk's own people),"inactive_desk_days"? (default 2)},
 *  "approvals":1|2 (default 1),
 *  "provider":{"id","name":{"ja","en"},"mail"?,"phone"?,"jwks_file","desk_hours_to_reply":4,"purposes":["incident_response","forensics",…]},
 *  "consent_documents":[{"id","version","provider","text_file","sha256","scopes":["desk","provision",…],"required":[…],
 *     "channels":{"desk":["phone_read","paper","web"],…}? (that suffice for a scope; default all, for authorities paper and web),
 *     "purposes":[…] (that the consent covers; of the first one by default the provider's),"accepted":true|false (default true),
 *     "valid_from"?,"valid_until"? (RFC 3339)}]}
 * The first document is the current one: its provider is the profile's, and the provider has no purpose beyond it. An older
 * one is taken while it is accepted, and what it does not cover does not travel. *_file is relative to the profile.
 */
#include <jansson.h>
#include "common/verdict.h"

struct profile;

enum verdict profile_load(const char *path, struct profile **ret_profile, struct why *why);
struct profile *profile_hold(struct profile *profile);
void profile_release(struct profile *profile);     /* NULL is fine */
void profile_release_at(struct profile **profile); /* for CLEANUP */

/* The file with every text read in and checked, and defaults set: consent_documents[].text and .channels, provider.jwks. */
const json_t *profile_json(const struct profile *profile);
const char *profile_provider_id(const struct profile *profile);
/* The key that a hand-over to this provider is sealed to: the first of its file that is for encryption. NULL: there is none. */
const json_t *profile_recipient_key(const json_t *provider);
int profile_approvals(const struct profile *profile);
const json_t *profile_consent_document(const struct profile *profile, const char *id,
                                       const char *version); /* NULL: none */
/* Whether a consent to this scope may be given so; also for a document without "channels". What leaves the desk and its
 * provider needs writing, whatever a document says (1-8). */
bool profile_channel_suffices(const json_t *document, const char *scope, const char *channel);
/* Whether the time (RFC 3339) is from the document's valid_from on and before its valid_until. */
bool profile_was_valid(const json_t *document, const char *time);

/* A holder that SIGHUP can refill. */
enum verdict
profile_holder_load(const char *path,
                    struct why *why);  /* sets or replaces the process's current profile */
struct profile *profile_current(void); /* held for the caller; NULL before the first load */
