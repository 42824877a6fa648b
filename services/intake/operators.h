/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: the operators file: who may sign in, with which roles, by password or API token.
 *   {"operators":[{"id","name","roles":["operator"],"password":"$argon2id$…","tokens":[{"id","sha256"}]}]}
 * Ownership: a list is immutable, but for when its tokens were used, and shared by references. Threads: any; checking a password blocks for about 0.1 s and
 * takes 64 MiB, so at most four run at the same time, the others wait.
 * Errors: REJECT with the place of the mistake; a file with one is refused as a whole.
 * Limits: 1 MiB, 1,000 operators, 50 tokens each; ids 63 bytes, names 199.
 * SECURITY: tokens are 256 random bits and stand in the file as SHA-256; they are found by that hash, so no comparison
 * tells an attacker anything. A password for an unknown operator costs as much time as one for a known operator.
 */
#include "common/ids.h"
#include "common/verdict.h"

enum auth_role {
    AUTH_OPERATOR = 1,
    AUTH_SUPERVISOR = 2,
    AUTH_AUDITOR = 4, /* reads everything, writes nothing */
    AUTH_ADMIN = 8,
    AUTH_MACHINE = 16,
    AUTH_ROLES = 31,
};

/* When a token was used last, to the minute; 0: not since this list was read. */
struct operator_token_use {
    _Atomic int64_t used_us;
    _Atomic bool is_kept; /* elsewhere */
};

struct operator_token {
    char *id;
    uint8_t hash[IDS_SHA256_SIZE];
    struct operator_token_use *use;
};
void operator_token_note_use(const struct operator_token *token, int64_t now_us);

struct operator
{
    char *id;
    char *name;
    unsigned roles;   /* of enum auth_role */
    const char *role; /* the name of the strongest: the actor's role in events */
    char *password;   /* an argon2id text, or NULL */
    struct operator_token *tokens;
    size_t token_count;
};

struct operator_list;

enum verdict operator_list_read(const char *path, struct operator_list **ret_list, struct why *why);
struct operator_list *operator_list_hold(struct operator_list *list);
void operator_list_release(struct operator_list *list); /* NULL is fine */
/* What was noted of tokens that both lists have. */
void operator_list_inherit_uses(struct operator_list *list, const struct operator_list *old);

const struct operator* operator_list_find(const struct operator_list *list, const char *id);
/* By the token itself; NULL if nobody has it. */
const struct operator* operator_list_find_token(const struct operator_list *list, const char *token,
                                                const struct operator_token **ret_token);
size_t operator_list_count(const struct operator_list *list);
const struct operator* operator_list_at(const struct operator_list *list, size_t index);
/* NULL: no such operator, or another password. Same work either way. */
const struct operator* operator_list_check_password(const struct operator_list *list,
                                                    const char *id, const char *password);

const char *operator_role_name(unsigned role);
