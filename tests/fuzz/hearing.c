/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of POST /v1/cases: the two validators must agree on every one. */
#include "tests/unit/hearing_compare.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hearing_compare((const char *)data, size);
    return 0;
}
