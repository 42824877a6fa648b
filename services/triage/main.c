/* SPDX-License-Identifier: Apache-2.0 */
#include "common/service.h"
#include "services/triage/formats/print.h"
#include "services/triage/service.h"

struct triage_config triage_config;

static const struct config_variable variables[] = {
    KAFKA_CONFIG_VARIABLES(struct triage_config, kafka),
    {"KAKEKOMI_ADMIN_ADDRESS", CONFIG_ADDRESS, "127.0.0.1:8081", "/livez, /readyz, /metrics",
     offsetof(struct triage_config, admin_address), 0, 0},
    {"KAKEKOMI_STATE_DIR", CONFIG_FOLDER, NULL,
     "folder for the log store and the cache; may be deleted at any time",
     offsetof(struct triage_config, state_dir), 0, 0},
    {"KAKEKOMI_INSTANCE", CONFIG_TEXT, "", "name of this instance; unset: host name and admin port",
     offsetof(struct triage_config, instance), 0, 0},
    {"KAKEKOMI_DESK_FILE", CONFIG_FILE, "",
     "desk profile: its time zone reads log times that name none",
     offsetof(struct triage_config, desk_file), 0, 0},
    {"KAKEKOMI_LOG_RETENTION_DAYS", CONFIG_INTEGER, "90", "how long log records stay in the store",
     offsetof(struct triage_config, log_retention_days), 1, 1000},
};

static const struct service_command commands[] = {
    {"formats", "prints the log formats, their fields and what counts as a detection, as JSON",
     formats_print},
    {0},
};

static const struct service service = {
    .name = "triage",
    .purpose = "searches the customer's security logs when a case asks for it, and publishes what "
               "it finds",
    .variables = variables,
    .variable_count = COUNT_OF(variables),
    .config = &triage_config,
    .admin_address = &triage_config.admin_address,
    .instance = &triage_config.instance,
    .check = triage_check,
    .start = triage_start,
    .stop = triage_stop,
    .ready = triage_ready,
    .commands = commands,
};

int main(int argc, char **argv)
{
    return service_main(argc, argv, &service);
}
