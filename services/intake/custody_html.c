/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The custody document as a page that is printed and signed off. Every value goes through put_text: what would be markup is
 * escaped, what would not be seen is shown as a picture or by its number. No script, nothing from elsewhere, one style.
 */
#include "services/intake/custody.h"

#include "common/clock.h"
#include "common/ids.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define TOKYO_US (INT64_C(9) * 3600 * 1000000)

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
    "ol{margin:1mm 0;padding-left:6mm}"
    ".w16{width:16mm}.w18{width:18mm}.w20{width:20mm}.w24{width:24mm}.w28{width:28mm}.w34{width:"
    "34mm}.w40{width:40mm}.w60{width:60mm}"
    "table.sign td{height:16mm}"
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

/* --- words in both languages -------------------------------------------------------------------------------------------------- */

static const struct words {
    const char *code, *ja, *en;
} words[] = {
    /* headings */
    {"title", "提供証跡書", "Custody document"},
    {"summary", "概要", "Summary"},
    {"basis", "同意と利用の意思", "Consent and intention"},
    {"who", "依頼と承認", "Request and approval"},
    {"gate", "提供条件の確認", "The gate"},
    {"content", "提供した内容", "What was handed over"},
    {"timeline", "経過", "What happened, in order"},
    {"said", "提供会社の署名付きの言葉", "The provider's signed words"},
    {"reports", "報告書", "Reports"},
    {"ends", "撤回・取り消し", "Withdrawals and recalls"},
    {"chain", "記録の連鎖", "The chain"},
    {"verify", "検証の方法", "How to verify this"},
    {"sign", "確認欄", "Sign-off"},
    /* labels */
    {"number", "案件番号", "Case number"},
    {"case", "案件 ID", "Case id"},
    {"handover", "提供 ID", "Hand-over id"},
    {"supplement_of", "追加提供の元", "Supplements"},
    {"provider", "提供先", "Provider"},
    {"state", "状態", "State"},
    {"made_at", "作成日時", "Made at"},
    {"desk", "窓口", "Desk"},
    {"document", "同意書", "Document"},
    {"version", "版", "Version"},
    {"text_hash", "文面のハッシュ値", "SHA-256 of the text"},
    {"given_by", "お名前", "Given by"},
    {"capacity", "お立場", "Capacity"},
    {"channel", "方法", "Channel"},
    {"given_at", "示された日時", "Given at"},
    {"scopes", "範囲", "Scopes"},
    {"recorded", "記録", "Recorded"},
    {"in_force", "効力の時点", "In force at"},
    {"purposes", "利用目的", "Purposes allowed"},
    {"consent", "同意", "Consent"},
    {"intention", "利用の意思", "Intention"},
    {"request", "依頼", "Requested"},
    {"approval", "承認", "Approved"},
    {"confirmed", "確認した記録の先頭", "Head that was confirmed"},
    {"extraction", "ログ検索", "Search"},
    {"files", "選ばれたファイル", "Files ticked"},
    {"clause", "条項", "Clause"},
    {"row", "条件", "What is required"},
    {"at_offer", "申し出の時", "At the offer"},
    {"at_acceptance", "引き受けの時", "At the acceptance"},
    {"offer_head", "確認の時点の先頭", "Head at the offer"},
    {"tlp", "取り扱い", "TLP"},
    {"warnings", "留意事項", "Warnings"},
    {"manifest", "内容目録のハッシュ値", "SHA-256 of the manifest"},
    {"parts", "封をした部分の数", "Sealed parts"},
    {"item", "項目", "Item"},
    {"length", "長さ (バイト)", "Bytes"},
    {"sha256", "ハッシュ値", "SHA-256"},
    {"time", "日時", "Time"},
    {"what", "できごと", "What"},
    {"by", "担当", "By"},
    {"rests_on", "基づく記録", "Rests on"},
    {"record", "送った記録", "Record sent"},
    {"reply", "返事のハッシュ値", "SHA-256 of the reply"},
    {"kid", "鍵", "Key"},
    {"head", "先頭", "Head"},
    {"jws", "署名付きの原文 (JWS)", "As signed (JWS)"},
    {"effect", "効果", "Effect"},
    {"reason", "理由", "Reason"},
    {"revision", "番号", "No."},
    {"place", "位置", "Place"},
    {"events", "記録の数", "Records"},
    {"not_taken_count", "採られなかった記録", "Records not taken"},
    {"findings", "所見", "Findings"},
    {"recommendations", "勧告", "Recommendations"},
    {"indicators", "指標", "Indicators"},
    {"name", "氏名", "Name"},
    {"role_", "所属・役職", "Function"},
    {"date", "日付", "Date"},
    {"signature", "署名・押印", "Signature"},
    /* nothing there */
    {"not_recorded", "記録なし", "not recorded"},
    {"none", "なし", "none"},
    {"newest", "指定なし (最新のもの)", "none named: the newest"},
    {"not_needed", "一人で足りる設定", "one person suffices here"},
    {"not_asked", "対象外", "not asked"},
    {"met", "満たす", "met"},
    {"unmet", "満たさず", "not met"},
    {"offer", "申し出の時", "at the offer"},
    {"present", "現在 (申し出なし)", "now (nothing was offered)"},
    {"ends_this", "この提供を終わらせた", "ended this hand-over"},
    {"stopped", "提供前に停止", "stopped before any key"},
    {"recalled_effect", "回収", "recalled"},
    /* states and steps */
    {"held", "保留", "held"},
    {"preparing", "準備", "preparing"},
    {"offered", "申し出", "offered"},
    {"supplemented", "追加の申し出", "supplemented"},
    {"overdue", "返事の期限切れ", "reply overdue"},
    {"accepted", "引き受け", "accepted"},
    {"accepted_and_refused", "引き受けを採らず", "acceptance not granted"},
    {"released", "鍵を渡した", "key released"},
    {"reported", "報告書を受領", "reported"},
    {"declined", "辞退", "declined"},
    {"cancelled", "取り消し (提供前)", "cancelled before the offer"},
    {"recalled", "回収を通知", "recalled"},
    {"deleted", "削除の確認", "deletion confirmed"},
    /* events */
    {"case.opened", "案件を受付", "case opened"},
    {"case.reopened", "案件を再開", "case reopened"},
    {"consent.recorded", "同意を記録", "consent recorded"},
    {"consent.withdrawn", "同意の撤回", "consent withdrawn"},
    {"intention.expressed", "利用の意思を記録", "intention expressed"},
    {"intention.withdrawn", "利用の意思の撤回", "intention withdrawn"},
    {"handover.requested", "提供を依頼", "hand-over requested"},
    {"handover.approved", "提供を承認", "hand-over approved"},
    {"handover.cancelled", "提供の取り消し", "hand-over cancelled"},
    {"customer.identified", "お客さまの変更", "customer changed"},
    {"case.closed", "案件の終了", "case closed"},
    {"provider.accepted", "提供会社: 引き受け", "provider: accepted"},
    {"provider.declined", "提供会社: 辞退", "provider: declined"},
    {"provider.delivered", "提供会社: 報告書を送付", "provider: report delivered"},
    {"provider.reported", "提供会社: 報告", "provider: reported"},
    {"provider.deleted", "提供会社: 削除", "provider: deleted"},
    /* scopes, channels, roles */
    {"desk_scope", "窓口での利用", "use by the desk"},
    {"provision", "提供会社への提供", "provision"},
    {"report", "報告書の共有", "report sharing"},
    {"authorities", "関係機関への提供", "authorities"},
    {"phone_read", "電話で読み上げ", "read out by telephone"},
    {"paper", "書面", "paper"},
    {"web", "ウェブ", "web"},
    {"operator", "オペレータ", "operator"},
    {"supervisor", "スーパーバイザー", "supervisor"},
    {"auditor", "監査", "auditor"},
    {"provider_role", "提供会社", "provider"},
};

static const struct words *find_words(const char *code)
{
    for (size_t i = 0; code && i < COUNT_OF(words); i++)
        if (strcmp(words[i].code, code) == 0)
            return &words[i];
    return NULL;
}

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* --- values ---------------------------------------------------------------------------------------------------------------------- */

static uint32_t code_point(const char *text, size_t length)
{
    static const uint8_t masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t point = (uint8_t)*text & masks[length];
    for (size_t i = 1; i < length; i++)
        point = point << 6 | ((uint8_t)text[i] & 0x3f);
    return point;
}

/* What a reader would not see, or what would change how the rest is read: controls, marks of direction, spaces without width. */
static bool is_hidden(uint32_t point)
{
    static const uint32_t ranges[][2] = {
        {0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},        {0x61c, 0x61c},
        {0x115f, 0x1160}, {0x180b, 0x180f}, {0x200b, 0x200f},    {0x2028, 0x202e},
        {0x2060, 0x206f}, {0x3164, 0x3164}, {0xfe00, 0xfe0f},    {0xfeff, 0xfeff},
        {0xffa0, 0xffa0}, {0xfff9, 0xfffb}, {0x1d173, 0x1d17a},  {0xe0000, 0xe0fff},
        {0xe000, 0xf8ff}, {0xfdd0, 0xfdef}, {0xf0000, 0x10ffff},
    };
    for (size_t i = 0; i < COUNT_OF(ranges); i++)
        if (point >= ranges[i][0] && point <= ranges[i][1])
            return true;
    return false;
}

static void put_hidden(struct buf *out, uint32_t point)
{
    if (point < 0x20 || point == 0x7f) /* U+2400 and on are pictures of them */
        buf_printf(out, "<span class=\"mark\">&#%u;</span>",
                   point == 0x7f ? 0x2421 : 0x2400 + point);
    else
        buf_printf(out, "<span class=\"mark\">U+%04X</span>", point);
}

static void put_character(struct buf *out, const char *text, size_t length)
{
    uint32_t point = code_point(text, length);
    static const struct {
        char character;
        const char *entity;
    } escapes[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
    for (size_t i = 0; i < COUNT_OF(escapes); i++)
        if (point == (uint8_t)escapes[i].character) {
            buf_add_text(out, escapes[i].entity);
            return;
        }
    if (is_hidden(point))
        put_hidden(out, point);
    else
        buf_add(out, text, length);
}

static void put_text(struct buf *out, const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        size_t length = utf8_length(text, left);
        if (length)
            put_character(out, text, length);
        else
            buf_add_text(out, "<span class=\"mark\">U+FFFD</span>");
        text += length ? length : 1;
        left -= length ? length : 1;
    }
}

/* Both languages; a code that is not in the table stands for itself. */
static void put_words(struct buf *out, const char *code)
{
    const struct words *found = find_words(code);
    if (found)
        buf_printf(out, "%s <small lang=\"en\">%s</small>", found->ja, found->en);
    else
        put_text(out, code ? code : "");
}

static void put_none(struct buf *out, const char *code)
{
    buf_add_text(out, "<span class=\"none\">");
    put_words(out, code);
    buf_add_text(out, "</span>");
}

/* Any value: a text as it is, anything else as JSON; nothing: not recorded. */
static void put_value(struct buf *out, const json_t *value)
{
    if (json_is_string(value)) {
        put_text(out, json_string_value(value));
    } else if (!value || json_is_null(value)) {
        put_none(out, "not_recorded");
    } else {
        CLEANUP(mem_free) char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        put_text(out, text ? text : "");
    }
}

static void put_code(struct buf *out, const json_t *value)
{
    if (!value || json_is_null(value)) {
        put_none(out, "not_recorded");
        return;
    }
    buf_add_text(out, "<code>");
    put_value(out, value);
    buf_add_text(out, "</code>");
}

static void put_named(struct buf *out, const json_t *value)
{
    if (json_is_string(value))
        put_words(out, json_string_value(value));
    else
        put_value(out, value);
}

/* As the desk's clock has it, and as recorded. */
static void put_time(struct buf *out, const json_t *value)
{
    char local[CLOCK_TEXT_SIZE];
    int64_t time_us;
    const char *text = json_string_value(value);
    if (!text || !clock_parse(text, strlen(text), &time_us)) {
        put_value(out, value);
        return;
    }
    clock_format_us(time_us + TOKYO_US, local);
    buf_printf(out, "<span class=\"t\">%.10s %.8s JST</span><small class=\"b t\">", local,
               local + 11);
    put_text(out, text);
    buf_add_text(out, "</small>");
}

static void put_actor(struct buf *out, const json_t *actor)
{
    const char *role = text_of(actor, "role");
    put_value(out, json_object_get(actor, "id"));
    if (!role)
        return;
    buf_add_text(out, " (");
    put_words(out, strcmp(role, "provider") == 0 ? "provider_role" : role);
    buf_add_text(out, ")");
}

static void put_place(struct buf *out, const json_t *line)
{
    const json_t *partition = json_object_get(line, "partition"),
                 *offset = json_object_get(line, "offset");
    if (json_is_integer(partition) && json_is_integer(offset))
        buf_printf(out, "%lld:%lld", (long long)json_integer_value(partition),
                   (long long)json_integer_value(offset));
    else
        put_none(out, "not_recorded");
}

/* --- tables ---------------------------------------------------------------------------------------------------------------------- */

static void open_section(struct buf *out, const char *code)
{
    const struct words *heading = find_words(code);
    buf_printf(out, "<section><h2>%s<small lang=\"en\">%s</small></h2>\n", heading->ja,
               heading->en);
}

static void close_section(struct buf *out)
{
    buf_add_text(out, "</section>\n");
}

static void open_fact(struct buf *out, const char *code)
{
    const struct words *label = find_words(code);
    buf_printf(out, "<tr><th scope=\"row\">%s<small lang=\"en\">%s</small></th><td>", label->ja,
               label->en);
}

static void close_fact(struct buf *out)
{
    buf_add_text(out, "</td></tr>\n");
}

typedef void put_fn(struct buf *out, const json_t *value);

static void put_fact(struct buf *out, const char *code, const json_t *value, put_fn *put)
{
    open_fact(out, code);
    put(out, value);
    close_fact(out);
}

struct column {
    const char *code, *width; /* a class of the style; NULL: what is left */
};

static void open_table(struct buf *out, const struct column *columns, size_t count)
{
    buf_add_text(out, "<table><thead><tr>");
    for (size_t i = 0; i < count; i++) {
        const struct words *label = find_words(columns[i].code);
        buf_printf(out, "<th scope=\"col\"%s%s%s>%s<small lang=\"en\">%s</small></th>",
                   columns[i].width ? " class=\"" : "", columns[i].width ? columns[i].width : "",
                   columns[i].width ? "\"" : "", label->ja, label->en);
    }
    buf_add_text(out, "</tr></thead><tbody>\n");
}

static void close_table(struct buf *out)
{
    buf_add_text(out, "</tbody></table>\n");
}

static void put_list(struct buf *out, const json_t *list, put_fn *put, const char *between)
{
    if (!json_is_array(list)) {
        put_none(out, "not_recorded");
        return;
    }
    if (json_array_size(list) == 0)
        put_none(out, "none");
    for (size_t i = 0; i < json_array_size(list); i++) {
        buf_add_text(out, i ? between : "");
        put(out, json_array_get(list, i));
    }
}

/* --- head ------------------------------------------------------------------------------------------------------------------------ */

static const json_t *provider_name(const json_t *document, const json_t *profile)
{
    const json_t *provider = json_object_get(profile, "provider");
    return json_equal(json_object_get(provider, "id"), json_object_get(document, "provider"))
               ? json_object_get(provider, "name")
               : NULL;
}

static void put_both(struct buf *out, const json_t *name)
{
    put_value(out, json_object_get(name, "ja"));
    buf_add_text(out, "<small class=\"b\" lang=\"en\">");
    put_value(out, json_object_get(name, "en"));
    buf_add_text(out, "</small>");
}

static void put_summary(struct buf *out, const json_t *document, const json_t *profile)
{
    const json_t *name = provider_name(document, profile);
    open_section(out, "summary");
    buf_add_text(out, "<table class=\"facts\"><tbody>\n");
    put_fact(out, "desk", json_object_get(profile, "name"), put_both);
    put_fact(out, "number", json_object_get(document, "number"), put_code);
    put_fact(out, "case", json_object_get(document, "case"), put_code);
    put_fact(out, "handover", json_object_get(document, "handover"), put_code);
    if (json_object_get(document, "supplement_of"))
        put_fact(out, "supplement_of", json_object_get(document, "supplement_of"), put_code);
    open_fact(out, "provider");
    if (name)
        put_both(out, name);
    put_code(out, json_object_get(document, "provider"));
    close_fact(out);
    put_fact(out, "state", json_object_get(document, "state"), put_named);
    put_fact(out, "made_at", json_object_get(document, "made_at"), put_time);
    close_table(out);
    close_section(out);
}

/* --- on whose word ------------------------------------------------------------------------------------------------------------------- */

static void put_scope(struct buf *out, const json_t *scope)
{
    const char *text = json_string_value(scope);
    if (text && strcmp(text, "desk") == 0)
        put_words(out, "desk_scope");
    else
        put_named(out, scope);
}

static void put_scopes(struct buf *out, const json_t *scopes)
{
    put_list(out, scopes, put_scope, "、");
}

static void put_codes(struct buf *out, const json_t *list)
{
    put_list(out, list, put_code, "<br>");
}

static void put_recorded(struct buf *out, const json_t *given)
{
    put_time(out, json_object_get(given, "recorded_at"));
    put_actor(out, json_object_get(given, "recorded_by"));
    buf_add_text(out, "<small class=\"b\">No. ");
    put_value(out, json_object_get(given, "revision"));
    buf_add_text(out, " <code>");
    put_value(out, json_object_get(given, "event"));
    buf_add_text(out, "</code></small>");
}

static void put_given(struct buf *out, const char *code, const json_t *given)
{
    static const struct {
        const char *label, *member;
        put_fn *put;
        bool optional;
    } facts[] = {
        {"document", "document", put_value, true},  {"version", "version", put_value, true},
        {"text_hash", "sha256", put_code, true},    {"provider", "provider", put_code, true},
        {"given_by", "given_by", put_value, false}, {"capacity", "capacity", put_value, true},
        {"channel", "channel", put_named, false},   {"given_at", "given_at", put_time, false},
        {"scopes", "scopes", put_scopes, true}};
    buf_add_text(out, "<table class=\"facts\"><tbody>\n");
    open_fact(out, code);
    if (json_is_object(given))
        put_recorded(out, given);
    else
        put_none(out, "none");
    close_fact(out);
    for (size_t i = 0; json_is_object(given) && i < COUNT_OF(facts); i++)
        if (!facts[i].optional || json_object_get(given, facts[i].member))
            put_fact(out, facts[i].label, json_object_get(given, facts[i].member), facts[i].put);
    close_table(out);
}

static void put_basis(struct buf *out, const json_t *document)
{
    const json_t *basis = json_object_get(document, "in_force");
    open_section(out, "basis");
    buf_add_text(out, "<table class=\"facts\"><tbody>\n");
    open_fact(out, "in_force");
    put_named(out, json_object_get(basis, "at"));
    buf_add_text(out, " No. ");
    put_value(out, json_object_get(basis, "revision"));
    buf_add_text(out, "<br>");
    put_code(out, json_object_get(basis, "head"));
    close_fact(out);
    close_table(out);
    const json_t *consents = json_object_get(document, "consents");
    if (!json_array_size(consents))
        put_given(out, "consent", NULL);
    for (size_t i = 0; i < json_array_size(consents); i++)
        put_given(out, "consent", json_array_get(consents, i));
    put_given(out, "intention", json_object_get(document, "intention"));
    close_section(out);
}

static void put_stamp(struct buf *out, const json_t *stamp)
{
    if (!json_is_object(stamp)) {
        put_none(out, "none");
        return;
    }
    put_time(out, json_object_get(stamp, "at"));
    put_actor(out, json_object_get(stamp, "by"));
    buf_add_text(out, "<small class=\"b\">No. ");
    put_value(out, json_object_get(stamp, "revision"));
    buf_add_text(out, " <code>");
    put_value(out, json_object_get(stamp, "event"));
    buf_add_text(out, "</code></small>");
}

static void put_approval(struct buf *out, const json_t *document)
{
    const json_t *approval = json_object_get(document, "approval");
    json_int_t needed = json_integer_value(json_object_get(document, "approvals_needed"));
    open_fact(out, "approval");
    if (!json_is_object(approval) && needed == 1)
        put_none(out, "not_needed");
    else
        put_stamp(out, approval);
    close_fact(out);
}

static void put_search(struct buf *out, const json_t *search)
{
    if (json_is_null(search))
        put_none(out, "newest");
    else
        put_code(out, search);
}

static void put_who(struct buf *out, const json_t *document)
{
    const json_t *request = json_object_get(document, "request");
    open_section(out, "who");
    buf_add_text(out, "<table class=\"facts\"><tbody>\n");
    put_fact(out, "request", request, put_stamp);
    put_approval(out, document);
    open_fact(out, "confirmed");
    buf_add_text(out, "No. ");
    put_value(out, json_object_get(request, "confirmed_revision"));
    buf_add_text(out, "<br>");
    put_code(out, json_object_get(request, "confirmed_head"));
    close_fact(out);
    put_fact(out, "extraction", json_object_get(request, "extraction"), put_search);
    put_fact(out, "files", json_object_get(request, "files"), put_codes);
    close_table(out);
    close_section(out);
}

/* --- the gate ---------------------------------------------------------------------------------------------------------------------- */

/* "1-2" as the document has it: 1-②. */
static void put_clause(struct buf *out, const json_t *clause)
{
    int paragraph, item;
    char rest;
    const char *text = json_string_value(clause);
    if (text && sscanf(text, "%d-%d%c", &paragraph, &item, &rest) == 2 && item >= 1 && item <= 20)
        buf_printf(out, "%d-&#%d;", paragraph, 0x2460 + item - 1);
    else
        put_value(out, clause);
}

static const json_t *row_with(const json_t *rows, const json_t *row)
{
    for (size_t i = 0; i < json_array_size(rows); i++)
        if (json_equal(json_object_get(json_array_get(rows, i), "code"),
                       json_object_get(row, "code")))
            return json_array_get(rows, i);
    return NULL;
}

static void put_verdict(struct buf *out, const json_t *row)
{
    const json_t *met = json_object_get(row, "met");
    if (!row)
        put_none(out, "not_asked");
    else if (!json_is_boolean(met))
        put_value(out, met);
    else {
        buf_printf(out, "<span class=\"%s\">%s ", json_is_true(met) ? "yes" : "no",
                   json_is_true(met) ? "✓" : "✗");
        put_words(out, json_is_true(met) ? "met" : "unmet");
        buf_add_text(out, "</span>");
    }
}

static void put_row(struct buf *out, const json_t *row, const json_t *offer,
                    const json_t *acceptance)
{
    buf_add_text(out, "<tr><td>");
    put_clause(out, json_object_get(row, "clause"));
    buf_add_text(out, "</td><td>");
    if (text_of(row, "ja"))
        put_both(out, row);
    buf_add_text(out, " ");
    put_code(out, json_object_get(row, "code"));
    buf_add_text(out, "</td><td>");
    put_verdict(out, row_with(offer, row));
    buf_add_text(out, "</td><td>");
    put_verdict(out, row_with(acceptance, row));
    buf_add_text(out, "</td></tr>\n");
}

static void put_moment(struct buf *out, const char *code, const json_t *moment)
{
    open_fact(out, code);
    if (json_is_object(moment)) {
        put_time(out, json_object_get(moment, "at"));
        buf_add_text(out, "No. ");
        put_value(out, json_object_get(moment, "revision"));
        buf_add_text(out, "<br>");
        put_code(out, json_object_get(moment, "head"));
    } else {
        put_none(out, "not_recorded");
    }
    close_fact(out);
}

static void put_gate(struct buf *out, const json_t *document)
{
    static const struct column columns[] = {
        {"clause", "w16"}, {"row", NULL}, {"at_offer", "w28"}, {"at_acceptance", "w28"}};
    const json_t *gate = json_object_get(document, "gate"),
                 *offer = json_object_get(json_object_get(gate, "offer"), "rows"),
                 *acceptance = json_object_get(json_object_get(gate, "acceptance"), "rows");
    open_section(out, "gate");
    buf_add_text(out, "<table class=\"facts\"><tbody>\n");
    put_moment(out, "at_offer", json_object_get(gate, "offer"));
    put_moment(out, "at_acceptance", json_object_get(gate, "acceptance"));
    close_table(out);
    if (json_array_size(offer) || json_array_size(acceptance)) {
        open_table(out, columns, COUNT_OF(columns));
        for (size_t i = 0; i < json_array_size(offer); i++)
            put_row(out, json_array_get(offer, i), offer, acceptance);
        for (size_t i = 0; i < json_array_size(acceptance); i++)
            if (!row_with(offer, json_array_get(acceptance, i)))
                put_row(out, json_array_get(acceptance, i), offer, acceptance);
        close_table(out);
    }
    close_section(out);
}

/* --- content ------------------------------------------------------------------------------------------------------------------------ */

static void put_warning(struct buf *out, const json_t *warning)
{
    if (text_of(warning, "ja"))
        put_both(out, warning);
    else
        put_value(out, warning);
}

static void put_warnings(struct buf *out, const json_t *warnings)
{
    put_list(out, warnings, put_warning, "");
}

static void put_items(struct buf *out, const json_t *items)
{
    static const struct column columns[] = {{"item", NULL}, {"length", "w24"}, {"sha256", "w80"}};
    if (!json_array_size(items))
        return;
    open_table(out, columns, COUNT_OF(columns));
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i), *name = json_object_get(item, "name");
        buf_add_text(out, "<tr><td>");
        put_value(out, name ? name : json_object_get(item, "upload"));
        buf_add_text(out, "</td><td>");
        put_value(out, json_object_get(item, "length"));
        buf_add_text(out, "</td><td>");
        put_code(out, json_object_get(item, "sha256"));
        buf_add_text(out, "</td></tr>\n");
    }
    close_table(out);
}

static void put_content(struct buf *out, const json_t *document)
{
    const json_t *offer = json_object_get(document, "offer"),
                 *manifest = json_object_get(document, "manifest");
    open_section(out, "content");
    buf_add_text(out, "<table class=\"facts\"><tbody>\n");
    put_fact(out, "offer_head", json_object_get(offer, "head"), put_code);
    put_fact(out, "tlp", json_object_get(offer, "tlp"), put_value);
    put_fact(out, "purposes", json_object_get(offer, "purposes"), put_codes);
    put_fact(out, "warnings", json_object_get(offer, "warnings"), put_warnings);
    put_fact(out, "manifest", json_object_get(manifest, "sha256"), put_code);
    put_fact(out, "parts", json_object_get(manifest, "parts"), put_value);
    close_table(out);
    put_items(out, json_object_get(manifest, "items"));
    close_section(out);
}

/* --- what happened --------------------------------------------------------------------------------------------------------------------- */

static void put_rest(struct buf *out, const json_t *place)
{
    if (!json_is_object(place)) {
        put_none(out, "not_recorded");
        return;
    }
    buf_add_text(out, "No. ");
    put_value(out, json_object_get(place, "revision"));
    buf_add_text(out, " (");
    put_place(out, place);
    buf_add_text(out, ")<br>");
    put_code(out, json_object_get(place, "head"));
}

static void put_sent(struct buf *out, const json_t *step)
{
    const json_t *record = json_object_get(step, "record");
    if (json_is_object(record)) {
        put_place(out, record);
        buf_add_text(out, "<br>");
        put_code(out, json_object_get(record, "sha256"));
    } else if (json_object_get(step, "reply")) {
        put_words(out, "reply");
        buf_add_text(out, "<br>");
        put_code(out, json_object_get(step, "reply"));
    } else {
        buf_add_text(out, "—");
    }
}

static void put_timeline(struct buf *out, const json_t *document)
{
    static const struct column columns[] = {
        {"time", "w42"}, {"what", "w28"}, {"rests_on", NULL}, {"record", NULL}};
    const json_t *steps = json_object_get(document, "steps");
    open_section(out, "timeline");
    if (!json_array_size(steps))
        put_none(out, "not_recorded");
    else
        open_table(out, columns, COUNT_OF(columns));
    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *step = json_array_get(steps, i);
        buf_add_text(out, "<tr><td>");
        put_time(out, json_object_get(step, "at"));
        buf_add_text(out, "</td><td>");
        put_named(out, json_object_get(step, "step"));
        buf_add_text(out, "</td><td>");
        put_rest(out, json_object_get(step, "rests_on"));
        buf_add_text(out, "</td><td>");
        put_sent(out, step);
        buf_add_text(out, "</td></tr>\n");
    }
    if (json_array_size(steps))
        close_table(out);
    close_section(out);
}

/* --- the provider's words ------------------------------------------------------------------------------------------------------------------ */

static void put_word(struct buf *out, const json_t *word)
{
    buf_add_text(out, "<table class=\"facts\"><tbody>\n");
    open_fact(out, "what");
    put_named(out, json_object_get(word, "type"));
    buf_add_text(out, "<small class=\"b\">No. ");
    put_value(out, json_object_get(word, "revision"));
    buf_add_text(out, "</small>");
    close_fact(out);
    put_fact(out, "time", json_object_get(word, "at"), put_time);
    put_fact(out, "handover", json_object_get(word, "handover"), put_code);
    put_fact(out, "head", json_object_get(word, "head"), put_code);
    put_fact(out, "kid", json_object_get(word, "kid"), put_code);
    put_fact(out, "reply", json_object_get(word, "reply"), put_code);
    if (json_object_get(word, "reason"))
        put_fact(out, "reason", json_object_get(word, "reason"), put_value);
    put_fact(out, "jws", json_object_get(word, "jws"), put_code);
    close_table(out);
}

static void put_said(struct buf *out, const json_t *document)
{
    const json_t *list = json_object_get(document, "words");
    open_section(out, "said");
    if (!json_array_size(list))
        put_none(out, "none");
    for (size_t i = 0; i < json_array_size(list); i++)
        put_word(out, json_array_get(list, i));
    close_section(out);
}

static void put_report(struct buf *out, const json_t *entry)
{
    static const char *const counts[] = {"findings", "recommendations", "indicators"};
    const json_t *report = json_object_get(entry, "report");
    buf_add_text(out, "<table class=\"facts\"><tbody>\n");
    put_fact(out, "recorded", json_object_get(entry, "recorded_at"), put_time);
    put_fact(out, "reply", json_object_get(entry, "reply"), put_code);
    for (size_t i = 0; i < COUNT_OF(counts); i++)
        if (json_object_get(report, counts[i]))
            put_fact(out, counts[i], json_object_get(report, counts[i]), put_value);
    close_table(out);
    put_items(out, json_object_get(report, "items"));
}

static void put_reports(struct buf *out, const json_t *document)
{
    const json_t *list = json_object_get(document, "reports");
    open_section(out, "reports");
    if (!json_array_size(list))
        put_none(out, "none");
    for (size_t i = 0; i < json_array_size(list); i++)
        put_report(out, json_array_get(list, i));
    close_section(out);
}

/* --- ends --------------------------------------------------------------------------------------------------------------------------------- */

static void put_effect(struct buf *out, const json_t *end)
{
    const char *effect = text_of(end, "effect");
    if (json_is_true(json_object_get(end, "ends_this")))
        put_words(out, "ends_this");
    if (effect) {
        buf_add_text(out, "<br>");
        put_words(out, strcmp(effect, "recalled") == 0 ? "recalled_effect" : effect);
    }
}

static void put_ends(struct buf *out, const json_t *document)
{
    static const struct column columns[] = {
        {"time", "w42"}, {"what", "w34"}, {"by", NULL}, {"reason", NULL}, {"effect", "w34"}};
    const json_t *list = json_object_get(document, "ends");
    open_section(out, "ends");
    if (!json_array_size(list))
        put_none(out, "none");
    else
        open_table(out, columns, COUNT_OF(columns));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *end = json_array_get(list, i), *given = json_object_get(end, "given_by");
        buf_add_text(out, "<tr><td>");
        put_time(out, json_object_get(end, "at"));
        buf_add_text(out, "</td><td>");
        put_named(out, json_object_get(end, "type"));
        buf_add_text(out, "<small class=\"b\">No. ");
        put_value(out, json_object_get(end, "revision"));
        buf_add_text(out, "</small></td><td>");
        if (given)
            put_value(out, given);
        buf_add_text(out, given ? "<br>" : "");
        put_actor(out, json_object_get(end, "by"));
        buf_add_text(out, "</td><td>");
        put_value(out, json_object_get(end, "reason"));
        buf_add_text(out, "</td><td>");
        put_effect(out, end);
        buf_add_text(out, "</td></tr>\n");
    }
    if (json_array_size(list))
        close_table(out);
    close_section(out);
}

/* --- the chain ------------------------------------------------------------------------------------------------------------------------------ */

/* What a hand-over rests on; everything else is in the JSON document. */
static bool is_shown(const json_t *event)
{
    static const char *const begins[] = {"consent.",  "intention.",          "handover.",
                                         "provider.", "customer.identified", "case."};
    const char *type = text_of(event, "type");
    for (size_t i = 0; type && i < COUNT_OF(begins); i++)
        if (strncmp(type, begins[i], strlen(begins[i])) == 0)
            return true;
    return false;
}

static void put_chain(struct buf *out, const json_t *document)
{
    static const struct column columns[] = {
        {"revision", "w16"}, {"time", "w42"}, {"what", "w34"}, {"place", "w20"}, {"head", NULL}};
    const json_t *chain = json_object_get(document, "chain"),
                 *events = json_object_get(chain, "events");
    open_section(out, "chain");
    buf_add_text(out, "<table class=\"facts\"><tbody>\n");
    put_fact(out, "events", json_object_get(chain, "revision"), put_value);
    put_fact(out, "head", json_object_get(chain, "head"), put_code);
    open_fact(out, "not_taken_count");
    buf_printf(out, "%zu", json_array_size(json_object_get(chain, "not_taken")));
    close_fact(out);
    close_table(out);
    open_table(out, columns, COUNT_OF(columns));
    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_t *event = json_array_get(events, i);
        if (!is_shown(event))
            continue;
        buf_add_text(out, "<tr><td>");
        put_value(out, json_object_get(event, "revision"));
        buf_add_text(out, "</td><td>");
        put_time(out, json_object_get(event, "time"));
        buf_add_text(out, "</td><td>");
        put_named(out, json_object_get(event, "type"));
        buf_add_text(out, "</td><td>");
        put_place(out, event);
        buf_add_text(out, "</td><td>");
        put_code(out, json_object_get(event, "head"));
        buf_add_text(out, "</td></tr>\n");
    }
    close_table(out);
    close_section(out);
}

/* --- how to verify, and who did --------------------------------------------------------------------------------------------------------------- */

static void put_verify(struct buf *out, const json_t *document)
{
    open_section(out, "verify");
    buf_add_text(out,
                 "<p>この書面は同じ内容の JSON から作られています。JSON "
                 "を取り寄せ、記録そのものと照合してください。"
                 "検証プログラムは窓口のサービスと一行も共有していません。"
                 "<br><small lang=\"en\">This page shows the JSON document of the same address. "
                 "Fetch it and hold it against the records themselves: "
                 "the verifier shares no code with the desk's services.</small></p>\n<pre>curl -H "
                 "\"Authorization: Bearer $KAKEKOMI_TOKEN\" \\\n"
                 "  \"$KAKEKOMI_URL/v1/cases/");
    put_text(out, text_of(document, "case"));
    buf_add_text(out, "/custody?handover=");
    put_text(out, text_of(document, "handover"));
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
    close_section(out);
}

static void put_sign(struct buf *out)
{
    static const struct column columns[] = {
        {"date", "w28"}, {"name", NULL}, {"role_", NULL}, {"signature", NULL}};
    open_section(out, "sign");
    buf_add_text(out, "<div class=\"signing\">");
    open_table(out, columns, COUNT_OF(columns));
    for (int i = 0; i < 2; i++)
        buf_add_text(out, "<tr class=\"line\"><td></td><td></td><td></td><td></td></tr>\n");
    close_table(out);
    buf_add_text(out, "</div>");
    close_section(out);
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
    const struct words *title = find_words("title");
    buf_printf(out,
               "<!DOCTYPE html>\n<html lang=\"ja\"><head><meta charset=\"utf-8\">"
               "<meta name=\"viewport\" content=\"width=device-width\"><title>%s ",
               title->ja);
    put_text(out, text_of(document, "number"));
    buf_printf(out,
               "</title><style>%s</style></head><body>\n<header><h1>%s<small "
               "lang=\"en\">%s</small></h1></header>\n<main>\n",
               style, title->ja, title->en);
    put_alarm(out, document);
    put_summary(out, document, profile);
    put_basis(out, document);
    put_who(out, document);
    put_gate(out, document);
    put_content(out, document);
    put_timeline(out, document);
    put_said(out, document);
    put_reports(out, document);
    put_ends(out, document);
    put_chain(out, document);
    put_verify(out, document);
    put_sign(out);
    buf_add_text(out, "</main>\n<footer>");
    put_text(out, text_of(document, "format"));
    buf_add_text(out, " · ");
    put_text(out, text_of(document, "number"));
    buf_add_text(out, " · ");
    put_text(out, text_of(document, "handover"));
    buf_add_text(out, "</footer></body></html>\n");
}
