/* SPDX-License-Identifier: Apache-2.0 */
/* A keyfile's text, read and judged as mongod does at its start, and written the one way rotad
 * writes it.
 *
 * mongod reads a keyfile with yaml-cpp: one scalar, or sequences of scalars, of the first document.
 * Everything it refuses is refused here. What it accepts is accepted with the very same keys, save
 * by the rules of keyfile_rule_table that say KEYFILE_WHO_ROTAD: there mongod starts, but with
 * something a person cannot have meant, or that differs between its releases. Opens no file; what
 * the system says of one is judged from a value. */
#ifndef CODEC_KEYFILE_TEXT_H
#define CODEC_KEYFILE_TEXT_H

#include "base/buf.h"
#include "model/keyring.h"

enum keyfile_weight { KEYFILE_WARN, KEYFILE_REFUSE };

/* Who refuses: mongod itself (then rotad too), or rotad alone. A warning is always rotad's. */
enum keyfile_who { KEYFILE_WHO_MONGOD, KEYFILE_WHO_ROTAD };

/* X(ENUM, name, weight, who, kind of the error it makes, what, what to do) */
/* clang-format off */
#define KEYFILE_RULES(X)                                                                           \
	X(SYNTAX, "yaml-syntax", REFUSE, MONGOD, SYNTAX,                                           \
	  "the text is not YAML as mongod reads it",                                               \
	  "write one key a line as a list:  - KEY")                                                \
	X(MAPPING, "mapping", REFUSE, MONGOD, SYNTAX,                                              \
	  "a YAML mapping (a key with ':', or braces); mongod takes text and lists only",          \
	  "write one key a line as a list:  - KEY")                                                \
	X(EMPTY, "no-key", REFUSE, MONGOD, SYNTAX,                                                 \
	  "a place for a key that holds none; mongod refuses to start",                            \
	  "put a key there, or take the empty entry out")                                          \
	X(CHARACTER, "not-base64", REFUSE, MONGOD, INVALID,                                        \
	  "a character outside base64 (A-Z a-z 0-9 + / =); mongod refuses to start",               \
	  "make a new key with: rotactl keyfile new; URL-safe base64 ('-', '_') is refused too")   \
	X(LENGTH, "key-length", REFUSE, MONGOD, LIMIT,                                             \
	  "mongod takes 6 to 1,024 characters a key, without white space (log id 20255)",          \
	  "make a new key with: rotactl keyfile new")                                              \
	X(THREE, "three-keys", REFUSE, MONGOD, LIMIT,                                              \
	  "more than two keys; mongod refuses to start (log id 20258)",                            \
	  "keep the key all members share, and at most one more")                                  \
	X(QUOTED, "quoted-strings-without-sequence", REFUSE, ROTAD, SYNTAX,                        \
	  "quoted strings one after another without a list: mongod starts, silently with the "     \
	  "first alone",                                                                           \
	  "put '- ' before each key")                                                              \
	X(DOCUMENT, "second-document", REFUSE, ROTAD, SYNTAX,                                      \
	  "a second YAML document: mongod starts, but silently ignores all behind the first",      \
	  "put all keys into one list, without '---' between them")                                \
	X(REST, "ignored-rest", REFUSE, ROTAD, SYNTAX,                                             \
	  "text behind the end of the keys: mongod starts, but silently ignores it",               \
	  "take it out, make it a comment, or write all keys as one list")                         \
	X(QUOTE, "quoted-string-without-end", REFUSE, ROTAD, SYNTAX,                               \
	  "a quoted string without its closing quote: mongod takes it when a line ends there",     \
	  "close the quote, or take both out; a key needs none")                                   \
	X(CONTROL, "control-character", REFUSE, ROTAD, INVALID,                                    \
	  "a control character; within a key mongod refuses it, elsewhere it may end the file",    \
	  "take it out")                                                                           \
	X(UTF16, "utf-16", REFUSE, ROTAD, INVALID,                                                 \
	  "the text is UTF-16 or UTF-32, not plain ASCII",                                         \
	  "save the file as ASCII or UTF-8")                                                       \
	X(CR, "lone-carriage-return", REFUSE, ROTAD, INVALID,                                      \
	  "a carriage return without a line feed: mongod's releases differ in what it means",      \
	  "end lines with a line feed")                                                            \
	X(TAG, "yaml-tag", REFUSE, ROTAD, UNSUPPORTED,                                             \
	  "a YAML tag ('!'), which no key needs",                                                  \
	  "take the tag out")                                                                      \
	X(DIRECTIVE, "yaml-directive", REFUSE, ROTAD, UNSUPPORTED,                                 \
	  "a YAML directive ('%'), which no keyfile needs",                                        \
	  "take that line out")                                                                    \
	X(ALIAS, "alias-inside-itself", REFUSE, ROTAD, INVALID,                                    \
	  "an alias inside what it stands for: mongod would walk it without end",                  \
	  "write the keys out")                                                                    \
	X(ANCHORS, "too-many-anchors", REFUSE, ROTAD, LIMIT,                                       \
	  "more than 16 anchors",                                                                  \
	  "write the keys out")                                                                    \
	X(DEPTH, "too-deep", REFUSE, ROTAD, LIMIT,                                                 \
	  "lists inside lists, more than 16 deep",                                                 \
	  "write one plain list")                                                                  \
	X(SIZE, "too-large", REFUSE, ROTAD, LIMIT,                                                 \
	  "a keyfile of more than 64 KiB",                                                         \
	  "check that this is the keyfile; it needs about 2 KiB")                                  \
	X(MODE, "open-permissions", REFUSE, MONGOD, UNSAFE_FILE,                                   \
	  "group or others have permissions; mongod refuses to start",                             \
	  "chmod 600 FILE, owned by the user mongod runs as")                                      \
	X(ACL, "open-acl", REFUSE, MONGOD, UNSAFE_FILE,                                            \
	  "an ACL grants permissions and shows as group bits; mongod refuses to start",            \
	  "setfacl -b FILE; chmod 600 FILE")                                                       \
	X(KIND, "not-a-regular-file", REFUSE, MONGOD, UNSAFE_FILE,                                 \
	  "not a regular file",                                                                    \
	  "name the keyfile itself")                                                               \
	X(LINKS, "hard-links", WARN, ROTAD, UNSAFE_FILE,                                           \
	  "the file has further names (hard links); replacing it would leave them with old keys",  \
	  "remove the other names; rotad does not replace such a file")                            \
	X(TWICE, "same-key-twice", WARN, ROTAD, INVALID,                                           \
	  "the same key twice; mongod takes it, but it is one key",                                \
	  "write it once")                                                                         \
	X(JOINED, "joined-keys", WARN, ROTAD, INVALID,                                             \
	  "looks like two keys joined to one: mongod reads unquoted lines as one key",             \
	  "if two were meant, put '- ' before each; else renew this key")                          \
	X(GUESSABLE, "guessable-key", WARN, ROTAD, INVALID,                                        \
	  "short or patterned; whoever guesses it is __system",                                    \
	  "renew it: rotactl rotate keyfile, or rotactl keyfile new")
/* clang-format on */

enum keyfile_rule {
#define X(e, name, weight, who, kind, text, you) KEYFILE_RULE_##e,
	KEYFILE_RULES(X)
#undef X
	    KEYFILE_RULE_N
};

struct keyfile_rule_row {
	const char *name;
	enum keyfile_weight weight;
	enum keyfile_who who;
	enum err_kind kind;
	const char *text; /* what is wrong */
	const char *you;  /* what to do */
};
extern const struct keyfile_rule_row keyfile_rule_table[KEYFILE_RULE_N];

struct keyfile_finding {
	enum keyfile_rule rule;
	int line, column; /* 1-based place, or 0 */
	unsigned key;     /* 1-based key, or 0 */
	char detail[160]; /* what the rule's text does not say: "key 2 has 5"; never of a key's
			     characters */
};

enum keyfile_verdict {
	KEYFILE_GOOD,
	KEYFILE_WARNED,
	KEYFILE_REFUSED,
};

struct keyfile_text {
	enum keyfile_verdict verdict;
	bool mongod_refuses; /* mongod itself would; when only rotad refuses, mongod may start */
	struct keyring ring; /* the keys, in mongod's order; empty when refused */
	unsigned findings_n;
	struct keyfile_finding findings[KEYFILE_FINDINGS_MAX];
};
void keyfile_text_fini(struct keyfile_text *k); /* wipes; accepts a zeroed one */

/* Judge a text. Borrows it; it may be secret, and no copy of it outlives the call but the ring's.
 * Returns true whenever there is a verdict, also a refusal. End with keyfile_text_fini().
 * Errors: ERR_MEMORY. */
MUST_CHECK bool keyfile_text_judge(const char *text, size_t text_n, struct keyfile_text *ret,
				   struct err *err);

/* What the system says of the file. Links are followed, as mongod does. */
struct keyfile_place {
	bool is_regular;
	bool has_acl;
	unsigned mode; /* permission bits, 07777 */
	unsigned uid;
	uint64_t links_n;
};
/* Add to the findings what mongod's own test of the file says. `relax`: Percona Server with
 * security.relaxPermChecks, where root's file may be readable by its group (0440, 0640). */
void keyfile_text_judge_place(struct keyfile_text *k, const struct keyfile_place *place,
			      bool relax);

/* The same as a plain parser: the keys, or the first refusal as an error with line and column.
 * Warnings are not told. On success end with keyring_fini(). Errors: that of the rule (SYNTAX,
 * INVALID, LIMIT, UNSUPPORTED), ERR_MEMORY. */
MUST_CHECK bool keyfile_parse(const char *text, size_t text_n, struct keyring *ret_ring,
			      struct err *err);

/* Write a keyring: a block sequence, a key a line, also for one key. Parsed back before it is
 * given. End with secret_fini(). Errors: ERR_MEMORY; ERR_INVALID when the ring holds no key. */
MUST_CHECK bool keyfile_print(const struct keyring *ring, struct secret *ret, struct err *err);

/* A key from random bytes given by the caller (KEY_BYTES_DEFAULT; 4 to 768, so that there are 6 to
 * 1,024 characters): their base64 without line breaks. Adds it to the ring. Errors: ERR_LIMIT,
 * ERR_MEMORY. */
MUST_CHECK bool keyfile_key_new(const unsigned char *bytes, size_t bytes_n, struct keyring *ring,
				struct err *err);

/* An upper bound, in bits, of how unpredictable a key can be: the length of the shortest of a few
 * descriptions of it (its alphabet, repeats, runs, well-known words). Whoever guesses by these
 * descriptions needs at most 2^bits guesses; a key that passes may still be weak. */
unsigned keyfile_guess_bits(const char *key, size_t key_n);

#endif
