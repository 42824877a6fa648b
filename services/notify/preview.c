/* SPDX-License-Identifier: Apache-2.0 */
#include "services/notify/preview.h"

#include "common/clock.h"
#include "common/desk/profile.h"
#include "common/service.h"
#include "services/notify/render.h"
#include "services/notify/rules.h"
#include "services/notify/templates.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char sample[] =
    "{\"number\":\"K4M-9QT-8ZR-T\",\"confirmed\":true,\"language\":\"both\","
    "\"company\":\"株式会社見本製作所\",\"person\":\"見本 "
    "花子\",\"records\":112,\"detections\":7,\"blocked\":5,"
    "\"reasons\":[{\"ja\":\"同意書への同意が記録されていません。\",\"en\":\"No consent is "
    "recorded.\"},"
    "{\"ja\":\"提供会社を利用するご意思を伺っていません。\",\"en\":\"The intention to use the "
    "provider is not "
    "expressed.\"}],"
    "\"warnings\":[{\"ja\":\"HDD/SSDが暗号化されています。\",\"en\":\"The disk is encrypted.\"}],"
    "\"policy\":\"LANケーブルを抜き、電源は入れたままにする。\\n見本のPCから順に複製を取る。\","
    "\"steps\":[{\"ja\":\"端末をネットワークから切り離す\",\"en\":\"Isolate the device\"},"
    "{\"ja\":\"検知の記録を保存する\",\"en\":\"Keep the detections\"}],"
    "\"proposals\":[{\"setting\":{\"ja\":\"遮断リスト\",\"en\":\"block "
    "list\"},\"target\":\"203.0.113.9\","
    "\"after\":{\"ja\":\"遮断\",\"en\":\"block\"}}],"
    "\"handover\":\"0190b3a0-0000-7000-9000-000000000005\",\"reply_by\":\"2026-11-24T06:00:00Z\","
    "\"callback_at\":\"2026-11-24T05:00:00Z\",\"changed_at\":\"2026-11-20T05:00:00Z\","
    "\"due_at\":\"2026-11-24T05:00:00Z\",\"late\":false,"
    "\"breach\":{\"known_day\":20778,\"known_by\":\"known_at\",\"from_day\":20780,\"day\":20782,"
    "\"final_day\":20837,\"final_days\":60,\"entrusted\":true,"
    "\"preliminary_source_ja\":\"個人情報保護法ガイドライン（通則編）3-5-3-3\","
    "\"preliminary_source_en\":\"PPC guideline on the Act, general part, 3-5-3-3\","
    "\"final_source_ja\":\"個人情報保護法施行規則 第8条第2項\","
    "\"final_source_en\":\"Enforcement Rules of the Act, article 8 (2)\"}}";

/* Whom the table sends it to first; only a customer is called by name. */
static void set_recipient(const char *template, json_t *parameters)
{
    size_t i = 0;
    while (strcmp(notify_rules[i].template, template) != 0) /* every template has a rule */
        i++;
    json_object_set_new(parameters, "to", json_string(notify_to_name(notify_rules[i].to)));
    if (notify_rules[i].to == NOTIFY_CUSTOMER)
        return;
    json_object_del(parameters, "company");
    json_object_del(parameters, "person");
}

json_t *preview_parameters(const char *template)
{
    json_t *parameters = json_loads(sample, 0, NULL);
    json_object_set_new(parameters, "template", json_string(template));
    set_recipient(template, parameters);
    return parameters;
}

static json_t *parameters_from_input(const char *template)
{
    json_t *given = isatty(STDIN_FILENO) ? NULL : json_loadf(stdin, 0, NULL),
           *parameters = preview_parameters(template);
    if (given)
        json_object_update(parameters, given);
    json_decref(given);
    return parameters;
}

static bool print_page(const char *template, const json_t *profile)
{
    json_auto_t *parameters = parameters_from_input(template);
    CLEANUP(rendered_clear) struct rendered rendered = {0};
    if (!render_mail(parameters, profile, clock_now_us(), &rendered))
        return false;
    fputs(rendered.html.data, stdout);
    return true;
}

static bool print_all(const json_t *profile)
{
    for (size_t i = 0; i < template_count; i++) {
        json_auto_t *parameters = preview_parameters(templates[i].name);
        CLEANUP(rendered_clear) struct rendered rendered = {0};
        if (!render_mail(parameters, profile, clock_now_us(), &rendered))
            return false;
        printf("=== %s\nSubject: %s\n\n%s\n", templates[i].name, rendered.subject,
               rendered.text.data);
    }
    return true;
}

int preview_command(int argc, char **argv)
{
    struct why why = {0};
    bool known = argc == 2 || (argc == 3 && template_find(argv[2]));
    if (!known || profile_holder_load(argv[1], &why) != VERDICT_OK) {
        fprintf(stderr, "usage: notify --preview PROFILE [TEMPLATE]%s%s\ntemplates:",
                why.text[0] ? ": " : "", why.text);
        for (size_t i = 0; i < template_count; i++)
            fprintf(stderr, " %s", templates[i].name);
        fprintf(stderr, "\n");
        return SERVICE_MISUSED;
    }
    CLEANUP(profile_release_at) struct profile *profile = profile_current();
    const json_t *desk = profile_json(profile);
    bool well = argc == 3 ? print_page(argv[2], desk) : print_all(desk);
    if (!well)
        fprintf(stderr, "a variable has nothing to say\n");
    return well ? SERVICE_STOPPED : SERVICE_FAILED;
}
