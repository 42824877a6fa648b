/* SPDX-License-Identifier: Apache-2.0 */
#include "services/intake/operators.h"

#include "common/event.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX (1024 * 1024)
#define OPERATORS_MAX 1000
#define TOKENS_MAX 50
#define ID_BYTES_MAX 63
#define NAME_BYTES_MAX 199
#define PARALLEL_CHECKS_MAX 4
#define USE_NOTED_EVERY_US 60000000

struct token_entry {
    const struct operator* owner;
    const struct operator_token *token;
};

struct operator_list {
    atomic_uint references;
    struct operator* operators;
    size_t count;
    struct token_entry *tokens; /* sorted by hash */
    size_t token_count;
    const char *
        stand_in; /* a password text that costs what the real ones cost, for operators that do not exist */
    char made_up[crypto_pwhash_STRBYTES];
};

/* The strongest first. */
static const struct {
    unsigned role;
    const char *name;
} roles[] = {
    {AUTH_SUPERVISOR, "supervisor"}, {AUTH_OPERATOR, "operator"}, {AUTH_ADMIN, "admin"},
    {AUTH_AUDITOR, "auditor"},       {AUTH_MACHINE, "machine"},
};

const char *operator_role_name(unsigned role)
{
    for (size_t i = 0; i < COUNT_OF(roles); i++)
        if (roles[i].role == role)
            return roles[i].name;
    return NULL;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static bool is_id(const char *text)
{
    size_t length = text ? strlen(text) : 0;
    return length > 0 && length <= ID_BYTES_MAX &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._-") == length;
}

static enum verdict check_members(const json_t *object, const char *allowed, const char *where,
                                  struct why *why)
{
    const char *name;
    json_t *value;
    if (!json_is_object(object))
        return reject(why, "%s: expected an object", where);
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        CLEANUP(mem_free) char *wanted = mem_printf(" %s ", name);
        if (!strstr(allowed, wanted))
            return reject(why, "%s/%.60s: unknown member", where, name);
    }
    return VERDICT_OK;
}

static enum verdict read_roles(const json_t *list, const char *where, struct operator* ret_operator,
                               struct why *why)
{
    size_t index;
    json_t *name;
    json_array_foreach(list, index, name)
    {
        unsigned found = 0;
        for (size_t i = 0; i < COUNT_OF(roles); i++)
            if (json_is_string(name) && strcmp(json_string_value(name), roles[i].name) == 0)
                found = roles[i].role;
        if (!found)
            return reject(why,
                          "%s/roles/%zu: expected operator, supervisor, auditor, admin or machine",
                          where, index);
        ret_operator->roles |= found;
    }
    for (size_t i = 0; i < COUNT_OF(roles) && !ret_operator->role; i++)
        if (ret_operator->roles & roles[i].role)
            ret_operator->role = roles[i].name;
    return ret_operator->roles
               ? VERDICT_OK
               : reject(why, "%s/roles: expected a list of at least one role", where);
}

static enum verdict read_token(const json_t *json, const char *where,
                               struct operator_token *ret_token, struct why *why)
{
    enum verdict verdict = check_members(json, " id sha256 ", where, why);
    const char *id = json_string_value(json_object_get(json, "id"));
    const char *hash = json_string_value(json_object_get(json, "sha256"));
    if (verdict != VERDICT_OK)
        return verdict;
    if (!is_id(id))
        return reject(why, "%s/id: expected 1 to 63 of a-z 0-9 . _ -", where);
    if (!hash || !hex_decode(hash, ret_token->hash, sizeof ret_token->hash))
        return reject(why, "%s/sha256: expected 64 lower-case hex digits", where);
    ret_token->id = mem_strdup(id);
    ret_token->use = mem_alloc(sizeof *ret_token->use);
    atomic_store(&ret_token->use->is_kept, true);
    return VERDICT_OK;
}

static enum verdict read_tokens(const json_t *list, const char *where,
                                struct operator* ret_operator, struct why *why)
{
    size_t count = json_array_size(list);
    if (list && !json_is_array(list))
        return reject(why, "%s/tokens: expected a list", where);
    if (count > TOKENS_MAX)
        return reject(why, "%s/tokens: more than %d", where, TOKENS_MAX);
    ret_operator->tokens = mem_alloc(count * sizeof *ret_operator->tokens);
    for (size_t i = 0; i < count; i++) {
        CLEANUP(mem_free) char *place = mem_printf("%s/tokens/%zu", where, i);
        enum verdict verdict =
            read_token(json_array_get(list, i), place, &ret_operator->tokens[i], why);
        if (verdict != VERDICT_OK)
            return verdict;
        ret_operator->token_count++;
    }
    return VERDICT_OK;
}

static enum verdict read_password(const json_t *json, const char *where,
                                  struct operator* ret_operator, struct why *why)
{
    const char *password = json_string_value(json);
    if (!json)
        return VERDICT_OK;
    if (!password ||
        strncmp(password, crypto_pwhash_argon2id_STRPREFIX,
                strlen(crypto_pwhash_argon2id_STRPREFIX)) != 0 ||
        strlen(password) >= crypto_pwhash_STRBYTES)
        return reject(why, "%s/password: expected $argon2id$… (intake hash-password makes it)",
                      where);
    ret_operator->password = mem_strdup(password);
    return VERDICT_OK;
}

static enum verdict read_operator(const json_t *json, const char *where,
                                  struct operator* ret_operator, struct why *why)
{
    enum verdict verdict = check_members(json, " id name roles password tokens ", where, why);
    const char *id = json_string_value(json_object_get(json, "id"));
    const char *name = json_string_value(json_object_get(json, "name"));
    if (verdict != VERDICT_OK)
        return verdict;
    if (!is_id(id))
        return reject(why, "%s/id: expected 1 to 63 of a-z 0-9 . _ -", where);
    if (!name || !*name || strlen(name) > NAME_BYTES_MAX)
        return reject(why, "%s/name: expected 1 to %d bytes of text", where, NAME_BYTES_MAX);
    ret_operator->id = mem_strdup(id);
    ret_operator->name = mem_strdup(name);
    verdict = read_roles(json_object_get(json, "roles"), where, ret_operator, why);
    if (verdict == VERDICT_OK)
        verdict = read_password(json_object_get(json, "password"), where, ret_operator, why);
    return verdict == VERDICT_OK
               ? read_tokens(json_object_get(json, "tokens"), where, ret_operator, why)
               : verdict;
}

static enum verdict read_operators(const json_t *json, struct operator_list *list, struct why *why)
{
    const json_t *array = json_object_get(json, "operators");
    size_t count = json_array_size(array);
    enum verdict verdict = check_members(json, " operators ", "", why);
    if (verdict != VERDICT_OK)
        return verdict;
    if (count == 0 || count > OPERATORS_MAX)
        return reject(why, "/operators: expected a list of 1 to %d", OPERATORS_MAX);
    list->operators = mem_alloc(count * sizeof *list->operators);
    for (; list->count < count; list->count++) {
        CLEANUP(mem_free) char *where = mem_printf("/operators/%zu", list->count);
        struct operator* operator= & list->operators[list->count];
        verdict = read_operator(json_array_get(array, list->count), where, operator, why);
        if (verdict == VERDICT_OK && operator_list_find(list, operator->id))
            verdict = reject(why, "%s/id: a second %s", where, operator->id);
        if (verdict != VERDICT_OK) {
            list->count++; /* what it holds so far is freed with the list */
            return verdict;
        }
    }
    return VERDICT_OK;
}

static int compare_tokens(const void *a, const void *b)
{
    const struct token_entry *left = a, *right = b;
    return memcmp(left->token->hash, right->token->hash, IDS_SHA256_SIZE);
}

static enum verdict index_tokens(struct operator_list *list, struct why *why)
{
    size_t total = 0;
    for (size_t i = 0; i < list->count; i++)
        total += list->operators[i].token_count;
    list->tokens = mem_alloc(total * sizeof *list->tokens);
    for (size_t i = 0; i < list->count; i++)
        for (size_t k = 0; k < list->operators[i].token_count; k++)
            list->tokens[list->token_count++] = (struct token_entry){
                .owner = &list->operators[i], .token = &list->operators[i].tokens[k]};
    qsort(list->tokens, total, sizeof *list->tokens, compare_tokens);
    for (size_t i = 1; i < total; i++)
        if (compare_tokens(&list->tokens[i - 1], &list->tokens[i]) == 0)
            return reject(why, "operators %s and %s have the same token",
                          list->tokens[i - 1].owner->id, list->tokens[i].owner->id);
    return VERDICT_OK;
}

static void choose_stand_in(struct operator_list *list)
{
    for (size_t i = 0; i < list->count && !list->stand_in; i++)
        list->stand_in = list->operators[i].password;
    if (list->stand_in)
        return;
    int failed = crypto_pwhash_str(list->made_up, "", 0, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                   crypto_pwhash_MEMLIMIT_INTERACTIVE);
    assert(!failed);
    list->stand_in = list->made_up;
}

enum verdict operator_list_read(const char *path, struct operator_list **ret_list, struct why *why)
{
    CLEANUP(mem_free) char *text = NULL;
    json_auto_t *json = NULL;
    size_t length;
    if (!file_read(path, FILE_BYTES_MAX, &text, &length))
        return reject(why, "operators file: %s", strerror(errno));
    enum verdict verdict = event_parse_json(text, length, &json, why);
    if (verdict != VERDICT_OK)
        return verdict;
    struct operator_list *list = mem_alloc(sizeof *list);
    list->references = 1;
    verdict = read_operators(json, list, why);
    if (verdict == VERDICT_OK)
        verdict = index_tokens(list, why);
    if (verdict != VERDICT_OK) {
        operator_list_release(list);
        return verdict;
    }
    choose_stand_in(list);
    *ret_list = list;
    return VERDICT_OK;
}

struct operator_list *operator_list_hold(struct operator_list *list)
{
    atomic_fetch_add(&list->references, 1);
    return list;
}

static void free_operator(struct operator* operator)
{
    for (size_t i = 0; i < operator->token_count; i++) {
        free(operator->tokens[i].id);
        free(operator->tokens[i].use);
    }
    free(operator->tokens);
    free(operator->id);
    free(operator->name);
    free(operator->password);
}

void operator_list_release(struct operator_list *list)
{
    if (!list || atomic_fetch_sub(&list->references, 1) != 1)
        return;
    for (size_t i = 0; i < list->count; i++)
        free_operator(&list->operators[i]);
    free(list->operators);
    free(list->tokens);
    free(list);
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

const struct operator* operator_list_find(const struct operator_list *list, const char *id)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->operators[i].id, id) == 0)
            return &list->operators[i];
    return NULL;
}

size_t operator_list_count(const struct operator_list *list)
{
    return list->count;
}

const struct operator* operator_list_at(const struct operator_list *list, size_t index)
{
    assert(index < list->count);
    return &list->operators[index];
}

static const struct token_entry *find_entry(const struct operator_list *list,
                                            const struct operator_token *wanted)
{
    struct token_entry key = {.token = wanted};
    return bsearch(&key, list->tokens, list->token_count, sizeof *list->tokens, compare_tokens);
}

const struct operator* operator_list_find_token(const struct operator_list *list, const char *token,
                                                const struct operator_token **ret_token)
{
    struct operator_token wanted = {0};
    ids_sha256(token, strlen(token), wanted.hash);
    const struct token_entry *found = find_entry(list, &wanted);
    if (!found)
        return NULL;
    *ret_token = found->token;
    return found->owner;
}

void operator_token_note_use(const struct operator_token *token, int64_t now_us)
{
    if (now_us - atomic_load(&token->use->used_us) < USE_NOTED_EVERY_US)
        return;
    atomic_store(&token->use->used_us, now_us);
    atomic_store(&token->use->is_kept, false);
}

void operator_list_inherit_uses(struct operator_list *list, const struct operator_list *old)
{
    for (size_t i = 0; i < list->token_count; i++) {
        const struct operator_token *token = list->tokens[i].token;
        const struct token_entry *before = find_entry(old, token);
        if (!before)
            continue;
        atomic_store(&token->use->used_us, atomic_load(&before->token->use->used_us));
        atomic_store(&token->use->is_kept, atomic_load(&before->token->use->is_kept));
    }
}

static sem_t checks;

static void allow_checks(void)
{
    sem_init(&checks, 0, PARALLEL_CHECKS_MAX);
}

const struct operator* operator_list_check_password(const struct operator_list *list,
                                                    const char *id, const char *password)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const struct operator* operator= operator_list_find(list, id);
    bool known = operator&& operator->password;
    pthread_once(&once, allow_checks);
    while (sem_wait(&checks) != 0)
        ;
    int differs = crypto_pwhash_str_verify(known ? operator->password : list->stand_in, password, strlen(password));
    sem_post(&checks);
    return known && !differs ? operator: NULL;
}
