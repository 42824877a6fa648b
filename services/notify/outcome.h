/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what became of an attempt, as decide takes it (delivery.c). Ownership: values. Threads: any. Errors: none. Limits: none.
 */
#include <stdbool.h>
#include <stdint.h>

enum outcome_kind {
    OUTCOME_SENT,
    OUTCOME_LATER,
    OUTCOME_REFUSED,
    OUTCOME_IN_DOUBT,
    OUTCOME_PUT_OFF
};

struct outcome {
    enum outcome_kind kind;
    bool address_refused; /* the recipient's, for good */
    bool troubled;        /* the place, not only this message */
    int troubles;         /* of the place in a row, this one included */
    int64_t wait_ms;      /* of OUTCOME_PUT_OFF */
    char why[121];        /* "": nothing to say */
};
