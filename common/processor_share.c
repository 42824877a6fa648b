/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much of the time has what comes from outside (routed topics), of which anybody may send as much as his quota allows: so
 * much that an honest word in a flood is heard soon, and so little that our own hardly waits for it.
 */
#include "common/processor_internal.h"

#define US_MIN 10000
#define US_MAX 50000
#define REST_US 20000 /* longer than this it takes only where machine or broker are slow */
#define PAUSE_US 500000

/* Our own goes alone, but not twice in a row while the other waits, as soon as its time has come again. */
size_t share_planned(const struct share *share, size_t own, size_t count, int64_t now_us)
{
    bool its_turn = own == 0 || share->waits;
    return its_turn && now_us >= share->from_us ? count : own;
}

static int64_t between(int64_t least, int64_t value, int64_t most)
{
    return value < least ? least : value > most ? most : value;
}

/*
 * As long as the rest of the transaction took: half of the time at most. Where the rest takes long there is enough to do
 * already, and a longer share makes the next rest longer: then comes a pause, in which our own finds the processor at rest.
 */
void share_took(struct share *share, int64_t routed_us, int64_t rest_us, int64_t now_us)
{
    share->us_max = between(US_MIN, rest_us, US_MAX);
    if (routed_us > 0)
        share->from_us =
            now_us + between(0, 2 * (rest_us - REST_US), between(0, routed_us + rest_us, PAUSE_US));
}
