/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: settings proposals out of a report (leaflet: 設定提案・設定代行): one rule table from a recommendation or an indicator
 * to a setting of a managed-security product. Pure. A report is used for this and nothing else (clause 3).
 * Ownership: the answer is a new reference. Threads: any. Errors: none; what no rule knows makes no proposal.
 * Limits: a case has at most LIMIT_PROPOSALS_PER_CASE; recommendations come first, then indicators, in the report's order.
 *
 * [{"id","rule","setting":{"code","ja","en"},"target","before":{"ja","en"},"after":{"ja","en"},"reason":{"ja","en"},
 *   "said"? (the provider's own reason)}]
 * `before` is what the case knows: how often the target was seen in the logs that were handed over, blocked or not.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define PROPOSALS_RULES_VERSION 1

json_t *proposals_of(const json_t *document, const json_t *chain, const json_t *extraction,
                     const char *report);

/* The target as it is written for people ("hxxp://evil[.]example") as it stands in a setting; false: not one of this kind
 * (ip|domain|url|hash|email|host|text), or one that must not be set: a private address, a whole top-level domain. */
bool proposals_target(const char *kind, const char *text, char *ret_target, size_t size);
