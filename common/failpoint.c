/* SPDX-License-Identifier: Apache-2.0 */
#include "common/failpoint.h"

#ifdef KAKEKOMI_FAILPOINTS
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void failpoint(const char *name)
{
    static _Atomic int passes;
    const char *wanted = getenv("KAKEKOMI_FAILPOINT");
    size_t length = strlen(name);
    if (!wanted || strncmp(wanted, name, length) != 0 || wanted[length] != ':')
        return;
    if (atomic_fetch_add(&passes, 1) + 1 == atoi(wanted + length + 1))
        kill(getpid(), SIGKILL);
}
#endif
