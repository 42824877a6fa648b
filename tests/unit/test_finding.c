/* SPDX-License-Identifier: Apache-2.0 */
/* What `q` finds: one thing written in several ways, and what is not the same thing. */
#include "services/intake/view_words.h"

#include "common/ids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static char *folded(const char *text)
{
    struct buf out;
    buf_init(&out, 10000);
    words_fold(bytes_of(text), &out);
    return out.data ? out.data : mem_strdup("");
}

static void the_same_name_however_written_is_one_text(void **state)
{
    (void)state;
    static const char *const same[][2] = {
        {"ﾐﾎﾝ製作所", "ミホン製作所"},
        {"ﾊﾞｲｵﾃｯｸ", "バイオテック"},
        {"ミホン", "みほん"},
        {"キヤノン", "キャノン"},
        {"髙島屋", "高島屋"},
        {"﨑山", "崎山"},
        {"渡邊", "渡辺"},
        {"渡邉", "渡辺"},
        {"齋藤", "斉藤"},
        {"𠮷野", "吉野"},
        {"神社", "神社"},
        {"ＡＢＣ　商事", "abc商事"},
        {"㈱見本", "株式会社見本"},
        {"(株)見本", "株式会社 見本"},
        {"（有）見本", "有限会社見本"},
        {"㍿見本", "株式会社見本"},
        {"サーバー", "サ－バ－"},
        {"サーバー", "サ‐バ―"},
        {"見本・サンプル", "見本サンプル"},
        {"O'Brien & Co., Ltd.", "obrien&co.ltd."},
        {"①見本", "1見本"},
        {"見本㌔", "見本キロ"},
    };
    for (size_t i = 0; i < COUNT_OF(same); i++) {
        CLEANUP(mem_free) char *a = folded(same[i][0]);
        CLEANUP(mem_free) char *b = folded(same[i][1]);
        assert_string_equal(a, b);
        assert_true(*a);
    }
}

static void names_that_differ_stay_different(void **state)
{
    (void)state;
    static const char *const other[][2] = {
        {"はし", "ばし"}, {"東京", "京都"}, {"ビル", "ビール"}, {"abc", "abd"}};
    for (size_t i = 0; i < COUNT_OF(other); i++) {
        CLEANUP(mem_free) char *a = folded(other[i][0]);
        CLEANUP(mem_free) char *b = folded(other[i][1]);
        assert_string_not_equal(a, b);
    }
}

/* Bytes that are no text, and much of what grows when it is folded, end in nothing or in a bounded text. */
static void what_is_no_text_is_no_word(void **state)
{
    (void)state;
    struct words_question question;
    struct why why;
    static const char *const nothing[] = {"", " ", "、。", "\xff\xfe", "\"", "( )", "\xe3\x80\x80"};
    for (size_t i = 0; i < COUNT_OF(nothing); i++) {
        assert_int_equal(words_read(nothing[i], &question, &why), VERDICT_REJECT);
        assert_string_equal(why.text, "nothing");
    }
    assert_int_equal(words_read("a1 b2 c3 d4 e5 f6 g7 h8 i9", &question, &why), VERDICT_REJECT);
    assert_string_equal(why.text, "too_many");
    char long_text[201] = "";
    for (int i = 0; i < 66; i++)
        strcat(long_text, "\xe3\x8c\x96"); /* one character that stands for six */
    assert_int_equal(words_read(long_text, &question, &why), VERDICT_OK);
    words_clear(&question);
}

/* --- a case ------------------------------------------------------------------------------------------------------- */

static char *words_of(const char *state_text, const char *extraction_text)
{
    json_auto_t *state = json_loads(state_text, 0, NULL);
    json_auto_t *extraction = extraction_text ? json_loads(extraction_text, 0, NULL) : NULL;
    struct buf out;
    buf_init(&out, WORDS_BYTES_MAX);
    words_of_case(state, extraction, &out);
    assert_false(out.overflowed);
    return out.data;
}

#define CASE                                                                                       \
    "{\"number\":\"HVN-QVM-AE6-7\",\"customer_id\":\"SAMPLE-A\",\"hearing\":{\"contact\":{"        \
    "\"company\":\"株式会社 見本製作所\",\"department\":\"総務部\",\"person\":\"髙橋 花子\","      \
    "\"phone\":\"０３（００００）１２３４\",\"email\":\"Hanako@sample-a.example\"},\"device\":["   \
    "{\"name\":\"PC-07\",\"addresses\":[\"192.0.2.17\",\"2001:DB8:0::1\"]}]}}"
#define HASH "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define EXTRACTION                                                                                 \
    "{\"searches\":[{\"sha256\":"                                                                  \
    "\"60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752\","                        \
    "\"pivots\":[\"malware.example.com\",\"203.0.113.9\"],\"samples\":[{\"file\":{\"hash\":{"      \
    "\"sha256\":\"" HASH "\"}},\"event\":{\"original\":\"src=198.51.100.3 act=deny\"},"            \
    "\"destination\":{\"ip\":\"198.51.100.7\"},\"user\":{\"name\":\"tarou\"}}]}]}"

static bool found(const char *words, const char *q)
{
    CLEANUP(words_clear) struct words_question question;
    struct why why;
    assert_int_equal(words_read(q, &question, &why), VERDICT_OK);
    return words_hold(&question, words);
}

static void a_case_is_found_by_what_is_known_of_it(void **state)
{
    (void)state;
    static const char *const questions[] = {"HVN-QVM-AE6-7",
                                            "hvnqvmae67",
                                            "ＨＶＮ－ＱＶＭ－ＡＥ６－７",
                                            "HVN QVM AE6 7",
                                            "qvm",
                                            "見本",
                                            "本製",
                                            "製作所",
                                            "株式会社見本",
                                            "㈱見本",
                                            "見",
                                            "株",
                                            "高橋",
                                            "高橋花子",
                                            "髙橋 花子",
                                            "花子",
                                            "総務",
                                            "sample-a",
                                            "03-0000-1234",
                                            "0300001234",
                                            "03 0000 1234",
                                            "+81 3-0000-1234",
                                            "＋８１３００００１２３４",
                                            "1234",
                                            "0000ー1234",
                                            "(03)0000",
                                            "hanako",
                                            "HANAKO@SAMPLE-A.EXAMPLE",
                                            "sample-a.example",
                                            "192.0.2.17",
                                            "１９２．０．２．１７",
                                            "2001:db8::1",
                                            "PC-07",
                                            "203.0.113.9",
                                            "198.51.100.7",
                                            "malware.example.com",
                                            HASH,
                                            "9F86D081",
                                            "9f86d081884c7d659a2feaa0",
                                            "見本 1234 花子",
                                            "hvn-qvm-ae6-7 見本"};
    CLEANUP(mem_free) char *words = words_of(CASE, EXTRACTION);
    for (size_t i = 0; i < COUNT_OF(questions); i++)
        if (!found(words, questions[i]))
            fail_msg("not found: %s", questions[i]);
}

static void and_not_by_what_is_not(void **state)
{
    (void)state;
    static const char *const questions[] = {
        "HVN-QVM-AE6-B",
        "見本商事",
        "製見",
        "橋",
        "作",
        "所",
        "034",
        "0300001235",
        "9999",
        "tarou@",
        "192.0.2.1",
        "198.51.100.3",
        "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
        "9f86d082",
        "見本 9999",
        "花子 山田",
        "\x01見本"};
    CLEANUP(mem_free) char *words = words_of(CASE, EXTRACTION);
    for (size_t i = 0; i < COUNT_OF(questions); i++)
        if (found(words, questions[i]) && questions[i][0] != '\x01')
            fail_msg("found: %s", questions[i]);
}

static void letters_that_sound_like_digits_are_taken_for_them(void **state)
{
    (void)state;
    CLEANUP(mem_free) char *words = words_of("{\"number\":\"101-0AB-C1D-E\"}", NULL);
    assert_true(found(words, "IOL-OAB-CID-E"));
    assert_true(found(words, "lo10abcide"));
    assert_false(found(words, "U01-0AB-C1D-E"));
}

/* What holds is among what the index answers: of every gram that the question asks for the words have one. */
static void index_has(const char *words, const char *const *questions, size_t count)
{
    CLEANUP(buf_free) struct buf grams;
    buf_init(&grams, 1024 * 1024);
    buf_add(&grams, "\n", 1);
    words_grams(words, &grams);
    for (size_t i = 0; i < count; i++) {
        CLEANUP(words_clear) struct words_question question;
        CLEANUP(buf_free) struct buf match;
        struct why why;
        buf_init(&match, 10000);
        assert_int_equal(words_read(questions[i], &question, &why), VERDICT_OK);
        if (!words_hold(&question, words))
            fail_msg("%s does not hold", questions[i]);
        words_match(&question, &match);
        /* "((a AND b) OR (c)) AND (…)": of each bracket one alternative must be there as a whole */
        size_t terms = 0, held = 0;
        for (char *term = strstr(match.data, "("), *next; term; term = next) {
            next = strstr(term, " AND (");
            while (next && next[-1] != ')')
                next = strstr(next + 1, " AND (");
            if (next)
                *next++ = '\0';
            bool any = false;
            for (char *rest = term; rest && !any;) {
                char *or = strstr(rest, " OR ");
                if (or)
                    *or = '\0';
                bool all = true;
                for (char *gram = strchr(rest, '"'); gram && all; gram = strchr(gram, '"')) {
                    char *end = strchr(gram + 1, '"');
                    CLEANUP(mem_free)
                    char *line = mem_printf("\n%.*s\n", (int)(end - gram - 1), gram + 1);
                    all = strstr(grams.data, line) != NULL;
                    gram = end + 1;
                }
                any = all;
                rest = or ? or + 4 : NULL;
            }
            terms++;
            held += any;
        }
        assert_true(terms >= 1);
        if (held != terms)
            fail_msg("%s: %zu of %zu", questions[i], held, terms);
    }
}

static void the_index_misses_nothing_that_holds(void **state)
{
    (void)state;
    static const char *const questions[] = {
        "HVN-QVM-AE6-7",    "見",          "本製",     "製作所", "株式会社見本製作所", "0000-1234",
        "sample-a.example", "203.0.113.9", "9f86d081", HASH,     "高橋 花子"};
    CLEANUP(mem_free) char *words = words_of(CASE, EXTRACTION);
    index_has(words, questions, COUNT_OF(questions));
}

/* Which may be of a telephone number, a name or an address. */
static void digits_are_found_wherever_they_stand(void **state)
{
    (void)state;
    static const char *const questions[] = {"202", "2026", "0261", "20261", "２０２６１",
                                            "409", "4097", "7312", "0977",  "40977312",
                                            "731", "5678", "2345", "12345", "見本 4097"};
    CLEANUP(mem_free)
    char *words = words_of("{\"number\":\"HVN-QVM-AE6-7\",\"hearing\":{\"contact\":{"
                           "\"company\":\"第20261見本工業\",\"phone\":\"03-1234-5678\",\"email\":"
                           "\"user40977312@c731.example\"}}}",
                           NULL);
    index_has(words, questions, COUNT_OF(questions));
}

/* Every wrong character and every two that changed places, the check character among them. */
static void what_is_misheard_is_no_case_number(void **state)
{
    (void)state;
    static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    for (int number = 0; number < 200; number++) {
        char id[IDS_UUID_SIZE], printed[IDS_CASE_NUMBER_SIZE], plain[11];
        snprintf(id, sizeof id, "01900000-0000-7000-8000-%012d", number);
        ids_case_number(id, printed);
        snprintf(plain, sizeof plain, "%.3s%.3s%.3s%c", printed, printed + 4, printed + 8,
                 printed[12]);
        assert_true(ids_case_number_is_sound(plain));
        for (int at = 0; at < 10; at++) {
            char was = plain[at];
            for (const char *other = alphabet; *other; other++) {
                plain[at] = *other;
                assert_int_equal(ids_case_number_is_sound(plain), *other == was);
            }
            plain[at] = was;
            for (int with = at + 1; with < 10; with++) {
                char there = plain[with];
                plain[at] = there, plain[with] = was;
                assert_int_equal(ids_case_number_is_sound(plain), was == there);
                plain[at] = was, plain[with] = there;
            }
        }
    }
}

static void a_wrong_check_character_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *q;
        bool wrong;
    } rows[] = {
        {"HVN-QVM-AE6-7", false}, {"HVN-QVM-AE6-B", true},  {"HVNQVMAE6B", true},
        {"hvn-qvn-ae6-a", true},  {"HVN-QVM-AE6", false},   {"03-0000-1234", false},
        {"0312345678", false},    {"見本製作所", false},    {"anotherword", false},
        {"kasumigase", false},    {"HVN QVM AE6 7", false}, {"HVN QVM AE6 C", true},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(words_clear) struct words_question question;
        struct why why;
        assert_int_equal(words_read(rows[i].q, &question, &why), VERDICT_OK);
        if (question.check_is_wrong != rows[i].wrong)
            fail_msg("%s", rows[i].q);
    }
}

/* --- limits ------------------------------------------------------------------------------------------------------- */

/* The largest hearing and summary fill the words to less than their limit, and the grams as well. */
static void a_full_case_fits(void **state)
{
    (void)state;
    json_auto_t *devices = json_array();
    json_auto_t *pivots = json_array();
    for (int i = 0; i < 100; i++) {
        json_t *addresses = json_array();
        for (int k = 0; k < 16; k++)
            json_array_append_new(addresses, json_sprintf("2001:db8:%x:%x::1", i, k + 1));
        json_array_append_new(devices, json_pack("{s:o, s:o}", "name", json_sprintf("%0100d", i),
                                                 "addresses", addresses));
    }
    for (int i = 0; i < 1000; i++)
        json_array_append_new(pivots, json_sprintf("%0100d", i));
    char longest[200 * 3 + 1] = "";
    for (int i = 0; i < 200; i++)
        strcat(longest, "﷽"); /* one character that folds to many */
    json_auto_t *all = json_pack("{s:s, s:{s:{s:s, s:s, s:s, s:s, s:s}, s:O}}", "number",
                                 "HVN-QVM-AE6-7", "hearing", "contact", "company", longest,
                                 "department", longest, "person", longest, "responsible_person",
                                 longest, "alternative", longest, "device", devices);
    json_auto_t *extraction = json_pack("{s:[{s:O}]}", "searches", "pivots", pivots);
    CLEANUP(buf_free) struct buf words, grams;
    buf_init(&words, WORDS_BYTES_MAX);
    buf_init(&grams, 8 * WORDS_BYTES_MAX);
    words_of_case(all, extraction, &words);
    words_grams(words.data, &grams);
    assert_false(words.overflowed);
    assert_false(grams.overflowed);
    size_t keys = 0;
    for (const char *at = words.data; (at = strchr(at, '\x05')); at++)
        keys++;
    assert_int_equal(keys, WORDS_KEYS_MAX);
}

/* Whatever is in a case, its words are whole lines, and what it is asked for by most is among them. */
static void a_case_that_is_fuller_still_ends_at_a_line(void **state)
{
    (void)state;
    char longest[200 * 3 + 1] = "";
    for (int i = 0; i < 200; i++)
        strcat(longest, "ﷺ"); /* eighteen letters */
    json_auto_t *devices = json_array();
    for (int i = 0; i < 100; i++)
        json_array_append_new(
            devices, json_pack("{s:s, s:[s]}", "name", longest, "addresses", "192.0.2.17"));
    json_auto_t *all = json_pack("{s:s, s:{s:{s:s}, s:O}}", "number", "HVN-QVM-AE6-7", "hearing",
                                 "contact", "company", longest, "device", devices);
    for (size_t size = 1; size <= WORDS_BYTES_MAX; size = size < 30000 ? size + 997 : size * 2) {
        CLEANUP(buf_free) struct buf words, grams;
        buf_init(&words, size);
        buf_init(&grams, 8 * WORDS_BYTES_MAX);
        words_of_case(all, NULL, &words);
        assert_true(words.overflowed);
        assert_true(!words.length || words.data[words.length - 1] == '\n');
        words_grams(words.data ? words.data : "", &grams);
        assert_false(grams.overflowed);
        if (size > 20000)
            assert_non_null(strstr(words.data, "\x05"
                                               "192.0.2.17\n"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_name_however_written_is_one_text),
        cmocka_unit_test(names_that_differ_stay_different),
        cmocka_unit_test(what_is_no_text_is_no_word),
        cmocka_unit_test(a_case_is_found_by_what_is_known_of_it),
        cmocka_unit_test(and_not_by_what_is_not),
        cmocka_unit_test(letters_that_sound_like_digits_are_taken_for_them),
        cmocka_unit_test(the_index_misses_nothing_that_holds),
        cmocka_unit_test(digits_are_found_wherever_they_stand),
        cmocka_unit_test(what_is_misheard_is_no_case_number),
        cmocka_unit_test(a_wrong_check_character_is_told),
        cmocka_unit_test(a_full_case_fits),
        cmocka_unit_test(a_case_that_is_fuller_still_ends_at_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
