/* SPDX-License-Identifier: Apache-2.0 */
/* Suricata EVE: one JSON object a line. */
#include "services/triage/formats/format.h"

static const struct format_pair pairs[] = {
    PAIR("host", OBSERVER),
    PAIR("event_type", TYPE),
    PAIR("alert.category", CATEGORY),
    PAIR("alert.action", ACTION),
    PAIR("alert.severity", SEVERITY),
    PAIR("alert.signature", RULE),
    PAIR("anomaly.event", RULE),
    PAIR("alert.signature_id", RULE_ID),
    PAIR("src_ip", SOURCE_IP),
    PAIR("src_port", SOURCE_PORT),
    PAIR("ether.src_mac", SOURCE_MAC),
    PAIR("dhcp.client_mac", SOURCE_MAC),
    PAIR("dhcp.hostname", SOURCE_HOST),
    PAIR("smb.ntlmssp.host", SOURCE_HOST),
    PAIR("dest_ip", DESTINATION_IP),
    PAIR("dest_port", DESTINATION_PORT),
    PAIR("ether.dest_mac", DESTINATION_MAC),
    PAIR("proto", TRANSPORT),
    PAIR("app_proto", PROTOCOL),
    PAIR("direction", DIRECTION),
    PAIR("smb.ntlmssp.user", USER),
    PAIR("krb5.cname", USER),
    PAIR("http.url", URL),
    PAIR("http.hostname", DOMAIN),
    PAIR("tls.sni", DOMAIN),
    PAIR("quic.sni", DOMAIN),
    PAIR("http.http_method", METHOD),
    PAIR("http.status", STATUS),
    PAIR("http.http_user_agent", AGENT),
    PAIR("http.http_refer", REFERRER),
    PAIR("dns.rrname", DNS),
    PAIR("dns.query.rrname", DNS),
    PAIR("dns.queries.rrname", DNS),
    PAIR("tls.sni", TLS_NAME),
    PAIR("quic.sni", TLS_NAME),
    PAIR("fileinfo.filename", FILE_PATH),
    PAIR("files.filename", FILE_PATH),
    PAIR("smb.filename", FILE_PATH),
    PAIR("ftp_data.filename", FILE_PATH),
    PAIR("tftp.file", FILE_PATH),
    PAIR("fileinfo.sha256", SHA256),
    PAIR("files.sha256", SHA256),
    PAIR("fileinfo.sha1", SHA1),
    PAIR("files.sha1", SHA1),
    PAIR("fileinfo.md5", MD5),
    PAIR("files.md5", MD5),
    PAIR("email.from", MAIL_FROM),
    PAIR("smtp.mail_from", MAIL_FROM),
    PAIR("email.to", MAIL_TO),
    PAIR("smtp.rcpt_to", MAIL_TO),
    PAIR("email.subject", MAIL_SUBJECT),
    PAIR("flow.bytes_toserver", BYTES_OUT),
    PAIR("flow.bytes_toclient", BYTES_IN),
};

static const struct detection_row detections[] = {
    {{{FIELD_TYPE, "alert"}, {FIELD_SEVERITY, "1"}}, 90, NULL},
    {{{FIELD_TYPE, "alert"}, {FIELD_SEVERITY, "2"}}, 70, NULL},
    {{{FIELD_TYPE, "alert"}, {FIELD_SEVERITY, "3"}}, 40, NULL},
    {{{FIELD_TYPE, "alert"}}, 20, NULL},
};

static bool recognise(const struct parsed *parsed)
{
    static const char *const marks[] = {
        "\"flow_id\"", "\"src_ip\"", "\"in_iface\"", "\"stats\"", "\"engine\"", "\"alert\"", NULL};
    struct bytes message = parsed->json;
    return bytes_begin_with(message, "{") && bytes_find(message, "\"event_type\"") &&
           bytes_find(message, "\"timestamp\"") && json_tells(parsed, marks);
}

static void parse(struct parsed *parsed)
{
    json_each(parsed, parsed->json, NULL);
}

static const char *const times[] = {"\"timestamp\":", NULL};

const struct format format_suricata = {.name = "suricata",
                                       .vendor = "OISF",
                                       .product = "Suricata",
                                       .is_json = true,
                                       .recognise = recognise,
                                       .parse = parse,
                                       TABLE_PAIRS(pairs),
                                       TABLE_DETECTIONS(detections),
                                       .times = times};
