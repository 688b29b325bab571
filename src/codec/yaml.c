/* SPDX-License-Identifier: Apache-2.0 */
/* The tree over libyaml's events. Limits come before libyaml sees the text where they can: it is
 * quadratic in nesting (100 kB of '[' take 16 s) and would expand aliases. */
#include "codec/yaml.h"

#include <stdint.h>
#include <string.h>
#include <yaml.h>

enum { KEYS_MAX = 1024 /* of one map: duplicates are looked for one by one */ };

static bool fail(struct err *err, enum err_kind kind, int line, int column, const char *what)
{
	err_set(err, kind, "%s", what);
	err->line = line;
	err->column = column;
	return false;
}

static bool fail_at(struct err *err, const yaml_mark_t *mark, const char *what)
{
	return fail(err, ERR_SYNTAX, (int)mark->line + 1, (int)mark->column + 1, what);
}

/* Length of the UTF-8 character at p, 0 when it is none (overlong forms and surrogates included).
 */
static size_t utf8_n(const unsigned char *p, size_t n)
{
	size_t need = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (need == 0 || p[0] > 0xf4 || need > n)
		return 0;
	for (size_t i = 1; i < need; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return need;
}

/* Bytes that no honest file holds, and bombs, by a single pass. Quotes and comments are not looked
 * at: openers with nothing but white space between them nest wherever they stand outside of text,
 * and inside of text nobody writes seventeen in a row. */
static bool scan(struct str text, struct err *err)
{
	int line = 1, column = 1;
	unsigned openers = 0;
	for (size_t i = 0; i < text.n;) {
		unsigned char c = (unsigned char)text.p[i];
		size_t n = utf8_n((const unsigned char *)text.p + i, text.n - i);
		if (n == 0)
			return fail(err, ERR_SYNTAX, line, column, "not UTF-8 text");
		if ((c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7f)
			return fail(err, ERR_SYNTAX, line, column, "a control character");
		if (c == '[' || c == '{')
			openers++;
		else if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
			openers = 0;
		if (openers > YAML_DEPTH_MAX)
			return fail(err, ERR_LIMIT, line, column, "nested deeper than 16 levels");
		if (c == '\n') {
			line++;
			column = 1;
		} else {
			column++;
		}
		i += n;
	}
	return true;
}

STATIC_ASSERT(YAML_DEPTH_MAX == 16, "the texts above and below name it");

/* Building: the open containers, and the key that waits for its value. */
struct builder {
	struct arena *arena;
	struct yaml_node *root;
	unsigned depth, nodes_n;
	struct level {
		struct yaml_node *node, *last;
		struct str key; /* p NULL: a key comes next */
		int key_line, key_column;
	} levels[YAML_DEPTH_MAX];
};

static bool copy_text(struct builder *b, const yaml_char_t *p, size_t n, struct str *ret,
		      struct err *err)
{
	char *copy = arena_get(b->arena, n + 1, err);
	if (!copy)
		return false;
	memcpy(copy, p, n);
	*ret = (struct str){.p = copy, .n = n};
	return true;
}

static bool take_key(struct builder *b, struct level *level, const yaml_event_t *e, struct err *err)
{
	const char *text = (const char *)e->data.scalar.value;
	size_t n = e->data.scalar.length;
	if (n == 0 || memchr(text, '\0', n))
		return fail_at(err, &e->start_mark, "an empty key");
	if (n == 2 && memcmp(text, "<<", 2) == 0)
		return fail_at(err, &e->start_mark, "merge keys (<<) are not supported");
	if (level->node->children_n >= KEYS_MAX)
		return fail_at(err, &e->start_mark, "more than 1,024 keys in one map");
	for (const struct yaml_node *c = level->node->first; c; c = c->next)
		if (c->key.n == n && memcmp(c->key.p, text, n) == 0) {
			err_set(err, ERR_SYNTAX, "'%.*s' stands here twice; first in line %d",
				(int)MIN(n, (size_t)64), text, c->key_line);
			for (char *z = err->text; *z; z++) /* a quoted key may hold anything */
				if ((unsigned char)*z < 0x20)
					*z = '?';
			err->line = (int)e->start_mark.line + 1;
			err->column = (int)e->start_mark.column + 1;
			return false;
		}
	level->key_line = (int)e->start_mark.line + 1;
	level->key_column = (int)e->start_mark.column + 1;
	return copy_text(b, e->data.scalar.value, n, &level->key, err);
}

static bool add_node(struct builder *b, const yaml_event_t *e, enum yaml_kind kind, struct err *err)
{
	struct level *level = b->depth ? &b->levels[b->depth - 1] : NULL;
	if (level && level->node->kind == YAML_IS_MAP && !level->key.p)
		return kind == YAML_IS_SCALAR
			   ? take_key(b, level, e, err)
			   : fail_at(err, &e->start_mark, "a key must be plain text");
	if (b->nodes_n++ >= YAML_NODES_MAX)
		return fail(err, ERR_LIMIT, (int)e->start_mark.line + 1,
			    (int)e->start_mark.column + 1, "more than 65,536 values");
	struct yaml_node *node = arena_get(b->arena, sizeof(*node), err);
	if (!node)
		return false;
	node->kind = kind;
	node->line = (int)e->start_mark.line + 1;
	node->column = (int)e->start_mark.column + 1;
	node->text = STR("");
	if (kind == YAML_IS_SCALAR) {
		const yaml_char_t *text = e->data.scalar.value;
		if (memchr(text, '\0', e->data.scalar.length))
			return fail_at(err, &e->start_mark, "a zero byte in a value");
		node->is_quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
		/* "key:" and "key: ~" are an empty value, "key: ''" an empty text: the same here.
		 */
		size_t n = e->data.scalar.length;
		if (!node->is_quoted && n == 1 && text[0] == '~')
			n = 0;
		if (!copy_text(b, text, n, &node->text, err))
			return false;
	}
	if (level) {
		node->key = level->key;
		node->key_line = level->key_line;
		node->key_column = level->key_column;
		level->key = (struct str){.p = NULL};
		if (level->last)
			level->last->next = node;
		else
			level->node->first = node;
		level->last = node;
		level->node->children_n++;
	} else {
		b->root = node;
	}
	if (kind == YAML_IS_SCALAR)
		return true;
	if (b->depth == YAML_DEPTH_MAX)
		return fail(err, ERR_LIMIT, node->line, node->column,
			    "nested deeper than 16 levels");
	b->levels[b->depth++] = (struct level){.node = node};
	return true;
}

STATIC_ASSERT(YAML_NODES_MAX == 65536, "the text above names it");

static bool take_event(struct builder *b, const yaml_event_t *e, unsigned *documents_n,
		       struct err *err)
{
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (++*documents_n > 1)
			return fail_at(err, &e->start_mark, "a second document ('---')");
		if (e->data.document_start.tag_directives.start !=
		    e->data.document_start.tag_directives.end)
			return fail_at(err, &e->start_mark, "tags are not supported");
		return true;
	case YAML_ALIAS_EVENT:
		return fail_at(err, &e->start_mark, "aliases (*) are not supported");
	case YAML_SCALAR_EVENT:
		if (e->data.scalar.anchor)
			return fail_at(err, &e->start_mark, "anchors (&) are not supported");
		if (e->data.scalar.tag)
			return fail_at(err, &e->start_mark, "tags (!) are not supported");
		return add_node(b, e, YAML_IS_SCALAR, err);
	case YAML_SEQUENCE_START_EVENT:
		if (e->data.sequence_start.anchor)
			return fail_at(err, &e->start_mark, "anchors (&) are not supported");
		if (e->data.sequence_start.tag)
			return fail_at(err, &e->start_mark, "tags (!) are not supported");
		return add_node(b, e, YAML_IS_LIST, err);
	case YAML_MAPPING_START_EVENT:
		if (e->data.mapping_start.anchor)
			return fail_at(err, &e->start_mark, "anchors (&) are not supported");
		if (e->data.mapping_start.tag)
			return fail_at(err, &e->start_mark, "tags (!) are not supported");
		return add_node(b, e, YAML_IS_MAP, err);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		ASSERT(b->depth > 0);
		b->depth--;
		return true;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
	return true;
}

static bool parser_failed(const yaml_parser_t *parser, struct err *err)
{
	const yaml_mark_t *mark = &parser->problem_mark;
	if (parser->error == YAML_MEMORY_ERROR)
		return err_set(err, ERR_MEMORY, "no memory for a YAML text");
	if (parser->error == YAML_READER_ERROR)
		return fail(err, ERR_SYNTAX, 1, 1,
			    parser->problem ? parser->problem : "not UTF-8 text");
	err_set(err, ERR_SYNTAX, "%s%s%s", parser->problem ? parser->problem : "no YAML",
		parser->context ? ", " : "", parser->context ? parser->context : "");
	err->line = (int)mark->line + 1;
	err->column = (int)mark->column + 1;
	return false;
}

static bool parse_events(yaml_parser_t *parser, struct builder *b, struct err *err)
{
	unsigned documents_n = 0;
	bool is_end = false;
	/* Each event takes text or closes a level, so the text bounds the loop. */
	while (!is_end) {
		yaml_event_t event;
		if (!yaml_parser_parse(parser, &event))
			return parser_failed(parser, err);
		is_end = event.type == YAML_STREAM_END_EVENT;
		bool ok = take_event(b, &event, &documents_n, err);
		yaml_event_delete(&event);
		if (!ok)
			return false;
	}
	return true;
}

bool yaml_parse(struct str text, struct yaml_doc *ret, struct err *err)
{
	yaml_parser_t parser;
	struct yaml_doc doc = {.root = NULL};
	if (text.n > CONF_BYTES_MAX) {
		err_set(err, ERR_LIMIT, "%zu bytes, at most %d", text.n, CONF_BYTES_MAX);
		err->line = err->column = 1;
		return false;
	}
	if (text.n >= 2 &&
	    (memcmp(text.p, "\xff\xfe", 2) == 0 || memcmp(text.p, "\xfe\xff", 2) == 0))
		return fail(err, ERR_SYNTAX, 1, 1, "UTF-16 text; save it as UTF-8");
	if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0) { /* it takes no column */
		text.p += 3;
		text.n -= 3;
	}
	if (!scan(text, err))
		return false;
	/* A value takes a byte of text at least, its copy at most twice its text, each rounded up
	 * to 16. */
	size_t nodes = MIN(text.n + 8, (size_t)YAML_NODES_MAX + 8);
	if (!arena_init(&doc.arena, nodes * (sizeof(struct yaml_node) + 64) + 2 * text.n, err))
		return false;
	struct builder b = {.arena = &doc.arena};
	if (!yaml_parser_initialize(&parser)) {
		yaml_fini(&doc);
		return err_set(err, ERR_MEMORY, "no memory for a YAML text");
	}
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text.p, text.n);
	bool ok = parse_events(&parser, &b, err);
	yaml_parser_delete(&parser);
	if (!ok) {
		yaml_fini(&doc);
		return false;
	}
	/* A document of nothing ("---") is one empty scalar. */
	doc.root = b.root && b.root->kind == YAML_IS_SCALAR && b.root->text.n == 0 ? NULL : b.root;
	*ret = doc;
	return true;
}

void yaml_fini(struct yaml_doc *doc)
{
	arena_fini(&doc->arena);
	doc->root = NULL;
}

const struct yaml_node *yaml_find(const struct yaml_node *map, const char *key)
{
	if (!map || map->kind != YAML_IS_MAP)
		return NULL;
	for (const struct yaml_node *c = map->first; c; c = c->next)
		if (str_equal_z(c->key, key))
			return c;
	return NULL;
}
