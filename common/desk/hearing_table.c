/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table, and the same table as a tree. It follows Annex 1 §2 of the consent form from top to bottom; what was added
 * to it stands where an operator would ask for it.
 */
#include "common/desk/hearing_internal.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "common/desk/limits.h"

#define YES_NO "yes|no"
#define TO_PROVIDER true
#define STAYS false

#define TEXT(pointer, ja, en, stage, leaves, length)                                               \
    {pointer, ja, en, HEARING_TEXT, stage, leaves, length, 0, NULL, false}
#define TIME(pointer, ja, en, stage)                                                               \
    {pointer, ja, en, HEARING_TIME, stage, TO_PROVIDER, 40, 0, NULL, true}
#define CHOICE(pointer, ja, en, stage, leaves, choices)                                            \
    {pointer, ja, en, HEARING_CHOICE, stage, leaves, 40, 0, choices, false}
#define LIST(pointer, ja, en, type, stage, most, least)                                            \
    {pointer, ja, en, type, stage, TO_PROVIDER, most, least, NULL, false}
#define INTEGER(pointer, ja, en, stage, least, most)                                               \
    {pointer, ja, en, HEARING_INTEGER, stage, TO_PROVIDER, most, least, NULL, false}

/* clang-format off */
const struct hearing_field hearing_fields[] = {
    TEXT("/contact/company", "貴社名", "Company", HEARING_STAGE_A, TO_PROVIDER, 200),
    TEXT("/contact/department", "部署名", "Department", HEARING_STAGE_B, TO_PROVIDER, 200),
    TEXT("/contact/person", "担当名", "Contact person", HEARING_STAGE_B, TO_PROVIDER, 200),
    {"/contact/phone", "電話番号", "Telephone", HEARING_PHONE, HEARING_STAGE_A, TO_PROVIDER, 100, 9, NULL, false},
    {"/contact/email", "メールアドレス", "E-mail", HEARING_EMAIL, HEARING_STAGE_B, TO_PROVIDER, 254, 0, NULL, false},
    TEXT("/contact/responsible_person", "実施責任者", "Person responsible", HEARING_STAGE_H, TO_PROVIDER, 200),
    {"/contact/responsible_email", "実施責任者のメールアドレス", "E-mail of the person responsible", HEARING_EMAIL, HEARING_OPTIONAL, STAYS, 254, 0, NULL, false},
    TEXT("/contact/alternative", "別の連絡手段", "Other way to reach them", HEARING_OPTIONAL, STAYS, 200),
    CHOICE("/contact/channel", "希望する連絡方法", "How to be told", HEARING_OPTIONAL, STAYS, "mail|alternative|telephone"),
    CHOICE("/contact/language", "希望する言語", "Language", HEARING_OPTIONAL, STAYS, "ja|en"),

    CHOICE("/incident/type", "種別", "Kind of incident", HEARING_STAGE_B, TO_PROVIDER,
           "ransomware|account_takeover|defacement|malware|information_leak|support_scam|ddos|other"),
    TEXT("/incident/summary", "インシデント概要", "Summary", HEARING_STAGE_A, TO_PROVIDER, 4000),
    TEXT("/incident/purpose", "調査の目的", "Purpose of the investigation", HEARING_STAGE_B, TO_PROVIDER, 1000),
    {"/incident/priorities", "優先順位", "Priorities", HEARING_CHOICES, HEARING_STAGE_B, TO_PROVIDER, 3, 1,
     "root_cause|information_leak|other", false},
    TEXT("/incident/priority_other", "優先順位（その他の内容）", "Other priority", HEARING_OPTIONAL, TO_PROVIDER, 1000),
    CHOICE("/incident/information_leak", "情報漏洩の有無", "Information leak", HEARING_STAGE_B, TO_PROVIDER, YES_NO "|unknown"),
    TIME("/incident/discovered_at", "発見日時", "Discovered at", HEARING_STAGE_B),
    TIME("/incident/known_at", "事態を知った日時", "Became aware at", HEARING_STAGE_B_IF_LEAK),
    TEXT("/incident/discovery_trigger", "発見契機（発見方法）", "How it was discovered", HEARING_STAGE_B, TO_PROVIDER, 500),
    TIME("/incident/occurred_from", "発生日時（から）", "Occurred from", HEARING_STAGE_B),
    TIME("/incident/occurred_to", "発生日時（まで）", "Occurred until", HEARING_STAGE_B),
    TEXT("/incident/target", "発生対象", "What is affected", HEARING_STAGE_B, TO_PROVIDER, 500),
    TEXT("/incident/operations_at_time", "発生時の操作内容", "What was being done", HEARING_STAGE_B, TO_PROVIDER, 2000),
    TEXT("/incident/other_requests", "その他の依頼内容", "Other requests", HEARING_OPTIONAL, TO_PROVIDER, 2000),

    LIST("/actions_taken", "既に行った対処", "Already done", HEARING_LIST, HEARING_STAGE_B, 50, 0),
    TEXT("/actions_taken/N/what", "対処の内容", "What was done", HEARING_OPTIONAL, TO_PROVIDER, 1000),
    TEXT("/actions_taken/N/who", "対処した人", "By whom", HEARING_OPTIONAL, TO_PROVIDER, 200),
    TIME("/actions_taken/N/at", "対処の日時", "When", HEARING_OPTIONAL),

    LIST("/device", "インシデント発生対象機器", "Affected devices", HEARING_LIST, HEARING_OPTIONAL, LIMIT_DEVICES, 1),
    CHOICE("/device/N/identification", "発生対象の特定状況", "Identified?", HEARING_STAGE_B, TO_PROVIDER, "identified|partly|no"),
    TEXT("/device/N/name", "機器名", "Device name", HEARING_OPTIONAL, TO_PROVIDER, 200),
    LIST("/device/N/addresses", "IP アドレス", "IP addresses", HEARING_ADDRESSES, HEARING_OPTIONAL, 16, 0),
    {"/device/N/mac", "MAC アドレス", "MAC address", HEARING_MAC, HEARING_OPTIONAL, TO_PROVIDER, 17, 0, NULL, false},
    CHOICE("/device/N/usage", "発生対象の利用状況", "Used by", HEARING_STAGE_B, TO_PROVIDER, "personal|shared"),
    TEXT("/device/N/os", "OS", "Operating system", HEARING_STAGE_B, TO_PROVIDER, 200),
    TEXT("/device/N/antivirus", "アンチウイルスソフト名", "Antivirus", HEARING_STAGE_B, TO_PROVIDER, 200),
    CHOICE("/device/N/external_connection", "外部との接続状況", "Connection to outside", HEARING_STAGE_B, TO_PROVIDER, "online|isolated|off"),
    CHOICE("/device/N/disk_encrypted", "HDD/SSD の暗号化", "Disk encrypted", HEARING_STAGE_H, TO_PROVIDER, YES_NO),
    INTEGER("/device/N/clock_error_s", "時刻のずれ（秒、進みは正）", "Clock ahead by seconds", HEARING_OPTIONAL, -3155760000, 3155760000),
    CHOICE("/device/N/ntp", "NTP による時刻同期", "Synchronised by NTP", HEARING_OPTIONAL, TO_PROVIDER, YES_NO),

    TEXT("/network/configuration", "発生対象機器が属するネットワーク構成", "Network of the devices", HEARING_STAGE_H, TO_PROVIDER, 4000),
    LIST("/network/entry_points", "外部からの入口（VPN、RDP、公開サーバ、クラウド）", "Ways in from outside", HEARING_TEXTS, HEARING_OPTIONAL, 32, 0),

    LIST("/logs", "ログ", "Logs", HEARING_LIST, HEARING_STAGE_H, 20, 1),
    CHOICE("/logs/N/kind", "ログの種類", "Kind of log", HEARING_OPTIONAL, TO_PROVIDER, "utm|firewall|proxy|ids|antivirus|edr|other"),
    CHOICE("/logs/N/available", "ログの有無", "Available", HEARING_OPTIONAL, TO_PROVIDER, YES_NO),
    TIME("/logs/N/period_from", "ログの期間（から）", "Period from", HEARING_OPTIONAL),
    TIME("/logs/N/period_to", "ログの期間（まで）", "Period until", HEARING_OPTIONAL),
    INTEGER("/logs/N/retention_days", "ログの保存日数", "Kept for days", HEARING_OPTIONAL, 0, 36500),

    TEXT("/other_info", "その他（調査に必要と判断した情報）", "Other information needed", HEARING_OPTIONAL, TO_PROVIDER, 4000),

    INTEGER("/legal/persons_estimated", "本人数（見込み）", "Persons concerned (estimate)", HEARING_STAGE_B_IF_LEAK, 0, 10000000000),
    LIST("/legal/data_kinds", "データ項目", "Kinds of data", HEARING_TEXTS, HEARING_STAGE_B_IF_LEAK, 32, 1),
    TEXT("/legal/entrusted_by", "委託元", "Entrusted by", HEARING_STAGE_B_IF_LEAK, TO_PROVIDER, 500),

    CHOICE("/insurance/has", "サイバー保険の有無", "Cyber insurance", HEARING_OPTIONAL, STAYS, YES_NO),
    TEXT("/insurance/insurer", "保険会社", "Insurer", HEARING_OPTIONAL, STAYS, 200),

    CHOICE("/tlp", "TLP", "TLP", HEARING_OPTIONAL, TO_PROVIDER, "TLP:RED|TLP:AMBER+STRICT|TLP:AMBER|TLP:GREEN|TLP:CLEAR"),
};
/* clang-format on */
const size_t hearing_field_count = COUNT_OF(hearing_fields);

/* What stands beside the fields: how exactly a time is known, an entry of a plain list, where an answer came from. */
static const struct hearing_field precision_field = {
    .type = HEARING_CHOICE, .stage = HEARING_OPTIONAL, .max = 40, .choices = "minute|hour|day"};
static const struct hearing_field entry_field = {
    .type = HEARING_TEXT, .stage = HEARING_OPTIONAL, .max = 200};
static const struct hearing_field source_field = {
    .type = HEARING_TEXT, .stage = HEARING_OPTIONAL, .max = 100};

/* --- the table as a tree ------------------------------------------------------------------------------------------ */

#define NODES_MAX 160
static struct hearing_node nodes[NODES_MAX];
static size_t node_count;
static struct hearing_field choice_entries[4]; /* a list of choices as one of its entries */
static size_t choice_entry_count;
static char precision_names[16][32];
static size_t precision_count;

static struct hearing_node *node_new(struct hearing_node *parent, enum hearing_node_kind kind,
                                     const char *name, size_t length,
                                     const struct hearing_field *field)
{
    assert(node_count < NODES_MAX);
    struct hearing_node *node = &nodes[node_count++];
    *node =
        (struct hearing_node){.kind = kind, .name = name, .name_length = length, .field = field};
    if (!parent)
        return node;
    node->bit = parent->last ? parent->last->bit + 1 : 0;
    assert(node->bit < 64);
    if (parent->last)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;
    return node;
}

static bool is_of_many(enum hearing_type type)
{
    return type == HEARING_LIST || type == HEARING_TEXTS || type == HEARING_CHOICES ||
           type == HEARING_ADDRESSES;
}

static const struct hearing_field *entry_of(const struct hearing_field *field)
{
    if (field->type == HEARING_TEXTS)
        return &entry_field;
    if (field->type == HEARING_ADDRESSES)
        return field;
    assert(choice_entry_count < COUNT_OF(choice_entries));
    struct hearing_field *entry = &choice_entries[choice_entry_count++];
    *entry = *field;
    entry->type = HEARING_CHOICE;
    return entry;
}

static void add_precision(struct hearing_node *parent, const struct hearing_node *time)
{
    assert(precision_count < COUNT_OF(precision_names));
    char *name = precision_names[precision_count++];
    int length = snprintf(name, sizeof precision_names[0], "%s_precision", time->name);
    struct hearing_node *node =
        node_new(parent, HEARING_NODE_LEAF, name, (size_t)length, &precision_field);
    node->precision = true;
}

static void add_field(struct hearing_node *parent, const char *name, size_t length,
                      const struct hearing_field *field)
{
    enum hearing_node_kind kind = is_of_many(field->type) ? HEARING_NODE_LIST : HEARING_NODE_LEAF;
    struct hearing_node *node = node_new(parent, kind, name, length, field);
    node->answers = field->stage != HEARING_STAGE_A;
    if (field->precision)
        add_precision(parent, node);
    if (field->type == HEARING_LIST)
        node_new(node, HEARING_NODE_OBJECT, "N", 1, NULL);
    else if (kind == HEARING_NODE_LIST)
        node_new(node, HEARING_NODE_LEAF, "N", 1, entry_of(field));
}

static struct hearing_node *child_or_new(struct hearing_node *parent, const char *name,
                                         size_t length)
{
    for (struct hearing_node *child = parent->first; child; child = child->next)
        if (child->name_length == length && memcmp(child->name, name, length) == 0)
            return child;
    return node_new(parent, HEARING_NODE_OBJECT, name, length, NULL);
}

static void add_row(struct hearing_node *root, const struct hearing_field *field)
{
    struct hearing_node *parent = root;
    const char *name = field->pointer + 1, *slash;
    for (; (slash = strchr(name, '/')); name = slash + 1)
        parent = child_or_new(parent, name, (size_t)(slash - name));
    add_field(parent, name, strlen(name), field);
}

static void mark_required(struct hearing_node *node)
{
    for (struct hearing_node *child = node->first; child; child = child->next) {
        mark_required(child);
        bool here = child->kind == HEARING_NODE_LEAF && child->field->stage == HEARING_STAGE_A;
        if (here || (child->kind == HEARING_NODE_OBJECT && child->required))
            node->required |= UINT64_C(1) << child->bit;
    }
}

/* A body has each of them once at most: none stands in a list. */
static size_t count_emails(const struct hearing_node *node, bool in_list)
{
    bool email = node->kind == HEARING_NODE_LEAF && node->field->type == HEARING_EMAIL;
    size_t count = email;
    assert(!email || !in_list);
    for (const struct hearing_node *child = node->first; child; child = child->next)
        count += count_emails(child, in_list || node->kind == HEARING_NODE_LIST);
    return count;
}

static void shape_make(void)
{
    struct hearing_node *root = node_new(NULL, HEARING_NODE_OBJECT, "", 0, NULL);
    for (size_t i = 0; i < hearing_field_count; i++)
        add_row(root, &hearing_fields[i]);
    node_new(root, HEARING_NODE_CUSTOMER, "customer_id", 11, NULL);
    struct hearing_node *sources = node_new(root, HEARING_NODE_SOURCES, "sources", 7, NULL);
    node_new(sources, HEARING_NODE_LEAF, "N", 1, &source_field);
    mark_required(root);
    assert(count_emails(root, false) <= HEARING_EMAILS_MAX);
}

const struct hearing_node *hearing_shape(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, shape_make);
    return &nodes[0];
}

static bool is_named(const struct hearing_node *node, const char *name, size_t length)
{
    return node->name_length == length && memcmp(node->name, name, length) == 0;
}

const struct hearing_node *hearing_node_find(const struct hearing_node *object,
                                             const struct hearing_node *hint, const char *name,
                                             size_t length)
{
    for (const struct hearing_node *node = hint ? hint->next : NULL; node; node = node->next)
        if (is_named(node, name, length))
            return node;
    for (const struct hearing_node *node = object->first; node; node = node->next)
        if (is_named(node, name, length))
            return node;
    return NULL;
}

static bool is_index(const char *name, size_t length)
{
    if (length == 0 || length > 4 || (name[0] == '0' && length > 1))
        return false;
    for (size_t i = 0; i < length; i++)
        if (name[i] < '0' || name[i] > '9')
            return false;
    return true;
}

const struct hearing_node *hearing_node_resolve(const char *pointer, size_t length)
{
    const struct hearing_node *node = hearing_shape();
    const char *end = pointer + length;
    while (node && pointer < end) {
        if (*pointer != '/')
            return NULL;
        const char *name = pointer + 1;
        const char *slash = memchr(name, '/', (size_t)(end - name));
        pointer = slash ? slash : end;
        size_t name_length = (size_t)(pointer - name);
        if (node->kind == HEARING_NODE_LIST)
            node = is_index(name, name_length) ? node->first : NULL;
        else
            node = node->kind == HEARING_NODE_OBJECT
                       ? hearing_node_find(node, NULL, name, name_length)
                       : NULL;
    }
    return node;
}
