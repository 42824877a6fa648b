/* SPDX-License-Identifier: Apache-2.0 */
/* Messages as RFC 5322, 2045 and 2047 want them; every template in full; what the outside world's answers mean. */
#include "services/notify/breach.h"
#include "services/notify/clocks.h"
#include "services/notify/hourly.h"
#include "services/notify/mail.h"
#include "services/notify/places.h"
#include "services/notify/preview.h"
#include "services/notify/render.h"
#include "services/notify/rules.h"
#include "services/notify/templates.h"
#include "services/notify/webhook.h"
#include "services/notify/words.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define SUBJECT                                                                                    \
    "【923-NKX-1S6-R】提供会社へのご紹介について、ご確認いただきたいことがあります：情報の提供"
#define NOW_US INT64_C(1795500000000000) /* 2026-11-24T05:20:00Z, a Tuesday afternoon at the desk */

/* --- composing ------------------------------------------------------------------------------------------------------------ */

static struct mail sample_mail(const char *subject)
{
    return (struct mail){.from = "desk@desk.example",
                         .from_name = "サイバー駆け込み窓口（見本）",
                         .to = "hanako@shop.example",
                         .subject = subject,
                         .text = "x\n",
                         .html = "<p>x</p>",
                         .message_id = "0190b3a0-0000-7000-9000-000000000005",
                         .thread_id = "0190b3a0-0000-7000-9000-000000000001",
                         .now_us = NOW_US};
}

static void compose(const char *subject, struct buf *out)
{
    struct mail mail = sample_mail(subject);
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
    for (const char *word = strstr(out.data, "Subject:");
         (word = strstr(word, "=?UTF-8?B?")) && word < end;) {
        size_t length;
        void *bytes = NULL;
        word += strlen("=?UTF-8?B?");
        assert_true(base64_decode(word, strcspn(word, "?"), &bytes, &length));
        buf_add(&subject, bytes, length);
        free(bytes);
    }
    assert_string_equal(subject.data, SUBJECT);
}

static void no_header_breaks_out(void **state)
{
    (void)state;
    static const char *const wrong[] = {"a@b.example\r\nBcc: c@d.example", "a@b.example>",
                                        "a@b.example, c@d.example", "nobody", "a b@c.example"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        CLEANUP(buf_free) struct buf out;
        struct mail mail = sample_mail("x");
        mail.to = wrong[i];
        buf_init(&out, 10000);
        assert_false(mail_compose(&mail, &out));
    }
    CLEANUP(buf_free) struct buf out;
    struct mail mail = sample_mail("a\r\nBcc: b@c.example");
    buf_init(&out, 10000);
    assert_false(mail_compose(&mail, &out));
}

/* --- templates ------------------------------------------------------------------------------------------------------------ */

static json_t *desk(void)
{
    return json_pack("{s:{s:s,s:s},s:s,s:{s:{s:s,s:s}},s:s,s:{s:[ss],s:[ss],s:[ss]}}", "name", "ja",
                     "見本の窓口", "en", "Sample Desk", "phone", "0120-000-000", "provider", "name",
                     "ja", "例示フォレンジック", "en", "Sample Forensics", "time_zone",
                     "Asia/Tokyo", "hours", "mon", "09:00", "17:00", "tue", "09:00", "17:00", "fri",
                     "09:00", "12:00");
}

static void every_rule_has_a_template_and_every_template_a_rule(void **state)
{
    (void)state;
    for (size_t i = 0; i < notify_rule_count; i++)
        if (!template_find(notify_rules[i].template))
            fail_msg("no template %s", notify_rules[i].template);
    for (size_t i = 0; i < template_count; i++) {
        bool used = false;
        for (size_t k = 0; k < notify_rule_count; k++)
            used |= strcmp(notify_rules[k].template, templates[i].name) == 0;
        if (!used)
            fail_msg("no rule has %s", templates[i].name);
    }
}

/* Rows of one rule are told apart by the recipient; only one of them is published. */
static void no_row_stands_twice(void **state)
{
    (void)state;
    for (size_t i = 0; i < notify_rule_count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(notify_rules[i].name, notify_rules[k].name) == 0) {
                assert_int_not_equal(notify_rules[i].to, notify_rules[k].to);
                assert_false(notify_rules[i].published && notify_rules[k].published);
            }
}

/* As it was given, else the whole list is searched in vain. */
static void check_text(const char *text, bool one_line)
{
    assert_false(one_line && strchr(text, '\n'));
    for (const char *open = text; (open = strstr(open, "{{"));) {
        const char *close = strstr(open, "}}");
        assert_non_null(close);
        CLEANUP(mem_free) char *name = mem_dup(open + 2, (size_t)(close - open - 2));
        if (!words_know(name))
            fail_msg("no variable {{%s}}", name);
        open = close;
    }
}

static void templates_name_variables_that_exist(void **state)
{
    (void)state;
    for (size_t i = 0; i < template_count; i++)
        for (size_t language = 0; language < 2; language++) {
            const struct template_text *text = &templates[i].text[language];
            check_text(text->what, true);
            check_text(text->next, true);
            check_text(text->more, false);
            assert_null(strstr(text->subject, "{{"));
        }
}

static size_t count_lines_before(const char *text, const char *needle)
{
    const char *at = strstr(text, needle);
    size_t count = 0;
    assert_non_null(at);
    for (const char *c = text; c < at; c++)
        count += *c == '\n';
    return count;
}

static void every_template_is_filled_and_begins_with_the_next_step(void **state)
{
    (void)state;
    json_auto_t *profile = desk();
    static const char *const languages[] = {"ja", "en", "both"};
    for (size_t i = 0; i < template_count; i++)
        for (size_t k = 0; k < COUNT_OF(languages); k++) {
            json_auto_t *parameters = preview_parameters(templates[i].name);
            CLEANUP(rendered_clear) struct rendered mail = {0};
            json_object_set_new(parameters, "language", json_string(languages[k]));
            if (!render_mail(parameters, profile, NOW_US, &mail))
                fail_msg("%s lacks a variable", templates[i].name);
            assert_null(strstr(mail.text.data, "{{"));
            assert_null(strstr(mail.html.data, "{{"));
            assert_non_null(strstr(mail.subject, "K4M-9QT-8ZR-T"));
            const char *next = templates[i].text[strcmp(languages[k], "en") == 0].next;
            CLEANUP(mem_free) char *begin = mem_dup(next, strcspn(next, "{"));
            if (*begin)
                assert_true(count_lines_before(mail.text.data, begin) <= 2);
            assert_true((strstr(mail.text.data, "窓口") != NULL) ==
                        (strcmp(languages[k], "en") != 0));
        }
}

/* Each member that a template needs is missed when it is taken away. */
static void a_variable_with_nothing_to_say_is_noticed(void **state)
{
    (void)state;
    static const struct {
        const char *template, *member;
    } rows[] = {{"received", "number"},
                {"policy_decided", "policy"},
                {"first_response", "steps"},
                {"detections_found", "records"},
                {"proposal_to_decide", "proposals"},
                {"callback_due", "callback_at"},
                {"overdue", "reply_by"},
                {"provider_overdue", "handover"},
                {"inactive", "changed_at"},
                {"breach_dates", "breach"},
                {"preliminary_ahead", "breach"},
                {"final_last", "breach"}};
    json_auto_t *profile = desk();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        json_auto_t *parameters = preview_parameters(rows[i].template);
        struct rendered mail = {0};
        json_object_del(parameters, rows[i].member);
        if (render_mail(parameters, profile, NOW_US, &mail))
            fail_msg("%s without %s", rows[i].template, rows[i].member);
    }
}

static void hostile_names_stay_names(void **state)
{
    (void)state;
    static const char hostile[] =
        "髙﨑ｶﾌﾞｼｷ<script>alert(1)</script>\"'&\r\n- 【重要】振込先の変更\n> \xe2\x80\xae{{phone}}";
    json_auto_t *profile = desk();
    json_auto_t *parameters = preview_parameters("policy_decided");
    CLEANUP(rendered_clear) struct rendered mail = {0};
    json_object_set_new(parameters, "company", json_string(hostile));
    json_object_set_new(parameters, "policy", json_string("<img src=x>\n\n- a\r\n> b"));
    assert_true(render_mail(parameters, profile, NOW_US, &mail));
    assert_null(strstr(mail.html.data, "<script"));
    assert_null(strstr(mail.html.data, "<img"));
    assert_non_null(strstr(mail.html.data, "髙﨑ｶﾌﾞｼｷ&lt;script&gt;"));
    assert_null(strstr(mail.text.data, "\xe2\x80\xae"));
    assert_null(strstr(mail.text.data, "\r"));
    assert_null(strstr(mail.text.data, "\n- 【重要】"));
    assert_non_null(strstr(mail.text.data, "{{phone}}")); /* a value is no template */
    assert_non_null(strstr(mail.text.data, "\n> - a\n> > b\n"));
    assert_null(strstr(mail.subject, "髙"));
}

static void a_long_name_is_cut_between_characters(void **state)
{
    (void)state;
    json_auto_t *profile = desk();
    json_auto_t *parameters = preview_parameters("received");
    CLEANUP(rendered_clear) struct rendered mail = {0};
    CLEANUP(buf_free) struct buf name;
    buf_init(&name, 100000);
    for (size_t i = 0; i < 2000; i++)
        buf_add_text(&name, "髙");
    json_object_set_new(parameters, "company", json_string(name.data));
    assert_true(render_mail(parameters, profile, NOW_US, &mail));
    assert_non_null(strstr(mail.text.data, "髙…"));
    assert_true(mail.text.length < 10000);
}

/* --- answers of the outside world ---------------------------------------------------------------------------------------- */

static void what_a_relay_says_is_judged(void **state)
{
    (void)state;
    static const struct {
        struct transfer_reply reply;
        enum outcome_kind kind;
        bool address_refused, troubled;
    } rows[] = {
        {{.well = true, .stage = TRANSFER_WHOLE, .code = 250}, OUTCOME_SENT, false, false},
        {{.stage = TRANSFER_NOTHING}, OUTCOME_LATER, false, true},
        {{.stage = TRANSFER_NOTHING, .code = 421}, OUTCOME_LATER, false, true},
        {{.stage = TRANSFER_NOTHING, .code = 554}, OUTCOME_LATER, false, true}, /* greeting */
        {{.stage = TRANSFER_NOTHING, .code = 535}, OUTCOME_LATER, false, true}, /* password */
        {{.stage = TRANSFER_NOTHING, .code = 220}, OUTCOME_LATER, false, true}, /* no STARTTLS */
        {{.stage = TRANSFER_SENDER, .code = 550}, OUTCOME_REFUSED, false, false},
        {{.stage = TRANSFER_RECIPIENT, .code = 550}, OUTCOME_REFUSED, true, false},
        {{.stage = TRANSFER_RECIPIENT, .code = 450}, OUTCOME_LATER, false, false},
        {{.stage = TRANSFER_RECIPIENT, .code = 451}, OUTCOME_LATER, false, true},
        {{.stage = TRANSFER_RECIPIENT, .code = 250}, OUTCOME_LATER, false, true},
        {{.stage = TRANSFER_CONTENT, .code = 354}, OUTCOME_LATER, false, true},
        {{.stage = TRANSFER_WHOLE, .code = 354}, OUTCOME_IN_DOUBT, false, true},
        {{.stage = TRANSFER_WHOLE, .code = 451}, OUTCOME_LATER, false, true},
        {{.stage = TRANSFER_WHOLE, .code = 554}, OUTCOME_REFUSED, false, false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct outcome outcome;
        mail_judge(&rows[i].reply, &outcome);
        if (outcome.kind != rows[i].kind || outcome.address_refused != rows[i].address_refused ||
            outcome.troubled != rows[i].troubled)
            fail_msg("row %zu", i);
    }
}

static void what_a_subscriber_says_is_judged(void **state)
{
    (void)state;
    static const struct {
        int code;
        bool forbidden;
        enum outcome_kind kind;
    } rows[] = {
        {200, false, OUTCOME_SENT},    {204, false, OUTCOME_SENT},    {301, false, OUTCOME_REFUSED},
        {307, false, OUTCOME_REFUSED}, {400, false, OUTCOME_REFUSED}, {410, false, OUTCOME_REFUSED},
        {408, false, OUTCOME_LATER},   {425, false, OUTCOME_LATER},   {429, false, OUTCOME_LATER},
        {500, false, OUTCOME_LATER},   {503, false, OUTCOME_LATER},   {0, false, OUTCOME_LATER},
        {0, true, OUTCOME_REFUSED}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct outcome outcome;
        struct transfer_reply reply = {
            .well = rows[i].code > 0, .code = rows[i].code, .forbidden = rows[i].forbidden};
        webhook_judge(&reply, &outcome);
        assert_int_equal(outcome.kind, rows[i].kind);
    }
}

/* The example of the specification, and two keys side by side. */
static void deliveries_are_signed_as_the_standard_has_it(void **state)
{
    (void)state;
    json_auto_t *one = json_pack("[s]", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    json_auto_t *two = json_pack("[ss]", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
                                 "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    static const char body[] = "{\"test\": 2432232314}";
    CLEANUP(mem_free)
    char *signature = webhook_signature(one, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body);
    CLEANUP(mem_free)
    char *both = webhook_signature(two, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body);
    assert_string_equal(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    assert_int_equal(strncmp(both, "v1,", 3), 0);
    assert_string_equal(strchr(both, ' ') + 1, signature);
}

static bool is_public(const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    struct sockaddr_storage any = {0};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        memcpy(&any, &v4, sizeof v4);
    else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
        memcpy(&any, &v6, sizeof v6);
    else
        fail_msg("%s", text);
    return transfer_is_public((const struct sockaddr *)&any);
}

static void only_public_addresses_are_posted_to(void **state)
{
    (void)state;
    static const char *const others[] = {"0.0.0.0",
                                         "10.0.0.1",
                                         "100.64.0.1",
                                         "100.127.255.255",
                                         "127.0.0.1",
                                         "127.255.0.1",
                                         "169.254.169.254",
                                         "172.16.0.1",
                                         "172.31.255.255",
                                         "192.0.0.1",
                                         "192.0.2.1",
                                         "192.168.1.1",
                                         "198.18.0.1",
                                         "198.51.100.1",
                                         "203.0.113.1",
                                         "224.0.0.1",
                                         "255.255.255.255",
                                         "::",
                                         "::1",
                                         "::ffff:127.0.0.1",
                                         "::ffff:10.0.0.1",
                                         "64:ff9b::7f00:1",
                                         "fc00::1",
                                         "fd12::1",
                                         "fe80::1",
                                         "ff02::1",
                                         "2001:db8::1",
                                         "2001::1",
                                         "2002:7f00:1::",
                                         "2002:a00:1::"};
    static const char *const everybody[] = {"1.1.1.1",
                                            "8.8.8.8",
                                            "100.63.255.255",
                                            "100.128.0.1",
                                            "172.15.255.255",
                                            "172.32.0.1",
                                            "192.0.1.1",
                                            "198.20.0.1",
                                            "223.255.255.255",
                                            "2606:4700::1111",
                                            "2001:4860:4860::8888",
                                            "::ffff:8.8.8.8",
                                            "64:ff9b::808:808"};
    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (is_public(others[i]))
            fail_msg("%s is not everybody's", others[i]);
    for (size_t i = 0; i < COUNT_OF(everybody); i++)
        if (!is_public(everybody[i]))
            fail_msg("%s is everybody's", everybody[i]);
}

static void urls_are_checked(void **state)
{
    (void)state;
    assert_true(transfer_url_is_https("https://hooks.example/a?b=c"));
    assert_false(transfer_url_is_https("http://hooks.example/"));
    assert_false(transfer_url_is_https("https://"));
    assert_false(transfer_url_is_https("https://user:word@hooks.example/"));
    assert_false(transfer_url_is_https("https://hooks.example/\r\nX: y"));
    assert_true(transfer_url_is_relay("smtp://relay.example:587", true));
    assert_true(transfer_url_is_relay("smtps://relay.example:465", true));
    assert_true(transfer_url_is_relay("smtp+plain://127.0.0.1:25", false));
    assert_false(
        transfer_url_is_relay("smtp+plain://127.0.0.1:25", true)); /* a password in clear */
    assert_false(transfer_url_is_relay("http://relay.example", false));
    assert_false(transfer_url_is_relay("smtp://", false));
}

static json_t *subscriber(void)
{
    return json_pack("{s:[{s:s,s:s,s:[s],s:[s]}]}", "subscribers", "id", "siem", "url",
                     "https://hooks.example/", "secrets", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                     "events", "*");
}

static void a_wrong_list_of_subscribers_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *member, *value;
    } rows[] = {{"id", "\"Über\""},
                {"id", "\"\""},
                {"url", "\"http://hooks.example/\""},
                {"secrets", "[]"},
                {"secrets", "[\"whsec_c2hvcnQ=\"]"},
                {"secrets", "[\"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"]"},
                {"events", "[]"},
                {"events", "[\"everything\"]"},
                {"private", "\"yes\""},
                {"ca_file", "\"ca.pem\""},
                {"colour", "1"}};
    struct why why = {0};
    json_auto_t *good = subscriber();
    assert_int_equal(webhook_check(good, &why), VERDICT_OK);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        json_auto_t *wrong = subscriber();
        CLEANUP(mem_free) char *place = mem_printf("/subscribers/0/%s", rows[i].member);
        json_object_set_new(json_array_get(json_object_get(wrong, "subscribers"), 0),
                            rows[i].member, json_loads(rows[i].value, JSON_DECODE_ANY, NULL));
        assert_int_equal(webhook_check(wrong, &why), VERDICT_REJECT);
        assert_int_equal(strncmp(why.text, place, strlen(place)), 0);
    }
    json_t *list = json_object_get(good, "subscribers");
    json_array_append_new(list, json_deep_copy(json_array_get(list, 0)));
    assert_int_equal(webhook_check(good, &why), VERDICT_REJECT);
}

static void a_place_in_trouble_is_left_alone(void **state)
{
    (void)state;
    int64_t wait_ms = 0;
    assert_true(places_enter("a.example", 2, &wait_ms));
    assert_true(places_enter("a.example", 2, &wait_ms));
    assert_false(places_enter("a.example", 2, &wait_ms)); /* its share of the workers */
    assert_true(places_enter("b.example", 2, &wait_ms));
    places_leave("a.example", true);
    assert_false(places_enter("a.example", 2, &wait_ms));
    assert_in_range(wait_ms, 1, PLACES_HOLD_MS_MIN);
    places_leave("a.example", true);
    assert_false(places_enter("a.example", 2, &wait_ms));
    assert_in_range(wait_ms, PLACES_HOLD_MS_MIN, 2 * PLACES_HOLD_MS_MIN); /* doubled */
    for (int i = 0; i < 40; i++)
        places_leave("a.example", true);
    assert_false(places_enter("a.example", 2, &wait_ms));
    assert_in_range(wait_ms, PLACES_HOLD_MS_MAX - 1000, PLACES_HOLD_MS_MAX);
    places_leave("a.example", false);
    assert_true(places_enter("a.example", 2, &wait_ms));
    places_leave("a.example", false);
    places_leave("b.example", false);
}

/* As the process was before it was started again, as far as the states know. */
static void a_place_that_was_in_trouble_is_still_left_alone(void **state)
{
    (void)state;
    int64_t wait_ms = 0;
    places_recall("@C.example", 3, 5000);
    assert_false(places_enter("@c.example", 2, &wait_ms));
    assert_in_range(wait_ms, 3 * PLACES_HOLD_MS_MIN - 1000, 3 * PLACES_HOLD_MS_MIN); /* of 20 s */
    places_recall("@c.example", 1, 60000); /* older: counts no more */
    assert_false(places_enter("@c.example", 2, &wait_ms));
    places_recall("@c.example", 0, 1000); /* it was well afterwards */
    assert_true(places_enter("@c.example", 2, &wait_ms));
    places_leave("@c.example", true);
    places_recall("@c.example", 0, 500); /* what is known of now counts */
    assert_false(places_enter("@c.example", 2, &wait_ms));
    places_recall("@d.example", 2,
                  3600 * 1000); /* over long since, but the next one is the third */
    assert_true(places_enter("@d.example", 2, &wait_ms));
    places_leave("@d.example", true);
    assert_false(places_enter("@d.example", 2, &wait_ms));
    assert_in_range(wait_ms, 4 * PLACES_HOLD_MS_MIN - 1000, 4 * PLACES_HOLD_MS_MIN);
}

static void name_of(int number, char ret_text[8])
{
    snprintf(ret_text, 8, "n%d", number);
}

static void a_recipient_gets_so_many_in_an_hour(void **state)
{
    (void)state;
    int64_t wait_ms = 0;
    char name[8];
    for (int i = 0; i < 20; i++) {
        name_of(i, name);
        assert_true(hourly_take("hanako@shop.example", name, 20, &wait_ms));
    }
    assert_true(hourly_take("hanako@shop.example", "n7", 20, &wait_ms)); /* the same once more */
    assert_false(hourly_take("Hanako@Shop.example", "n20", 20, &wait_ms));
    assert_in_range(wait_ms, 3590 * 1000, 3600 * 1000);
    assert_true(hourly_take("taro@shop.example", "n20", 20, &wait_ms));
    hourly_give_back("hanako@shop.example", "n3");
    assert_true(hourly_take("hanako@shop.example", "n20", 20, &wait_ms));
    assert_false(hourly_take("hanako@shop.example", "n21", 20, &wait_ms));
}

static void what_a_recipient_got_before_counts(void **state)
{
    (void)state;
    int64_t wait_ms = 0;
    char name[8];
    for (int i = 19; i >= 0; i--) { /* in any order, and oftener than once */
        name_of(i, name);
        hourly_recall("saburo@shop.example", name, (60 - i) * 60 * 1000 - 30000);
        hourly_recall("saburo@shop.example", name, (60 - i) * 60 * 1000 - 30000);
    }
    assert_false(hourly_take("saburo@shop.example", "new", 20, &wait_ms));
    assert_in_range(wait_ms, 10 * 60 * 1000, 11 * 60 * 1000); /* half of them are free again */
    hourly_recall("saburo@shop.example", "n0", 3600 * 1000);
    assert_true(hourly_take("saburo@shop.example", "new", 20, &wait_ms));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_line_is_longer_than_76),
        cmocka_unit_test(the_subject_comes_back_whole),
        cmocka_unit_test(no_header_breaks_out),
        cmocka_unit_test(every_rule_has_a_template_and_every_template_a_rule),
        cmocka_unit_test(no_row_stands_twice),
        cmocka_unit_test(templates_name_variables_that_exist),
        cmocka_unit_test(every_template_is_filled_and_begins_with_the_next_step),
        cmocka_unit_test(a_variable_with_nothing_to_say_is_noticed),
        cmocka_unit_test(hostile_names_stay_names),
        cmocka_unit_test(a_long_name_is_cut_between_characters),
        cmocka_unit_test(what_a_relay_says_is_judged),
        cmocka_unit_test(what_a_subscriber_says_is_judged),
        cmocka_unit_test(deliveries_are_signed_as_the_standard_has_it),
        cmocka_unit_test(only_public_addresses_are_posted_to),
        cmocka_unit_test(urls_are_checked),
        cmocka_unit_test(a_wrong_list_of_subscribers_is_refused),
        cmocka_unit_test(a_place_in_trouble_is_left_alone),
        cmocka_unit_test(a_place_that_was_in_trouble_is_still_left_alone),
        cmocka_unit_test(a_recipient_gets_so_many_in_an_hour),
        cmocka_unit_test(what_a_recipient_got_before_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
