/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: one JSON line per event on standard error: time, level, service, name (`noun.verb_past`), then ids.
 * Ownership: copies what it needs before it returns. Threads: any; a line is written in one write().
 * Errors: a line that cannot be written is lost silently. Limits: 4 KiB a line, longer values are cut.
 * SECURITY: ids, counts and reasons only; never personal data, tokens, payloads or file contents.
 */
#include "common/util.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

void log_init(const char *service, enum log_level least);
/* log_event(LOG_INFO, "case.opened", "case=%s revision=%d", id, 1): the format is a list of key=%…, separated by
 * one space; each value becomes a JSON string. A key without a conversion is a constant: "door=record". */
void log_event(enum log_level level, const char *name, const char *format, ...) PRINTF(3, 4);
