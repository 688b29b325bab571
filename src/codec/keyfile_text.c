/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a keyfile as mongod's yaml-cpp does, in one pass over the bytes with fixed memory, and
 * judges it by named rules.
 *
 * Why no YAML library: they keep copies of what they read on the heap, and they differ from
 * yaml-cpp in just the cases that matter here. The accepted language is small, because a key is
 * base64: a ':' or '{' outside a comment can only be a mapping or a bad character, and both end in
 * a refusal, so no mapping is ever built. What is left follows yaml-cpp's scanner step by step: its
 * potential simple keys are kept, since they move the indentation by which scalars end, though none
 * is ever confirmed. tests/system/keyfile_differential.py holds all this against a real mongod. */
#include "codec/keyfile_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

const struct keyfile_rule_row keyfile_rule_table[KEYFILE_RULE_N] = {
#define X(e, name_, weight_, who_, kind_, text_, you_)                                             \
	[KEYFILE_RULE_##e] = {.name = name_,                                                       \
			      .weight = KEYFILE_##weight_,                                         \
			      .who = KEYFILE_WHO_##who_,                                           \
			      .kind = ERR_##kind_,                                                 \
			      .text = text_,                                                       \
			      .you = you_},
    KEYFILE_RULES(X)
#undef X
};

enum {
	INDENTS_MAX = 2 * YAML_DEPTH_MAX + 4, /* a list and a potential key for each level */
	TOKENS_MAX = INDENTS_MAX + 4,         /* one step closes all levels and opens one */
	KEY_BYTES_NEW_MIN = 4,                /* fewer give less than 6 characters */
	KEY_BYTES_NEW_MAX = KEY_CHARS_MAX / 4 * 3,
};

/* ---- findings ---- */

/* Add a finding. Refusals always find room: one ends the reading, and warnings are few. */
static struct keyfile_finding *add(struct keyfile_text *k, enum keyfile_rule rule)
{
	ASSERT(rule < KEYFILE_RULE_N);
	ASSERT(k->findings_n < KEYFILE_FINDINGS_MAX);
	const struct keyfile_rule_row *row = &keyfile_rule_table[rule];
	struct keyfile_finding *f = &k->findings[k->findings_n++];
	*f = (struct keyfile_finding){.rule = rule};
	if (row->weight == KEYFILE_REFUSE) {
		k->verdict = KEYFILE_REFUSED;
		if (row->who == KEYFILE_WHO_MONGOD)
			k->mongod_refuses = true;
	} else if (k->verdict == KEYFILE_GOOD) {
		k->verdict = KEYFILE_WARNED;
	}
	return f;
}

/* ---- the scanner ---- */

enum token_kind {
	TOKEN_END, /* of the file */
	TOKEN_DOC_START,
	TOKEN_DOC_END,
	TOKEN_BLOCK_START, /* a block sequence begins; no text of its own */
	TOKEN_BLOCK_END,
	TOKEN_BLOCK_ENTRY, /* '-' */
	TOKEN_FLOW_START,  /* '[' */
	TOKEN_FLOW_END,    /* ']' */
	TOKEN_FLOW_ENTRY,  /* ',' */
	TOKEN_ANCHOR,
	TOKEN_ALIAS,
	TOKEN_SCALAR,
};

struct mark {
	size_t at;        /* bytes from the beginning */
	int line, column; /* 0-based, column in bytes */
};

struct token {
	enum token_kind kind;
	struct mark mark;
	struct str name; /* of an anchor or alias; borrowed from the text */
	bool is_quoted;
	bool is_plain;
};

struct indent {
	int column;
	bool is_sequence; /* else that of a potential simple key */
	bool is_dead;     /* a potential key that turned out to be none */
	unsigned id;
};

/* Where a "key: value" could begin; at most one for each flow level. */
struct maybe_key {
	unsigned flow_level;
	unsigned indent_id; /* of the indent it pushed, or 0 */
};

struct scan {
	const char *p;
	size_t n;
	struct mark m;
	bool key_allowed; /* yaml-cpp's m_simpleKeyAllowed: also decides where '- ' may stand */
	unsigned flow_level;
	struct indent indents[INDENTS_MAX];
	unsigned indents_n, ids_n;
	struct maybe_key keys[YAML_DEPTH_MAX + 2];
	unsigned keys_n;
	struct token tokens[TOKENS_MAX];
	unsigned tokens_first, tokens_n;
	bool has_failed; /* the last step did, behind tokens that come first */
	struct keyfile_finding failure;
	/* The characters of the last scalar, white space already out; scalar_n also counts those
	 * for which there is no room, which is beyond what mongod takes. */
	struct secret chars;
	size_t scalar_n;
	struct keyfile_text *out;
};

static bool fail_at(struct scan *s, struct mark m, enum keyfile_rule rule, const char *format, ...)
    PRINTF(4, 5);

static bool fail_at(struct scan *s, struct mark m, enum keyfile_rule rule, const char *format, ...)
{
	va_list ap;
	struct keyfile_finding *f = add(s->out, rule);
	f->line = m.line + 1;
	f->column = m.column + 1;
	va_start(ap, format);
	(void)vsnprintf(f->detail, sizeof(f->detail), format, ap);
	va_end(ap);
	return false;
}

static bool fail(struct scan *s, enum keyfile_rule rule)
{
	return fail_at(s, s->m, rule, "%s", "");
}

static int ahead(const struct scan *s, size_t i)
{
	return i < s->n - s->m.at ? (unsigned char)s->p[s->m.at + i] : -1;
}

static int here(const struct scan *s)
{
	return ahead(s, 0);
}

static bool is_blank(int c)
{
	return c == ' ' || c == '\t';
}

/* The white space that mongod takes out of a key. */
static bool is_stripped(int c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_key_char(int c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '+' || c == '/' || c == '=';
}

/* A carriage return alone was refused before: it is always followed by a line feed. */
static bool is_break(int c)
{
	return c == '\n' || c == '\r';
}

static bool is_blank_break_or_end(int c)
{
	return c < 0 || is_blank(c) || is_break(c);
}

static void eat(struct scan *s)
{
	ASSERT(s->m.at < s->n);
	if (s->p[s->m.at++] == '\n') {
		s->m.line++;
		s->m.column = 0;
	} else {
		s->m.column++;
	}
}

static void eat_break(struct scan *s)
{
	if (here(s) == '\r')
		eat(s);
	eat(s);
}

static void push_token(struct scan *s, struct token t)
{
	ASSERT(s->tokens_n < TOKENS_MAX);
	s->tokens[s->tokens_n++] = t;
}

static bool matches_marker(const struct scan *s, char c)
{
	return s->m.column == 0 && ahead(s, 0) == c && ahead(s, 1) == c && ahead(s, 2) == c &&
	       is_blank_break_or_end(ahead(s, 3));
}

static bool matches_block_entry(const struct scan *s)
{
	return here(s) == '-' && is_blank_break_or_end(ahead(s, 1));
}

static struct indent *top_indent(struct scan *s)
{
	ASSERT(s->indents_n > 0);
	return &s->indents[s->indents_n - 1];
}

static void invalidate_key(struct scan *s)
{
	if (s->keys_n == 0 || s->keys[s->keys_n - 1].flow_level != s->flow_level)
		return;
	unsigned id = s->keys[--s->keys_n].indent_id;
	for (unsigned i = 0; i < s->indents_n; i++)
		if (id && s->indents[i].id == id)
			s->indents[i].is_dead = true;
}

static void pop_indent(struct scan *s)
{
	struct indent top = s->indents[--s->indents_n];
	if (top.is_sequence)
		push_token(s, (struct token){.kind = TOKEN_BLOCK_END, .mark = s->m});
	else
		invalidate_key(s);
}

static void pop_indents_to_here(struct scan *s)
{
	if (s->flow_level)
		return;
	/* The bottom one has column -1 and stays. */
	while (top_indent(s)->column > s->m.column ||
	       (top_indent(s)->column == s->m.column && top_indent(s)->is_sequence &&
		!matches_block_entry(s)))
		pop_indent(s);
	while (top_indent(s)->is_dead)
		pop_indent(s);
}

static void pop_all_indents(struct scan *s)
{
	if (s->flow_level)
		return;
	while (s->indents_n > 1)
		pop_indent(s);
}

static void pop_all_keys(struct scan *s)
{
	s->keys_n = 0; /* their indents are popped by the callers, or end in an error */
}

/* Push an indentation if this is one. *ret_id is 0 when it is none. */
static bool push_indent(struct scan *s, bool is_sequence, unsigned *ret_id)
{
	const struct indent *top = top_indent(s);
	*ret_id = 0;
	if (s->flow_level || s->m.column < top->column ||
	    (s->m.column == top->column && !(is_sequence && !top->is_sequence)))
		return true;
	if (s->indents_n == INDENTS_MAX)
		return fail(s, KEYFILE_RULE_DEPTH);
	if (is_sequence)
		push_token(s, (struct token){.kind = TOKEN_BLOCK_START, .mark = s->m});
	*ret_id = ++s->ids_n;
	s->indents[s->indents_n++] =
	    (struct indent){.column = s->m.column, .is_sequence = is_sequence, .id = *ret_id};
	return true;
}

static bool insert_maybe_key(struct scan *s)
{
	if (!s->key_allowed || (s->keys_n && s->keys[s->keys_n - 1].flow_level == s->flow_level))
		return true;
	struct maybe_key key = {.flow_level = s->flow_level};
	if (!push_indent(s, false, &key.indent_id))
		return false;
	ASSERT(s->keys_n < ARRAY_N(s->keys)); /* one for each flow level, and those are bounded */
	s->keys[s->keys_n++] = key;
	return true;
}

static void skip_to_token(struct scan *s)
{
	for (;;) {
		for (; is_blank(here(s)); eat(s))
			if (!s->flow_level && here(s) == '\t')
				s->key_allowed = false;
		if (here(s) == '#')
			while (here(s) >= 0 && !is_break(here(s)))
				eat(s);
		if (!is_break(here(s)))
			return;
		eat_break(s);
		invalidate_key(s);
		if (!s->flow_level)
			s->key_allowed = true;
	}
}

/* ---- scalars ---- */

enum style { STYLE_PLAIN, STYLE_SINGLE, STYLE_DOUBLE, STYLE_BLOCK };

struct scalar_way {
	enum style style;
	int indent;         /* columns a line needs to belong to it */
	bool detect_indent; /* by the first line that is not empty */
	bool has_ended_by_indent;
};

static bool add_char(struct scan *s, struct mark m, int c)
{
	if (is_stripped(c))
		return true;
	if (c == ':' && is_blank_break_or_end(here(s)))
		return fail_at(s, m, KEYFILE_RULE_MAPPING, "%s", "");
	if (!is_key_char(c))
		return fail_at(s, m, KEYFILE_RULE_CHARACTER, "%s",
			       c == '-' || c == '_' ? "this is URL-safe base64" : "");
	char byte = (char)c;
	/* Beyond the room, which is what mongod takes, only the number counts. */
	if (s->scalar_n < KEY_CHARS_MAX) {
		bool fits = secret_add(&s->chars, &byte, 1);
		ASSERT(fits);
	}
	s->scalar_n++;
	return true;
}

static int hex_value(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
		return (c | 0x20) - 'a' + 10;
	return -1;
}

/* An escape in a double-quoted scalar; the backslash is here. */
static bool add_escape(struct scan *s)
{
	static const struct {
		char name;
		char is; /* 0: outside base64 */
	} escapes[] = {
	    {'t', '\t'}, {'\t', '\t'}, {'n', '\n'}, {'v', '\v'}, {'f', '\f'},
	    {'r', '\r'}, {' ', ' '},   {'/', '/'},  {'0', 0},    {'a', 0},
	    {'b', 0},    {'e', 0},     {'"', 0},    {'\'', 0},   {'\\', 0},
	    {'N', 0},    {'_', 0},     {'L', 0},    {'P', 0},
	};
	struct mark m = s->m;
	eat(s);
	int c = here(s);
	if (c < 0)
		return fail_at(s, m, KEYFILE_RULE_SYNTAX, "%s", "an escape without its character");
	eat(s);
	int digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
	if (digits) {
		uint32_t value = 0;
		for (int i = 0; i < digits; i++) {
			int h = hex_value(here(s));
			if (h < 0)
				return fail_at(s, m, KEYFILE_RULE_SYNTAX, "%s",
					       "an escape that lacks hexadecimal digits");
			value = value << 4 | (uint32_t)h;
			eat(s);
		}
		if (value < 0x80 && value != ':')
			return add_char(s, m, (int)value);
		return fail_at(s, m, KEYFILE_RULE_CHARACTER, "%s", "");
	}
	for (size_t i = 0; i < ARRAY_N(escapes); i++)
		if (escapes[i].name == c)
			return escapes[i].is ? add_char(s, m, escapes[i].is)
					     : fail_at(s, m, KEYFILE_RULE_CHARACTER, "%s", "");
	return fail_at(s, m, KEYFILE_RULE_SYNTAX, "%s", "an escape that YAML does not know");
}

/* Does the scalar end here? *ret_eat is how many bytes of its end belong to it. */
static bool scalar_ends(const struct scan *s, const struct scalar_way *w, size_t *ret_eat)
{
	int c = here(s);
	*ret_eat = 0;
	switch (w->style) {
	case STYLE_PLAIN:
		/* White space and '#', and the white space may be a line break: a comment at the
		 * beginning of a line ends an unquoted key, what follows is another. */
		if (is_blank(c) || c == '\n')
			return ahead(s, 1) == '#';
		if (c == '\r')
			return ahead(s, 2) == '#';
		return s->flow_level &&
		       (c == ',' || c == '?' || c == '[' || c == ']' || c == '{' || c == '}');
	case STYLE_SINGLE:
		*ret_eat = 1;
		return c == '\'' && ahead(s, 1) != '\'';
	case STYLE_DOUBLE:
		*ret_eat = 1;
		return c == '"';
	case STYLE_BLOCK:
		return c < 0;
	}
	return false;
}

/* The rest of a line. *ret_is_done: the scalar ended in it. */
static bool scan_scalar_line(struct scan *s, const struct scalar_way *w, bool *ret_is_text,
			     bool *ret_is_done)
{
	size_t end_n;
	*ret_is_done = true;
	while (!scalar_ends(s, w, &end_n) && !is_break(here(s)) && here(s) >= 0) {
		if (matches_marker(s, '-') || matches_marker(s, '.')) {
			if (w->style == STYLE_PLAIN)
				return true;
			return fail(s, w->style == STYLE_BLOCK ? KEYFILE_RULE_CHARACTER
							       : KEYFILE_RULE_SYNTAX);
		}
		*ret_is_text = true;
		if (w->style == STYLE_DOUBLE && here(s) == '\\') {
			if (is_break(ahead(s, 1))) {
				eat(s);
				break;
			}
			if (!add_escape(s))
				return false;
			continue;
		}
		struct mark m = s->m;
		int c = here(s);
		eat(s);
		if (!add_char(s, m, c))
			return false;
	}
	if (here(s) < 0)
		return w->style == STYLE_SINGLE || w->style == STYLE_DOUBLE
			   ? fail_at(s, s->m, KEYFILE_RULE_SYNTAX, "%s",
				     "the quoted string has no end")
			   : true;
	if (scalar_ends(s, w, &end_n)) {
		for (size_t i = 0; i < end_n; i++)
			eat(s);
		return true;
	}
	*ret_is_done = false;
	return true;
}

/* yaml-cpp's ScanScalar: lines, line ends, indentation. Folding and chomping change white space
 * only, which mongod takes out, so they are not done. */
static bool scan_scalar(struct scan *s, struct scalar_way *w)
{
	bool is_text = false, is_done = false;
	size_t end_n;
	s->chars.n = 0;
	s->scalar_n = 0;
	while (here(s) >= 0) {
		if (!scan_scalar_line(s, w, &is_text, &is_done))
			return false;
		if (is_done)
			return true;
		eat_break(s);
		while (here(s) == ' ' &&
		       (s->m.column < w->indent || (w->detect_indent && !is_text)) &&
		       !scalar_ends(s, w, &end_n))
			eat(s);
		if (w->detect_indent && !is_text)
			w->indent = MAX(w->indent, s->m.column);
		while (is_blank(here(s))) {
			if (here(s) == '\t' && s->m.column < w->indent &&
			    (w->style == STYLE_PLAIN || w->style == STYLE_BLOCK))
				return fail_at(s, s->m, KEYFILE_RULE_SYNTAX, "%s",
					       "a tab in the indentation");
			if (w->style == STYLE_BLOCK || scalar_ends(s, w, &end_n))
				break;
			eat(s);
		}
		if (!is_break(here(s)) && s->m.column < w->indent) {
			w->has_ended_by_indent = true;
			return true;
		}
	}
	/* The end of the file right behind a line break: yaml-cpp leaves its loop without a word,
	 * though it throws when the file ends within a line. */
	if (w->style == STYLE_SINGLE || w->style == STYLE_DOUBLE)
		return fail(s, KEYFILE_RULE_QUOTE);
	return true;
}

static bool scan_plain(struct scan *s)
{
	struct mark m = s->m;
	struct scalar_way w = {.style = STYLE_PLAIN,
			       .indent = s->flow_level ? 0 : top_indent(s)->column + 1};
	if (!insert_maybe_key(s) || !scan_scalar(s, &w))
		return false;
	s->key_allowed = w.has_ended_by_indent;
	push_token(s, (struct token){.kind = TOKEN_SCALAR, .mark = m, .is_plain = true});
	return true;
}

static bool scan_quoted(struct scan *s)
{
	struct mark m = s->m;
	struct scalar_way w = {.style = here(s) == '\'' ? STYLE_SINGLE : STYLE_DOUBLE};
	if (!insert_maybe_key(s))
		return false;
	eat(s);
	if (!scan_scalar(s, &w))
		return false;
	s->key_allowed = false;
	push_token(s, (struct token){.kind = TOKEN_SCALAR, .mark = m, .is_quoted = true});
	return true;
}

static bool is_chomp(int c)
{
	return c == '+' || c == '-';
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool scan_block_scalar(struct scan *s)
{
	struct mark m = s->m;
	struct scalar_way w = {.style = STYLE_BLOCK, .indent = 1, .detect_indent = true};
	eat(s);
	int first = here(s), second = ahead(s, 1);
	int header_n = is_chomp(first) || is_digit(first);
	if (header_n &&
	    ((is_chomp(first) && is_digit(second)) || (is_digit(first) && is_chomp(second))))
		header_n = 2;
	for (int i = 0; i < header_n; i++) {
		int c = here(s);
		eat(s);
		if (!is_digit(c))
			continue;
		if (c == '0')
			return fail_at(s, m, KEYFILE_RULE_SYNTAX, "%s",
				       "a block scalar with indentation 0");
		w.indent = c - '0';
		w.detect_indent = false;
	}
	while (is_blank(here(s)))
		eat(s);
	if (here(s) == '#')
		while (here(s) >= 0 && !is_break(here(s)))
			eat(s);
	if (here(s) >= 0 && !is_break(here(s)))
		return fail_at(s, s->m, KEYFILE_RULE_SYNTAX, "%s",
			       "text behind the sign of a block scalar");
	if (top_indent(s)->column >= 0)
		w.indent += top_indent(s)->column;
	if (!scan_scalar(s, &w))
		return false;
	s->key_allowed = true;
	push_token(s, (struct token){.kind = TOKEN_SCALAR, .mark = m});
	return true;
}

/* ---- the other tokens ---- */

static bool scan_marker(struct scan *s, enum token_kind kind)
{
	pop_all_indents(s);
	pop_all_keys(s);
	s->key_allowed = false;
	push_token(s, (struct token){.kind = kind, .mark = s->m});
	for (int i = 0; i < 3; i++)
		eat(s);
	return true;
}

static bool scan_flow_start(struct scan *s)
{
	if (!insert_maybe_key(s))
		return false;
	if (s->flow_level == YAML_DEPTH_MAX)
		return fail(s, KEYFILE_RULE_DEPTH);
	s->key_allowed = true;
	s->flow_level++;
	push_token(s, (struct token){.kind = TOKEN_FLOW_START, .mark = s->m});
	eat(s);
	return true;
}

static bool scan_flow_end(struct scan *s)
{
	if (!s->flow_level)
		return fail_at(s, s->m, KEYFILE_RULE_SYNTAX, "%s", "a ']' without its '['");
	invalidate_key(s);
	s->key_allowed = false;
	s->flow_level--;
	push_token(s, (struct token){.kind = TOKEN_FLOW_END, .mark = s->m});
	eat(s);
	return true;
}

static bool scan_flow_entry(struct scan *s)
{
	if (s->flow_level)
		invalidate_key(s);
	s->key_allowed = true;
	push_token(s, (struct token){.kind = TOKEN_FLOW_ENTRY, .mark = s->m});
	eat(s);
	return true;
}

static bool scan_block_entry(struct scan *s)
{
	unsigned id;
	if (s->flow_level || !s->key_allowed)
		return fail_at(s, s->m, KEYFILE_RULE_SYNTAX, "%s", "a list may not begin here");
	if (!push_indent(s, true, &id))
		return false;
	s->key_allowed = true;
	push_token(s, (struct token){.kind = TOKEN_BLOCK_ENTRY, .mark = s->m});
	eat(s);
	return true;
}

static bool scan_anchor(struct scan *s)
{
	struct token t = {.kind = here(s) == '*' ? TOKEN_ALIAS : TOKEN_ANCHOR, .mark = s->m};
	if (!insert_maybe_key(s))
		return false;
	s->key_allowed = false;
	eat(s);
	t.name.p = s->p + s->m.at;
	while (!is_blank_break_or_end(here(s)) && !strchr("[]{},", here(s))) {
		eat(s);
		t.name.n++;
	}
	if (t.name.n == 0 || here(s) == '[' || here(s) == '{')
		return fail_at(s, t.mark, KEYFILE_RULE_SYNTAX, "%s",
			       "an anchor or alias without a name");
	push_token(s, t);
	return true;
}

static bool scan_other(struct scan *s)
{
	int c = here(s);
	if (matches_block_entry(s))
		return scan_block_entry(s);
	if (c == ':' || (c == '?' && is_blank_break_or_end(ahead(s, 1))))
		return fail(s, KEYFILE_RULE_MAPPING);
	/* A plain scalar; any other first character is one that YAML or mongod refuses. */
	if (is_key_char(c) || is_stripped(c))
		return scan_plain(s);
	if (c == '-' || c == '_')
		return fail_at(s, s->m, KEYFILE_RULE_CHARACTER, "%s", "this is URL-safe base64");
	return fail(s, c == '@' || c == '`' || c == '|' || c == '>' || c == '%'
			   ? KEYFILE_RULE_SYNTAX
			   : KEYFILE_RULE_CHARACTER);
}

/* Scan the next token, and the ends it brings about. */
static bool scan_step(struct scan *s)
{
	s->tokens_first = s->tokens_n = 0;
	skip_to_token(s);
	pop_indents_to_here(s);
	int c = here(s);
	if (c < 0) {
		pop_all_indents(s);
		pop_all_keys(s);
		push_token(s, (struct token){.kind = TOKEN_END, .mark = s->m});
		return true;
	}
	if (s->m.column == 0 && c == '%')
		return fail(s, KEYFILE_RULE_DIRECTIVE);
	if (matches_marker(s, '-'))
		return scan_marker(s, TOKEN_DOC_START);
	if (matches_marker(s, '.'))
		return scan_marker(s, TOKEN_DOC_END);
	switch (c) {
	case '[':
		return scan_flow_start(s);
	case ']':
		return scan_flow_end(s);
	case '{':
	case '}':
		return fail(s, KEYFILE_RULE_MAPPING);
	case ',':
		return scan_flow_entry(s);
	case '&':
	case '*':
		return scan_anchor(s);
	case '!':
		return fail(s, KEYFILE_RULE_TAG);
	case '|':
	case '>':
		return s->flow_level ? scan_other(s) : scan_block_scalar(s);
	case '\'':
	case '"':
		return scan_quoted(s);
	default:
		return scan_other(s);
	}
}

/* A failed step may have closed lists before it failed: then these ends come first, since the
 * failure may stand in text that mongod ignores. */
static bool scan_step_or_ends(struct scan *s)
{
	struct keyfile_text *out = s->out;
	if (s->has_failed) {
		*add(out, s->failure.rule) = s->failure;
		return false;
	}
	if (scan_step(s))
		return true;
	if (s->tokens_n == 0 || s->tokens[0].kind != TOKEN_BLOCK_END)
		return false;
	while (s->tokens[s->tokens_n - 1].kind != TOKEN_BLOCK_END)
		s->tokens_n--;
	s->has_failed = true;
	s->failure = out->findings[--out->findings_n];
	out->verdict = KEYFILE_GOOD;
	out->mongod_refuses = false;
	return true;
}

/* The next token, not taken. NULL after a failure. */
static const struct token *peek(struct scan *s)
{
	/* A step that gives no token fails; so this ends. */
	if (s->tokens_first == s->tokens_n && !scan_step_or_ends(s))
		return NULL;
	return &s->tokens[s->tokens_first];
}

static void pop(struct scan *s)
{
	ASSERT(s->tokens_first < s->tokens_n);
	if (s->tokens[s->tokens_first].kind != TOKEN_END)
		s->tokens_first++;
}

/* ---- the parser: one node, as mongod walks it ---- */

struct anchor {
	struct str name;
	unsigned first, keys_n; /* the keys it stands for */
	bool is_open;           /* its node has not ended */
};

struct frame {
	bool is_flow;
	int anchor; /* index, or -1 */
};

struct parse {
	struct scan s;
	struct frame frames[YAML_DEPTH_MAX];
	unsigned frames_n;
	struct anchor anchors[KEYFILE_ANCHORS_MAX];
	unsigned anchors_n;
	bool root_is_quoted;
	struct err *err;
	bool has_err; /* memory ran out: no verdict */
};

static bool add_key(struct parse *p, struct mark m, const char *text, size_t text_n)
{
	struct keyring *ring = &p->s.out->ring;
	if (ring->n == KEYS_PER_FILE_MAX)
		return fail_at(&p->s, m, KEYFILE_RULE_THREE, "%s", "");
	if (!keyring_add(ring, text, text_n, p->err)) {
		p->has_err = true;
		return false;
	}
	return true;
}

static bool scalar_node(struct parse *p, struct mark m, bool is_plain)
{
	struct scan *s = &p->s;
	static const char *const nulls[] = {"null", "Null", "NULL"};
	for (size_t i = 0; is_plain && i < ARRAY_N(nulls); i++)
		if (str_equal_z((struct str){.p = s->chars.p, .n = s->chars.n}, nulls[i]))
			return fail_at(s, m, KEYFILE_RULE_EMPTY, "%s", "YAML takes this for null");
	if (s->out->ring.n == KEYS_PER_FILE_MAX)
		return fail_at(s, m, KEYFILE_RULE_THREE, "%s", "");
	if (s->scalar_n < KEY_CHARS_MIN || s->scalar_n > KEY_CHARS_MAX) {
		(void)fail_at(s, m, KEYFILE_RULE_LENGTH, "key %u has %zu", s->out->ring.n + 1,
			      s->scalar_n);
		s->out->findings[s->out->findings_n - 1].key = s->out->ring.n + 1;
		return false;
	}
	return add_key(p, m, s->chars.p, s->chars.n);
}

static bool alias_node(struct parse *p, const struct token *t)
{
	for (unsigned i = p->anchors_n; i-- > 0;) {
		const struct anchor *a = &p->anchors[i];
		if (!str_equal(a->name, t->name))
			continue;
		if (a->is_open)
			return fail_at(&p->s, t->mark, KEYFILE_RULE_ALIAS, "%s", "");
		for (unsigned k = 0; k < a->keys_n; k++) {
			const struct secret *key = &p->s.out->ring.keys[a->first + k].text;
			if (!add_key(p, t->mark, key->p, key->n))
				return false;
		}
		return true;
	}
	return fail_at(&p->s, t->mark, KEYFILE_RULE_SYNTAX, "%s", "an alias without its anchor");
}

static void end_anchor(struct parse *p, int anchor)
{
	if (anchor < 0)
		return;
	struct anchor *a = &p->anchors[anchor];
	a->is_open = false;
	a->keys_n = p->s.out->ring.n - a->first;
}

static bool new_anchor(struct parse *p, const struct token *t, int *ret)
{
	if (*ret >= 0)
		return fail_at(&p->s, t->mark, KEYFILE_RULE_SYNTAX, "%s",
			       "two anchors of one node");
	if (p->anchors_n == KEYFILE_ANCHORS_MAX)
		return fail_at(&p->s, t->mark, KEYFILE_RULE_ANCHORS, "%s", "");
	*ret = (int)p->anchors_n;
	p->anchors[p->anchors_n++] =
	    (struct anchor){.name = t->name, .first = p->s.out->ring.n, .is_open = true};
	return true;
}

static bool open_frame(struct parse *p, const struct token *t, int anchor)
{
	if (p->frames_n == YAML_DEPTH_MAX)
		return fail_at(&p->s, t->mark, KEYFILE_RULE_DEPTH, "%s", "");
	p->frames[p->frames_n++] =
	    (struct frame){.is_flow = t->kind == TOKEN_FLOW_START, .anchor = anchor};
	pop(&p->s);
	return true;
}

/* One node, or the beginning of a list (then a frame is open). */
static bool parse_node(struct parse *p)
{
	int anchor = -1;
	const struct token *t = peek(&p->s);
	if (t && t->kind == TOKEN_ALIAS) {
		if (!alias_node(p, t))
			return false;
		pop(&p->s);
		return true;
	}
	for (; t && t->kind == TOKEN_ANCHOR; t = peek(&p->s)) {
		if (!new_anchor(p, t, &anchor))
			return false;
		pop(&p->s);
	}
	if (!t)
		return false;
	if (t->kind == TOKEN_BLOCK_START || t->kind == TOKEN_FLOW_START)
		return open_frame(p, t, anchor);
	if (t->kind != TOKEN_SCALAR)
		return fail_at(&p->s, t->mark, KEYFILE_RULE_EMPTY, "%s", "");
	p->root_is_quoted = t->is_quoted;
	if (!scalar_node(p, t->mark, t->is_plain))
		return false;
	pop(&p->s);
	end_anchor(p, anchor);
	return true;
}

static void close_frame(struct parse *p)
{
	end_anchor(p, p->frames[--p->frames_n].anchor);
	pop(&p->s);
}

/* One step within the innermost list. */
static bool parse_in_list(struct parse *p)
{
	const struct frame *f = &p->frames[p->frames_n - 1];
	const struct token *t = peek(&p->s);
	if (!t)
		return false;
	if (t->kind == (f->is_flow ? TOKEN_FLOW_END : TOKEN_BLOCK_END)) {
		close_frame(p);
		return true;
	}
	if (f->is_flow)
		return parse_node(p);
	if (t->kind != TOKEN_BLOCK_ENTRY)
		return fail_at(&p->s, t->mark, KEYFILE_RULE_SYNTAX, "%s",
			       "neither the next entry of the list nor its end");
	pop(&p->s);
	return parse_node(p);
}

/* Behind a node of a flow list stands ',' or ']'. */
static bool parse_separator(struct parse *p)
{
	const struct token *t = peek(&p->s);
	if (!t)
		return false;
	if (t->kind == TOKEN_FLOW_ENTRY)
		pop(&p->s);
	else if (t->kind != TOKEN_FLOW_END)
		return fail_at(&p->s, t->mark, KEYFILE_RULE_SYNTAX, "%s",
			       "neither ',' nor ']' behind an entry of the list");
	return true;
}

static bool parse_document(struct parse *p)
{
	const struct token *t = peek(&p->s);
	if (!t)
		return false;
	if (t->kind == TOKEN_DOC_START)
		pop(&p->s);
	if (!parse_node(p))
		return false;
	/* Each turn takes a token or fails, so the text's length bounds this. */
	while (p->frames_n) {
		unsigned before_n = p->frames_n;
		if (!parse_in_list(p))
			return false;
		/* After a whole node (not the beginning of a list) in a flow list. */
		if (p->frames_n && p->frames_n <= before_n && p->frames[p->frames_n - 1].is_flow &&
		    !parse_separator(p))
			return false;
	}
	if (p->s.out->ring.n == 0)
		return fail_at(&p->s, p->s.m, KEYFILE_RULE_EMPTY, "%s", "");
	return true;
}

/* mongod stops reading here. Only white space, comments and "..." may follow. */
static bool parse_rest(struct parse *p)
{
	struct keyfile_text *out = p->s.out;
	unsigned findings_n = out->findings_n, keys_n = out->ring.n;
	const struct token *t;
	while ((t = peek(&p->s)) && t->kind == TOKEN_DOC_END)
		pop(&p->s);
	if (t && t->kind == TOKEN_END)
		return true;
	enum keyfile_rule rule = KEYFILE_RULE_REST;
	struct mark m = p->s.m;
	if (t) {
		m = t->mark;
	} else { /* where scanning failed */
		m.line = out->findings[findings_n].line - 1;
		m.column = out->findings[findings_n].column - 1;
	}
	if (t && t->kind == TOKEN_DOC_START)
		rule = KEYFILE_RULE_DOCUMENT;
	else if (p->root_is_quoted && t && (t->kind == TOKEN_SCALAR || t->kind == TOKEN_FLOW_ENTRY))
		rule = KEYFILE_RULE_QUOTED;
	/* What scanning the ignored text found is of no account; mongod does not look. */
	out->findings_n = findings_n;
	out->mongod_refuses = false;
	return fail_at(&p->s, m, rule, "it would read no more than %u key%s", keys_n,
		       keys_n == 1 ? "" : "s");
}

/* ---- what is judged before and after ---- */

/* Bytes on which yaml-cpp's releases differ, or that end a text early for it. */
static bool check_bytes(struct scan *s)
{
	struct mark m = {.at = 0};
	const unsigned char *p = (const unsigned char *)s->p;
	if (s->n >= 2 && ((p[0] == 0xFE && p[1] == 0xFF) || (p[0] == 0xFF && p[1] == 0xFE) ||
			  p[0] == 0 || p[1] == 0))
		return fail_at(s, m, KEYFILE_RULE_UTF16, "%s", "");
	for (; m.at < s->n; m.at++, m.column++) {
		unsigned char c = p[m.at];
		if (c == '\r' && (m.at + 1 == s->n || p[m.at + 1] != '\n'))
			return fail_at(s, m, KEYFILE_RULE_CR, "%s", "");
		if ((c < ' ' && !is_stripped(c)) || c == 0x7F)
			return fail_at(s, m, KEYFILE_RULE_CONTROL, "byte 0x%02X", c);
		if (c == '\n') {
			m.line++;
			m.column = -1;
		}
	}
	return true;
}

static unsigned padding_n(const char *key, size_t n)
{
	unsigned pad = 0;
	while (pad < n && key[n - 1 - pad] == '=')
		pad++;
	return pad;
}

/* A '=' with more behind it, or the same text twice: a start script that appended the key at each
 * restart made such files. */
static bool looks_joined(const char *key, size_t n)
{
	size_t body_n = n - padding_n(key, n);
	if (body_n && memchr(key, '=', body_n))
		return true;
	return n % 2 == 0 && n / 2 >= 2 * KEY_CHARS_MIN && memcmp(key, key + n / 2, n / 2) == 0;
}

/* The descriptions are searched in quadratic time, and rotad judges its keyfile in every round. A
 * key whose first 128 characters have twice the bits that are wanted has enough: what follows can
 * shorten the description of what stands before it by a word at most. */
static unsigned guess_bits_enough(const char *key, size_t n)
{
	enum { PART = 128 };
	unsigned bits = n > PART ? keyfile_guess_bits(key, PART) : 0;
	return bits >= 2 * KEY_GUESS_BITS_MIN ? bits : keyfile_guess_bits(key, n);
}

static void judge_keys(struct keyfile_text *k)
{
	for (unsigned i = 0; i < k->ring.n; i++) {
		const struct secret *text = &k->ring.keys[i].text;
		unsigned bits = guess_bits_enough(text->p, text->n);
		if (bits < KEY_GUESS_BITS_MIN) {
			struct keyfile_finding *f = add(k, KEYFILE_RULE_GUESSABLE);
			f->key = i + 1;
			(void)snprintf(f->detail, sizeof(f->detail),
				       "key %u: at most %u bits, %d wanted", i + 1, bits,
				       KEY_GUESS_BITS_MIN);
		}
		if (looks_joined(text->p, text->n)) {
			struct keyfile_finding *f = add(k, KEYFILE_RULE_JOINED);
			f->key = i + 1;
			(void)snprintf(f->detail, sizeof(f->detail), "key %u", i + 1);
		}
	}
	if (k->ring.n == 2 && secret_equal(&k->ring.keys[0].text, &k->ring.keys[1].text))
		(void)add(k, KEYFILE_RULE_TWICE);
}

bool keyfile_text_judge(const char *text, size_t text_n, struct keyfile_text *ret, struct err *err)
{
	struct keyfile_text out = {.verdict = KEYFILE_GOOD};
	struct parse p = {.s = {.p = text, .n = text_n, .key_allowed = true, .out = &out},
			  .err = err};
	struct scan *s = &p.s;
	s->indents[s->indents_n++] = (struct indent){.column = -1};
	if (text_n > KEYFILE_BYTES_MAX) {
		add(&out, KEYFILE_RULE_SIZE);
	} else {
		if (!secret_init(&s->chars, KEY_CHARS_MAX, err))
			return false;
		bool is_fine = check_bytes(s);
		if (is_fine && text_n >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
			s->m.at = 3; /* not counted as columns */
		if (is_fine && parse_document(&p) && parse_rest(&p))
			judge_keys(&out);
		secret_fini(&s->chars);
	}
	if (p.has_err || out.verdict == KEYFILE_REFUSED)
		keyring_fini(&out.ring);
	if (p.has_err)
		return false;
	*ret = out;
	return true;
}

void keyfile_text_fini(struct keyfile_text *k)
{
	keyring_fini(&k->ring);
}

static void judge_mode(struct keyfile_text *k, const struct keyfile_place *place, bool relax)
{
	unsigned open_bits = place->mode & 077;
	/* Percona Server with relaxPermChecks, and MongoDB's newest source: a file of root may be
	 * readable by its group, so that root can own what mongod reads. */
	if (relax && place->uid == 0)
		open_bits &= ~040U;
	if (!open_bits)
		return;
	/* With an ACL the group bits are its mask: chmod g= would cut the grant off. */
	struct keyfile_finding *f = add(k, place->has_acl ? KEYFILE_RULE_ACL : KEYFILE_RULE_MODE);
	(void)snprintf(f->detail, sizeof(f->detail), "mode %04o", place->mode & 07777);
}

void keyfile_text_judge_place(struct keyfile_text *k, const struct keyfile_place *place, bool relax)
{
	if (!place->is_regular)
		(void)add(k, KEYFILE_RULE_KIND);
	else
		judge_mode(k, place, relax);
	if (place->is_regular && place->links_n > 1) {
		struct keyfile_finding *f = add(k, KEYFILE_RULE_LINKS);
		(void)snprintf(f->detail, sizeof(f->detail), "%llu names",
			       (unsigned long long)place->links_n);
	}
	if (k->verdict == KEYFILE_REFUSED)
		keyring_fini(&k->ring);
}

bool keyfile_parse(const char *text, size_t text_n, struct keyring *ret_ring, struct err *err)
{
	struct keyfile_text k;
	if (!keyfile_text_judge(text, text_n, &k, err))
		return false;
	if (k.verdict != KEYFILE_REFUSED) {
		*ret_ring = k.ring;
		return true;
	}
	for (unsigned i = 0; i < k.findings_n; i++) {
		const struct keyfile_finding *f = &k.findings[i];
		const struct keyfile_rule_row *row = &keyfile_rule_table[f->rule];
		if (row->weight != KEYFILE_REFUSE)
			continue;
		(void)err_set(err, row->kind, "%s%s%s%s", row->text, f->detail[0] ? " (" : "",
			      f->detail, f->detail[0] ? ")" : "");
		err->line = f->line;
		err->column = f->column;
		break;
	}
	keyfile_text_fini(&k);
	return false;
}

/* ---- writing ---- */

bool keyfile_print(const struct keyring *ring, struct secret *ret, struct err *err)
{
	auto_secret struct secret out = {.p = NULL};
	ASSERT(ring->n <= KEYS_PER_FILE_MAX);
	if (ring->n == 0)
		return err_set(err, ERR_INVALID, "a keyfile needs a key");
	if (!secret_init(&out, KEYS_PER_FILE_MAX * (KEY_CHARS_MAX + 3), err))
		return false;
	for (unsigned i = 0; i < ring->n; i++) {
		const struct secret *key = &ring->keys[i].text;
		bool fits = secret_add(&out, "- ", 2) && secret_add(&out, key->p, key->n) &&
			    secret_add(&out, "\n", 1);
		ASSERT(fits);
	}
	struct keyring back = {.n = 0};
	if (!keyfile_parse(out.p, out.n, &back, err))
		return err_in(err, "reading back the keyfile just made");
	bool is_same = back.n == ring->n;
	for (unsigned i = 0; is_same && i < back.n; i++)
		is_same = secret_equal(&back.keys[i].text, &ring->keys[i].text);
	keyring_fini(&back);
	if (!is_same)
		return err_set(err, ERR_BUG, "the keyfile just made does not read back as it was");
	*ret = out;
	out = (struct secret){.p = NULL};
	return true;
}

bool keyfile_key_new(const unsigned char *bytes, size_t bytes_n, struct keyring *ring,
		     struct err *err)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	auto_secret struct secret text = {.p = NULL};
	if (bytes_n < KEY_BYTES_NEW_MIN || bytes_n > KEY_BYTES_NEW_MAX)
		return err_set(err, ERR_LIMIT, "a key is made of %d to %d random bytes, not %zu",
			       KEY_BYTES_NEW_MIN, KEY_BYTES_NEW_MAX, bytes_n);
	if (!secret_init(&text, KEY_CHARS_MAX, err))
		return false;
	for (size_t i = 0; i < bytes_n; i += 3) {
		size_t left = bytes_n - i;
		uint32_t group = (uint32_t)bytes[i] << 16 |
				 (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
				 (left > 2 ? (uint32_t)bytes[i + 2] : 0);
		char quad[4] = {digits[group >> 18], digits[group >> 12 & 63],
				left > 1 ? digits[group >> 6 & 63] : '=',
				left > 2 ? digits[group & 63] : '='};
		bool fits = secret_add(&text, quad, sizeof(quad));
		wipe(quad, sizeof(quad));
		ASSERT(fits);
	}
	return keyring_add(ring, text.p, text.n, err);
}

/* ---- how guessable ---- */

/* Thousandths of a bit: floor of 1000 * log2(x), in integers so that every host agrees. */
static unsigned log2_milli(unsigned x)
{
	ASSERT(x > 0);
	unsigned whole = 31U - (unsigned)__builtin_clz(x);
	uint64_t m = ((uint64_t)x << 31) >> whole; /* 1.31 fixed point, in [1, 2) */
	unsigned fraction = 0;
	for (int i = 0; i < 12; i++) {
		m = m * m >> 31;
		fraction <<= 1;
		if (m >= (uint64_t)2 << 31) {
			m >>= 1;
			fraction |= 1;
		}
	}
	return whole * 1000 + (fraction * 1000 >> 12);
}

static unsigned class_size(const char *key, size_t n)
{
	static const struct {
		const char *chars;
		unsigned size;
	} classes[] = {
	    {"0123456789", 10},
	    {"0123456789abcdef", 16},
	    {"0123456789ABCDEF", 16},
	    {"abcdefghijklmnopqrstuvwxyz", 26},
	    {"ABCDEFGHIJKLMNOPQRSTUVWXYZ", 26},
	    {"abcdefghijklmnopqrstuvwxyz0123456789", 36},
	    {"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 36},
	    {"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", 52},
	    {"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 62},
	};
	for (size_t c = 0; c < ARRAY_N(classes); c++) {
		size_t i = 0;
		while (i < n && strchr(classes[c].chars, key[i]))
			i++;
		if (i == n)
			return classes[c].size;
	}
	return 64;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* The well-known word that ends at key[n], as its length, or 0. */
static size_t word_before(const char *key, size_t n)
{
	static const char *const words[] = {
	    "password", "passwort", "secret",     "mongodb", "mongo",   "keyfile",  "cluster",
	    "replica",  "changeme", "admin",      "default", "example", "internal", "security",
	    "test",     "key",      "qwerty",     "qwertz",  "asdfgh",  "letmein",  "welcome",
	    "database", "server",   "production", "root",    "user",    "pass",     "shard",
	};
	size_t best = 0;
	for (size_t w = 0; w < ARRAY_N(words); w++) {
		size_t len = strlen(words[w]), i = 0;
		if (len > n || len <= best)
			continue;
		while (i < len && lower(key[n - len + i]) == words[w][i])
			i++;
		if (i == len)
			best = len;
	}
	return best;
}

unsigned keyfile_guess_bits(const char *key, size_t key_n)
{
	enum { CLASS_BITS = 4, WORD_BITS = 6 }; /* which class; which word, and its case */
	unsigned cost[KEY_CHARS_MAX + 1]; /* thousandths of a bit for the first i characters */
	unsigned short common[KEY_CHARS_MAX + 1] = {
	    0}; /* length of the text shared by the ends at i and j */
	key_n = MIN(key_n, (size_t)KEY_CHARS_MAX);
	while (key_n && key[key_n - 1] == '=') /* padding says nothing */
		key_n--;
	if (key_n == 0)
		return 0;
	unsigned letter = log2_milli(class_size(key, key_n));
	unsigned length = log2_milli((unsigned)key_n) + 1000;
	size_t up_n = 0, down_n = 0; /* characters of a run like abcdef or 654321 that ends here */
	cost[0] = 0;
	for (size_t i = 1; i <= key_n; i++) {
		int step = i > 1 ? key[i - 1] - key[i - 2] : 0;
		up_n = step == 1 ? up_n + 1 : 1;
		down_n = step == -1 ? down_n + 1 : 1;
		cost[i] = cost[i - 1] + 1000 + letter;
		size_t run_n = MAX(up_n, down_n), word_n = word_before(key, i);
		if (run_n > 2)
			cost[i] = MIN(cost[i], cost[i - run_n] + 3000 + 1000 + letter + length);
		if (word_n)
			cost[i] = MIN(cost[i], cost[i - word_n] + 3000 + WORD_BITS * 1000);
		/* Repeats of any earlier place; one that overlaps itself makes "aaaa" and "abab".
		 */
		for (size_t j = i - 1; j >= 1; j--) {
			common[j] =
			    key[i - 1] == key[j - 1] ? (unsigned short)(common[j - 1] + 1) : 0;
			if (common[j] > 1)
				cost[i] = MIN(cost[i], cost[i - common[j]] + 2000 +
							   log2_milli((unsigned)i) + length);
		}
	}
	unsigned plain = (unsigned)key_n * letter;
	unsigned best = MIN(plain, cost[key_n]) / 1000 + CLASS_BITS;
	wipe(cost, sizeof(cost));
	wipe(common, sizeof(common));
	return best;
}
