/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: `triage formats`: all formats with their names of fields and their rows of detections as one table, for whoever
 * wants to know what counts as what.
 * Ownership, threads: none. Errors: none. Limits: none of its own.
 */
int formats_print(int argc, char **argv);
