/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: valid bodies of POST /v1/cases that tests start from; they are the fuzzer's corpus as well. Every company,
 * person and number in them is made up. Ownership: static, read once, for the whole run.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/util.h"

static char *sample_full, *sample_least, *sample_answers;

static inline int hearing_samples_read(void **state)
{
    static const struct {
        const char *name;
        char **text;
    } rows[] = {{"full", &sample_full}, {"least", &sample_least}, {"answers", &sample_answers}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        size_t length;
        CLEANUP(mem_free)
        char *path = mem_printf("%s/tests/fuzz/corpus/hearing/%s.json", SOURCE_ROOT, rows[i].name);
        if (!file_read(path, 100000, rows[i].text, &length)) {
            perror(path);
            return -1;
        }
    }
    return 0;
}

static inline int hearing_samples_free(void **state)
{
    (void)state;
    free(sample_full);
    free(sample_least);
    free(sample_answers);
    return 0;
}
