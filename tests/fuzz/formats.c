/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines from outside: header, tokenizers, time, detection, matching, writing. Whatever a line holds, the record it
 * becomes is strict JSON on one line. */
#include "common/event.h"
#include "services/triage/ecs.h"
#include "services/triage/subject.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_and_read(struct ecs_record *found)
{
    CLEANUP(buf_free) struct buf out;
    json_auto_t *json = NULL;
    struct why why;
    buf_init(&out, 512 * 1024 - 1);
    ecs_write(found, 64 * 1024, &out);
    if (out.overflowed)
        return;
    assert(!memchr(out.data, '\n', out.length));
    assert(event_parse_json(out.data, out.length, &json, &why) == VERDICT_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct subject *subject;
    CLEANUP(parsed_clear) struct parsed parsed;
    struct finding finding;
    if (!subject) {
        json_auto_t *devices =
            json_pack("[s, s, s, s]", "192.168.1.33", "10.0.0.0/8", "84:78:48:80:0d:86", "pc-07");
        subject = subject_new(devices, NULL, "needle");
    }
    struct logstore_record record = {.line = {data, size}, .host = {data, size < 40 ? size : 40}};
    record.time_us = event_time_of((struct bytes){0}, record.line, INT64_C(1795500000000000),
                                   &record.time_source);
    format_parse(record.line, &parsed);
    detection_judge(&parsed, &finding);
    struct ecs_record found = {.record = &record, .parsed = &parsed, .finding = &finding};
    found.device = subject_touches(subject, &parsed);
    (void)subject_mentions(subject, record.line);
    subject_learn(subject, &parsed);
    write_and_read(&found);
    return 0;
}
