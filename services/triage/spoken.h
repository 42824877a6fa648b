/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the summary of a search as an operator reads it aloud, Japanese and English side by side: how many, what is worst,
 * on which device, first and last, blocked or not, what else touched the same, and where the logs have a gap.
 * Ownership: new reference. Threads: any, pure. Errors: none.
 * Limits: what stands in log lines is cut to 60 characters; the whole stays below 2 KiB.
 */
#include <jansson.h>

/* Of a result's members (extract.h): detections, blocked, groups, coverage, touched_devices. */
json_t *spoken_of(const json_t *summary); /* {"ja","en"} */
