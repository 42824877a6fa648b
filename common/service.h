/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the skeleton of a service: `main` is a table and one call. Arguments, configuration, logging, admin address,
 * signals and the order of shutdown live here.
 * Ownership: config and state belong to the service's static storage. Threads: callbacks run on the main thread.
 * Errors: exit codes 0 (stopped), 100 (called or configured wrongly), 111 (failed: start again).
 * Limits: 20 s for an orderly stop, then 111; a second SIGTERM or SIGINT exits at once.
 */
#include "common/config.h"
#include <jansson.h>

enum service_exit { SERVICE_STOPPED = 0, SERVICE_MISUSED = 100, SERVICE_FAILED = 111 };

struct service {
    const char *name;    /* "triage" */
    const char *purpose; /* one line for --help */
    const struct config_variable *variables;
    size_t variable_count;
    void *config;                     /* filled from the table */
    const char *const *admin_address; /* points into config */
    char **instance;                  /* points into config; unset: host name and admin port */
    enum verdict (*check)(
        struct why *why); /* after the table: what no table can say; also for --check */
    enum verdict (*start)(struct why *why);
    void (*stop)(int64_t deadline_ms); /* in hand: finish, commit, close */
    bool (*ready)(json_t *detail);
    void (*reload)(void); /* SIGHUP; may be NULL */
    /* Further words on the command line: {"hash-password", fn}. NULL-terminated by name; may be NULL. */
    const struct service_command *commands;
};
struct service_command {
    const char *name;
    const char *help;
    int (*run)(int argc, char **argv);
};

int service_main(int argc, char **argv, const struct service *service);
/* Ends the process in an orderly way from any thread with code 111 after logging why: for broken promises found while running. */
void service_fail(const char *event_name, const char *why);
