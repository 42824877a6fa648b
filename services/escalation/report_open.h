/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the work "report" of services/escalation/report.c: reads the parts that the provider's word names, opens them with
 * the desk's key and checks all of it. Phases: "verify" (everything is as said; nothing is published), "open" (clear chunks
 * for `reports`), "read" (the document that proposals are made of).
 * Ownership: as processor work. Threads: a worker's. Errors: "failure" in the result where no later attempt will see other
 * bytes, "later" while Kafka does not answer. Limits: limits.h; the document 256 KiB.
 */
#include "common/processor.h"

struct processor_result *report_open(const struct work *work);
