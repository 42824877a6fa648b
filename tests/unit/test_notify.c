/* SPDX-License-Identifier: Apache-2.0 */
/* The composing of a mail: lines as RFC 5322 and RFC 2047 want them, and the subject comes back whole. */
#include "services/notify/mail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define SUBJECT                                                                                    \
    "【923-NKX-1S6-P】提供会社へのご紹介について、ご確認いただきたいことがあります：情報の提供"

static void compose(const char *subject, struct buf *out)
{
    struct mail mail = {.from = "desk@desk.example",
                        .to = "hanako@shop.example",
                        .subject = subject,
                        .text = "x\n",
                        .message_id = "1",
                        .thread_id = "2",
                        .now_us = INT64_C(1795500000000000)};
    buf_init(out, 100000);
    assert_true(mail_compose(&mail, out));
}

static void no_line_is_longer_than_76(void **state)
{
    (void)state;
    for (size_t length = 0; length <= strlen(SUBJECT); length += 3) {
        CLEANUP(buf_free) struct buf out;
        CLEANUP(mem_free) char *subject = mem_printf("%.*sx", (int)length / 3 * 3, SUBJECT);
        if ((SUBJECT[length] & 0xc0) == 0x80)
            continue; /* not between two characters */
        compose(subject, &out);
        for (const char *line = out.data, *end; (end = strstr(line, "\r\n")); line = end + 2)
            assert_true(end - line <= 76);
    }
}

/* Encoded words one after the other, without the folds between them. */
static void the_subject_comes_back_whole(void **state)
{
    (void)state;
    CLEANUP(buf_free) struct buf out, subject;
    compose(SUBJECT, &out);
    buf_init(&subject, 1000);
    const char *end = strstr(out.data, "Message-ID:");
    for (const char *word = out.data; (word = strstr(word, "=?UTF-8?B?")) && word < end;) {
        size_t length;
        void *bytes = NULL;
        word += strlen("=?UTF-8?B?");
        assert_true(base64_decode(word, strcspn(word, "?"), &bytes, &length));
        buf_add(&subject, bytes, length);
        free(bytes);
    }
    assert_string_equal(subject.data, SUBJECT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_line_is_longer_than_76),
        cmocka_unit_test(the_subject_comes_back_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
