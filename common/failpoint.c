/* SPDX-License-Identifier: Apache-2.0 */
#include "common/failpoint.h"

#ifdef KAKEKOMI_FAILPOINTS
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_meant(const char *wanted, const char *name)
{
    size_t length = strcspn(wanted, ":");
    return strncmp(wanted, "any:", 4) == 0 ||
           (strlen(name) == length && strncmp(wanted, name, length) == 0);
}

bool failpoint_is_named(const char *name)
{
    const char *wanted = getenv("KAKEKOMI_FAILPOINT");
    return wanted && strchr(wanted, ':') && strncmp(wanted, "any:", 4) != 0 &&
           is_meant(wanted, name);
}

void failpoint(const char *name)
{
    static _Atomic int passes;
    const char *wanted = getenv("KAKEKOMI_FAILPOINT");
    if (!wanted || !strchr(wanted, ':') || !is_meant(wanted, name))
        return;
    const char *when = strchr(wanted, ':') + 1;
    bool now = strncmp(when, "1/", 2) == 0 ? randombytes_uniform((uint32_t)atoi(when + 2)) == 0
                                           : atomic_fetch_add(&passes, 1) + 1 == atoi(when);
    if (now)
        kill(getpid(), SIGKILL);
}

static int64_t clock_us;

static void read_clock(void)
{
    const char *ahead_s = getenv("KAKEKOMI_FAILPOINT_CLOCK_S");
    clock_us = ahead_s ? atoll(ahead_s) * INT64_C(1000000) : 0;
}

int64_t failpoint_clock_us(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, read_clock);
    return clock_us;
}
#endif
