/* SPDX-License-Identifier: Apache-2.0 */
/* An edit is a cut at one place of the text, found by the marks of the YAML tree, and proved by
 * reading the result. */
#include "conf/conf_edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

enum { PARTS_MAX = 4 };

/* Replace remove_n bytes at `at` by `insert`. */
struct cut {
	size_t at, remove_n;
	struct buf insert;
};

static bool by_hand(struct err *err, const char *why)
{
	return err_set(err, ERR_UNSUPPORTED, "%s: please edit the file by hand", why);
}

/* Byte offset of a place: columns count characters. */
static size_t offset_of(struct str text, int line, int column)
{
	size_t at = 0;
	if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0)
		at = 3; /* a byte order mark has no column */
	for (int l = 1; l < line && at < text.n; at++)
		if (text.p[at] == '\n')
			l++;
	for (int c = 1; c < column && at < text.n && text.p[at] != '\n'; c++)
		for (at++; at < text.n && (text.p[at] & 0xc0) == 0x80;)
			at++;
	return at;
}

static size_t line_end(struct str text, size_t at)
{
	while (at < text.n && text.p[at] != '\n')
		at++;
	return at < text.n ? at + 1 : at;
}

/* Only white space stands before it in its line. */
static bool begins_line(struct str text, size_t at)
{
	while (at > 0 && text.p[at - 1] == ' ')
		at--;
	return at == 0 || text.p[at - 1] == '\n';
}

/* What the scalar takes in the text; 0 when it is written in a way not handled here. */
static size_t written_n(struct str text, size_t at, const struct yaml_node *node)
{
	struct str rest = {.p = text.p + at, .n = text.n - at};
	if (!node->is_quoted)
		return str_starts(rest, node->text) ? node->text.n : 0;
	if (rest.n < node->text.n + 2 || (rest.p[0] != '"' && rest.p[0] != '\''))
		return 0;
	struct str inner = {.p = rest.p + 1, .n = rest.n - 1};
	return str_starts(inner, node->text) && inner.p[node->text.n] == rest.p[0]
		   ? node->text.n + 2
		   : 0;
}

static void add_line(struct buf *b, int indent, struct str key, const char *value)
{
	buf_addf(b, "%*s%.*s: %s\n", indent, "", (int)key.n, key.p, value);
}

/* A new key in a map that is there. */
static bool insert_into(struct str text, const struct yaml_node *map, struct str key,
			const char *value, struct cut *ret, struct err *err)
{
	size_t map_at = offset_of(text, map->line, map->column);
	if (map_at < text.n && text.p[map_at] == '{') {
		ret->at = map_at + 1;
		buf_addf(&ret->insert, "%.*s: %s%s", (int)key.n, key.p, value,
			 map->first ? ", " : "");
		return true;
	}
	for (const struct yaml_node *c = map->first; c; c = c->next) {
		size_t at = offset_of(text, c->key_line, c->key_column);
		if (!begins_line(text, at))
			continue; /* behind a dash */
		ret->at = offset_of(text, c->key_line, 1);
		add_line(&ret->insert, c->key_column - 1, key, value);
		return true;
	}
	const struct yaml_node *only = map->first;
	if (!only || only->next || only->kind != YAML_IS_SCALAR || only->line != only->key_line)
		return by_hand(err, "the place for the new key is not plain");
	ret->at = line_end(text, offset_of(text, only->line, only->column));
	if (ret->at && text.p[ret->at - 1] != '\n')
		buf_addc(&ret->insert, '\n');
	add_line(&ret->insert, only->key_column - 1, key, value);
	return true;
}

/* A section that is not there yet, at the end of the file. */
static void append_section(struct str text, const struct str *parts, unsigned parts_n,
			   const char *value, struct cut *ret)
{
	ret->at = text.n;
	if (text.n && text.p[text.n - 1] != '\n')
		buf_addc(&ret->insert, '\n');
	for (unsigned k = 0; k + 1 < parts_n; k++)
		buf_addf(&ret->insert, "%*s%.*s:\n", (int)(2 * k), "", (int)parts[k].n, parts[k].p);
	add_line(&ret->insert, (int)(2 * (parts_n - 1)), parts[parts_n - 1], value);
}

static const struct yaml_node *element_of(const struct yaml_node *list, unsigned i)
{
	const struct yaml_node *item = list && list->kind == YAML_IS_LIST ? list->first : NULL;
	for (unsigned k = 0; item && k < i; k++)
		item = item->next;
	return item;
}

static bool find_cut(struct str text, const struct yaml_node *root, const char *key, unsigned i,
		     const char *value, struct cut *ret, struct err *err)
{
	struct str rest = str_of(key), parts[PARTS_MAX];
	unsigned parts_n = 0, at = 0;
	const struct yaml_node *node = root;
	while (parts_n < PARTS_MAX && str_cut(&rest, '.', &parts[parts_n]))
		parts_n++;
	ASSERT(parts_n > 0);
	for (; at < parts_n; at++) {
		char name[64];
		struct str part = parts[at];
		bool is_list = part.n > 2 && part.p[part.n - 1] == ']';
		part.n -= is_list ? 2 : 0;
		if (!copy_str(name, sizeof(name), part))
			return by_hand(err, "a long key");
		const struct yaml_node *child = yaml_find(node, name);
		if (is_list) {
			child = element_of(child, i);
			if (!child)
				return err_set(err, ERR_NOT_FOUND, "there is no %s number %u", name,
					       i + 1);
		}
		if (!child)
			break;
		node = child;
	}
	bool is_empty = node && node->kind == YAML_IS_SCALAR && node->text.n == 0;
	if (at == parts_n) {
		ret->at = offset_of(text, node->line, node->column);
		ret->remove_n = node->kind == YAML_IS_SCALAR ? written_n(text, ret->at, node) : 0;
		if (ret->remove_n == 0 || is_empty)
			return by_hand(err, "the value is written in an unusual way");
		buf_adds(&ret->insert, value);
		return true;
	}
	if (is_empty && at + 1 == parts_n) { /* "keyfile:" with nothing below */
		ret->at = line_end(text, offset_of(text, node->key_line, node->key_column));
		if (ret->at && text.p[ret->at - 1] != '\n')
			buf_addc(&ret->insert, '\n');
		add_line(&ret->insert, node->key_column + 1, parts[at], value);
		return true;
	}
	if (node && node->kind == YAML_IS_MAP && at + 1 == parts_n)
		return insert_into(text, node, parts[at], value, ret, err);
	size_t root_at = root ? offset_of(text, root->line, root->column) : 0;
	if (at > 0 || (root && root_at < text.n && text.p[root_at] == '{'))
		return by_hand(err, "the place for the new key is not plain");
	append_section(text, parts, parts_n, value, ret);
	return true;
}

static struct conf *parse_new(struct str text, const char *what, struct err *err)
{
	auto_free struct conf_faults *f = calloc(1, sizeof(*f));
	struct conf *c = conf_new();
	bool ok = c && f ? conf_parse(text, "/rotad.yaml", c, f)
			 : err_set(err, ERR_MEMORY, "no memory for a configuration");
	if (ok)
		return c;
	if (c && f) {
		(void)conf_faults_err(f, "", err); /* always false */
		(void)err_in(err, "%s", what);
	}
	conf_free(c);
	return NULL;
}

/* All but the one value is as it was. */
static bool is_only_change(const struct conf *a, const struct conf *b, const struct conf_row *row,
			   unsigned i)
{
	for (size_t r = 0; r < conf_table_n; r++) {
		enum conf_base base = conf_table[r].base;
		unsigned n = conf_base_n(&a->config, base);
		if (n != conf_base_n(&b->config, base))
			return false;
		for (unsigned k = 0; k < n; k++) {
			auto_buf struct buf x = {0};
			auto_buf struct buf y = {0};
			if (&conf_table[r] == row && k == i)
				continue;
			conf_value_print(&conf_table[r], &a->config, k, &x);
			conf_value_print(&conf_table[r], &b->config, k, &y);
			if (strcmp(buf_z(&x), buf_z(&y)) != 0)
				return false;
		}
	}
	return true;
}

bool conf_edit(struct str text, const char *key, unsigned i, const char *value, struct buf *out,
	       struct err *err)
{
	auto_yaml struct yaml_doc doc = {.root = NULL};
	auto_buf struct buf edited = {.max = 2 * CONF_BYTES_MAX};
	auto_conf struct conf *before = NULL;
	auto_conf struct conf *after = NULL;
	struct cut cut = {.at = 0};
	const struct conf_row *row = conf_find(str_of(key));
	if (!row)
		return err_set(err, ERR_INVALID, "there is no key '%s'", key);
	before = parse_new(text, "reading the configuration", err);
	if (!before)
		return false;
	if (!yaml_parse(text, &doc, err))
		return false;
	bool ok = find_cut(text, doc.root, key, i, value, &cut, err);
	if (ok) {
		ASSERT(cut.at + cut.remove_n <= text.n);
		buf_add(&edited, text.p, cut.at);
		buf_add(&edited, buf_z(&cut.insert), cut.insert.n);
		buf_add(&edited, text.p + cut.at + cut.remove_n, text.n - cut.at - cut.remove_n);
	}
	buf_fini(&cut.insert);
	if (!ok || !buf_ok(&edited, err))
		return false;
	after = parse_new(buf_str(&edited), "reading the changed configuration", err);
	if (!after)
		return false;
	if (!is_only_change(before, after, row, i) ||
	    conf_origin_get(after, row, i)->from == CONF_FROM_DEFAULT)
		return by_hand(err, "the change would not be the only one");
	buf_add(out, buf_z(&edited), edited.n);
	return buf_ok(out, err);
}
