// SPDX-License-Identifier: Apache-2.0
#include "netlink/rule.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include "netlink/link_client.h"

enum {
	SMALL_MESSAGE = 256,
	PRIORITY_MAIN = 32700,		/* behind whatever others have put before the main table */
	PRIORITY_ANNOUNCED = 32701,
};

static struct message rule_message(uint16_t type, uint16_t flags, sa_family_t family,
				   uint8_t table, uint32_t priority)
{
	struct message m = message_new(SMALL_MESSAGE, type, flags);
	struct fib_rule_hdr *rule = message_put_header(&m, sizeof(*rule));

	if (rule) {
		rule->family = (uint8_t)family;
		rule->table = table;
		rule->action = FR_ACT_TO_TBL;
	}
	message_put_u32(&m, FRA_PRIORITY, priority);
	message_put_u8(&m, FRA_PROTOCOL, LINK_ROUTE_PROTOCOL);
	return m;
}

static struct message main_rule(uint16_t type, uint16_t flags, sa_family_t family)
{
	struct message m = rule_message(type, flags, family, RT_TABLE_MAIN, PRIORITY_MAIN);

	message_put_u32(&m, FRA_SUPPRESS_PREFIXLEN, 0);
	return m;
}

static struct message announced_rule(uint16_t type, uint16_t flags, sa_family_t family)
{
	struct message m = rule_message(type, flags, family, LINK_TABLE_ANNOUNCED,
					PRIORITY_ANNOUNCED);

	if (!m.failed)
		((struct fib_rule_hdr *)NLMSG_DATA(message_header(&m)))->flags = FIB_RULE_INVERT;
	message_put_u32(&m, FRA_FWMARK, LINK_ANNOUNCED_MARK);
	return m;
}

static int ask(struct link_client *c, struct message *m, enum error_kind fine, const char *verb,
	       struct error *err)
{
	struct error cause = { 0 };
	int r = link_request(c, m, NULL, NULL, &cause);

	if (!r || r == -(int)fine)
		return 0;
	return error_set(err, cause.kind, "cannot %s a rule for announced routes: %s", verb,
			 cause.text);
}

/* Main first: alone it changes nothing, while the other one alone would lead all away. */
int rules_add(struct link_client *c, sa_family_t family, struct error *err)
{
	const uint16_t flags = NLM_F_CREATE | NLM_F_EXCL;
	struct message m = main_rule(RTM_NEWRULE, flags, family);
	int r = ask(c, &m, ERR_EXISTS, "add", err);

	if (r)
		return r;
	m = announced_rule(RTM_NEWRULE, flags, family);
	return ask(c, &m, ERR_EXISTS, "add", err);
}

int rules_delete(struct link_client *c, sa_family_t family, struct error *err)
{
	struct message m = announced_rule(RTM_DELRULE, 0, family);
	int r = ask(c, &m, ERR_NOT_FOUND, "delete", err);

	if (r)
		return r;
	m = main_rule(RTM_DELRULE, 0, family);
	return ask(c, &m, ERR_NOT_FOUND, "delete", err);
}
