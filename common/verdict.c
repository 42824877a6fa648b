/* SPDX-License-Identifier: Apache-2.0 */
#include "common/verdict.h"

#include <stdio.h>

const char *verdict_name(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_OK:
        return "ok";
    case VERDICT_RETRY:
        return "retry";
    case VERDICT_REJECT:
        return "reject";
    case VERDICT_FATAL:
        return "fatal";
    }
    return "unknown";
}

static PRINTF(2, 0) void explain(struct why *why, const char *format, va_list args)
{
    if (!why)
        return;
    vsnprintf(why->text, sizeof why->text, format, args);
    utf8_repair(why->text); /* it may have been cut inside a character, and becomes JSON */
}

enum verdict retry(struct why *why, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    explain(why, format, args);
    va_end(args);
    return VERDICT_RETRY;
}

enum verdict reject(struct why *why, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    explain(why, format, args);
    va_end(args);
    return VERDICT_REJECT;
}

enum verdict fatal(struct why *why, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    explain(why, format, args);
    va_end(args);
    return VERDICT_FATAL;
}
