/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/loglines.h"

#include "common/clock.h"
#include "common/util.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DAY_US INT64_C(86400000000)
#define THREATS 48 /* of each kind: all of them together are fewer than a search learns */

static const char *const users[LOGLINES_DEVICES] = {
    "sato",      "sato2",     "suzuki",   "takahashi", "tanaka",  "tanaka-k", "ito",      "itoh",
    "yamada",    "yamamoto",  "nakamura", "kobayashi", "kato",    "yoshida",  "yoshida2", "sasaki",
    "yamaguchi", "matsumoto", "inoue",    "kimura",    "hayashi", "shimizu",  "saito",    "saitoh"};

/* --- chance and text ------------------------------------------------------------------------------------------------ */

static uint64_t next_dice(struct log_line *line) /* splitmix64 */
{
    uint64_t z = line->dice += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static unsigned roll(struct log_line *line, unsigned sides)
{
    return (unsigned)((next_dice(line) >> 32) * sides >> 32);
}

static bool chance(struct log_line *line, unsigned per_thousand)
{
    return roll(line, 1000) < per_thousand;
}

static void say(struct log_line *line, const char *format, ...) PRINTF(2, 3);
static void say(struct log_line *line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length =
        vsnprintf(line->text + line->length, sizeof line->text - line->length, format, args);
    va_end(args);
    line->length += (size_t)length;
}

struct civil {
    int year, month, day, hour, minute, second, ms;
};

static struct civil civil_of(int64_t time_us, int east_s)
{
    struct civil c;
    int64_t local_us = time_us + east_s * INT64_C(1000000);
    clock_civil_from_days(local_us / DAY_US, &c.year, &c.month, &c.day);
    int ms = (int)(local_us % DAY_US / 1000);
    c.hour = ms / 3600000;
    c.minute = ms / 60000 % 60;
    c.second = ms / 1000 % 60;
    c.ms = ms % 1000;
    return c;
}

/* --- who and what ---------------------------------------------------------------------------------------------------- */

void loglines_owner(int32_t customer, char ret_owner[16])
{
    snprintf(ret_owner, 16, "C-%06d", customer);
}

static void make_address(unsigned device, char ret_address[20])
{
    snprintf(ret_address, 20, "192.168.%u.%u", 10 + device % 3, 1 + 5 * (device / 3));
}

static void make_outside(struct log_line *line, bool threat, char ret_address[20])
{
    if (threat)
        snprintf(ret_address, 20, "198.51.100.%u", 1 + roll(line, THREATS));
    else
        snprintf(ret_address, 20, "198.%u.%u.%u", 18 + roll(line, 2), roll(line, 60),
                 1 + roll(line, 254));
}

static void make_domain(struct log_line *line, bool threat, char ret_domain[72])
{
    if (threat)
        snprintf(ret_domain, 72, "bad%u.example.net", 1 + roll(line, THREATS));
    else
        snprintf(ret_domain, 72, "%s%u.example.%s", roll(line, 2) ? "www" : "cdn", roll(line, 3000),
                 roll(line, 2) ? "jp" : "com");
}

static void make_hash(struct log_line *line, bool threat, char ret_hash[72])
{
    uint64_t part = threat ? 1 + roll(line, THREATS) : next_dice(line);
    for (size_t i = 0; i < 4; i++) {
        part = (part ^ part >> 29) * UINT64_C(0xbf58476d1ce4e5b9) + 1;
        snprintf(ret_hash + 16 * i, 17, "%016llx", (unsigned long long)part);
    }
}

struct talk { /* who with whom */
    unsigned device;
    char outside[20], domain[72], hash[72];
    bool threat;
};

/* Now and then somebody speaks with a known evil without a detection: that is what the pivot must find. */
static struct talk begin_talk(struct log_line *line, unsigned detections_per_thousand)
{
    struct talk talk = {.device = roll(line, LOGLINES_DEVICES)};
    line->detection = chance(line, detections_per_thousand);
    talk.threat = line->detection || chance(line, 5);
    make_address(talk.device, line->addresses[0]);
    make_outside(line, talk.threat, talk.outside);
    make_domain(line, talk.threat, talk.domain);
    make_hash(line, talk.threat, talk.hash);
    strcpy(line->addresses[1], talk.outside);
    return talk;
}

static void name_host(struct log_line *line, unsigned device)
{
    snprintf(line->host, sizeof line->host, "PC-%u", device + 1);
}

static void name_user(struct log_line *line, unsigned device)
{
    snprintf(line->user, sizeof line->user, "%s", users[device]);
}

static void name_mac(struct log_line *line, unsigned device)
{
    snprintf(line->mac, sizeof line->mac, "02:00:5e:10:%02x:%02x", device, device * 7);
}

static void write_host(struct log_line *line, unsigned device)
{
    static const char *const domains[] = {"", "", ".corp.example", ".CORP.EXAMPLE"};
    name_host(line, device);
    say(line, "%s-%u%s", roll(line, 2) ? "PC" : "pc", device + 1,
        domains[roll(line, COUNT_OF(domains))]);
}

static void add_sign(struct log_line *line, const char *sign)
{
    size_t i = 0;
    while (line->signs[i][0])
        i++;
    snprintf(line->signs[i], sizeof line->signs[i], "%s", sign);
}

/* --- FortiGate -------------------------------------------------------------------------------------------------------- */

static void fortigate_head(struct log_line *line, int32_t customer)
{
    struct civil c = civil_of(line->time_us, 9 * 3600);
    if (customer % 2)
        say(line, "<189>");
    say(line,
        "date=%04d-%02d-%02d time=%02d:%02d:%02d devname=\"FGT-%04d\" devid=\"FGT60FTK2%07d\" "
        "eventtime=%lld000 tz=\"+0900\" ",
        c.year, c.month, c.day, c.hour, c.minute, c.second, customer, customer * 37 % 9999999,
        (long long)line->time_us);
}

static void fortigate_who(struct log_line *line, unsigned device)
{
    say(line, "srcip=%s ", line->addresses[0]);
    if (chance(line, 600)) {
        say(line, "srcname=\"");
        write_host(line, device);
        say(line, "\" ");
    }
    if (chance(line, 300)) {
        name_user(line, device);
        say(line, chance(line, 500) ? "user=\"%s\" " : "user=\"CORP\\\\%s\" ", line->user);
    }
    say(line, "srcport=%u srcintf=\"internal\" srcintfrole=\"lan\" ", 49152 + roll(line, 16384));
}

static void fortigate_traffic(struct log_line *line, int32_t customer, const struct talk *talk)
{
    static const char *const services[][3] = {{"443", "HTTPS", "SSL"},
                                              {"80", "HTTP", "HTTP.BROWSER"},
                                              {"53", "DNS", "DNS"},
                                              {"123", "NTP", "NTP"}};
    static const char *const actions[] = {"close", "accept", "timeout", "deny"};
    unsigned service = roll(line, 10), bytes = roll(line, 1 << (4 + roll(line, 18)));
    service = service < 7 ? 0 : service - 6;
    say(line, "logid=\"0000000013\" type=\"traffic\" subtype=\"forward\" level=\"notice\" "
              "vd=\"root\" ");
    fortigate_who(line, talk->device);
    say(line,
        "dstip=%s dstport=%s dstintf=\"wan1\" dstintfrole=\"wan\" srccountry=\"Reserved\" "
        "dstcountry=\"%s\" sessionid=%u proto=%d action=\"%s\" policyid=%u policytype=\"policy\" "
        "poluuid=\"%08x-6f1c-51ee-8a4b-%012x\" service=\"%s\" trandisp=\"snat\" "
        "transip=203.0.113.%u transport=%u ",
        line->addresses[1], services[service][0], roll(line, 4) ? "Japan" : "United States",
        (unsigned)(line->time_us / 1000000) + roll(line, 4096), service >= 2 ? 17 : 6,
        actions[roll(line, 20) ? roll(line, 2) : 2 + roll(line, 2)], 1 + roll(line, 6),
        (unsigned)customer * 2654435761u, (unsigned)customer * 40503u, services[service][1],
        1 + (unsigned)customer % 250, 1024 + roll(line, 64000));
    say(line,
        "appid=%u app=\"%s\" appcat=\"Network.Service\" apprisk=\"elevated\" applist=\"default\" "
        "duration=%u sentbyte=%u rcvdbyte=%u sentpkt=%u rcvdpkt=%u",
        15895 + service * 7, services[service][2], roll(line, 300), bytes,
        bytes * 7 + roll(line, 999), 1 + bytes / 900, 1 + bytes / 140);
    if (chance(line, 700)) {
        name_mac(line, talk->device);
        say(line,
            " srchwvendor=\"Dell\" osname=\"Windows\" mastersrcmac=\"%s\" srcmac=\"%s\" "
            "srcserver=0",
            line->mac, line->mac);
    }
}

static void fortigate_virus(struct log_line *line, const struct talk *talk)
{
    say(line,
        "logid=\"0211008192\" type=\"utm\" subtype=\"virus\" eventtype=\"%s\" level=\"%s\" "
        "vd=\"root\" policyid=1 ",
        line->detection ? "infected" : "analytics", line->detection ? "warning" : "information");
    fortigate_who(line, talk->device);
    say(line,
        "dstip=%s dstport=80 dstintf=\"wan1\" proto=6 service=\"HTTP\" sessionid=%u "
        "direction=\"incoming\" filename=\"invoice%u.zip\" ",
        line->addresses[1], roll(line, 1u << 30), roll(line, 100));
    if (line->detection)
        say(line,
            "action=\"blocked\" msg=\"File is infected.\" virus=\"W32/Sample.%u!tr\" "
            "dtype=\"Virus\" crlevel=\"critical\" ",
            roll(line, 40));
    else
        say(line,
            "action=\"analytics\" msg=\"File submitted to Sandbox.\" dtype=\"fortisandbox\" ");
    say(line, "profile=\"default\" analyticscksum=\"%s\"", talk->hash);
    add_sign(line, talk->outside);
    add_sign(line, talk->hash);
}

static void fortigate_ips(struct log_line *line, const struct talk *talk)
{
    say(line,
        "logid=\"0419016384\" type=\"utm\" subtype=\"ips\" eventtype=\"signature\" "
        "level=\"alert\" vd=\"root\" severity=\"%s\" ",
        roll(line, 2) ? "high" : "medium");
    fortigate_who(line, talk->device);
    say(line,
        "srccountry=\"Reserved\" dstip=%s dstport=80 dstintf=\"wan1\" sessionid=%u "
        "action=\"%s\" proto=6 service=\"HTTP\" policyid=1 "
        "attack=\"Sample.Web.Attack.%u\" attackid=%u profile=\"default\" incidentserialno=%u "
        "msg=\"web_app: sample\"",
        line->addresses[1], roll(line, 1u << 30), roll(line, 2) ? "dropped" : "detected",
        roll(line, 30), 40000 + roll(line, 30), roll(line, 1u << 30));
    add_sign(line, talk->outside);
}

static void fortigate_web(struct log_line *line, const struct talk *talk)
{
    say(line,
        "logid=\"%s\" type=\"utm\" subtype=\"webfilter\" eventtype=\"ftgd_%s\" "
        "level=\"%s\" vd=\"root\" policyid=1 ",
        line->detection ? "0316013056" : "0317013312", line->detection ? "blk" : "allow",
        line->detection ? "warning" : "notice");
    fortigate_who(line, talk->device);
    say(line,
        "dstip=%s dstport=443 dstintf=\"wan1\" proto=6 service=\"HTTPS\" sessionid=%u "
        "hostname=\"%s\" profile=\"default\" action=\"%s\" reqtype=\"direct\" "
        "url=\"https://%s/%x\" "
        "sentbyte=%u rcvdbyte=%u direction=\"outgoing\" method=\"domain\" cat=%d catdesc=\"%s\"",
        line->addresses[1], roll(line, 1u << 30), talk->domain,
        line->detection ? "blocked" : "passthrough", talk->domain, roll(line, 1u << 20),
        roll(line, 4000), roll(line, 90000), line->detection ? 26 : 52,
        line->detection ? "Malicious Websites" : "Information Technology");
    add_sign(line, talk->outside);
    add_sign(line, talk->domain);
}

static void fortigate(struct log_line *line, int32_t customer)
{
    unsigned kind = roll(line, 100);
    struct talk talk = begin_talk(line, kind >= 78 ? 50 : 0);
    line->shape = "fortigate";
    fortigate_head(line, customer);
    if (kind < 78) {
        if (chance(line, 100)) /* inside the house */
            make_address(roll(line, LOGLINES_DEVICES), line->addresses[1]);
        fortigate_traffic(line, customer, &talk);
    } else if (kind < 80 && line->detection) {
        fortigate_ips(line, &talk);
    } else if (kind < 83) {
        fortigate_virus(line, &talk);
    } else {
        fortigate_web(line, &talk);
    }
}

/* --- Suricata --------------------------------------------------------------------------------------------------------- */

static void eve_head(struct log_line *line, const char *type, const struct talk *talk, bool udp)
{
    struct civil c = civil_of(line->time_us, 9 * 3600);
    say(line,
        "{\"timestamp\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03d000+0900\",\"flow_id\":%llu,"
        "\"in_iface\":\"eth1\",\"event_type\":\"%s\",\"src_ip\":\"%s\",\"src_port\":%u,"
        "\"dest_ip\":\"%s\",\"dest_port\":%d,\"proto\":\"%s\",",
        c.year, c.month, c.day, c.hour, c.minute, c.second, c.ms,
        (unsigned long long)(next_dice(line) >> 13), type, line->addresses[0],
        49152 + roll(line, 16384), line->addresses[1], udp ? 53 : 443, udp ? "UDP" : "TCP");
    if (chance(line, 500)) {
        name_mac(line, talk->device);
        say(line, "\"ether\":{\"src_mac\":\"%s\",\"dest_mac\":\"02:00:5e:00:00:fe\"},", line->mac);
    }
}

static void eve_alert(struct log_line *line, const struct talk *talk)
{
    eve_head(line, "alert", talk, false);
    say(line,
        "\"alert\":{\"action\":\"%s\",\"gid\":1,\"signature_id\":%u,\"rev\":3,"
        "\"signature\":\"SAMPLE MALWARE checkin %u\",\"category\":\"A Network Trojan was "
        "detected\",\"severity\":%u},\"tls\":{\"sni\":\"%s\",\"version\":\"TLS 1.2\"},"
        "\"app_proto\":\"tls\",\"flow\":{\"pkts_toserver\":4,\"pkts_toclient\":3,"
        "\"bytes_toserver\":%u,\"bytes_toclient\":%u}}",
        roll(line, 2) ? "blocked" : "allowed", 2800000 + roll(line, 90), roll(line, 90),
        1 + roll(line, 3), talk->domain, roll(line, 5000), roll(line, 9000));
    add_sign(line, talk->outside);
    add_sign(line, talk->domain);
}

static void eve_file(struct log_line *line, const struct talk *talk)
{
    eve_head(line, "fileinfo", talk, false);
    say(line,
        "\"http\":{\"hostname\":\"%s\",\"url\":\"/%x\",\"http_user_agent\":\"Mozilla/5.0 (Windows "
        "NT "
        "10.0; Win64; x64)\",\"http_method\":\"GET\",\"protocol\":\"HTTP/1.1\",\"status\":200,"
        "\"length\":%u},\"app_proto\":\"http\",\"fileinfo\":{\"filename\":\"/%x\",\"state\":"
        "\"CLOSED\",\"stored\":false,\"sha256\":\"%s\",\"size\":%u,\"tx_id\":0}}",
        talk->domain, roll(line, 1u << 24), roll(line, 90000), roll(line, 1u << 24), talk->hash,
        roll(line, 90000));
}

static void eve_dns(struct log_line *line, const struct talk *talk)
{
    eve_head(line, "dns", talk, true);
    say(line,
        "\"dns\":{\"type\":\"query\",\"id\":%u,\"rrname\":\"%s\",\"rrtype\":\"A\",\"tx_id\":0,"
        "\"opcode\":0}}",
        roll(line, 65536), talk->domain);
}

static void eve_flow(struct log_line *line, const struct talk *talk)
{
    unsigned bytes = roll(line, 1 << (6 + roll(line, 14)));
    struct civil c = civil_of(line->time_us - 1000 * (int64_t)roll(line, 90000), 9 * 3600);
    eve_head(line, "flow", talk, false);
    say(line,
        "\"app_proto\":\"tls\",\"flow\":{\"pkts_toserver\":%u,\"pkts_toclient\":%u,"
        "\"bytes_toserver\":%u,\"bytes_toclient\":%u,\"start\":\"%04d-%02d-%02dT%02d:%02d:%02d."
        "%03d123+0900\",\"age\":%u,\"state\":\"closed\",\"reason\":\"timeout\",\"alerted\":false},"
        "\"tcp\":{\"tcp_flags\":\"1b\",\"tcp_flags_ts\":\"1b\",\"tcp_flags_tc\":\"1b\",\"syn\":"
        "true,"
        "\"fin\":true,\"psh\":true,\"ack\":true,\"state\":\"closed\"}}",
        1 + bytes / 800, 1 + bytes / 300, bytes, bytes * 5, c.year, c.month, c.day, c.hour,
        c.minute, c.second, c.ms, roll(line, 300));
}

static void eve(struct log_line *line)
{
    unsigned kind = roll(line, 100);
    struct talk talk = begin_talk(line, kind < 10 ? 150 : 0);
    line->shape = "suricata";
    if (line->detection)
        eve_alert(line, &talk);
    else if (kind < 20)
        eve_file(line, &talk);
    else if (kind < 55)
        eve_dns(line, &talk);
    else
        eve_flow(line, &talk);
}

/* --- CEF -------------------------------------------------------------------------------------------------------------- */

static void cef_who(struct log_line *line, unsigned device)
{
    say(line, "src=%s dst=%s ", line->addresses[0], line->addresses[1]);
    if (chance(line, 700)) {
        say(line, "shost=");
        write_host(line, device);
        say(line, " ");
    }
    if (chance(line, 400)) {
        name_user(line, device);
        say(line, chance(line, 500) ? "suser=%s " : "suser=CORP\\\\%s ", line->user);
    }
    if (chance(line, 300)) {
        name_mac(line, device);
        say(line, "smac=%s ", line->mac);
    }
}

static void cef(struct log_line *line, int32_t customer)
{
    struct talk talk = begin_talk(line, 20);
    line->shape = "cef";
    say(line, "CEF:0|Sample|Endpoint Guard|14.0|%u|%s|%u|rt=%lld dvchost=EG-%04d ",
        1000 + roll(line, 40), line->detection ? "Malware found" : "Application started",
        line->detection ? 5 + roll(line, 6) : roll(line, 5), (long long)(line->time_us / 1000),
        customer);
    cef_who(line, talk.device);
    say(line,
        "spt=%u dpt=443 proto=TCP act=%s cn1Label=Process ID cn1=%u cs1Label=Policy "
        "cs1=Standard workstation policy %u fname=C:\\\\Users\\\\Public\\\\app%u.exe "
        "dvcpid=%u externalId=%u deviceDirection=1 ",
        49152 + roll(line, 16384), line->detection ? "blocked" : "allowed", roll(line, 65536),
        roll(line, 4), roll(line, 300), roll(line, 32768), roll(line, 1u << 30));
    if (talk.threat || chance(line, 300))
        say(line, "fileHash=%s ", talk.hash);
    say(line, "msg=Started by the user from the desktop");
    add_sign(line, talk.outside);
    add_sign(line, talk.hash);
}

/* --- Squid, and text of no known format --------------------------------------------------------------------------------- */

static void squid(struct log_line *line)
{
    static const char *const types[] = {"text/html", "image/png", "application/json", "-"};
    struct talk talk = begin_talk(line, 5);
    char user[40] = "-";
    bool asked = !line->detection && chance(line, 20); /* for a password: no detection */
    line->shape = "squid";
    if (chance(line, 500)) {
        name_user(line, talk.device);
        snprintf(user, sizeof user, "%s%s", line->user, roll(line, 2) ? "" : "@corp.example");
    }
    if (line->detection || asked)
        line->addresses[1][0] = '\0'; /* no peer was called */
    say(line, "%lld.%03lld %6u %s %s/%d %u ", (long long)(line->time_us / 1000000),
        (long long)(line->time_us / 1000 % 1000), roll(line, 3000), line->addresses[0],
        line->detection || asked ? "TCP_DENIED" : "TCP_TUNNEL",
        line->detection ? 403
        : asked         ? 407
                        : 200,
        roll(line, 1 << (6 + roll(line, 14))));
    if (roll(line, 2))
        say(line, "CONNECT %s:443 ", talk.domain);
    else
        say(line, "GET http://%s/%x/%x?id=%u ", talk.domain, roll(line, 1u << 16),
            roll(line, 1u << 24), roll(line, 99999));
    if (line->addresses[1][0])
        say(line, "%s HIER_DIRECT/%s %s", user, line->addresses[1], types[roll(line, 4)]);
    else
        say(line, "%s HIER_NONE/- text/html", user);
    add_sign(line, talk.domain);
}

static void text(struct log_line *line)
{
    struct civil c = civil_of(line->time_us, 0);
    struct talk talk = begin_talk(line, 0);
    line->shape = "text";
    line->addresses[1][0] = '\0';
    say(line, "<38>1 %04d-%02d-%02dT%02d:%02d:%02d.%03dZ srv app %u - - ", c.year, c.month, c.day,
        c.hour, c.minute, c.second, c.ms, 300 + roll(line, 30000));
    name_user(line, talk.device);
    say(line, "session of %s opened from %s port %u, terminal ", line->user, line->addresses[0],
        49152 + roll(line, 16384));
    write_host(line, talk.device);
}

/* --- the line ---------------------------------------------------------------------------------------------------------- */

static void clear(struct log_line *line)
{
    line->length = 0;
    line->detection = false;
    line->host[0] = line->user[0] = line->mac[0] = '\0';
    for (size_t i = 0; i < COUNT_OF(line->signs); i++)
        line->signs[i][0] = '\0';
}

static void write_shape(struct log_line *line, int32_t customer)
{
    unsigned shape = roll(line, 100);
    if (shape < 46)
        fortigate(line, customer);
    else if (shape < 66)
        eve(line);
    else if (shape < 79)
        cef(line, customer);
    else if (shape < 97)
        squid(line);
    else
        text(line);
}

void loglines_make(const struct loglines *lines, int64_t index, struct log_line *ret_line)
{
    clear(ret_line);
    ret_line->dice = lines->seed * UINT64_C(0x2545f4914f6cdd1d) + (uint64_t)index * 0x10001;
    (void)next_dice(ret_line);
    ret_line->partition = (int32_t)(index % lines->partitions);
    ret_line->offset = index / lines->partitions;
    ret_line->time_us =
        lines->from_us +
        (int64_t)((double)lines->span_us * (double)index / (double)lines->count) / 1000 * 1000;
    unsigned each = (unsigned)(lines->customers / lines->partitions);
    int32_t customer = (int32_t)roll(ret_line, each) * lines->partitions + ret_line->partition;
    loglines_owner(customer, ret_line->owner);
    write_shape(ret_line, customer);
    if (!ret_line->detection)
        for (size_t i = 0; i < COUNT_OF(ret_line->signs); i++)
            ret_line->signs[i][0] = '\0';
}
