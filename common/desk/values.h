/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what the readers of `extractions` and `escalation-status` rely on in a value, checked once, at the door: a value
 * that lacks it is a dead letter, and nothing behind the door asks again.
 * Ownership: borrowed. Threads: any, pure. Errors: REJECT with the place. Limits: none of its own.
 */
#include <jansson.h>
#include "common/verdict.h"

/* OK for a topic that has no shape here. */
enum verdict values_check(const char *topic, const json_t *value, struct why *why);
