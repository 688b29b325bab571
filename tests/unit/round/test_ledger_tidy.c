/* SPDX-License-Identifier: Apache-2.0 */
/* Which documents may leave the ledger. Two present members (0 and 1 of the fleet), one that has
 * gone (2); generation 3 is the highest. */
#include "lib/test.h"

#include <stdio.h>

#include "lib/ledger_docs.h"

#include "round/ledger_tidy.h"

enum { DOCS = 24 };
static struct {
	struct fleet fleet;
	struct proposal proposal;
	struct identity_doc identities[FLEET_N];
	struct store_doc docs[DOCS];
	char texts[DOCS][8192];
	struct tidy_view view;
	uint64_t amends, known; /* of the next order */
	enum urgency urgency;
} the;
static const char *const present[] = {"db1.example.net:27017", "db2.example.net:27017"};

static int setup(void **state)
{
	fleet_init(&the.fleet);
	return 0;
}

static int teardown(void **state)
{
	fleet_fini(&the.fleet);
	return 0;
}

static void begin(bool is_closed)
{
	the.amends = the.known = 0;
	the.urgency = URGENCY_ROUTINE;
	sample_proposal(&the.fleet, &the.proposal);
	memset(the.proposal.digest.hex, 'd', DIGEST_CHARS);
	memset(the.proposal.previous.hex, 'c', DIGEST_CHARS);
	for (unsigned i = 0; i < FLEET_N; i++)
		the.identities[i].identity = the.fleet.ids[i];
	the.view = (struct tidy_view){.docs = the.docs,
				      .trust = &the.fleet.trust,
				      .proposal = &the.proposal,
				      .is_closed = is_closed,
				      .hosts = present,
				      .hosts_n = 2,
				      .identities = the.identities,
				      .identities_n = FLEET_N};
}

/* Put one into the ledger; {d} is the digest of the highest proposal, {c} of the one before it, {b}
 * of nobody's, {0} {1} {2} the identities. Returns its index. */
static size_t put(const char *id, const char *text)
{
	size_t i = the.view.docs_n++, n = 0;
	struct store_doc *d = &the.docs[i];
	assert_true(i < DOCS);
	*d = (struct store_doc){.rev = 1};
	for (const char *p = id; *p && n < sizeof(d->id) - DIGEST_CHARS; p++) {
		if (*p != '{') {
			d->id[n++] = *p;
			continue;
		}
		if (p[1] >= 'a')
			memset(d->id + n, p[1], DIGEST_CHARS);
		else
			memcpy(d->id + n, the.fleet.ids[p[1] - '0'].spki.hex, SPKI_CHARS);
		n += DIGEST_CHARS;
		p += 2;
	}
	snprintf(the.texts[i], sizeof(the.texts[i]), "%s", text);
	d->text = str_of(the.texts[i]);
	return i;
}

static void each_kind_goes_as_its_row_says(void **state)
{
	static const struct {
		const char *id;
		enum tidy_verdict open, closed;
	} rows[] = {
	    {"ledger", TIDY_KEEP, TIDY_KEEP},
	    {"claim", TIDY_KEEP, TIDY_KEEP},
	    {"claims", TIDY_KEEP, TIDY_KEEP},
	    {"hold", TIDY_KEEP, TIDY_KEEP},
	    {"something/else", TIDY_KEEP, TIDY_KEEP},
	    {"proposal/1", TIDY_NOW, TIDY_NOW},
	    {"proposal/2", TIDY_KEEP, TIDY_KEEP},
	    {"proposal/3", TIDY_KEEP, TIDY_KEEP},
	    {"proposal/4", TIDY_KEEP, TIDY_KEEP},
	    {"proposal/1x", TIDY_KEEP, TIDY_KEEP},
	    {"proposal/", TIDY_KEEP, TIDY_KEEP},
	    {"proposal/99999999999999999999999", TIDY_KEEP, TIDY_KEEP},
	    {"roll/1", TIDY_NOW, TIDY_NOW},
	    {"roll/2", TIDY_KEEP, TIDY_KEEP},
	    {"roll/3", TIDY_KEEP, TIDY_KEEP},
	    /* of this proposal, of the one before, of a lost race or of one in the making */
	    {"envelope/{d}/{0}", TIDY_KEEP, TIDY_KEEP},
	    {"envelope/{c}/{0}", TIDY_NOW, TIDY_NOW},
	    {"envelope/{b}/{0}", TIDY_NOW, TIDY_REST},
	    {"envelope/{d}/{2}", TIDY_REST, TIDY_REST},
	    {"envelope/0/{0}", TIDY_KEEP, TIDY_KEEP},
	    {"envelope/0/{2}", TIDY_REST, TIDY_REST},
	    {"envelope/0/", TIDY_KEEP, TIDY_KEEP},
	    {"envelope/0", TIDY_KEEP, TIDY_KEEP},
	    {"envelope/12/{0}", TIDY_KEEP, TIDY_KEEP},
	    {"statement/db1.example.net:27017", TIDY_KEEP, TIDY_KEEP},
	    {"statement/db3.example.net:27017", TIDY_REST, TIDY_REST},
	    {"statement/", TIDY_KEEP, TIDY_KEEP},
	    {"csr/db3.example.net:27017", TIDY_REST, TIDY_REST},
	    {"issued/db3.example.net:27017", TIDY_REST, TIDY_REST},
	    {"issued/db2.example.net:27017", TIDY_KEEP, TIDY_KEEP},
	    {"identity/{0}", TIDY_KEEP, TIDY_KEEP},
	    {"identity/{b}", TIDY_KEEP, TIDY_KEEP}, /* whose it is cannot be read */
	    {"order/x", TIDY_KEEP, TIDY_KEEP},
	};
	for (size_t r = 0; r < ARRAY_N(rows); r++)
		for (int is_closed = 0; is_closed < 2; is_closed++) {
			begin(is_closed);
			(void)put("identity/{0}", "{}");
			size_t i = put(rows[r].id, "{}");
			if (tidy_judge(&the.view, i) != (is_closed ? rows[r].closed : rows[r].open))
				fail_msg("%s, %s", rows[r].id, is_closed ? "closed" : "open");
			/* Without a configuration nothing is judged. */
			the.view.hosts_n = 0;
			assert_int_equal(tidy_judge(&the.view, i), TIDY_KEEP);
		}
}

static void without_a_proposal_only_what_is_of_no_member_goes(void **state)
{
	begin(false);
	the.view.proposal = NULL;
	(void)put("identity/{0}", "{}");
	assert_int_equal(tidy_judge(&the.view, put("proposal/1", "{}")), TIDY_KEEP);
	assert_int_equal(tidy_judge(&the.view, put("roll/1", "{}")), TIDY_KEEP);
	assert_int_equal(tidy_judge(&the.view, put("envelope/{b}/{0}", "{}")), TIDY_REST);
	assert_int_equal(tidy_judge(&the.view, put("envelope/0/{0}", "{}")), TIDY_KEEP);
	assert_int_equal(tidy_judge(&the.view, put("statement/gone:1", "{}")), TIDY_REST);
}

/* The third host was taken out of the set. */
static void an_identity_stays_as_long_as_anything_names_it(void **state)
{
	char names[128];
	static const struct {
		const char *id;
		enum tidy_verdict verdict;
	} rows[] = {
	    {"proposal/3", TIDY_KEEP}, /* it is in its roll, or made it */
	    {"roll/3", TIDY_KEEP},     /* it voted */
	    {"roll/2", TIDY_KEEP},     /* stays for now, and so does who signed it */
	    {"roll/1", TIDY_REST},     /* goes at once */
	    {"claim", TIDY_KEEP},      /* it gave the turn back last */
	    {"hold", TIDY_KEEP},         {"envelope/0/{2}", TIDY_REST}, /* only there for it */
	    {"identity/{0}", TIDY_REST}, {"statement/db1.example.net:27017", TIDY_KEEP},
	};
	for (size_t r = 0; r < ARRAY_N(rows); r++) {
		begin(true);
		snprintf(names, sizeof(names), "{\"from\":\"%s\"}", the.fleet.ids[2].spki.hex);
		size_t i = put("identity/{2}", "{}");
		(void)put(rows[r].id, names);
		if (tidy_judge(&the.view, i) != rows[r].verdict)
			fail_msg("named in %s", rows[r].id);
	}
	begin(true);
	assert_int_equal(tidy_judge(&the.view, put("identity/{2}", "{}")), TIDY_REST);
	/* A host that was confirmed with another identity: the one of before goes in its time. */
	begin(true);
	the.identities[1].identity.is_superseded = true;
	size_t old = put("identity/{1}", "{}");
	assert_int_equal(tidy_judge(&the.view, old), TIDY_REST);
	snprintf(names, sizeof(names), "{\"from\":\"%s\"}", the.fleet.ids[1].spki.hex);
	(void)put("roll/3", names);
	assert_int_equal(tidy_judge(&the.view, old), TIDY_KEEP);
	begin(true);
	the.view.hosts_n = 1; /* the second host as well */
	assert_int_equal(tidy_judge(&the.view, put("identity/{1}", "{}")), TIDY_REST);
	assert_int_equal(tidy_judge(&the.view, put("identity/{0}", "{}")), TIDY_KEEP);
}

static size_t put_order(unsigned n, enum order_kind kind, const char *host, int64_t at)
{
	struct order o;
	struct err err = ERR_INIT;
	struct buf text = {.max = 0};
	char id[64];
	sample_doc(&the.fleet, DOC_ORDER, &o);
	memset(o.id.hex, '0' + (int)n, TOKEN_CHARS);
	o.kind = kind;
	o.amends = the.amends;
	o.known = the.known;
	o.urgency = the.urgency;
	o.head.at.us += at;
	memset(o.host, 0, sizeof(o.host));
	PUT(o.host, host);
	assert_true(order_encode(&o, &the.fleet.keys[0], &text, NULL, &err));
	snprintf(id, sizeof(id), "order/%s", o.id.hex);
	size_t i = put(id, buf_z(&text));
	buf_fini(&text);
	return i;
}

static void of_certificate_orders_the_newest_for_each_member_stays(void **state)
{
	begin(false);
	size_t old = put_order(1, ORDER_CERTIFICATES, present[0], 0);
	size_t new = put_order(2, ORDER_CERTIFICATES, present[0], 5);
	size_t all = put_order(3, ORDER_CERTIFICATES, "", -9);
	size_t gone = put_order(4, ORDER_CERTIFICATES, "db3.example.net:27017", 9);
	size_t twin = put_order(5, ORDER_CERTIFICATES, present[0], 5);
	assert_int_equal(tidy_judge(&the.view, old), TIDY_REST);
	assert_int_equal(tidy_judge(&the.view, new), TIDY_REST); /* one of two at once */
	assert_int_equal(tidy_judge(&the.view, twin), TIDY_KEEP);
	assert_int_equal(tidy_judge(&the.view, all), TIDY_KEEP);
	assert_int_equal(tidy_judge(&the.view, gone), TIDY_REST);
}

static void a_keyfile_order_goes_once_its_rotation_has_ended(void **state)
{
	for (int is_closed = 0; is_closed < 2; is_closed++) {
		begin(is_closed);
		const uint64_t now = the.proposal.generation;
		the.known = now;
		size_t served = put_order(1, ORDER_KEYFILE, "", 0);
		size_t other = put_order(2, ORDER_KEYFILE, "", -US_DAY);
		the.known = now - 1; /* by one who had not seen it begin */
		size_t twin = put_order(6, ORDER_KEYFILE, "", 0);
		the.urgency = URGENCY_EMERGENCY;
		size_t alarm = put_order(7, ORDER_KEYFILE, "", 0);
		the.urgency = URGENCY_ROUTINE;
		the.known = now - 2;
		size_t past = put_order(8, ORDER_KEYFILE, "", 0);
		the.amends = the.proposal.generation;
		size_t amends = put_order(3, ORDER_KEYFILE, "", 0);
		the.amends = the.proposal.generation - 1;
		size_t amended = put_order(4, ORDER_KEYFILE, "", 0);
		the.amends = the.proposal.generation + 1;
		size_t to_come = put_order(5, ORDER_KEYFILE, "", 0);
		memset(the.proposal.order.hex, '1', TOKEN_CHARS);
		assert_int_equal(tidy_judge(&the.view, amends), is_closed ? TIDY_NOW : TIDY_KEEP);
		assert_int_equal(tidy_judge(&the.view, twin), is_closed ? TIDY_NOW : TIDY_KEEP);
		assert_int_equal(tidy_judge(&the.view, alarm), TIDY_KEEP);
		assert_int_equal(tidy_judge(&the.view, past), TIDY_NOW);
		assert_int_equal(tidy_judge(&the.view, amended), TIDY_NOW);
		assert_int_equal(tidy_judge(&the.view, to_come), TIDY_KEEP);
		assert_int_equal(tidy_judge(&the.view, served), is_closed ? TIDY_NOW : TIDY_KEEP);
		assert_int_equal(tidy_judge(&the.view, other), TIDY_KEEP);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_kind_goes_as_its_row_says),
	    cmocka_unit_test(without_a_proposal_only_what_is_of_no_member_goes),
	    cmocka_unit_test(an_identity_stays_as_long_as_anything_names_it),
	    cmocka_unit_test(of_certificate_orders_the_newest_for_each_member_stays),
	    cmocka_unit_test(a_keyfile_order_goes_once_its_rotation_has_ended),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
