/* SPDX-License-Identifier: Apache-2.0 */
#include "common/config.h"

#include "common/certificate.h"
#include "common/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "KAKEKOMI_"
#define VALUE_BYTES_MAX 4096
#define SECRET_BYTES_MAX (64 * 1024)

extern char **environ;

/* Every name that some service or tool of the project reads; whatever else begins with the prefix is a mistake. */
static const char *const known_names[] = {
    "KAKEKOMI_KAFKA_BROKERS",
    "KAKEKOMI_KAFKA_CERT_FILE",
    "KAKEKOMI_KAFKA_KEY_FILE",
    "KAKEKOMI_KAFKA_CA_FILE",
    "KAKEKOMI_REDIS_URL",
    "KAKEKOMI_HTTP_ADDRESS",
    "KAKEKOMI_HTTP_CERT_FILE",
    "KAKEKOMI_HTTP_KEY_FILE",
    "KAKEKOMI_ADMIN_ADDRESS",
    "KAKEKOMI_DESK_FILE",
    "KAKEKOMI_OPERATORS_FILE",
    "KAKEKOMI_SMTP_URL",
    "KAKEKOMI_SMTP_USER",
    "KAKEKOMI_SMTP_PASSWORD",
    "KAKEKOMI_SMTP_CA_FILE",
    "KAKEKOMI_WEBHOOKS_FILE",
    "KAKEKOMI_STATE_DIR",
    "KAKEKOMI_INSTANCE",
    "KAKEKOMI_LOG_LEVEL",
    "KAKEKOMI_ESCALATION_SECRET",
    "KAKEKOMI_SIGNING_KEY",
    "KAKEKOMI_DECRYPTION_KEY",
    "KAKEKOMI_URL",
    "KAKEKOMI_TOKEN",
    "KAKEKOMI_SUPERVISOR_TOKEN",
    "KAKEKOMI_ADMIN_TOKEN",
    "KAKEKOMI_PROVIDER_BROKERS",
#ifdef KAKEKOMI_FAILPOINTS /* elsewhere it would be obeyed by nobody */
    "KAKEKOMI_FAILPOINT",
    "KAKEKOMI_FAILPOINT_CLOCK_S",
#endif
    "KAKEKOMI_LOG_RETENTION_DAYS",
    "KAKEKOMI_SESSION_IDLE_MINUTES",
    "KAKEKOMI_SESSION_MAX_HOURS",
    "KAKEKOMI_VAR",
    "KAKEKOMI_HTTP_THREADS",
    "KAKEKOMI_HTTP_CONNECTIONS_PER_ADDRESS",
    "KAKEKOMI_REDIS_CA_FILE",
    "KAKEKOMI_OPERATOR_PASSWORD",
    "KAKEKOMI_COOKIE_SECURE",
    "KAKEKOMI_PARTITIONS",
    "KAKEKOMI_REPLICAS",
    /* docker-compose.yml */
    "KAKEKOMI_FOLDER",
    "KAKEKOMI_HTTP_PORT",
    "KAKEKOMI_HTTP_BIND",
    "KAKEKOMI_PROVIDER_HOST",
    "KAKEKOMI_PROVIDER_BIND",
    "KAKEKOMI_SHIPPER_HOST",
    "KAKEKOMI_SHIPPER_BIND",
};

static bool same_name(const char *name, size_t length, const char *wanted)
{
    return strlen(wanted) == length && memcmp(name, wanted, length) == 0;
}

static bool is_known(const char *name, size_t length, const struct config_variable *table,
                     size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (same_name(name, length, table[i].name))
            return true;
    for (size_t i = 0; i < COUNT_OF(known_names); i++)
        if (same_name(name, length, known_names[i]))
            return true;
    return length > 5 && memcmp(name + length - 5, "_FILE", 5) == 0 &&
           is_known(name, length - 5, table, count);
}

static enum verdict refuse_unknown(const struct config_variable *table, size_t count,
                                   struct why *why)
{
    for (char **entry = environ; *entry; entry++) {
        size_t length = strcspn(*entry, "=");
        if (strncmp(*entry, PREFIX, sizeof PREFIX - 1) == 0 &&
            !is_known(*entry, length, table, count))
            return fatal(why, "%.*s: no service knows this variable", (int)length, *entry);
    }
    return VERDICT_OK;
}

static enum verdict read_address(const char *name, const char *text, struct why *why)
{
    const char *colon = strrchr(text, ':');
    char host[64];
    struct in6_addr scratch;
    if (!colon || (size_t)(colon - text) >= sizeof host)
        return fatal(why, "%s: expected host:port", name);
    snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    char *end;
    long port = strtol(colon + 1, &end, 10);
    if (*end || end == colon + 1 || port < 0 || port > 65535)
        return fatal(why, "%s: expected a port from 0 to 65535 after the colon", name);
    if (strcmp(host, "localhost") != 0 && inet_pton(AF_INET, host, &scratch) != 1)
        return fatal(why, "%s: expected an IPv4 address or localhost before the colon", name);
    return VERDICT_OK;
}

static enum verdict make_folder(const char *name, const char *path, struct why *why)
{
    CLEANUP(mem_free) char *copy = mem_strdup(path);
    for (char *slash = strchr(copy + 1, '/');; slash = strchr(slash + 1, '/')) {
        if (slash)
            *slash = '\0';
        if (mkdir(copy, 0700) != 0 && errno != EEXIST)
            return fatal(why, "%s: cannot make the folder: %s", name, strerror(errno));
        if (!slash)
            break;
        *slash = '/';
    }
    if (access(path, W_OK | X_OK) != 0)
        return fatal(why, "%s: expected a folder that can be written", name);
    return VERDICT_OK;
}

static enum verdict read_integer(const struct config_variable *variable, const char *text,
                                 int64_t *ret, struct why *why)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno || end == text || *end || number < variable->min || number > variable->max)
        return fatal(why, "%s: expected a whole number from %lld to %lld", variable->name,
                     (long long)variable->min, (long long)variable->max);
    *ret = number;
    return VERDICT_OK;
}

static enum verdict read_boolean(const char *name, const char *text, bool *ret, struct why *why)
{
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        return fatal(why, "%s: expected true or false", name);
    *ret = text[0] == 't';
    return VERDICT_OK;
}

/* A broker ends the connection of whoever shows it an expired one, and says nothing that would help. */
static enum verdict read_certificate(const char *name, const char *path, struct why *why)
{
    struct why inner = {0};
    if (certificate_check(path, clock_now_us() / 1000000, &inner) == VERDICT_OK)
        return VERDICT_OK;
    return fatal(why, "%s: %.220s", name, inner.text);
}

static enum verdict take_value(const struct config_variable *variable, const char *text,
                               void *config, struct why *why)
{
    void *place = (char *)config + variable->at;
    enum verdict verdict = VERDICT_OK;
    switch (variable->kind) {
    case CONFIG_INTEGER:
        return read_integer(variable, text, place, why);
    case CONFIG_BOOLEAN:
        return read_boolean(variable->name, text, place, why);
    case CONFIG_ADDRESS:
        verdict = read_address(variable->name, text, why);
        break;
    case CONFIG_FOLDER:
        verdict = make_folder(variable->name, text, why);
        break;
    case CONFIG_FILE:
        if (access(text, R_OK) != 0)
            verdict = fatal(why, "%s: expected a file that can be read: %s", variable->name,
                            strerror(errno));
        break;
    case CONFIG_CERTIFICATE:
        verdict = read_certificate(variable->name, text, why);
        break;
    case CONFIG_TEXT:
    case CONFIG_SECRET:
        break;
    }
    if (verdict == VERDICT_OK)
        *(char **)place = mem_strdup(text);
    return verdict;
}

/* NAME_FILE stands for NAME where the value is secret, so that it need not stand in the environment. */
static enum verdict read_secret_file(const struct config_variable *variable, char **ret_text,
                                     struct why *why)
{
    CLEANUP(mem_free) char *name = mem_printf("%s_FILE", variable->name);
    const char *path = getenv(name);
    size_t length;
    if (!path || !*path)
        return VERDICT_OK;
    if (!file_read(path, SECRET_BYTES_MAX, ret_text, &length))
        return fatal(why, "%s: expected a file of at most 64 KiB that can be read: %s", name,
                     strerror(errno));
    if (length && (*ret_text)[length - 1] == '\n')
        (*ret_text)[length - 1] = '\0';
    return VERDICT_OK;
}

static enum verdict load_one(const struct config_variable *variable, void *config, struct why *why)
{
    CLEANUP(mem_free) char *from_file = NULL;
    if (variable->kind == CONFIG_SECRET &&
        read_secret_file(variable, &from_file, why) != VERDICT_OK)
        return VERDICT_FATAL;
    const char *text = from_file ? from_file : getenv(variable->name);
    if (!text || !*text)
        text = variable->fallback;
    if (!text)
        return fatal(why, "%s: must be set (%s)", variable->name, variable->help);
    if (!*text)
        return VERDICT_OK;
    if (variable->kind != CONFIG_SECRET && strlen(text) > VALUE_BYTES_MAX)
        return fatal(why, "%s: longer than %d bytes", variable->name, VALUE_BYTES_MAX);
    return take_value(variable, text, config, why);
}

enum verdict config_load(const struct config_variable *table, size_t count, void *ret_config,
                         struct why *why)
{
    if (refuse_unknown(table, count, why) != VERDICT_OK)
        return VERDICT_FATAL;
    for (size_t i = 0; i < count; i++)
        if (load_one(&table[i], ret_config, why) != VERDICT_OK)
            return VERDICT_FATAL;
    return VERDICT_OK;
}

void config_print_help(const struct config_variable *table, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *secret = table[i].kind == CONFIG_SECRET ? " (or …_FILE)" : "";
        printf("  %-32s %s%s", table[i].name, table[i].help, secret);
        if (!table[i].fallback)
            printf("; must be set\n");
        else if (*table[i].fallback)
            printf("; default %s\n", table[i].fallback);
        else
            printf("; optional\n");
    }
}
