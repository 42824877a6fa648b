/* SPDX-License-Identifier: Apache-2.0 */
/* The table of playbooks: complete in both languages, within its limits, and never the cleaning before the keeping. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "common/desk/hearing.h"
#include "common/desk/playbooks.h"

static size_t characters(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += (*text & 0xc0) != 0x80;
    return count;
}

static size_t occurrences(const char *text, const char *of)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, of)); at += strlen(of))
        count++;
    return count;
}

/* Kana or kanji: the lead bytes of U+3000 to U+9FFF. */
static bool is_japanese(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 0xe3 && (unsigned char)*text <= 0xe9)
            return true;
    return false;
}

static bool is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e)
            return false;
    return true;
}

static void text_is_complete(const char *where, struct playbook_text text, size_t max)
{
    if (!text.ja || !text.en || !is_japanese(text.ja) || !is_ascii(text.en) ||
        characters(text.ja) < 2 || strlen(text.en) < 4 || characters(text.ja) > max ||
        strlen(text.en) > max)
        fail_msg("%s: %s / %s", where, text.ja ? text.ja : "(none)", text.en ? text.en : "(none)");
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), wanted = strlen(end);
    return length > wanted && strcmp(text + length - wanted, end) == 0;
}

/* One or two sentences in each language, the last one ended. */
static void text_is_short(const char *where, struct playbook_text text)
{
    text_is_complete(where, text, PLAYBOOK_TEXT_CHARACTERS_MAX);
    size_t ja = occurrences(text.ja, "。"), en = occurrences(text.en, ". ") + 1;
    if (!ends_with(text.ja, "。") || !ends_with(text.en, ".") || ja > 2 || en > 2)
        fail_msg("%s: one or two sentences: %s / %s", where, text.ja, text.en);
}

/* Said to a person on the telephone. */
static bool is_polite(const char *ja)
{
    return ends_with(ja, "ください。") || ends_with(ja, "ます。") || ends_with(ja, "です。") ||
           ends_with(ja, "ません。");
}

static void every_text_is_there_in_both_languages(void **state)
{
    (void)state;
    for (size_t i = 0; i < playbooks_count; i++) {
        const struct playbook *playbook = &playbooks_table[i];
        text_is_complete(playbook->id, playbook->title, PLAYBOOK_TITLE_CHARACTERS_MAX);
        text_is_short(playbook->id, playbook->when);
        for (const struct playbook_step *step = playbook->steps; step->id; step++) {
            char where[120];
            snprintf(where, sizeof where, "%s/%s", playbook->id, step->id);
            text_is_complete(where, step->title, PLAYBOOK_TITLE_CHARACTERS_MAX);
            text_is_short(where, step->say);
            text_is_short(where, step->why);
            if (!is_polite(step->say.ja) || !is_polite(step->why.ja))
                fail_msg("%s: not as one speaks to a customer: %s", where, step->say.ja);
        }
        for (const struct playbook_text *text = playbook->do_not; text->ja; text++) {
            text_is_short(playbook->id, *text);
            assert_true(is_polite(text->ja));
        }
        for (size_t k = 0; playbook->contacts[k]; k++) {
            const struct playbook_contact *contact = playbook->contacts[k];
            text_is_complete(contact->id, contact->name, PLAYBOOK_TITLE_CHARACTERS_MAX);
            text_is_short(contact->id, contact->use);
            assert_true(contact->phone || contact->mail || contact->web);
        }
    }
}

static void every_list_ends_within_its_limit(void **state)
{
    (void)state;
    for (size_t i = 0; i < playbooks_count; i++) {
        const struct playbook *playbook = &playbooks_table[i];
        assert_null(playbook->steps[PLAYBOOK_STEPS_MAX - 1].id);
        assert_null(playbook->do_not[PLAYBOOK_WARNINGS_MAX - 1].ja);
        assert_null(playbook->contacts[PLAYBOOK_CONTACTS_MAX]);
        assert_non_null(playbook->steps[0].id);
        assert_non_null(playbook->do_not[0].ja);
        assert_non_null(playbook->contacts[0]);
        assert_true(*playbook->version);
    }
}

/* Names that every part can write into an event: nothing that case_apply would refuse in one. */
static bool is_name(const char *id)
{
    size_t length = strlen(id);
    return length > 0 && length <= 40 && strspn(id, "abcdefghijklmnopqrstuvwxyz_") == length;
}

static void ids_are_unique_and_mean_one_kind_of_step(void **state)
{
    (void)state;
    for (size_t i = 0; i < playbooks_count; i++) {
        const struct playbook *playbook = &playbooks_table[i];
        assert_true(is_name(playbook->id));
        assert_ptr_equal(playbooks_find(playbook->id), playbook);
        for (const struct playbook_step *step = playbook->steps; step->id; step++) {
            assert_true(is_name(step->id));
            assert_ptr_equal(playbooks_find_step(playbook, step->id), step);
            assert_string_equal(playbooks_find_step_of_any(step->id)->id, step->id);
            for (size_t k = 0; k < playbooks_count; k++) {
                const struct playbook_step *same =
                    playbooks_find_step(&playbooks_table[k], step->id);
                if (same && same->kind != step->kind)
                    fail_msg("%s is of one kind in %s and of another in %s", step->id, playbook->id,
                             playbooks_table[k].id);
            }
        }
        for (size_t k = 0; playbook->contacts[k]; k++)
            for (size_t n = 0; n < k; n++)
                assert_ptr_not_equal(playbook->contacts[n], playbook->contacts[k]);
    }
    assert_null(playbooks_find("none"));
    assert_null(playbooks_find_step_of_any("none"));
}

/* Whoever goes through a playbook from top to bottom is never refused: all that must be preserved stands before the first
 * step that destroys traces, and there is at least one of either. */
static void what_destroys_stands_behind_all_that_preserves(void **state)
{
    (void)state;
    for (size_t i = 0; i < playbooks_count; i++) {
        size_t kinds[4] = {0}, mandatory = 0;
        for (const struct playbook_step *step = playbooks_table[i].steps; step->id; step++) {
            kinds[step->kind]++;
            mandatory += step->kind == PLAYBOOK_PRESERVE && step->mandatory;
            if (kinds[PLAYBOOK_CLEAN] && step->kind == PLAYBOOK_PRESERVE)
                fail_msg("%s/%s: preserved after something was cleaned", playbooks_table[i].id,
                         step->id);
            assert_false(step->kind == PLAYBOOK_CLEAN && step->mandatory);
        }
        for (size_t kind = 0; kind < COUNT_OF(kinds); kind++)
            if (!kinds[kind])
                fail_msg("%s has no step of the kind %s", playbooks_table[i].id,
                         playbooks_kind_name((enum playbook_kind)kind));
        assert_true(mandatory > 0);
    }
}

static const char *incident_types(void)
{
    for (size_t i = 0; i < hearing_field_count; i++)
        if (strcmp(hearing_fields[i].pointer, "/incident/type") == 0)
            return hearing_fields[i].choices;
    return NULL;
}

static void every_kind_of_incident_has_one(void **state)
{
    (void)state;
    size_t count = 0;
    for (const char *at = incident_types(); *at; at += strcspn(at, "|"), at += *at == '|') {
        CLEANUP(mem_free) char *type = mem_printf("%.*s", (int)strcspn(at, "|"), at);
        const struct playbook *playbook = playbooks_find(type);
        assert_non_null(playbook);
        assert_ptr_equal(playbooks_for_incident(type), playbook);
        count++;
    }
    assert_int_equal(count, playbooks_count);
    const struct playbook *other = playbooks_find("other");
    static const char *const unknown[] = {NULL, "unknown", "declined", "x"};
    for (size_t i = 0; i < COUNT_OF(unknown); i++)
        assert_ptr_equal(playbooks_for_incident(unknown[i]), other);
}

/* The same as the table has it, once for the chain and once for consoles. */
static void json_says_what_the_table_says(void **state)
{
    (void)state;
    json_auto_t *all = playbooks_json(NULL);
    const json_t *list = json_object_get(all, "playbooks");
    assert_int_equal(json_array_size(list), playbooks_count);
    for (size_t i = 0; i < playbooks_count; i++) {
        const struct playbook *playbook = &playbooks_table[i];
        json_auto_t *alone = playbooks_json(playbook->id);
        json_auto_t *mandatory = playbooks_mandatory_steps(playbook);
        const json_t *shown = json_array_get(list, i), *steps = json_object_get(shown, "steps");
        size_t marked = 0;
        assert_true(json_equal(json_array_get(json_object_get(alone, "playbooks"), 0), shown));
        for (size_t k = 0; k < json_array_size(steps); k++) {
            const json_t *step = json_array_get(steps, k);
            assert_string_equal(json_string_value(json_object_get(step, "step")),
                                playbook->steps[k].id);
            assert_string_equal(json_string_value(json_object_get(step, "kind_of_step")),
                                playbooks_kind_name(playbook->steps[k].kind));
            if (!json_is_true(json_object_get(step, "mandatory")))
                continue;
            const json_t *asked = json_array_get(mandatory, marked++);
            assert_true(json_equal(json_object_get(asked, "step"), json_object_get(step, "step")));
            assert_true(json_equal(json_object_get(asked, "kind_of_step"),
                                   json_object_get(step, "kind_of_step")));
            assert_string_equal(json_string_value(json_object_get(asked, "playbook")),
                                playbook->id);
        }
        assert_null(playbook->steps[json_array_size(steps)].id);
        assert_int_equal(json_array_size(mandatory), marked);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_text_is_there_in_both_languages),
        cmocka_unit_test(every_list_ends_within_its_limit),
        cmocka_unit_test(ids_are_unique_and_mean_one_kind_of_step),
        cmocka_unit_test(what_destroys_stands_behind_all_that_preserves),
        cmocka_unit_test(every_kind_of_incident_has_one),
        cmocka_unit_test(json_says_what_the_table_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
