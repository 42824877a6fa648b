/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/needles.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SLOTS 8192

struct needle {
    char *word;
    size_t length;
    int32_t next; /* in the same slot */
};

struct needles {
    struct needle *list;
    size_t count;
    int32_t slots[SLOTS]; /* index + 1; 0: empty */
};

struct needles *needles_new(void)
{
    return mem_alloc(sizeof(struct needles));
}

void needles_free(struct needles *needles)
{
    if (!needles)
        return;
    for (size_t i = 0; i < needles->count; i++)
        free(needles->list[i].word);
    free(needles->list);
    free(needles);
}

size_t needles_count(const struct needles *needles)
{
    return needles->count;
}

const char *needles_word(const struct needles *needles, size_t index)
{
    return needles->list[index].word;
}

/* Bit 5 tells the case of a letter; that it tells other bytes apart as well only costs a comparison. */
static size_t slot_of(const char *at)
{
    uint32_t head =
        (uint32_t)(uint8_t)at[0] | (uint32_t)(uint8_t)at[1] << 8 | (uint32_t)(uint8_t)at[2] << 16;
    return (head | 0x202020) * UINT32_C(2654435761) >> 19;
}

size_t needles_add(struct needles *needles, const char *word, size_t length)
{
    if (length < NEEDLES_WORD_MIN || length > NEEDLES_WORD_MAX)
        return NEEDLES_NONE;
    int32_t *slot = &needles->slots[slot_of(word)];
    for (int32_t i = *slot; i; i = needles->list[i - 1].next)
        if (needles->list[i - 1].length == length &&
            strncasecmp(needles->list[i - 1].word, word, length) == 0)
            return (size_t)i - 1;
    if (needles->count == NEEDLES_MAX)
        return NEEDLES_NONE;
    needles->list = mem_resize(needles->list, needles->count + 1, sizeof needles->list[0]);
    needles->list[needles->count] =
        (struct needle){.word = mem_dup(word, length), .length = length, .next = *slot};
    *slot = (int32_t)++needles->count;
    return needles->count - 1;
}

static bool is_word_byte(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_' || (unsigned char)c >= 0x80;
}

/* A full stop ends a sentence, but in front of a digit it goes on an address. */
static bool ends_here(const char *at, const char *end)
{
    if (at == end)
        return true;
    if (*at == '.')
        return at + 1 == end || !isdigit((unsigned char)at[1]);
    return !is_word_byte(*at);
}

static bool begins_here(const char *at, const char *from)
{
    return at == from || (!is_word_byte(at[-1]) && (at[-1] != '.' || !isdigit((unsigned char)*at)));
}

/* The end first: whoever writes a log for it can make words begin alike. */
static bool stands_at(const struct needle *needle, const char *at, const char *end)
{
    return (size_t)(end - at) >= needle->length && ends_here(at + needle->length, end) &&
           strncasecmp(at, needle->word, needle->length) == 0;
}

size_t needles_find(const struct needles *needles, struct bytes line)
{
    const char *from = line.data, *end = from + line.length;
    if (!needles->count)
        return NEEDLES_NONE;
    for (const char *at = from; end - at >= NEEDLES_WORD_MIN; at++) {
        int32_t i = needles->slots[slot_of(at)];
        if (!i || !begins_here(at, from))
            continue;
        for (; i; i = needles->list[i - 1].next)
            if (stands_at(&needles->list[i - 1], at, end))
                return (size_t)i - 1;
    }
    return NEEDLES_NONE;
}
