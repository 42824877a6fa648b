/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is written to, and where. Nothing of a case goes to an address that was not read back over the telephone, and nothing at all into
 * a mailbox that may be in other hands: where the accounts were taken over, or the customer asks for it, the other way to reach them
 * counts; where that is no address, the desk calls.
 */
#include "services/notify/rules.h"

#include "common/desk/case.h"
#include "common/desk/hearing.h"

#include <string.h>

static struct recipient by_telephone(void)
{
    return (struct recipient){.channel = "telephone", .confirmed = true};
}

/* Where an address was read back, to that; else number and desk hours to the one that was said. */
static struct recipient by_mail(const char *confirmed, const char *said,
                                const struct notify_rule *rule)
{
    if (confirmed)
        return (struct recipient){.channel = "mail", .address = confirmed, .confirmed = true};
    if (rule->number_only && said && hearing_email_is_valid(bytes_of(said)))
        return (struct recipient){.channel = "mail", .address = said};
    return (struct recipient){0};
}

static bool is_address(const char *text)
{
    for (const char *c = text; c && *c; c++)
        if ((unsigned char)*c >= 0x80)
            return false;
    return text && hearing_email_is_valid(bytes_of(text));
}

static struct recipient by_the_other_way(const struct view *view, const struct notify_rule *rule)
{
    const char *other = hearing_text(view, "contact", "alternative");
    if (!is_address(other))
        return by_telephone();
    return by_mail(case_confirmed_alternative(chain_of(view)), other, rule);
}

static struct recipient customer(const struct view *view, const struct notify_rule *rule)
{
    const char *wish = hearing_text(view, "contact", "channel");
    const char *type = hearing_text(view, "incident", "type");
    bool compromised = type && strcmp(type, "account_takeover") == 0;
    if (wish && strcmp(wish, "telephone") == 0)
        return by_telephone();
    if (wish ? strcmp(wish, "alternative") == 0 : compromised)
        return by_the_other_way(view, rule);
    return by_mail(case_confirmed_address(chain_of(view)), hearing_text(view, "contact", "email"),
                   rule);
}

/* Somebody of the same company: their mail is as safe or unsafe as the contact's. */
static struct recipient responsible(const struct view *view, const struct notify_rule *rule)
{
    struct recipient contact = customer(view, rule);
    const char *address = case_confirmed_responsible(chain_of(view));
    const char *usual = case_confirmed_address(chain_of(view));
    bool same_person = address && contact.address && strcmp(address, contact.address) == 0;
    bool same_way = contact.address && usual && strcmp(contact.address, usual) == 0;
    return same_way && !same_person ? by_mail(address, NULL, rule) : (struct recipient){0};
}

static struct recipient at_desk(const struct view *view, const char *who)
{
    const char *address = text_of(json_object_get(view->facts, "notices"), who);
    return address ? (struct recipient){.channel = "mail", .address = address, .confirmed = true}
                   : (struct recipient){.channel = "desk", .confirmed = true};
}

static struct recipient provider(const struct view *view)
{
    const char *address = text_of(json_object_get(view->facts, "provider"), "mail");
    return address && !view_is_with_another(view)
               ? (struct recipient){.channel = "mail", .address = address, .confirmed = true}
               : (struct recipient){0};
}

struct recipient recipient_of(const struct view *view, const struct notify_rule *rule)
{
    switch (rule->to) {
    case NOTIFY_CUSTOMER:
        return customer(view, rule);
    case NOTIFY_RESPONSIBLE:
        return responsible(view, rule);
    case NOTIFY_OPERATOR:
        return at_desk(view, "operator");
    case NOTIFY_SUPERVISOR:
        return at_desk(view, "supervisor");
    case NOTIFY_PROVIDER:
        return provider(view);
    }
    return (struct recipient){0};
}

const char *notify_to_name(enum notify_to to)
{
    static const char *const names[] = {[NOTIFY_CUSTOMER] = "customer",
                                        [NOTIFY_RESPONSIBLE] = "responsible",
                                        [NOTIFY_OPERATOR] = "operator",
                                        [NOTIFY_SUPERVISOR] = "supervisor",
                                        [NOTIFY_PROVIDER] = "provider"};
    return names[to];
}

bool notify_is_of_desk(const char *to)
{
    return to && (strcmp(to, notify_to_name(NOTIFY_OPERATOR)) == 0 ||
                  strcmp(to, notify_to_name(NOTIFY_SUPERVISOR)) == 0);
}

const char *notify_subscriber_of(const char *to)
{
    const size_t length = sizeof NOTIFY_SUBSCRIBER - 1;
    return strncmp(to, NOTIFY_SUBSCRIBER, length) == 0 ? to + length : NULL;
}

const char *notify_urgency_name(enum notify_urgency urgency)
{
    static const char *const names[] = {
        [NOTIFY_URGENT] = "urgent", [NOTIFY_SOON] = "soon", [NOTIFY_DESK] = "desk_hours"};
    return names[urgency];
}
