/* SPDX-License-Identifier: Apache-2.0 */
#include "common/util.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static _Noreturn void out_of_memory(void)
{
    static const char line[] = "{\"level\":\"error\",\"event\":\"memory.exhausted\"}\n";
    ssize_t written = write(STDERR_FILENO, line, sizeof line - 1);
    (void)written;
    abort();
}

void *mem_alloc(size_t size)
{
    void *memory = calloc(1, size ? size : 1);
    if (!memory)
        out_of_memory();
    return memory;
}

void *mem_alloc_raw(size_t size)
{
    void *memory = malloc(size ? size : 1);
    if (!memory)
        out_of_memory();
    return memory;
}

void *mem_resize(void *old, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        out_of_memory();
    void *memory = realloc(old, total ? total : 1);
    if (!memory)
        out_of_memory();
    return memory;
}

char *mem_strdup(const char *text)
{
    return text ? mem_dup(text, strlen(text)) : NULL;
}

void *mem_dup(const void *data, size_t length)
{
    char *copy = mem_resize(NULL, length + 1, 1);
    if (length)
        memcpy(copy, data, length);
    copy[length] = '\0';
    return copy;
}

char *mem_printf(const char *format, ...)
{
    va_list args;
    char *text = NULL;
    va_start(args, format);
    int length = vasprintf(&text, format, args);
    va_end(args);
    if (length < 0)
        out_of_memory();
    return text;
}

void mem_free(void *pointer)
{
    void **owner = pointer;
    free(*owner);
    *owner = NULL;
}

struct bytes bytes_of(const char *text)
{
    return (struct bytes){.data = text, .length = text ? strlen(text) : 0};
}

bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

bool bytes_equal_text(struct bytes a, const char *text)
{
    return bytes_equal(a, bytes_of(text));
}

void buf_init(struct buf *buf, size_t max)
{
    *buf = (struct buf){.max = max};
}

/* Makes room for `length` bytes and the closing NUL; false once the maximum is passed. */
static bool buf_reserve(struct buf *buf, size_t length)
{
    if (buf->overflowed || length > buf->max || buf->length > buf->max - length) {
        buf->overflowed = true;
        return false;
    }
    size_t needed = buf->length + length + 1;
    if (needed <= buf->capacity)
        return true;
    size_t capacity = buf->capacity ? buf->capacity : 256;
    while (capacity < needed)
        capacity *= 2;
    buf->data = mem_resize(buf->data, capacity, 1);
    buf->capacity = capacity;
    return true;
}

void buf_expect(struct buf *buf, size_t length)
{
    if (length <= buf->max && length >= buf->capacity) {
        buf->capacity = length + 1;
        buf->data = mem_resize(buf->data, buf->capacity, 1);
    }
}

void buf_add(struct buf *buf, const void *data, size_t length)
{
    if (!buf_reserve(buf, length))
        return;
    if (length)
        memcpy(buf->data + buf->length, data, length);
    buf->length += length;
    buf->data[buf->length] = '\0';
}

void buf_add_text(struct buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    size_t room = buf->capacity - buf->length;
    va_start(args, format);
    int length = vsnprintf(room ? buf->data + buf->length : NULL, room, format, args);
    va_end(args);
    assert(length >= 0);
    if (!buf_reserve(buf, (size_t)length)) {
        if (room)
            buf->data[buf->length] = '\0';
        return;
    }
    if ((size_t)length >= room) { /* was cut */
        va_start(args, format);
        vsnprintf(buf->data + buf->length, (size_t)length + 1, format, args);
        va_end(args);
    }
    buf->length += (size_t)length;
}

void buf_add_json_string(struct buf *buf, const char *text, size_t length)
{
    size_t plain = 0; /* start of the run that needs no escape */
    buf_add(buf, "\"", 1);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_add(buf, text + plain, i - plain);
        plain = i + 1;
        if (c == '"' || c == '\\')
            buf_printf(buf, "\\%c", c);
        else
            buf_printf(buf, "\\u%04x", c);
    }
    buf_add(buf, text + plain, length - plain);
    buf_add(buf, "\"", 1);
}

void buf_clear(struct buf *buf)
{
    buf->length = 0;
    buf->overflowed = false;
    if (buf->data)
        buf->data[0] = '\0';
}

void buf_free(struct buf *buf)
{
    free(buf->data);
    *buf = (struct buf){.max = buf->max};
}

void hex_encode(const void *data, size_t length, char *ret_text)
{
    sodium_bin2hex(ret_text, 2 * length + 1, data, length);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_decode(const char *text, void *ret_data, size_t length)
{
    if (strlen(text) != 2 * length)
        return false;
    for (size_t i = 0; i < 2 * length; i++)
        if (hex_digit(text[i]) < 0)
            return false;
    for (size_t i = 0; i < length; i++)
        ((uint8_t *)ret_data)[i] =
            (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
    return true;
}

static char *base64_with(const void *data, size_t length, int variant)
{
    size_t size = sodium_base64_encoded_len(length, variant);
    char *text = mem_alloc(size);
    (void)sodium_bin2base64(text, size, data, length, variant);
    return text;
}

char *base64_encode(const void *data, size_t length)
{
    return base64_with(data, length, sodium_base64_VARIANT_ORIGINAL);
}

char *base64url_encode(const void *data, size_t length)
{
    return base64_with(data, length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool base64_decode(const char *text, size_t length, void **ret_data, size_t *ret_length)
{
    static const int variants[] = {
        sodium_base64_VARIANT_ORIGINAL, sodium_base64_VARIANT_URLSAFE_NO_PADDING,
        sodium_base64_VARIANT_URLSAFE, sodium_base64_VARIANT_ORIGINAL_NO_PADDING};
    CLEANUP(mem_free) uint8_t *data = mem_alloc(length / 4 * 3 + 4);
    size_t decoded;
    for (size_t i = 0; i < COUNT_OF(variants); i++) {
        if (sodium_base642bin(data, length / 4 * 3 + 3, text, length, NULL, &decoded, NULL,
                              variants[i]) != 0)
            continue;
        *ret_data = TAKE(data);
        *ret_length = decoded;
        return true;
    }
    return false;
}

size_t utf8_length(const char *at, size_t left)
{
    const unsigned char *text = (const unsigned char *)at;
    unsigned char lead = text[0];
    size_t length = lead < 0x80                   ? 1
                    : lead >= 0xc2 && lead < 0xe0 ? 2
                    : lead >= 0xe0 && lead < 0xf0 ? 3
                                                  : 4;
    if ((lead >= 0x80 && lead < 0xc2) || lead > 0xf4 || length > left)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (lead == 0xe0 && text[1] < 0xa0) || (lead == 0xf0 && text[1] < 0x90);
    bool outside = (lead == 0xed && text[1] > 0x9f) || (lead == 0xf4 && text[1] > 0x8f);
    return overlong || outside ? 0 : length;
}

struct bytes utf8_cut(struct bytes text, size_t max)
{
    if (text.length <= max)
        return text;
    text.length = max;
    while (text.length && (((const unsigned char *)text.data)[text.length] & 0xc0) == 0x80)
        text.length--;
    return text;
}

void utf8_repair(char *text)
{
    char *to = text;
    const char *end = text + strlen(text);
    for (size_t length; text < end; text += length) {
        length = utf8_length(text, (size_t)(end - text));
        if (length)
            memmove(to, text, length);
        to += length;
        length += length == 0; /* a byte of no character */
    }
    *to = '\0';
}

static void close_at(const int *descriptor)
{
    if (*descriptor >= 0)
        close(*descriptor);
}

bool file_read(const char *path, size_t max, char **ret_text, size_t *ret_length)
{
    CLEANUP(close_at) int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    struct buf text;
    buf_init(&text, max);
    char piece[16384];
    ssize_t got;
    while ((got = read(file, piece, sizeof piece)) > 0)
        buf_add(&text, piece, (size_t)got);
    bool whole = got == 0 && !text.overflowed;
    if (text.overflowed)
        errno = EFBIG;
    if (whole) {
        *ret_length = text.length;
        *ret_text = mem_dup(text.data, text.length);
    }
    buf_free(&text);
    return whole;
}
