/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the journal: `<crc32c, 8 hex digits> <canonical JSON>`. A torn end is what a power cut
 * leaves and is passed over; a bad line before it is somebody's doing or a dying disk and is told.
 * Who appends and reads files is round/record.c. */
#ifndef CODEC_JOURNAL_LINE_H
#define CODEC_JOURNAL_LINE_H

#include "base/buf.h"
#include "model/journal_entry.h"

/* CRC-32C (Castagnoli), of which a disk's bent bit is no match; no defence against people. */
uint32_t crc32c(struct str bytes);

/* One line without its newline, as files.append wants it. *ret is emptied first. Errors:
 * ERR_INVALID (a control character, seq 0), ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK bool journal_line_print(const struct journal_entry *entry, struct buf *ret,
				   struct err *err);
/* Errors: ERR_CRYPTO (checksum), ERR_SYNTAX, ERR_PROTOCOL, ERR_UNSUPPORTED (of another version),
 * ERR_INVALID, ERR_LIMIT. */
MUST_CHECK bool journal_line_parse(struct str line, struct journal_entry *ret, struct err *err);

/* Goes over a whole journal. Borrows the text. */
struct journal_reader {
	struct str rest;
	unsigned line;     /* of the entry last given, 1-based */
	uint64_t last_seq; /* highest seen: the next entry's is one more */
	/* Told at the end: */
	unsigned bad_n, first_bad_line; /* bad lines before the end; 0: none */
	struct err first_bad;
	size_t torn_bytes; /* behind the last whole line; append an empty line before the next one,
			      so that it stays by itself */
};
void journal_open(struct journal_reader *reader, struct str text);
/* The next good entry; false at the end. Bad lines are counted and passed over (a line that was
 * torn and then closed by an empty one is known already and not counted). An entry whose seq does
 * not rise is bad. */
bool journal_find_next(struct journal_reader *reader, struct journal_entry *ret);

#endif
