/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what the notices of a case say of attempts within the last hour, so that a process that was started again leaves alone whom
 * it left alone before (places.h), and sends nobody more than they may get (hourly.h). Ownership: everything is borrowed, for the call.
 * Threads: any, pure. Errors: none. Limits: of a notice the last attempt only; an address that the case does not name any more is forgotten.
 */
#include "services/notify/view.h"

#define MEMORY_US (INT64_C(3600) * 1000000)

struct memory {
    const char *place;     /* that was asked */
    const char *recipient; /* who got it, or may have; NULL: nobody */
    const char *notice;
    int64_t at_us;
    int troubles; /* of the place in a row by then; 0: it was well */
};

void memory_each(const struct view *view, void (*each)(void *context, const struct memory *memory),
                 void *context);
/* Until when there is something to be remembered; 0: nothing. */
int64_t memory_until_us(const json_t *own);
