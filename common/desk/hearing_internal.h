/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: what the two validators share: the table as a tree of nodes, the path to where one stands, the checks of a
 * single text, and the making of errors. For hearing_*.c only.
 * Ownership: nodes are static, made once. Threads: any. Errors: into the caller's list.
 * Limits: 64 members per object (a bit each); HEARING_EMAILS_MAX fields for addresses, none of them in a list.
 */
#include "common/desk/hearing.h"

enum hearing_node_kind {
    HEARING_NODE_OBJECT,
    HEARING_NODE_LIST, /* its one child is the item */
    HEARING_NODE_LEAF,
    HEARING_NODE_CUSTOMER, /* customer_id: not a field of the sheet, but of the body */
    HEARING_NODE_SOURCES,  /* {"<pointer of a field>": text}; its one child is the text */
};

struct hearing_node {
    enum hearing_node_kind kind;
    const char *name; /* of the member, not terminated; "N" for an item */
    size_t name_length;
    const struct hearing_field *field; /* of a leaf, of an item of a plain list, of a list */
    bool answers;                      /* "unknown" and "declined" are taken instead of a value */
    bool precision;                    /* the sibling <time>_precision of `field` */
    unsigned bit;                      /* place among its siblings */
    uint64_t required; /* bits of children that stage A asks for, or that contain such */
    struct hearing_node *first, *last, *next;
};

#define HEARING_EMAILS_MAX 4

const struct hearing_node *hearing_shape(void); /* the body of POST */
/* `hint`: the member found before in the same object, or NULL: bodies mostly stand in the table's order. */
const struct hearing_node *hearing_node_find(const struct hearing_node *object,
                                             const struct hearing_node *hint, const char *name,
                                             size_t length);
/* The node a JSON pointer leads to; NULL if it is not one of the sheet's. */
const struct hearing_node *hearing_node_resolve(const char *pointer, size_t length);

/* Where a validator stands; lives on its stack. The root has no `up`. */
struct hearing_path {
    const struct hearing_path *up;
    const char *name; /* NULL: `index` counts */
    size_t name_length;
    size_t index;
};

/* A text as both validators see it. `data` is decoded; NULL where it is longer than any format allows. */
struct hearing_text {
    size_t length;
    const char *data;
    size_t characters;
    bool control; /* contains control characters other than tab and line ends */
    bool blank;   /* nothing but white space */
};
#define HEARING_DECODED_MAX 768

void hearing_error_add(struct hearing_errors *errors, const struct hearing_path *path,
                       const char *code, const char *format, ...) PRINTF(4, 5);
void hearing_error_type(struct hearing_errors *errors, const struct hearing_path *path,
                        const struct hearing_node *node);
void hearing_error_too_many(struct hearing_errors *errors, const struct hearing_path *path,
                            const struct hearing_node *node);
void hearing_error_repeated(struct hearing_errors *errors, const struct hearing_path *path);
void hearing_error_unknown(struct hearing_errors *errors, const struct hearing_path *path);
void hearing_error_size(struct hearing_errors *errors);
/* Names every stage A field below `node` that is not among `seen`. */
void hearing_error_required(struct hearing_errors *errors, const struct hearing_path *path,
                            const struct hearing_node *node, uint64_t seen);

/* True when `text` may stand at `node`; else the error is added. `ret_choice`: which of the choices it is, -1 if none. */
bool hearing_check_text(struct hearing_errors *errors, const struct hearing_path *path,
                        const struct hearing_node *node, const struct hearing_text *text,
                        int *ret_choice);
bool hearing_check_integer(struct hearing_errors *errors, const struct hearing_path *path,
                           const struct hearing_node *node, int64_t value);
/* A key of `sources` must be the pointer of a field; `path` ends in it. */
bool hearing_check_source(struct hearing_errors *errors, const struct hearing_path *path,
                          const char *pointer, size_t length);

/* Full-width ASCII to half-width; false if nothing had to change or it does not fit. */
bool hearing_fold_width(const char *text, size_t length, char *ret_text, size_t size);

/* jansson's iterators ask for an object they could change, and do not change it. */
static inline json_t *hearing_iterable(const json_t *object)
{
    return (json_t *)(uintptr_t)object;
}

/* What a choice of the field is called; asserts that the table of words has it. */
void hearing_choice_words(const struct hearing_field *field, const char *choice, size_t length,
                          const char **ret_ja, const char **ret_en);
