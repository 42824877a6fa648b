/* SPDX-License-Identifier: Apache-2.0 */
/* Microsoft 365 unified audit log (Management Activity API) and Entra ID sign-ins, JSON; CreationTime is UTC without saying
 * so. Some collectors write all names in small letters. */
#include "services/triage/formats/format.h"

#include <string.h>

static const struct format_pair pairs[] = {
    PAIR("Workload", TYPE),
    PAIR("appDisplayName", TYPE),
    PAIR("Operation", EVENT),
    PAIR("RecordType", CODE),
    PAIR("DeviceProperties.DisplayName", HOST),
    PAIR("deviceDetail.displayName", HOST),
    PAIR("properties.deviceDetail.displayName", HOST),
    PAIR("Operation", ACTION),
    PAIR("ResultStatus", ACTION),
    PAIR("Actions", ACTION),
    PAIR("Severity", SEVERITY),
    PAIR("riskLevelDuringSignIn", SEVERITY),
    PAIR("properties.riskLevelDuringSignIn", SEVERITY),
    PAIR("riskState", RISK),
    PAIR("Name", RULE),
    PAIR("PolicyDetails.PolicyName", RULE),
    PAIR("PolicyName", RULE),
    PAIR("Policy", RULE),
    PAIR("riskEventTypes_v2", RULE),
    PAIR("Operation", RULE),
    PAIR("AlertId", RULE_ID),
    PAIR("Category", CATEGORY),
    PAIR("AlertType", CATEGORY),
    PAIR("ThreatsAndDetectionTech", THREAT),
    PAIR("ClientIP", SOURCE_IP),
    PAIR("ClientIPAddress", SOURCE_IP),
    PAIR("ActorIpAddress", SOURCE_IP),
    PAIR("ipAddress", SOURCE_IP),
    PAIR("callerIpAddress", SOURCE_IP),
    PAIR("SenderIp", SOURCE_IP),
    PAIR("UserId", USER),
    PAIR("userPrincipalName", USER),
    PAIR("properties.userPrincipalName", USER),
    PAIR("TargetUserOrGroupName", TARGET_USER),
    PAIR("Url", URL),
    PAIR("SiteUrl", URL),
    PAIR("UserAgent", AGENT),
    PAIR("ExtendedProperties.UserAgent", AGENT),
    PAIR("SourceFileName", FILE),
    PAIR("SHA256", SHA256),
    PAIR("FileData.SHA256", SHA256),
    PAIR("Parameters.ForwardTo", MAIL_TO),
    PAIR("Parameters.RedirectTo", MAIL_TO),
    PAIR("Parameters.ForwardAsAttachmentTo", MAIL_TO),
    PAIR("Parameters.ForwardingSmtpAddress", MAIL_TO),
    PAIR("Parameters.ForwardingAddress", MAIL_TO),
    PAIR("Recipients", MAIL_TO),
    PAIR("P2Sender", MAIL_FROM),
    PAIR("P1Sender", MAIL_FROM),
    PAIR("Subject", MAIL_SUBJECT),
    PAIR("LogonError", MESSAGE),
    PAIR("Comments", MESSAGE),
    PAIR("status.failureReason", MESSAGE),
};

static const struct detection_row detections[] = {
    {{{FIELD_EVENT, "AlertTriggered|AlertEntityGenerated"}}, SEVERITY_OF_LINE, NULL},
    {{{FIELD_EVENT, "~DlpRuleMatch"}}, SEVERITY_OF_LINE, NULL},
    {{{FIELD_EVENT, "~TIMailData|TIUrlClickData|AtpDetection|MalwareDetected"}}, 70, NULL},
    {{{FIELD_EVENT, "New-InboxRule|Set-InboxRule|Set-Mailbox|UpdateInboxRules"},
      {FIELD_MAIL_TO, "*"}},
     60,
     "detected"},
    {{{FIELD_EVENT, "UserLoginFailed"}}, 20, "blocked"},
    {{{FIELD_SEVERITY, "low|medium|high"}, {FIELD_USER, "*"}, {FIELD_EVENT, ""}},
     SEVERITY_OF_LINE,
     NULL},
};

static bool recognise(const struct parsed *parsed)
{
    static const char *const marks[] = {"\"OrganizationId\"",    "\"organizationid\"",
                                        "\"RecordType\"",        "\"recordtype\"",
                                        "\"userPrincipalName\"", NULL};
    static const char *const others[] = {"\"Operation\"", "\"operation\"", "\"ipAddress\"",
                                         "\"callerIpAddress\"", NULL};
    return json_tells(parsed, marks) && json_tells(parsed, others);
}

/* What was acted on: an address of a document, or a person. */
static void set_object(struct parsed *parsed, struct bytes value)
{
    if (bytes_begin_with(value, "http"))
        parsed_set(parsed, FIELD_URL, value);
    else if (value.length && memchr(value.data, '@', value.length))
        parsed_set(parsed, FIELD_TARGET_USER, value);
}

static bool each(struct parsed *parsed, struct bytes name, struct bytes value)
{
    if (!bytes_equal_text_nocase(name, "ObjectId"))
        return parsed_name(parsed, name, value);
    set_object(parsed, value);
    return true;
}

static void parse(struct parsed *parsed)
{
    json_each(parsed, parsed->json, each);
}

static const char *const times[] = {
    "\"CreationTime\":", "\"creationtime\":", "\"createdDateTime\":", "\"time\":", NULL};

const struct format format_microsoft365 = {.name = "microsoft365",
                                           .vendor = "Microsoft",
                                           .product = "Microsoft 365",
                                           .is_json = true,
                                           .recognise = recognise,
                                           .parse = parse,
                                           TABLE_PAIRS(pairs),
                                           TABLE_DETECTIONS(detections),
                                           .scale = SEVERITY_HUNDRED,
                                           .times = times,
                                           .any_case = true,
                                           .utc = true};
