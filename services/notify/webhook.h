/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: webhooks as the Standard Webhooks specification has them: subscribers from a file, signed deliveries, what the answer means.
 * The file (KAKEKOMI_WEBHOOKS_FILE): {"subscribers":[{"id","url","secrets":["whsec_…", …],"events":["*"|rule, …],"private":false?,
 * "ca_file"?}]}. Every secret signs: while a key is changed the old one stays behind the new one. "private": the subscriber is in the
 * desk's own network.
 * A delivery says that something happened and to which case, never what: {"type":"case.handover_offered","timestamp",
 * "data":{"case","number","notice"}}.
 * Ownership: a loaded list replaces the one before; a delivery under way keeps what it began with. Threads: any.
 * Errors: a wrong file is refused as a whole with the place (REJECT); the list of before stays.
 * Limits: 20 subscribers, 4 secrets of 24 to 64 bytes each, 100 events; WEBHOOK_AT_ONCE deliveries to one subscriber at a time.
 * SECURITY: secrets are in memory only, and in no answer, log or topic.
 */
#include <jansson.h>
#include "common/verdict.h"
#include "services/notify/outcome.h"
#include "services/notify/transfer.h"

#define WEBHOOK_AT_ONCE 2

enum verdict webhook_load(const char *path, struct why *why);
/* [{"id","events"}] for decide; a new reference. */
json_t *webhook_subscribers(void);
/* `parameters`: parameters.h. */
void webhook_send(const json_t *parameters, int64_t now_us, struct outcome *ret_outcome);

/* "v1,<base64> v1,<base64>": of "<id>.<seconds>.<body>" under every secret. To be freed. */
char *webhook_signature(const json_t *secrets, const char *id, int64_t seconds, const char *body);
void webhook_judge(const struct transfer_reply *reply, struct outcome *ret_outcome);
enum verdict webhook_check(const json_t *file, struct why *why);
