/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: `notify --preview PROFILE [TEMPLATE]`: every message with sample values, as it would be sent; with a template, that one as the
 * page that a mail program shows. Values may be given as JSON on standard input instead. Ownership, threads: a command of its own.
 * Errors: exit codes of service.h; a variable that has nothing to say is one. Limits: of render.h.
 */
#include <jansson.h>

int preview_command(int argc, char **argv);
/* Parameters with a value for every variable; a new reference. */
json_t *preview_parameters(const char *template);
