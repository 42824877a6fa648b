/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: bytes that grow at their end without ever being moved: for a thousand open blocks realloc was a seventh of what
 * ingest costs, and left holes in the heap as large as a third of what is held.
 * Ownership: the caller's struct, zeroed to begin with. Threads: one. Errors: none.
 * Limits: a piece is as long as all before it, from 512 bytes to 8 KiB.
 */
#include <stddef.h>

struct piece;
struct pieces {
    struct piece *first, *last;
    char *at; /* in the last one, with room left */
    size_t left;
    size_t length, held; /* of bytes; of memory */
};
void pieces_add(struct pieces *pieces, const void *data, size_t length);
void pieces_copy(const struct pieces *pieces, char *ret_bytes); /* all of them */
void pieces_free(struct pieces *pieces);
