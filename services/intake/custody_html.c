/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The custody document as a page that is printed and signed off: its frame, on whose word, how to verify it, who did. No script, nothing from
 * elsewhere, one style.
 */
#include "services/intake/custody_page.h"

#include "common/ids.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static const char style[] =
    "@page{size:A4;margin:14mm 13mm}"
    "*{box-sizing:border-box}"
    "body{font:10pt/1.5 'Noto Sans CJK JP','Hiragino Sans','Yu Gothic','Noto Sans "
    "JP',sans-serif;color:#111;background:#fff;"
    "max-width:190mm;margin:8mm auto;padding:0 4mm}"
    "header{border-bottom:2pt solid #111;margin-bottom:5mm;padding-bottom:2mm}"
    "h1{font-size:19pt;margin:0;letter-spacing:.05em}"
    "h1 small{font-size:11pt;font-weight:400;letter-spacing:0;color:#444;margin-left:3mm}"
    "h2{font-size:12pt;margin:6mm 0 1.5mm;padding-left:2.5mm;border-left:1.6mm solid "
    "#1f3a5f;break-after:avoid}"
    "h2 small,th small,td small,dt small,p small,li "
    "small{font-weight:400;font-size:8.2pt;color:#444}"
    "h2 small{font-size:9pt;margin-left:2mm}"
    "table{border-collapse:collapse;width:100%;table-layout:fixed;margin:1mm 0}"
    "th,td{border:.4pt solid #777;padding:.9mm "
    "1.6mm;text-align:left;vertical-align:top;overflow-wrap:anywhere}"
    "th{background:#eef1f5;font-weight:600}"
    "thead{display:table-header-group}tr{break-inside:avoid}"
    "th small,small.b{display:block;line-height:1.35}.t{white-space:nowrap}small.t{font-size:7.4pt}"
    "table.facts th{width:42mm}"
    "code{font:8.2pt/1.4 'DejaVu Sans Mono','Noto Sans Mono CJK "
    "JP',monospace;overflow-wrap:anywhere}"
    ".no{color:#a00000;font-weight:700}.yes{color:#0b5d1e;font-weight:700}"
    ".none{color:#666}.mark{background:#fff0b3;border:.4pt solid #b58900;padding:0 .5mm}"
    ".warn{border:1pt solid #a00000;padding:1.5mm 2.5mm;margin:2mm 0}"
    "pre{font:8.2pt/1.45 'DejaVu Sans Mono','Noto Sans Mono CJK JP',monospace;border:.4pt solid "
    "#777;padding:1.5mm 2mm;"
    "white-space:pre-wrap;overflow-wrap:anywhere;margin:1mm 0}"
    "ol{margin:1mm 0;padding-left:6mm}.w16{width:16mm}.w20{width:20mm}.w24{width:24mm}"
    ".w28{width:28mm}.w34{width:34mm}.w42{width:42mm}.w80{width:80mm}"
    ".line td{height:16mm}p,pre,li{break-inside:avoid}"
    "footer{margin-top:6mm;border-top:.4pt solid #777;padding-top:1mm;font-size:8pt;color:#444}"
    "@media print{body{margin:0;padding:0;max-width:none}}";

static pthread_once_t policy_once = PTHREAD_ONCE_INIT;
static char policy[200];

static void make_policy(void)
{
    uint8_t hash[IDS_SHA256_SIZE];
    ids_sha256(style, sizeof style - 1, hash);
    CLEANUP(mem_free) char *text = base64_encode(hash, sizeof hash);
    snprintf(policy, sizeof policy,
             "default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'; "
             "frame-ancestors 'none'",
             text);
}

const char *custody_page_policy(void)
{
    pthread_once(&policy_once, make_policy);
    return policy;
}

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* --- head ------------------------------------------------------------------------------------------------------------------------ */

static const json_t *provider_name(const json_t *document, const json_t *profile)
{
    const json_t *provider = json_object_get(profile, "provider");
    return json_equal(json_object_get(provider, "id"), json_object_get(document, "provider"))
               ? json_object_get(provider, "name")
               : NULL;
}

static void put_summary(struct buf *out, const json_t *document, const json_t *profile)
{
    const json_t *name = provider_name(document, profile);
    page_open_section(out, "summary");
    buf_add_text(out, "<table class=\"facts\"><tbody>\n");
    page_fact(out, "desk", json_object_get(profile, "name"), page_both);
    page_fact(out, "number", json_object_get(document, "number"), page_code);
    page_fact(out, "case", json_object_get(document, "case"), page_code);
    page_fact(out, "handover", json_object_get(document, "handover"), page_code);
    if (json_object_get(document, "supplement_of"))
        page_fact(out, "supplement_of", json_object_get(document, "supplement_of"), page_code);
    page_open_fact(out, "provider");
    if (name)
        page_both(out, name);
    page_code(out, json_object_get(document, "provider"));
    page_close_fact(out);
    page_fact(out, "state", json_object_get(document, "state"), page_named);
    page_fact(out, "made_at", json_object_get(document, "made_at"), page_time);
    page_close_table(out);
    page_close_section(out);
}

/* --- on whose word ------------------------------------------------------------------------------------------------------------------- */

static void put_scope(struct buf *out, const json_t *scope)
{
    const char *text = json_string_value(scope);
    if (text && strcmp(text, "desk") == 0)
        page_words(out, "desk_scope");
    else
        page_named(out, scope);
}

static void put_scopes(struct buf *out, const json_t *scopes)
{
    page_list(out, scopes, put_scope, "、");
}

static void put_recorded(struct buf *out, const json_t *given)
{
    page_time(out, json_object_get(given, "recorded_at"));
    page_actor(out, json_object_get(given, "recorded_by"));
    buf_add_text(out, "<small class=\"b\">No. ");
    page_value(out, json_object_get(given, "revision"));
    buf_add_text(out, " <code>");
    page_value(out, json_object_get(given, "event"));
    buf_add_text(out, "</code></small>");
}

static void put_given(struct buf *out, const char *code, const json_t *given)
{
    static const struct {
        const char *label, *member;
        page_put_fn *put;
        bool optional;
    } facts[] = {
        {"document", "document", page_value, true},  {"version", "version", page_value, true},
        {"text_hash", "sha256", page_code, true},    {"provider", "provider", page_code, true},
        {"given_by", "given_by", page_value, false}, {"capacity", "capacity", page_value, true},
        {"channel", "channel", page_named, false},   {"given_at", "given_at", page_time, false},
        {"scopes", "scopes", put_scopes, true}};
    buf_add_text(out, "<table class=\"facts\"><tbody>\n");
    page_open_fact(out, code);
    if (json_is_object(given))
        put_recorded(out, given);
    else
        page_none(out, "none");
    page_close_fact(out);
    for (size_t i = 0; json_is_object(given) && i < COUNT_OF(facts); i++)
        if (!facts[i].optional || json_object_get(given, facts[i].member))
            page_fact(out, facts[i].label, json_object_get(given, facts[i].member), facts[i].put);
    page_close_table(out);
}

static void put_basis(struct buf *out, const json_t *document)
{
    const json_t *basis = json_object_get(document, "in_force");
    page_open_section(out, "basis");
    buf_add_text(out, "<table class=\"facts\"><tbody>\n");
    page_open_fact(out, "in_force");
    page_named(out, json_object_get(basis, "at"));
    buf_add_text(out, " No. ");
    page_value(out, json_object_get(basis, "revision"));
    buf_add_text(out, "<br>");
    page_code(out, json_object_get(basis, "head"));
    page_close_fact(out);
    page_close_table(out);
    const json_t *consents = json_object_get(document, "consents");
    if (!json_array_size(consents))
        put_given(out, "consent", NULL);
    for (size_t i = 0; i < json_array_size(consents); i++)
        put_given(out, "consent", json_array_get(consents, i));
    put_given(out, "intention", json_object_get(document, "intention"));
    page_close_section(out);
}

static void put_stamp(struct buf *out, const json_t *stamp)
{
    if (!json_is_object(stamp)) {
        page_none(out, "none");
        return;
    }
    page_time(out, json_object_get(stamp, "at"));
    page_actor(out, json_object_get(stamp, "by"));
    buf_add_text(out, "<small class=\"b\">No. ");
    page_value(out, json_object_get(stamp, "revision"));
    buf_add_text(out, " <code>");
    page_value(out, json_object_get(stamp, "event"));
    buf_add_text(out, "</code></small>");
}

static void put_approval(struct buf *out, const json_t *document)
{
    const json_t *approval = json_object_get(document, "approval");
    json_int_t needed = json_integer_value(json_object_get(document, "approvals_needed"));
    page_open_fact(out, "approval");
    if (!json_is_object(approval) && needed == 1)
        page_none(out, "not_needed");
    else
        put_stamp(out, approval);
    page_close_fact(out);
}

static void put_search(struct buf *out, const json_t *search)
{
    if (json_is_null(search))
        page_none(out, "newest");
    else
        page_code(out, search);
}

static void put_who(struct buf *out, const json_t *document)
{
    const json_t *request = json_object_get(document, "request");
    page_open_section(out, "who");
    buf_add_text(out, "<table class=\"facts\"><tbody>\n");
    page_fact(out, "request", request, put_stamp);
    put_approval(out, document);
    page_open_fact(out, "confirmed");
    buf_add_text(out, "No. ");
    page_value(out, json_object_get(request, "confirmed_revision"));
    buf_add_text(out, "<br>");
    page_code(out, json_object_get(request, "confirmed_head"));
    page_close_fact(out);
    page_fact(out, "extraction", json_object_get(request, "extraction"), put_search);
    page_fact(out, "files", json_object_get(request, "files"), page_codes);
    page_close_table(out);
    page_close_section(out);
}

/* --- how to verify, and who did --------------------------------------------------------------------------------------------------------------- */

static void put_verify(struct buf *out, const json_t *document)
{
    page_open_section(out, "verify");
    buf_add_text(out,
                 "<p>この書面は同じ内容の JSON から作られています。JSON "
                 "を取り寄せ、記録そのものと照合してください。"
                 "検証プログラムは窓口のサービスと一行も共有していません。"
                 "<br><small lang=\"en\">This page shows the JSON document of the same address. "
                 "Fetch it and hold it against the records themselves: "
                 "the verifier shares no code with the desk's services.</small></p>\n<pre>curl -H "
                 "\"Authorization: Bearer $KAKEKOMI_TOKEN\" \\\n"
                 "  \"$KAKEKOMI_URL/v1/cases/");
    page_text(out, text_of(document, "case"));
    buf_add_text(out, "/custody?handover=");
    page_text(out, text_of(document, "handover"));
    buf_add_text(
        out, "\" &gt; custody.json\n"
             "deploy/verify-custody custody.json --var var --text consent.txt   # 記録と照合 "
             "against the topics\n"
             "deploy/verify-custody custody.json --var var --save copies        # 写しを取る take "
             "copies\n"
             "deploy/verify-custody custody.json --copies copies --text consent.txt  # 写しと照合 "
             "offline</pre>\n"
             "<ol><li>連鎖の先頭は SHA-256(前の先頭 ‖ L(種別) ‖ L(ID) ‖ L(日時) ‖ L(案件 ID) ‖ "
             "L(値))。L(x) は長さ "
             "4 バイト(上位から)と x。<small lang=\"en\">Heads are recomputed from the records: "
             "SHA-256(previous ‖ L(type) ‖ L(id) ‖ L(time) ‖ L(key) "
             "‖ L(value)).</small></li>"
             "<li>提供会社の署名は申し出の先頭を含み、それより前の記録を一つも変えられなくします。<"
             "small lang=\"en\">The provider signed the head "
             "of the offer: no record before it can be changed unnoticed.</small></li>"
             "<li>送った記録は 90 日で消えます。その後も連鎖と署名は残ります。<small "
             "lang=\"en\">Records sent are kept for 90 days; chain and "
             "signatures for ever.</small></li></ol>\n");
    page_close_section(out);
}

static void put_sign(struct buf *out)
{
    static const struct page_column columns[] = {
        {"date", "w28"}, {"name", NULL}, {"role_", NULL}, {"signature", NULL}};
    page_open_section(out, "sign");
    page_open_table(out, columns, COUNT_OF(columns));
    for (int i = 0; i < 2; i++)
        buf_add_text(out, "<tr class=\"line\"><td></td><td></td><td></td><td></td></tr>\n");
    page_close_table(out);
    page_close_section(out);
}

/* The one thing a reader must not overlook. */
static void put_alarm(struct buf *out, const json_t *document)
{
    const json_t *ends = json_object_get(document, "ends");
    bool ended = false;
    for (size_t i = 0; i < json_array_size(ends); i++)
        ended |= json_is_true(json_object_get(json_array_get(ends, i), "ends_this"));
    if (ended)
        buf_add_text(
            out, "<p class=\"warn\">この提供は終わっています。「撤回・取り消し」をご覧ください。"
                 "<br><small lang=\"en\">This hand-over has been ended: see “Withdrawals and "
                 "recalls”.</small></p>\n");
}

void custody_page(const json_t *document, const json_t *profile, struct buf *out)
{
    const struct page_words *title = page_find_words("title");
    buf_printf(out,
               "<!DOCTYPE html>\n<html lang=\"ja\"><head><meta charset=\"utf-8\">"
               "<meta name=\"viewport\" content=\"width=device-width\"><title>%s ",
               title->ja);
    page_text(out, text_of(document, "number"));
    buf_printf(out,
               "</title><style>%s</style></head><body>\n<header><h1>%s<small "
               "lang=\"en\">%s</small></h1></header>\n<main>\n",
               style, title->ja, title->en);
    put_alarm(out, document);
    put_summary(out, document, profile);
    put_basis(out, document);
    put_who(out, document);
    page_add_gate(out, document);
    page_add_content(out, document);
    page_add_timeline(out, document);
    page_add_said(out, document);
    page_add_reports(out, document);
    page_add_ends(out, document);
    page_add_chain(out, document);
    put_verify(out, document);
    put_sign(out);
    buf_add_text(out, "</main>\n<footer>");
    page_text(out, text_of(document, "format"));
    buf_add_text(out, " · ");
    page_text(out, text_of(document, "number"));
    buf_add_text(out, " · ");
    page_text(out, text_of(document, "handover"));
    buf_add_text(out, "</footer></body></html>\n");
}
