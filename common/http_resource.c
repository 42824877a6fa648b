/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does not change from one request to the next: told apart by its entity tag, sent packed to whoever takes that. Plain and
 * packed have a tag each: they are other bytes, and a strong tag promises the bytes (RFC 9110, 8.8.3.3).
 */
#include "common/http_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ETAG_SIZE 80

/* "gzip", "gzip;q=0.5", … : the weight of one member of a list; 0 means "not that". */
static double weight_of(const char *member, size_t length)
{
    const char *at = memchr(member, ';', length), *end = member + length;
    if (!at)
        return 1;
    at += 1 + strspn(at + 1, " \t");
    if (at + 2 >= end || strncasecmp(at, "q=", 2) != 0)
        return 0; /* not understood: the plain bytes are never wrong */
    return strtod(at + 2, NULL);
}

static bool is_named(const char *member, const char *name)
{
    size_t length = strlen(name);
    return strncasecmp(member, name, length) == 0 && strchr(";, \t", member[length]);
}

bool http_takes_gzip(struct http_request *request)
{
    const char *list = http_header(request, "Accept-Encoding");
    bool any = false;
    for (const char *at = list ? list : ""; *at; at += *at == ',') {
        at += strspn(at, " \t");
        size_t length = strcspn(at, ",");
        if (is_named(at, "gzip"))
            return weight_of(at, length) > 0;
        if (is_named(at, "*"))
            any = weight_of(at, length) > 0;
        at += length;
    }
    return any;
}

bool http_etag_is_listed(const char *list, const char *etag)
{
    size_t length = strlen(etag);
    for (const char *at = list; at && *at; at += strcspn(at, ",")) {
        at += strspn(at, ", \t");
        if (*at == '*')
            return true;
        at += strncmp(at, "W/", 2) == 0 ? 2 : 0; /* a weak comparison is enough to save a reading */
        if (strncmp(at, etag, length) == 0)
            return true;
    }
    return false;
}

void http_reply_resource(struct http_request *request, const struct http_resource *resource)
{
    bool packed = resource->gzip.data && http_takes_gzip(request);
    char etag[ETAG_SIZE];
    snprintf(etag, sizeof etag, "\"%.64s%s\"", resource->tag, packed ? "-gzip" : "");
    http_reply_header(request, "ETag", etag);
    http_reply_header(request, "Vary", "Accept-Encoding");
    http_reply_header(request, "Cache-Control",
                      resource->is_private ? "private, no-cache" : "no-cache");
    if (http_etag_is_listed(http_header(request, "If-None-Match"), etag)) {
        http_reply(request, 304, NULL, (struct bytes){0});
        return;
    }
    if (packed)
        http_reply_header(request, "Content-Encoding", "gzip");
    http_reply(request, 200, resource->content_type, packed ? resource->gzip : resource->plain);
}
