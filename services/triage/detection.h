/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: is a parsed line a detection, how severe, and what did the product do about it. The rows stand with their formats.
 * Ownership: texts are copied into the finding. Threads: any, pure. Errors: none.
 * Limits and units: severity 0 to 100; `what` is cut at 160 bytes, on a UTF-8 boundary.
 */
#include "services/triage/formats/format.h"

/* What products call critical or worse: `critical` of syslog, 9 of 10, 90 of 100, the words for it. */
#define DETECTION_SEVERE 90

struct finding {
    bool detection;
    int severity; /* 0 where it is no detection */
    const char *
        action; /* "blocked", "allowed", "detected", "quarantined"; NULL where the line does not tell */
    char what[161]; /* "Eicar.Test.File", "virus" */
};

void detection_judge(const struct parsed *parsed, struct finding *ret_finding);
