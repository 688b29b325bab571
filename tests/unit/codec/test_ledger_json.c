/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include <errno.h>

#include "base/cleanup.h"
#include "codec/signed_doc.h"
#include "lib/ledger_docs.h"

static struct fleet fleet;
/* One of each, signed; made once. */
static struct buf texts[DOC_N];

static int make(void **state)
{
	fleet_init(&fleet);
	for (enum doc_type type = 0; type < DOC_N; type++) {
		struct err err = ERR_INIT;
		auto_free void *doc = calloc(1, doc_row_of(type)->size);
		sample_doc(&fleet, type, doc);
		assert_true(ledger_encode(type, doc, &fleet.keys[0], &texts[type], NULL, &err));
	}
	return 0;
}

static int end(void **state)
{
	for (enum doc_type type = 0; type < DOC_N; type++)
		buf_fini(&texts[type]);
	fleet_fini(&fleet);
	return 0;
}

static bool decodes(enum doc_type type, struct str text, const struct doc_trust *trust,
		    struct err *err)
{
	auto_free void *doc = calloc(1, doc_row_of(type)->size);
	return ledger_decode(type, text, trust, doc, err);
}

static void every_document_comes_back_as_it_was(void **state)
{
	for (enum doc_type type = 0; type < DOC_N; type++) {
		struct err err = ERR_INIT;
		size_t size = doc_row_of(type)->size;
		auto_free void *doc = calloc(1, size), *back = calloc(1, size);
		auto_buf struct buf text = {.n = 0}, again = {.n = 0};
		struct digest digest;
		sample_doc(&fleet, type, doc);
		assert_true(ledger_encode(type, doc, &fleet.keys[0], &text, &digest, &err));
		assert_true(ledger_decode(type, buf_str(&text), &fleet.trust, back, &err));
		if (type == DOC_PROPOSAL)
			((struct proposal *)doc)->digest = digest;
		assert_memory_equal(doc, back, size);
	}
}

static void a_digest_is_of_the_content_alone(void **state)
{
	struct err err = ERR_INIT;
	struct proposal p;
	struct digest first, second;
	auto_buf struct buf a = {.n = 0}, b = {.n = 0};
	sample_proposal(&fleet, &p);
	assert_true(proposal_encode(&p, &fleet.keys[0], &a, &first, &err));
	memset(p.digest.hex, '1', DIGEST_CHARS); /* no part of it */
	assert_true(proposal_encode(&p, &fleet.keys[0], &b, &second, &err));
	assert_true(digest_equal(&first, &second)); /* though ECDSA signs differently each time */
	p.config_term++;
	assert_true(proposal_encode(&p, &fleet.keys[0], &b, &second, &err));
	assert_false(digest_equal(&first, &second));
}

static void only_admitted_signers_are_believed(void **state)
{
	static const struct {
		bool is_known, is_admitted, is_revoked, is_believed;
	} rows[] = {{true, true, false, true},
		    {true, false, false, false},
		    {true, true, true, false},
		    {true, false, true, false},
		    {false, false, false, false}};
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		for (enum doc_type type = 0; type < DOC_N; type++) {
			struct err err = ERR_INIT;
			struct fleet f = {.ids = {fleet.ids[0], fleet.ids[1], fleet.ids[2]}};
			struct doc_trust trust = {.find = fleet_find, .self = &f};
			f.ids[0].is_admitted = rows[i].is_admitted;
			f.ids[0].is_revoked = rows[i].is_revoked;
			if (!rows[i].is_known)
				f.ids[0] = f.ids[1];
			/* An identity speaks for itself and is judged afterwards. */
			bool wanted = rows[i].is_believed || type == DOC_IDENTITY;
			assert_int_equal(decodes(type, buf_str(&texts[type]), &trust, &err),
					 wanted);
			assert_int_equal(err.kind, wanted ? ERR_NONE : ERR_UNTRUSTED);
		}
}

static void an_identity_is_never_admitted_by_its_own_word(void **state)
{
	struct err err = ERR_INIT;
	auto_free struct identity_doc *d = calloc(1, sizeof(*d));
	auto_buf struct buf text = {.n = 0};
	sample_doc(&fleet, DOC_IDENTITY, d);
	d->identity.is_admitted = true;
	assert_true(identity_doc_encode(d, &fleet.keys[0], &text, NULL, &err));
	assert_true(identity_doc_decode(buf_str(&text), &fleet.trust, d, &err));
	assert_false(d->identity.is_admitted);
	/* Another's key under my name. */
	memcpy(d->identity.sign_key, fleet.keys[1].sign_key, sizeof(d->identity.sign_key));
	assert_false(identity_doc_encode(d, &fleet.keys[0], &text, NULL, &err));
	assert_int_equal(err.kind, ERR_INVALID);
}

static void another_cluster_or_ledger_is_refused(void **state)
{
	static const struct token here = {"00112233445566778899aabbccddeeff"},
				  elsewhere = {"10112233445566778899aabbccddeeff"};
	static const struct {
		const char *cluster;
		const struct token *ledger;
		bool is_good;
	} rows[] = {{"637af0000000000000000001", &here, true},
		    {NULL, NULL, true},
		    {"637af0000000000000000002", &here, false},
		    {"637af0000000000000000001", &elsewhere, false}};
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		for (enum doc_type type = 0; type < DOC_N; type++) {
			struct err err = ERR_INIT;
			struct doc_trust trust = fleet.trust;
			trust.cluster = rows[i].cluster;
			trust.ledger = rows[i].ledger;
			assert_int_equal(decodes(type, buf_str(&texts[type]), &trust, &err),
					 rows[i].is_good);
			assert_int_equal(err.kind, rows[i].is_good ? ERR_NONE : ERR_UNTRUSTED);
		}
}

static void a_type_is_never_taken_for_another(void **state)
{
	for (enum doc_type type = 0; type < DOC_N; type++)
		for (enum doc_type other = 0; other < DOC_N; other++) {
			struct err err = ERR_INIT;
			if (type == other)
				continue;
			assert_false(decodes(other, buf_str(&texts[type]), &fleet.trust, &err));
			assert_int_equal(err.kind, ERR_PROTOCOL);
		}
}

static void a_flipped_bit_anywhere_is_refused(void **state)
{
	for (enum doc_type type = 0; type < DOC_N; type++) {
		struct buf *text = &texts[type];
		size_t step = text->n / 40 + 1;
		for (size_t i = type; i < text->n; i += step) {
			struct err err = ERR_INIT;
			text->p[i] = (char)(text->p[i] ^ 1 << i % 7);
			bool ok = decodes(type, buf_str(text), &fleet.trust, &err);
			text->p[i] = (char)(text->p[i] ^ 1 << i % 7);
			if (ok)
				fail_msg("type %d, byte %zu", (int)type, i);
			assert_int_not_equal(err.kind, ERR_NONE);
		}
	}
}

static void torn_texts_are_refused(void **state)
{
	struct str whole = buf_str(&texts[DOC_VOTE]);
	for (size_t n = 0; n < whole.n; n += 13) {
		struct err err = ERR_INIT;
		assert_false(
		    decodes(DOC_VOTE, (struct str){.p = whole.p, .n = n}, &fleet.trust, &err));
		assert_int_equal(err.kind, ERR_SYNTAX);
	}
}

/* The content of a good document with one field changed, dropped or added, signed again: what a
 * rotad of another version or a liar might write. value NULL: dropped. */
static bool decodes_with(enum doc_type type, const char *name, const char *value, struct err *err)
{
	struct signed_doc doc;
	struct canonical_in in;
	struct canonical_token t;
	struct canonical_out out;
	struct str raw;
	char keys[FIELDS_MAX][64];
	unsigned n = 0;
	bool is_written = value == NULL;
	auto_buf struct buf content = {.n = 0}, text = {.n = 0};
	assert_true(signed_doc_parse(buf_str(&texts[type]), DOC_BYTES_MAX, &doc, err));
	canonical_open(&in, doc.content);
	canonical_to_buf(&out, &content, DOC_BYTES_MAX);
	assert_true(canonical_next(&in, &t, err));
	canonical_put_open(&out, '{');
	for (;;) {
		assert_true(canonical_next(&in, &t, err));
		bool is_last = t.kind != CANONICAL_KEY;
		if (!is_last)
			assert_true(copy_str(keys[n], sizeof(keys[n]), t.raw));
		if (!is_written && (is_last || strcmp(name, keys[n]) <= 0)) {
			canonical_put_key(&out, name);
			canonical_put_raw(&out, str_of(value));
			is_written = true;
		}
		if (is_last)
			break;
		assert_true(canonical_skip(&in, &raw, err));
		if (strcmp(name, keys[n]) != 0) {
			canonical_put_key(&out, keys[n]);
			canonical_put_raw(&out, raw);
		}
		n++;
	}
	canonical_put_close(&out, '}');
	assert_true(canonical_done(&out, err));
	canonical_to_buf(&out, &text, DOC_BYTES_MAX);
	assert_true(signed_doc_print(&out, buf_str(&content), &fleet.keys[0], err));
	return decodes(type, buf_str(&text), &fleet.trust, err);
}

/* A value that no field of this kind takes. */
static const char *wrong_for(enum field_kind kind)
{
	static const char *const wrong[FIELD_KIND_N] = {
	    [FIELD_LINE] = "\"a\\nb\"",
	    [FIELD_SAID] = "\"a\\nb\"",
	    [FIELD_TEXT] = "\"a\\u0007\"",
	    [FIELD_HEX] = "\"ABCD\"",
	    [FIELD_UINT64] = "-1",
	    [FIELD_UNSIGNED] = "4294967296",
	    [FIELD_INT64] = "\"1\"",
	    [FIELD_WALL] = "-1",
	    [FIELD_BOOL] = "1",
	    [FIELD_WORD] = "\"perhaps\"",
	    [FIELD_RING_IDS] = "[\"ab\"]",
	    [FIELD_KEY_NAME] = "{\"id\":\"\",\"number\":1}",
	    [FIELD_LINES] = "[1]",
	    [FIELD_RECORDS] = "[{}]",
	};
	return wrong[kind];
}

static void every_field_must_be_there_and_of_its_kind(void **state)
{
	unsigned head_n;
	const struct field_row *head = doc_head_rows(&head_n);
	for (enum doc_type type = 0; type < DOC_N; type++) {
		const struct doc_row *row = doc_row_of(type);
		unsigned from = type == DOC_VOTE ? 0 : head_n; /* the head once is enough */
		for (unsigned i = from; i < head_n + row->rows_n; i++) {
			const struct field_row *f = i < head_n ? &head[i] : &row->rows[i - head_n];
			const char *const values[] = {NULL, wrong_for(f->kind), "[[]]"};
			for (size_t k = 0; k < ARRAY_N(values); k++) {
				struct err err = ERR_INIT;
				if (decodes_with(type, f->name, values[k], &err))
					fail_msg("%s: %s = %s", row->type, f->name,
						 values[k] ? values[k] : "missing");
				assert_int_not_equal(err.kind, ERR_NONE);
				assert_int_not_equal(err.kind, ERR_BUG);
			}
		}
	}
}

static void mark(unsigned char *seen, size_t size, size_t offset, size_t n)
{
	assert_true(offset + n <= size);
	memset(seen + offset, 1, n);
}

/* A field that somebody adds to a struct without a row here would be lost on its way, unsaid. */
static void every_byte_of_a_struct_has_its_row(void **state)
{
	/* What is derived or the reader's own, bytes of it; the rest may only be padding. */
	static const size_t others[DOC_N] = {
	    [DOC_PROPOSAL] = sizeof(struct digest),
	    [DOC_CLOSURE] = sizeof(bool),
	    [DOC_CLAIM] = sizeof(int64_t),
	    [DOC_IDENTITY] = sizeof(enum endorsement) + 3 + sizeof(uint64_t) +
			     FIELD_SIZE(struct identity, why_not),
	};
	enum { PADDING = 7 };
	for (enum doc_type type = 0; type < DOC_N; type++) {
		const struct doc_row *row = doc_row_of(type);
		auto_free unsigned char *seen = calloc(1, row->size);
		size_t left = 0, run = 0;
		mark(seen, row->size, 0, sizeof(struct doc_head));
		for (unsigned i = 0; i < row->rows_n; i++) {
			const struct field_row *f = &row->rows[i];
			mark(seen, row->size, f->offset, f->size * MAX(f->max, 1u));
			if (f->max)
				mark(seen, row->size, f->count_offset, sizeof(unsigned));
		}
		for (size_t i = 0; i < row->size; i++) {
			run = seen[i] ? 0 : run + 1;
			left += run == PADDING + 1 ? run : run > PADDING ? 1 : 0;
		}
		if (left > others[type] + 2 * (size_t)PADDING)
			fail_msg("%s: %zu bytes without a row", row->type, left);
	}
}

static void unknown_fields_and_versions_are_refused(void **state)
{
	static const struct {
		const char *name, *value;
		enum err_kind kind;
	} rows[] = {
	    {"aaa", "1", ERR_PROTOCOL},
	    {"hostess", "\"x\"", ERR_PROTOCOL},
	    {"zzz", "{\"a\":[]}", ERR_PROTOCOL},
	    {"type", "\"rotad-vote/2\"", ERR_UNSUPPORTED},
	    {"type", "\"rotad-vote/\"", ERR_UNSUPPORTED},
	    {"type", "\"rotad-vote/11\"", ERR_UNSUPPORTED},
	    {"type", "\"rotad-voter/1\"", ERR_PROTOCOL},
	    {"type", "\"\"", ERR_PROTOCOL},
	    {"type", "1", ERR_PROTOCOL},
	    {"type", NULL, ERR_PROTOCOL},
	    {"from", "\"\"", ERR_UNTRUSTED},
	    {"from", "7", ERR_UNTRUSTED},
	    {"vote", "\"\"", ERR_PROTOCOL},
	    {"vote", "\"Yea\"", ERR_PROTOCOL},
	    {"processId", "\"\"", ERR_INVALID}, /* a yea is of a process */
	    {"disk", "null", ERR_INVALID},
	    {"disk",
	     "[\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\","
	     "\"cccccccccccccccccccccccccccccccc\"]",
	     ERR_LIMIT},
	    {"host", "\"\"", ERR_INVALID},
	    {"generation", "0", ERR_INVALID},
	    {"generation", "-3", ERR_INVALID},
	    {"proposal", "\"\"", ERR_INVALID},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		assert_false(decodes_with(DOC_VOTE, rows[i].name, rows[i].value, &err));
		if (err.kind != rows[i].kind)
			fail_msg("row %zu: %s: %s", i, err_kind_name(err.kind), err.text);
	}
	struct err err = ERR_INIT;
	assert_true(
	    decodes_with(DOC_VOTE, "reason", "\"another\"", &err)); /* the way itself works */
}

/* "%.200s" cuts a person's reason in the middle of a character: the proposal must stand all the
 * same. */
static void a_reason_that_was_cut_is_no_obstacle(void **state)
{
	struct err err = ERR_INIT;
	struct proposal p, back;
	struct digest digest;
	auto_buf struct buf text = {.n = 0};
	sample_proposal(&fleet, &p);
	memcpy(p.reason, "gr\xc3\xbc\xc3", 6);
	assert_true(proposal_encode(&p, &fleet.keys[0], &text, &digest, &err));
	assert_true(proposal_decode(buf_str(&text), &fleet.trust, &back, &err));
	assert_string_equal(back.reason, "gr\xc3\xbc?");
	/* A name is never mended: it says who is meant. */
	memcpy(p.roll[0].host, "db\xc3", 4);
	assert_false(proposal_encode(&p, &fleet.keys[0], &text, &digest, &err));
	assert_int_equal(err.kind, ERR_INVALID);
}

static void a_long_text_is_refused_not_cut(void **state)
{
	struct err err = ERR_INIT;
	auto_buf struct buf value = {.n = 0};
	buf_addc(&value, '"');
	for (int i = 0; i < REASON_BYTES; i++)
		buf_addc(&value, 'x');
	buf_addc(&value, '"');
	assert_false(decodes_with(DOC_VOTE, "reason", buf_z(&value), &err));
	assert_int_equal(err.kind, ERR_LIMIT);
}

static void proposals_that_contradict_themselves_are_refused(void **state)
{
	for (int i = 0; i < 11; i++) {
		struct err err = ERR_INIT;
		struct proposal p;
		auto_buf struct buf text = {.n = 0};
		sample_proposal(&fleet, &p);
		switch (i) {
		case 0:
			p.next = p.pivot;
			break;
		case 1:
			p.after = key_of(9); /* only standby has one */
			break;
		case 2:
			p.roll_n = 0;
			break;
		case 3:
			memcpy(&p.roll[1], &p.roll[0], sizeof(p.roll[0]));
			break;
		case 4:
			p.generation = 1;
			break;
		case 5:
			p.previous.hex[0] = 0;
			break;
		case 6:
			p.pivot = (struct key_name){.number = 0};
			break;
		case 7:
			p.generation = UINT64_MAX;
			break;
		case 8:
			p.next.number = 0;
			break;
		case 9:
			PUT(p.roll[0].host, "a\nb");
			break;
		default:
			p.roll_n = MEMBERS_MAX + 1;
			break;
		}
		if (i == 10) /* its roll cannot be read, so only the encoder's bound stands */
			p.roll_n = 0;
		assert_false(proposal_encode(&p, &fleet.keys[0], &text, NULL, &err));
		assert_int_equal(err.kind, ERR_INVALID);
		assert_int_equal(text.n, 0);
	}
}

static void nobody_signs_for_another(void **state)
{
	struct err err = ERR_INIT;
	struct proposal p;
	auto_buf struct buf text = {.n = 0};
	sample_proposal(&fleet, &p);
	assert_false(proposal_encode(&p, &fleet.keys[1], &text, NULL, &err));
	assert_int_equal(err.kind, ERR_BUG);
}

/* --- the roll --- */

static void voted_roll(struct proposal *p, struct roll_parts *parts, struct buf votes[FLEET_N])
{
	struct err err = ERR_INIT;
	auto_buf struct buf text = {.n = 0};
	sample_proposal(&fleet, p);
	assert_true(proposal_encode(p, &fleet.keys[0], &text, &p->digest, &err));
	*parts = (struct roll_parts){.generation = p->generation, .proposal = p->digest};
	for (unsigned i = 0; i < FLEET_N; i++) {
		struct vote v;
		sample_vote(&fleet, i, p, &v);
		assert_true(vote_encode(&v, &fleet.keys[i], &votes[i], NULL, &err));
	}
}

static void votes_without_and_closure_stand_in_one_roll(void **state)
{
	struct err err = ERR_INIT;
	struct proposal p;
	struct buf votes[FLEET_N] = {{.n = 0}};
	auto_buf struct buf text = {.n = 0}, again = {.n = 0}, dead = {.n = 0}, done = {.n = 0};
	auto_free struct roll_parts *parts = calloc(1, sizeof(*parts)),
				    *back = calloc(1, sizeof(*back));
	auto_free struct roll *roll = calloc(1, sizeof(*roll));
	auto_free struct closure *c = calloc(1, sizeof(*c));
	struct roll_doubts doubts;
	struct without w;
	voted_roll(&p, parts, votes);
	/* Given in the other order, written in the order of hosts. */
	assert_true(roll_parts_add_vote(parts, fleet_hosts[1], buf_str(&votes[1]), &err));
	assert_true(roll_parts_add_vote(parts, fleet_hosts[0], buf_str(&votes[0]), &err));
	assert_true(roll_parts_add_vote(parts, fleet_hosts[0], buf_str(&votes[0]), &err));
	sample_doc(&fleet, DOC_WITHOUT, &w);
	assert_true(without_encode(&w, &fleet.keys[0], &dead, NULL, &err));
	assert_true(roll_parts_add_without(parts, fleet_hosts[2], false, buf_str(&dead), &err));
	assert_true(roll_parts_encode(parts, &text, &err));
	assert_true(roll_decode(buf_str(&text), 5, &p, &fleet.trust, roll, &doubts, &err));
	assert_int_equal(doubts.n, 0);
	assert_int_equal(roll->rev, 5);
	assert_int_equal(roll->votes[0].word, VOTE_YEA);
	assert_int_equal(roll->votes[1].word, VOTE_YEA);
	assert_int_equal(roll->votes[2].word, VOTE_NONE);
	assert_true(roll->is_without[2]);
	assert_false(roll->is_without[0]);
	assert_false(roll->closure.is_given);

	sample_doc(&fleet, DOC_CLOSURE, c);
	c->proposal = p.digest;
	assert_true(closure_encode(c, &fleet.keys[0], &done, NULL, &err));
	assert_true(roll_parts_decode(buf_str(&text), back, &err));
	back->closure = buf_str(&done);
	assert_true(roll_parts_encode(back, &again, &err));
	assert_true(roll_decode(buf_str(&again), 6, &p, &fleet.trust, roll, &doubts, &err));
	assert_int_equal(doubts.n, 0);
	assert_true(roll->closure.is_given);
	assert_true(roll->closure.is_carried);
	assert_int_equal(roll->closure.proofs_n, 2);
	for (unsigned i = 0; i < FLEET_N; i++)
		buf_fini(&votes[i]);
}

static void a_vote_is_given_once_and_a_nay_cannot_be_declared_dead(void **state)
{
	struct err err = ERR_INIT;
	struct proposal p;
	struct buf votes[FLEET_N] = {{.n = 0}};
	auto_free struct roll_parts *parts = calloc(1, sizeof(*parts));
	voted_roll(&p, parts, votes);
	assert_true(roll_parts_add_vote(parts, fleet_hosts[0], buf_str(&votes[0]), &err));
	assert_false(roll_parts_add_vote(parts, fleet_hosts[0], buf_str(&votes[1]), &err));
	assert_int_equal(err.kind, ERR_CONFLICT);
	assert_false(roll_parts_add_without(parts, fleet_hosts[0], true, STR("{}"), &err));
	assert_int_equal(err.kind, ERR_REFUSED);
	for (unsigned i = 0; i < FLEET_N; i++)
		buf_fini(&votes[i]);
}

static void a_vote_that_does_not_belong_counts_as_none(void **state)
{
	enum {
		MISPLACED,
		OTHER_GENERATION,
		OTHER_PROPOSAL,
		OTHER_SIGNER,
		FORGED_YEA_BY_OPERATOR,
		NOT_ON_ROLL,
		REVOKED,
		OTHER_LEDGER,
		ROWS_N
	};
	for (int row = 0; row < ROWS_N; row++) {
		struct err err = ERR_INIT;
		struct proposal p;
		struct vote v;
		struct buf votes[FLEET_N] = {{.n = 0}};
		auto_buf struct buf bad = {.n = 0}, text = {.n = 0};
		auto_free struct roll_parts *parts = calloc(1, sizeof(*parts));
		auto_free struct roll *roll = calloc(1, sizeof(*roll));
		struct roll_doubts doubts;
		const char *host = fleet_hosts[0];
		unsigned signer = 0;
		voted_roll(&p, parts, votes);
		sample_vote(&fleet, 0, &p, &v);
		if (row == MISPLACED)
			PUT(v.host, fleet_hosts[1]);
		if (row == OTHER_GENERATION)
			v.generation = 2;
		if (row == OTHER_PROPOSAL)
			v.proposal.hex[0] = v.proposal.hex[0] == 'a' ? 'b' : 'a';
		if (row == OTHER_SIGNER || row == FORGED_YEA_BY_OPERATOR)
			signer = 1;
		v.is_by_operator = row == FORGED_YEA_BY_OPERATOR;
		if (row == NOT_ON_ROLL)
			PUT(v.host, host = "db4.example.net:27017");
		if (row == OTHER_LEDGER)
			v.head.ledger.hex[0] = 'f';
		v.head.from = fleet.keys[signer].spki;
		fleet.ids[0].is_revoked = row == REVOKED;
		assert_true(vote_encode(&v, &fleet.keys[signer], &bad, NULL, &err));
		assert_true(roll_parts_add_vote(parts, host, buf_str(&bad), &err));
		assert_true(roll_parts_add_vote(parts, fleet_hosts[1], buf_str(&votes[1]), &err));
		assert_true(roll_parts_encode(parts, &text, &err));
		assert_true(roll_decode(buf_str(&text), 1, &p, &fleet.trust, roll, &doubts, &err));
		fleet.ids[0].is_revoked = false;
		assert_int_equal(roll->votes[0].word, VOTE_NONE);
		assert_int_equal(roll->votes[1].word, VOTE_YEA);
		assert_int_equal(doubts.n, 1);
		assert_int_equal(doubts.first.kind, ERR_UNTRUSTED);
		assert_string_equal(doubts.first.subject, host);
		for (unsigned i = 0; i < FLEET_N; i++)
			buf_fini(&votes[i]);
	}
}

static void what_a_revoked_one_said_of_generations_before_stands(void **state)
{
	static const struct {
		enum doc_type type;
		bool is_voted;
	} rows[] = {{DOC_PROPOSAL, true}, {DOC_VOTE, true},        {DOC_WITHOUT, true},
		    {DOC_CLOSURE, true},  {DOC_CLAIM, false},      {DOC_STATEMENT, false},
		    {DOC_HOLD, false},    {DOC_ORDER, false},      {DOC_CSR, false},
		    {DOC_ISSUED, false},    {DOC_REQUEST, false},  {DOC_REVOCATION, false}, {DOC_IDENTITY, true}};
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		for (uint64_t until = 0; until < 5; until++) { /* the samples are of 3 */
			struct err err = ERR_INIT;
			const size_t n = doc_row_of(rows[i].type)->size;
			auto_free void *doc = calloc(1, n), *back = calloc(1, n);
			auto_buf struct buf text = {.n = 0};
			sample_doc(&fleet, rows[i].type, doc);
			assert_true(
			    ledger_encode(rows[i].type, doc, &fleet.keys[0], &text, NULL, &err));
			fleet.ids[0].is_revoked = true;
			fleet.ids[0].is_admitted = false;
			fleet.ids[0].stands_until = until;
			bool ok =
			    ledger_decode(rows[i].type, buf_str(&text), &fleet.trust, back, &err);
			fleet.ids[0].is_revoked = false;
			fleet.ids[0].is_admitted = true;
			fleet.ids[0].stands_until = 0;
			bool wanted =
			    rows[i].type == DOC_IDENTITY || (rows[i].is_voted && until >= 3);
			if (ok != wanted || (!ok && err.sys != EKEYREVOKED))
				fail_msg("row %zu until %d: %s", i, (int)until, err.text);
		}
}

/* Declared dead before it was made: on the roll, and without a vote. */
static void a_proposal_may_be_made_without_a_member(void **state)
{
	struct err err = ERR_INIT;
	struct proposal p;
	struct vote v;
	auto_buf struct buf text = {.n = 0}, vote = {.n = 0};
	auto_free struct roll_parts *parts = calloc(1, sizeof(*parts));
	auto_free struct roll *roll = calloc(1, sizeof(*roll));
	struct roll_doubts doubts;
	sample_proposal(&fleet, &p);
	p.roll[2].is_dead = true;
	assert_true(proposal_encode(&p, &fleet.keys[0], &text, &p.digest, &err));
	*parts = (struct roll_parts){.generation = p.generation, .proposal = p.digest};
	sample_vote(&fleet, 2, &p, &v);
	v.word = VOTE_NAY;
	assert_true(vote_encode(&v, &fleet.keys[2], &vote, NULL, &err));
	assert_true(roll_parts_add_vote(parts, fleet_hosts[2], buf_str(&vote), &err));
	assert_true(roll_parts_encode(parts, &text, &err));
	assert_true(roll_decode(buf_str(&text), 5, &p, &fleet.trust, roll, &doubts, &err));
	assert_int_equal(doubts.n, 1);
	assert_int_equal(roll->votes[2].word, VOTE_NONE);
	assert_true(roll->is_without[2]);
	assert_false(roll->is_without[1]);
	/* Nobody need speak for it; for the others somebody must, and somebody must be left. */
	p.roll[2].identity.hex[0] = 0;
	assert_true(proposal_encode(&p, &fleet.keys[0], &text, &p.digest, &err));
	p.roll[2].is_dead = false;
	assert_false(proposal_encode(&p, &fleet.keys[0], &text, &p.digest, &err));
	for (unsigned i = 0; i < FLEET_N; i++)
		p.roll[i].is_dead = true;
	assert_false(proposal_encode(&p, &fleet.keys[0], &text, &p.digest, &err));
}

static void nobody_revokes_itself(void **state)
{
	struct err err = ERR_INIT;
	auto_buf struct buf text = {.n = 0};
	struct revocation r;
	sample_doc(&fleet, DOC_REVOCATION, &r);
	r.spki = fleet.keys[0].spki;
	assert_false(revocation_encode(&r, &fleet.keys[0], &text, NULL, &err));
	assert_int_equal(err.kind, ERR_INVALID);
}

static void an_operators_nay_may_come_through_any_rotad(void **state)
{
	struct err err = ERR_INIT;
	struct proposal p;
	struct vote v;
	struct buf votes[FLEET_N] = {{.n = 0}};
	auto_buf struct buf nay = {.n = 0}, text = {.n = 0}, dead = {.n = 0};
	auto_free struct roll_parts *parts = calloc(1, sizeof(*parts));
	auto_free struct roll *roll = calloc(1, sizeof(*roll));
	struct roll_doubts doubts;
	struct without w;
	voted_roll(&p, parts, votes);
	v = (struct vote){.generation = 3,
			  .proposal = p.digest,
			  .word = VOTE_NAY,
			  .reason = "aborted by alice",
			  .is_by_operator = true};
	PUT(v.host, fleet_hosts[2]);
	fleet_head(&fleet, 1, &v.head);
	assert_true(vote_encode(&v, &fleet.keys[1], &nay, NULL, &err));
	assert_true(roll_parts_add_vote(parts, fleet_hosts[2], buf_str(&nay), &err));
	sample_doc(&fleet, DOC_WITHOUT, &w);
	assert_true(without_encode(&w, &fleet.keys[0], &dead, NULL, &err));
	assert_true(roll_parts_add_without(parts, fleet_hosts[2], false, buf_str(&dead), &err));
	assert_true(roll_parts_encode(parts, &text, &err));
	assert_true(roll_decode(buf_str(&text), 1, &p, &fleet.trust, roll, &doubts, &err));
	/* Which was first cannot be told, so neither counts. */
	assert_int_equal(roll->votes[2].word, VOTE_NONE);
	assert_false(roll->is_without[2]);
	assert_int_equal(doubts.n, 1);
	parts->withouts_n = 0;
	assert_true(roll_parts_encode(parts, &text, &err));
	assert_true(roll_decode(buf_str(&text), 2, &p, &fleet.trust, roll, &doubts, &err));
	assert_int_equal(roll->votes[2].word, VOTE_NAY);
	for (unsigned i = 0; i < FLEET_N; i++)
		buf_fini(&votes[i]);
}

static void bad_containers_are_refused(void **state)
{
#define D "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
#define ROLL(type, votes)                                                                          \
	"{\"closure\":null,\"generation\":3,\"proposal\":\"" D "\",\"type\":\"" type               \
	"\",\"votes\":" votes ",\"without\":{}}"
	static const struct {
		const char *text;
		enum err_kind kind;
	} rows[] = {
	    {ROLL("rotad-roll/1", "{}"), ERR_NONE},
	    {ROLL("rotad-roll/2", "{}"), ERR_UNSUPPORTED},
	    {ROLL("rotad-vote/1", "{}"), ERR_PROTOCOL},
	    {ROLL("rotad-roll/1", "[]"), ERR_PROTOCOL},
	    {ROLL("rotad-roll/1", "{\"a\":1}"), ERR_PROTOCOL},
	    {ROLL("rotad-roll/1", "{\"\":{}}"), ERR_PROTOCOL},
	    {ROLL("rotad-roll/1", "{\"a\":{},\"a\":{}}"), ERR_SYNTAX},
	    {"{}", ERR_PROTOCOL},
	    {"[]", ERR_PROTOCOL},
	    {"", ERR_SYNTAX},
	    {"{\"closure\":1,\"generation\":3,\"proposal\":\"" D
	     "\",\"type\":\"rotad-roll/1\",\"votes\":{},\"without\":{}}",
	     ERR_PROTOCOL},
	    {"{\"closure\":null,\"generation\":0,\"proposal\":\"" D
	     "\",\"type\":\"rotad-roll/1\",\"votes\":{},\"without\":{}}",
	     ERR_PROTOCOL},
	    {"{\"closure\":null,\"generation\":3,\"proposal\":\"" D
	     "\",\"type\":\"rotad-roll/1\",\"votes\":{},\"without\":{},\"x\":1}",
	     ERR_PROTOCOL},
	    {"{\"closure\":null,\"generation\":3,\"proposal\":\"d\",\"type\":\"rotad-roll/1\","
	     "\"votes\":{},\"without\":{}}",
	     ERR_PROTOCOL},
	};
	auto_free struct roll_parts *parts = calloc(1, sizeof(*parts));
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		bool ok = roll_parts_decode(str_of(rows[i].text), parts, &err);
		if (err.kind != rows[i].kind)
			fail_msg("row %zu: %s", i, err.text);
		assert_int_equal(ok, rows[i].kind == ERR_NONE);
	}
	struct err err = ERR_INIT;
	struct proposal p;
	struct roll_doubts doubts;
	auto_free struct roll *roll = calloc(1, sizeof(*roll));
	sample_proposal(&fleet, &p);
	memset(p.digest.hex, 'c', DIGEST_CHARS); /* a roll of another proposal */
	assert_false(roll_decode(str_of(rows[0].text), 1, &p, &fleet.trust, roll, &doubts, &err));
	assert_int_equal(err.kind, ERR_PROTOCOL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_document_comes_back_as_it_was),
	    cmocka_unit_test(a_digest_is_of_the_content_alone),
	    cmocka_unit_test(only_admitted_signers_are_believed),
	    cmocka_unit_test(an_identity_is_never_admitted_by_its_own_word),
	    cmocka_unit_test(another_cluster_or_ledger_is_refused),
	    cmocka_unit_test(a_type_is_never_taken_for_another),
	    cmocka_unit_test(a_flipped_bit_anywhere_is_refused),
	    cmocka_unit_test(torn_texts_are_refused),
	    cmocka_unit_test(every_field_must_be_there_and_of_its_kind),
	    cmocka_unit_test(every_byte_of_a_struct_has_its_row),
	    cmocka_unit_test(unknown_fields_and_versions_are_refused),
	    cmocka_unit_test(a_reason_that_was_cut_is_no_obstacle),
	    cmocka_unit_test(a_long_text_is_refused_not_cut),
	    cmocka_unit_test(proposals_that_contradict_themselves_are_refused),
	    cmocka_unit_test(nobody_signs_for_another),
	    cmocka_unit_test(votes_without_and_closure_stand_in_one_roll),
	    cmocka_unit_test(a_vote_is_given_once_and_a_nay_cannot_be_declared_dead),
	    cmocka_unit_test(a_vote_that_does_not_belong_counts_as_none),
	    cmocka_unit_test(what_a_revoked_one_said_of_generations_before_stands),
	    cmocka_unit_test(nobody_revokes_itself),
	    cmocka_unit_test(a_proposal_may_be_made_without_a_member),
	    cmocka_unit_test(an_operators_nay_may_come_through_any_rotad),
	    cmocka_unit_test(bad_containers_are_refused),
	};
	return cmocka_run_group_tests(tests, make, end);
}
