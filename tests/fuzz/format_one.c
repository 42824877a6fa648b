/* SPDX-License-Identifier: Apache-2.0 */
/* One format's reader on any bytes, recognised or not, built once for each (FORMAT names it): no text may come out that is
 * neither of the line nor static, and its time and detection rows get to see it. */
#include "services/triage/detection.h"
#include "services/triage/ecs.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NAME_OF(name) format_##name
#define FORMAT_NAMED(name) NAME_OF(name)
extern const struct format FORMAT_NAMED(FORMAT);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(parsed_clear) struct parsed parsed;
    struct finding finding;
    int64_t time_us;
    size_t total = 0;
    format_recognise((struct bytes){data, size}, &parsed);
    parsed.format = &FORMAT_NAMED(FORMAT);
    (void)parsed.format->recognise(&parsed);
    parsed.format->parse(&parsed);
    if (parsed.format->time)
        (void)parsed.format->time(&parsed, INT64_C(1795500000000000), &time_us);
    detection_judge(&parsed, &finding);
    for (int field = 0; field < FIELD_COUNT; field++)
        for (size_t i = 0; i < parsed.fields[field].length; i++)
            total +=
                ((const unsigned char *)parsed.fields[field].data)[i]; /* every byte is readable */
    assert(total <= SIZE_MAX);
    return 0;
}
