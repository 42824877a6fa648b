/* SPDX-License-Identifier: Apache-2.0 */
#include "common/folder_lock.h"

#include "common/util.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum verdict folder_lock(const char *folder, const char *name, int *ret_lock, struct why *why)
{
    CLEANUP(mem_free) char *path = mem_printf("%s/%s.lock", folder, name);
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0)
        return fatal(why, "%s: cannot write to %s: %s", name, folder, strerror(errno));
    if (flock(lock, LOCK_EX | LOCK_NB) == 0) {
        *ret_lock = lock;
        return VERDICT_OK;
    }
    close(lock);
    return fatal(why, "%s: %s is in use by another process", name, folder);
}
