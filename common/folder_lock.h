/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: one process at a time in a folder of KAKEKOMI_STATE_DIR. Ownership: the descriptor is the caller's; closing it gives the
 * folder free. Threads: any. Errors: FATAL where another process has it, or the folder cannot be written to. Limits: goes with the
 * process, also after kill -9.
 */
#include "common/verdict.h"

enum verdict folder_lock(const char *folder, const char *name, int *ret_lock, struct why *why);
