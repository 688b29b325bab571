/* SPDX-License-Identifier: Apache-2.0 */
/* Journal lines there and back, from one field table. */
#include "codec/journal_line.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/field_table.h"
#include "codec/ledger_json.h"

#define JOURNAL_TYPE "rotad-journal/1"
enum { CRC_CHARS = 8 };

static const char *const kind_words[JOURNAL_KIND_N] = {
    [JOURNAL_INTENT] = "intent", [JOURNAL_PROOF] = "proof",   [JOURNAL_FAILED] = "failed",
    [JOURNAL_DEBT] = "debt",     [JOURNAL_BUDGET] = "budget", [JOURNAL_NOTE] = "note",
};
static const struct field_words kinds = {.words = kind_words, .n = JOURNAL_KIND_N};

static const struct field_row entry_rows[] = {
    FIELD_GIVEN(struct journal_entry, seq, FIELD_UINT64, "seq"),
    FIELD(struct journal_entry, at, FIELD_WALL, "at"),
    FIELD_ENUM(struct journal_entry, kind, kinds, "kind"),
    FIELD(struct journal_entry, act, FIELD_LINE, "act"),
    FIELD(struct journal_entry, instance, FIELD_LINE, "instance"),
    FIELD(struct journal_entry, subject, FIELD_LINE, "subject"),
    FIELD(struct journal_entry, generation, FIELD_UINT64, "generation"),
    FIELD(struct journal_entry, of, FIELD_UINT64, "of"),
    FIELD(struct journal_entry, process_id, FIELD_LINE, "processId"),
    FIELD(struct journal_entry, ring, FIELD_RING_IDS, "ring"),
    FIELD(struct journal_entry, order.hex, FIELD_HEX, "order"),
    FIELD(struct journal_entry, next, FIELD_WALL, "next"),
    FIELD(struct journal_entry, text, FIELD_SAID, "text"),
};
static const struct field_set entry_set = {
    .type = JOURNAL_TYPE, .rows = entry_rows, .rows_n = ARRAY_N(entry_rows)};

/* Four bits at a time: the table has 16 rows and needs no start-up. Reflected polynomial
 * 0x82f63b78.
 */
uint32_t crc32c(struct str bytes)
{
	static const uint32_t table[16] = {
	    0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
	    0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
	    0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
	};
	uint32_t crc = 0xffffffff;
	for (size_t i = 0; i < bytes.n; i++) {
		crc ^= (unsigned char)bytes.p[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}

bool journal_line_print(const struct journal_entry *entry, struct buf *ret, struct err *err)
{
	struct canonical_out out;
	auto_buf struct buf json = {.max = JOURNAL_LINE_BYTES_MAX};
	canonical_to_buf(&out, &json, JOURNAL_LINE_BYTES_MAX - CRC_CHARS - 2);
	if (!fields_encode(&entry_set, entry, &out, err) || !canonical_done(&out, err))
		return err_in(err, "writing a line of the journal");
	buf_clear(ret);
	buf_addf(ret, "%08x %s", crc32c(buf_str(&json)), buf_z(&json));
	return buf_ok(ret, err);
}

bool journal_line_parse(struct str line, struct journal_entry *ret, struct err *err)
{
	char wanted[CRC_CHARS + 2];
	struct canonical_in in;
	struct canonical_token t;
	struct journal_entry fresh = {.seq = 0};
	if (line.n >= JOURNAL_LINE_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "a line of %zu bytes in the journal", line.n);
	if (line.n < CRC_CHARS + 1)
		return err_set(err, ERR_SYNTAX, "a line of %zu bytes in the journal", line.n);
	struct str json = {.p = line.p + CRC_CHARS + 1, .n = line.n - CRC_CHARS - 1};
	(void)snprintf(wanted, sizeof(wanted), "%08x ", crc32c(json)); /* fits */
	if (memcmp(line.p, wanted, CRC_CHARS + 1) != 0)
		return err_set(err, ERR_CRYPTO, "a line of the journal whose checksum is wrong");
	canonical_open(&in, json);
	if (!fields_decode(&entry_set, &in, &fresh, err) || !canonical_next(&in, &t, err))
		return err_in(err, "reading a line of the journal");
	*ret = fresh; /* the token behind the object was its end: canonical_next() takes no other */
	return true;
}

void journal_open(struct journal_reader *reader, struct str text)
{
	*reader = (struct journal_reader){.rest = text, .first_bad = ERR_INIT};
}

static bool take_line(struct journal_reader *r, struct str line, struct journal_entry *ret,
		      struct err *err)
{
	struct journal_entry entry;
	if (!journal_line_parse(line, &entry, err))
		return false;
	if (entry.seq <= r->last_seq)
		return err_set(err, ERR_INVALID, "entry %llu stands behind entry %llu",
			       (unsigned long long)entry.seq, (unsigned long long)r->last_seq);
	r->last_seq = entry.seq;
	*ret = entry;
	return true;
}

bool journal_find_next(struct journal_reader *r, struct journal_entry *ret)
{
	while (r->rest.n) {
		const char *end = memchr(r->rest.p, '\n', r->rest.n);
		struct str line = {.p = r->rest.p,
				   .n = end ? (size_t)(end - r->rest.p) : r->rest.n};
		struct err err = ERR_INIT;
		size_t skip = line.n + (end ? 1 : 0);
		r->rest.p += skip;
		r->rest.n -= skip;
		r->line++;
		if (!end) {
			/* Never acknowledged: append returns after the newline is on disk. */
			r->torn_bytes = line.n;
			return false;
		}
		if (line.n == 0)
			continue;
		if (take_line(r, line, ret, &err))
			return true;
		bool was_closed = r->rest.n && r->rest.p[0] == '\n';
		if (was_closed)
			continue;
		if (r->bad_n++ == 0) {
			r->first_bad_line = r->line;
			r->first_bad = err;
			r->first_bad.line = (int)r->line;
		}
	}
	return false;
}
