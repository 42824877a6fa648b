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

/* Nothing but what stands here: no script in a page, no other site's, no frame around it. */
static const char *const security_headers[][2] = {
    {"Content-Security-Policy", "default-src 'self'; base-uri 'none'; form-action 'self';"
                                " frame-ancestors 'none'; object-src 'none'"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Referrer-Policy", "no-referrer"},
};

static int compare_path(const void *path, const void *file)
{
    return strcmp(path, ((const struct console_file *)file)->path);
}

static const struct console_file *find(const char *path)
{
    return bsearch(path, console_files, console_file_count, sizeof *console_files, compare_path);
}

static void reply_file(struct http_request *request, const struct console_file *file)
{
    for (size_t i = 0; i < COUNT_OF(security_headers); i++)
        http_reply_header(request, security_headers[i][0], security_headers[i][1]);
    http_reply_resource(request, &file->resource);
}

/* Which case or screen it is, the page reads from its own address. */
static void get_page(struct http_request *request)
{
    const struct console_file *page = find("index.html");
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
