/* SPDX-License-Identifier: Apache-2.0 */
#include "services/escalation/gate.h"

#include "common/desk/case.h"
#include "common/desk/hearing.h"
#include "common/desk/profile.h"
#include "common/desk/searches.h"

#include <string.h>

struct row;
typedef bool met_fn(const struct gate_question *question);

/* The moments at which a row is asked. */
#define BEFORE (1u << GATE_BEFORE_REQUEST)
#define OFFER (1u << GATE_OFFER)
#define ACCEPTANCE (1u << GATE_ACCEPTANCE)
#define REPORT (1u << GATE_REPORT)

struct row {
    const char *code, *clause;
    const char *demand_ja, *demand_en;       /* what the row demands */
    const char *ja, *en, *cure_ja, *cure_en; /* what to say where it is not met */
    unsigned moments;
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

/* What a row asks of the consent by which a scope was given; `consent` is NULL where nobody gave it. */
typedef bool scope_fn(const struct gate_question *question, const char *scope,
                      const json_t *consent);

/* Asked for every scope that is needed: a hand-over needs provision and what its document requires, a report its own. */
static bool holds_for_scopes(const struct gate_question *question, scope_fn *holds)
{
    const json_t *required = json_object_get(document_of(question), "required");
    const char *first = question->moment == GATE_REPORT ? "report" : "provision";
    size_t count = question->moment == GATE_REPORT ? 0 : json_array_size(required);
    bool all = holds(question, first, case_consent_to(question->chain, first));
    for (size_t i = 0; i < count && all; i++) {
        const char *scope = json_string_value(json_array_get(required, i));
        all = holds(question, scope, case_consent_to(question->chain, scope));
    }
    return all;
}

static bool is_within(const struct gate_question *question, const char *scope,
                      const json_t *consent)
{
    (void)scope;
    return !consent || profile_was_valid(document_of(question), text_of(consent, "given_at"));
}

static bool is_known_document(const struct gate_question *question)
{
    return !has_consent(question) || document_of(question);
}

static bool is_accepted_document(const struct gate_question *question)
{
    const json_t *document = document_of(question);
    return !has_consent(question) ||
           (document && json_is_true(json_object_get(document, "accepted")) &&
            holds_for_scopes(question, is_within));
}

/* Consents in force together are all to one text. */
static bool is_right_text(const struct gate_question *question)
{
    const json_t *document = document_of(question);
    return !document || same(json_object_get(document, "sha256"),
                             json_object_get(case_consent_in_force(question->chain), "sha256"));
}

static bool is_given(const struct gate_question *question, const char *scope, const json_t *consent)
{
    (void)question, (void)scope;
    return consent;
}

static bool has_scopes(const struct gate_question *question)
{
    return !has_consent(question) || holds_for_scopes(question, is_given);
}

static bool is_by_channel(const struct gate_question *question, const char *scope,
                          const json_t *consent)
{
    const json_t *document = document_of(question);
    return !consent || !document ||
           profile_channel_suffices(document, scope, text_of(consent, "channel"));
}

static bool has_channels(const struct gate_question *question)
{
    return holds_for_scopes(question, is_by_channel);
}

static bool is_by_name(const struct gate_question *question, const char *scope,
                       const json_t *consent)
{
    (void)question, (void)scope;
    const char *name = text_of(consent, "given_by");
    return !consent || (name && strspn(name, " \t") < strlen(name));
}

static bool is_by_a_person(const struct gate_question *question)
{
    return holds_for_scopes(question, is_by_name);
}

json_t *gate_purposes(const json_t *facts, const json_t *chain)
{
    const struct gate_question question = {.chain = chain, .facts = facts};
    const json_t *document = document_of(&question), *all = json_object_get(facts, "purposes");
    const json_t *withheld = json_object_get(document, "withheld");
    json_t *purposes = json_array();
    for (size_t i = 0; document && i < json_array_size(all); i++) {
        bool covered = true;
        for (size_t k = 0; k < json_array_size(withheld) && covered; k++)
            covered = json_integer_value(json_array_get(withheld, k)) != (json_int_t)i;
        if (covered)
            json_array_append(purposes, json_array_get(all, i));
    }
    return purposes;
}

static bool list_has(const json_t *list, const json_t *value)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_equal(json_array_get(list, i), value))
            return true;
    return false;
}

/* A consent to a version that covers less may have come after the content was sealed. */
static bool covers_purposes(const struct gate_question *question)
{
    json_auto_t *covered = gate_purposes(question->facts, question->chain);
    for (size_t i = 0; document_of(question) && i < json_array_size(question->purposes); i++)
        if (!list_has(covered, json_array_get(question->purposes, i)))
            return false;
    return true;
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

static bool scope_follows_subject(const struct gate_question *question, const char *scope,
                                  const json_t *consent)
{
    (void)scope;
    return follows_subject(question, consent);
}

static bool consent_follows_subject(const struct gate_question *question)
{
    return holds_for_scopes(question, scope_follows_subject);
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

/* --- the tables ------------------------------------------------------------------------------------------------------------- */

#define ALWAYS (BEFORE | OFFER | ACCEPTANCE)

static const struct row rows[] = {
    {"not_requested", "1-2", "提供が依頼されていること", "The hand-over is requested",
     "提供の依頼がまだありません。", "The hand-over has not been requested yet.",
     "内容を確認してから提供を依頼してください。",
     "Check the contents, then request the hand-over.", OFFER, is_requested, NULL},
    {"not_approved", "1-2", "2名の承認を要する窓口では、別の担当者が承認していること",
     "Where the desk asks for two persons, another one has approved it",
     "別の担当者の承認がまだありません。", "Another person has not approved it yet.",
     "依頼者以外の担当者が承認してください。", "Ask someone other than the requester to approve.",
     OFFER | ACCEPTANCE, is_approved, NULL},
    {"ended", "1-2", "依頼の後に提供が取り消されていないこと",
     "Nothing has ended the hand-over since it was requested", "この提供は取り消されています。",
     "This hand-over has been ended.", "必要であれば、新しく依頼してください。",
     "Make a new request if it is still needed.", OFFER | ACCEPTANCE, is_not_ended, NULL},
    {"consent_missing", "1-2", "同意が記録され、撤回されていないこと",
     "A consent is recorded and not withdrawn", "同意書への同意が記録されていません。",
     "No consent is recorded.", "同意書を読み上げ、同意を記録してください。",
     "Read the document out and record the consent.", ALWAYS, has_consent, NULL},
    {"consent_document", "1-2", "受け付けている版の同意書に、有効期間内に同意していること",
     "The consent is to a version that is accepted, given while it was valid",
     "現在有効な同意書への同意ではありません。",
     "The consent is not to a document that is accepted now.",
     "有効な版の同意書で同意を取り直してください。",
     "Take the consent again on an accepted version.", ALWAYS, is_accepted_document, NULL},
    {"consent_text", "1-2", "登録された文面に同意していること",
     "The text agreed to is the registered one", "同意された文面が登録された文面と一致しません。",
     "The text that was agreed to is not the registered one.",
     "登録された文面で同意を取り直してください。", "Take the consent again on the registered text.",
     ALWAYS, is_right_text, NULL},
    {"consent_scope", "1-2", "提供に必要な範囲のすべてに同意していること",
     "Every scope that a hand-over needs is agreed to",
     "提供に必要な範囲の同意がそろっていません。",
     "The consent does not cover the scopes that a hand-over needs.",
     "不足している範囲について同意を確認してください。", "Ask for the missing scopes.", ALWAYS,
     has_scopes, NULL},
    {"consent_channel", "1-8", "それぞれの範囲に、同意書の定める方法で同意していること",
     "Every scope was agreed to by a channel that suffices for it",
     "同意の方法（電話、書面、ウェブ）が足りない範囲があります。",
     "A scope was agreed to by a channel (telephone, paper, web) that does not suffice for it.",
     "その範囲の同意を、同意書の定める方法で取り直してください。",
     "Take the consent to that scope again by a channel that the document allows.", ALWAYS,
     has_channels, NULL},
    {"consent_person", "1-8", "同意された方のお名前が記録されていること",
     "The consent names the person who gave it", "同意された方のお名前がありません。",
     "The consent names no person.", "同意された方のお名前を記録してください。",
     "Record who gave the consent.", ALWAYS, is_by_a_person, NULL},
    {"consent_purposes", "1-7", "同意された利用目的だけが提供先に認められていること",
     "The provider is allowed no purpose but those agreed to",
     "提供する内容に、同意されていない利用目的が書かれています。",
     "What is offered names a purpose that was not agreed to.",
     "現在の同意書で同意を取り直すか、提供を依頼し直してください。",
     "Take the consent again on the present document, or repeat the request.", OFFER | ACCEPTANCE,
     covers_purposes, NULL},
    {"intention_missing", "1-2", "サービス利用の意思が示され、撤回されていないこと",
     "The intention to use the service is expressed and not withdrawn",
     "サービス利用の意思がまだ確認されていません。",
     "The intention to use the service is not expressed yet.",
     "利用の意思を伺い、記録してください。", "Ask for the intention and record it.", ALWAYS,
     has_intention, NULL},
    {"intention_provider", "1-2", "その意思がこの提供会社に対するものであること",
     "The intention is for this provider", "利用の意思が別の提供会社に対するものです。",
     "The intention is for another provider.", "この提供会社への意思を確認してください。",
     "Ask for the intention to use this provider.", ALWAYS, intends_this_provider, NULL},
    {"recipient", "1-8", "提供先が同意書に記載された会社であること",
     "The recipient is the provider that the document names",
     "提供先が同意書に記載された会社ではありません。",
     "The recipient is not the provider that the document names.",
     "同意書に記載された提供会社を選んでください。", "Choose the provider named in the document.",
     ALWAYS, is_named_recipient, NULL},
    {"consent_before_subject", "1-6", "現在のお客さまの同意であること",
     "The consent is the present customer's", "お客さまの変更より前の同意です。",
     "The consent was recorded before the customer was changed.",
     "現在のお客さまから同意を取り直してください。",
     "Take the consent again from the present customer.", ALWAYS, consent_follows_subject, NULL},
    {"intention_before_subject", "1-6", "現在のお客さまの意思であること",
     "The intention is the present customer's", "お客さまの変更より前に示された意思です。",
     "The intention was expressed before the customer was changed.",
     "現在のお客さまの意思を確認してください。", "Ask the present customer for the intention.",
     ALWAYS, intention_follows_subject, NULL},
    {"hearing_missing", "4-12", "提供の前に伺うヒアリング項目をすべて伺っていること",
     "Every hearing item due before a hand-over was asked",
     "まだ伺っていないヒアリング項目があります。", "A hearing item has not been asked yet.",
     "伺ってください。「不明」「回答なし」も答えです。",
     "Ask it; unknown and declined are answers too.", BEFORE | OFFER, NULL, list_missing},
    {"search_pending", "4-12", "ログの検索が終わっているか、理由を記録して省略されていること",
     "The log search is answered, or waived with a reason", "ログの検索がまだ終わっていません。",
     "The log search has no answer yet.", "検索の結果を待つか、理由を記録して省略してください。",
     "Wait for it, or waive it with a reason.", BEFORE | OFFER, is_search_answered, NULL},
    {"extract_foreign", "1-6", "抽出結果がこの案件のお客さまのものであること",
     "The extract is of this case's customer", "抽出結果がこの案件のお客さまのものではありません。",
     "The extract is not of this case's customer.", "現在のお客さまで検索し直してください。",
     "Search again for the present customer.", BEFORE | OFFER, is_own_extract, NULL},
    {"changed_since_confirmed", "1-2", "確認した後に、提供する内容が変わっていないこと",
     "What would leave is what was confirmed", "確認した後に、提供する内容が変わりました。",
     "What would leave has changed since it was confirmed.",
     "内容をもう一度確認し、依頼し直してください。",
     "Check the contents again and repeat the request.", OFFER, is_unchanged, NULL},
};

/* Whether the provider's report may be opened (clause 3): while a consent to the sharing is in force. A document that is no
 * longer offered to customers still says what was agreed to. */
static const struct row report_rows[] = {
    {"report_ended", "1-2", "提供が取り消されていないこと", "Nothing has ended the hand-over",
     "この提供は取り消されています。", "This hand-over has been ended.", "報告書は開かれません。",
     "The report stays closed.", REPORT, is_not_ended, NULL},
    {"report_consent", "3", "同意が記録され、撤回されていないこと",
     "A consent is recorded and not withdrawn", "同意書への同意が記録されていません。",
     "No consent is recorded.", "報告書の共有について同意を確認してください。",
     "Ask for the consent to the sharing of reports.", REPORT, has_consent, NULL},
    {"report_document", "3", "窓口の同意書に同意していること",
     "The consent is to a document of this desk", "同意された同意書がこの窓口にありません。",
     "The document that was agreed to is not one of this desk.",
     "有効な版の同意書で同意を取り直してください。",
     "Take the consent again on an accepted version.", REPORT, is_known_document, NULL},
    {"report_text", "3", "登録された文面に同意していること",
     "The text agreed to is the registered one", "同意された文面が登録された文面と一致しません。",
     "The text that was agreed to is not the registered one.",
     "登録された文面で同意を取り直してください。", "Take the consent again on the registered text.",
     REPORT, is_right_text, NULL},
    {"report_scope", "3", "報告書の共有に同意していること", "The sharing of reports is agreed to",
     "報告書の共有への同意がありません。", "The consent does not cover the sharing of reports.",
     "報告書の共有について同意を確認してください。",
     "Ask for the consent to the sharing of reports.", REPORT, has_scopes, NULL},
    {"report_channel", "3", "報告書の共有に、同意書の定める方法で同意していること",
     "The sharing was agreed to by a channel that suffices for it",
     "報告書の共有への同意の方法（電話、書面、ウェブ）が足りません。",
     "The sharing was agreed to by a channel (telephone, paper, web) that does not suffice.",
     "同意書の定める方法で同意を取り直してください。",
     "Take the consent again by a channel that the document allows.", REPORT, has_channels, NULL},
    {"report_person", "3", "同意された方のお名前が記録されていること",
     "The consent names the person who gave it", "同意された方のお名前がありません。",
     "The consent names no person.", "同意された方のお名前を記録してください。",
     "Record who gave the consent.", REPORT, is_by_a_person, NULL},
    {"report_before_subject", "1-6", "現在のお客さまの同意であること",
     "The consent is the present customer's", "お客さまの変更より前の同意です。",
     "The consent was recorded before the customer was changed.",
     "現在のお客さまから同意を取り直してください。",
     "Take the consent again from the present customer.", REPORT, consent_follows_subject, NULL},
};

static const struct table {
    const struct row *rows;
    size_t count;
} tables[] = {{rows, COUNT_OF(rows)}, {report_rows, COUNT_OF(report_rows)}};

/* Appends what the row has to say; nothing: it is met. */
static void ask_row(const struct row *row, const struct gate_question *question, json_t *reasons)
{
    if (row->list)
        row->list(question, row, reasons);
    else if (!row->met(question))
        json_array_append_new(reasons, reason_of(row, NULL));
}

typedef void row_fn(const struct row *row, const struct gate_question *question, json_t *list);

static json_t *for_rows(const struct gate_question *question, row_fn *take)
{
    json_t *list = json_array();
    for (size_t t = 0; t < COUNT_OF(tables); t++)
        for (size_t i = 0; i < tables[t].count; i++)
            if (tables[t].rows[i].moments & (1u << question->moment))
                take(&tables[t].rows[i], question, list);
    return list;
}

json_t *gate_ask(const struct gate_question *question)
{
    return for_rows(question, ask_row);
}

static void record_row(const struct row *row, const struct gate_question *question, json_t *record)
{
    json_auto_t *reasons = json_array();
    ask_row(row, question, reasons);
    json_array_append_new(record, json_pack("{s:s, s:s, s:s, s:s, s:b}", "code", row->code,
                                            "clause", row->clause, "ja", row->demand_ja, "en",
                                            row->demand_en, "met", json_array_size(reasons) == 0));
}

json_t *gate_record(const struct gate_question *question)
{
    return for_rows(question, record_row);
}

json_t *gate_ask_report(const json_t *chain, const json_t *facts, const json_t *handover)
{
    const struct gate_question question = {
        .chain = chain, .facts = facts, .handover = handover, .moment = GATE_REPORT};
    return gate_ask(&question);
}

/* --- what the profile says -------------------------------------------------------------------------------------------------- */

/* Places in the provider's purposes of those that the document does not cover; NULL: it covers all. */
static json_t *withheld_by(const json_t *document, const json_t *purposes)
{
    json_t *withheld = json_array();
    for (size_t i = 0; i < json_array_size(purposes); i++)
        if (!list_has(json_object_get(document, "purposes"), json_array_get(purposes, i)))
            json_array_append_new(withheld, json_integer((json_int_t)i));
    if (json_array_size(withheld) > 0)
        return withheld;
    json_decref(withheld);
    return NULL;
}

json_t *gate_facts(const json_t *profile)
{
    static const char *const kept[] = {"id",         "version",     "sha256",
                                       "provider",   "required",    "accepted",
                                       "valid_from", "valid_until", "channels"};
    const json_t *all = json_object_get(profile, "consent_documents");
    json_t *provider = json_object_get(profile, "provider");
    json_t *purposes = json_object_get(provider, "purposes");
    json_t *documents = json_array(), *approvals = json_object_get(profile, "approvals");
    for (size_t i = 0; i < json_array_size(all); i++) {
        json_t *document = json_object();
        for (size_t k = 0; k < COUNT_OF(kept); k++)
            if (json_object_get(json_array_get(all, i), kept[k]))
                json_object_set(document, kept[k],
                                json_object_get(json_array_get(all, i), kept[k]));
        json_t *withheld = withheld_by(json_array_get(all, i), purposes);
        if (withheld)
            json_object_set_new(document, "withheld", withheld);
        json_array_append_new(documents, document);
    }
    return json_pack("{s:O, s:O*, s:o, s:o}", "provider", json_object_get(provider, "id"),
                     "purposes", purposes, "approvals",
                     approvals ? json_incref(approvals) : json_integer(1), "documents", documents);
}

/* --- whose key ------------------------------------------------------------------------------------------------------------- */

static bool has_key(const json_t *provider, const char *kid)
{
    const json_t *keys = json_object_get(json_object_get(provider, "jwks"), "keys");
    for (size_t i = 0; i < json_array_size(keys); i++) {
        const char *its = text_of(json_array_get(keys, i), "kid");
        if (its && strcmp(its, kid) == 0)
            return true;
    }
    return false;
}

const json_t *gate_recipient_key(const json_t *provider, const json_t *entry, struct why *why)
{
    const char *kid = text_of(entry, "accepted_kid");
    const json_t *key = profile_recipient_key(provider);
    if (!same(json_object_get(provider, "id"), json_object_get(entry, "provider")))
        (void)reject(why, "the desk's provider is no longer the one that it was offered to");
    else if (kid && !has_key(provider, kid))
        (void)reject(why, "the key that accepted is no longer one of the provider's");
    else if (!key)
        (void)reject(why, "the provider's key cannot be used");
    else
        return key;
    return NULL;
}
