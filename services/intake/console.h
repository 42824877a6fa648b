/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the operator console's files (services/intake/console/), as they are built into the program.
 * Ownership: static data, written by embed at build time. Threads: any. Errors: none.
 * Limits: only what console/meson.build names; folders of three levels.
 */
#include "common/http_server.h"

struct console_file {
    const char *path; /* below services/intake/console/ */
    struct http_resource resource;
};
extern const struct console_file console_files[]; /* in the order of their paths, by bytes */
extern const size_t console_file_count;
