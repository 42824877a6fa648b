/* SPDX-License-Identifier: Apache-2.0 */
#include "common/gzip.h"

#include <assert.h>
#include <stdlib.h>
#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* the largest window, in gzip's frame instead of zlib's */
#define GZIP_MEMORY 8
#define GZIP_PLAIN_MAX (1u << 30)

void gzip_pack(struct bytes plain, struct buf *packed)
{
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)plain.data, .avail_in = (uInt)plain.length};
    assert(plain.length <= GZIP_PLAIN_MAX);
    int error = deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
                             Z_DEFAULT_STRATEGY);
    assert(error == Z_OK);
    size_t room = deflateBound(&stream, (uLong)plain.length);
    CLEANUP(mem_free) char *out = mem_alloc(room);
    stream.next_out = (Bytef *)out;
    stream.avail_out = (uInt)room;
    error = deflate(&stream, Z_FINISH);
    assert(error == Z_STREAM_END);
    size_t length = room - stream.avail_out;
    deflateEnd(&stream);
    buf_init(packed, length);
    buf_add(packed, out, length);
}
