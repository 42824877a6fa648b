/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 5424 §6.3: [id name="value" …][…]; in a value ", \ and ] stand behind a backslash. Check Point leaves that away for ]. */
#include "services/triage/formats/format.h"

void structured_each(struct parsed *parsed, struct bytes structured, parsed_each_fn *each)
{
    static const struct keyvalue_style style = {.separators = " ]"};
    keyvalue_each(parsed, structured, &style, each);
}
