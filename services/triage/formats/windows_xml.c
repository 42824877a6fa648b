/* SPDX-License-Identifier: Apache-2.0 */
/* Windows events as XML, as the event viewer and the subscription API render them; names and meanings are those of the JSON. */
#include "services/triage/formats/format.h"
#include "services/triage/time_text.h"

static bool recognise(const struct parsed *parsed)
{
    return bytes_find(bytes_head(parsed->message, 256), "<Event") &&
           bytes_find(parsed->message, "<System>") && bytes_find(parsed->message, "<EventID");
}

static void parse(struct parsed *parsed)
{
    xml_each(parsed, parsed->message, windows_name);
    windows_finish(parsed);
}

static const char *const times[] = {"SystemTime=", NULL};

static bool tell_time(const struct parsed *parsed, int64_t append_us, int64_t *ret_us)
{
    struct bytes text = bytes_behind(parsed->message, "SystemTime='", "'");
    return time_text_read(text, append_us, ret_us);
}

const struct format format_windows_xml = {.name = "windows_xml",
                                          .vendor = "Microsoft",
                                          .product = "Windows",
                                          .recognise = recognise,
                                          .parse = parse,
                                          .base = &format_windows_json,
                                          .times = times,
                                          .time = tell_time};
