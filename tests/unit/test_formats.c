/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines: headers, tokenizers, detections, event time, and what touches a case. Where the folder of real lines stands
 * beside the source, those too. */
#include "common/clock.h"
#include "services/triage/detection.h"
#include "services/triage/ecs.h"
#include "services/triage/subject.h"
#include "services/triage/time_text.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void expect_field(const char *line, enum field field, const char *value)
{
    CLEANUP(parsed_clear) struct parsed parsed;
    format_parse(bytes_of(line), &parsed);
    CLEANUP(mem_free) char *got = mem_dup(parsed.fields[field].data, parsed.fields[field].length);
    assert_string_equal(got, value);
}

static void expect_format(const char *line, const char *name)
{
    CLEANUP(parsed_clear) struct parsed parsed;
    format_parse(bytes_of(line), &parsed);
    assert_string_equal(parsed.format ? parsed.format->name : "none", name);
}

#define FORTIGATE                                                                                  \
    "date=2026-11-24 time=15:00:00 devname=\"gate-1\" devid=\"FGT60F\" "                           \
    "eventtime=1795500000123456789 tz=\"+0900\" "                                                  \
    "logid=\"0211008192\" type=\"utm\" subtype=\"virus\" eventtype=\"infected\" "                  \
    "level=\"warning\" srcip=192.168.1.33 "                                                        \
    "srcport=50000 dstip=203.0.113.5 proto=6 action=\"blocked\" virus=\"EICAR\" "                  \
    "user=\"EXAMPLE\\\\taro\" "                                                                    \
    "msg=\"File \\\"a b.exe\\\" is infected.\""

static void headers_are_stripped(void **state)
{
    (void)state;
    static const struct {
        const char *line, *message, *host, *app;
    } rows[] = {
        {"<134>Aug  5 12:34:56 fw-1 sshd[12]: hello there", "hello there", "fw-1", "sshd"},
        {"Aug 15 12:34:56 fw-1 su: hello", "hello", "fw-1", "su"},
        {"<134> Aug  5 12:34:56 fw-1 a=1 b=2", "a=1 b=2", "fw-1", ""},
        {"<134>1 2026-11-24T06:00:00Z fw-1 app 12 ID [x y=\"]\\]\"] text", "text", "fw-1", "app"},
        {"<134>1 - - - - - - text", "text", "-", "-"},
        {"<134>date=2026-11-24 x=1", "date=2026-11-24 x=1", "", ""},
        {"2026-11-24T06:00:00Z fw-1 app: text", "text", "fw-1", "app"},
        {"Aug  5 12:34:56 CEF:0|a|b|1|2|c|5|", "CEF:0|a|b|1|2|c|5|", "", ""},
        {"no header at all", "no header at all", "", ""},
        {"<99999>x", "<99999>x", "", ""},
        {"<1>", "", "", ""},
        {"", "", "", ""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct syslog_header header;
        struct bytes message = syslog_strip(bytes_of(rows[i].line), &header);
        assert_true(bytes_equal_text(message, rows[i].message));
        assert_true(header.host.length == strlen(rows[i].host) &&
                    (!header.host.length || bytes_equal_text(header.host, rows[i].host)));
        assert_true(header.app.length == strlen(rows[i].app) &&
                    (!header.app.length || bytes_equal_text(header.app, rows[i].app)));
    }
}

static void fortigate_lines_are_read(void **state)
{
    (void)state;
    expect_format(FORTIGATE, "fortigate");
    expect_format("<134> Nov 24 15:00:00 gate-1 " FORTIGATE, "fortigate");
    expect_field(FORTIGATE, FIELD_SOURCE_IP, "192.168.1.33");
    expect_field(FORTIGATE, FIELD_TRANSPORT, "tcp");
    expect_field(FORTIGATE, FIELD_RULE, "EICAR");
    expect_field(FORTIGATE, FIELD_USER, "EXAMPLE\\taro");
    expect_field(FORTIGATE, FIELD_MESSAGE, "File \"a b.exe\" is infected.");
    expect_field("date=2026-11-24 time=15:00:00 logid=1 type=utm msg=\"cut here", FIELD_MESSAGE,
                 "cut here");
    expect_field("date=2026-11-24 time=15:00:00 logid=1 type=utm user=\"N/A\" user=taro",
                 FIELD_USER, "taro");
}

static void cef_lines_are_read(void **state)
{
    (void)state;
    static const char line[] = "Nov 24 15:00:00 host CEF:0|Ven\\|dor|Product|1.0|201|Threat "
                               "Detected|7|src=10.0.0.100 spt=52331 "
                               "msg=a\\=b and c\\\\d request=http://x.example/?a=1 act=blocked "
                               "fileHash=d41d8cd98f00b204e9800998ecf8427e";
    expect_format(line, "cef");
    expect_field(line, FIELD_VENDOR, "Ven|dor");
    expect_field(line, FIELD_SOURCE_IP, "10.0.0.100");
    expect_field(line, FIELD_MESSAGE, "a=b and c\\d");
    expect_field(line, FIELD_MD5, "d41d8cd98f00b204e9800998ecf8427e");
    expect_field(line, FIELD_ACTION, "blocked");
    expect_field("CEF:0|", FIELD_VENDOR, "");
    expect_field("CEF:0|a|b|1|2|c|5|msg=one two three", FIELD_MESSAGE, "one two three");
}

static void eve_lines_are_read(void **state)
{
    (void)state;
    static const char line[] = "{\"timestamp\":\"2026-11-24T06:00:00.5+0000\",\"event_type\":"
                               "\"alert\",\"src_ip\":\"192.168.1.33\",\"src_port\":4711,"
                               "\"alert\":{\"action\":\"allowed\",\"signature\":\"ET \\\"x\\\" "
                               "\\u65e5\\ud83d\\ude00\\u0000\\ud800\",\"severity\":1},"
                               "\"dns\":{\"queries\":[{\"rrname\":\"a.example\"},{\"rrname\":\"b."
                               "example\"}]},\"a\":[[1,2],{}]}";
    expect_format(line, "suricata");
    expect_field(line, FIELD_RULE, "ET \"x\" 日😀\xef\xbf\xbd\xef\xbf\xbd");
    expect_field(line, FIELD_SOURCE_PORT, "4711");
    expect_field(line, FIELD_DNS, "a.example");
    for (size_t length = strlen(line); length > 0; length--) {
        CLEANUP(mem_free) char *cut = mem_dup(line, length);
        CLEANUP(parsed_clear) struct parsed parsed;
        format_parse((struct bytes){cut, length}, &parsed);
        if (length > 200)
            assert_true(bytes_equal_text(parsed.fields[FIELD_SOURCE_IP], "192.168.1.33"));
    }
}

static void squid_lines_are_read(void **state)
{
    (void)state;
    static const char line[] = "1795500000.123    250 192.168.1.33 TCP_DENIED/403 3900 CONNECT "
                               "evil.example:443 taro HIER_NONE/- text/html";
    expect_format(line, "squid");
    expect_field(line, FIELD_DOMAIN, "evil.example");
    expect_field(line, FIELD_STATUS, "403");
    expect_field(line, FIELD_USER, "taro");
    expect_field("1795500000.123 250 192.168.1.33 TCP_MISS/200 39 GET http://a.example:8080/x - "
                 "HIER_DIRECT/203.0.113.5 text/html",
                 FIELD_DESTINATION_IP, "203.0.113.5");
    expect_format("1795500000.123 words only", "none");
}

static void detections_are_judged(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int severity;
        const char *action, *what;
    } rows[] = {
        {FORTIGATE, 80, "blocked", "EICAR"},
        {"date=2026-11-24 time=1 logid=1 type=traffic subtype=forward action=deny srcip=1.2.3.4", 0,
         NULL, ""},
        {"date=2026-11-24 time=1 logid=1 type=utm subtype=ips severity=critical action=dropped "
         "attack=X.Y",
         95, "blocked", "X.Y"},
        {"date=2026-11-24 time=1 logid=1 type=utm subtype=ips severity=low action=detected "
         "attack=X",
         40, "detected", "X"},
        {"date=2026-11-24 time=1 logid=1 type=utm subtype=virus eventtype=analytics "
         "action=analytics",
         0, NULL, ""},
        {"date=2026-11-24 time=1 logid=1 type=utm subtype=webfilter action=passthrough "
         "catdesc=\"Information Technology\"",
         0, NULL, ""},
        {"date=2026-11-24 time=1 logid=1 type=utm subtype=webfilter action=blocked "
         "catdesc=\"Malicious Websites\"",
         60, "blocked", "Malicious Websites"},
        {"{\"timestamp\":\"x\",\"event_type\":\"alert\",\"alert\":{\"severity\":2,\"signature\":"
         "\"S\",\"action\":\"allowed\"}}",
         70, "allowed", "S"},
        {"{\"timestamp\":\"x\",\"event_type\":\"flow\",\"alert\":{\"severity\":2}}", 0, NULL, ""},
        {"CEF:0|V|P|1|1|Malware found|9|act=Quarantine", 90, "quarantined", "Malware found"},
        {"CEF:0|V|P|1|1|Admin logged in|1|", 0, NULL, ""},
        {"CEF:0|V|P|1|1|Anything|Very-High|", 95, "detected", "Anything"},
        {"1795500000.123 250 192.168.1.33 TCP_DENIED/403 39 CONNECT e.example:443 - HIER_NONE/- -",
         20, "blocked", "access"},
        {"1795500000.123 250 192.168.1.33 TCP_DENIED/407 39 CONNECT e.example:443 - HIER_NONE/- -",
         0, NULL, ""},
        {"something unknown with virus", 0, NULL, ""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(parsed_clear) struct parsed parsed;
        struct finding finding;
        format_parse(bytes_of(rows[i].line), &parsed);
        detection_judge(&parsed, &finding);
        assert_int_equal(finding.severity, rows[i].severity);
        assert_int_equal(finding.detection, rows[i].severity > 0);
        if (rows[i].action)
            assert_string_equal(finding.action, rows[i].action);
        if (rows[i].severity && strcmp(rows[i].what, "access") != 0)
            assert_string_equal(finding.what, rows[i].what);
    }
}

static void times_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *header, *line;
        int64_t seconds;
        enum event_time_source source;
    } rows[] = {
        {NULL, FORTIGATE, 1795500000, EVENT_TIME_LINE},
        {NULL, "date=2026-11-24 time=15:00:00 logid=1 type=utm", 1795500000, EVENT_TIME_LINE},
        {NULL, "date=2026-11-24 time=06:00:00 logid=1 type=utm tz=\"+0000\"", 1795500000,
         EVENT_TIME_LINE},
        {NULL, "{\"timestamp\": \"2026-11-24T06:00:00.000000+0000\",\"event_type\":\"x\"}",
         1795500000, EVENT_TIME_LINE},
        {NULL, "CEF:0|a|b|1|2|c|5|rt=1795500000000 src=1.1.1.1", 1795500000, EVENT_TIME_LINE},
        {NULL, "1795500000.000 250 192.168.1.33 TCP_MISS/200 39 GET http://a/ - H/- -", 1795500000,
         EVENT_TIME_LINE},
        {NULL, "<134>Nov 24 15:00:00 fw-1 anything", 1795500000, EVENT_TIME_LINE},
        {NULL, "<134>1 2026-11-24T15:00:00+09:00 fw-1 app - - - anything", 1795500000,
         EVENT_TIME_LINE},
        {NULL, "2026-11-24 15:00:00\treason=Allowed", 1795500000, EVENT_TIME_LINE},
        {NULL, "2026/11/24 15:00:00 anything", 1795500000, EVENT_TIME_LINE},
        {"2026-11-24T05:00:00Z", FORTIGATE, 1795496400, EVENT_TIME_HEADER},
        {"nonsense", FORTIGATE, 1795500000, EVENT_TIME_LINE},
        {"2020-01-01T00:00:00Z", FORTIGATE, 1795503600, EVENT_TIME_DISBELIEVED},
        {NULL, "date=2030-11-24 time=15:00:00 logid=1 type=utm", 1795503600,
         EVENT_TIME_DISBELIEVED},
        {NULL, "nothing at all", 1795503600, EVENT_TIME_APPEND},
        {NULL, "", 1795503600, EVENT_TIME_APPEND},
    };
    time_text_set_zone(9 * 3600);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        enum event_time_source source;
        int64_t append_us = INT64_C(1795503600) * 1000000;
        int64_t time_us =
            event_time_of(bytes_of(rows[i].header), bytes_of(rows[i].line), append_us, &source);
        assert_int_equal(source, rows[i].source);
        assert_int_equal(time_us / 1000000, rows[i].seconds);
    }
}

/* New Year's Eve is last year's once it is January. */
static void years_are_guessed_from_the_append(void **state)
{
    (void)state;
    int64_t time_us,
        append_us = (clock_days_from_civil(2027, 1, 1) * 86400 + 3600) * INT64_C(1000000);
    char text[CLOCK_TEXT_SIZE];
    assert_true(time_text_read(bytes_of("Dec 31 23:59:59"), append_us, &time_us));
    clock_format_us(time_us, text);
    assert_string_equal(text, "2026-12-31T14:59:59.000000Z");
}

static void devices_are_met(void **state)
{
    (void)state;
    json_auto_t *devices = json_loads("[{\"name\":\"PC-07\",\"addresses\":[\"192.168.1.33\",\"10.1."
                                      "0.0/16\",\"2001:db8::1\"],\"mac\":\"84-78-48-80-0D-86\"},"
                                      "\"taro\",\"tanaka\",{\"name\":\"unknown\"}]",
                                      0, NULL);
    static const struct {
        const char *line, *device;
    } rows[] = {
        {FORTIGATE, "PC-07"},
        {"date=1 time=1 logid=1 type=traffic srcip=192.168.1.3 user=\"EXAMPLE\\\\taro\"", "taro"},
        {"date=1 time=1 logid=1 type=traffic srcip=192.168.1.3 user=kintaro", NULL},
        {"date=1 time=1 logid=1 type=traffic user=\"TANAKA-KK\\\\tanaka\"", "tanaka"},
        {"date=1 time=1 logid=1 type=traffic user=\"TANAKA-KK\\\\tanaka2\"", NULL},
        {"date=1 time=1 logid=1 type=traffic dstip=10.1.200.3", "PC-07"},
        {"date=1 time=1 logid=1 type=traffic dstip=10.2.0.1", NULL},
        {"date=1 time=1 logid=1 type=traffic srcip=2001:db8:0::1", "PC-07"},
        {"date=1 time=1 logid=1 type=traffic srcmac=\"84:78:48:80:0d:86\"", "PC-07"},
        {"date=1 time=1 logid=1 type=traffic srcname=\"pc-07.example.co.jp\"", "PC-07"},
        {"<44>1 2026-11-24T06:00:00Z h CylancePROTECT - - - Event Type: Threat, IP Address: "
         "(192.168.1.33), Device Name: x",
         "PC-07"},
        {"<44>1 2026-11-24T06:00:00Z h CylancePROTECT - - - Event Type: Device, MAC Address: "
         "(84-78-48-80-0D-86)",
         "PC-07"},
        {"unheard-of product: 192.168.1.33 said so", "PC-07"},
        {"unheard-of product: 192.168.1.330 said so", NULL},
        {"unheard-of product: 1.192.168.1.33 said so", NULL},
        {"unheard-of product: host PC-071", NULL},
        {"unheard-of product: host pc-07.", "PC-07"},
    };
    CLEANUP(subject_free_at) struct subject *subject = subject_new(devices, NULL, NULL);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(parsed_clear) struct parsed parsed;
        format_parse(bytes_of(rows[i].line), &parsed);
        const char *device = subject_touches(subject, &parsed);
        assert_string_equal(device ? device : "none", rows[i].device ? rows[i].device : "none");
    }
}

static void indicators_come_from_outside_only(void **state)
{
    (void)state;
    CLEANUP(subject_free_at) struct subject *subject = subject_new(NULL, NULL, NULL);
    CLEANUP(parsed_clear) struct parsed parsed;
    format_parse(bytes_of(FORTIGATE), &parsed);
    subject_learn(subject, &parsed);
    subject_learn(subject, &parsed);
    json_auto_t *list = subject_indicators(subject);
    assert_int_equal(json_array_size(list), 1);
    assert_string_equal(json_string_value(json_array_get(list, 0)), "203.0.113.5");
    assert_true(subject_mentions(subject, bytes_of("x 203.0.113.5:80")));
    assert_false(subject_mentions(subject, bytes_of("x 203.0.113.50")));
}

static void lines_become_json(void **state)
{
    (void)state;
    static const struct {
        const char *line, *original;
    } rows[] = {
        {"plain \"text\" \\ \x01", "plain \"text\" \\ \x01"},
        {"日本語", "日本語"},
        {"\x83\x45\x83\x43\x83\x8b\x83\x58", "ウイルス"}, /* CP932 */
        {"bad \xff\xfe", "bad \xef\xbf\xbd\xef\xbf\xbd"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(parsed_clear) struct parsed parsed;
        CLEANUP(buf_free) struct buf out;
        struct finding finding;
        struct logstore_record record = {.line = bytes_of(rows[i].line),
                                         .time_us = INT64_C(1795500000000000)};
        format_parse(record.line, &parsed);
        detection_judge(&parsed, &finding);
        buf_init(&out, 100000);
        ecs_write(
            &(struct ecs_record){
                .record = &record, .parsed = &parsed, .finding = &finding, .reason = ECS_PIVOT},
            65536, &out);
        json_auto_t *json = json_loadb(out.data, out.length, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(json);
        assert_string_equal(json_string_value(json_object_get(json, "event.original")),
                            rows[i].original);
        assert_string_equal(json_string_value(json_object_get(json, "@timestamp")),
                            "2026-11-24T06:00:00.000000Z");
    }
}

/* CP932 stays readable wherever it is cut, and the exact bytes are those of the text beside them. */
static void a_line_in_cp932_is_cut_between_characters(void **state)
{
    (void)state;
    static const char line[] = "a\x83\x45\x83\x43\x83\x8b\x83\x58\xb3\xb2\xd9\xbd";
    static const char *const cut_at[] = {
        [1] = "a",         [2] = "a",           [3] = "aウ",          [4] = "aウ",
        [5] = "aウイ",     [6] = "aウイ",       [7] = "aウイル",      [8] = "aウイル",
        [9] = "aウイルス", [10] = "aウイルスｳ", [11] = "aウイルスｳｲ", [12] = "aウイルスｳｲﾙ",
    };
    static const struct parsed nothing;
    static const struct finding none;
    for (size_t max = 1; max < COUNT_OF(cut_at); max++) {
        CLEANUP(buf_free) struct buf out, again;
        CLEANUP(mem_free) void *exact = NULL;
        size_t length = 0;
        struct logstore_record record = {.line = bytes_of(line)};
        buf_init(&out, 1000);
        buf_init(&again, 1000);
        ecs_write(&(struct ecs_record){.record = &record, .parsed = &nothing, .finding = &none},
                  max, &out);
        json_auto_t *json = json_loadb(out.data, out.length, JSON_REJECT_DUPLICATES, NULL);
        assert_string_equal(json_string_value(json_object_get(json, "event.original")),
                            cut_at[max]);
        assert_true(json_is_true(json_object_get(json, "labels.cut")));
        const json_t *encoded = json_object_get(json, "event.original_base64");
        if (!encoded)
            continue;
        assert_true(base64_decode(json_string_value(encoded), json_string_length(encoded), &exact,
                                  &length));
        assert_true(length <= max);
        ecs_text((struct bytes){exact, length}, &again);
        assert_string_equal(again.data, cut_at[max]);
    }
}

static void a_field_in_cp932_is_cut_between_characters(void **state)
{
    (void)state;
    char name[5001] = "a";
    for (size_t i = 1; i < sizeof name - 1; i += 2)
        memcpy(name + i, "\x83\x45", 2);
    name[sizeof name - 1] = '\0';
    struct parsed parsed = {0};
    parsed.fields[FIELD_SOURCE_HOST] = (struct bytes){name, sizeof name - 2};
    static const struct finding none;
    struct logstore_record record = {.line = bytes_of("a")};
    CLEANUP(buf_free) struct buf out;
    buf_init(&out, 100000);
    ecs_write(&(struct ecs_record){.record = &record, .parsed = &parsed, .finding = &none}, 10,
              &out);
    json_auto_t *json = json_loadb(out.data, out.length, JSON_REJECT_DUPLICATES, NULL);
    const json_t *host = json_object_get(json, field_names[FIELD_SOURCE_HOST]);
    assert_int_equal(json_string_length(host), 1 + 2047 * strlen("ウ"));
    assert_null(strstr(json_string_value(host), "\xef\xbf\xbd"));
}

/* A sample has 16 KiB: a line that has more of fields alone shows what was written all the same. */
static void a_line_whose_fields_blow_up_is_written_bare(void **state)
{
    (void)state;
    char controls[4096];
    memset(controls, 1, sizeof controls);
    struct parsed parsed = {0};
    struct finding finding = {.detection = true, .severity = 90};
    struct logstore_record record = {.line = {controls, sizeof controls},
                                     .time_us = INT64_C(1795500000000000)};
    for (int i = 0; i < FIELD_COUNT; i++)
        parsed.fields[i] = (struct bytes){controls, sizeof controls};
    CLEANUP(buf_free) struct buf out;
    buf_init(&out, 16384);
    buf_add_text(&out, "what stood there before");
    ecs_write_within(
        &(struct ecs_record){.record = &record, .parsed = &parsed, .finding = &finding}, 2048,
        &out);
    assert_false(out.overflowed);
    json_auto_t *json = json_loadb(out.data, out.length, JSON_REJECT_DUPLICATES, NULL);
    assert_int_equal(json_string_length(json_object_get(json, "event.original")), 512);
    assert_true(json_is_true(json_object_get(json, "labels.cut")));
    assert_int_equal(json_integer_value(json_object_get(json, "event.severity")), 90);
}

/* --- real lines --------------------------------------------------------------------------------------------------------- */

struct tally {
    size_t lines, parsed, detections, with_source;
};

static struct tally read_samples(const char *name, const char *format)
{
    struct tally tally = {0};
    CLEANUP(mem_free) char *path = mem_printf("%s/../shared/samples/%s", SOURCE_ROOT, name);
    CLEANUP(mem_free) char *text = NULL;
    size_t length;
    if (!file_read(path, 16 * 1024 * 1024, &text, &length)) {
        print_message("%s: not here, nothing to compare\n", name);
        return tally;
    }
    for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
        CLEANUP(parsed_clear) struct parsed parsed;
        struct finding finding;
        format_parse(bytes_of(line), &parsed);
        detection_judge(&parsed, &finding);
        if (!*line)
            continue;
        tally.lines++;
        tally.parsed += parsed.format && strcmp(parsed.format->name, format) == 0;
        tally.detections += finding.detection;
        tally.with_source += parsed.fields[FIELD_SOURCE_IP].data != NULL;
    }
    print_message("%s: %zu lines, %zu %s, %zu detections, %zu with a source\n", name, tally.lines,
                  tally.parsed, format, tally.detections, tally.with_source);
    return tally;
}

static void real_lines_are_read(void **state)
{
    (void)state;
    struct tally eve = read_samples("suricata_real/eve.json", "suricata");
    if (eve.lines) {
        assert_int_equal(eve.parsed, eve.lines);
        assert_int_equal(eve.detections, 109);
    }
    struct tally fortigate = read_samples("sc4s/fortigate/raw.log", "fortigate");
    assert_true(fortigate.parsed + 1 >= fortigate.lines); /* the last one is of another product */
    struct tally vpn = read_samples("crowdsec/fortinet-vpn-bf/raw.log", "fortigate");
    assert_int_equal(vpn.parsed, vpn.lines);
    assert_int_equal(vpn.with_source, vpn.lines);
    struct tally unifi = read_samples("crowdsec/unifi-cef/raw.log", "unifi");
    assert_int_equal(unifi.parsed, unifi.lines);
    (void)read_samples("crowdsec/suricata-logs-evelog/raw.log", "suricata");
    (void)read_samples("sc4s/trendmicro_deep_security/raw.log", "trendmicro");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_stripped),
        cmocka_unit_test(fortigate_lines_are_read),
        cmocka_unit_test(cef_lines_are_read),
        cmocka_unit_test(eve_lines_are_read),
        cmocka_unit_test(squid_lines_are_read),
        cmocka_unit_test(detections_are_judged),
        cmocka_unit_test(times_are_found),
        cmocka_unit_test(years_are_guessed_from_the_append),
        cmocka_unit_test(devices_are_met),
        cmocka_unit_test(indicators_come_from_outside_only),
        cmocka_unit_test(lines_become_json),
        cmocka_unit_test(a_line_in_cp932_is_cut_between_characters),
        cmocka_unit_test(a_field_in_cp932_is_cut_between_characters),
        cmocka_unit_test(a_line_whose_fields_blow_up_is_written_bare),
        cmocka_unit_test(real_lines_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
