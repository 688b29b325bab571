/* SPDX-License-Identifier: Apache-2.0 */
/* The schedule's own keys (serial, fleet, policies, orders) are read here, all others by the table
 * of conf_table.c. Policies stay text and are read again for each merge: a fleet has more of them
 * than a host has room for. */
#include "conf/schedule.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/base64.h"
#include "codec/digest.h"
#include "conf/conf_value.h"

static const char *const root_keys[] = {"serial", "fleet", "policies", "orders", NULL};
static const char *const policy_keys[] = {"name", "clusters", "hosts", NULL};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool pattern_matches(const char *pattern, const char *text)
{
	/* One place to go back to is enough: a later star can always take what an earlier would. */
	const char *star = NULL, *again = NULL;
	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			again = text;
		} else if (*pattern == '?' || (*pattern && lower(*pattern) == lower(*text))) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++again;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

static bool patterns_match(const struct schedule_patterns *p, const char *text)
{
	for (unsigned i = 0; i < p->n; i++)
		if (pattern_matches(p->patterns[i], text))
			return true;
	return p->n == 0;
}

/* A member is named with or without its port. */
static bool is_host(const char *pattern, const char *host)
{
	char name[HOST_BYTES_MAX];
	const char *colon = strrchr(host, ':');
	if (pattern_matches(pattern, host))
		return true;
	return colon &&
	       copy_str(name, sizeof(name), (struct str){.p = host, .n = (size_t)(colon - host)}) &&
	       pattern_matches(pattern, name);
}

static bool hosts_match(const struct schedule_patterns *p, const char *host)
{
	for (unsigned i = 0; i < p->n; i++)
		if (is_host(p->patterns[i], host))
			return true;
	return p->n == 0;
}

void schedule_fini(struct schedule *s)
{
	buf_fini(&s->text);
	memset(s, 0, sizeof(*s));
}

/* ---- reading ---- */

static void wrong(struct conf_faults *f, const struct yaml_node *at, const char *what)
{
	conf_fault_add(f, false, at->line, at->column, "%s", what);
}

/* One pattern or a list of them. */
static bool patterns_parse(const struct yaml_node *node, struct schedule_patterns *ret,
			   struct conf_faults *f)
{
	const struct yaml_node *item = node->kind == YAML_IS_LIST ? node->first : node;
	ret->n = 0;
	if (!item || node->kind == YAML_IS_MAP) {
		wrong(f, node,
		      "patterns of names belong here, as [\"rs*\"]; an empty list would "
		      "name nobody");
		return false;
	}
	for (; item; item = node->kind == YAML_IS_LIST ? item->next : NULL) {
		if (ret->n == SCHEDULE_PATTERNS_MAX) {
			wrong(f, item, "more than 8 patterns");
			return false;
		}
		if (item->kind != YAML_IS_SCALAR || !conf_is_host(item->text, true) ||
		    !copy_str(ret->patterns[ret->n], sizeof(ret->patterns[0]), item->text)) {
			wrong(f, item,
			      "a pattern is of letters, digits, '.', '_', '-', ':', '*' "
			      "and '?'");
			return false;
		}
		ret->n++;
	}
	return true;
}
STATIC_ASSERT(SCHEDULE_PATTERNS_MAX == 8, "the text above names it");

struct selector {
	struct schedule_patterns clusters, hosts;
};

static bool selector_parse(const struct yaml_node *policy, struct selector *ret,
			   struct conf_faults *f)
{
	const struct yaml_node *clusters = yaml_find(policy, "clusters");
	const struct yaml_node *hosts = yaml_find(policy, "hosts");
	*ret = (struct selector){.clusters.n = 0};
	if (!clusters && !hosts) {
		wrong(f, policy,
		      "a policy needs 'clusters' or 'hosts'; what holds for all stands "
		      "outside of 'policies'");
		return false;
	}
	return (!clusters || patterns_parse(clusters, &ret->clusters, f)) &&
	       (!hosts || patterns_parse(hosts, &ret->hosts, f));
}

static bool selects(const struct selector *s, const char *cluster, const char *host)
{
	return (!cluster || patterns_match(&s->clusters, cluster)) && hosts_match(&s->hosts, host);
}

static bool is_scalar(const struct yaml_node *node)
{
	return node->kind == YAML_IS_SCALAR && node->text.n > 0;
}

static bool serial_parse(const struct yaml_node *root, uint64_t *ret, struct conf_faults *f)
{
	const struct yaml_node *node = yaml_find(root, "serial");
	uint64_t v = 0;
	if (!node) {
		conf_fault_add(f, false, 1, 1,
			       "no 'serial': a schedule begins with a number that rises with each "
			       "change");
		return false;
	}
	bool ok = is_scalar(node) && node->text.n <= 16;
	for (size_t i = 0; ok && i < node->text.n; i++) {
		ok = node->text.p[i] >= '0' && node->text.p[i] <= '9';
		v = v * 10 + (uint64_t)(node->text.p[i] - '0');
	}
	if (!ok || v == 0 || v > SCHEDULE_SERIAL_MAX) {
		wrong(f, node, "serial: a whole number above 0 belongs here");
		return false;
	}
	*ret = v;
	return true;
}

/* ---- orders ---- */

static void order_key(struct schedule_order *o, const struct yaml_node *node, struct conf_faults *f)
{
	static const char words[] =
	    "id rotate clusters member urgency reason ticket breakFreeze maxLag notAfter";
	static const char *const kinds[] = {
	    [ORDER_KEYFILE] = "keyfile", [ORDER_CERTIFICATES] = "certificates"};
	static const char *const urgencies[URGENCY_N] = {[URGENCY_ROUTINE] = "routine",
							 [URGENCY_URGENT] = "urgent",
							 [URGENCY_EMERGENCY] = "emergency"};
	struct err err = ERR_INIT;
	struct str near;
	if (str_equal_z(node->key, "clusters")) {
		(void)patterns_parse(node, &o->clusters, f); /* told there */
		return;
	}
	if (!is_scalar(node)) {
		wrong(f, node, "a single value belongs here");
		return;
	}
	/* Free texts are checked as any other text of a configuration. */
	static const struct conf_row text_row = {.path = "orders[]", .type = CONF_TEXT};
	struct conf_row row = text_row;
	bool ok = true;
	if (str_equal_z(node->key, "id")) {
		ok = conf_is_name(node->text) && copy_str(o->id, sizeof(o->id), node->text);
	} else if (str_equal_z(node->key, "rotate")) {
		ok = false;
		for (size_t i = 0; i < ARRAY_N(kinds); i++)
			if (str_equal_z(node->text, kinds[i])) {
				o->kind = (enum order_kind)i;
				ok = true;
			}
	} else if (str_equal_z(node->key, "urgency")) {
		ok = false;
		for (size_t i = 0; i < ARRAY_N(urgencies); i++)
			if (str_equal_z(node->text, urgencies[i])) {
				o->urgency = (enum urgency)i;
				ok = true;
			}
	} else if (str_equal_z(node->key, "member")) {
		ok = conf_is_host(node->text, false) &&
		     copy_str(o->member, sizeof(o->member), node->text);
	} else if (str_equal_z(node->key, "reason")) {
		row.size = sizeof(o->reason);
		ok = conf_value_parse(&row, node, NULL, o->reason, &err);
	} else if (str_equal_z(node->key, "ticket")) {
		row.size = sizeof(o->ticket);
		ok = conf_value_parse(&row, node, NULL, o->ticket, &err);
	} else if (str_equal_z(node->key, "breakFreeze")) {
		ok = conf_bool_parse(node->text, &o->breaks_freeze, &err);
	} else if (str_equal_z(node->key, "maxLag")) {
		ok = span_parse(node->text, &o->max_lag_us, &err) && o->max_lag_us >= US_S &&
		     o->max_lag_us <= US_DAY;
	} else if (str_equal_z(node->key, "notAfter")) {
		ok = wall_parse_utc(node->text, &o->not_after, &err);
	} else {
		bool is_near = conf_nearest(node->key, words, &near);
		conf_fault_add(f, false, node->key_line, node->key_column,
			       "unknown key '%.*s' of an order%s%.*s%s allowed here: %s",
			       (int)MIN(node->key.n, (size_t)48), node->key.p,
			       is_near ? "; did you mean '" : "", is_near ? (int)near.n : 0,
			       is_near ? near.p : "", is_near ? "'?" : ";", words);
		return;
	}
	if (!ok)
		conf_fault_add(f, false, node->line, node->column,
			       "%.*s: '%.*s' is not allowed here%s%s",
			       (int)MIN(node->key.n, (size_t)48), node->key.p,
			       (int)MIN(node->text.n, (size_t)64), node->text.p,
			       err.kind ? ": " : "", err.kind ? err.text : "");
}

/* Hosts agree on an order by its token: the same on each that read the same schedule. */
static bool order_token(const char *fleet, struct schedule_order *o, struct err *err)
{
	unsigned char hash[SHA256_BYTES];
	auto_buf struct buf text = {0};
	buf_addf(&text, "rotad-schedule-order/1\n%s\n%s", fleet, o->id);
	if (!buf_ok(&text, err) || !sha256(buf_str(&text), hash, err))
		return false;
	hex_print(hash, TOKEN_CHARS / 2, o->token.hex);
	return true;
}

static void orders_parse(const struct yaml_node *list, struct schedule *s, struct conf_faults *f)
{
	if (!list || (list->kind == YAML_IS_SCALAR && list->text.n == 0))
		return;
	if (list->kind != YAML_IS_LIST) {
		wrong(f, list, "orders: a list belongs here");
		return;
	}
	for (const struct yaml_node *node = list->first; node; node = node->next) {
		struct schedule_order *o = &s->orders[s->orders_n];
		struct err err = ERR_INIT;
		if (s->orders_n == ORDERS_MAX) {
			wrong(f, node, "more than 64 orders; remove those that are done");
			return;
		}
		*o = (struct schedule_order){.kind = ORDER_KEYFILE};
		if (node->kind != YAML_IS_MAP) {
			wrong(f, node, "orders: a map of keys belongs here");
			continue;
		}
		for (const struct yaml_node *c = node->first; c; c = c->next)
			order_key(o, c, f);
		static const char *const needed[] = {"id", "rotate", "clusters", "reason"};
		for (size_t i = 0; i < ARRAY_N(needed); i++)
			if (!yaml_find(node, needed[i]))
				conf_fault_add(f, false, node->line, node->column,
					       "an order needs '%s'", needed[i]);
		if (o->breaks_freeze && o->urgency != URGENCY_EMERGENCY)
			wrong(f, node, "breakFreeze is for urgency: emergency only");
		if (o->urgency == URGENCY_EMERGENCY && o->kind != ORDER_KEYFILE)
			wrong(f, node, "urgency: emergency is for rotate: keyfile only");
		for (unsigned i = 0; i < s->orders_n; i++)
			if (o->id[0] && strcmp(o->id, s->orders[i].id) == 0)
				conf_fault_add(f, false, node->line, node->column,
					       "two orders have the id '%s'", o->id);
		if (o->id[0] && !order_token(s->fleet, o, &err))
			conf_fault_add(f, false, node->line, node->column, "%s", err.text);
		s->orders_n++;
	}
}
STATIC_ASSERT(ORDERS_MAX == 64, "a text above names it");

bool schedule_order_concerns(const struct schedule_order *o, const char *cluster,
			     const char *member, struct wall now)
{
	if (o->not_after.us && now.us > o->not_after.us)
		return false;
	if (o->member[0] && member[0] && !is_host(o->member, member))
		return false;
	return patterns_match(&o->clusters, cluster);
}

/* ---- policies ---- */

/* Read one policy (or the whole, for all hosts) into fresh defaults. */
static struct conf *policy_new(const struct yaml_node *map, bool is_root, unsigned policy_i,
			       struct conf_faults *f)
{
	struct conf *c = conf_new();
	if (!c) {
		conf_fault_add(f, false, 0, 0, "no memory for a policy");
		return NULL;
	}
	if (!conf_parse_policy(map, is_root ? root_keys : policy_keys, policy_i, c, f)) {
		conf_free(c);
		return NULL;
	}
	return c;
}

static void policy_check(const struct yaml_node *map, bool is_root, unsigned policy_i,
			 const struct conf_how *how, struct conf_faults *f)
{
	struct selector selector;
	auto_conf struct conf *c = NULL;
	if (map->kind != YAML_IS_MAP) {
		wrong(f, map, "policies: a map of keys belongs here");
		return;
	}
	if (!is_root && !selector_parse(map, &selector, f))
		return;
	c = policy_new(map, is_root, policy_i, f);
	if (c)
		(void)conf_check_policy(c, how, f); /* told in f, which the caller looks at */
}

bool schedule_parse(struct str text, const struct conf_how *how, struct schedule *ret,
		    struct conf_faults *faults)
{
	unsigned before = faults->errors_n;
	auto_yaml struct yaml_doc doc = {.root = NULL};
	auto_free struct schedule *s = calloc(1, sizeof(*s));
	struct err err = ERR_INIT;
	const char *first = text.p;
	size_t n = text.n;
	while (n && (*first == ' ' || *first == '\t' || *first == '\r' || *first == '\n')) {
		first++;
		n--;
	}
	if (!s) {
		conf_fault_add(faults, false, 0, 0, "no memory for a schedule");
		return false;
	}
	if (n == 0 || *first == '<') {
		conf_fault_add(faults, false, 1, 1,
			       n ? "this is a web page, no schedule"
				 : "empty: a schedule has a serial at least");
		return false;
	}
	if (!yaml_parse(text, &doc, &err)) {
		conf_fault_add(faults, false, err.line, err.column, "%s", err.text);
		return false;
	}
	if (!doc.root || doc.root->kind != YAML_IS_MAP) {
		conf_fault_add(faults, false, 1, 1,
			       "a map of keys belongs here, as in 'serial: 1'");
		return false;
	}
	(void)serial_parse(doc.root, &s->serial, faults); /* told there; go on for more */
	const struct yaml_node *fleet = yaml_find(doc.root, "fleet");
	if (fleet && (!is_scalar(fleet) || !conf_is_name(fleet->text) ||
		      !copy_str(s->fleet, sizeof(s->fleet), fleet->text)))
		wrong(faults, fleet, "fleet: letters, digits, '.', '_' and '-'");
	policy_check(doc.root, true, 0, how, faults);
	const struct yaml_node *policies = yaml_find(doc.root, "policies");
	if (policies && policies->kind == YAML_IS_LIST) {
		if (policies->children_n > POLICIES_MAX)
			wrong(faults, policies, "more than 256 policies");
		else
			for (const struct yaml_node *p = policies->first; p; p = p->next)
				policy_check(p, false, ++s->policies_n, how, faults);
	} else if (policies && (policies->kind == YAML_IS_MAP || policies->text.n)) {
		wrong(faults, policies, "policies: a list belongs here");
	}
	orders_parse(yaml_find(doc.root, "orders"), s, faults);
	if (faults->errors_n != before)
		return false;
	buf_add(&s->text, text.p, text.n);
	if (!buf_ok(&s->text, &err)) {
		conf_fault_add(faults, false, 0, 0, "%s", err.text);
		return false;
	}
	*ret = *s;
	return true;
}
STATIC_ASSERT(POLICIES_MAX == 256, "a text above names it");

/* ---- merging ---- */

static int64_t number_of(const struct conf_row *row, const struct config *c)
{
	const char *at = (const char *)c + row->offset;
	int64_t wide = 0;
	unsigned number = 0;
	if (row->size == sizeof(wide)) {
		memcpy(&wide, at, sizeof(wide));
		return wide;
	}
	ASSERT(row->size == sizeof(number));
	memcpy(&number, at, sizeof(number));
	return number;
}

static bool wins(const struct conf_row *row, const struct conf *ours, const struct conf *policy)
{
	unsigned char spoken = conf_origin_get(ours, row, 0)->from;
	switch (row->merge) {
	case CONF_MERGE_CEILING:
		return number_of(row, &policy->config) < number_of(row, &ours->config);
	case CONF_MERGE_LOW:
		return spoken == CONF_FROM_DEFAULT ||
		       number_of(row, &policy->config) < number_of(row, &ours->config);
	case CONF_MERGE_HIGH:
		return spoken == CONF_FROM_DEFAULT ||
		       number_of(row, &policy->config) > number_of(row, &ours->config);
	case CONF_MERGE_FILL:
		return spoken != CONF_FROM_HOST;
	case CONF_MERGE_NEVER:
	case CONF_MERGE_ADD:
		break;
	}
	return false;
}

static void copy_value(const struct conf_row *row, const struct conf *from, struct conf *to)
{
	const char *source = (const char *)&from->config;
	char *target = (char *)&to->config;
	memcpy(target + row->offset, source + row->offset, row->size);
	if (row->type == CONF_HOSTS)
		memcpy(target + row->count_offset, source + row->count_offset, sizeof(unsigned));
	if (row->type == CONF_KEY_TYPE) {
		to->config.policy.certificates.is_key_same =
		    from->config.policy.certificates.is_key_same;
		to->config.policy.certificates.key_bits = from->config.policy.certificates.key_bits;
	}
	*conf_origin_of(to, row, 0) = *conf_origin_get(from, row, 0);
}

/* The zone that a window or freeze of the policy means, in ours. */
static int zone_of(const struct conf *policy, unsigned zone_i, struct conf *ours)
{
	const char *name = policy->config.policy.zones[zone_i].name;
	if (zone_i == 0 &&
	    conf_origin_get(policy, conf_find(STR("timezone")), 0)->from == CONF_FROM_DEFAULT)
		return 0; /* local time of each host */
	return conf_zone_intern(&ours->config.policy, str_of(name));
}

/* Rows of element i of a list are ours' element n now. */
static void copy_element_origins(enum conf_base base, const struct conf *from, unsigned i,
				 struct conf *to, unsigned n)
{
	to->elements[base][n] = from->elements[base][i];
	for (size_t r = 0; r < conf_table_n; r++)
		if (conf_table[r].base == base)
			*conf_origin_of(to, &conf_table[r], n) =
			    *conf_origin_get(from, &conf_table[r], i);
}

/* Returns false when a limit was reached: told. */
static bool add_times(const struct conf *policy, unsigned char asker, struct conf *ours,
		      struct conf_faults *f)
{
	const struct policy *from = &policy->config.policy;
	struct policy *to = &ours->config.policy;
	if (to->windows_n + from->windows_n > WINDOWS_MAX ||
	    to->freezes_n + from->freezes_n > FREEZES_MAX) {
		conf_fault_add(f, false, 0, 0,
			       "with the schedule there are more than %d windows or %d freezes",
			       WINDOWS_MAX, FREEZES_MAX);
		return false;
	}
	for (unsigned i = 0; i < from->windows_n + from->freezes_n; i++) {
		bool is_window = i < from->windows_n;
		unsigned k = is_window ? i : i - from->windows_n;
		unsigned zone_i = is_window ? from->windows[k].zone_i : from->freezes[k].zone_i;
		int zone = zone_of(policy, zone_i, ours);
		if (zone < 0) {
			conf_fault_add(f, false, 0, 0,
				       "with the schedule there are more than %d time zones",
				       ZONES_MAX);
			return false;
		}
		if (is_window) {
			copy_element_origins(CONF_IN_WINDOW, policy, k, ours, to->windows_n);
			struct window *w = &to->windows[to->windows_n++];
			*w = from->windows[k];
			w->zone_i = (unsigned)zone;
			w->from = asker;
		} else {
			copy_element_origins(CONF_IN_FREEZE, policy, k, ours, to->freezes_n);
			struct freeze *z = &to->freezes[to->freezes_n++];
			*z = from->freezes[k];
			z->zone_i = (unsigned)zone;
		}
	}
	return true;
}

static bool apply(const struct yaml_node *map, bool is_root, unsigned policy_i,
		  unsigned char *asker, struct conf *ours, struct conf_faults *f)
{
	auto_conf struct conf *policy = policy_new(map, is_root, policy_i, f);
	if (!policy)
		return false;
	for (size_t i = 0; i < conf_table_n; i++) {
		const struct conf_row *row = &conf_table[i];
		if (row->base == CONF_IN_CONFIG && row->merge != CONF_MERGE_NEVER &&
		    conf_origin_get(policy, row, 0)->from != CONF_FROM_DEFAULT &&
		    wins(row, ours, policy))
			copy_value(row, policy, ours);
	}
	if (policy->config.policy.windows_n)
		++*asker; /* at most WINDOWS_MAX of them have a window */
	return add_times(policy, *asker, ours, f);
}

/* Apply the policies that name the host; *ret_n says how many did. */
static bool apply_policies(const struct yaml_node *root, const char *cluster, const char *host,
			   unsigned char *asker, struct conf *ours, unsigned *ret_n,
			   struct conf_faults *f)
{
	const struct yaml_node *list = yaml_find(root, "policies");
	unsigned i = 0;
	*ret_n = 0;
	for (const struct yaml_node *p = list && list->kind == YAML_IS_LIST ? list->first : NULL; p;
	     p = p->next) {
		struct selector selector;
		i++;
		if (!selector_parse(p, &selector, f))
			return false;
		if (!selects(&selector, cluster, host))
			continue;
		++*ret_n;
		if (!apply(p, false, i, asker, ours, f))
			return false;
	}
	return true;
}

bool schedule_lists(const struct schedule *s, const char *cluster, const char *host)
{
	auto_yaml struct yaml_doc doc = {.root = NULL};
	struct err err = ERR_INIT;
	struct conf_faults f = {.n = 0};
	if (s->serial == 0 || !yaml_parse(buf_str(&s->text), &doc, &err))
		return false;
	const struct yaml_node *list = yaml_find(doc.root, "policies");
	for (const struct yaml_node *p = list && list->kind == YAML_IS_LIST ? list->first : NULL; p;
	     p = p->next) {
		struct selector selector;
		if (selector_parse(p, &selector, &f) && selects(&selector, cluster, host))
			return true;
	}
	return false;
}

bool schedule_merge(const struct schedule *s, const struct schedule *listed, const struct conf *own,
		    const char *cluster, const char *host, const struct conf_how *how,
		    struct conf *ret, struct conf_faults *faults)
{
	auto_yaml struct yaml_doc doc = {.root = NULL};
	auto_yaml struct yaml_doc old = {.root = NULL};
	struct err err = ERR_INIT;
	unsigned char asker = 0;
	unsigned named_n = 0;
	memcpy(ret, own, sizeof(*ret));
	if (s->serial && !yaml_parse(buf_str(&s->text), &doc, &err)) {
		conf_fault_add(faults, false, err.line, err.column, "%s", err.text);
		return false;
	}
	if (doc.root && (!apply(doc.root, true, 0, &asker, ret, faults) ||
			 !apply_policies(doc.root, cluster, host, &asker, ret, &named_n, faults)))
		return false;
	ret->config.is_in_schedule = named_n > 0;
	ret->config.schedule_serial = s->serial;
	if (named_n == 0 && listed && listed->serial) {
		if (!yaml_parse(buf_str(&listed->text), &old, &err)) {
			conf_fault_add(faults, false, err.line, err.column, "%s", err.text);
			return false;
		}
		if (!apply_policies(old.root, cluster, host, &asker, ret, &named_n, faults))
			return false;
	}
	return conf_check(ret, how, faults);
}
