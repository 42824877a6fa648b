/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the time a search looks at: 72 h before the earliest of occurred_from, discovered_at and the opening, to 24 h
 * after the later of discovered_at and the opening (design §4), wider at both ends by the largest clock error of a device in
 * the hearing. A time said as a day only counts from that day's first to its last moment.
 * Ownership: new reference. Threads: any, pure. Errors: what is unknown or declined does not count. Limits: none.
 */
#include <jansson.h>

json_t *window_of_case(const json_t *chain); /* {"from","to"} */
