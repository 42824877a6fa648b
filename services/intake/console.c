/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator console: one page under every address that an operator may keep, and the files that it is made of. They tell
 * nothing of any case and are the same for everybody, so nobody has to be signed in: signing in is done on that page.
 */
#include "services/intake/console.h"
#include "services/intake/intake.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ASSETS "/console/"
#define PAGE_FILE "index.html"

/* Nothing but what stands here: no script in a page, no other site's, no frame around it. */
static const char *const page_headers[][2] = {
    {"Content-Security-Policy", "default-src 'self'; base-uri 'none'; form-action 'self';"
                                " frame-ancestors 'none'; object-src 'none'"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Referrer-Policy", "no-referrer"},
};
/* A worker has a policy of its own; what a page or a worker fetches is under theirs. */
static const char *const worker_headers[][2] = {
    {"Content-Security-Policy", "default-src 'self'"},
};
#define WORKER "_worker.js"

static int compare_path(const void *path, const void *file)
{
    return strcmp(path, ((const struct console_file *)file)->path);
}

static const struct console_file *find(const char *path)
{
    return bsearch(path, console_files, console_file_count, sizeof *console_files, compare_path);
}

static void add_headers(struct http_request *request, const char *const (*headers)[2], size_t count)
{
    for (size_t i = 0; i < count; i++)
        http_reply_header(request, headers[i][0], headers[i][1]);
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

static void reply_file(struct http_request *request, const struct console_file *file)
{
    if (strcmp(file->path, PAGE_FILE) == 0)
        add_headers(request, page_headers, COUNT_OF(page_headers));
    else if (ends_with(file->path, WORKER))
        add_headers(request, worker_headers, COUNT_OF(worker_headers));
    http_reply_resource(request, &file->resource);
}

/* Which case or screen it is, the page reads from its own address. */
static void get_page(struct http_request *request)
{
    const struct console_file *page = find(PAGE_FILE);
    assert(page);
    reply_file(request, page);
}

/* Looked up as it was sent, in a list and not in any folder: what is written in another way is another name. */
static void get_file(struct http_request *request)
{
    const struct console_file *file = find(http_path(request) + strlen(ASSETS));
    if (file)
        reply_file(request, file);
    else
        http_reply_problem(request, 404, "not_found", "The console has no such file.", NULL);
}

#define PAGE(path_) {.method = "GET", .path = path_, .handler = get_page, .flags = AUTH_NOBODY}
#define FILE_IN(folders)                                                                           \
    {.method = "GET", .path = ASSETS folders "{file}", .handler = get_file, .flags = AUTH_NOBODY}
const struct http_route console_routes[] = {
    PAGE("/"),
    PAGE("/calls/{id}"),
    PAGE("/cases/{id}"),
    PAGE("/cases/{id}/{screen}"),
    PAGE("/today"),
    PAGE("/admin"),
    FILE_IN(""),
    FILE_IN("{folder}/"),
    FILE_IN("{folder}/{folder2}/"),
    FILE_IN("{folder}/{folder2}/{folder3}/"),
};
const size_t console_route_count = COUNT_OF(console_routes);
