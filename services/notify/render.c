/* SPDX-License-Identifier: Apache-2.0 */
#include "services/notify/render.h"

#include "common/clock.h"
#include "common/desk/calendar.h"

#include <stdio.h>
#include <string.h>

#define MAIL_BYTES_MAX (64 * 1024)
#define JAPAN_US (INT64_C(9) * 3600 * 1000000)

static const struct {
    const char *name, *subject_ja, *ja, *en;
} templates[] = {
    {"received", "受付のお知らせ",
     "ご相談を受け付けました。受付番号は {{number}} です。\n"
     "{{next_ja}}\n{{advice_ja}}",
     "We have received your call. Your case number is {{number}}.\n"
     "{{next_en}}\n{{advice_en}}"},
    {"detections_found", "ログ確認のお知らせ",
     "受付番号 {{number}} について、セキュリティログの確認が終わりました。\n"
     "該当する記録が {{records}} 件、うち検知が {{detections}} 件（遮断済み {{blocked}} "
     "件）見つかりました。\n"
     "内容は担当者からお電話でご説明します。\n",
     "The check of your security logs for case {{number}} has finished.\n"
     "We found {{records}} matching records, of which {{detections}} are detections ({{blocked}} "
     "of them blocked).\n"
     "Our operator will explain them by telephone.\n"},
    {"detections_none", "ログ確認のお知らせ",
     "受付番号 {{number}} について、セキュリティログの確認が終わりました。\n"
     "確認した期間に、該当する記録は見つかりませんでした。確認した範囲は担当者からご説明します。\n",
     "The check of your security logs for case {{number}} has finished.\n"
     "No matching record was found in the period we checked. Our operator will tell you what was "
     "covered.\n"},
    {"handover_held", "提供会社へのご紹介について",
     "受付番号 {{number}} の提供会社への情報提供は、まだ行っていません。次のことが必要です。\n"
     "{{reasons_ja}}"
     "そろうまで、提供会社には何もお送りしません。\n{{warnings_ja}}",
     "Nothing of case {{number}} has been handed to the provider yet. What is still needed:\n"
     "{{reasons_en}}"
     "Until then nothing is sent to the provider.\n{{warnings_en}}"},
    {"handover_offered", "提供会社へのご紹介について",
     "受付番号 {{number}} を {{provider_ja}} にご紹介しました。\n"
     "情報は封をした状態でお送りしており、同社が引き受けるまで開くことはできません。\n"
     "取りやめる場合は、下記の電話番号へご連絡ください。\n{{warnings_ja}}",
     "Case {{number}} has been offered to {{provider_en}}.\n"
     "What we sent is sealed; they cannot open it before they accept.\n"
     "Call the number below if you want to stop it.\n{{warnings_en}}"},
    {"handover_accepted", "提供会社の引き受けについて",
     "{{provider_ja}} が受付番号 {{number}} を引き受けました。同社から直接ご連絡があります。\n"
     "取りやめる場合は、下記の電話番号へご連絡ください。同社に削除を求めます。\n",
     "{{provider_en}} has accepted case {{number}} and will contact you directly.\n"
     "If you want to stop it, call the number below: we will ask them to delete everything.\n"},
    {"handover_recalled", "提供の取り消しについて",
     "受付番号 {{number}} の提供会社への情報提供を取り消しました。\n"
     "{{provider_ja}} に中止と削除を求めています。回答があればお知らせします。\n",
     "The hand-over of case {{number}} has been recalled.\n"
     "We have asked {{provider_en}} to stop and to delete, and will tell you what they answer.\n"},
    {"case_closed", "対応終了のお知らせ",
     "受付番号 {{number}} の対応を終了しました。\n"
     "ご不明な点や新しい症状があれば、同じ番号をお伝えのうえご連絡ください。\n",
     "Case {{number}} has been closed.\n"
     "If anything is unclear or something new happens, call us and name this number.\n"},
};

/* What to do while waiting tells of an incident: only to an address that was read back. */
static const char advice_ja[] =
    "お待ちのあいだ、機器の電源は切らず、ファイルの削除や初期化、駆除はしないでください。\n"
    "LANケーブルを抜く、Wi-Fiを切ることは、すぐに行っていただいてかまいません。\n";
static const char advice_en[] =
    "Until then keep devices powered on and do not delete files, wipe or clean anything.\n"
    "You may unplug the LAN cable or switch off Wi-Fi at once.\n";

/* Said before the customer pays for an investigation; it stops nothing (4-12). */
static const char warnings_ja[] =
    "\n次の点により、調査や対応が十分に行えないことがあります（同意書 4-⑫）。\n";
static const char warnings_en[] =
    "\nFor these reasons the investigation and support may be insufficient (consent form, 4-12):\n";

static const char footer_ja[] = "\n{{desk_ja}}\n電話 {{phone}}（受付時間 {{hours_ja}}）\n"
                                "この窓口からお伝えした内容は、本件の対応以外に使用したり、第三者に"
                                "開示したりしないようお願いします。\n";
static const char footer_en[] =
    "\n{{desk_en}}\nTelephone {{phone}} ({{hours_en}})\n"
    "Please keep what the desk tells you confidential and use it for this case only.\n";

size_t render_template_count(void)
{
    return COUNT_OF(templates);
}

const char *render_template_name(size_t index)
{
    return templates[index].name;
}

/* --- variables ------------------------------------------------------------------------------------------------------------ */

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void set_hours(json_t *variables, const json_t *profile)
{
    static const struct {
        const char *key, *ja, *en;
    } days[] = {{"mon", "月", "Mon"}, {"tue", "火", "Tue"}, {"wed", "水", "Wed"},
                {"thu", "木", "Thu"}, {"fri", "金", "Fri"}, {"sat", "土", "Sat"},
                {"sun", "日", "Sun"}};
    CLEANUP(buf_free) struct buf ja, en;
    buf_init(&ja, 1000);
    buf_init(&en, 1000);
    for (size_t i = 0; i < COUNT_OF(days); i++) {
        const json_t *span = json_object_get(json_object_get(profile, "hours"), days[i].key);
        const char *from = json_string_value(json_array_get(span, 0)),
                   *to = json_string_value(json_array_get(span, 1));
        if (!from || !to)
            continue;
        buf_printf(&ja, "%s%s %s-%s", ja.length ? "、" : "", days[i].ja, from, to);
        buf_printf(&en, "%s%s %s-%s", en.length ? ", " : "", days[i].en, from, to);
    }
    json_object_set_new(variables, "hours_ja", json_string(ja.length ? ja.data : "-"));
    json_object_set_new(variables, "hours_en", json_string(en.length ? en.data : "-"));
}

/* Outside hours: when the desk opens next, in the desk's time zone. */
static void set_next(json_t *variables, const json_t *profile, int64_t now_us)
{
    if (calendar_is_open(profile, now_us)) {
        json_object_set_new(variables, "next_ja", json_string("担当者がお電話で対応します。"));
        json_object_set_new(variables, "next_en",
                            json_string("Our operator will help you by telephone."));
        return;
    }
    const char *zone = text_of(profile, "time_zone");
    int64_t local_us = calendar_next_opening_us(profile, now_us) +
                       (zone && strcmp(zone, "UTC") == 0 ? 0 : JAPAN_US);
    int64_t minutes = local_us / 60000000;
    int year, month, day, of_day = (int)(minutes % 1440);
    clock_civil_from_days(minutes / 1440, &year, &month, &day);
    CLEANUP(mem_free)
    char *ja = mem_printf("ただいま受付時間外です。次の受付開始は %d年%d月%d日 %d:%02d です。",
                          year, month, day, of_day / 60, of_day % 60);
    CLEANUP(mem_free)
    char *en = mem_printf("The desk is closed now. It opens next on %04d-%02d-%02d at %d:%02d.",
                          year, month, day, of_day / 60, of_day % 60);
    json_object_set_new(variables, "next_ja", json_string(ja));
    json_object_set_new(variables, "next_en", json_string(en));
}

/* The texts of the parameter `list` in that language, a line each, under the heading where there are any. */
static void set_lines(json_t *variables, const json_t *parameters, const char *list,
                      const char *language, const char *heading)
{
    const json_t *reasons = json_object_get(parameters, list);
    const char *last = "";
    CLEANUP(mem_free) char *name = mem_printf("%s_%s", list, language);
    CLEANUP(buf_free) struct buf lines;
    buf_init(&lines, MAIL_BYTES_MAX / 4);
    if (json_array_size(reasons) > 0)
        buf_add_text(&lines, heading);
    for (size_t i = 0; i < json_array_size(reasons); i++) {
        const char *text = text_of(json_array_get(reasons, i), language);
        if (text &&
            strcmp(text, last) != 0) /* several items of one kind are one line to a customer */
            buf_printf(&lines, "- %s\n", text);
        last = text ? text : last;
    }
    json_object_set_new(variables, name, json_string(lines.data ? lines.data : ""));
}

static void set_count(json_t *variables, const json_t *parameters, const char *name)
{
    CLEANUP(mem_free)
    char *text =
        mem_printf("%lld", (long long)json_integer_value(json_object_get(parameters, name)));
    json_object_set_new(variables, name, json_string(text));
}

static json_t *make_variables(const json_t *parameters, const json_t *profile, int64_t now_us)
{
    const json_t *name = json_object_get(profile, "name");
    const json_t *provider = json_object_get(json_object_get(profile, "provider"), "name");
    json_t *variables = json_pack(
        "{s:O*, s:O*, s:O*, s:O*, s:O*, s:O*}", "number", json_object_get(parameters, "number"),
        "desk_ja", json_object_get(name, "ja"), "desk_en", json_object_get(name, "en"), "phone",
        json_object_get(profile, "phone"), "provider_ja", json_object_get(provider, "ja"),
        "provider_en", json_object_get(provider, "en"));
    bool confirmed = json_is_true(json_object_get(parameters, "confirmed"));
    json_object_set_new(variables, "advice_ja", json_string(confirmed ? advice_ja : ""));
    json_object_set_new(variables, "advice_en", json_string(confirmed ? advice_en : ""));
    set_hours(variables, profile);
    set_next(variables, profile, now_us);
    set_lines(variables, parameters, "reasons", "ja", "");
    set_lines(variables, parameters, "reasons", "en", "");
    set_lines(variables, parameters, "warnings", "ja", warnings_ja);
    set_lines(variables, parameters, "warnings", "en", warnings_en);
    set_count(variables, parameters, "records");
    set_count(variables, parameters, "detections");
    set_count(variables, parameters, "blocked");
    return variables;
}

/* --- rendering --------------------------------------------------------------------------------------------------------------- */

static bool fill(struct buf *out, const char *text, const json_t *variables)
{
    for (const char *open; (open = strstr(text, "{{"));) {
        const char *close = strstr(open, "}}");
        CLEANUP(mem_free) char *name = mem_dup(open + 2, (size_t)(close - open - 2));
        const char *value = text_of(variables, name);
        if (!value)
            return false;
        buf_add(out, text, (size_t)(open - text));
        buf_add_text(out, value);
        text = close + 2;
    }
    buf_add_text(out, text);
    return true;
}

bool render_mail(const json_t *parameters, const json_t *profile, int64_t now_us,
                 char **ret_subject, struct buf *ret_text)
{
    const char *name = text_of(parameters, "template"), *number = text_of(parameters, "number");
    json_auto_t *variables = make_variables(parameters, profile, now_us);
    for (size_t i = 0; name && number && i < COUNT_OF(templates); i++) {
        if (strcmp(templates[i].name, name) != 0)
            continue;
        bool whole =
            fill(ret_text, templates[i].ja, variables) && fill(ret_text, footer_ja, variables);
        buf_add_text(ret_text, "\n----------------------------------------\n\n");
        whole = whole && fill(ret_text, templates[i].en, variables) &&
                fill(ret_text, footer_en, variables);
        if (whole && !ret_text->overflowed)
            *ret_subject = mem_printf("【%s】%s", number, templates[i].subject_ja);
        return whole && !ret_text->overflowed;
    }
    return false;
}
