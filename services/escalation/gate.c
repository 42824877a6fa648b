/* SPDX-License-Identifier: Apache-2.0 */
#include "services/escalation/gate.h"

#include "common/clock.h"
#include "common/desk/case.h"
#include "common/desk/hearing.h"
#include "common/desk/searches.h"

#include <string.h>

struct row;
typedef bool met_fn(const struct gate_question *question);

struct row {
    const char *code, *clause;
    const char *ja, *en, *cure_ja, *cure_en;
    bool without_request; /* can be asked before a request */
    bool at_acceptance;
    met_fn *met; /* NULL: `list` answers instead */
    void (*list)(const struct gate_question *question, const struct row *row, json_t *reasons);
};

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static bool same(const json_t *a, const json_t *b)
{
    return a && b && json_equal(a, b);
}

static json_int_t number_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

/* --- request --------------------------------------------------------------------------------------------------------- */

static bool is_requested(const struct gate_question *question)
{
    return question->handover;
}

static bool is_approved(const struct gate_question *question)
{
    return number_of(question->facts, "approvals") < 2 ||
           json_object_get(question->handover, "approved");
}

static bool is_not_ended(const struct gate_question *question)
{
    return !json_object_get(question->handover, "ended") &&
           !json_object_get(question->handover, "replaced");
}

/* --- consent ---------------------------------------------------------------------------------------------------------- */

static const json_t *document_of(const struct gate_question *question)
{
    const json_t *consent = case_consent_in_force(question->chain);
    const json_t *documents = json_object_get(question->facts, "documents");
    for (size_t i = 0; consent && i < json_array_size(documents); i++) {
        const json_t *document = json_array_get(documents, i);
        if (same(json_object_get(document, "id"), json_object_get(consent, "document")) &&
            same(json_object_get(document, "version"), json_object_get(consent, "version")))
            return document;
    }
    return NULL;
}

static bool has_consent(const struct gate_question *question)
{
    return case_consent_in_force(question->chain);
}

/* RFC 3339 texts of the profile bound the time at which the consent was given. */
static bool is_within(const json_t *document, const json_t *consent)
{
    int64_t given, from = INT64_MIN, until = INT64_MAX;
    const char *given_at = text_of(consent, "given_at"),
               *valid_from = text_of(document, "valid_from"),
               *valid_until = text_of(document, "valid_until");
    if (!given_at || !clock_parse(given_at, strlen(given_at), &given))
        return false;
    if (valid_from && !clock_parse(valid_from, strlen(valid_from), &from))
        return false;
    if (valid_until && !clock_parse(valid_until, strlen(valid_until), &until))
        return false;
    return given >= from && given < until;
}

static bool is_accepted_document(const struct gate_question *question)
{
    const json_t *document = document_of(question);
    return !has_consent(question) ||
           (document && json_is_true(json_object_get(document, "accepted")) &&
            is_within(document, case_consent_in_force(question->chain)));
}

static bool is_right_text(const struct gate_question *question)
{
    const json_t *document = document_of(question);
    return !document || same(json_object_get(document, "sha256"),
                             json_object_get(case_consent_in_force(question->chain), "sha256"));
}

static bool list_has(const json_t *list, const char *word)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(json_string_value(json_array_get(list, i)), word) == 0)
            return true;
    return false;
}

static bool has_scopes(const struct gate_question *question)
{
    const json_t *consent = case_consent_in_force(question->chain),
                 *document = document_of(question);
    const json_t *scopes = json_object_get(consent, "scopes"),
                 *required = json_object_get(document, "required");
    bool all = !consent || list_has(scopes, "provision");
    for (size_t i = 0; i < json_array_size(required) && all; i++)
        all = list_has(scopes, json_string_value(json_array_get(required, i)));
    return all;
}

static bool is_by_a_person(const struct gate_question *question)
{
    const json_t *consent = case_consent_in_force(question->chain);
    const char *name = text_of(consent, "given_by");
    return !consent || (name && strspn(name, " \t") < strlen(name));
}

/* --- intention and recipient -------------------------------------------------------------------------------------------- */

static bool has_intention(const struct gate_question *question)
{
    return case_intention_in_force(question->chain);
}

static const json_t *recipient_of(const struct gate_question *question)
{
    return json_object_get(question->handover ? question->handover : question->facts, "provider");
}

static bool intends_this_provider(const struct gate_question *question)
{
    const json_t *intention = case_intention_in_force(question->chain);
    return !intention || same(json_object_get(intention, "provider"), recipient_of(question));
}

static bool is_named_recipient(const struct gate_question *question)
{
    const json_t *document = document_of(question);
    return same(recipient_of(question), json_object_get(question->facts, "provider")) &&
           (!document || same(recipient_of(question), json_object_get(document, "provider")));
}

static bool follows_subject(const struct gate_question *question, const json_t *given)
{
    return !given || number_of(given, "revision") > number_of(question->chain, "subject_revision");
}

static bool consent_follows_subject(const struct gate_question *question)
{
    return follows_subject(question, case_consent_in_force(question->chain));
}

static bool intention_follows_subject(const struct gate_question *question)
{
    return follows_subject(question, case_intention_in_force(question->chain));
}

/* --- content -------------------------------------------------------------------------------------------------------------- */

static json_t *reason_of(const struct row *row, const json_t *pointer)
{
    json_t *reason =
        json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:s}}", "code", row->code, "clause", row->clause,
                  "ja", row->ja, "en", row->en, "cure", "ja", row->cure_ja, "en", row->cure_en);
    if (pointer)
        json_object_set(reason, "pointer", (json_t *)(uintptr_t)pointer);
    return reason;
}

static void list_missing(const struct gate_question *question, const struct row *row,
                         json_t *reasons)
{
    json_auto_t *missing =
        hearing_missing(json_object_get(question->chain, "hearing"), HEARING_STAGE_H);
    for (size_t i = 0; i < json_array_size(missing); i++)
        json_array_append_new(
            reasons, reason_of(row, json_object_get(json_array_get(missing, i), "pointer")));
}

const json_t *gate_search(const json_t *chain, const json_t *extraction, const json_t *handover)
{
    (void)chain;
    const json_t *search = searches_find(extraction, text_of(handover, "extraction"));
    return searches_is_answered(search) ? search : NULL;
}

/* The last event that called for a search has its answer, and so has the search the request names. */
static bool is_search_answered(const struct gate_question *question)
{
    const json_t *calls = json_object_get(question->chain, "search_calls");
    const json_t *last = json_array_get(calls, json_array_size(calls) - 1);
    const char *named = text_of(question->handover, "extraction");
    if (case_search_waived(question->chain))
        return true;
    if (named && !searches_is_answered(searches_find(question->extraction, named)))
        return false;
    return last && searches_is_answered(searches_find(question->extraction, text_of(last, "id")));
}

static bool is_own_extract(const struct gate_question *question)
{
    const json_t *search = gate_search(question->chain, question->extraction, question->handover);
    const json_t *owner = json_object_get(search, "owner"),
                 *customer = json_object_get(question->chain, "customer_id");
    if (!search || !owner || json_is_null(owner))
        return true; /* nothing but the case's own uploads */
    return same(owner, customer);
}

static json_int_t revision_of_upload(const json_t *chain, const json_t *id)
{
    const json_t *uploads = json_object_get(chain, "uploads");
    for (size_t i = 0; i < json_array_size(uploads); i++)
        if (same(json_object_get(json_array_get(uploads, i), "upload"), id))
            return number_of(json_array_get(uploads, i), "revision");
    return 0;
}

/* A head that is not known, or too old to be known, confirms nothing; nor does one from before a ticked file was there. */
static bool is_unchanged(const struct gate_question *question)
{
    const json_t *confirmed = json_object_get(question->handover, "confirmed_revision"),
                 *files = json_object_get(question->handover, "files");
    json_int_t changed = number_of(question->chain, "export_revision");
    if (!question->handover)
        return true;
    for (size_t i = 0; i < json_array_size(files); i++) {
        json_int_t attached = revision_of_upload(question->chain, json_array_get(files, i));
        changed = attached > changed ? attached : changed;
    }
    return json_is_integer(confirmed) && json_integer_value(confirmed) >= changed;
}

/* --- the table -------------------------------------------------------------------------------------------------------------- */

static const struct row rows[] = {
    {"not_requested", "1-2", "提供の依頼がまだありません。",
     "The hand-over has not been requested yet.", "内容を確認してから提供を依頼してください。",
     "Check the contents, then request the hand-over.", false, false, is_requested, NULL},
    {"not_approved", "1-2", "別の担当者の承認がまだありません。",
     "Another person has not approved it yet.", "依頼者以外の担当者が承認してください。",
     "Ask someone other than the requester to approve.", false, true, is_approved, NULL},
    {"ended", "1-2", "この提供は取り消されています。", "This hand-over has been ended.",
     "必要であれば、新しく依頼してください。", "Make a new request if it is still needed.", false,
     true, is_not_ended, NULL},
    {"consent_missing", "1-2", "同意書への同意が記録されていません。", "No consent is recorded.",
     "同意書を読み上げ、同意を記録してください。", "Read the document out and record the consent.",
     true, true, has_consent, NULL},
    {"consent_document", "1-2", "現在有効な同意書への同意ではありません。",
     "The consent is not to a document that is accepted now.",
     "有効な版の同意書で同意を取り直してください。",
     "Take the consent again on an accepted version.", true, true, is_accepted_document, NULL},
    {"consent_text", "1-2", "同意された文面が登録された文面と一致しません。",
     "The text that was agreed to is not the registered one.",
     "登録された文面で同意を取り直してください。", "Take the consent again on the registered text.",
     true, true, is_right_text, NULL},
    {"consent_scope", "1-2", "提供に必要な範囲の同意がそろっていません。",
     "The consent does not cover the scopes that a hand-over needs.",
     "不足している範囲について同意を確認してください。", "Ask for the missing scopes.", true, true,
     has_scopes, NULL},
    {"consent_person", "1-8", "同意された方のお名前がありません。", "The consent names no person.",
     "同意された方のお名前を記録してください。", "Record who gave the consent.", true, true,
     is_by_a_person, NULL},
    {"intention_missing", "1-2", "サービス利用の意思がまだ確認されていません。",
     "The intention to use the service is not expressed yet.",
     "利用の意思を伺い、記録してください。", "Ask for the intention and record it.", true, true,
     has_intention, NULL},
    {"intention_provider", "1-2", "利用の意思が別の提供会社に対するものです。",
     "The intention is for another provider.", "この提供会社への意思を確認してください。",
     "Ask for the intention to use this provider.", true, true, intends_this_provider, NULL},
    {"recipient", "1-8", "提供先が同意書に記載された会社ではありません。",
     "The recipient is not the provider that the document names.",
     "同意書に記載された提供会社を選んでください。", "Choose the provider named in the document.",
     true, true, is_named_recipient, NULL},
    {"consent_before_subject", "1-6", "お客さまの変更より前の同意です。",
     "The consent was recorded before the customer was changed.",
     "現在のお客さまから同意を取り直してください。",
     "Take the consent again from the present customer.", true, true, consent_follows_subject,
     NULL},
    {"intention_before_subject", "1-6", "お客さまの変更より前に示された意思です。",
     "The intention was expressed before the customer was changed.",
     "現在のお客さまの意思を確認してください。", "Ask the present customer for the intention.",
     true, true, intention_follows_subject, NULL},
    {"hearing_missing", "4-12", "まだ伺っていないヒアリング項目があります。",
     "A hearing item has not been asked yet.", "伺ってください。「不明」「回答なし」も答えです。",
     "Ask it; unknown and declined are answers too.", true, false, NULL, list_missing},
    {"search_pending", "4-12", "ログの検索がまだ終わっていません。",
     "The log search has no answer yet.", "検索の結果を待つか、理由を記録して省略してください。",
     "Wait for it, or waive it with a reason.", true, false, is_search_answered, NULL},
    {"extract_foreign", "1-6", "抽出結果がこの案件のお客さまのものではありません。",
     "The extract is not of this case's customer.", "現在のお客さまで検索し直してください。",
     "Search again for the present customer.", true, false, is_own_extract, NULL},
    {"changed_since_confirmed", "1-2", "確認した後に、提供する内容が変わりました。",
     "What would leave has changed since it was confirmed.",
     "内容をもう一度確認し、依頼し直してください。",
     "Check the contents again and repeat the request.", false, false, is_unchanged, NULL},
};

static bool is_asked(const struct row *row, enum gate_moment moment)
{
    switch (moment) {
    case GATE_BEFORE_REQUEST:
        return row->without_request;
    case GATE_OFFER:
        return true;
    case GATE_ACCEPTANCE:
        return row->at_acceptance;
    }
    return true;
}

json_t *gate_ask(const struct gate_question *question)
{
    json_t *reasons = json_array();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (!is_asked(&rows[i], question->moment))
            continue;
        if (rows[i].list)
            rows[i].list(question, &rows[i], reasons);
        else if (!rows[i].met(question))
            json_array_append_new(reasons, reason_of(&rows[i], NULL));
    }
    return reasons;
}

json_t *gate_facts(const json_t *profile)
{
    static const char *const kept[] = {"id",       "version",  "sha256",     "provider",
                                       "required", "accepted", "valid_from", "valid_until"};
    const json_t *all = json_object_get(profile, "consent_documents");
    json_t *documents = json_array(), *approvals = json_object_get(profile, "approvals");
    for (size_t i = 0; i < json_array_size(all); i++) {
        json_t *document = json_object();
        for (size_t k = 0; k < COUNT_OF(kept); k++)
            if (json_object_get(json_array_get(all, i), kept[k]))
                json_object_set(document, kept[k],
                                json_object_get(json_array_get(all, i), kept[k]));
        json_array_append_new(documents, document);
    }
    return json_pack("{s:O, s:o, s:o}", "provider",
                     json_object_get(json_object_get(profile, "provider"), "id"), "approvals",
                     approvals ? json_incref(approvals) : json_integer(1), "documents", documents);
}

/* --- whose key ------------------------------------------------------------------------------------------------------------- */

static const json_t *key_with(const json_t *provider, const char *member, const char *value)
{
    const json_t *keys = json_object_get(json_object_get(provider, "jwks"), "keys");
    for (size_t i = 0; i < json_array_size(keys); i++) {
        const char *its = text_of(json_array_get(keys, i), member);
        if (its && strcmp(its, value) == 0)
            return json_array_get(keys, i);
    }
    return NULL;
}

const json_t *gate_recipient_key(const json_t *provider, const json_t *entry, struct why *why)
{
    const char *kid = text_of(entry, "accepted_kid");
    const json_t *key = key_with(provider, "use", "enc");
    if (!same(json_object_get(provider, "id"), json_object_get(entry, "provider")))
        (void)reject(why, "the desk's provider is no longer the one that it was offered to");
    else if (kid && !key_with(provider, "kid", kid))
        (void)reject(why, "the key that accepted is no longer one of the provider's");
    else if (!key)
        (void)reject(why, "the provider's key cannot be used");
    else
        return key;
    return NULL;
}
