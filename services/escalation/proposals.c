/* SPDX-License-Identifier: Apache-2.0 */
#include "services/escalation/proposals.h"

#include "common/desk/limits.h"
#include "common/desk/searches.h"
#include "common/util.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <libpsl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define TARGET_MAX 500
#define SAID_BYTES_MAX 1500

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* --- the table ------------------------------------------------------------------------------------------------------------ */

struct setting {
    const char *code, *ja, *en;
    const char *after_ja, *after_en; /* %s: the target */
};

static const struct setting settings[] = {
    {"block_address", "UTM・ファイアウォール：アドレスの遮断リスト",
     "UTM/firewall: address block list", "%s との通信を両方向で遮断します。",
     "Block traffic to and from %s."},
    {"block_domain", "UTM・プロキシ：ドメインの遮断リスト", "UTM/proxy: domain block list",
     "%s とその下位のドメインへの通信を遮断します。", "Block %s and its subdomains."},
    {"block_url", "UTM・プロキシ：URLの遮断リスト", "UTM/proxy: URL block list",
     "%s への通信を遮断します。", "Block %s."},
    {"block_hash", "アンチウイルス・EDR：ファイルの遮断リスト", "Antivirus/EDR: file block list",
     "ハッシュ値 %s のファイルの実行を止めます。", "Stop files with the hash %s from running."},
    {"block_sender", "メールセキュリティ：差出人の遮断リスト", "Mail security: sender block list",
     "差出人 %s からのメールを隔離します。", "Quarantine mail from %s."},
    {"enable_ips", "UTM：IPSの検知分類", "UTM: IPS category",
     "IPSの分類「%s」を検知のみから遮断に変えます。",
     "Set the IPS category \"%s\" to block instead of detect only."},
    {"tighten_policy", "UTM・ファイアウォール：通信ルール", "UTM/firewall: policy",
     "「%s」について、業務に必要な通信だけを許可するルールに変えます。",
     "For \"%s\", allow only what the business needs."},
    {"update_pattern", "アンチウイルス・UTM：パターンファイル", "Antivirus/UTM: pattern file",
     "「%s」のパターンファイルを最新にし、自動更新を有効にします。",
     "Bring the patterns of \"%s\" up to date and turn automatic updates on."},
    {"isolate_device", "EDR・UTM：端末の隔離", "EDR/UTM: device isolation",
     "端末 %s をネットワークから隔離します。", "Isolate the device %s from the network."},
    {"reset_credentials", "認証：アカウント", "Authentication: account",
     "アカウント %s の認証情報を変更し、有効なセッションを切ります。",
     "Change the credentials of the account %s and end its sessions."},
};

/* What the provider says → which setting, with what kind of target. `from` is a recommendation's kind or an indicator's type. */
static const struct rule {
    const char *id, *from, *kind, *setting;
    bool indicator;
} rules[] = {
    {"recommended_address", "block_address", "ip", "block_address", false},
    {"recommended_domain", "block_domain", "domain", "block_domain", false},
    {"recommended_url", "block_url", "url", "block_url", false},
    {"recommended_hash", "block_hash", "hash", "block_hash", false},
    {"recommended_ips", "enable_ips", "text", "enable_ips", false},
    {"recommended_policy", "tighten_policy", "text", "tighten_policy", false},
    {"recommended_pattern", "update_pattern", "text", "update_pattern", false},
    {"recommended_isolation", "isolate_device", "host", "isolate_device", false},
    {"recommended_reset", "reset_credentials", "text", "reset_credentials", false},
    {"indicator_ipv4", "ipv4", "ip", "block_address", true},
    {"indicator_ipv6", "ipv6", "ip", "block_address", true},
    {"indicator_domain", "domain", "domain", "block_domain", true},
    {"indicator_url", "url", "url", "block_url", true},
    {"indicator_sha256", "sha256", "hash", "block_hash", true},
    {"indicator_sha1", "sha1", "hash", "block_hash", true},
    {"indicator_md5", "md5", "hash", "block_hash", true},
    {"indicator_email", "email", "email", "block_sender", true},
};

/* Where a target of this kind would stand in a record of the extract. */
static const struct {
    const char *kind, *fields[5];
} seen_in[] = {
    {"ip", {"source.ip", "destination.ip", NULL}},
    {"domain", {"destination.domain", "url.domain", NULL}},
    {"url", {"url.original", NULL}},
    {"hash", {"file.hash.sha256", "file.hash.sha1", "file.hash.md5", NULL}},
    {"host", {"host.name", "labels.device", "source.domain", "source.ip", NULL}},
};

/* --- targets ---------------------------------------------------------------------------------------------------------------- */

/* hxxp → http, [.] and (.) → ., [:] → : as reports write what nobody should click. */
static bool refang(const char *text, char *out, size_t size)
{
    static const struct {
        const char *written, *meant;
    } forms[] = {{"hxxp", "http"}, {"hXXp", "http"}, {"[.]", "."}, {"(.)", "."},
                 {"[dot]", "."},   {"[:]", ":"},     {"[@]", "@"}};
    size_t length = 0;
    while (isspace((unsigned char)*text))
        text++;
    while (*text) {
        const char *meant = NULL;
        for (size_t i = 0; i < COUNT_OF(forms) && !meant; i++)
            if (strncmp(text, forms[i].written, strlen(forms[i].written)) == 0) {
                meant = forms[i].meant;
                text += strlen(forms[i].written);
            }
        size_t added = meant ? strlen(meant) : 1;
        if (length + added >= size)
            return false;
        memcpy(out + length, meant ? meant : text, added);
        text += meant ? 0 : 1;
        length += added;
    }
    while (length && isspace((unsigned char)out[length - 1]))
        length--;
    out[length] = '\0';
    return length > 0;
}

static bool is_private_v4(const struct in_addr *address)
{
    uint32_t value = ntohl(address->s_addr);
    static const struct {
        uint32_t net, mask;
    } nets[] = {{0x00000000, 0xff000000}, {0x0a000000, 0xff000000}, {0x64400000, 0xffc00000},
                {0x7f000000, 0xff000000}, {0xa9fe0000, 0xffff0000}, {0xac100000, 0xfff00000},
                {0xc0a80000, 0xffff0000}, {0xe0000000, 0xe0000000}}; /* RFC 6890, RFC 6598 */
    for (size_t i = 0; i < COUNT_OF(nets); i++)
        if ((value & nets[i].mask) == nets[i].net)
            return true;
    return false;
}

/* Only 2000::/3 is global unicast (RFC 4291); all else is the customer's own network or nobody's. */
static bool is_global_v6(const struct in6_addr *address)
{
    return (address->s6_addr[0] & 0xe0) == 0x20;
}

/* Blocking an address of the customer's own network would cut them off. */
static bool is_address(char *text)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, text, &v4) == 1)
        return !is_private_v4(&v4);
    return inet_pton(AF_INET6, text, &v6) == 1 && is_global_v6(&v6) &&
           inet_ntop(AF_INET6, &v6, text, INET6_ADDRSTRLEN);
}

static void lower(char *text)
{
    for (; *text; text++)
        *text = (char)tolower((unsigned char)*text);
}

/* A name below a registry: "example.jp", not "jp", "co.jp" or a host of other people's sites (publicsuffix.org). */
static bool is_domain(char *text)
{
    struct in_addr ignored;
    lower(text);
    for (const char *at = text; *at; at++) {
        if (!isalnum((unsigned char)*at) && !strchr("-_.", *at))
            return false;
        if (*at == '.' && (at == text || at[1] == '.' || !at[1]))
            return false;
    }
    return strchr(text, '.') && strlen(text) <= 253 && inet_pton(AF_INET, text, &ignored) != 1 &&
           !psl_is_public_suffix(psl_builtin(), text);
}

static bool is_url(char *text)
{
    const char *host = strstr(text, "://");
    bool web = strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
    for (const char *at = text; *at; at++)
        if ((unsigned char)*at <= 0x20 || strchr("\"<>\\^`{|}", *at))
            return false;
    return web && host && isalnum((unsigned char)host[3]);
}

static bool is_hash(char *text)
{
    size_t length = strlen(text);
    lower(text);
    return (length == 32 || length == 40 || length == 64) &&
           strspn(text, "0123456789abcdef") == length;
}

static bool is_email(char *text)
{
    const char *at = strchr(text, '@');
    return at && at > text && at[1] && !strchr(at + 1, '@') && !strpbrk(text, " \t\"<>");
}

/* A name or an address of the customer's own network: here a private one is right. */
static bool is_host(char *text)
{
    return strlen(text) <= 253 && !strpbrk(text, "\"<>\\|;&");
}

static bool is_text(char *text)
{
    for (const char *at = text; *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            return false;
    return true;
}

bool proposals_target(const char *kind, const char *text, char *ret_target, size_t size)
{
    static const struct {
        const char *kind;
        bool (*is)(char *text);
    } kinds[] = {{"ip", is_address},  {"domain", is_domain}, {"url", is_url},  {"hash", is_hash},
                 {"email", is_email}, {"host", is_host},     {"text", is_text}};
    if (!text || size <= INET6_ADDRSTRLEN || !refang(text, ret_target, size) ||
        !is_text(ret_target))
        return false;
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (strcmp(kinds[i].kind, kind) == 0)
            return kinds[i].is(ret_target);
    return false;
}

/* --- what the case knows ------------------------------------------------------------------------------------------------------ */

static const char *const *fields_of(const char *kind)
{
    for (size_t i = 0; i < COUNT_OF(seen_in); i++)
        if (strcmp(seen_in[i].kind, kind) == 0)
            return seen_in[i].fields;
    return NULL;
}

static bool names(const json_t *record, const char *const *fields, const char *target)
{
    for (; fields && *fields; fields++) {
        const char *value = text_of(record, *fields);
        if (value && strcasecmp(value, target) == 0)
            return true;
    }
    return false;
}

/* Of the records that the summary shows: how many name the target, and how many of those were stopped. */
static void count_seen(const json_t *extraction, const char *kind, const char *target,
                       int *ret_seen, int *ret_stopped)
{
    const json_t *samples = json_object_get(searches_find(extraction, NULL), "samples");
    const char *const *fields = fields_of(kind);
    *ret_seen = *ret_stopped = 0;
    for (size_t i = 0; i < json_array_size(samples); i++) {
        const json_t *record = json_array_get(samples, i);
        const char *action = text_of(record, "event.action");
        if (!names(record, fields, target))
            continue;
        *ret_seen += 1;
        *ret_stopped +=
            action && (strcmp(action, "blocked") == 0 || strcmp(action, "quarantined") == 0);
    }
}

static json_t *both(char *ja, char *en)
{
    json_t *texts = json_pack("{s:s, s:s}", "ja", ja, "en", en);
    mem_free(&ja);
    mem_free(&en);
    return texts;
}

static json_t *before_of(const json_t *extraction, const char *kind, const char *target)
{
    int seen, stopped;
    count_seen(extraction, kind, target, &seen, &stopped);
    if (!fields_of(kind))
        return both(mem_strdup("現在の設定はまだ確認していません。"),
                    mem_strdup("The present setting has not been looked up yet."));
    if (!seen)
        return both(mem_strdup("抽出したログの見本には現れていません。"),
                    mem_strdup("Not in the sample of the extracted logs."));
    return both(
        mem_printf("抽出したログの見本に%d件あり、そのうち%d件は止められています。", seen, stopped),
        mem_printf("%d in the sample of the extracted logs, %d of them stopped.", seen, stopped));
}

/* --- proposals ------------------------------------------------------------------------------------------------------------------ */

struct making {
    const json_t *chain, *extraction;
    const char *report;
    json_t *list;
};

static const struct setting *setting_of(const char *code)
{
    for (size_t i = 0; i < COUNT_OF(settings); i++)
        if (strcmp(settings[i].code, code) == 0)
            return &settings[i];
    return NULL;
}

static const struct rule *rule_of(const char *from, bool indicator)
{
    for (size_t i = 0; from && i < COUNT_OF(rules); i++)
        if (rules[i].indicator == indicator && strcmp(rules[i].from, from) == 0)
            return &rules[i];
    return NULL;
}

static bool says(const json_t *proposal, const char *code, const char *target)
{
    const char *its = text_of(json_object_get(proposal, "setting"), "code"),
               *its_target = text_of(proposal, "target");
    return its && its_target && strcmp(its, code) == 0 && strcmp(its_target, target) == 0;
}

/* Proposed before, in this report or an earlier one. */
static bool is_known(const struct making *making, const char *code, const char *target)
{
    const char *id;
    json_t *earlier;
    for (size_t i = 0; i < json_array_size(making->list); i++)
        if (says(json_array_get(making->list, i), code, target))
            return true;
    json_object_foreach(json_object_get(making->chain, "proposals"), id, earlier)
    {
        if (says(json_object_get(earlier, "proposed"), code, target))
            return true;
    }
    return false;
}

static bool is_full(const struct making *making)
{
    return json_object_size(json_object_get(making->chain, "proposals")) +
               json_array_size(making->list) >=
           LIMIT_PROPOSALS_PER_CASE;
}

static char *with_target(const char *format, const char *target)
{
    const char *at = strstr(format, "%s");
    return mem_printf("%.*s%s%s", (int)(at - format), format, target, at + 2);
}

static json_t *reason_of(const struct rule *rule)
{
    return rule->indicator
               ? json_pack("{s:s, s:s}", "ja",
                           "調査会社の報告書に、攻撃の痕跡として記載されています。", "en",
                           "The provider's report names it as an indicator of the attack.")
               : json_pack("{s:s, s:s}", "ja", "調査会社の報告書で推奨されています。", "en",
                           "The provider's report recommends it.");
}

/* A proposal is read in a list; the whole reason stands in the report. */
static char *shortened(const char *said)
{
    struct bytes start = utf8_cut(bytes_of(said), SAID_BYTES_MAX);
    return said ? mem_dup(start.data, start.length) : NULL;
}

static void propose(struct making *making, const struct rule *rule, const char *text,
                    const char *said)
{
    char target[TARGET_MAX];
    if (!rule || is_full(making) || !proposals_target(rule->kind, text, target, sizeof target) ||
        is_known(making, rule->setting, target))
        return;
    const struct setting *setting = setting_of(rule->setting);
    CLEANUP(mem_free)
    char *id = mem_printf("%.12s-%zu", making->report, json_array_size(making->list) + 1);
    CLEANUP(mem_free) char *its_reason = shortened(said);
    json_t *proposal = json_pack(
        "{s:s, s:s, s:{s:s, s:s, s:s}, s:s, s:o, s:o, s:o, s:s*}", "id", id, "rule", rule->id,
        "setting", "code", setting->code, "ja", setting->ja, "en", setting->en, "target", target,
        "before", before_of(making->extraction, rule->kind, target), "after",
        both(with_target(setting->after_ja, target), with_target(setting->after_en, target)),
        "reason", reason_of(rule), "said", its_reason);
    json_array_append_new(making->list, proposal);
}

json_t *proposals_of(const json_t *document, const json_t *chain, const json_t *extraction,
                     const char *report)
{
    struct making making = {
        .chain = chain, .extraction = extraction, .report = report, .list = json_array()};
    const json_t *recommendations = json_object_get(document, "recommendations"),
                 *indicators = json_object_get(document, "indicators");
    for (size_t i = 0; i < json_array_size(recommendations); i++) {
        const json_t *said = json_array_get(recommendations, i);
        propose(&making, rule_of(text_of(said, "kind"), false), text_of(said, "target"),
                text_of(said, "reason"));
    }
    for (size_t i = 0; i < json_array_size(indicators); i++) {
        const json_t *said = json_array_get(indicators, i);
        propose(&making, rule_of(text_of(said, "type"), true), text_of(said, "value"), NULL);
    }
    return making.list;
}
