/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: memory that cannot fail and is given back, owned locals, byte slices, bounded buffers, UTF-8, hex and base64.
 * Ownership: what a function returns belongs to the caller; a `struct bytes` borrows.
 * Threads: everything here may be called from any thread; a `struct buf` belongs to one.
 * Errors: out of memory ends the process (every service is redone from Kafka); decoders answer false.
 * Limits and units: lengths are bytes; a buffer is born with its maximum and keeps to it.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLEANUP(destructor) __attribute__((cleanup(destructor)))
#define PRINTF(format_at, args_at) __attribute__((format(printf, format_at, args_at)))
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define TO_TEXT_(value) #value
#define TO_TEXT(value) TO_TEXT_(value) /* of a macro that is a number: its digits as a literal */

/* Gives an owned local away: evaluates to its value and leaves NULL behind. */
#define TAKE(pointer)                                                                              \
    ({                                                                                             \
        __auto_type taken_ = (pointer);                                                            \
        (pointer) = NULL;                                                                          \
        taken_;                                                                                    \
    })

void *mem_alloc(size_t size);                           /* zeroed */
void *mem_alloc_raw(size_t size);                       /* the same, not zeroed */
void *mem_resize(void *old, size_t count, size_t size); /* overflow ends the process */
char *mem_strdup(const char *text);                     /* NULL stays NULL */
void *mem_dup(const void *data, size_t length);         /* one NUL byte follows, not counted */
char *mem_printf(const char *format, ...) PRINTF(1, 2);
void mem_free(void *pointer); /* for CLEANUP: takes the address of the pointer */
/* What free() keeps goes to the system; pages of programs and libraries are unmapped until they are used again. */
void mem_give_back(void);

struct bytes {
    const void *data; /* NULL where there is nothing at all (a tombstone, a missing header) */
    size_t length;
};
struct bytes bytes_of(const char *text); /* NULL text gives NULL data */
/* Where they end; of nothing, nothing: no step from a null pointer, not even one of zero. */
static inline const char *bytes_end(struct bytes bytes)
{
    return bytes.length ? (const char *)bytes.data + bytes.length : (const char *)bytes.data;
}
bool bytes_equal(struct bytes a, struct bytes b);
bool bytes_equal_text(struct bytes a, const char *text);

/* A growing buffer. `data` is always NUL-terminated once something was appended. After the first append that
 * would pass `max`, `overflowed` is set and nothing more is taken: check once, at the end. */
struct buf {
    char *data;
    size_t length;
    size_t capacity;
    size_t max;
    bool overflowed;
};
void buf_init(struct buf *buf, size_t max);
void buf_expect(struct buf *buf, size_t length); /* so much will come in all: room for it at once */
void buf_add(struct buf *buf, const void *data, size_t length);
void buf_add_text(struct buf *buf, const char *text);
void buf_printf(struct buf *buf, const char *format, ...) PRINTF(2, 3);
void buf_add_json_string(struct buf *buf, const char *text, size_t length); /* quoted and escaped */
void buf_clear(struct buf *buf);                                            /* keeps the memory */
void buf_free(struct buf *buf);                                             /* for CLEANUP */

/* Length of the UTF-8 character at `text`, of which `left` bytes (one at least) may be read (RFC 3629: no surrogates, no overlong forms, up to U+10FFFF), 0 if there is none. */
size_t utf8_length(const char *text, size_t left);
/* At most `max` bytes of the beginning, not cut in the middle of a character. */
struct bytes utf8_cut(struct bytes text, size_t max);
/* Takes out every byte that belongs to no character, as where a text was cut to fit. */
void utf8_repair(char *text);

void hex_encode(const void *data, size_t length, char *ret_text /* 2 * length + 1 */);
bool hex_decode(const char *text, void *ret_data,
                size_t length);                          /* exactly 2 * length lower-case digits */
char *base64_encode(const void *data, size_t length);    /* standard, padded */
char *base64url_encode(const void *data, size_t length); /* URL-safe, no padding */
bool base64_decode(const char *text, size_t length, void **ret_data,
                   size_t *ret_length); /* either */

/* Reads a whole file of at most `max` bytes; false with errno set (EFBIG where it is longer). */
bool file_read(const char *path, size_t max, char **ret_text, size_t *ret_length);
