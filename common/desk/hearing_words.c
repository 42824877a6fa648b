/* SPDX-License-Identifier: Apache-2.0 */
/* What the sheet's choices are called, in both languages. A field that means something else by a choice has a row of its own, above. */
#include "common/desk/hearing_internal.h"

#include <assert.h>
#include <string.h>

/* clang-format off */
static const struct {
    const char *pointer; /* of one field; NULL: of every field */
    const char *choice, *ja, *en;
} words[] = {
    {"/contact/language", "ja", "日本語", "Japanese"},
    {"/contact/language", "en", "英語", "English"},
    {"/contact/channel", "mail", "メール", "E-mail"},
    {"/contact/channel", "alternative", "別の連絡手段", "The other way"},
    {"/contact/channel", "telephone", "電話", "Telephone"},
    {"/incident/type", "ransomware", "ランサムウェア", "Ransomware"},
    {"/incident/type", "account_takeover", "乗っ取り・ビジネスメール詐欺", "Account takeover, BEC"},
    {"/incident/type", "defacement", "Webサイトの改ざん", "Defacement"},
    {"/incident/type", "malware", "マルウェア感染", "Malware"},
    {"/incident/type", "information_leak", "情報漏えい", "Information leak"},
    {"/incident/type", "support_scam", "サポート詐欺", "Support scam"},
    {"/incident/type", "ddos", "DDoS攻撃", "DDoS"},
    {"/incident/priorities", "root_cause", "原因究明", "Root cause"},
    {"/incident/priorities", "information_leak", "情報漏えいの有無", "Whether information leaked"},
    {"/incident/information_leak", "yes", "あり", "Yes"},
    {"/incident/information_leak", "no", "なし", "No"},
    {"/device/N/identification", "identified", "特定済み", "Identified"},
    {"/device/N/identification", "partly", "一部のみ特定", "Partly"},
    {"/device/N/identification", "no", "未特定", "Not yet"},
    {"/device/N/usage", "personal", "個人で使用", "One person"},
    {"/device/N/usage", "shared", "共用", "Shared"},
    {"/device/N/external_connection", "online", "接続中", "Connected"},
    {"/device/N/external_connection", "isolated", "切り離し済み", "Isolated"},
    {"/device/N/external_connection", "off", "電源オフ", "Switched off"},
    {"/device/N/disk_encrypted", "yes", "暗号化あり", "Encrypted"},
    {"/device/N/disk_encrypted", "no", "暗号化なし", "Not encrypted"},
    {"/device/N/ntp", "yes", "同期している", "Yes"},
    {"/device/N/ntp", "no", "同期していない", "No"},
    {"/logs/N/kind", "utm", "UTM", "UTM"},
    {"/logs/N/kind", "firewall", "ファイアウォール", "Firewall"},
    {"/logs/N/kind", "proxy", "プロキシ", "Proxy"},
    {"/logs/N/kind", "ids", "IDS/IPS", "IDS/IPS"},
    {"/logs/N/kind", "antivirus", "アンチウイルス", "Antivirus"},
    {"/logs/N/kind", "edr", "EDR", "EDR"},
    {"/logs/N/available", "yes", "あり", "Yes"},
    {"/logs/N/available", "no", "なし", "No"},
    {"/insurance/has", "yes", "加入あり", "Insured"},
    {"/insurance/has", "no", "加入なし", "Not insured"},
    {NULL, "other", "その他", "Other"},
    {NULL, "unknown", "不明", "Unknown"},
    {NULL, "declined", "回答なし", "Declined"},
    /* TLP labels are never translated (TLP 2.0). */
    {"/tlp", "TLP:RED", "TLP:RED", "TLP:RED"},
    {"/tlp", "TLP:AMBER+STRICT", "TLP:AMBER+STRICT", "TLP:AMBER+STRICT"},
    {"/tlp", "TLP:AMBER", "TLP:AMBER", "TLP:AMBER"},
    {"/tlp", "TLP:GREEN", "TLP:GREEN", "TLP:GREEN"},
    {"/tlp", "TLP:CLEAR", "TLP:CLEAR", "TLP:CLEAR"},
};
/* clang-format on */

static bool is_for(size_t i, const struct hearing_field *field, const char *choice, size_t length)
{
    bool here = !words[i].pointer || strcmp(words[i].pointer, field->pointer) == 0;
    return here && strlen(words[i].choice) == length &&
           strncmp(words[i].choice, choice, length) == 0;
}

void hearing_choice_words(const struct hearing_field *field, const char *choice, size_t length,
                          const char **ret_ja, const char **ret_en)
{
    size_t i = 0;
    while (i < COUNT_OF(words) && !is_for(i, field, choice, length))
        i++;
    assert(i < COUNT_OF(words)); /* every choice of the table has its words */
    *ret_ja = words[i].ja;
    *ret_en = words[i].en;
}
