/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the dates of the reports to the Personal Information Protection Commission after a leak of personal data (Act on the
 * Protection of Personal Information, article 26). The desk reminds of them; it does not file, and does not judge whether one is due.
 * The rules are dated data with their source; what the guideline says is told apart from what the rule says.
 * Ownership: static data. Threads: any, pure. Errors: false where no date is to be reckoned with.
 * Limits: days are days since 1970 at the desk. The day of knowing is the first day; every day counts; where the last one of the final
 * report is a Saturday, Sunday, holiday or from 29 December to 3 January it is the next that is none (guideline, general part, 3-5-3-4).
 */
#include "services/notify/view.h"

enum breach_basis { BREACH_GUIDELINE, BREACH_LAW };

struct breach_rule {
    const char *report;       /* "preliminary", "final" */
    const char *from, *until; /* days on which it is in force; NULL: still */
    enum breach_basis basis;
    bool malicious; /* rule 7 (3): possibly done with a wrongful aim */
    bool any;       /* whether malicious or not */
    int days_least, days;
    bool moves; /* off days on which the office is closed */
    const char *source_ja, *source_en;
};
extern const struct breach_rule breach_rules[];
extern const size_t breach_rule_count;

struct breach_dates {
    int64_t known_day;
    const char *
        known_by; /* field it was taken from: known_at, discovered_at; NULL: the opening of the case */
    const struct breach_rule *preliminary, *final;
    int64_t preliminary_from_day, preliminary_day, final_day; /* 0: its rule is not in force */
    bool entrusted; /* telling the principal may do instead */
};

/* False: no leak is possible as far as the hearing says, or the case was closed as none. */
bool breach_dates_of(const struct view *view, struct breach_dates *ret_dates);
/* The operator has noted that the customer filed it: a step "ppc_preliminary_report" or "ppc_final_report" of no playbook. */
bool breach_is_filed(const struct view *view, const char *report);
