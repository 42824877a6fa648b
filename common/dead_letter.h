/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the record that says of another record that it could not be taken: position and reason, never its data.
 * Ownership: a letter owns its texts; `output` points into it. Threads: none of its own. Errors: none.
 * Limits: the original key is kept up to 200 bytes.
 */
#include "common/clock.h"
#include "common/event.h"
#include "common/ids.h"

struct dead_letter {
    char id[IDS_UUID_SIZE], time[CLOCK_TEXT_SIZE], type_text[96];
    char *source;
    struct buf value;
    struct event_headers headers;
    struct kafka_output output;
};
/* The id derives from the record's position: a repetition is seen to be one. The record must live as long as `output`. */
void dead_letter_make(const char *service, const struct kafka_record *record, const char *reason,
                      int64_t now_us, struct dead_letter *ret_letter);
void dead_letter_clear(struct dead_letter *letter);
