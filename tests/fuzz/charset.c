/* SPDX-License-Identifier: Apache-2.0 */
/* Files in any charset: what comes out is UTF-8, the same whatever the pieces it came in. The first byte chooses the charset
 * where the guess does not. */
#include "services/triage/charset.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(void *context, struct bytes utf8)
{
    buf_add(context, utf8.data, utf8.length);
}

static struct buf read_whole(enum charset charset, struct bytes file, size_t piece)
{
    struct buf out;
    struct charset_stream *stream = charset_open(charset, take, &out);
    buf_init(&out, SIZE_MAX / 2);
    for (size_t at = 0; at < file.length; at += piece)
        charset_feed(stream, (struct bytes){(const char *)file.data + at,
                                            file.length - at < piece ? file.length - at : piece});
    charset_end(stream);
    charset_close(stream);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    struct bytes file = {data + 1, size - 1};
    enum charset charset = charset_guess(file);
    if (charset == CHARSET_BINARY || data[0] & 1)
        charset = (enum charset)(data[0] / 2 % CHARSET_BINARY);
    CLEANUP(buf_free)
    struct buf whole = read_whole(charset, file, size),
               pieces = read_whole(charset, file, 1 + data[0] % 7);
    assert(whole.length == pieces.length &&
           (!whole.length || memcmp(whole.data, pieces.data, whole.length) == 0));
    return 0;
}
