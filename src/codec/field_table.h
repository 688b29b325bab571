/* SPDX-License-Identifier: Apache-2.0 */
/* A struct as rows {name, kind, place}, so that writing, reading and the tests of a document come
 * from one table. Canonical JSON only; signatures and meaning are for those who own the tables. */
#ifndef CODEC_FIELD_TABLE_H
#define CODEC_FIELD_TABLE_H

#include "codec/canonical.h"

enum field_kind {
	FIELD_LINE,     /* char[]: no control characters, so that a text of a peer stays one line */
	FIELD_SAID,     /* as FIELD_LINE, of words for people that were cut or come from a log, a
			   hook, a server: a byte that does not belong is written as '?', since
			   no document may fail for its reason */
	FIELD_TEXT,     /* char[]: line feeds too (PEM) */
	FIELD_HEX,      /* char[size]: size - 1 lower-case hex digits, or "" */
	FIELD_UINT64,   /* uint64_t, at most INT64_MAX */
	FIELD_UNSIGNED, /* unsigned */
	FIELD_INT64,
	FIELD_WALL, /* struct wall, microseconds, not negative */
	FIELD_BOOL,
	FIELD_WORD,     /* an enum by its words */
	FIELD_RING_IDS, /* null when not known, else an array of key ids */
	FIELD_KEY_NAME, /* {"id":...,"number":...} */
	FIELD_KEYRING,  /* struct keyring as an array of its keys: secret, for a writer to a secret
			   only;  after a failed reading what was read is there to be wiped */
	FIELD_LINES,    /* array of FIELD_LINE */
	FIELD_RECORDS,  /* array of structs of their own rows (which hold none of these two) */
	FIELD_KIND_N
};
enum { FIELD_SAID_BYTES_MAX = 4096 };
enum { FIELDS_MAX = 40 }; /* of one document, head included */

struct field_words {
	const char *const *words; /* by the enum's value; NULL: that value is in no document */
	unsigned n;
};
struct field_row {
	const char *name;
	enum field_kind kind;
	bool is_given; /* text may not be "", a number not 0, a list not empty */
	size_t offset; /* bytes from the struct's begin */
	size_t size;   /* of the char[], of one element of a list */
	const struct field_words *words;
	size_t count_offset;          /* lists: of the unsigned that counts */
	unsigned max;                 /* lists: elements at most */
	const struct field_row *rows; /* FIELD_RECORDS */
	unsigned rows_n;
};

#define FIELD_SIZE(type, member) sizeof(((type *)0)->member)
#define FIELD(type, member, kind_, name_)                                                          \
	{                                                                                          \
		.name = (name_), .kind = (kind_), .offset = offsetof(type, member),                \
		.size = FIELD_SIZE(type, member)                                                   \
	}
#define FIELD_GIVEN(type, member, kind_, name_)                                                    \
	{                                                                                          \
		.name = (name_), .kind = (kind_), .is_given = true,                                \
		.offset = offsetof(type, member), .size = FIELD_SIZE(type, member)                 \
	}
/* Of an element of a list whose struct has no name. */
#define FIELD_IN(type, list, member, kind_, given_, name_)                                         \
	{                                                                                          \
		.name = (name_), .kind = (kind_), .is_given = (given_),                            \
		.offset = offsetof(type, list[0].member) - offsetof(type, list[0]),                \
		.size = FIELD_SIZE(type, list[0].member)                                           \
	}
#define FIELD_ENUM(type, member, words_, name_)                                                    \
	{                                                                                          \
		.name = (name_), .kind = FIELD_WORD, .offset = offsetof(type, member),             \
		.size = FIELD_SIZE(type, member), .words = &(words_)                               \
	}
#define FIELD_LIST(type, member, counter, name_)                                                   \
	{                                                                                          \
		.name = (name_), .kind = FIELD_LINES, .offset = offsetof(type, member),            \
		.size = FIELD_SIZE(type, member[0]), .count_offset = offsetof(type, counter),      \
		.max = ARRAY_N(((type *)0)->member)                                                \
	}
#define FIELD_ARRAY(type, member, counter, rows_, name_)                                           \
	{                                                                                          \
		.name = (name_), .kind = FIELD_RECORDS, .offset = offsetof(type, member),          \
		.size = FIELD_SIZE(type, member[0]), .count_offset = offsetof(type, counter),      \
		.max = ARRAY_N(((type *)0)->member), .rows = (rows_), .rows_n = ARRAY_N(rows_)     \
	}

/* The rows of one object: those of a head (may be none) and its own, both with offsets from the
 * same struct, and its fixed "type" (NULL: it has none). */
struct field_set {
	const char *type;
	const struct field_row *head;
	unsigned head_n;
	const struct field_row *rows;
	unsigned rows_n;
};

/* Write base as one object. Errors: ERR_INVALID (a value that no document may have: the field is
 * named); what did not fit is told by canonical_done(). */
MUST_CHECK bool fields_encode(const struct field_set *set, const void *base,
			      struct canonical_out *out, struct err *err);
/* Read one object into base, which is zeroed by the caller and of no use after false. Every field
 * must be there once, no other. Errors: ERR_PROTOCOL (field missing, unknown, of another type),
 * ERR_INVALID (value), ERR_LIMIT, ERR_SYNTAX. */
MUST_CHECK bool fields_decode(const struct field_set *set, struct canonical_in *in, void *base,
			      struct err *err);

#endif
