/* SPDX-License-Identifier: Apache-2.0 */
/* Printing in the order of the table. Values themselves are printed by conf_table. */
#include "conf/conf_print.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

enum { COMMENT_COLUMN = 44, PARTS_MAX = 4, LINE_MAX_BYTES = 2048 };

const char *conf_origin_print(const struct conf_origin *o, uint64_t serial, char *out, size_t out_n)
{
	if (o->from == CONF_FROM_HOST)
		snprintf(out, out_n, "line %d", o->line);
	else if (o->from == CONF_FROM_SCHEDULE && o->policy == 0)
		snprintf(out, out_n, "schedule %" PRIu64 ", for all", serial);
	else if (o->from == CONF_FROM_SCHEDULE)
		snprintf(out, out_n, "schedule %" PRIu64 ", policy %u", serial, o->policy);
	else
		snprintf(out, out_n, "default");
	return out;
}

struct printer {
	const struct conf *conf;
	enum conf_print_what what;
	bool with_origins;
	struct buf *out;
	/* the open sections above the next line */
	struct str open[PARTS_MAX];
	unsigned open_n;
};

static void indent(struct printer *p, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		buf_adds(p->out, "  ");
}

/* Sections of parts[0..n) that are not open yet, `base` levels in; *dash takes the place of the
 * first indent once. */
static void open_sections(struct printer *p, const struct str *parts, unsigned n, unsigned base,
			  bool *dash)
{
	unsigned same = 0;
	while (same < n && same < p->open_n && str_equal(p->open[same], parts[same]))
		same++;
	for (; same < n; same++) {
		indent(p, base + same - (*dash ? 1 : 0));
		buf_addf(p->out, "%s%.*s:\n", *dash ? "- " : "", (int)parts[same].n, parts[same].p);
		*dash = false;
		p->open[same] = parts[same];
	}
	p->open_n = n;
}

/* One row of one element: "key: value   # where". */
static void print_value(struct printer *p, const struct conf_row *row, unsigned i, struct str path,
			unsigned base, bool *dash)
{
	auto_buf struct buf value = {0};
	struct str parts[PARTS_MAX];
	unsigned n = 0;
	const struct conf_origin *o = conf_origin_get(p->conf, row, i);
	conf_value_print(row, &p->conf->config, i, &value);
	if (value.n == 0 || (p->what == CONF_PRINT_SET && o->from == CONF_FROM_DEFAULT))
		return;
	/* A zone is printed only where it was given: its default is that of the host. */
	if (row->type == CONF_ZONE_REF && o->from == CONF_FROM_DEFAULT)
		return;
	while (n < PARTS_MAX && str_cut(&path, '.', &parts[n]))
		n++;
	ASSERT(n > 0);
	open_sections(p, parts, n - 1, base, dash);
	size_t line_at = p->out->n;
	indent(p, base + n - 1 - (*dash ? 1 : 0));
	buf_addf(p->out, "%s%.*s: %s", *dash ? "- " : "", (int)parts[n - 1].n, parts[n - 1].p,
		 buf_z(&value));
	*dash = false;
	if (p->with_origins) {
		char where[64];
		size_t width = p->out->n - line_at;
		buf_addf(
		    p->out, "%*s# %s", (int)(width < COMMENT_COLUMN ? COMMENT_COLUMN - width : 1),
		    "",
		    conf_origin_print(o, p->conf->config.schedule_serial, where, sizeof(where)));
	}
	buf_addc(p->out, '\n');
}

static void print_elements(struct printer *p, const struct conf_section *s, bool *is_headed)
{
	const struct config *c = &p->conf->config;
	struct str head = str_of(s->path);
	bool is_list = head.p[head.n - 1] == ']';
	unsigned n = conf_base_n(c, s->base);
	head.n -= 2; /* "[]" or ".*" */
	if (n && !*is_headed)
		buf_addf(p->out, "%.*s:\n", (int)head.n, head.p);
	*is_headed = n > 0;
	for (unsigned i = 0; i < n; i++) {
		bool dash = is_list;
		p->open_n = 0;
		if (!is_list) /* the one map: authorities by name */
			buf_addf(p->out, "  %s:\n", c->authorities[i].name);
		for (size_t r = 0; r < conf_table_n; r++) {
			struct str path = str_of(conf_table[r].path);
			if (conf_table[r].base != s->base)
				continue;
			path.p += head.n + 3; /* "[]." or ".*." */
			path.n -= head.n + 3;
			print_value(p, &conf_table[r], i, path, 2, &dash);
		}
	}
	p->open_n = 0;
}

void conf_print(const struct conf *c, enum conf_print_what what, bool with_origins, struct buf *out)
{
	struct printer p = {.conf = c, .what = what, .with_origins = with_origins, .out = out};
	bool done[CONF_BASE_N] = {false}, no_dash = false;
	for (size_t i = 0; i < conf_table_n; i++) {
		const struct conf_row *row = &conf_table[i];
		if (row->base == CONF_IN_CONFIG) {
			print_value(&p, row, 0, str_of(row->path), 0, &no_dash);
			continue;
		}
		if (done[row->base])
			continue;
		done[row->base] = true;
		/* "authorities.mode" stands before the authorities and has opened the section. */
		bool is_headed = row->base == CONF_IN_AUTHORITY && p.open_n == 1 &&
				 str_equal_z(p.open[0], "authorities");
		print_elements(&p, conf_section_of(row->base), &is_headed);
	}
}

/* Characters that scdoc would take for its own. */
static void manual_text(struct buf *out, const char *text)
{
	for (const char *c = text; *c; c++) {
		if (*c == '_' || *c == '*' || *c == '\\' || *c == '#' || *c == '[' || *c == '<')
			buf_addc(out, '\\');
		buf_addc(out, *c);
	}
}

void conf_print_manual(struct buf *out)
{
	for (size_t i = 0; i < conf_table_n; i++) {
		const struct conf_row *row = &conf_table[i];
		auto_buf struct buf allowed = {0};
		auto_buf struct buf value = {0};
		conf_allowed_print(row, &allowed);
		conf_default_print(row, &value);
		buf_adds(out, "*");
		manual_text(out, row->path);
		buf_adds(out, "*\n\t");
		manual_text(out, row->help);
		buf_adds(out, ".\n\tAllowed: ");
		manual_text(out, buf_z(&allowed));
		buf_addc(out, '.');
		if (row->need == CONF_MUST)
			buf_adds(out, " Each needs it.");
		else if (value.n) {
			buf_adds(out, " Default: ");
			manual_text(out, buf_z(&value));
			buf_addc(out, '.');
		}
		if (row->not_yet) {
			buf_adds(out, " Not yet: rotad does not ");
			manual_text(out, row->not_yet);
			buf_adds(out, "; what asks for it is refused.");
		}
		if (row->merge != CONF_MERGE_NEVER)
			buf_adds(out, " May stand in the schedule.");
		if (row->reload == CONF_RESTART_DAEMON)
			buf_adds(out, " Takes effect when rotad starts again.");
		buf_adds(out, "\n\n");
	}
}
