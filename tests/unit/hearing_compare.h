/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: holds the one-pass validator against the tree validator on one body: same verdict, same errors in the same
 * order, and the hearing written by the first is the tree without customer_id. For the unit test and the fuzzer.
 * Errors: aborts with the body on stderr.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/desk/hearing.h"
#include "common/desk/limits.h"
#include "common/event.h"

static inline _Noreturn void hearing_differs(const char *what, const char *body, size_t length)
{
    fprintf(stderr, "%s differs for %zu bytes: %.*s\n", what, length, (int)length, body);
    abort();
}

static inline bool hearing_same_errors(const struct hearing_errors *a,
                                       const struct hearing_errors *b)
{
    if (a->found != b->found || a->count != b->count || a->unreadable != b->unreadable)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->list[i].pointer, b->list[i].pointer) != 0 ||
            strcmp(a->list[i].code, b->list[i].code) != 0 ||
            strcmp(a->list[i].message, b->list[i].message) != 0)
            return false;
    return true;
}

static inline void hearing_print_errors(const char *who, const struct hearing_errors *errors)
{
    for (size_t i = 0; i < errors->count; i++)
        fprintf(stderr, "%s: %s %s %s\n", who, errors->list[i].pointer, errors->list[i].code,
                errors->list[i].message);
}

/* What POST should have kept of a valid body. */
static inline void hearing_expect_written(json_t *tree, const struct hearing_opening *opening,
                                          const struct buf *out, const char *body, size_t length)
{
    json_auto_t *written = NULL, *narrow = NULL, *empty = json_object();
    struct hearing_errors errors;
    const char *customer = json_string_value(json_object_get(tree, "customer_id"));
    if (customer ? !bytes_equal_text(opening->customer_id, customer)
                 : opening->customer_id.data != NULL)
        hearing_differs("customer_id", body, length);
    json_object_del(tree, "customer_id");
    if (!hearing_check_patch(empty, tree, &errors, &narrow))
        hearing_differs("the same as a patch", body, length);
    if (event_parse_json(out->data, out->length, &written, NULL) != VERDICT_OK ||
        !json_equal(written, narrow))
        hearing_differs("the hearing written", body, length);
}

/* True when the body is valid. */
static inline bool hearing_compare(const char *body, size_t length)
{
    struct hearing_errors by_scan, by_tree;
    struct hearing_opening opening;
    CLEANUP(buf_free) struct buf out;
    json_auto_t *tree = NULL;
    buf_init(&out, LIMIT_BODY_BYTES);
    bool valid = hearing_check_opening(body, length, &opening, &out, &by_scan);
    bool readable = event_parse_json(body, length, &tree, NULL) == VERDICT_OK;
    if (readable == by_scan.unreadable)
        hearing_differs("readable", body, length);
    if (!readable)
        return false;
    hearing_check_tree(tree, true, &by_tree);
    if (length <= LIMIT_HEARING_BYTES && !hearing_same_errors(&by_scan, &by_tree)) {
        hearing_print_errors("scan", &by_scan);
        hearing_print_errors("tree", &by_tree);
        hearing_differs("error", body, length);
    }
    if (valid)
        hearing_expect_written(tree, &opening, &out, body, length);
    return valid;
}
