/* SPDX-License-Identifier: Apache-2.0 */
#include "services/intake/token_uses.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

#define KEPT_MS "34560000000" /* 400 days */
#define NAME_BYTES 16         /* of the hash */
#define PREFIX "kakekomi:token:"
#define AT_ONCE_MAX 1000
#define BYTES_EACH 60
#define NAMES_BYTES_MAX (4 * 1024 * 1024) /* 50,000 tokens */

/* "name us name us …": an instance that has seen an earlier use does not put the later one of another back. */
static const char *const keep_script = "for name, used in string.gmatch(ARGV[1], '(%S+) (%S+)') do "
                                       " local key = '" PREFIX "' .. name "
                                       " local before = redis.call('GET', key) "
                                       " if not before or tonumber(before) < tonumber(used) then "
                                       "  redis.call('SET', key, used, 'PX', " KEPT_MS ") "
                                       " end "
                                       "end return 1";

static const char *const find_script =
    "local found = {} "
    "for name in string.gmatch(ARGV[1], '%S+') do "
    " found[#found + 1] = tonumber(redis.call('GET', '" PREFIX "' .. name) or '0') "
    "end return found";

static void add_name(struct buf *text, const struct operator_token *token)
{
    char name[2 * NAME_BYTES + 1];
    hex_encode(token->hash, NAME_BYTES, name);
    buf_printf(text, "%s ", name);
}

/* Marked as kept before it is read: a use that comes meanwhile is marked anew. */
static void add_uses(struct buf *text, const struct operator* operator, size_t * count)
{
    for (size_t i = 0; i < operator->token_count && * count<AT_ONCE_MAX; i++) {
        struct operator_token_use *use = operator->tokens[i].use;
        if (atomic_exchange(&use->is_kept, true))
            continue;
        add_name(text, &operator->tokens[i]);
        buf_printf(text, "%" PRId64 " ", atomic_load(&use->used_us));
        (*count)++;
    }
}

static void mark_again(const struct operator_list *list)
{
    for (size_t i = 0; i < operator_list_count(list); i++) {
        const struct operator* operator= operator_list_at(list, i);
        for (size_t k = 0; k < operator->token_count; k++)
            if (atomic_load(&operator->tokens[k].use->used_us))
                atomic_store(&operator->tokens[k].use->is_kept, false);
    }
}

enum verdict token_uses_keep(struct redis *redis, const struct operator_list *list, struct why *why)
{
    CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
    CLEANUP(buf_free) struct buf text;
    size_t count = 0;
    buf_init(&text, AT_ONCE_MAX * BYTES_EACH);
    for (size_t i = 0; i < operator_list_count(list); i++)
        add_uses(&text, operator_list_at(list, i), &count);
    if (count == 0)
        return VERDICT_OK;
    enum verdict verdict = redis_ask(redis, &reply, why, "EVAL", keep_script, "0", text.data);
    if (verdict != VERDICT_OK)
        mark_again(list);
    return verdict;
}

static size_t add_names(struct buf *text, const struct operator_list *list)
{
    size_t count = 0;
    for (size_t i = 0; i < operator_list_count(list); i++) {
        const struct operator* operator= operator_list_at(list, i);
        for (size_t k = 0; k < operator->token_count; k++, count++)
            add_name(text, &operator->tokens[k]);
    }
    return count;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

enum verdict token_uses_find(struct redis *redis, const struct operator_list *list,
                             int64_t **ret_used_us, struct why *why)
{
    CLEANUP(redis_reply_free) struct redis_reply *reply = NULL;
    CLEANUP(buf_free) struct buf names;
    buf_init(&names, NAMES_BYTES_MAX);
    size_t count = add_names(&names, list), at = 0;
    enum verdict verdict =
        redis_ask(redis, &reply, why, "EVAL", find_script, "0", count ? names.data : "");
    int64_t *used_us = mem_alloc((count + 1) * sizeof *used_us);
    for (size_t i = 0; i < operator_list_count(list); i++) {
        const struct operator* operator= operator_list_at(list, i);
        for (size_t k = 0; k < operator->token_count; k++, at++)
            used_us[at] = later(atomic_load(&operator->tokens[k].use->used_us),
                                redis_reply_integer(redis_reply_item(reply, at)));
    }
    *ret_used_us = used_us;
    return verdict;
}
