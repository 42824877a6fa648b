/* SPDX-License-Identifier: Apache-2.0 */
/* VMware Carbon Black Cloud in JSON: alerts (data forwarder and API, versions 1 and 2) and the audit log. Times are in UTC. */
#include "services/triage/formats/format.h"

static const struct format_pair pairs[] = {
    PAIR("type", TYPE),
    PAIR("device_name", HOST),
    PAIR("deviceInfo.deviceName", HOST),
    PAIR("device_internal_ip", HOST_IP),
    PAIR("deviceInfo.internalIpAddress", HOST_IP),
    PAIR("sensor_action", ACTION),
    PAIR("run_state", ACTION),
    PAIR("severity", SEVERITY),
    PAIR("threat_name", RULE),
    PAIR("report_name", RULE),
    PAIR("watchlists.name", RULE),
    PAIR("rule_category_id", RULE),
    PAIR("reason", RULE),
    PAIR("description", RULE),
    PAIR("reason_code", RULE_ID),
    PAIR("category", CATEGORY),
    PAIR("attack_tactic", CATEGORY),
    PAIR("netconn_local_ip", SOURCE_IP),
    PAIR("netconn_local_ipv4", SOURCE_IP),
    PAIR("clientIp", SOURCE_IP),
    PAIR("netconn_local_port", SOURCE_PORT),
    PAIR("device_external_ip", SOURCE_NAT_IP),
    PAIR("netconn_remote_ip", DESTINATION_IP),
    PAIR("netconn_remote_ipv4", DESTINATION_IP),
    PAIR("netconn_remote_port", DESTINATION_PORT),
    PAIR("netconn_remote_domain", DESTINATION_HOST),
    PAIR("netconn_protocol", TRANSPORT),
    PAIR("device_username", USER),
    PAIR("process_username", USER),
    PAIR("loginName", USER),
    PAIR("requestUrl", URL),
    PAIR("process_name", FILE_PATH),
    PAIR("threat_cause_actor_name", FILE_PATH),
    PAIR("process_sha256", SHA256),
    PAIR("threat_cause_actor_sha256", SHA256),
    PAIR("process_md5", MD5),
    PAIR("threat_cause_actor_md5", MD5),
    PAIR("process_name", PROCESS),
    PAIR("process_cmdline", COMMAND),
    PAIR("reason", MESSAGE),
    PAIR("description", MESSAGE),
};

static const struct detection_row detections[] = {
    {{{FIELD_TYPE, "*"}, {FIELD_SEVERITY, "*"}, {FIELD_RULE_ID, "~POL_TERM|POL_DENY|POL_BLOCK"}},
     SEVERITY_OF_LINE,
     "blocked"},
    {{{FIELD_TYPE, "*"}, {FIELD_SEVERITY, "*"}, {FIELD_ACTION, "~deny|terminate|block"}},
     SEVERITY_OF_LINE,
     "blocked"},
    {{{FIELD_TYPE, "*"}, {FIELD_SEVERITY, "*"}}, SEVERITY_OF_LINE, NULL},
    {{{FIELD_MESSAGE, "~login failed|failed login|failed to log in"}}, 20, "blocked"},
};

static bool recognise(const struct parsed *parsed)
{
    static const char *const alerts[] = {"\"device_internal_ip\"", "\"device_external_ip\"",
                                         "\"threat_cause_actor_sha256\"", "\"org_key\"", NULL};
    static const char *const audits[] = {"\"orgName\"", NULL}, *const logins[] = {"\"loginName\"",
                                                                                  NULL};
    return json_tells(parsed, alerts) || (json_tells(parsed, audits) && json_tells(parsed, logins));
}

static void parse(struct parsed *parsed)
{
    json_each(parsed, parsed->json, NULL);
}

static const char *const times[] = {"\"detection_timestamp\":",
                                    "\"first_event_timestamp\":",
                                    "\"first_event_time\":",
                                    "\"create_time\":",
                                    "\"backend_timestamp\":",
                                    "\"eventTime\":",
                                    NULL};

const struct format format_carbonblack_cloud = {.name = "carbonblack_cloud",
                                                .vendor = "VMware",
                                                .product = "Carbon Black Cloud",
                                                .is_json = true,
                                                .recognise = recognise,
                                                .parse = parse,
                                                TABLE_PAIRS(pairs),
                                                TABLE_DETECTIONS(detections),
                                                .times = times,
                                                .any_case = true,
                                                .utc = true};
