/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PUT …/logs and …/files: the raw body goes to the case's partition of `uploads` in chunks as it comes, hashed on the way;
 * with four chunks under way the connection pauses, and nobody else on its thread. The bytes count only once the chain names them: a client that
 * goes away in the middle leaves chunks that nobody reads.
 */
#include "services/intake/commands.h"

#include "common/clock.h"
#include "common/desk/limits.h"
#include "common/desk/topics.h"
#include "common/ids.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNDER_WAY_MAX 4
#define ACKNOWLEDGED_WITHIN_MS 20000

struct upload {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int owners, under_way;
    bool failed, paused;
    bool unsure; /* whether there is such a case; looked for with the first bytes */
    struct http_request *request; /* held while paused */
    int64_t first, last;          /* offsets */
    int32_t partition;
    char id[IDS_UUID_SIZE], case_id[IDS_UUID_SIZE], sha256[IDS_SHA256_TEXT_SIZE];
    struct ids_sha256_state *hash;
    struct buf chunk;
    int64_t size, size_max, chunks;
    bool logs;
};

static void upload_release(struct upload *upload)
{
    pthread_mutex_lock(&upload->lock);
    bool last = --upload->owners == 0;
    pthread_mutex_unlock(&upload->lock);
    if (!last)
        return;
    pthread_mutex_destroy(&upload->lock);
    pthread_cond_destroy(&upload->changed);
    ids_sha256_drop(upload->hash);
    buf_free(&upload->chunk);
    free(upload);
}

static void upload_release_job(void *job)
{
    upload_release(job);
}

static void take_delivery(void *context, const struct kafka_delivery *delivery)
{
    struct upload *upload = context;
    pthread_mutex_lock(&upload->lock);
    upload->under_way--;
    upload->failed |= delivery->verdict != VERDICT_OK;
    if (delivery->verdict == VERDICT_OK) {
        upload->partition = delivery->at.partition;
        if (upload->first < 0 || delivery->at.offset < upload->first)
            upload->first = delivery->at.offset;
        if (delivery->at.offset > upload->last)
            upload->last = delivery->at.offset;
    }
    struct http_request *waiting =
        upload->paused && upload->under_way < UNDER_WAY_MAX ? upload->request : NULL;
    if (waiting)
        upload->paused = false;
    pthread_cond_signal(&upload->changed);
    pthread_mutex_unlock(&upload->lock);
    upload_release(upload);
    if (waiting)
        http_continue(waiting);
}

/* True once no chunk is under way and none has failed. */
static bool wait_for_acknowledgements(struct upload *upload)
{
    int64_t deadline_ms = clock_monotonic_ms() + ACKNOWLEDGED_WITHIN_MS;
    pthread_mutex_lock(&upload->lock);
    while (upload->under_way > 0 && clock_wait(&upload->changed, &upload->lock, deadline_ms))
        continue;
    bool well = upload->under_way == 0 && !upload->failed;
    pthread_mutex_unlock(&upload->lock);
    return well;
}

static void reply_not_written(struct http_request *request, void *context)
{
    (void)context;
    intake_unavailable(request, "kafka", "The bytes could not be written; send the file again.");
}

/* False when a chunk was lost. Enough under way: the connection pauses until one of them is acknowledged. */
static bool pause_if_full(struct http_request *request, struct upload *upload)
{
    pthread_mutex_lock(&upload->lock);
    bool well = !upload->failed;
    if (well && upload->under_way >= UNDER_WAY_MAX && !upload->paused) {
        upload->request = request;
        upload->paused = http_pause(request, clock_monotonic_ms() + ACKNOWLEDGED_WITHIN_MS,
                                    reply_not_written, NULL);
    }
    pthread_mutex_unlock(&upload->lock);
    return well;
}

static bool send_chunk(struct upload *upload)
{
    char time[CLOCK_TEXT_SIZE], chunk_id[IDS_UUID_SIZE], type_text[96], seq[24];
    struct event_headers headers;
    struct why why;
    int64_t now_us = clock_now_us();
    clock_format_us(now_us, time);
    ids_uuid7(now_us, chunk_id);
    snprintf(seq, sizeof seq, "%lld", (long long)upload->chunks);
    event_headers_make("upload.chunk", chunk_id, INTAKE_SOURCE, time, upload->case_id, NULL,
                       type_text, &headers);
    headers.list[headers.count - 1].value = bytes_of("application/octet-stream");
    headers.list[headers.count++] = (struct kafka_header){"upload", bytes_of(upload->id)};
    headers.list[headers.count++] = (struct kafka_header){"seq", bytes_of(seq)};
    struct kafka_output output = {
        .topic = topics_full_name("uploads"),
        .partition = -1,
        .key = bytes_of(upload->case_id),
        .value = {.data = upload->chunk.data, .length = upload->chunk.length},
        .headers = headers.list,
        .header_count = headers.count};
    pthread_mutex_lock(&upload->lock);
    upload->owners++;
    upload->under_way++;
    pthread_mutex_unlock(&upload->lock);
    if (kafka_produce(intake.producer, &output, take_delivery, upload, &why) != VERDICT_OK) {
        struct kafka_delivery lost = {.verdict = VERDICT_RETRY};
        take_delivery(upload, &lost);
        return false;
    }
    upload->chunks++;
    buf_clear(&upload->chunk);
    return true;
}

/* --- the body -------------------------------------------------------------------------------------------------------------------- */

static bool name_is_sound(const char *name)
{
    size_t length = name ? strlen(name) : 0;
    if (length < 1 || length > 255)
        return false;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f || name[i] == '/' || name[i] == '\\')
            return false;
    return true;
}

/* Of a case as the view has it; replies where it takes none. */
static bool case_takes_uploads(struct http_request *request, const json_t *state)
{
    bool open = state && case_is_open(state);
    bool room = json_array_size(json_object_get(state, "uploads")) < LIMIT_UPLOADS_PER_CASE;
    if (!state)
        http_reply_problem(request, 404, "not_found", "There is no case with this id.", NULL);
    else if (!open)
        http_reply_problem(request, 409, "impossible", "The case is closed.", NULL);
    else if (!room)
        http_reply_problem(request, 409, "too_many", "The case has as many uploads as it may have.",
                           NULL);
    return open && room;
}

/* What another instance has just opened may not be in the view yet: then the answer is `ret_unsure`, and nobody waits here. */
static bool case_is_known(struct http_request *request, const char *case_id, bool *ret_unsure)
{
    struct view_case found = {0};
    struct why why = {0};
    bool is_id = ids_is_uuid(case_id);
    if (is_id && view_case(intake.view, case_id, &found, &why) != VERDICT_OK) {
        intake_unavailable(request, "view", why.text);
        return false;
    }
    *ret_unsure = is_id && !found.state;
    bool well = *ret_unsure || case_takes_uploads(request, found.state);
    view_case_clear(&found);
    return well;
}

static void look_again(void *context)
{
    struct http_request *request = context;
    const struct upload *upload = auth_job(request);
    struct view_case found = {0};
    struct why why = {0};
    if (intake_case_or_wait(upload->case_id, &found, &why) != VERDICT_OK)
        intake_unavailable(request, "view", why.text);
    else
        (void)case_takes_uploads(request, found.state);
    view_case_clear(&found);
    http_continue(request);
}

static void reply_unsure(struct http_request *request, void *context)
{
    (void)context;
    intake_unavailable(request, "view", "The case could not be looked for; send the file again.");
}

/* With the first bytes: none further are read until it is clear that there is such a case. */
static void pause_for_case(struct http_request *request, struct upload *upload)
{
    upload->unsure = false;
    if (!http_pause(request, clock_monotonic_ms() + ACKNOWLEDGED_WITHIN_MS, reply_unsure, NULL))
        return;
    if (intake_defer(look_again, request))
        return;
    reply_unsure(request, NULL);
    http_continue(request);
}

static bool is_kind(const char *kind)
{
    static const char *const all[] = {"utm",       "firewall", "proxy", "ids",
                                      "antivirus", "edr",      "other"};
    for (size_t i = 0; i < COUNT_OF(all); i++)
        if (strcmp(all[i], kind) == 0)
            return true;
    return false;
}

static bool query_is_sound(struct http_request *request)
{
    const char *kind = http_query(request, "kind"), *format = http_query(request, "format");
    if (!name_is_sound(http_query(request, "filename")))
        intake_refuse_field(request, 422, "/filename", "format",
                            "expected a file name of 1 to 255 bytes without / and \\");
    else if (kind && !is_kind(kind))
        intake_refuse_field(request, 422, "/kind", "choice",
                            "expected utm, firewall, proxy, ids, antivirus, edr or other");
    else if (format && (!*format || strlen(format) > 40))
        intake_refuse_field(request, 422, "/format", "format", "expected 1 to 40 bytes");
    else
        return true;
    return false;
}

static bool begin(struct http_request *request)
{
    const char *case_id = http_path_value(request, "id");
    bool unsure;
    if (!query_is_sound(request) || !case_is_known(request, case_id, &unsure))
        return false;
    struct upload *upload = mem_alloc(sizeof *upload);
    pthread_mutex_init(&upload->lock, NULL);
    clock_condition_init(&upload->changed);
    upload->owners = 1;
    upload->unsure = unsure;
    upload->first = upload->last = -1;
    upload->hash = ids_sha256_begin();
    buf_init(&upload->chunk, LIMIT_CHUNK_BYTES);
    ids_uuid7(clock_now_us(), upload->id);
    snprintf(upload->case_id, sizeof upload->case_id, "%s", case_id);
    upload->logs = strcmp(http_route_of(request)->path, "/v1/cases/{id}/logs") == 0;
    upload->size_max = upload->logs ? LIMIT_LOG_UPLOAD_BYTES : LIMIT_FILE_UPLOAD_BYTES;
    auth_keep_job(request, upload, upload_release_job);
    return true;
}

static bool take_bytes(struct http_request *request, const void *bytes, size_t length)
{
    struct upload *upload = auth_job(request);
    upload->size += (int64_t)length;
    if (upload->size > upload->size_max) {
        CLEANUP(mem_free)
        char *detail = mem_printf("At most %lld bytes are taken.", (long long)upload->size_max);
        http_reply_problem(request, 413, "too_large", detail, NULL);
        return false;
    }
    if (upload->unsure)
        pause_for_case(request, upload);
    ids_sha256_add(upload->hash, bytes, length);
    while (length) {
        size_t room = LIMIT_CHUNK_BYTES - upload->chunk.length,
               part = length < room ? length : room;
        buf_add(&upload->chunk, bytes, part);
        bytes = (const char *)bytes + part;
        length -= part;
        if (upload->chunk.length == LIMIT_CHUNK_BYTES && !send_chunk(upload)) {
            reply_not_written(request, NULL);
            return false;
        }
    }
    bool well = pause_if_full(request, upload);
    if (!well)
        reply_not_written(request, NULL);
    return well;
}

/* --- the event ---------------------------------------------------------------------------------------------------------------------- */

/* From the chain and not from the request: a repetition with the same key is told of the first upload. */
static void finish_upload(const json_t *state, const struct command_input *input, json_t *answer)
{
    static const char *const shown[] = {"upload", "sha256", "size"};
    const json_t *uploads = json_object_get(state, "uploads");
    for (size_t i = 0; i < json_array_size(uploads); i++) {
        const json_t *upload = json_array_get(uploads, i);
        if (strcmp(json_string_value(json_object_get(upload, "event")), input->event_id) != 0)
            continue;
        for (size_t k = 0; k < COUNT_OF(shown); k++)
            json_object_set(answer, shown[k], json_object_get(upload, shown[k]));
    }
}

static json_t *members_of(struct http_request *request, const struct upload *upload)
{
    json_t *members = json_pack("{s:s, s:s, s:i, s:I, s:I, s:I, s:I, s:s}", "upload", upload->id,
                                "name", http_query(request, "filename"), "partition",
                                (int)upload->partition, "first", (json_int_t)upload->first, "last",
                                (json_int_t)upload->last, "chunks", (json_int_t)upload->chunks,
                                "size", (json_int_t)upload->size, "sha256", upload->sha256);
    const char *kind = http_query(request, "kind"), *format = http_query(request, "format");
    if (members && kind)
        json_object_set_new(members, "kind", json_string(kind));
    if (members && format)
        json_object_set_new(members, "format", json_string(format));
    return members;
}

static void run_finish(struct http_request *request)
{
    static const struct command logs = {
        .type = "logs.submitted", .status = 201, .finish = finish_upload};
    static const struct command file = {
        .type = "file.attached", .status = 201, .finish = finish_upload};
    struct upload *upload = auth_job(request);
    if (upload->size == 0) {
        intake_refuse_field(request, 422, "", "empty", "expected at least one byte");
        return;
    }
    if ((upload->chunk.length && !send_chunk(upload)) || !wait_for_acknowledgements(upload)) {
        reply_not_written(request, NULL);
        return;
    }
    if (!auth_is_still_operator(auth_identity(request))) { /* it may have taken hours */
        http_reply_problem(
            request, 401, "unauthenticated",
            "Whoever began this upload may write no more; sign in and send it again.", NULL);
        return;
    }
    ids_sha256_end(TAKE(upload->hash), upload->sha256);
    json_auto_t *members = members_of(request, upload);
    if (members)
        command_run(request, upload->logs ? &logs : &file, members);
    else
        intake_refuse_field(request, 422, "/filename", "format", "expected UTF-8");
}

static void finish(struct http_request *request)
{
    intake_run_slow(request, run_finish);
}

const struct http_route upload_routes[] = {
    {.method = "PUT",
     .path = "/v1/cases/{id}/logs",
     .handler = finish,
     .flags = AUTH_WRITERS | AUTH_MACHINE,
     .body_max = (size_t)LIMIT_LOG_UPLOAD_BYTES,
     .begin = begin,
     .data = take_bytes},
    {.method = "PUT",
     .path = "/v1/cases/{id}/files",
     .handler = finish,
     .flags = AUTH_WRITERS | AUTH_MACHINE,
     .body_max = (size_t)LIMIT_FILE_UPLOAD_BYTES,
     .begin = begin,
     .data = take_bytes},
};
const size_t upload_route_count = COUNT_OF(upload_routes);
