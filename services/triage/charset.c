/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/charset.h"

#include <assert.h>
#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define WORK_BYTES (16 * 1024)
#define CUT_BYTES_MAX 16 /* a character that a piece cut, and the escape sequence before it */
#define REPLACEMENT "\xef\xbf\xbd"

static const struct {
    const char *name, *iconv_name;
    size_t unit; /* bytes to pass over where nothing fits */
} charsets[] = {
    [CHARSET_UTF_8] = {"UTF-8", "UTF-8", 1},
    [CHARSET_UTF_16LE] = {"UTF-16LE", "UTF-16LE", 2},
    [CHARSET_UTF_16BE] = {"UTF-16BE", "UTF-16BE", 2},
    [CHARSET_ISO_2022_JP] = {"ISO-2022-JP", "ISO-2022-JP", 1},
    [CHARSET_EUC_JP] = {"EUC-JP", "EUC-JP-MS", 1},
    [CHARSET_CP932] = {"CP932", "CP932", 1},
    [CHARSET_BINARY] = {"binary", NULL, 1},
};

const char *charset_name(enum charset charset)
{
    return charsets[charset].name;
}

/* --- the guess ------------------------------------------------------------------------------------------------------ */

struct tally {
    size_t pairs, wrong;
    size_t kana; /* in EUC-JP: hiragana and katakana, which every Japanese text is full of */
};

static bool is_between(unsigned char c, unsigned char low, unsigned char high)
{
    return c >= low && c <= high;
}

static struct tally read_as_euc_jp(const unsigned char *at, size_t length)
{
    struct tally tally = {0};
    for (size_t i = 0; i + 2 < length; i++) {
        if (at[i] < 0x80)
            continue;
        bool three = at[i] == 0x8f, half = at[i] == 0x8e;
        bool pair =
            half ? is_between(at[i + 1], 0xa1, 0xdf)
                 : (three || is_between(at[i], 0xa1, 0xfe)) && is_between(at[i + 1], 0xa1, 0xfe);
        tally.pairs += pair;
        tally.wrong += !pair;
        tally.kana += pair && is_between(at[i], 0xa4, 0xa5);
        i += pair ? (three ? 2 : 1) : 0;
    }
    return tally;
}

static bool is_cp932_lead(unsigned char c)
{
    return is_between(c, 0x81, 0x9f) || is_between(c, 0xe0, 0xfc);
}

static struct tally read_as_cp932(const unsigned char *at, size_t length)
{
    struct tally tally = {0};
    for (size_t i = 0; i + 1 < length; i++) {
        if (at[i] < 0x80 || is_between(at[i], 0xa1, 0xdf))
            continue;
        bool pair = is_cp932_lead(at[i]) &&
                    (is_between(at[i + 1], 0x40, 0x7e) || is_between(at[i + 1], 0x80, 0xfc));
        tally.pairs += pair;
        tally.wrong += !pair;
        i += pair;
    }
    return tally;
}

/* Valid but for a character cut at the end. */
static bool is_utf_8(const unsigned char *at, size_t length)
{
    for (size_t i = 0; i < length;) {
        size_t more = at[i] < 0x80                    ? 0
                      : is_between(at[i], 0xc2, 0xdf) ? 1
                      : is_between(at[i], 0xe0, 0xef) ? 2
                      : is_between(at[i], 0xf0, 0xf4) ? 3
                                                      : 4;
        if (more == 4)
            return false;
        for (size_t k = 1; k <= more && i + k < length; k++)
            if (!is_between(at[i + k], 0x80, 0xbf))
                return false;
        i += more + 1;
    }
    return true;
}

/* Text in UTF-16 is half zero bytes wherever it is ASCII, all on the same side. Others are no text's, but a log that was being written
 * when the power went has a run of them, and is one: UTF-8 stands for whatever it is without them. */
static enum charset judge_zeros(const unsigned char *at, size_t length)
{
    size_t zeros[2] = {0};
    for (size_t i = 0; i < length; i++)
        zeros[i & 1] += at[i] == 0;
    if (zeros[1] > length / 8 && zeros[0] * 16 < zeros[1])
        return CHARSET_UTF_16LE;
    if (zeros[0] > length / 8 && zeros[1] * 16 < zeros[0])
        return CHARSET_UTF_16BE;
    return (zeros[0] + zeros[1]) * 50 > length ? CHARSET_BINARY : CHARSET_UTF_8;
}

enum jis_line { JIS_NONE, JIS_WHOLE, JIS_OPEN };

/* Whether the line speaks Japanese, and has come back to ASCII (or its Japanese sister) at its end, as RFC 1468 asks for. */
static enum jis_line read_as_jis(const unsigned char *at, const unsigned char *end)
{
    static const struct {
        const char *escape;
        bool is_japanese;
    } rows[] = {
        {"\x1b$B", true}, {"\x1b$@", true}, {"\x1b(I", true}, {"\x1b(B", false}, {"\x1b(J", false}};
    enum jis_line state = JIS_NONE;
    for (; (at = memchr(at, 0x1b, (size_t)(end - at))) && end - at >= 3; at++)
        for (size_t i = 0; i < COUNT_OF(rows); i++)
            if (memcmp(at, rows[i].escape, 3) == 0 && (rows[i].is_japanese || state == JIS_OPEN))
                state = rows[i].is_japanese ? JIS_OPEN : JIS_WHOLE;
    return state;
}

/* Not because of an escape alone, which anybody can bring into a line of a log: by most of the lines that have one. The last may be
 * cut. */
static bool is_iso_2022_jp(const unsigned char *at, size_t length)
{
    const unsigned char *end = at + length, *newline;
    size_t whole = 0, open = 0;
    for (size_t i = 0; i < length; i++)
        if (at[i] >= 0x80)
            return false;
    for (; (newline = memchr(at, '\n', (size_t)(end - at))); at = newline + 1) {
        enum jis_line line = read_as_jis(at, newline);
        whole += line == JIS_WHOLE;
        open += line == JIS_OPEN;
    }
    whole += read_as_jis(at, end) == JIS_WHOLE;
    return whole > open;
}

static bool has_control(const unsigned char *at, size_t length)
{
    size_t controls = 0;
    for (size_t i = 0; i < length; i++)
        controls += at[i] < 0x20 && !strchr("\t\n\r\f\x1b", at[i]);
    return controls * 50 > length; /* 2 %: a picture, a program, not a log with a bell in it */
}

enum charset charset_guess(struct bytes head)
{
    const unsigned char *at = head.data;
    size_t length = head.length < CHARSET_HEAD_BYTES ? head.length : CHARSET_HEAD_BYTES;
    if (length >= 2 && at[0] == 0xff && at[1] == 0xfe)
        return CHARSET_UTF_16LE;
    if (length >= 2 && at[0] == 0xfe && at[1] == 0xff)
        return CHARSET_UTF_16BE;
    enum charset by_zeros =
        length && memchr(at, 0, length) ? judge_zeros(at, length) : CHARSET_UTF_8;
    if (by_zeros != CHARSET_UTF_8)
        return by_zeros;
    if (has_control(at, length))
        return CHARSET_BINARY;
    if (length && is_iso_2022_jp(at, length))
        return CHARSET_ISO_2022_JP;
    if (is_utf_8(at, length))
        return CHARSET_UTF_8;
    struct tally euc = read_as_euc_jp(at, length), cp932 = read_as_cp932(at, length);
    if (euc.wrong != cp932.wrong)
        return euc.wrong < cp932.wrong ? CHARSET_EUC_JP : CHARSET_CP932;
    return euc.kana * 4 > euc.pairs ? CHARSET_EUC_JP : CHARSET_CP932;
}

/* --- the text ---------------------------------------------------------------------------------------------------------- */

struct charset_stream {
    enum charset charset;
    iconv_t converter;
    charset_text_fn *text;
    void *context;
    bool begun;
    char work[WORK_BYTES];
    size_t waiting;
    int64_t replaced;
};

struct charset_stream *charset_open(enum charset charset, charset_text_fn *text, void *context)
{
    assert(charset != CHARSET_BINARY);
    struct charset_stream *stream = mem_alloc(sizeof *stream);
    *stream = (struct charset_stream){.charset = charset, .text = text, .context = context};
    stream->converter = iconv_open("UTF-8", charsets[charset].iconv_name);
    assert(stream->converter !=
           (iconv_t)-1); /* NOLINT: iconv's own way to say no; glibc has them all */
    return stream;
}

static void give(struct charset_stream *stream, struct bytes text)
{
    static const char mark[] = "\xef\xbb\xbf";
    if (!text.length)
        return;
    if (!stream->begun && text.length >= 3 && memcmp(text.data, mark, 3) == 0) {
        text.data = (const char *)text.data + 3;
        text.length -= 3;
    }
    stream->begun = true;
    stream->text(stream->context, text);
}

static void replace(struct charset_stream *stream, char **from, size_t *left)
{
    size_t unit = charsets[stream->charset].unit;
    unit = unit < *left ? unit : *left;
    *from += unit;
    *left -= unit;
    stream->replaced++;
    give(stream, (struct bytes){REPLACEMENT, sizeof REPLACEMENT - 1});
}

/* Everything but a character that is cut at the end; answers how many bytes are left. */
static size_t convert_whole(struct charset_stream *stream, char *from, size_t left, bool at_end)
{
    char out[WORK_BYTES];
    while (left) {
        char *to = out;
        size_t room = sizeof out;
        size_t done = iconv(stream->converter, &from, &left, &to, &room);
        int error = done == (size_t)-1 ? errno : 0;
        give(stream, (struct bytes){out, sizeof out - room});
        if (error == EILSEQ || (error == EINVAL && (at_end || left >= CUT_BYTES_MAX)))
            replace(stream, &from, &left);
        else if (error == EINVAL)
            break;
    }
    return left;
}

/* A line that does not come back to ASCII takes none behind it along. */
static size_t convert(struct charset_stream *stream, char *from, size_t left, bool at_end)
{
    char *newline;
    if (stream->charset != CHARSET_ISO_2022_JP)
        return convert_whole(stream, from, left, at_end);
    for (; (newline = memchr(from, '\n', left)); from = newline + 1) {
        convert_whole(stream, from, (size_t)(newline - from), true);
        iconv(stream->converter, NULL, NULL, NULL, NULL);
        give(stream, (struct bytes){"\n", 1});
        left -= (size_t)(newline + 1 - from);
    }
    return convert_whole(stream, from, left, at_end);
}

/* Through a small buffer of our own, at whose beginning the cut character of the piece before waits. */
void charset_feed(struct charset_stream *stream, struct bytes piece)
{
    while (piece.length) {
        size_t room = sizeof stream->work - stream->waiting;
        size_t taken = piece.length < room ? piece.length : room;
        memcpy(stream->work + stream->waiting, piece.data, taken);
        size_t length = stream->waiting + taken;
        stream->waiting = convert(stream, stream->work, length, false);
        memmove(stream->work, stream->work + length - stream->waiting, stream->waiting);
        piece.data = (const char *)piece.data + taken;
        piece.length -= taken;
    }
}

void charset_end(struct charset_stream *stream)
{
    stream->waiting = convert(stream, stream->work, stream->waiting, true);
}

int64_t charset_replaced(const struct charset_stream *stream)
{
    return stream->replaced;
}

void charset_close(struct charset_stream *stream)
{
    if (!stream)
        return;
    iconv_close(stream->converter);
    free(stream);
}

/* --- single lines ------------------------------------------------------------------------------------------------------ */

/* U+0000 is no text either: strict readers refuse it. */
static size_t sequence(const uint8_t *at, size_t left)
{
    return at[0] ? utf8_length((const char *)at, left) : 0;
}

static bool is_ascii(const uint8_t *at, size_t length)
{
    uint64_t word;
    for (; length >= sizeof word; at += sizeof word, length -= sizeof word) {
        memcpy(&word, at, sizeof word);
        /* a high bit, or a zero byte, as in "Hacker's Delight": both want a closer look */
        if ((word & UINT64_C(0x8080808080808080)) ||
            ((word - UINT64_C(0x0101010101010101)) & ~word & UINT64_C(0x8080808080808080)))
            return false;
    }
    for (size_t i = 0; i < length; i++)
        if (at[i] == 0 || at[i] >= 0x80)
            return false;
    return true;
}

bool charset_is_utf_8(struct bytes line)
{
    const uint8_t *at = line.data;
    if (is_ascii(at, line.length))
        return true;
    for (size_t i = 0, step; i < line.length; i += step)
        if (!(step = sequence(at + i, line.length - i)))
            return false;
    return true;
}

static bool line_as_cp932(struct bytes bytes, struct buf *out)
{
    CLEANUP(mem_free) char *copy = mem_dup(bytes.data, bytes.length);
    CLEANUP(mem_free) char *text = mem_resize(NULL, 3 * bytes.length + 1, 1);
    char *from = copy, *to = text;
    size_t left = bytes.length, room = 3 * bytes.length;
    if (memchr(copy, '\0', bytes.length))
        return false;
    iconv_t converter = iconv_open("UTF-8", "CP932");
    if (converter == (iconv_t)-1) /* NOLINT: iconv's own way to say no */
        return false;
    bool whole = iconv(converter, &from, &left, &to, &room) != (size_t)-1 && left == 0;
    iconv_close(converter);
    if (whole)
        buf_add(out, text, (size_t)(to - text));
    return whole;
}

static void replace_bad(struct bytes bytes, struct buf *out)
{
    const uint8_t *at = bytes.data;
    for (size_t i = 0; i < bytes.length;) {
        size_t step = sequence(at + i, bytes.length - i);
        if (step)
            buf_add(out, at + i, step);
        else
            buf_add_text(out, "\xef\xbf\xbd");
        i += step ? step : 1;
    }
}

void charset_line_to_utf_8(struct bytes line, struct buf *out)
{
    if (!line_as_cp932(line, out))
        replace_bad(line, out);
}

/* What utf8_cut left out is one character of UTF-8, not bytes of another charset that look like the inside of one. */
static bool is_utf_8_cut(struct bytes line, struct bytes head, size_t max)
{
    size_t left = line.length - head.length;
    return charset_is_utf_8(head) &&
           (head.length == max ||
            head.length + utf8_length((const char *)line.data + head.length, left) > max);
}

static struct bytes cp932_cut(struct bytes line, size_t max)
{
    const uint8_t *at = line.data;
    size_t length = 0;
    while (length < max)
        length += is_cp932_lead(at[length]) ? 2 : 1;
    return (struct bytes){at, length > max ? max - 1 : length};
}

struct bytes charset_cut(struct bytes line, size_t max)
{
    CLEANUP(buf_free) struct buf text;
    buf_init(&text, SIZE_MAX / 2);
    if (line.length <= max)
        return line;
    struct bytes head = utf8_cut(line, max), pairs = cp932_cut(line, max);
    return !is_utf_8_cut(line, head, max) && line_as_cp932(pairs, &text) ? pairs : head;
}
