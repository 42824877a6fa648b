/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: says at start what is wrong with a certificate that a broker would only refuse without a word.
 * Ownership: none. Threads: any. Errors: FATAL with the file's name and what was expected.
 * Limits: only the first certificate of a file is looked at.
 */
#include "common/verdict.h"

#include <stdint.h>

/* What a code of X.509 verification means, in words. */
const char *certificate_error(int code);
/* The first certificate of the file is a certificate and valid at this time. */
enum verdict certificate_check(const char *path, int64_t now_s, struct why *why);
