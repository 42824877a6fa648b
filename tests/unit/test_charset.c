/* SPDX-License-Identifier: Apache-2.0 */
/* The charsets that files from offices in Japan are in: guessed by their beginning, read in pieces of any size. */
#include "services/triage/lines.h"

#include <iconv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char text[] =
    "2026/11/24 15:00:00 fs-01 ウイルスを検知しました: C:\\共有\\請求書.exe\r\n"
    "2026/11/24 15:00:01 fs-01 ファイルを隔離しました（髙橋のＰＣ、ｼｽﾃﾑ領域）\r\n";

static struct buf encoded(const char *charset, const char *from)
{
    struct buf out;
    char space[8192], *to = space, *at = (char *)(uintptr_t)from;
    size_t left = strlen(from), room = sizeof space;
    iconv_t converter = iconv_open(charset, "UTF-8");
    assert_true(converter != (iconv_t)-1);
    assert_int_equal(iconv(converter, &at, &left, &to, &room), 0);
    assert_int_equal(iconv(converter, NULL, NULL, &to, &room), 0);
    iconv_close(converter);
    buf_init(&out, 100000);
    buf_add(&out, space, sizeof space - room);
    return out;
}

static void take(void *context, struct bytes utf8)
{
    buf_add(context, utf8.data, utf8.length);
}

static int64_t read_in_pieces(enum charset charset, struct bytes file, size_t piece,
                              struct buf *ret_text)
{
    struct charset_stream *stream = charset_open(charset, take, ret_text);
    for (size_t at = 0; at < file.length; at += piece)
        charset_feed(stream, (struct bytes){(const char *)file.data + at,
                                            file.length - at < piece ? file.length - at : piece});
    charset_end(stream);
    int64_t replaced = charset_replaced(stream);
    charset_close(stream);
    return replaced;
}

static void expect_read(const char *iconv_name, enum charset charset, const char *original)
{
    CLEANUP(buf_free) struct buf file = encoded(iconv_name, original);
    struct bytes bytes = {file.data, file.length};
    assert_string_equal(charset_name(charset_guess(bytes)), charset_name(charset));
    for (size_t piece = 1; piece < 70; piece += 3) {
        CLEANUP(buf_free) struct buf out;
        buf_init(&out, 100000);
        assert_int_equal(read_in_pieces(charset, bytes, piece, &out), 0);
        assert_string_equal(out.data, original);
    }
}

static void every_charset_is_guessed_and_read(void **state)
{
    (void)state;
    expect_read("UTF-8", CHARSET_UTF_8, text);
    expect_read("CP932", CHARSET_CP932, text);
    expect_read("EUC-JP-MS", CHARSET_EUC_JP, text);
    expect_read("UTF-16LE", CHARSET_UTF_16LE,
                "2026/11/24 15:00:00 fs-01 a virus was found\r\n検知\r\n");
    expect_read("UTF-16BE", CHARSET_UTF_16BE,
                "2026/11/24 15:00:00 fs-01 a virus was found\r\n検知\r\n");
    expect_read("ISO-2022-JP", CHARSET_ISO_2022_JP,
                "15:00 ウイルスを検知\r\n15:01 隔離しました\r\n");
    expect_read("UTF-8", CHARSET_UTF_8, "nothing but ASCII\n");
}

static void marks_are_left_out(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        size_t length;
        enum charset charset;
    } rows[] = {{"\xef\xbb\xbf"
                 "ab",
                 5, CHARSET_UTF_8},
                {"\xff\xfe"
                 "a\0b\0",
                 6, CHARSET_UTF_16LE},
                {"\xfe\xff\0a\0b", 6, CHARSET_UTF_16BE}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(buf_free) struct buf out;
        struct bytes file = {rows[i].file, rows[i].length};
        buf_init(&out, 100);
        assert_int_equal(charset_guess(file), rows[i].charset);
        assert_int_equal(read_in_pieces(rows[i].charset, file, 3, &out), 0);
        assert_string_equal(out.data, "ab");
    }
}

static void what_is_no_text_is_told(void **state)
{
    (void)state;
    static const unsigned char picture[] = {0x89, 'P',  'N', 'G', '\r', '\n',
                                            0x1a, '\n', 0,   0,   0,    13};
    static const unsigned char controls[] = "\x01\x02\x03\x04\x05\x06\x07";
    assert_int_equal(charset_guess((struct bytes){picture, sizeof picture}), CHARSET_BINARY);
    assert_int_equal(charset_guess((struct bytes){controls, 7}), CHARSET_BINARY);
    assert_int_equal(charset_guess((struct bytes){"", 0}), CHARSET_UTF_8);
}

/* --- lines ------------------------------------------------------------------------------------------------------------- */

static enum verdict join(void *context, struct bytes line, struct why *why)
{
    (void)why;
    buf_add(context, line.data, line.length);
    buf_add(context, "|", 1);
    return VERDICT_OK;
}

static enum verdict read_lines(struct bytes file, size_t piece, struct buf *ret_text,
                               struct lines_counts *ret_counts)
{
    struct why why;
    struct lines *lines = lines_new(join, ret_text);
    enum verdict verdict = VERDICT_OK;
    for (size_t at = 0; at < file.length && verdict == VERDICT_OK; at += piece)
        verdict = lines_add(lines,
                            (struct bytes){(const char *)file.data + at,
                                           file.length - at < piece ? file.length - at : piece},
                            &why);
    if (verdict == VERDICT_OK)
        verdict = lines_finish(lines, &why);
    lines_count(lines, ret_counts);
    lines_free(lines);
    return verdict;
}

/* Whoever is logged can bring an escape sequence into a line: it is that line's own. */
static void an_escape_alone_makes_no_other_charset(void **state)
{
    (void)state;
    static const char *const files[] = {
        "a \x1b$B b\nGET /x\n",
        "a \x1b(J b\nGET /x\n",
        "ログ\n\x1b$B0lHL\x1b(B\nログ\n",
        "\x1b$B0l\x1b(B\n\x1b$B0l\n\x1b$B0l\n",
        "a\x1b",
        "\x1b$",
    };
    for (size_t i = 0; i < COUNT_OF(files); i++)
        assert_int_equal(charset_guess(bytes_of(files[i])), CHARSET_UTF_8);
    assert_int_equal(charset_guess(bytes_of("\x1b$B0l\x1b(B\n\x1b$B0l\nab\n\x1b$B0l\x1b(J")),
                     CHARSET_ISO_2022_JP);
}

static void a_line_that_stays_in_japanese_takes_no_other_along(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 20; piece++) {
        CLEANUP(buf_free) struct buf out;
        buf_init(&out, 1000);
        read_in_pieces(CHARSET_ISO_2022_JP,
                       bytes_of("\x1b$B0lHL\x1b(B a\n\x1b$B0l\nGET /index\n\x1b$B0l\x1b(B"), piece,
                       &out);
        assert_string_equal(out.data, "一般 a\n一\nGET /index\n一");
    }
}

static void a_run_of_zeros_in_a_log_makes_it_no_picture(void **state)
{
    (void)state;
    CLEANUP(buf_free) struct buf file, out;
    struct lines_counts counts;
    buf_init(&file, 100000);
    for (int i = 0; i < 500; i++)
        buf_printf(&file, "Nov 24 15:00:00 fw-1 denied %d\n", i);
    for (int i = 0; i < 200; i++)
        buf_add(&file, "", 1);
    buf_add_text(&file, "\nNov 24 15:00:01 fw-1 ログ\n");
    buf_init(&out, 100000);
    assert_int_equal(charset_guess((struct bytes){file.data, file.length}), CHARSET_UTF_8);
    assert_int_equal(read_lines((struct bytes){file.data, file.length}, 999, &out, &counts),
                     VERDICT_OK);
    assert_int_equal(counts.lines, 502);
    for (int i = 0; i < 1000; i++)
        buf_add(&file, "", 1);
    assert_int_equal(charset_guess((struct bytes){file.data, file.length}), CHARSET_BINARY);
}

static void what_does_not_fit_is_replaced(void **state)
{
    (void)state;
    CLEANUP(buf_free) struct buf out;
    buf_init(&out, 1000);
    assert_int_equal(read_in_pieces(CHARSET_CP932,
                                    bytes_of("a\xfd\xfe"
                                             "b\x83"),
                                    1, &out),
                     3);
    assert_string_equal(out.data, "a\xef\xbf\xbd\xef\xbf\xbd"
                                  "b\xef\xbf\xbd");
}

/* 0xb1 is half-width katakana, and would be the inside of a character in UTF-8. */
static void a_cut_splits_no_character(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        size_t max, length;
    } rows[] = {
        {"abc", 3, 3},
        {"abc", 2, 2},
        {"", 0, 0},
        {"日本", 6, 6},
        {"日本", 5, 3},
        {"\x93\xfa\x96\x7b", 4, 4},
        {"\x93\xfa\x96\x7b", 3, 2},
        {"\x93\xfa\x96\x7b", 1, 0},
        {"a\x93\xfa\x96\x7b", 4, 3},
        {"\xb1\xb2\xb3\xb4", 3, 3},
        {"\xb1\x93\xfa\x96\x7b", 2, 1},
        {"日本\xff", 5, 3},
        {"\xff日本", 5, 4},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(charset_cut(bytes_of(rows[i].line), rows[i].max).length, rows[i].length);
}

static void files_become_lines(void **state)
{
    (void)state;
    static const char *const charsets[] = {"UTF-8", "CP932", "EUC-JP-MS"};
    for (size_t i = 0; i < COUNT_OF(charsets); i++) {
        CLEANUP(buf_free) struct buf file = encoded(charsets[i], text), out;
        struct lines_counts counts;
        buf_init(&out, 100000);
        assert_int_equal(read_lines((struct bytes){file.data, file.length}, 7, &out, &counts),
                         VERDICT_OK);
        assert_int_equal(counts.lines, 2);
        assert_int_equal(counts.replaced, 0);
        assert_string_equal(
            out.data, "2026/11/24 15:00:00 fs-01 ウイルスを検知しました: C:\\共有\\請求書.exe|"
                      "2026/11/24 15:00:01 fs-01 ファイルを隔離しました（髙橋のＰＣ、ｼｽﾃﾑ領域）|");
    }
}

static void odd_files_are_answered(void **state)
{
    (void)state;
    CLEANUP(buf_free) struct buf out, large;
    struct lines_counts counts;
    buf_init(&out, 20000000);
    buf_init(&large, 20000000);
    assert_int_equal(read_lines(bytes_of(""), 1, &out, &counts), VERDICT_OK);
    assert_int_equal(counts.lines, 0);
    assert_int_equal(read_lines((struct bytes){"\x89PNG\r\n\x1a\n\0\0\0\r", 12}, 5, &out, &counts),
                     VERDICT_REJECT);
    for (int i = 0; i < 10000000; i++)
        buf_add(&large, "x", 1);
    assert_int_equal(read_lines((struct bytes){large.data, large.length}, 65536, &out, &counts),
                     VERDICT_OK);
    assert_int_equal(counts.lines, 1);
    assert_int_equal(counts.cut, 1);
    assert_int_equal(read_lines(bytes_of("\xef\xbb\xbf"
                                         "a\n\nb"),
                                2, &out, &counts),
                     VERDICT_OK);
    assert_int_equal(counts.lines, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_charset_is_guessed_and_read),
        cmocka_unit_test(marks_are_left_out),
        cmocka_unit_test(what_is_no_text_is_told),
        cmocka_unit_test(an_escape_alone_makes_no_other_charset),
        cmocka_unit_test(a_line_that_stays_in_japanese_takes_no_other_along),
        cmocka_unit_test(a_run_of_zeros_in_a_log_makes_it_no_picture),
        cmocka_unit_test(what_does_not_fit_is_replaced),
        cmocka_unit_test(a_cut_splits_no_character),
        cmocka_unit_test(files_become_lines),
        cmocka_unit_test(odd_files_are_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
