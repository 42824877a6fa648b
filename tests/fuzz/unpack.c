/* SPDX-License-Identifier: Apache-2.0 */
/* Uploaded files as they come, packed or not: whatever the bytes claim, the lines that come out are bounded. */
#include "services/triage/unpack.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum verdict check(void *context, struct bytes line, struct why *why)
{
    (void)why;
    assert(line.length && line.length < 1024 * 1024 && !memchr(line.data, '\n', line.length));
    ++*(int64_t *)context;
    return VERDICT_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct why why;
    struct lines_counts counts;
    int64_t given = 0;
    struct lines *lines = lines_new(check, &given);
    struct unpack *unpack = unpack_new(lines);
    enum verdict verdict = VERDICT_OK;
    for (size_t at = 0; at < size && verdict == VERDICT_OK; at += 1000)
        verdict = unpack_add(unpack, (struct bytes){data + at, size - at < 1000 ? size - at : 1000},
                             &why);
    if (verdict == VERDICT_OK)
        (void)unpack_finish(unpack, &why);
    lines_count(lines, &counts);
    assert(counts.lines == given);
    unpack_free(unpack);
    lines_free(lines);
    return 0;
}
