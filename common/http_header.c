/* SPDX-License-Identifier: Apache-2.0 */
/* The headers of a request: the library's own memory until the answer is given, copies for whoever works on beyond it. */
#include "common/http_internal.h"

#include <assert.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *lookup(struct http_request *request, enum MHD_ValueKind kind, const char *name)
{
    return request->mhd ? MHD_lookup_connection_value(request->mhd, kind, name) : NULL;
}

static const char *lookup_kept(const struct http_request *request, const char *name)
{
    const char *at = request->kept.data, *end = at + request->kept.length;
    while (at < end) {
        const char *value = at + strlen(at) + 1;
        if (strcasecmp(at, name) == 0)
            return value;
        at = value + strlen(value) + 1;
    }
    return NULL;
}

const char *http_header(struct http_request *request, const char *name)
{
    return request->headers_kept ? lookup_kept(request, name)
                                 : lookup(request, MHD_HEADER_KIND, name);
}

const char *http_cookie(struct http_request *request, const char *name)
{
    return lookup(request, MHD_COOKIE_KIND, name);
}

static enum MHD_Result keep(void *context, enum MHD_ValueKind kind, const char *name,
                            const char *value)
{
    struct buf *kept = context;
    (void)kind;
    buf_add(kept, name, strlen(name) + 1);
    buf_add(kept, value ? value : "", value ? strlen(value) + 1 : 1);
    return MHD_YES;
}

void http_keep_headers(struct http_request *request)
{
    assert(!request->headers_kept && !request->was_suspended);
    request->headers_kept = true;
    buf_init(&request->kept, 2 * HTTP_HEADER_BYTES_MAX);
    MHD_get_connection_values(request->mhd, MHD_HEADER_KIND, keep, &request->kept);
    assert(!request->kept.overflowed);
}
