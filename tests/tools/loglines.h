/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: log lines of real shapes without end (FortiGate, Suricata EVE, CEF, Squid, and text of no known format), each a
 * pure function of seed and index, so that any of them can be made again; and what each line says, known from making it:
 * an oracle need not parse.
 * Every customer has the same 24 devices with the same names and addresses: who mixes owners up is noticed. Names and
 * addresses begin with one another on purpose (PC-1, PC-12).
 * Ownership: the caller's struct. Threads: any, no shared state. Errors: none.
 * Limits: customers are a multiple of partitions; lines below 1,600 bytes; times are whole milliseconds, in order.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOGLINES_DEVICES 24

struct loglines {
    uint64_t seed;
    int32_t customers, partitions;
    int64_t from_us, span_us, count; /* line 0 is of `from`, line `count` would be of from + span */
};

struct log_line {
    int32_t partition;
    int64_t offset, time_us;
    char owner[16];
    const char *shape;
    char text[1600];
    size_t length;
    bool detection;
    /* What it says; "" where it does not. Names without domain, user without domain. */
    char addresses[2][20], host[16], user[16], mac[18];
    char signs[3][72]; /* of a detection: addresses and domains outside, hashes */
    uint64_t dice;     /* the generator's own */
};

/* Line `index` is offset index / partitions of partition index % partitions. */
void loglines_make(const struct loglines *lines, int64_t index, struct log_line *ret_line);
void loglines_owner(int32_t customer, char ret_owner[16]);
