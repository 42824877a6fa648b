/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/unpack.h"

#include "common/desk/limits.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define RATIO_MAX 500 /* a log of one line repeated comes near it */
#define RATIO_FREE_BYTES (8LL * 1024 * 1024)
#define PIECE_BYTES (256 * 1024)
#define MAGIC_BYTES 4

enum packing { PACKING_UNKNOWN, PACKING_PLAIN, PACKING_GZIP, PACKING_ZSTD };

struct unpack {
    struct lines *lines;
    enum packing packing;
    uint8_t head[MAGIC_BYTES]; /* the first bytes, until they tell */
    size_t head_length;
    z_stream gzip;
    ZSTD_DStream *zstd;
    bool ended; /* the compressed stream came to its end */
    int64_t packed, unpacked;
    char piece[PIECE_BYTES];
};

struct unpack *unpack_new(struct lines *lines)
{
    struct unpack *unpack = mem_alloc(sizeof *unpack);
    unpack->lines = lines;
    return unpack;
}

void unpack_free(struct unpack *unpack)
{
    if (!unpack)
        return;
    if (unpack->packing == PACKING_GZIP)
        inflateEnd(&unpack->gzip);
    ZSTD_freeDStream(unpack->zstd);
    free(unpack);
}

static enum verdict take_text(struct unpack *unpack, const char *data, size_t length,
                              struct why *why)
{
    unpack->unpacked += (int64_t)length;
    if (unpack->unpacked > LIMIT_LOG_UPLOAD_BYTES)
        return reject(why, "unpacks to more than 4 GiB");
    if (unpack->unpacked > RATIO_FREE_BYTES && unpack->unpacked / RATIO_MAX > unpack->packed)
        return reject(why, "unpacks to more than %d times its size", RATIO_MAX);
    return lines_add(unpack->lines, (struct bytes){data, length}, why);
}

/* --- unpacking -------------------------------------------------------------------------------------------------------- */

static enum verdict take_gzip(struct unpack *unpack, struct bytes bytes, struct why *why)
{
    z_stream *stream = &unpack->gzip;
    stream->next_in = (Bytef *)(uintptr_t)bytes.data;
    stream->avail_in = (uInt)bytes.length;
    while (stream->avail_in) {
        if (unpack->ended &&
            *stream->next_in == 0) { /* padding, as tapes and some appliances add it */
            stream->next_in++;
            stream->avail_in--;
            continue;
        }
        if (unpack->ended) { /* a further member, as `cat a.gz b.gz` makes them */
            inflateReset(stream);
            unpack->ended = false;
        }
        stream->next_out = (Bytef *)unpack->piece;
        stream->avail_out = PIECE_BYTES;
        int answer = inflate(stream, Z_NO_FLUSH);
        if (answer != Z_OK && answer != Z_STREAM_END)
            return reject(why, "gzip: damaged");
        unpack->ended = answer == Z_STREAM_END;
        enum verdict verdict =
            take_text(unpack, unpack->piece, PIECE_BYTES - stream->avail_out, why);
        if (verdict != VERDICT_OK)
            return verdict;
    }
    return VERDICT_OK;
}

static enum verdict take_zstd(struct unpack *unpack, struct bytes bytes, struct why *why)
{
    ZSTD_inBuffer in = {.src = bytes.data, .size = bytes.length};
    bool full = false;
    while (in.pos < in.size || full) {
        ZSTD_outBuffer out = {.dst = unpack->piece, .size = PIECE_BYTES};
        size_t answer = ZSTD_decompressStream(unpack->zstd, &out, &in);
        if (ZSTD_isError(answer))
            return reject(why, "zstd: damaged");
        unpack->ended = answer == 0;
        full = answer != 0 && out.pos == out.size; /* a frame that is at its end has no more */
        enum verdict verdict = take_text(unpack, unpack->piece, out.pos, why);
        if (verdict != VERDICT_OK)
            return verdict;
    }
    return VERDICT_OK;
}

static enum verdict take(struct unpack *unpack, struct bytes bytes, struct why *why)
{
    switch (unpack->packing) {
    case PACKING_GZIP:
        return take_gzip(unpack, bytes, why);
    case PACKING_ZSTD:
        return take_zstd(unpack, bytes, why);
    case PACKING_PLAIN:
    case PACKING_UNKNOWN:
        return take_text(unpack, bytes.data, bytes.length, why);
    }
    return VERDICT_OK;
}

static void recognise(struct unpack *unpack)
{
    static const uint8_t gzip[] = {0x1f, 0x8b}, zstd[] = {0x28, 0xb5, 0x2f, 0xfd};
    unpack->packing = PACKING_PLAIN;
    if (unpack->head_length >= 2 && memcmp(unpack->head, gzip, 2) == 0 &&
        inflateInit2(&unpack->gzip, 15 + 16) == Z_OK)
        unpack->packing = PACKING_GZIP;
    if (unpack->head_length >= 4 && memcmp(unpack->head, zstd, 4) == 0) {
        unpack->zstd = ZSTD_createDStream();
        ZSTD_DCtx_setParameter(unpack->zstd, ZSTD_d_windowLogMax,
                               24); /* 16 MiB, whatever the frame asks for */
        unpack->packing = PACKING_ZSTD;
    }
}

enum verdict unpack_add(struct unpack *unpack, struct bytes piece, struct why *why)
{
    unpack->packed += (int64_t)piece.length;
    if (unpack->packing == PACKING_UNKNOWN) {
        size_t wanted = MAGIC_BYTES - unpack->head_length;
        size_t taken = piece.length < wanted ? piece.length : wanted;
        memcpy(unpack->head + unpack->head_length, piece.data, taken);
        unpack->head_length += taken;
        piece = (struct bytes){.data = (const char *)piece.data + taken,
                               .length = piece.length - taken};
        if (unpack->head_length < MAGIC_BYTES)
            return VERDICT_OK;
        recognise(unpack);
        enum verdict verdict = take(unpack, (struct bytes){unpack->head, unpack->head_length}, why);
        if (verdict != VERDICT_OK)
            return verdict;
    }
    return piece.length ? take(unpack, piece, why) : VERDICT_OK;
}

enum verdict unpack_finish(struct unpack *unpack, struct why *why)
{
    if (unpack->packing == PACKING_UNKNOWN && unpack->head_length) {
        recognise(unpack);
        enum verdict verdict = take(unpack, (struct bytes){unpack->head, unpack->head_length}, why);
        if (verdict != VERDICT_OK)
            return verdict;
    }
    bool packed = unpack->packing == PACKING_GZIP || unpack->packing == PACKING_ZSTD;
    if (packed && !unpack->ended)
        return reject(why, "compressed file ends too early");
    return lines_finish(unpack->lines, why);
}
