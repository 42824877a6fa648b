/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: configuration as one table per service: environment variable, kind, default, meaning, place in a struct.
 * From the table come reading, checking, `--help` and `--check` (contract §6).
 * Ownership: strings live in the config struct until the process ends. Threads: read once at start.
 * Errors: VERDICT_FATAL with a text that names the variable and what was expected; the caller exits with 100.
 * Limits: a value is at most 4 KiB, a secret file 64 KiB. Secrets are never printed.
 */
#include "common/verdict.h"

enum config_kind {
    CONFIG_TEXT,   /* char * */
    CONFIG_SECRET, /* char *; NAME or NAME_FILE, the file's contents without the last newline */
    CONFIG_FILE,   /* char *: a path that must be readable */
    CONFIG_CERTIFICATE, /* char *: a file whose first certificate is valid now */
    CONFIG_FOLDER,      /* char *: made if missing, mode 0700 */
    CONFIG_ADDRESS,     /* char *: host:port, host an IP address or localhost */
    CONFIG_INTEGER,     /* int64_t between min and max */
    CONFIG_BOOLEAN,     /* bool: true or false */
};

struct config_variable {
    const char *name; /* with the prefix KAKEKOMI_ */
    enum config_kind kind;
    const char *fallback; /* NULL: must be given; "": optional, the pointer stays NULL */
    const char *help;     /* one line */
    size_t at;            /* offsetof the config struct */
    int64_t min, max;     /* CONFIG_INTEGER */
};

/* Reads every variable of the table. A name with the prefix that neither the table nor any other service or tool has is
 * refused, so that a misspelt one is not silently ignored. */
enum verdict config_load(const struct config_variable *table, size_t count, void *ret_config,
                         struct why *why);
/* A line for each. */
void config_print_help(const struct config_variable *table, size_t count);
