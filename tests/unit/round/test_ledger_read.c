/* SPDX-License-Identifier: Apache-2.0 */
/* What is taken of the ledger and what is not, document by document: which one is believed, whose
 * it must be, what its absence means, what is told of one that is not believed. By db1's rotad,
 * with real signatures; whom a person revoked is tested in test_revocation.c. */
#include "lib/test.h"

#include "codec/claims_json.h"
#include "codec/envelope.h"
#include "lib/ledger_scene.h"
#include "round/trust.h"

static union {
	struct proposal proposal;
	struct vote vote;
	struct without without;
	struct closure closure;
	struct claim claim;
	struct statement statement;
	struct hold hold;
	struct order order;
	struct csr_doc csr;
	struct issued_doc issued;
	struct identity_doc identity;
	struct revocation revocation;
	struct request request;
} doc;

static void encode(enum doc_type type, unsigned who, struct buf *out)
{
	struct err err = ERR_INIT;
	struct digest digest;
	if (!ledger_encode(type, &doc, &fleet.keys[who], out, &digest, &err))
		fail_msg("%s", err.text);
}
static void put_doc(enum doc_type type, unsigned who, const char *id)
{
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	encode(type, who, &text);
	put(id, buf_str(&text));
}
/* A good one of that type, by that rotad. */
static void sample(enum doc_type type, unsigned who)
{
	memset(&doc, 0, sizeof(doc));
	sample_doc(&fleet, type, &doc);
	fleet_head(&fleet, who, (struct doc_head *)&doc);
}
static struct seen_ledger *ledger(void)
{
	return &w.t.seen->ledger;
}
static void anew(void)
{
	(void)tear_down(NULL);
	(void)set_up(NULL);
}
static void hold_key(const struct key_id *id)
{
	auto_secret struct secret text = {.p = NULL};
	struct err err = ERR_INIT;
	assert_true(secret_from(&text, "0123456789abcdef", 16, &err));
	assert_true(keychain_add(&w.t.chain, id, &text, &err));
}

/* ---- the root ---- */

static void the_root_says_whose_ledger_it_is(void **state UNUSED)
{
	static const struct {
		const char *cluster, *id;
		int protocol;
		bool exists, is_other, is_unknown;
	} rows[] = {
	    {"01", "ff", PROTOCOL_NUMBER, true, false, false},
	    {"02", "ff", PROTOCOL_NUMBER, true, true, false},
	    {"01", "fe", PROTOCOL_NUMBER, true, true, false},
	    {"01", "ff", PROTOCOL_NUMBER + 1, false, false, true},
	    {"01", "ff0", PROTOCOL_NUMBER, false, false, true},
	    {"01", NULL, PROTOCOL_NUMBER, false, false, true},
	    {NULL, NULL, 0, false, true, false},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		char text[256], id[80] = "";
		anew();
		if (rows[i].id)
			snprintf(id, sizeof(id), "\"id\":\"00112233445566778899aabbccddee%s\",",
				 rows[i].id);
		if (rows[i].cluster) {
			snprintf(text, sizeof(text),
				 "{\"cluster\":\"637af00000000000000000%s\",%s\"protocol\":%d}",
				 rows[i].cluster, id, rows[i].protocol);
			put("ledger", str_of(text));
		} else
			drop("ledger");
		const struct seen_ledger *l = look();
		if (l->exists != rows[i].exists || l->is_other_than_anchor != rows[i].is_other ||
		    l->is_unknown_protocol != rows[i].is_unknown)
			fail_msg("row %zu: %d %d %d", i, l->exists, l->is_other_than_anchor,
				 l->is_unknown_protocol);
		assert_int_equal(l->has_proposal, i == 0);
	}
	put("ledger", str_of("nonsense"));
	assert_true(look()->is_unknown_protocol);
	/* Where none was known none is missed. */
	anew();
	drop("ledger");
	w.t.anchor.ledger.hex[0] = 0;
	assert_false(look()->is_other_than_anchor);
}

/* Who began to make it goes on with it. */
static void a_ledger_that_this_host_founded_is_its_own(void **state UNUSED)
{
	const struct token id = w.t.anchor.ledger;
	w.t.anchor.ledger.hex[0] = 0;
	(void)look();
	assert_string_equal(w.t.anchor.ledger.hex, "");
	assert_false(ledger()->has_proposal);
	w.t.notes.founding = id;
	w.files.is_full = true;
	(void)look();
	assert_string_equal(w.t.anchor.ledger.hex, "");
	w.files.is_full = false;
	assert_true(look()->has_proposal);
	assert_string_equal(w.t.anchor.ledger.hex, id.hex);
}

/* ---- the generation ---- */

static struct digest next_proposal(unsigned who, uint64_t generation, const struct digest *previous)
{
	auto_buf struct buf text = {.max = DOC_BYTES_MAX};
	struct err err = ERR_INIT;
	struct digest digest;
	char id[DOC_ID_BYTES];
	sample(DOC_PROPOSAL, who);
	doc.proposal.generation = generation;
	if (previous)
		doc.proposal.previous = *previous;
	assert_true(proposal_encode(&doc.proposal, &fleet.keys[who], &text, &digest, &err));
	put(doc_id_n(id, "proposal", generation), buf_str(&text));
	return digest;
}
static void gone(void)
{
	drop("proposal/4");
}
static void older(void)
{
	w.t.anchor.generation = 5;
}
static void another(void)
{
	w.t.anchor.proposal.hex[0] ^= 1;
}
static void next(void)
{
	(void)next_proposal(1, 5, &w.t.anchor.proposal);
}
static void next_of_another(void)
{
	(void)next_proposal(1, 5, NULL);
}
static void far(void)
{
	(void)next_proposal(1, 10, NULL); /* 10 is more than 9: by number, not by letters */
	(void)next_proposal(1, 9, NULL);
}
static void none_was_followed(void)
{
	w.t.anchor.generation = 0;
	w.t.anchor.proposal.hex[0] = 0;
}
static void under_another_number(void)
{
	int i = doc_at("proposal/4");
	put("proposal/5", str_of(w.docs[i].text));
}
static void nothing(void)
{
}

static void the_newest_proposal_is_followed_where_it_follows_what_is_known(void **state UNUSED)
{
	static const struct {
		void (*set)(void);
		uint64_t newest, generation; /* 0: none is followed */
		bool is_older, is_other, is_doubted;
	} rows[] = {
	    {nothing, 4, 4, false, false, false},
	    {gone, 0, 0, true, false, false},
	    {older, 4, 0, true, false, false},
	    {another, 4, 0, false, true, false},
	    {next, 5, 5, false, false, false},
	    {next_of_another, 5, 0, false, true, false},
	    {far, 10, 10, false, false, false},
	    {none_was_followed, 4, 4, false, false, false},
	    {under_another_number, 5, 0, false, false, true},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		anew();
		rows[i].set();
		const struct seen_ledger *l = look();
		if (l->newest != rows[i].newest || l->has_proposal != (rows[i].generation > 0) ||
		    l->is_older_than_anchor != rows[i].is_older ||
		    l->is_other_than_anchor != rows[i].is_other ||
		    l->is_doubted != rows[i].is_doubted)
			fail_msg("row %zu: %u %d %d %d %d '%s'", i, (unsigned)l->newest,
				 l->has_proposal, l->is_older_than_anchor, l->is_other_than_anchor,
				 l->is_doubted, l->why);
		if (l->has_proposal)
			assert_int_equal(l->proposal.generation, rows[i].generation);
		assert_int_equal(fact_known(l->fact), !rows[i].is_doubted);
	}
	/* The very one that is followed, and not to be read: it went back, too. */
	anew();
	put("proposal/4", str_of("{}"));
	const struct seen_ledger *l = look();
	assert_true(l->is_doubted && l->is_older_than_anchor);
	assert_non_null(strstr(l->why, "the proposal cannot be believed: "));
	assert_non_null(strstr(l->not_admitted, "proposal/4: "));
	anew();
	none_was_followed();
	put("proposal/4", str_of("{}"));
	l = look();
	assert_true(l->is_doubted && !l->is_older_than_anchor);
}

/* Votes of db1, db2, db3 by letters, as they stand in the ledger. */
static void put_roll(const char *votes, bool is_without_last, bool is_closed)
{
	static struct roll_parts parts;
	auto_buf struct buf out = {.max = DOC_BYTES_MAX};
	struct buf texts[FLEET_N + 2];
	struct err err = ERR_INIT;
	struct proposal *p = calloc(1, sizeof(*p));
	sample_proposal(&fleet, p);
	p->generation = NEWEST;
	p->digest = w.t.anchor.proposal;
	parts = (struct roll_parts){.generation = NEWEST, .proposal = p->digest};
	for (unsigned i = 0; i < FLEET_N + 2; i++)
		texts[i] = (struct buf){.max = DOC_BYTES_MAX};
	for (unsigned i = 0; i < FLEET_N; i++) {
		if (votes[i] == '-')
			continue;
		memset(&doc, 0, sizeof(doc));
		sample_vote(&fleet, i, p, &doc.vote);
		doc.vote.word = votes[i] == 'y' ? VOTE_YEA : VOTE_NAY;
		encode(DOC_VOTE, i, &texts[i]);
		assert_true(roll_parts_add_vote(&parts, fleet_hosts[i], buf_str(&texts[i]), &err));
	}
	if (is_without_last) {
		sample(DOC_WITHOUT, 1);
		doc.without.generation = NEWEST;
		encode(DOC_WITHOUT, 1, &texts[FLEET_N]);
		assert_true(roll_parts_add_without(&parts, fleet_hosts[2], false,
						   buf_str(&texts[FLEET_N]), &err));
	}
	if (is_closed) {
		sample(DOC_CLOSURE, 1);
		doc.closure.generation = NEWEST;
		doc.closure.proposal = p->digest;
		encode(DOC_CLOSURE, 1, &texts[FLEET_N + 1]);
		parts.closure = buf_str(&texts[FLEET_N + 1]);
	}
	assert_true(roll_parts_encode(&parts, &out, &err));
	put("roll/4", buf_str(&out));
	for (unsigned i = 0; i < FLEET_N + 2; i++)
		buf_fini(&texts[i]);
	free(p);
}

static void the_votes_stand_in_the_roll(void **state UNUSED)
{
	put_roll("y-n", false, false);
	const struct seen_ledger *l = look();
	assert_int_equal(l->roll.votes[0].word, VOTE_YEA);
	assert_int_equal(l->roll.votes[1].word, VOTE_NONE);
	assert_int_equal(l->roll.votes[2].word, VOTE_NAY);
	assert_int_equal(l->roll.rev, 1);
	assert_false(l->roll.closure.is_given);
	put_roll("yy-", true, true);
	l = look();
	assert_int_equal(l->roll.votes[2].word, VOTE_NONE);
	assert_true(l->roll.is_without[2] && !l->roll.is_without[1]);
	assert_true(l->roll.closure.is_given && l->roll.closure.is_carried);
	/* Nothing of a roll before stays. */
	drop("roll/4");
	l = look();
	assert_int_equal(l->roll.votes[0].word, VOTE_NONE);
	assert_false(l->roll.closure.is_given || l->roll.is_without[2]);
	put("roll/4", str_of("{}"));
	assert_non_null(strstr(look()->not_admitted, "the roll: "));
	/* Who was declared dead before is so without a word in the roll. */
	anew();
	drop("proposal/4");
	w.has_dead = true;
	w.t.anchor.proposal = put_proposal(1, NEWEST);
	l = look();
	assert_true(l->roll.is_without[2] && !l->roll.is_without[0]);
}

/* ---- the turn ---- */

static void put_claim(unsigned who, enum claim_state state, uint64_t beat)
{
	sample(DOC_CLAIM, who);
	PUT(doc.claim.host, fleet_hosts[who]);
	doc.claim.state = state;
	doc.claim.beat = beat;
	put_doc(DOC_CLAIM, who, "claim");
}

static void whose_turn_it_is(void **state UNUSED)
{
	const struct seen_ledger *l = look();
	assert_int_equal(l->claim.state, CLAIM_FREE);
	assert_false(l->is_claim_mine);
	put_claim(1, CLAIM_ACTING, 1);
	l = look();
	assert_int_equal(l->claim.state, CLAIM_ACTING);
	assert_string_equal(l->claim.host, fleet_hosts[1]);
	assert_false(l->is_claim_mine);
	assert_int_equal(l->claim.rev, 1);
	put_claim(0, CLAIM_WAITING, 1);
	assert_true(look()->is_claim_mine);
	put_claim(0, CLAIM_FREE, 1);
	assert_false(look()->is_claim_mine);
	/* The set names this member otherwise since. */
	put_claim(0, CLAIM_ACTING, 1);
	cut_z(w.t.seen->self_host, HOST_BYTES_MAX, "new.example.net:27017");
	cut_z(w.t.seen->members[0].host, HOST_BYTES_MAX, "new.example.net:27017");
	assert_true(look()->is_claim_mine);
	/* By this rotad for another member it is not its own. */
	anew();
	sample(DOC_CLAIM, 0);
	put_doc(DOC_CLAIM, 0, "claim");
	assert_false(look()->is_claim_mine);
	/* What cannot be believed is somebody's. */
	put("claim", str_of("{}"));
	l = look();
	assert_int_equal(l->claim.state, CLAIM_ACTING);
	assert_non_null(strstr(l->not_admitted, "the claim: "));
}

static void a_turn_that_is_waited_for_and_stands_still_is_stale(void **state UNUSED)
{
	put_claim(1, CLAIM_WAITING, 1);
	assert_false(look()->is_claim_stale);
	w.boot_us += CLAIM_STALE_S * US_S;
	assert_false(look()->is_claim_stale);
	w.boot_us++;
	assert_true(look()->is_claim_stale);
	/* It moves. */
	put_claim(1, CLAIM_WAITING, 2);
	assert_false(look()->is_claim_stale);
	w.boot_us += CLAIM_STALE_S * US_S + 1;
	assert_true(look()->is_claim_stale);
	/* One that acts is never. */
	put_claim(1, CLAIM_ACTING, 2);
	w.boot_us += 99 * US_MIN;
	assert_false(look()->is_claim_stale);
	w.boot_us += 99 * US_MIN;
	assert_false(look()->is_claim_stale);
}

/* In a sharded cluster: of this member's set "s1" and of others. */
static void put_slots(const char *own, const char *other, unsigned who, enum claim_state state)
{
	static struct claims_parts parts;
	auto_buf struct buf mine = {.max = DOC_BYTES_MAX}, theirs = {.max = DOC_BYTES_MAX},
			    out = {.max = DOC_BYTES_MAX};
	struct err err = ERR_INIT;
	parts.n = 0;
	sample(DOC_CLAIM, 0);
	PUT(doc.claim.host, fleet_hosts[0]);
	encode(DOC_CLAIM, 0, &mine);
	sample(DOC_CLAIM, who);
	PUT(doc.claim.host, fleet_hosts[who]);
	doc.claim.state = state;
	encode(DOC_CLAIM, who, &theirs);
	if (own)
		assert_true(claims_put(&parts, own, buf_str(&mine), &err));
	if (other)
		assert_true(claims_put(&parts, other, buf_str(&theirs), &err));
	assert_true(claims_encode(&parts, &out, &err));
	put(CLAIMS_DOC, buf_str(&out));
}
static void sharded(void)
{
	struct seen_sharding *x = &w.t.seen->sharding;
	x->fact = (struct fact){.who = WITNESS_OWN_EYES, .at = w.t.seen->now};
	x->part = SHARDING_SHARD;
	w.t.cluster = calloc(1, sizeof(*w.t.cluster));
	w.t.cluster->sets_n = 1;
	cut_z(w.t.cluster->sets[0].name, NAME_BYTES_MAX, "s1");
}

static void turns_of_a_sharded_cluster_stand_side_by_side(void **state UNUSED)
{
	const struct seen_ledger *l;
	sharded();
	l = look();
	assert_true(l->claim.state == CLAIM_FREE && l->slots_n == 0);
	put_slots("s1", "s2", 1, CLAIM_ACTING);
	l = look();
	assert_true(l->is_claim_mine && l->claim.state == CLAIM_ACTING);
	assert_int_equal(l->slots_n, 1);
	assert_string_equal(l->slots[0].set, "s2");
	assert_string_equal(l->slots[0].host, fleet_hosts[1]);
	assert_int_equal(l->slots[0].state, CLAIM_ACTING);
	put_slots(NULL, "s2", 1, CLAIM_FREE);
	l = look();
	assert_true(l->claim.state == CLAIM_FREE && l->slots_n == 0);
	/* One that waits and stands still holds up nobody. */
	put_slots(NULL, "s2", 1, CLAIM_WAITING);
	assert_int_equal(look()->slots_n, 1);
	w.boot_us += CLAIM_STALE_S * US_S;
	assert_int_equal(look()->slots_n, 1);
	w.boot_us++;
	assert_int_equal(look()->slots_n, 0);
	put_slots(NULL, "s2", 1, CLAIM_WAITING); /* another word */
	assert_int_equal(look()->slots_n, 1);
	put_slots(NULL, "s2", 1, CLAIM_ACTING);
	(void)look();
	w.boot_us += 99 * US_MIN;
	assert_int_equal(look()->slots_n, 1);
	/* What cannot be believed is somebody's. */
	put(CLAIMS_DOC, str_of("{}"));
	l = look();
	assert_int_equal(l->claim.state, CLAIM_ACTING);
	assert_non_null(strstr(l->not_admitted, "the claims: "));
	/* As long as its sets are not known nobody takes one. */
	drop(CLAIMS_DOC);
	w.t.cluster->sets_n = 0;
	assert_int_equal(look()->claim.state, CLAIM_ACTING);
	free(take(&w.t.cluster));
}

/* ---- the hold ---- */

static void a_hold_is_one_also_where_it_cannot_be_believed(void **state UNUSED)
{
	assert_false(look()->hold.is_on);
	sample(DOC_HOLD, 2);
	put_doc(DOC_HOLD, 2, "hold");
	const struct seen_ledger *l = look();
	assert_true(l->hold.is_on);
	assert_string_equal(l->hold.who, "alice");
	assert_int_equal(l->hold.rev, 1);
	sample(DOC_HOLD, 2);
	doc.hold.is_on = false;
	put_doc(DOC_HOLD, 2, "hold");
	assert_false(look()->hold.is_on);
	assert_int_equal(ledger()->hold.rev, 2);
	put("hold", str_of("{}"));
	l = look();
	assert_true(l->hold.is_on);
	assert_string_equal(l->hold.who, "somebody");
	assert_string_equal(l->hold.why, "the hold in the ledger cannot be believed");
	assert_int_equal(l->hold.rev, 3);
	assert_non_null(strstr(l->not_admitted, "hold: "));
}

/* ---- statements ---- */

static void put_statement(unsigned who, unsigned of)
{
	char id[DOC_ID_BYTES];
	sample(DOC_STATEMENT, who);
	PUT(doc.statement.host, fleet_hosts[of]);
	put_doc(DOC_STATEMENT, who, doc_id(id, "statement", fleet_hosts[of]));
}

static void a_rotad_speaks_for_its_own_member(void **state UNUSED)
{
	struct seen_member *m = w.t.seen->members;
	put_statement(0, 0);
	put_statement(1, 1);
	put_statement(1, 2); /* not for another's */
	(void)look();
	assert_true(m[0].has_statement && m[1].has_statement);
	assert_false(m[2].has_statement);
	assert_string_equal(m[2].statement.host, "");
	assert_int_equal(m[1].statement_moved.us, w.t.seen->now.us);
	assert_string_equal(ledger()->not_admitted, "");
	/* Since when it says so. */
	w.t.seen->now.us += US_MIN;
	(void)look();
	assert_int_equal(m[1].statement_moved.us, w.t.seen->now.us - US_MIN);
	put_statement(1, 1);
	(void)look();
	assert_int_equal(m[1].statement_moved.us, w.t.seen->now.us);
	/* Another's word under its name is told. */
	char id[DOC_ID_BYTES];
	m[2].has_statement = m[1].has_statement = false;
	int i = doc_at(doc_id(id, "statement", fleet_hosts[1]));
	put(doc_id(id, "statement", fleet_hosts[2]), str_of(w.docs[i].text));
	(void)look();
	assert_false(m[2].has_statement);
	assert_true(m[1].has_statement);
	assert_non_null(strstr(ledger()->not_admitted, "statement/db3"));
	/* One that changed its identity speaks by the new one alone. */
	m[1].has_statement = false;
	cut_z(w.t.anchor.pins[w.t.anchor.pins_n].host, HOST_BYTES_MAX, fleet_hosts[1]);
	memset(w.t.anchor.pins[w.t.anchor.pins_n++].spki.hex, 'e', SPKI_CHARS);
	(void)look();
	assert_false(m[1].has_statement);
}

/* ---- orders ---- */

static void put_order(const char *kind, char id_letter, enum order_kind of, const char *host,
		      int64_t at_s)
{
	char id[DOC_ID_BYTES];
	doc.order.kind = of;
	memset(doc.order.id.hex, id_letter, TOKEN_CHARS);
	cut_z(doc.order.host, HOST_BYTES_MAX, host);
	doc.order.head.at.us += at_s * US_S;
	put_doc(DOC_ORDER, 1, doc_id(id, kind, doc.order.id.hex));
}
static void order(void)
{
	sample(DOC_ORDER, 1);
	doc.order.amends = 0;
	doc.order.urgency = URGENCY_ROUTINE;
	doc.order.known = NEWEST;
}

static void orders_that_are_not_served_stand(void **state UNUSED)
{
	order();
	put_order("order", 'a', ORDER_KEYFILE, "", 0);
	order();
	put_order("order", 'b', ORDER_KEYFILE, "", 1);
	order();
	doc.order.is_served = true;
	put_order("order", 'c', ORDER_KEYFILE, "", 2);
	order();
	doc.order.serial = 7;
	put_order("scheduled", 'd', ORDER_CERTIFICATES, "", 3);
	order();
	doc.order.serial = 7;
	doc.order.is_served = true;
	put_order("scheduled", 'e', ORDER_CERTIFICATES, "", 4);
	order(); /* under the schedule's name, and the schedule's under a person's */
	put_order("scheduled", 'f', ORDER_CERTIFICATES, "", 5);
	order();
	doc.order.serial = 7;
	put_order("order", '0', ORDER_CERTIFICATES, "", 6);
	const struct seen_ledger *l = look();
	assert_int_equal(l->orders_n, 3);
	assert_int_equal(l->orders[0].id.hex[0], 'a');
	assert_int_equal(l->orders[1].id.hex[0], 'b');
	assert_int_equal(l->orders[2].id.hex[0], 'd');
	assert_int_equal(l->given_n, 2);
	assert_int_equal(l->given[0].hex[0], 'd');
	assert_int_equal(l->given[1].hex[0], 'e');
	assert_string_equal(l->superseded.hex, "");
	put("order/00000000000000000000000000000000", str_of("{}"));
	assert_non_null(strstr(look()->not_admitted, "order/0000"));
}

static void of_certificate_orders_for_one_member_the_newest_counts(void **state UNUSED)
{
	for (int is_later = 0; is_later < 2; is_later++) {
		anew();
		order();
		put_order("order", 'a', ORDER_CERTIFICATES, fleet_hosts[1], 0);
		order();
		put_order("order", 'b', ORDER_CERTIFICATES, fleet_hosts[2], 0);
		order();
		put_order("order", 'c', ORDER_CERTIFICATES, fleet_hosts[1], is_later ? 1 : -1);
		const struct seen_ledger *l = look();
		assert_int_equal(l->orders_n, 2);
		assert_int_equal(l->orders[0].id.hex[0], is_later ? 'c' : 'a');
		assert_int_equal(l->orders[1].id.hex[0], 'b');
		assert_int_equal(l->superseded.hex[0], is_later ? 'a' : 'c');
	}
	/* More than there is room for are not seen yet. */
	anew();
	for (unsigned i = 0; i < 10; i++) {
		order();
		put_order("order", (char)("0123456789"[i]), ORDER_KEYFILE, "", 0);
	}
	assert_int_equal(look()->orders_n, ARRAY_N(ledger()->orders));
}

static void an_order_that_the_generation_serves_sets_its_terms(void **state UNUSED)
{
	order();
	doc.order.known = NEWEST - 1;
	doc.order.max_lag_us = 20 * US_S;
	put_order("order", 'a', ORDER_KEYFILE, "", 0);
	order();
	doc.order.known = NEWEST - 2; /* of before */
	put_order("order", 'b', ORDER_KEYFILE, "", 0);
	order();
	doc.order.amends = NEWEST;
	doc.order.breaks_freeze = true;
	doc.order.urgency = URGENCY_EMERGENCY;
	doc.order.max_lag_us = 30 * US_S;
	put_order("order", 'c', ORDER_KEYFILE, "", 1);
	order();
	doc.order.amends = NEWEST - 1;
	put_order("order", 'd', ORDER_KEYFILE, "", 2);
	const struct seen_ledger *l = look();
	assert_int_equal(l->orders_n, 0);
	assert_int_equal(l->terms.urgency, URGENCY_EMERGENCY);
	assert_true(l->terms.breaks_freeze);
	assert_string_equal(l->terms.who, "alice");
	assert_int_equal(l->terms.max_lag_us, 30 * US_S);
	/* Of two words the later one holds, whichever is read first. */
	order();
	doc.order.amends = NEWEST;
	doc.order.breaks_freeze = false;
	doc.order.max_lag_us = 5 * US_S;
	put_order("order", 'e', ORDER_KEYFILE, "", -9);
	assert_int_equal(look()->terms.max_lag_us, 30 * US_S);
	order();
	doc.order.amends = NEWEST;
	doc.order.max_lag_us = 0;
	put_order("order", 'f', ORDER_KEYFILE, "", 9);
	assert_int_equal(look()->terms.max_lag_us, 30 * US_S);
	/* Without one they are the proposal's own. */
	anew();
	l = look();
	assert_int_equal(l->terms.urgency, URGENCY_ROUTINE);
	assert_false(l->terms.breaks_freeze);
	assert_int_equal(l->terms.max_lag_us, 0);
}

/* ---- requests for certificates ---- */

static void authority_here(void)
{
	struct authority_policy *a = &w.config.authorities[0];
	w.config.authorities_n = 1;
	cut_z(a->name, sizeof(a->name), "house");
	a->at_n = 1;
	cut_z(a->at[0], HOST_BYTES_MAX, fleet_hosts[0]);
	cut_z(a->private_key, sizeof(a->private_key), "/etc/ca.key");
}
static void put_csr(unsigned who)
{
	char id[DOC_ID_BYTES];
	sample(DOC_CSR, who);
	PUT(doc.csr.host, fleet_hosts[who]);
	put_doc(DOC_CSR, who, doc_id(id, "csr", fleet_hosts[who]));
}

static void requests_that_wait_for_this_hosts_authority(void **state UNUSED)
{
	char id[DOC_ID_BYTES];
	authority_here();
	assert_int_equal(look()->csrs_n, 0);
	put_csr(1);
	assert_int_equal(look()->csrs_n, 1);
	put_csr(2);
	assert_int_equal(look()->csrs_n, 2);
	/* Answered. */
	sample(DOC_ISSUED, 0);
	PUT(doc.issued.host, fleet_hosts[1]);
	put_doc(DOC_ISSUED, 0, doc_id(id, "issued", fleet_hosts[1]));
	assert_int_equal(look()->csrs_n, 1);
	sample(DOC_ISSUED, 0);
	PUT(doc.issued.host, fleet_hosts[1]);
	doc.issued.csr.hex[0] = 'e'; /* another one was */
	put_doc(DOC_ISSUED, 0, doc_id(id, "issued", fleet_hosts[1]));
	assert_int_equal(look()->csrs_n, 2);
	put(doc_id(id, "issued", fleet_hosts[1]), str_of("{}"));
	assert_int_equal(look()->csrs_n, 2);
	/* Another host's authority, one without a key here, one that is none. */
	cut_z(w.config.authorities[0].at[0], HOST_BYTES_MAX, fleet_hosts[1]);
	assert_int_equal(look()->csrs_n, 0);
	authority_here();
	w.config.authorities[0].private_key[0] = 0;
	assert_int_equal(look()->csrs_n, 0);
	w.config.authorities_n = 0;
	assert_int_equal(look()->csrs_n, 0);
	put("csr/x", str_of("{}"));
	assert_non_null(strstr(look()->not_admitted, "csr/x: "));
}

/* ---- who has which keys ---- */

static void who_has_no_keys_of_this_generation_gets_them(void **state UNUSED)
{
	const struct key_id pivot = key_of(7).id, q = key_of(8).id;
	char id[DOC_ID_BYTES];
	/* Who does not hold them sends none. */
	assert_int_equal(look()->identities_keyless_n, 0);
	assert_true(ledger()->lacks_pivot && ledger()->lacks_next && !ledger()->lacks_after);
	hold_key(&pivot);
	assert_int_equal(look()->identities_keyless_n, 0);
	assert_true(!ledger()->lacks_pivot && ledger()->lacks_next);
	hold_key(&q);
	assert_int_equal(look()->identities_keyless_n, 2); /* all but its own */
	assert_false(ledger()->lacks_next);
	/* An envelope is there for one; the other has it in its file. */
	put(envelope_id(id, &w.t.anchor.proposal, &fleet.keys[1].spki), str_of("{}"));
	assert_int_equal(look()->identities_keyless_n, 1);
	put_statement(2, 2); /* holds the old one alone */
	assert_int_equal(look()->identities_keyless_n, 1);
	sample(DOC_STATEMENT, 2);
	PUT(doc.statement.host, fleet_hosts[2]);
	doc.statement.disk = ring_of(7, 8);
	put_doc(DOC_STATEMENT, 2, doc_id(id, "statement", fleet_hosts[2]));
	assert_int_equal(look()->identities_keyless_n, 0);
	/* Given up, nobody gets any. */
	drop(doc_id(id, "statement", fleet_hosts[2]));
	w.t.seen->members[2].has_statement = false;
	assert_int_equal(look()->identities_keyless_n, 1);
	put_roll("yyn", false, false);
	assert_int_equal(look()->identities_keyless_n, 0);
	put_roll("yyy", false, true); /* over and carried: the new one alone */
	assert_int_equal(look()->identities_keyless_n, 1);
	/* One that is no member gets none. */
	w.t.seen->members_n = 2;
	assert_int_equal(look()->identities_keyless_n, 0);
	keychain_fini(&w.t.chain);
}

/* What may be narrowed by is read once more, as the majority has it. */
static void carried_votes_are_read_again_before_anything_is_narrowed(void **state UNUSED)
{
	put_roll("yyy", false, false);
	w.t.seen->keyfile.ring = ring_of(7, 8);
	assert_true(fact_known(look()->fact));
	w.is_down = true;
	struct seen_ledger *l = ledger();
	*l = (struct seen_ledger){.docs_n = 0};
	arena_reset(&w.t.arena);
	ledger_read(&w.t);
	assert_false(fact_known(l->fact));
	assert_non_null(strstr(l->why, "no primary"));
	/* Where nothing is narrowed any more, or not yet, it is not asked. */
	w.t.seen->keyfile.ring = ring_of(8, 0);
	assert_true(fact_known(look()->fact));
	w.t.seen->keyfile.ring = ring_of(7, 8);
	put_roll("yy-", false, false);
	assert_true(fact_known(look()->fact));
	/* With one that is declared dead it is, whatever the file holds. */
	put_roll("yy-", true, false);
	w.t.seen->keyfile.ring = ring_of(8, 0);
	*l = (struct seen_ledger){.docs_n = 0};
	ledger_read(&w.t);
	assert_false(fact_known(l->fact));
}

/* ---- what has come since ---- */

static void a_ledger_has_moved_when_a_document_came_went_or_changed(void **state UNUSED)
{
	(void)look();
	assert_false(ledger_moved(&w.t));
	put("order/1", str_of("{}"));
	assert_true(ledger_moved(&w.t));
	(void)look();
	assert_false(ledger_moved(&w.t));
	put("order/1", str_of("{}"));
	assert_true(ledger_moved(&w.t));
	(void)look();
	drop("order/1");
	assert_true(ledger_moved(&w.t));
	(void)look();
	w.is_crowded = true;
	assert_false(ledger_moved(&w.t));
}

static void what_there_is_is_told_when_there_is_much(void **state UNUSED)
{
	assert_int_equal(look()->docs_n, 5);
	assert_string_equal(ledger()->crowd, "");
	/* Not all in one answer: kind by kind. */
	w.is_crowded = true;
	const struct seen_ledger *l = look();
	assert_int_equal(l->docs_n, DOCS_MAX + 1);
	assert_string_equal(l->crowd, "1 proposal, 3 identity");
	assert_true(l->has_proposal);
}

/* ---- who is known ---- */

static void who_is_admitted_and_who_is_welcomed(void **state UNUSED)
{
	char id[DOC_ID_BYTES];
	const struct seen_ledger *l = look();
	assert_int_equal(l->identities_n, 1);
	assert_int_equal(l->identities_unwelcomed_n, 2);
	put(doc_id_welcome(id, &fleet.keys[1].spki), str_of("{}"));
	assert_int_equal(look()->identities_unwelcomed_n, 1);
	assert_string_equal(ledger()->not_admitted, "");
	/* Nobody vouches for one that is not pinned. */
	anew();
	w.t.anchor.pins_n = 2;
	l = look();
	assert_int_equal(l->identities_unwelcomed_n, 1);
	assert_non_null(strstr(l->not_admitted, fleet_hosts[2]));
	/* Its own is not there, or not as it is now: it makes itself known again. */
	anew();
	drop(doc_id(id, "identity", fleet.keys[0].spki.hex));
	assert_int_equal(look()->identities_n, 0);
	anew();
	w.t.identity.receive_key[0] ^= 1;
	assert_int_equal(look()->identities_n, 0);
	anew();
	cut_z(w.t.seen->self_host, HOST_BYTES_MAX, "new.example.net:27017");
	assert_int_equal(look()->identities_n, 0);
	anew();
	put("identity/x", str_of("{}"));
	assert_non_null(strstr(look()->not_admitted, "identity/x: "));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    T(the_root_says_whose_ledger_it_is),
	    T(a_ledger_that_this_host_founded_is_its_own),
	    T(the_newest_proposal_is_followed_where_it_follows_what_is_known),
	    T(the_votes_stand_in_the_roll),
	    T(whose_turn_it_is),
	    T(a_turn_that_is_waited_for_and_stands_still_is_stale),
	    T(turns_of_a_sharded_cluster_stand_side_by_side),
	    T(a_hold_is_one_also_where_it_cannot_be_believed),
	    T(a_rotad_speaks_for_its_own_member),
	    T(orders_that_are_not_served_stand),
	    T(of_certificate_orders_for_one_member_the_newest_counts),
	    T(an_order_that_the_generation_serves_sets_its_terms),
	    T(requests_that_wait_for_this_hosts_authority),
	    T(who_has_no_keys_of_this_generation_gets_them),
	    T(carried_votes_are_read_again_before_anything_is_narrowed),
	    T(a_ledger_has_moved_when_a_document_came_went_or_changed),
	    T(what_there_is_is_told_when_there_is_much),
	    T(who_is_admitted_and_who_is_welcomed),
	};
	return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
