/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A desk's cases in any number, and what is asked of them:
 *   finding_bench fill FOLDER CASES      into a view file as they stand at their end, by the view's own writing code
 *   finding_bench fold FOLDER CASES      the same by folding their records as they come from Kafka: a rebuild without a broker
 *   finding_bench produce CASES          into the topics of KAKEKOMI_KAFKA_*, for a rebuild
 *   finding_bench ask FOLDER ROUNDS      JSON: per kind of question its times, and how much it found
 *
 * Cases are spread evenly over ten years, so that a denser file is a busier desk. Of what is to be found in the same
 * number at every size ("needles") there are 20 each, evenly among the others.
 */
#include "services/intake/view_internal.h"
#include "services/intake/view_words.h"

#include "common/clock.h"
#include "common/desk/topics.h"
#include "common/ids.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define NEEDLES 20
#define YEARS_US (10LL * 365 * 24 * 3600 * 1000000)
#define END_US 1795622400000000LL /* 2026-11-26 */
#define BATCH 2000
#define PARTITIONS 12

/* --- chance ------------------------------------------------------------------------------------------------------- */

static uint64_t chance_state = 88172645463325252ULL;

static unsigned chance(unsigned below)
{
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 7;
    chance_state ^= chance_state << 17;
    return (unsigned)(chance_state >> 33) % below;
}

#define ONE_OF(list) ((list)[chance(COUNT_OF(list))])

static const char *const places[] = {"大阪", "東京", "札幌", "仙台", "新潟", "金沢",  "名古屋",
                                     "京都", "神戸", "広島", "高松", "福岡", "熊本",  "那覇",
                                     "横浜", "千葉", "大宮", "長野", "静岡", "岡山",  "日本",
                                     "関西", "北陸", "東海", "中央", "第一", "新",    "大",
                                     "三",   "丸",   "共和", "協同", "富士", "アジア"};
static const char *const families[] = {
    "佐藤",   "鈴木",   "高橋", "田中", "伊藤", "渡邊", "山本", "中村", "小林", "加藤", "吉田",
    "山田",   "佐々木", "山口", "松本", "井上", "木村", "林",   "斎藤", "清水", "山崎", "阿部",
    "森",     "池田",   "橋本", "山下", "石川", "中島", "前田", "藤田", "後藤", "小川", "岡田",
    "長谷川", "村上",   "近藤", "石井", "坂本", "遠藤", "青木", "藤井", "西村", "福田", "太田",
    "三浦",   "岡本",   "松田", "中川", "中野", "原田", "小野", "田村", "竹内", "金子", "和田",
    "中山",   "石田",   "上田", "森田", "原",   "柴田", "酒井", "工藤", "横山", "宮崎", "宮本"};
static const char *const trades[] = {
    "製作所",   "工業",         "商事",         "建設",       "電機",       "運輸",       "食品",
    "農園",     "印刷",         "設計事務所",   "クリニック", "歯科医院",   "システムズ", "精密",
    "化成",     "鉄工所",       "不動産",       "保険事務所", "会計事務所", "酒造",       "醸造",
    "水産",     "木材",         "硝子",         "紙器",       "硬材",       "染織",       "繊維",
    "金属",     "プラスチック", "ソフトウェア", "通信",       "物流",       "倉庫",       "自動車",
    "整備工場", "ガス",         "水道設備",     "薬局",       "旅館"};
static const char *const forms[] = {"株式会社", "株式会社", "株式会社", "(株)",
                                    "㈱",       "有限会社", "合同会社"};
static const char *const given[] = {"太郎", "花子", "一郎", "洋子", "健",
                                    "誠",   "直子", "愛",   "翔",   "葵"};
static const char *const types[] = {"ransomware",       "account_takeover", "defacement", "malware",
                                    "information_leak", "support_scam",     "ddos",       "other"};
static const char *const domains[] = {"example", "co.example", "ne.example", "or.example"};

/* --- a case ------------------------------------------------------------------------------------------------------- */

typedef void emit_fn(void *target, int topic, const struct event *event);

typedef void whole_fn(void *target, const char *case_id, json_t *state, json_t *extraction,
                      json_t *escalation);

struct maker {
    emit_fn *emit;   /* record by record, or */
    whole_fn *whole; /* the case as it stands at the end */
    void *target;
    int64_t now_us;
    int events;
    char case_id[IDS_UUID_SIZE];
    json_t *state;
    bool needle;
    unsigned ordinal; /* of the needle */
};

static void send(struct maker *maker, int topic, const char *type, json_t *data)
{
    char id[IDS_UUID_SIZE], time[CLOCK_TEXT_SIZE];
    struct buf value;
    buf_init(&value, 1024 * 1024);
    event_dump_json(data, &value);
    ids_uuid7(maker->now_us, id);
    clock_format_us(maker->now_us, time);
    struct event event = {.id = id,
                          .type = (char *)(uintptr_t)type,
                          .time = time,
                          .time_us = maker->now_us,
                          .key = maker->case_id,
                          .subject = maker->case_id,
                          .value = value.data,
                          .value_length = value.length,
                          .data = data};
    if (topic == 0) {
        struct case_verdict verdict = case_apply(maker->state, &event);
        if (verdict.refusal != CASE_ACCEPTED) {
            fprintf(stderr, "%s: %s %s\n", type, verdict.pointer, verdict.why.text);
            abort();
        }
    }
    maker->emit(maker->target, topic, &event);
    buf_free(&value);
    json_decref(data);
    maker->now_us += 1000000;
    maker->events++;
}

static void send_event(struct maker *maker, const char *type, json_t *members)
{
    json_t *head = json_object_get(maker->state, "head");
    unsigned who = maker->needle ? 77 : chance(8);
    json_t *data = json_pack(
        "{s:o, s:{s:o, s:s}, s:i}", "extends", head ? json_incref(head) : json_null(), "actor",
        "id", json_sprintf("operator-%u", who), "role", "operator", "rules", CASE_RULES_VERSION);
    json_object_update(data, members);
    json_decref(members);
    send(maker, 0, type, data);
}

static json_t *company(const struct maker *maker)
{
    const char *family = ONE_OF(families), *trade = ONE_OF(trades), *place = ONE_OF(places);
    const char *form = ONE_OF(forms);
    if (maker->needle)
        return json_string(maker->ordinal % 2 ? "株式会社霞窓ミ﨑精機" : "綴鵬ﾐ崎精機㈱");
    switch (chance(4)) {
    case 0:
        return json_sprintf("%s%s%s", form, family, trade);
    case 1:
        return json_sprintf("%s%s%s", place, trade, form);
    case 2:
        return json_sprintf("%s %s%s", form, place, trade);
    default:
        return json_sprintf("%s%s%s", place, family, trade);
    }
}

static json_t *phone(const struct maker *maker)
{
    static const char *const areas[] = {"03",  "06",  "011", "022", "045", "052", "075",
                                        "078", "082", "092", "090", "080", "070", "050"};
    unsigned a = chance(10000), b = chance(10000);
    if (maker->needle)
        return json_sprintf("099-9%03u-%04u", maker->ordinal, 4321);
    switch (chance(3)) {
    case 0:
        return json_sprintf("%s-%04u-%04u", ONE_OF(areas), a, b);
    case 1:
        return json_sprintf("%s(%04u)%04u", ONE_OF(areas), a, b);
    default:
        return json_sprintf("%s%04u%04u", ONE_OF(areas), a, b);
    }
}

static json_t *hearing(const struct maker *maker)
{
    unsigned number = chance(100000000);
    bool needle = maker->needle;
    return json_pack(
        "{s:{s:o, s:s, s:o, s:o, s:o}, s:{s:s, s:s, s:s}, s:[{s:o, s:[o], s:s}]}", "contact",
        "company", company(maker), "department", chance(2) ? "総務部" : "情報システム課", "person",
        json_sprintf("%s %s", ONE_OF(families), ONE_OF(given)), "phone", phone(maker), "email",
        needle ? json_sprintf("soumu%u@kasumado.example", maker->ordinal)
               : json_sprintf("user%u@c%u.%s", number, number % 50000, ONE_OF(domains)),
        "incident", "type", needle ? "ddos" : ONE_OF(types), "summary",
        "画面に身代金を求める文が出て、共有フォルダのファイルが開けなくなった。直前に請求書と称する"
        "添付を開いた。",
        "discovered_at", "2026-11-24T09:10:00+09:00", "device", "name",
        json_sprintf("PC-%05u", chance(100000)), "addresses",
        json_sprintf("192.168.%u.%u", chance(256), chance(256)), "os", "Windows 11");
}

static json_t *extraction(const struct maker *maker)
{
    char hash[IDS_SHA256_TEXT_SIZE], text[40];
    snprintf(text, sizeof text, "%u", maker->needle ? 7 : chance(1000000));
    ids_sha256_text(text, strlen(text), hash);
    return json_pack("{s:s, s:n, s:n, s:s, s:[{s:s, s:[o,s], s:[{s:{s:o}, s:{s:s}}]}], s:{}}",
                     "case", maker->case_id, "customer_id", "search", "status", "found", "searches",
                     "status", "found", "pivots",
                     maker->needle ? json_string("203.0.113.77")
                                   : json_sprintf("198.51.%u.%u", chance(256), chance(256)),
                     hash, "samples", "source", "ip",
                     json_sprintf("192.168.%u.%u", chance(256), chance(256)), "event", "original",
                     "date=2026-11-24 time=09:10:00 devname=FG60F logid=0211008192 type=utm "
                     "subtype=virus level=warning",
                     "uploads");
}

static json_t *escalation_status(const struct maker *maker)
{
    return json_pack("{s:s, s:s}", "case", maker->case_id, "state",
                     maker->ordinal % 2 ? "held" : "overdue");
}

/* What the fold would have left, without its records. */
static json_t *whole_state(const struct maker *maker, const char *customer, bool closed)
{
    char number[IDS_CASE_NUMBER_SIZE], time[CLOCK_TEXT_SIZE];
    char head[IDS_SHA256_TEXT_SIZE];
    ids_case_number(maker->case_id, number);
    clock_format_us(maker->now_us, time);
    ids_sha256_text(maker->case_id, strlen(maker->case_id), head);
    json_t *state = json_pack(
        "{s:s, s:s, s:i, s:s, s:s, s:{s:o, s:s}, s:s, s:o, s:i, s:i, s:{s:s, s:s}, s:i, s:[s, s, "
        "s]}",
        "id", maker->case_id, "number", number, "revision", 4, "head", head, "opened_at", time,
        "opened_by", "id", json_sprintf("operator-%u", maker->needle ? 77 : chance(8)), "role",
        "operator", "changed_at", time, "hearing", hearing(maker), "hearing_revision", 1,
        "export_revision", 1, "policy", "text", "端末を隔離し、ログを保全する", "decided_at", time,
        "notes", 1, "events", "0123456789abcdef", "123456789abcdef0", "23456789abcdef01");
    if (customer)
        json_object_set_new(state, "customer_id", json_string(customer));
    if (closed && !maker->needle)
        json_object_set_new(state, "closed",
                            json_pack("{s:s, s:s, s:s, s:i}", "outcome", "resolved", "reason",
                                      "完了", "at", time, "revision", 4));
    return state;
}

static void make_case(struct maker *maker, const char *customer, bool closed)
{
    if (maker->whole) {
        json_auto_t *state = whole_state(maker, customer, closed);
        json_auto_t *found = chance(2) || maker->needle ? extraction(maker) : NULL;
        json_auto_t *escalation = maker->needle ? escalation_status(maker) : NULL;
        maker->whole(maker->target, maker->case_id, state, found, escalation);
        return;
    }
    json_t *opening = json_pack("{s:o, s:b}", "hearing", hearing(maker), "out_of_hours", 0);
    if (customer)
        json_object_set_new(opening, "customer_id", json_string(customer));
    send_event(maker, "case.opened", opening);
    if (chance(2) || maker->needle)
        send(maker, 2, "extraction.updated", extraction(maker));
    if (maker->needle)
        send(maker, 3, "escalation.status", escalation_status(maker));
    send_event(maker, "policy.decided", json_pack("{s:s}", "text", "端末を隔離し、ログを保全する"));
    if (maker->needle)
        return;
    send_event(maker, "note.added", json_pack("{s:s}", "text", "折り返し連絡済み"));
    if (closed)
        send_event(maker, "case.closed",
                   json_pack("{s:s, s:s}", "outcome", "resolved", "reason", "完了"));
}

static void make_cases(struct maker *maker, long count)
{
    long every = count / NEEDLES;
    for (long i = 0; i < count; i++) {
        char customer[24];
        maker->needle = i % every == every / 2;
        maker->ordinal = (unsigned)(i / every);
        maker->now_us = END_US - YEARS_US + YEARS_US / count * i + chance(1000000);
        maker->events = 0;
        maker->state = json_object();
        ids_uuid7(maker->now_us, maker->case_id);
        snprintf(customer, sizeof customer, "C-%06ld", (long)chance((unsigned)(count / 20)));
        /* Of the last month much is still open; a year ago nothing is. */
        bool open = END_US - maker->now_us < 30LL * 24 * 3600 * 1000000 && chance(2);
        make_case(maker, maker->needle ? "NEEDLE" : chance(3) ? customer : NULL, !open);
        json_decref(maker->state);
        if (i % 100000 == 99999)
            fprintf(stderr, "%ld cases\n", i + 1);
    }
}

/* --- into a view ----------------------------------------------------------------------------------------------------- */

struct filler {
    struct view view;
    int64_t offsets[VIEW_TOPICS][PARTITIONS];
    int in_batch;
    int64_t records, fold_us;
};

static enum verdict bury_nothing(const struct kafka_record *record, const char *reason,
                                 struct why *why)
{
    (void)record, (void)why;
    fprintf(stderr, "refused: %s\n", reason);
    abort();
}

static void must(bool done, const struct why *why)
{
    if (done)
        return;
    fprintf(stderr, "%s\n", why->text);
    exit(1);
}

static int64_t cpu_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void fold_event(void *target, int topic, const struct event *event)
{
    struct filler *filler = target;
    struct why why = {0};
    char type_text[96];
    struct event_headers headers;
    event_headers_make(event->type, event->id, "/kakekomi/bench", event->time, event->subject, NULL,
                       type_text, &headers);
    int32_t partition = kafka_partition_of(bytes_of(event->key), PARTITIONS);
    struct kafka_record record = {
        .topic = topics_full_name(view_topics[topic]),
        .at = {.partition = partition, .offset = filler->offsets[topic][partition]++},
        .key = bytes_of(event->key),
        .value = {.data = event->value, .length = event->value_length},
        .header_count = headers.count};
    memcpy(record.headers, headers.list, headers.count * sizeof *headers.list);
    int64_t began_us = cpu_us();
    if (filler->in_batch == 0)
        must(view_sql(filler->view.writer, "BEGIN IMMEDIATE", &why), &why);
    must(view_store_record(&filler->view, topic, &record, &why) == VERDICT_OK, &why);
    filler->in_batch = (filler->in_batch + 1) % BATCH;
    if (filler->in_batch == 0)
        must(view_sql(filler->view.writer, "COMMIT", &why), &why);
    filler->fold_us += cpu_us() - began_us;
    filler->records++;
}

static void open_view(struct view *view, const char *folder)
{
    struct why why = {0};
    view->partitions = PARTITIONS;
    view->bury = bury_nothing;
    pthread_mutex_init(&view->readers_lock, NULL);
    pthread_cond_init(&view->reader_free, NULL);
    must(view_store_open(view, folder, "bench", &why) == VERDICT_OK, &why);
    view->begun_anew = false; /* whatever is refused is to be told */
    atomic_store(&view->ready, true);
}

static void bind_json(sqlite3_stmt *statement, int place, const json_t *value)
{
    CLEANUP(mem_free) char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
    view_bind_text(statement, place, text);
}

static void store_whole(void *target, const char *case_id, json_t *state, json_t *extraction,
                        json_t *escalation)
{
    struct filler *filler = target;
    struct why why = {0};
    struct stored_case stored = {
        .id = case_id, .state = state, .extraction = extraction, .escalation = escalation};
    int64_t began_us = cpu_us();
    if (filler->in_batch == 0)
        must(view_sql(filler->view.writer, "BEGIN IMMEDIATE", &why), &why);
    must(view_index_case(&filler->view, &stored), &why);
    sqlite3_stmt *statement = view_write(
        &filler->view,
        "INSERT INTO cases (id, state, extraction, escalation, seq) VALUES (?1,?2,?3,?4,?5)");
    view_bind_text(statement, 1, case_id);
    bind_json(statement, 2, state);
    bind_json(statement, 3, extraction);
    bind_json(statement, 4, escalation);
    sqlite3_bind_int64(statement, 5, stored.seq);
    must(view_run(statement), &why);
    view_done(&statement);
    filler->in_batch = (filler->in_batch + 1) % BATCH;
    if (filler->in_batch == 0)
        must(view_sql(filler->view.writer, "COMMIT", &why), &why);
    filler->fold_us += cpu_us() - began_us;
    filler->records++;
}

static void tell_nobody(const struct view_change *change)
{
    (void)change;
}

static int fill(const char *folder, long count, bool by_records)
{
    static const struct view_follower follower = {.changed = tell_nobody};
    static struct filler filler = {.view.follower = &follower};
    struct why why = {0};
    struct stat file;
    CLEANUP(mem_free) char *path = mem_printf("%s/view.sqlite", folder);
    struct maker maker = {.emit = by_records ? fold_event : NULL,
                          .whole = by_records ? NULL : store_whole,
                          .target = &filler};
    mkdir(folder, 0700);
    open_view(&filler.view, folder);
    make_cases(&maker, count);
    if (filler.in_batch)
        must(view_sql(filler.view.writer, "COMMIT", &why), &why);
    must(view_sql(filler.view.writer, "PRAGMA wal_checkpoint(TRUNCATE)", &why), &why);
    must(stat(path, &file) == 0, &why);
    printf("{\"cases\": %ld, \"records\": %" PRId64 ", \"cpu_s\": %.1f, \"cases_per_cpu_s\": %.0f, "
           "\"bytes_per_case\": %.0f}\n",
           count, filler.records, (double)filler.fold_us / 1e6,
           (double)count / ((double)filler.fold_us / 1e6), (double)file.st_size / (double)count);
    return 0;
}

/* --- into topics --------------------------------------------------------------------------------------------------- */

static void count_delivery(void *context, const struct kafka_delivery *delivery)
{
    (void)context;
    if (delivery->verdict != VERDICT_OK) {
        fprintf(stderr, "not delivered: %s\n", delivery->why);
        exit(1);
    }
}

static void produce_event(void *target, int topic, const struct event *event)
{
    struct why why = {0};
    char type_text[96];
    struct event_headers headers;
    event_headers_make(event->type, event->id, "/kakekomi/bench", event->time, event->subject, NULL,
                       type_text, &headers);
    struct kafka_output output = {.topic = topics_full_name(view_topics[topic]),
                                  .partition = -1,
                                  .key = bytes_of(event->key),
                                  .value = {.data = event->value, .length = event->value_length},
                                  .headers = headers.list,
                                  .header_count = headers.count};
    while (kafka_produce(target, &output, count_delivery, NULL, &why) != VERDICT_OK) {
        const struct timespec pause = {.tv_nsec = 5000000};
        nanosleep(&pause, NULL);
    }
}

static int produce(long count)
{
    struct kafka_config kafka = {.brokers = getenv("KAKEKOMI_KAFKA_BROKERS"),
                                 .certificate_file = getenv("KAKEKOMI_KAFKA_CERT_FILE"),
                                 .key_file = getenv("KAKEKOMI_KAFKA_KEY_FILE"),
                                 .ca_file = getenv("KAKEKOMI_KAFKA_CA_FILE"),
                                 .client_id = "finding-bench"};
    const char *topic = topics_full_name("cases");
    struct kafka_producer *producer;
    struct why why = {0};
    must(kafka_producer_open(&kafka, &topic, 1, &producer, &why) == VERDICT_OK, &why);
    struct maker maker = {.emit = produce_event, .target = producer};
    make_cases(&maker, count);
    kafka_producer_close(producer, clock_monotonic_ms() + 60000);
    return 0;
}

/* --- questions ----------------------------------------------------------------------------------------------------- */

static const struct question {
    const char *name;
    struct view_query query;
    const char *q; /* %-words are filled from a case at random */
} questions[] = {
    {"the newest", {0}, NULL}, {"status: most are", {.status = "closed"}, NULL},
    {"status: 20 or few more are", {.status = "policy", .to_us = END_US - YEARS_US / 100}, NULL},
    {"operator, one of 8", {.operator= "operator-3" }, NULL},
     {"operator with 20", {.operator= "operator-77" }, NULL},
      {"type", {.type = "ransomware"}, NULL}, {"customer with 20", {.customer = "NEEDLE"}, NULL},
      {"held", {.held = true}, NULL}, {"overdue", {.overdue = true}, NULL},
      {"open", {.open = true}, NULL}, {"attention", {.attention = true}, NULL},
      {"open, operator with 20", {.open = true, .operator= "operator-77" }, NULL},
       {"open and closed: none", {.open = true, .status = "closed"}, NULL},
       {"status, operator, type: full page",
        {.status = "closed", .operator= "operator-3", .type = "malware"},
        NULL},
       {"operator, type: 20", {.operator= "operator-77", .type = "ddos"}, NULL},
       {
           "status, operator: none",
           {.status = "closed", .operator= "operator-77" }, NULL},
           {"a month five years ago",
            {.from_us = END_US - YEARS_US / 2, .to_us = END_US - YEARS_US / 2 + YEARS_US / 40},
            NULL},
           {"closed in a month, five years ago",
            {.closed = true,
             .closed_from_us = END_US - YEARS_US / 2,
             .closed_to_us = END_US - YEARS_US / 2 + YEARS_US / 120},
            NULL},
           {"q: number", {0}, "%number"},
           {"q: number without dashes", {0}, "%plain"},
           {"q: telephone", {0}, "%phone"},
           {"q: telephone, its first seven digits", {0}, "099-9000"},
           {"q: telephone, last four of 20", {0}, "4321 霞窓"},
           {"q: e-mail", {0}, "%email"},
           {"q: e-mail, its beginning", {0}, "soumu1@kasum"},
           {"q: e-mail, its domain, 20", {0}, "kasumado.example"},
           {"q: address of 20", {0}, "203.0.113.77"},
           {"q: hash of 20",
            {0},
            "7902699be42c8a8e46fbbb4501726517e86b22c56a189f7625a6da49081b2451"},
           {"q: company, 10", {0}, "霞窓ﾐ崎精機"},
           {"q: company, two characters, 10", {0}, "綴鵬"},
           {"q: company, two words, 10", {0}, "株式会社 霞窓"},
           {"q: company, part of many", {0}, "製作所"},
           {"q: company, two characters of many", {0}, "大阪"},
           {"q: legal form, most have it", {0}, "株式会社"},
           {"q: one character, its beginning", {0}, "森"},
           {"q: none", {0}, "鵬綴機"},
           {"q: none, of frequent parts", {0}, "所作製"},
           {"q: two frequent words", {0}, "株式会社 製作所"},
           {"q of many, held", {.held = true}, "精機"},
           {"q of many, customer with 20", {.customer = "NEEDLE"}, "株式会社"},
           {"q of few, status most have", {.status = "policy"}, "霞窓"},
           {"q of many, operator and type many have",
            {.operator= "operator-3", .type = "malware"},
            "株式会社"},
           {"q of many, a quarter",
            {.from_us = END_US - YEARS_US / 2, .to_us = END_US - YEARS_US / 2 + YEARS_US / 40},
            "株式会社"},
           {"a page in the middle", {.cursor = "%cursor"}, NULL},
           {"q of many, a page in the middle", {.cursor = "%cursor"}, "製作所"},
      };

struct took {
    int64_t us, cpu_us;
};

static char *random_case(struct view *view, int64_t *ret_seq)
{
    CLEANUP(view_finalize)
    sqlite3_stmt *statement =
        view_prepare(view->writer, "SELECT l.seq, c.state FROM lines AS l JOIN cases AS c ON c.id "
                                   "= l.id WHERE l.seq >= ?1 ORDER BY l.seq LIMIT 1");
    int64_t at_us = END_US - YEARS_US + YEARS_US / 1000000 * (int64_t)chance(990000);
    sqlite3_bind_int64(statement, 1, (at_us - 1577836800000000) * 8);
    assert(sqlite3_step(statement) == SQLITE_ROW);
    *ret_seq = sqlite3_column_int64(statement, 0);
    return mem_strdup((const char *)sqlite3_column_text(statement, 1));
}

static char *fill_word(struct view *view, const char *word)
{
    int64_t seq;
    CLEANUP(mem_free) char *text = random_case(view, &seq);
    json_auto_t *state = json_loads(text, 0, NULL);
    json_t *contact = json_object_get(json_object_get(state, "hearing"), "contact");
    if (strcmp(word, "%cursor") == 0)
        return mem_printf("%" PRId64, seq);
    if (strcmp(word, "%phone") == 0 || strcmp(word, "%email") == 0)
        return mem_strdup(json_string_value(json_object_get(contact, word + 1)));
    char *number = mem_strdup(json_string_value(json_object_get(state, "number"))), *end = number;
    if (strcmp(word, "%plain") == 0) {
        for (const char *at = number; *at; at++)
            if (*at != '-')
                *end++ = *at;
        *end = '\0';
    }
    return number;
}

static size_t ask(struct view *view, const struct question *question, struct took *ret_took)
{
    struct why why = {0};
    json_auto_t *page = NULL;
    CLEANUP(words_clear) struct words_question words = {0};
    struct view_query query = question->query;
    CLEANUP(mem_free)
    char *q =
        question->q && *question->q == '%' ? fill_word(view, question->q) : mem_strdup(question->q);
    CLEANUP(mem_free) char *cursor = query.cursor ? fill_word(view, query.cursor) : NULL;
    query.limit = 50;
    query.cursor = cursor;
    if (!query.to_us)
        query.to_us = INT64_MAX;
    int64_t began_us = clock_now_us(), cpu_before_us = cpu_us();
    if (q) {
        must(words_read(q, &words, &why) == VERDICT_OK, &why);
        query.question = &words;
    }
    must(view_list(view, &query, &page, &why) == VERDICT_OK, &why);
    CLEANUP(mem_free) char *answer = json_dumps(page, JSON_COMPACT);
    assert(answer);
    *ret_took = (struct took){.us = clock_now_us() - began_us, .cpu_us = cpu_us() - cpu_before_us};
    return json_array_size(json_object_get(page, "cases"));
}

/* The last whole day: as many cases as a day has, however many there are in all. */
static size_t ask_day(struct view *view, struct took *ret_took)
{
    const int64_t day_us = 24LL * 3600 * 1000000;
    struct why why = {0};
    json_auto_t *numbers = NULL;
    int64_t began_us = clock_now_us(), cpu_before_us = cpu_us();
    must(view_day(view, END_US - day_us, END_US, END_US, &numbers, &why) == VERDICT_OK, &why);
    CLEANUP(mem_free) char *answer = json_dumps(numbers, JSON_COMPACT);
    assert(answer);
    *ret_took = (struct took){.us = clock_now_us() - began_us, .cpu_us = cpu_us() - cpu_before_us};
    return (size_t)json_integer_value(json_object_get(numbers, "opened"));
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void add_times(json_t *answer, const char *name, int64_t *times, int rounds)
{
    qsort(times, (size_t)rounds, sizeof *times, by_size);
    json_object_set_new(answer, name,
                        json_pack("{s:f, s:f}", "p50_ms", (double)times[rounds / 2] / 1000,
                                  "p99_ms", (double)times[rounds * 99 / 100] / 1000));
}

static int ask_all(const char *folder, int rounds)
{
    static struct view view;
    CLEANUP(mem_free) int64_t *times = mem_alloc((size_t)rounds * sizeof *times);
    CLEANUP(mem_free) int64_t *cpu = mem_alloc((size_t)rounds * sizeof *cpu);
    open_view(&view, folder);
    json_auto_t *all = json_object();
    for (size_t i = 0; i <= COUNT_OF(questions); i++) {
        const struct question *question = i < COUNT_OF(questions) ? &questions[i] : NULL;
        size_t found = 0;
        for (int round = -3; round < rounds; round++) {
            struct took took;
            found = question ? ask(&view, question, &took) : ask_day(&view, &took);
            if (round < 0)
                continue;
            times[round] = took.us;
            cpu[round] = took.cpu_us;
        }
        json_t *answer = json_pack("{s:I}", "found", (json_int_t)found);
        add_times(answer, "wall", times, rounds);
        add_times(answer, "cpu", cpu, rounds);
        json_object_set_new(all, question ? question->name : "the numbers of the day", answer);
    }
    json_dumpf(all, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(4));
    putchar('\n');
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "fill") == 0)
        return fill(argv[2], atol(argv[3]), false);
    if (argc == 4 && strcmp(argv[1], "fold") == 0)
        return fill(argv[2], atol(argv[3]), true);
    if (argc == 3 && strcmp(argv[1], "produce") == 0)
        return produce(atol(argv[2]));
    if (argc == 4 && strcmp(argv[1], "ask") == 0)
        return ask_all(argv[2], atoi(argv[3]));
    fprintf(stderr, "fill FOLDER CASES | fold FOLDER CASES | produce CASES | ask FOLDER ROUNDS\n");
    return 100;
}
