/* SPDX-License-Identifier: Apache-2.0 */
/* The walk over the tree: which key belongs to which row, and what to say when it belongs to none.
 */
#include "conf/conf_parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "conf/conf_value.h"

enum { PREFIX_BYTES = 64, NEAR_BYTES = 48, ALLOWED_BYTES = 320 };

/* ---- faults ---- */

void conf_fault_add(struct conf_faults *f, bool is_warning, int line, int column,
		    const char *format, ...)
{
	va_list ap;
	unsigned at = f->n;
	if (is_warning)
		f->warnings_n++;
	else
		f->errors_n++;
	if (f->n == CONF_ERRORS_MAX) { /* an error takes the place of the last warning */
		while (at > 0 && !f->faults[at - 1].is_warning)
			at--;
		if (is_warning || at == 0)
			return;
		at--;
	} else {
		f->n++;
	}
	f->faults[at] =
	    (struct conf_fault){.is_warning = is_warning, .line = line, .column = column};
	va_start(ap, format);
	vsnprintf(f->faults[at].text, sizeof(f->faults[at].text), format, ap);
	va_end(ap);
	/* A text repeats what was written, and ends in logs and on terminals. */
	for (char *c = f->faults[at].text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
}

void conf_faults_print(const struct conf_faults *f, const char *path, struct buf *out)
{
	for (unsigned i = 0; i < f->n; i++) {
		buf_addf(out, "%s", path);
		if (f->faults[i].line)
			buf_addf(out, ":%d:%d", f->faults[i].line, f->faults[i].column);
		buf_addf(out, ": %s%s\n", f->faults[i].is_warning ? "warning: " : "",
			 f->faults[i].text);
	}
	if (f->errors_n + f->warnings_n > f->n)
		buf_addf(out, "%s: and %u more\n", path, f->errors_n + f->warnings_n - f->n);
}

bool conf_faults_err(const struct conf_faults *f, const char *path, struct err *err)
{
	for (unsigned i = 0; i < f->n; i++) {
		const struct conf_fault *first = &f->faults[i];
		if (first->is_warning)
			continue;
		err_set(err, ERR_INVALID, "%s", first->text);
		if (f->errors_n > 1) {
			size_t n = strlen(err->text);
			snprintf(err->text + n, sizeof(err->text) - n, " (and %u more)",
				 f->errors_n - 1);
		}
		err->line = first->line;
		err->column = first->column;
		err_subject(err, path);
		return false;
	}
	return err_set(err, ERR_BUG, "no error was told");
}

/* ---- the nearest word ---- */

/* Edits between two short words, upper case as lower; ends early above 2. */
static unsigned edits(struct str a, struct str b)
{
	unsigned row[NEAR_BYTES + 1];
	if (a.n > NEAR_BYTES || b.n > NEAR_BYTES)
		return 99;
	for (unsigned j = 0; j <= b.n; j++)
		row[j] = j;
	for (unsigned i = 1; i <= a.n; i++) {
		unsigned diagonal = row[0];
		row[0] = i;
		for (unsigned j = 1; j <= b.n; j++) {
			unsigned up = row[j];
			bool same = (a.p[i - 1] | 0x20) == (b.p[j - 1] | 0x20);
			row[j] = MIN(MIN(row[j] + 1, row[j - 1] + 1), diagonal + (same ? 0 : 1));
			diagonal = up;
		}
	}
	return row[b.n];
}

bool conf_nearest(struct str written, const char *words, struct str *ret)
{
	struct str rest = str_of(words), word;
	unsigned best = 3;
	while (str_cut(&rest, ' ', &word)) {
		unsigned n = edits(written, word);
		if (n < best && n * 2 <= MAX(written.n, (size_t)2)) {
			best = n;
			*ret = word;
		}
	}
	return best < 3;
}

/* ---- conf ---- */

struct conf *conf_new(void)
{
	struct conf *c = calloc(1, sizeof(*c));
	if (c)
		config_init(&c->config);
	return c;
}

void conf_free(struct conf *c)
{
	free(c);
}

static size_t row_index(const struct conf_row *row)
{
	ASSERT(row >= conf_table);
	ASSERT(row < conf_table + conf_table_n);
	return (size_t)(row - conf_table);
}

struct conf_origin *conf_origin_of(struct conf *c, const struct conf_row *row, unsigned i)
{
	ASSERT(i < CONF_ELEMENTS_MAX);
	return &c->origins[row_index(row)][i];
}

const struct conf_origin *conf_origin_get(const struct conf *c, const struct conf_row *row,
					  unsigned i)
{
	ASSERT(i < CONF_ELEMENTS_MAX);
	return &c->origins[row_index(row)][i];
}

int conf_zone_intern(struct policy *p, struct str name)
{
	for (unsigned i = 1; i < p->zones_n; i++)
		if (str_equal_z(name, p->zones[i].name))
			return (int)i;
	if (p->zones_n >= ZONES_MAX ||
	    !copy_str(p->zones[p->zones_n].name, sizeof(p->zones[0].name), name))
		return -1;
	return (int)p->zones_n++;
}

/* ---- the walk ---- */

struct frame {
	const struct yaml_node *next; /* child to look at next */
	bool is_list;
	char prefix[PREFIX_BYTES]; /* "instances[].restart"; "" for the root */
	enum conf_base base;
	unsigned i;
	const struct yaml_node *element; /* the map is this element of a list; else NULL */
};

struct walk {
	struct conf *conf;
	struct conf_faults *faults;
	struct conf_value_context context;
	const char *const *skip; /* NULL: the host's own file */
	struct conf_origin origin;
	unsigned depth;
	struct frame frames[YAML_DEPTH_MAX + 1];
};

/* Is there a row or list that begins with path and this sign? */
static bool is_prefix(struct str path, const char *sign)
{
	size_t sign_n = strlen(sign);
	for (size_t i = 0; i < conf_table_n; i++) {
		struct str row = str_of(conf_table[i].path);
		if (str_starts(row, path) && row.n > path.n + sign_n &&
		    memcmp(row.p + path.n, sign, sign_n) == 0)
			return true;
	}
	return false;
}

/* The keys that may stand under prefix, space separated, each once. */
static void keys_under(struct str prefix, bool in_schedule, struct buf *out)
{
	struct str last = {.n = 0};
	for (size_t i = 0; i < conf_table_n; i++) {
		struct str row = str_of(conf_table[i].path);
		if (in_schedule && conf_table[i].merge == CONF_MERGE_NEVER)
			continue;
		if (prefix.n &&
		    !(str_starts(row, prefix) && row.n > prefix.n && row.p[prefix.n] == '.'))
			continue;
		size_t from = prefix.n ? prefix.n + 1 : 0, n = 0;
		while (from + n < row.n && !memchr(".[", row.p[from + n], 2))
			n++;
		struct str key = {.p = row.p + from, .n = n};
		if (str_equal(key, last) || key.p[0] == '*')
			continue;
		last = key;
		if (out->n)
			buf_addc(out, ' ');
		buf_add(out, key.p, key.n);
	}
}

static void unknown_key(struct walk *w, const struct frame *f, const struct yaml_node *node)
{
	auto_buf struct buf keys = {0};
	auto_buf struct buf list = {0};
	struct str near, rest, key, prefix = str_of(f->prefix);
	char did_you_mean[96] = "";
	keys_under(prefix, w->skip != NULL, &keys);
	if (conf_nearest(node->key, buf_z(&keys), &near))
		snprintf(did_you_mean, sizeof(did_you_mean), "; did you mean '%.*s'?", (int)near.n,
			 near.p);
	rest = buf_str(&keys);
	while (str_cut(&rest, ' ', &key))
		buf_addf(&list, "%s%.*s", list.n ? ", " : "", (int)key.n, key.p);
	conf_fault_add(w->faults, false, node->key_line, node->key_column,
		       "unknown key '%s%s%.*s'%s%s allowed here: %.*s", f->prefix,
		       f->prefix[0] ? "." : "", (int)MIN(node->key.n, (size_t)48), node->key.p,
		       did_you_mean, did_you_mean[0] ? "" : ";",
		       (int)MIN(list.n, (size_t)ALLOWED_BYTES), buf_z(&list));
}

static void push(struct walk *w, const struct yaml_node *node, bool is_list, const char *prefix,
		 enum conf_base base, unsigned i, const struct yaml_node *element)
{
	ASSERT(w->depth < ARRAY_N(w->frames)); /* the YAML is no deeper */
	struct frame *f = &w->frames[w->depth++];
	*f = (struct frame){
	    .next = node->first, .is_list = is_list, .base = base, .i = i, .element = element};
	snprintf(f->prefix, sizeof(f->prefix), "%s", prefix);
}

static void take_value(struct walk *w, const struct frame *f, const struct conf_row *row,
		       const struct yaml_node *node)
{
	struct err err = ERR_INIT;
	if (w->skip && row->merge == CONF_MERGE_NEVER) {
		conf_fault_add(w->faults, false, node->key_line, node->key_column,
			       "'%s' is the host's own word and cannot stand in a schedule",
			       row->path);
		return;
	}
	if (!conf_value_parse(row, node, &w->context,
			      conf_base_at(&w->conf->config, row->base, f->i), &err)) {
		conf_fault_add(w->faults, false, err.line, err.column, "%s: %s", row->path,
			       err.text);
		return;
	}
	struct conf_origin *o = conf_origin_of(w->conf, row, f->i);
	*o = w->origin;
	o->line = node->line;
	o->column = node->column;
}

/* Begin element `node` of a list, or of the map of authorities. */
static void take_element(struct walk *w, const char *path, const struct yaml_node *node)
{
	const struct conf_section *s = conf_find_section(str_of(path));
	unsigned n;
	ASSERT(s != NULL);
	if (node->kind != YAML_IS_MAP) {
		conf_fault_add(w->faults, false, node->line, node->column,
			       "%s: a map of keys belongs here", path);
		return;
	}
	char *count = (char *)&w->conf->config + s->count_offset;
	memcpy(&n, count, sizeof(n));
	if (n >= s->max) {
		if (n == s->max) /* told once */
			conf_fault_add(w->faults, false, node->line, node->column,
				       "%s: more than %u", path, s->max);
		return;
	}
	void *element = conf_base_at(&w->conf->config, s->base, n);
	conf_element_init(s->base, element);
	struct conf_origin *o = &w->conf->elements[s->base][n];
	*o = w->origin;
	o->line = node->line;
	o->column = node->column;
	if (s->base == CONF_IN_AUTHORITY) {
		struct authority_policy *a = element;
		o->line = node->key_line;
		o->column = node->key_column;
		if (!conf_is_name(node->key) || !copy_str(a->name, sizeof(a->name), node->key)) {
			conf_fault_add(w->faults, false, node->key_line, node->key_column,
				       "the name of an authority is of letters, digits, '.', '_' "
				       "and '-'");
			return;
		}
	}
	unsigned more = n + 1;
	memcpy(count, &more, sizeof(more));
	push(w, node, false, path, s->base, n, node);
}

static void take_child(struct walk *w, struct frame *f, const struct yaml_node *node)
{
	char path[PREFIX_BYTES * 2 + 8];
	if (f->is_list) {
		take_element(w, f->prefix, node);
		return;
	}
	if (f->prefix[0] == '\0')
		for (const char *const *s = w->skip; s && *s; s++)
			if (str_equal_z(node->key, *s))
				return;
	int n = snprintf(path, sizeof(path), "%s%s%.*s", f->prefix, f->prefix[0] ? "." : "",
			 (int)MIN(node->key.n, (size_t)PREFIX_BYTES), node->key.p);
	struct str whole = {.p = path, .n = (size_t)n};
	bool known = n < PREFIX_BYTES - 4 && !memchr(node->key.p, '.', node->key.n) &&
		     !memchr(node->key.p, '[', node->key.n) &&
		     !memchr(node->key.p, '*', node->key.n);
	const struct conf_row *row = known ? conf_find(whole) : NULL;
	bool is_map = known && is_prefix(whole, "."), is_list = known && is_prefix(whole, "[]");
	bool is_empty = node->kind == YAML_IS_SCALAR && node->text.n == 0 && !node->is_quoted;
	if (row && !(is_map && node->kind == YAML_IS_MAP)) {
		take_value(w, f, row, node);
	} else if (is_map) {
		if (node->kind == YAML_IS_MAP)
			push(w, node, false, path, f->base, f->i, NULL);
		else if (!is_empty)
			conf_fault_add(w->faults, false, node->line, node->column,
				       "%s: a map of keys belongs here", path);
	} else if (is_list) {
		snprintf(path + n, sizeof(path) - (size_t)n, "[]");
		const struct conf_section *s = conf_find_section(str_of(path));
		if (w->skip && s && s->merge == CONF_MERGE_NEVER)
			conf_fault_add(
			    w->faults, false, node->key_line, node->key_column,
			    "'%.*s' is the host's own word and cannot stand in a schedule", (int)n,
			    path);
		else if (node->kind == YAML_IS_LIST)
			push(w, node, true, path, CONF_IN_CONFIG, 0, NULL);
		else if (!is_empty)
			conf_fault_add(w->faults, false, node->line, node->column,
				       "%.*s: a list belongs here: lines that begin with '-'", n,
				       path);
	} else if (strcmp(f->prefix, "authorities") == 0 && !w->skip) {
		take_element(w, "authorities.*", node);
	} else {
		unknown_key(w, f, node);
	}
}

/* Keys that each element must have. */
static void end_element(struct walk *w, const struct frame *f)
{
	for (size_t i = 0; i < conf_table_n; i++) {
		const struct conf_row *row = &conf_table[i];
		if (row->base != f->base || row->need != CONF_MUST ||
		    conf_origin_of(w->conf, row, f->i)->from != CONF_FROM_DEFAULT)
			continue;
		const char *key = strrchr(row->path, '.') + 1;
		bool is_tried = false; /* a bad value was told already */
		for (const struct yaml_node *c = f->element->first; c; c = c->next)
			is_tried = is_tried || str_equal_z(c->key, key);
		if (!is_tried)
			conf_fault_add(w->faults, false, w->conf->elements[f->base][f->i].line,
				       w->conf->elements[f->base][f->i].column,
				       "%s %u needs '%s': %s", conf_section_of(f->base)->path,
				       f->i + 1, key, row->help);
	}
}

static void walk_tree(struct walk *w, const struct yaml_node *root)
{
	push(w, root, false, "", CONF_IN_CONFIG, 0, NULL);
	while (w->depth) { /* each pass takes a node or ends a level */
		struct frame *f = &w->frames[w->depth - 1];
		const struct yaml_node *node = f->next;
		if (node) {
			f->next = node->next;
			take_child(w, f, node);
			continue;
		}
		if (f->element)
			end_element(w, f);
		w->depth--;
	}
}

bool conf_parse(struct str text, const char *path, struct conf *ret, struct conf_faults *faults)
{
	auto_yaml struct yaml_doc doc = {.root = NULL};
	auto_free char *directory = NULL;
	struct err err = ERR_INIT;
	const char *slash = strrchr(path, '/');
	directory = strndup(path, slash ? (size_t)(slash - path) + (slash == path ? 1 : 0) : 0);
	if (!directory || !copy_z(ret->config.path, sizeof(ret->config.path), path)) {
		conf_fault_add(faults, false, 0, 0, "the file's path is too long");
		return false;
	}
	if (!yaml_parse(text, &doc, &err)) {
		conf_fault_add(faults, false, err.line, err.column, "%s", err.text);
		return false;
	}
	if (doc.root && doc.root->kind != YAML_IS_MAP) {
		conf_fault_add(faults, false, doc.root->line, doc.root->column,
			       "a map of keys belongs here, as in 'mode: observe'");
		return false;
	}
	struct walk w = {
	    .conf = ret,
	    .faults = faults,
	    .context = {.directory = directory, .policy = &ret->config.policy},
	    .origin = {.from = CONF_FROM_HOST},
	};
	if (doc.root)
		walk_tree(&w, doc.root);
	return faults->errors_n == 0;
}

bool conf_parse_policy(const struct yaml_node *map, const char *const *skip, unsigned policy_i,
		       struct conf *ret, struct conf_faults *faults)
{
	unsigned before = faults->errors_n;
	struct walk w = {
	    .conf = ret,
	    .faults = faults,
	    .context = {.directory = "/", .policy = &ret->config.policy},
	    .skip = skip,
	    .origin = {.from = CONF_FROM_SCHEDULE, .policy = (unsigned short)policy_i},
	};
	ASSERT(skip != NULL);
	ASSERT(map->kind == YAML_IS_MAP);
	walk_tree(&w, map);
	return faults->errors_n == before;
}
