/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes are a document of the ledger, the anchor or the journal, or none. The first byte says
 * which: 'a' and on: the content of that type, its fields read without a signature; 'S' a signed
 * text of every type; 'R' a roll; 'A' the anchor's JSON and 'J' a journal entry's, put behind right
 * checksums; 'T' a whole journal. What is taken must be written back as the same bytes: nothing has
 * two texts. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/anchor_json.h"
#include "codec/digest.h"
#include "codec/journal_line.h"
#include "codec/ledger_json.h"
#include "fuzz/fuzz.h"

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)
#define MACHINE "0123456789abcdef0123456789abcdef"

static void check_fields(enum doc_type type, struct str text)
{
	const struct doc_row *row = doc_row_of(type);
	struct field_set set = {.type = row->type, .rows = row->rows, .rows_n = row->rows_n};
	struct canonical_in in;
	struct canonical_token t;
	struct canonical_out out;
	struct err err = ERR_INIT;
	auto_free void *doc = calloc(1, row->size);
	auto_buf struct buf again = {.max = DOC_BYTES_MAX};
	MUST(doc);
	set.head = doc_head_rows(&set.head_n);
	canonical_open(&in, text);
	if (!fields_decode(&set, &in, doc, &err) || !canonical_next(&in, &t, &err)) {
		MUST(err.kind != ERR_NONE && err.kind != ERR_BUG);
		return;
	}
	MUST(canonical_check(text, DOC_BYTES_MAX, &err) || text.n > DOC_BYTES_MAX);
	canonical_to_buf(&out, &again, DOC_BYTES_MAX);
	MUST(fields_encode(&set, doc, &out, &err));
	MUST(canonical_done(&out, &err) && str_equal(buf_str(&again), text));
	if (row->check)
		MUST(row->check(doc, &err) || err.kind != ERR_NONE);
}

static const struct identity *find_nobody(void *self, const struct spki *spki)
{
	(void)self;
	(void)spki;
	return NULL;
}

static void check_signed(struct str text)
{
	static const struct doc_trust trust = {.find = find_nobody};
	for (enum doc_type type = 0; type < DOC_N; type++) {
		struct err err = ERR_INIT;
		auto_free void *doc = calloc(1, doc_row_of(type)->size);
		bool ok = ledger_decode(type, text, &trust, doc, &err);
		/* Only an identity speaks for itself. */
		MUST(ok ? type == DOC_IDENTITY : err.kind != ERR_NONE && err.kind != ERR_BUG);
	}
}

static void check_roll(struct str text)
{
	struct err err = ERR_INIT;
	auto_free struct roll_parts *parts = calloc(1, sizeof(*parts));
	auto_buf struct buf again = {.max = DOC_BYTES_MAX};
	MUST(parts);
	if (!roll_parts_decode(text, parts, &err)) {
		MUST(err.kind != ERR_NONE && parts->votes_n == 0);
		return;
	}
	MUST(roll_parts_encode(parts, &again, &err));
	MUST(str_equal(buf_str(&again), text));
}

static void check_anchor(struct str json)
{
	struct err err = ERR_INIT;
	struct digest sum;
	auto_free struct anchor *anchor = calloc(1, sizeof(*anchor));
	auto_buf struct buf text = {.n = 0}, again = {.n = 0};
	MUST(anchor && sha256_digest(json, &sum, &err));
	buf_add(&text, json.p, json.n);
	buf_addf(&text, "\nsha256 %s\n", sum.hex);
	if (!anchor_decode(buf_str(&text), MACHINE, anchor, &err)) {
		MUST(err.kind != ERR_NONE);
		return;
	}
	MUST(anchor_encode(anchor, MACHINE, &again, &err));
	MUST(str_equal(buf_str(&again), buf_str(&text)));
}

static void check_entry(struct str json)
{
	struct err err = ERR_INIT;
	struct journal_entry entry;
	auto_buf struct buf text = {.n = 0}, again = {.n = 0};
	buf_addf(&text, "%08x ", crc32c(json));
	buf_add(&text, json.p, json.n);
	if (!journal_line_parse(buf_str(&text), &entry, &err)) {
		MUST(err.kind != ERR_NONE);
		return;
	}
	MUST(journal_line_print(&entry, &again, &err));
	MUST(str_equal(buf_str(&again), buf_str(&text)));
}

static void check_journal(struct str text)
{
	struct journal_reader reader;
	struct journal_entry entry;
	uint64_t last = 0;
	journal_open(&reader, text);
	while (journal_find_next(&reader, &entry)) {
		MUST(entry.seq > last);
		last = entry.seq;
	}
	MUST(reader.rest.n == 0);
	MUST((reader.bad_n == 0) == (reader.first_bad_line == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct {
		char letter;
		void (*check)(struct str text);
	} rows[] = {{'S', check_signed},
		    {'R', check_roll},
		    {'A', check_anchor},
		    {'J', check_entry},
		    {'T', check_journal}};
	if (size == 0)
		return 0;
	const struct str text = {.p = (const char *)data + 1, .n = size - 1};
	if (data[0] >= 'a' && data[0] < 'a' + DOC_N)
		check_fields((enum doc_type)(data[0] - 'a'), text);
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		if (rows[i].letter == (char)data[0])
			rows[i].check(text);
	return 0;
}
