/* SPDX-License-Identifier: Apache-2.0 */
/* What a rotad may believe of its own process without notes, and of a ledger that went back. */
#include "lib/test.h"

#include "lib/plan_case.h"

/* b's rotad; the votes ('c' or 'b' after them: closed as carried, burnt; '-': the key that is gone
 * is not held here), what its file holds, and what logins have shown: for key 1 and 2 '+' accepted,
 * '-' refused, '?' not tried. Loaded: the keys, or "" for not known. */
static void logins_tell_what_is_loaded_only_when_all_that_matters_was_tried(void **state)
{
	static const struct {
		const char *votes, *file, *logins, *loaded;
	} rows[] = {
	    /* While the votes are given a part is believed: it costs a restart at the worst. */
	    {"---", "12", "+?", "1"},
	    {"---", "12", "++", "12"},
	    {"---", "12", "?+", "2"},
	    {"---", "12", "??", ""},
	    {"---", "12", "-?", ""},
	    /* After them the old key must have been tried, whatever the file holds. */
	    {"yyy", "2", "?+", ""},
	    {"yyy", "2", "-+", "2"},
	    {"yyy", "2", "++", "12"},
	    {"yyy", "2", "+?", ""},
	    {"yyy", "12", "?+", ""},
	    {"yyy", "12", "+-", "1"},
	    {"yyy", "1", "+?", "1"},
	    {"yyy", "1", "?+", ""},
	    /* Given up: the new one. */
	    {"yn-", "1", "+?", ""},
	    {"yn-", "1", "+-", "1"},
	    {"yn-", "1", "++", "12"},
	    {"yn-", "12", "+?", ""},
	    /* After the end as well, as long as the key that is gone can be tried here. */
	    {"yyyc", "2", "?+", ""},
	    {"yyyc", "2", "++", "12"},
	    {"yyyc", "2", "-+", "2"},
	    {"yn-b", "1", "+?", ""},
	    {"yn-b", "1", "++", "12"},
	    {"yyyc-", "2", "?+", "2"},
	    {"yn-b-", "1", "+?", "1"},
	};
	for (size_t r = 0; r < ARRAY_N(rows); r++) {
		case_begin(1);
		case_propose(&the.s, rows[r].votes);
		if (strlen(rows[r].votes) > 3)
			case_close(&the.s, rows[r].votes[3] == 'c');
		the.s.ledger.lacks_pivot = the.s.ledger.lacks_next = strlen(rows[r].votes) > 4;
		bool both = rows[r].file[1] != 0;
		the.s.keyfile.ring = ring_of((unsigned)(rows[r].file[0] - '0'), both ? 2 : 0);
		for (unsigned k = 0; k < 2; k++)
			if (rows[r].logins[k] != '?')
				case_proof(&the.s, 1, k + 1,
					   rows[r].logins[k] == '+' ? LOGIN_ACCEPTED
								    : LOGIN_REFUSED);
		struct ring_ids found = seen_loaded(&the.s);
		bool ok = found.is_known == (rows[r].loaded[0] != 0);
		for (unsigned k = 1; ok && found.is_known && k <= 2; k++) {
			struct key_id key = key_n(k).id;
			ok = ring_ids_has(&found, &key) ==
			     (strchr(rows[r].loaded, '0' + (int)k) != NULL);
		}
		if (!ok)
			fail_msg("row %zu: votes %s, file %s, logins %s", r, rows[r].votes,
				 rows[r].file, rows[r].logins);
		/* Of another process they say nothing, and without the ledger neither. */
		the.s.ledger.fact.who = WITNESS_NONE;
		assert_false(seen_loaded(&the.s).is_known);
		the.s.ledger.fact = seen_at(CASE_NOW);
		process_name(the.s.members[1].process_id, 1, 2);
		assert_false(seen_loaded(&the.s).is_known);
	}
}

static void a_refusal_without_a_control_says_nothing(void **state)
{
	case_begin(1);
	case_propose(&the.s, "yyy");
	the.s.keyfile.ring = ring_of(2, 0);
	case_proof(&the.s, 1, 2, LOGIN_ACCEPTED);
	case_proof(&the.s, 1, 1, LOGIN_REFUSED);
	assert_true(seen_loaded(&the.s).is_known);
	the.s.members[1].proofs[1].is_controlled = false;
	assert_false(seen_loaded(&the.s).is_known);
}

/* The anchor before: pivot, next ('-': none); the roll as it reads now ("c": closed carried, "b":
 * closed, burnt). */
static void a_ledger_that_lost_what_was_seen_is_an_older_one(void **state)
{
	static const struct {
		const char *anchor, *votes;
		bool is_closed;
		enum anchor_step step;
		const char *after;
	} rows[] = {
	    {"12", "---", false, ANCHOR_SAME, "12"},
	    {"12", "yy-", false, ANCHOR_SAME, "12"},
	    {"12", "yyy", false, ANCHOR_MOVED, "22"},
	    {"12", "yyn", false, ANCHOR_MOVED, "1-"},
	    {"22", "yyy", false, ANCHOR_SAME, "22"},
	    {"22", "yy-", false, ANCHOR_LEDGER_OLDER, "22"}, /* the pivot moved for ever */
	    {"22", "yyn", false, ANCHOR_LEDGER_OLDER, "22"},
	    {"1-", "yyn", false, ANCHOR_SAME, "1-"},
	    {"1-", "yy-", false, ANCHOR_LEDGER_OLDER, "1-"}, /* a nay is for ever */
	    {"1-", "yyy", false, ANCHOR_LEDGER_OLDER, "1-"}, /* and its key is burnt */
	    {"2-", "yyy", true, ANCHOR_SAME, "2-"},
	    {"2-", "y--", false, ANCHOR_LEDGER_OLDER, "2-"}, /* closed, and open again */
	    {"1-", "yyn", true, ANCHOR_SAME, "1-"},
	};
	for (size_t r = 0; r < ARRAY_N(rows); r++) {
		struct anchor *a = &the.s.anchor;
		case_begin(1);
		case_propose(&the.s, rows[r].votes);
		if (rows[r].is_closed)
			case_close(&the.s, strchr(rows[r].votes, 'n') == NULL);
		a->pivot = key_n((unsigned)(rows[r].anchor[0] - '0'));
		a->next = rows[r].anchor[1] == '-' ? (struct key_name){.number = 0} : key_n(2);
		if (anchor_follow(&the.s, a) != rows[r].step ||
		    a->pivot.number != (unsigned)(rows[r].after[0] - '0') ||
		    key_id_given(&a->next.id) != (rows[r].after[1] != '-'))
			fail_msg("row %zu: anchor %s, votes %s", r, rows[r].anchor, rows[r].votes);
	}
}

static void a_new_generation_is_followed_and_keys_it_does_not_go_on_with_are_dead(void **state)
{
	struct anchor *a = &the.s.anchor;
	struct proposal *p = &the.s.ledger.proposal;
	case_begin(1);
	case_propose(&the.s, "---");
	/* Never saw one: what its file held is no generation's, if all say so. */
	*a = (struct anchor){.pivot = key_n(7), .highest_number = 1};
	assert_int_equal(anchor_follow(&the.s, a), ANCHOR_UNPROVEN);
	assert_int_equal(a->pivot.number, 7);
	case_shared(&the.s);
	assert_int_equal(anchor_follow(&the.s, a), ANCHOR_MOVED);
	assert_int_equal(a->pivot.number, 1);
	assert_int_equal(a->next.number, 2);
	assert_int_equal(a->generation, 1);
	assert_int_equal(a->highest_number, 2);
	assert_int_equal(a->retired_n, 0);
	/* It was away at the end of that one, which was carried; or given up. */
	for (unsigned pivot = 1; pivot <= 2; pivot++) {
		struct anchor b = *a;
		p->generation = 2;
		p->pivot = key_n(pivot);
		p->next = key_n(3);
		for (unsigned i = 0; pivot == 2 && i < 3; i++) /* all tell so */
			case_proof(&the.s, i, pivot, LOGIN_ACCEPTED);
		assert_int_equal(anchor_follow(&the.s, &b), ANCHOR_MOVED);
		assert_int_equal(b.generation, 2);
		assert_int_equal(b.retired_n, 1);
		assert_int_equal(b.retired[0].number, pivot == 1 ? 2 : 1);
		assert_int_equal(b.highest_number, 3);
	}
	the.s.ledger.has_proposal = false;
	assert_int_equal(anchor_follow(&the.s, a), ANCHOR_SAME);
}

/* Who may propose may lie: the key in use is what this host knows it to be, or what all accept. */
static void a_generation_with_another_pivot_is_not_followed_on_its_word(void **state)
{
	static const struct {
		const char *anchor; /* pivot, next, own vote in its generation; d: the next one
				       leaves this member out, which refuses its key */
		unsigned pivot;     /* of the next proposal, by the votes */
		unsigned accept_n;  /* so many members are seen to accept it */
		enum anchor_step step;
	} rows[] = {
	    {"12yd", 3, 3, ANCHOR_MOVED}, /* all others tell */
	    {"12yd", 3, 1, ANCHOR_UNPROVEN}, {"12yd", 1, 3, ANCHOR_MOVED},
	    {"12yd", 3, 0, ANCHOR_UNPROVEN}, {"1--", 1, 0, ANCHOR_MOVED}, /* its own */
	    {"22y", 2, 0, ANCHOR_MOVED},    /* its end is not carried out here yet */
	    {"1--", 5, 0, ANCHOR_UNPROVEN}, /* a key that nobody has */
	    {"1--", 5, 2, ANCHOR_UNPROVEN}, /* or not all */
	    {"1--", 5, 3, ANCHOR_MOVED},    /* out of the set meanwhile: all tell */
	    {"12y", 2, 0, ANCHOR_UNPROVEN}, /* proposed while the votes are being given */
	    {"12y", 1, 0, ANCHOR_UNPROVEN}, /* its yea stands, and no nay was seen */
	    {"12y", 2, 3, ANCHOR_MOVED},     {"12-", 1, 0, ANCHOR_MOVED},
	    {"12-", 2, 0, ANCHOR_UNPROVEN},  {"---", 1, 0, ANCHOR_UNPROVEN}, /* knows none */
	};
	for (size_t r = 0; r < ARRAY_N(rows); r++) {
		const char *was = rows[r].anchor;
		struct anchor *a = &the.s.anchor, before;
		case_begin(1);
		case_propose(&the.s, "---");
		the.s.ledger.proposal.generation = 2;
		the.s.ledger.proposal.pivot = key_n(rows[r].pivot);
		the.s.ledger.proposal.next = key_n(8);
		*a = (struct anchor){.generation = 1};
		if (was[0] != '-')
			a->pivot = key_n((unsigned)(was[0] - '0'));
		if (was[1] != '-')
			a->next = key_n((unsigned)(was[1] - '0'));
		if (was[2] == 'y') {
			a->votes_n = 1;
			a->votes[0].generation = 1;
			a->votes[0].word = VOTE_YEA;
			cut_z(a->votes[0].host, sizeof(a->votes[0].host), the.s.self_host);
		}
		for (unsigned i = 0; i < rows[r].accept_n; i++)
			case_proof(&the.s, i, rows[r].pivot,
				   was[3] == 'd' && (int)i == the.s.self ? LOGIN_REFUSED
									 : LOGIN_ACCEPTED);
		the.s.ledger.proposal.roll[the.s.self].is_dead = was[3] == 'd';
		before = *a;
		if (anchor_follow(&the.s, a) != rows[r].step)
			fail_msg("row %zu: anchor %s, pivot %u", r, was, rows[r].pivot);
		if (rows[r].step == ANCHOR_UNPROVEN)
			assert_memory_equal(a, &before, sizeof(before));
	}
}

/* It saw the nay, and was away, or slow, until the next generation began. */
static void a_key_that_was_given_up_stays_dead_also_where_its_end_was_not_seen(void **state)
{
	struct anchor *a = &the.s.anchor;
	struct proposal *p = &the.s.ledger.proposal;
	const struct key_name one = key_n(1), two = key_n(2), five = key_n(5);
	case_begin(1);
	case_propose(&the.s, "-n-");
	a->standby = five;
	assert_int_equal(anchor_follow(&the.s, a), ANCHOR_MOVED);
	assert_false(key_id_given(&a->next.id));
	assert_int_equal(a->burnt.number, 2);
	assert_true(anchor_has_retired(a, &five.id));
	assert_int_equal(anchor_retired_generation(a), 0);
	p->generation = 2;
	p->next = key_n(3);
	assert_int_equal(anchor_follow(&the.s, a), ANCHOR_MOVED);
	assert_true(anchor_has_retired(a, &two.id));
	assert_false(anchor_has_retired(a, &one.id));
	assert_false(key_id_given(&a->burnt.id));
	assert_int_equal(anchor_retired_generation(a), 1);
}

/* Strategy standby: what stands by becomes the pivot with its own birth, and another stands by. */
static void a_key_that_stands_by_keeps_its_birth(void **state)
{
	struct anchor *a = &the.s.anchor;
	struct proposal *p = &the.s.ledger.proposal;
	case_begin(1);
	case_propose(&the.s, "yyy");
	p->head.at.us = CASE_NOW;
	p->after = key_n(3);
	*a = (struct anchor){.generation = 1, .pivot = key_n(1), .next = key_n(2)};
	assert_int_equal(anchor_follow(&the.s, a), ANCHOR_MOVED);
	assert_int_equal(a->pivot.number, 2);
	assert_int_equal(a->standby.number, 3);
	assert_int_equal(a->key_born.us, CASE_NOW);
	assert_int_equal(a->standby_born.us, CASE_NOW);
	assert_false(seen_next_stood_by(&the.s)); /* it was made with its proposal */
	p->head.at.us = CASE_NOW + US_DAY;
	p->pivot = key_n(2);
	p->next = key_n(3);
	p->after = key_n(4);
	for (unsigned k = 0; k < 3; k++)
		the.s.ledger.roll.votes[k].word = VOTE_NONE;
	assert_true(seen_next_stood_by(&the.s));
	for (unsigned k = 0; k < 3; k++)
		the.s.ledger.roll.votes[k].word = VOTE_YEA;
	anchor_carry(a, p);
	anchor_carry(a, p);                      /* once is enough */
	assert_true(seen_next_stood_by(&the.s)); /* also when all have voted */
	assert_int_equal(a->pivot.number, 3);
	assert_int_equal(a->key_born.us, CASE_NOW);
	assert_int_equal(a->standby.number, 4);
	assert_int_equal(a->standby_born.us, CASE_NOW + US_DAY);
	/* twoPass again: nothing stands by. */
	p->pivot = key_n(3);
	p->next = key_n(4);
	p->after = (struct key_name){.number = 0};
	anchor_carry(a, p);
	assert_int_equal(a->pivot.number, 4);
	assert_int_equal(a->key_born.us, CASE_NOW + US_DAY);
	assert_false(key_id_given(&a->standby.id));
	assert_int_equal(a->standby_born.us, 0);
}

/* As in an emergency: it lay in the same file as the key in use. */
static void a_key_that_stood_by_and_is_passed_over_is_dead(void **state)
{
	const struct key_name passed = key_n(3);
	struct anchor *a = &the.s.anchor;
	case_begin(1);
	case_propose(&the.s, "---");
	the.s.ledger.proposal.next = key_n(4);
	*a = (struct anchor){.pivot = key_n(1), .standby = key_n(3)};
	a->generation = 1;
	the.s.ledger.proposal.generation = 2;
	assert_int_equal(anchor_follow(&the.s, a), ANCHOR_MOVED);
	assert_true(anchor_has_retired(a, &passed.id));
	assert_int_equal(a->retired_n, 1);
	/* One that is gone on with is not; and burnt with its generation nothing stands by. */
	*a = (struct anchor){.pivot = key_n(1), .standby = key_n(3), .generation = 1};
	the.s.ledger.proposal.next = key_n(3);
	assert_int_equal(anchor_follow(&the.s, a), ANCHOR_MOVED);
	assert_int_equal(a->retired_n, 0);
	the.s.ledger.roll.votes[2].word = VOTE_NAY;
	assert_int_equal(anchor_follow(&the.s, a), ANCHOR_MOVED);
	assert_false(key_id_given(&a->standby.id));
	assert_int_equal(a->pivot.number, 1);
}

static void the_oldest_dead_key_makes_room(void **state)
{
	struct anchor a = {.retired_n = 0};
	for (unsigned i = 1; i <= RETIRED_MAX + 3; i++) {
		struct key_name k = key_n(i);
		anchor_retire(&a, &k);
		anchor_retire(&a, &k); /* once */
	}
	assert_int_equal(a.retired_n, RETIRED_MAX);
	assert_int_equal(a.retired[0].number, 4);
	assert_int_equal(a.retired[RETIRED_MAX - 1].number, RETIRED_MAX + 3);
	anchor_retire(&a, &(struct key_name){.number = 0});
	assert_int_equal(a.retired[0].number, 4);
}

static void of_orders_that_wait_the_weightiest_counts(void **state)
{
	static const struct order o[] = {
	    {.id.hex = "a", .urgency = URGENCY_ROUTINE, .serial = 1, .head.at.us = 9},
	    {.id.hex = "b", .urgency = URGENCY_ROUTINE, .head.at.us = 1},
	    {.id.hex = "c", .urgency = URGENCY_ROUTINE, .head.at.us = 2},
	    {.id.hex = "d", .urgency = URGENCY_EMERGENCY, .serial = 1},
	    {.id.hex = "e", .urgency = URGENCY_EMERGENCY},
	    {.id.hex = "f", .urgency = URGENCY_EMERGENCY, .serial = 1, .breaks_freeze = true},
	};
	for (unsigned from = 0; from < ARRAY_N(o); from++)
		for (unsigned n = 1; n <= ARRAY_N(o); n++) { /* in any order: turned round */
			unsigned best = 0;
			struct seen_ledger *l = &the.s.ledger;
			l->orders_n = 0;
			for (unsigned i = 0; i < n; i++) {
				unsigned k = (from + i) % ARRAY_N(o);
				l->orders[l->orders_n++] = o[k];
				best = MAX(best, k);
			}
			assert_string_equal(seen_find_order(&the.s, ORDER_KEYFILE)->id.hex,
					    o[best].id.hex);
		}
	assert_null(seen_find_order(&the.s, ORDER_CERTIFICATES));
	the.s.ledger.orders_n = 0;
	assert_null(seen_find_order(&the.s, ORDER_KEYFILE));
}

/* Three members, of which b is this one; "-" has done none, "?" says nothing, "x" takes none. */
static void set_done(const char *done)
{
	struct seen *s = &the.s;
	for (unsigned i = 0; i < 3; i++) {
		struct token t = {.hex = ""};
		t.hex[0] = strchr("-?x", done[i]) ? 0 : done[i];
		s->members[i].has_statement = done[i] != '?';
		s->members[i].statement.takes_certificates = done[i] != 'x';
		s->members[i].statement.certificate_order = t;
		if (s->members[i].is_self)
			s->certificate.order_done = t;
	}
}

static void a_certificate_order_is_over_when_all_are_done_with_it(void **state)
{
	static const struct {
		const char *name, *done; /* the order that a, b, c did last */
		struct order orders[3];
		const char *superseded, *over;
	} rows[] = {
	    {"none", "---", {{.id.hex = ""}}, "", ""},
	    {"all did it", "111", {{.id.hex = "1"}}, "", "1"},
	    {"this one did not", "1-1", {{.id.hex = "1"}}, "", ""},
	    {"another did not", "11-", {{.id.hex = "1"}}, "", ""},
	    {"another did another", "118", {{.id.hex = "1"}}, "", ""},
	    {"another does not say", "11?", {{.id.hex = "1"}}, "", ""},
	    {"another takes none", "11x", {{.id.hex = "1"}}, "", "1"},
	    {"nobody takes any", "xxx", {{.id.hex = "1"}}, "", ""},
	    {"for one member, done", "--1", {{.id.hex = "1", .host = "c:27017"}}, "", "1"},
	    {"for one member, not done", "11-", {{.id.hex = "1", .host = "c:27017"}}, "", ""},
	    {"for one that is gone", "111", {{.id.hex = "1", .host = "z:27017"}}, "", ""},
	    {"of two the older first",
	     "222",
	     {{.id.hex = "2", .head.at.us = 2},
	      {.id.hex = "1", .host = "a:27017", .head.at.us = 1}},
	     "",
	     "1"},
	    {"the older is not done",
	     "-22",
	     {{.id.hex = "2", .host = "c:27017", .head.at.us = 2},
	      {.id.hex = "1", .host = "a:27017", .head.at.us = 1}},
	     "",
	     ""},
	    {"the older is for one that is gone",
	     "222",
	     {{.id.hex = "2", .head.at.us = 2},
	      {.id.hex = "1", .host = "z:27017", .head.at.us = 1}},
	     "",
	     "2"},
	    {"another stood in its place", "---", {{.id.hex = "2"}}, "1", "1"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct token over = {.hex = ""};
		struct seen_ledger *l = &the.s.ledger;
		case_begin(1);
		set_done(rows[i].done);
		for (unsigned k = 0; k < 3 && rows[i].orders[k].id.hex[0]; k++) {
			l->orders[k] = rows[i].orders[k];
			l->orders[k].kind = ORDER_CERTIFICATES;
			l->orders_n++;
		}
		cut_z(l->superseded.hex, sizeof(l->superseded.hex), rows[i].superseded);
		bool is_over = seen_order_over(&the.s, &over);
		if (is_over != (rows[i].over[0] != 0) ||
		    (is_over && strcmp(over.hex, rows[i].over) != 0))
			fail_msg("%s: '%s', wanted '%s'", rows[i].name, is_over ? over.hex : "",
				 rows[i].over);
	}
}

static void a_keyfile_order_is_not_over_by_certificates(void **state)
{
	struct token over;
	case_begin(1);
	set_done("777");
	case_order(&the.s, ORDER_KEYFILE);
	assert_false(seen_order_over(&the.s, &over));
}

/* Known: the newest generation when it was given; the proposal is of generation 5. */
static void a_keyfile_order_belongs_to_the_rotation_that_its_giver_had_not_seen(void **state)
{
	static const struct {
		uint64_t amends, known;
		bool is_emergency, is_named, is_emergency_rotation;
		bool is_of, is_past, is_past_when_closed;
	} rows[] = {
	    {0, 4, false, false, false, true, false, true},
	    {0, 5, false, false, false, false, false, false},
	    {0, 6, false, false, false, false, false, false},
	    {0, 3, false, false, false, false, true, true},
	    {0, 0, false, false, false, false, true, true},
	    {0, 3, false, true, false, true, false, true},
	    /* The key may have stood by, and have leaked: it is not served by what was none. */
	    {0, 4, true, false, false, false, false, false},
	    {0, 4, true, false, true, true, false, true},
	    {0, 3, true, false, true, false, false, false},
	    {0, 4, true, true, false, true, false, true},
	    {5, 4, false, false, false, true, false, true},
	    {5, 5, true, false, false, true, false, true},
	    {4, 4, false, false, false, false, true, true},
	    {4, 4, true, true, true, false, true, true},
	    {6, 5, false, false, false, false, false, false},
	};
	for (size_t r = 0; r < ARRAY_N(rows); r++) {
		struct proposal p = {.generation = 5, .order = {.hex = "aa"}};
		struct order o = {.amends = rows[r].amends, .known = rows[r].known};
		o.urgency = rows[r].is_emergency ? URGENCY_EMERGENCY : URGENCY_URGENT;
		p.urgency = rows[r].is_emergency_rotation ? URGENCY_EMERGENCY : URGENCY_ROUTINE;
		cut_z(o.id.hex, sizeof(o.id.hex), rows[r].is_named ? "aa" : "bb");
		if (!rows[r].is_emergency && !rows[r].amends && !rows[r].is_named) {
			struct order without = o;
			cut_z(without.without, sizeof(without.without), "z:27017");
			assert_false(order_is_of(&without, &p));
			assert_false(order_is_past(&without, &p, true));
		}
		if (order_is_of(&o, &p) != rows[r].is_of ||
		    order_is_past(&o, &p, false) != rows[r].is_past ||
		    order_is_past(&o, &p, true) != rows[r].is_past_when_closed)
			fail_msg("row %zu", r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(logins_tell_what_is_loaded_only_when_all_that_matters_was_tried),
	    cmocka_unit_test(a_refusal_without_a_control_says_nothing),
	    cmocka_unit_test(a_ledger_that_lost_what_was_seen_is_an_older_one),
	    cmocka_unit_test(a_new_generation_is_followed_and_keys_it_does_not_go_on_with_are_dead),
	    cmocka_unit_test(a_key_that_was_given_up_stays_dead_also_where_its_end_was_not_seen),
	    cmocka_unit_test(a_generation_with_another_pivot_is_not_followed_on_its_word),
	    cmocka_unit_test(a_key_that_stands_by_keeps_its_birth),
	    cmocka_unit_test(a_key_that_stood_by_and_is_passed_over_is_dead),
	    cmocka_unit_test(the_oldest_dead_key_makes_room),
	    cmocka_unit_test(of_orders_that_wait_the_weightiest_counts),
	    cmocka_unit_test(a_certificate_order_is_over_when_all_are_done_with_it),
	    cmocka_unit_test(a_keyfile_order_is_not_over_by_certificates),
	    cmocka_unit_test(a_keyfile_order_belongs_to_the_rotation_that_its_giver_had_not_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
