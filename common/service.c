/* SPDX-License-Identifier: Apache-2.0 */
#include "common/service.h"

#include "common/clock.h"
#include "common/http_server.h"
#include "common/log.h"

#include <arpa/inet.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define TRIM_EVERY_S 30
#define ARENAS 2
#define MAPPED_FROM_BYTES (1024 * 1024)
#define STOP_WITHIN_MS 20000

static const struct service *current;
static _Atomic bool failed;

void service_fail(const char *event_name, const char *why)
{
    if (atomic_exchange(&failed, true))
        return; /* the first reason is the one that counts */
    log_event(LOG_ERROR, event_name, "why=%s", why);
    kill(getpid(), SIGTERM); /* blocked everywhere, taken by the main thread */
}

/* --- configuration ---------------------------------------------------------------------------------------------- */

/* What every service has, whatever its own table says. */
static struct {
    char *log_level;
} common_config;
static const struct config_variable common_variables[] = {
    {"KAKEKOMI_LOG_LEVEL", CONFIG_TEXT, "info", "debug, info or warning",
     offsetof(__typeof__(common_config), log_level), 0, 0},
};

static enum verdict take_log_level(const struct service *service, struct why *why)
{
    static const char *const levels[] = {
        [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARNING] = "warning"};
    for (size_t i = 0; i < COUNT_OF(levels); i++)
        if (strcmp(common_config.log_level, levels[i]) == 0) {
            log_init(service->name, (enum log_level)i);
            return VERDICT_OK;
        }
    return fatal(why, "KAKEKOMI_LOG_LEVEL: expected debug, info or warning");
}

/* Two instances on one machine, or one on each of two, have different names without being told. */
static void name_instance(const struct service *service)
{
    char host[128] = "host";
    if (*service->instance)
        return;
    (void)gethostname(host, sizeof host - 1);
    *service->instance = mem_printf("%s-%s", host, strrchr(*service->admin_address, ':') + 1);
}

static bool load_config(const struct service *service, struct why *why)
{
    if (config_load(service->variables, service->variable_count, service->config, why) !=
            VERDICT_OK ||
        config_load(common_variables, COUNT_OF(common_variables), &common_config, why) !=
            VERDICT_OK ||
        take_log_level(service, why) != VERDICT_OK)
        return false;
    name_instance(service);
    return !service->check || service->check(why) == VERDICT_OK;
}

/* --- command line ----------------------------------------------------------------------------------------------- */

static int print_help(const struct service *service)
{
    printf("%s: %s\n\nUsage: %s [--help | --check | --healthcheck | --version", service->name,
           service->purpose, service->name);
    for (const struct service_command *c = service->commands; c && c->name; c++)
        printf(" | %s", c->name);
    printf("]\nConfiguration comes from the environment only.\n\n");
    for (const struct service_command *c = service->commands; c && c->name; c++)
        printf("  %-16s %s\n", c->name, c->help);
    printf("Variables of %s:\n", service->name);
    config_print_help(service->variables, service->variable_count);
    config_print_help(common_variables, COUNT_OF(common_variables));
    printf(
        "\nExit codes: 0 stopped, 100 called or configured wrongly, 111 failed (start again).\n");
    return SERVICE_STOPPED;
}

/* Asks the admin address for /readyz, as images without a shell's tools need it. */
static int check_health(const struct service *service)
{
    struct why why = {0};
    if (!load_config(service, &why))
        return SERVICE_MISUSED;
    const char *colon = strrchr(*service->admin_address, ':');
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)atoi(colon + 1))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval patience = {.tv_sec = 3};
    setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    static const char request[] =
        "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    char answer[16] = "";
    bool well = peer >= 0 && connect(peer, (struct sockaddr *)&address, sizeof address) == 0 &&
                write(peer, request, sizeof request - 1) == (ssize_t)sizeof request - 1 &&
                read(peer, answer, sizeof answer - 1) > 12 && strncmp(answer + 9, "200", 3) == 0;
    if (peer >= 0)
        close(peer);
    return well ? SERVICE_STOPPED : SERVICE_FAILED;
}

static int check_config(const struct service *service)
{
    struct why why = {0};
    if (load_config(service, &why)) {
        printf("%s: the configuration is complete\n", service->name);
        return SERVICE_STOPPED;
    }
    fprintf(stderr, "%s: %s\n", service->name, why.text);
    return SERVICE_MISUSED;
}

static int run_word(const struct service *service, int argc, char **argv)
{
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0)
        return print_help(service);
    if (strcmp(word, "--version") == 0)
        return printf("%s %s\n", service->name, KAKEKOMI_VERSION), SERVICE_STOPPED;
    if (strcmp(word, "--check") == 0)
        return check_config(service);
    if (strcmp(word, "--healthcheck") == 0)
        return check_health(service);
    for (const struct service_command *c = service->commands; c && c->name; c++)
        if (strcmp(word, c->name) == 0)
            return c->run(argc - 1, argv + 1);
    fprintf(stderr, "%s: unknown word %s; try --help\n", service->name, word);
    return SERVICE_MISUSED;
}

/* --- running ------------------------------------------------------------------------------------------------------ */

/* The admin address answers before the service has started and while it stops; its `ready` is asked in between only. */
static pthread_mutex_t serving_lock = PTHREAD_MUTEX_INITIALIZER;
static bool serving;

static void set_serving(bool now)
{
    pthread_mutex_lock(&serving_lock);
    serving = now;
    pthread_mutex_unlock(&serving_lock);
}

static bool ask_ready(void *context, json_t *detail)
{
    (void)context;
    pthread_mutex_lock(&serving_lock);
    bool ready = serving && !atomic_load(&failed) && (!current->ready || current->ready(detail));
    pthread_mutex_unlock(&serving_lock);
    return ready;
}

static void *exit_when_late(void *context)
{
    (void)context;
    usleep((STOP_WITHIN_MS + 2000) * 1000);
    log_event(LOG_ERROR, "service.stop_overdue", "limit_ms=%d", STOP_WITHIN_MS);
    _exit(SERVICE_FAILED);
}

static void exit_now(int signal_number)
{
    (void)signal_number;
    _exit(SERVICE_FAILED);
}

static void block_signals(sigset_t *ret_set)
{
    sigemptyset(ret_set);
    sigaddset(ret_set, SIGTERM);
    sigaddset(ret_set, SIGINT);
    sigaddset(ret_set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, ret_set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static int64_t cpu_ms(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

/* What a replay or a large answer held is given back meanwhile. At rest, with less than a tenth of a core in use, nobody misses the
 * pages of libraries either. */
static void give_back(int64_t *used_ms)
{
    int64_t before_ms = *used_ms;
    *used_ms = cpu_ms();
    if (*used_ms - before_ms < TRIM_EVERY_S * 100)
        mem_give_back();
    else
        malloc_trim(0);
}

static void wait_for_end(const struct service *service, const sigset_t *signals)
{
    const struct timespec turn = {.tv_sec = TRIM_EVERY_S};
    int64_t used_ms = cpu_ms();
    for (int number = 0; number != SIGTERM && number != SIGINT;) {
        number = sigtimedwait(signals, NULL, &turn);
        if (number < 0)
            give_back(&used_ms);
        if (number == SIGHUP && service->reload)
            service->reload();
    }
}

static void stop_in_order(const struct service *service, const sigset_t *signals,
                          struct http_server *admin)
{
    pthread_t watchdog;
    signal(SIGTERM, exit_now);
    signal(SIGINT, exit_now);
    pthread_sigmask(SIG_UNBLOCK, signals, NULL);
    if (pthread_create(&watchdog, NULL, exit_when_late, NULL) == 0)
        pthread_detach(watchdog);
    log_event(LOG_INFO, "service.stopping", "limit_ms=%d", STOP_WITHIN_MS);
    service->stop(clock_monotonic_ms() + STOP_WITHIN_MS);
    http_server_stop(admin, clock_monotonic_ms() + 500);
}

static int run(const struct service *service)
{
    struct why why = {0};
    sigset_t signals;
    struct http_server *admin = NULL;
    if (!load_config(service, &why)) {
        log_event(LOG_ERROR, "config.refused", "why=%s", why.text);
        return SERVICE_MISUSED;
    }
    block_signals(&signals);
    struct http_admin definition = {.address = *service->admin_address, .ready = ask_ready};
    if (http_admin_start(&definition, &admin, &why) != VERDICT_OK ||
        service->start(&why) != VERDICT_OK) {
        log_event(LOG_ERROR, "service.start_failed", "why=%s", why.text);
        _exit(SERVICE_FAILED); /* threads of what did start would outlive what exit() destroys */
    }
    set_serving(true);
    log_event(LOG_INFO, "service.started", "version=%s", KAKEKOMI_VERSION);
    wait_for_end(service, &signals);
    set_serving(false);
    stop_in_order(service, &signals, admin);
    log_event(LOG_INFO, "service.stopped", "failed=%d", atomic_load(&failed));
    return atomic_load(&failed) ? SERVICE_FAILED : SERVICE_STOPPED;
}

/* Each of dozens of threads would keep what its own arena held once. And by default the first large block that is freed raises the
 * bound from which blocks are mapped, up to 32 MiB: answers of the broker would then leave holes in the heap. */
static void keep_small(void)
{
    mallopt(M_ARENA_MAX, ARENAS);
    mallopt(M_MMAP_THRESHOLD, MAPPED_FROM_BYTES);
    mallopt(M_TRIM_THRESHOLD, 2 * MAPPED_FROM_BYTES);
}

int service_main(int argc, char **argv, const struct service *service)
{
    current = service;
    /* The desk has certificates alone: the Kafka client need not load every mechanism of SASL that is installed. */
    setenv("SASL_PATH", "/nonexistent", 0);
    keep_small();
    log_init(service->name, LOG_INFO);
    if (sodium_init() < 0)
        return SERVICE_FAILED;
    return argc > 1 ? run_word(service, argc, argv) : run(service);
}
