/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: intake's view: a SQLite file into which every instance folds all partitions of cases, contracts, extractions,
 * escalation-status, notifications, audit and dead-letters. It can be deleted at any time: it is rebuilt from Kafka. sqlite3.h is
 * included by view_*.c only.
 * Ownership: answers are new references. Threads: one thread folds; readers may be any thread (a pool of connections).
 * Errors: RETRY while rebuilding or busy; FATAL when the disk fails (the process ends).
 * Limits: list pages of at most 200.
 */
#include <jansson.h>
#include "common/desk/case.h"
#include "common/kafka.h"

struct view;

/* What cannot be taken is told to `bury`, on the folding thread and before the fold goes on. */
typedef enum verdict view_bury_fn(const struct kafka_record *record, const char *reason,
                                  struct why *why);
/* Who follows the fold; called by it. Topics are places in view_topics. */
struct view_change {
    int topic;
    const char *case_id;
    const char *what; /* the event's type */
    const json_t *
        before; /* the last record of the same topic, where what has changed is asked for; NULL else */
    const json_t *after; /* of `cases` the state, of the others the record */
};
struct view_follower {
    /* What a record changes, before it is committed; not told of what a rebuild reads again. */
    void (*changed)(const struct view_change *change);
    /* The fold stands here: once for every partition before it begins, then after every record. */
    void (*stands)(int topic, int32_t partition, int64_t next);
    void (*committed)(void); /* everything told so far */
    /* Whether so many are being answered who need nothing of the view that it stands back for them; NULL: never. */
    bool (*others_first)(void);
};
enum {
    VIEW_CASES,
    VIEW_CONTRACTS,
    VIEW_EXTRACTIONS,
    VIEW_ESCALATION,
    VIEW_NOTICES,
    VIEW_AUDIT,
    VIEW_LETTERS,
    VIEW_TOPICS
};
enum verdict view_open(const struct kafka_config *kafka, const char *state_dir, view_bury_fn *bury,
                       const struct view_follower *follower, struct view **ret_view,
                       struct why *why);
void view_stop(struct view *view); /* the fold ends; who waits for it is told so */
void view_close(struct view *view);
bool view_is_ready(struct view *view, json_t *detail);

/* --- one case ---------------------------------------------------------------------------------------------------- */
struct view_case {
    json_t *state;                                   /* case_apply's; NULL: unknown */
    json_t *extraction, *escalation, *notifications; /* last values or NULL */
    json_t *links;                                   /* cases that are one with this one, or NULL */
    char etag[48];                                   /* "<head16>.<view>" with its quotes */
};
enum verdict view_case(struct view *view, const char *case_id, struct view_case *ret_case,
                       struct why *why);
void view_case_clear(struct view_case *view_case);
/* The records of a case in order: [{id,type,time,key,partition,offset,value,extends,head,accepted,code}], value as text. */
enum verdict view_events(struct view *view, const char *case_id, json_t **ret_events,
                         struct why *why);
enum verdict view_audit(struct view *view, const char *case_id, json_t **ret_records,
                        struct why *why);

/* What became of one record of `cases`. */
struct view_outcome {
    bool known;
    enum case_refusal refusal;
    char pointer[120];
    struct why why;
    json_int_t revision; /* of the event, when accepted */
    char head[CASE_HEAD_SIZE];
};
/* An accepted event, and the hash of the request that made it ("" if it was none); outcome.known is false if the chain
 * has no such event. */
struct view_event {
    struct view_outcome outcome;
    char type[64];
    char request_sha256[65];
};
enum verdict view_find_event(struct view *view, const char *case_id, const char *event_id,
                             struct view_event *ret_event, struct why *why);
/* Calls `passed` once the fold has committed this record of `cases`: on the fold's thread, or at once on the caller's.
 * Exactly once; with a NULL outcome when the view is closed before. */
typedef void view_passed_fn(void *context, const struct view_outcome *outcome);
void view_when_passed(struct view *view, struct kafka_position at, view_passed_fn *passed,
                      void *context);
/* Waits until the fold stands at the end, as it stands now, of the partition of `cases` that has this case; NULL: of each. */
enum verdict view_catch_up(struct view *view, const char *case_id, int64_t deadline_ms,
                           struct why *why);

/* Waits until the fold has passed a record of one of the view's topics (short name). */
enum verdict view_wait_passed(struct view *view, const char *topic, struct kafka_position at,
                              int64_t deadline_ms, struct why *why);

/* --- many ---------------------------------------------------------------------------------------------------------- */
struct words_question;
struct view_query {
    const struct words_question *question; /* NULL: no words; as the other members: not asked for */
    const char *status, *customer, *operator, * type;
    int64_t from_us, to_us; /* opened from … to, without the end; 0 and INT64_MAX: at any time */
    bool closed; /* closed from … to, without the end; a step more for each day of the period */
    int64_t closed_from_us, closed_to_us;
    bool held, overdue;
    bool open; /* not closed */
    bool
        attention; /* open, and somebody must look at it: overdue, held, next_steps or untouched (openapi.yaml) */
    int limit;
    const char *cursor; /* opaque, NULL: from the newest */
};
/* REJECT: the cursor is none. A page goes on where the one before ended, whatever was opened meanwhile. */
enum verdict view_list(struct view *view, const struct view_query *query, json_t **ret_page,
                       struct why *why);
enum verdict view_contract(struct view *view, const char *customer_id, json_t **ret_contract,
                           struct why *why);
/* By the beginning of a telephone number, by words, or both (NULL: not asked for). At most 50; *ret_more: there are others. */
enum verdict view_contracts(struct view *view, const char *digits,
                            const struct words_question *question, json_t **ret_list,
                            bool *ret_more, struct why *why);
/* What was recorded under this event id: the SHA-256 of its value, "" if nothing was. */
enum verdict view_contract_request(struct view *view, const char *event_id, char ret_sha256[65],
                                   struct why *why);
/* The numbers of a day (from_us to to_us, without the end) and of this moment; {"opened","opened_by_hour":[24],"out_of_hours",
 * "in_time","held","overdue","closed","handed_over","left":{"cases","handovers","items","bytes","list":[at most 100, the newest first]},
 * "notices_failed","dead_letters","cases":{status: n}}. */
enum verdict view_day(struct view *view, int64_t from_us, int64_t to_us, int64_t now_us,
                      json_t **ret_numbers, struct why *why);

/* --- dead letters --------------------------------------------------------------------------------------------------- */
#define VIEW_LETTER_STATES "open|dismissed|redriven"
struct view_letter_query {
    const char
        *topic; /* short name of the one whose record was refused; NULL, as the others: any */
    const char *state;  /* one of VIEW_LETTER_STATES */
    const char *reason; /* a part of it, as written */
    int64_t now_us;     /* older ones than the topic keeps are left out */
    int limit;
    const char *cursor;
};
/* Newest first; REJECT: the cursor is none. */
enum verdict view_letters(struct view *view, const struct view_letter_query *query,
                          json_t **ret_page, struct why *why);
/* NULL: there is no letter at this position. Beside what is shown, "dismissed" has "event" and "sha256" of its request. */
enum verdict view_letter(struct view *view, struct kafka_position at, json_t **ret_letter,
                         struct why *why);

/* The answer to GET /v1/cases/{id} from a case; only folded records, no clock (contract §4). */
json_t *view_render(const struct view_case *view_case);
