/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/logstore_pieces.h"

#include "common/util.h"

#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES_MIN 512
#define PIECE_BYTES_MAX 8192

struct piece {
    struct piece *next;
    size_t room;
    char bytes[];
};

static void next_piece(struct pieces *pieces)
{
    size_t size = pieces->held < PIECE_BYTES_MIN ? PIECE_BYTES_MIN : pieces->held;
    if (size > PIECE_BYTES_MAX)
        size = PIECE_BYTES_MAX;
    struct piece *piece = mem_resize(NULL, size, 1);
    *piece = (struct piece){.room = size - sizeof *piece};
    *(pieces->last ? &pieces->last->next : &pieces->first) = piece;
    pieces->last = piece;
    pieces->held += size;
    pieces->at = piece->bytes;
    pieces->left = piece->room;
}

void pieces_add(struct pieces *pieces, const void *data, size_t length)
{
    const char *from = data;
    pieces->length += length;
    while (length) {
        if (!pieces->left)
            next_piece(pieces);
        size_t part = length < pieces->left ? length : pieces->left;
        memcpy(pieces->at, from, part);
        pieces->at += part;
        pieces->left -= part;
        from += part;
        length -= part;
    }
}

void pieces_copy(const struct pieces *pieces, char *ret_bytes)
{
    for (const struct piece *piece = pieces->first; piece; piece = piece->next) {
        size_t length = piece->room - (piece == pieces->last ? pieces->left : 0);
        memcpy(ret_bytes, piece->bytes, length);
        ret_bytes += length;
    }
}

void pieces_free(struct pieces *pieces)
{
    for (struct piece *piece = pieces->first; piece;) {
        struct piece *next = piece->next;
        free(piece);
        piece = next;
    }
    *pieces = (struct pieces){0};
}
