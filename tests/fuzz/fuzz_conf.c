/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes are a configuration, a schedule, mongod's options, a time zone file or none of them. A
 * configuration that is taken is shown as one that means the same, and a fault has a place and no
 * control character. The first byte chooses. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/mongod_options.h"
#include "codec/signed_text.h"
#include "codec/tzif.h"
#include "conf/conf_print.h"
#include "conf/schedule.h"
#include "fuzz/fuzz.h"

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

/* No file is there. */
static bool no_look(void *self UNUSED, const char *path UNUSED, struct file_view *ret,
		    struct err *err UNUSED)
{
	memset(ret, 0, sizeof(*ret));
	return true;
}
static bool no_text(void *self UNUSED, const char *path, size_t max UNUSED, struct buf *ret UNUSED,
		    struct file_view *ret_view UNUSED, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND, "no %s", path);
}
static const struct files_ops no_ops = {.look = no_look, .read_text = no_text};
static const struct files_port no_files = {.ops = &no_ops};
static const struct conf_how how = {.files = &no_files, .now = {.us = 1795314976 * US_S}};

/* Of the process, since a fresh one for each input would cost more than all the rest. */
static struct conf *fresh(struct conf *c)
{
	memset(c, 0, sizeof(*c));
	config_init(&c->config);
	return c;
}

static void check_faults(const struct conf_faults *f, bool ok)
{
	MUST(ok == (f->errors_n == 0));
	MUST(f->n <= CONF_ERRORS_MAX);
	for (unsigned i = 0; i < f->n; i++) {
		MUST(f->faults[i].text[0] != '\0');
		MUST(f->faults[i].line >= 0 && f->faults[i].column >= 0);
		for (const char *c = f->faults[i].text; *c; c++)
			MUST((unsigned char)*c >= 0x20 && *c != 0x7f);
	}
}

static void check_conf(struct str text)
{
	struct conf_faults f = {.n = 0}, g = {.n = 0}, h = {.n = 0};
	static struct conf a_place, b_place;
	struct conf *a = fresh(&a_place), *b;
	auto_buf struct buf shown = {0};
	bool ok = conf_parse(text, "/etc/rotad/rotad.yaml", a, &f);
	check_faults(&f, ok);
	if (!ok)
		return;
	b = fresh(&b_place);
	conf_print(a, CONF_PRINT_EFFECTIVE, true, &shown);
	MUST(!shown.failed);
	MUST(conf_parse(buf_str(&shown), "/etc/rotad/rotad.yaml", b, &g));
	MUST(memcmp(&a->config, &b->config, sizeof(a->config)) == 0);
	ok = conf_check(a, &how, &h);
	check_faults(&h, ok);
}

static void check_schedule(struct str text)
{
	struct conf_faults f = {.n = 0}, g = {.n = 0};
	static struct conf own_place, merged_place;
	struct schedule *s = calloc(1, sizeof(*s));
	struct signed_text parts;
	struct err err = ERR_INIT;
	bool ok = signed_text_split(text, &parts, &err);
	MUST(ok == (err.kind == ERR_NONE));
	ok = schedule_parse(text, &how, s, &f);
	check_faults(&f, ok);
	MUST(ok == (s->serial > 0));
	if (ok) {
		(void)schedule_lists(s, NULL, "db1.example.net");
		struct conf *own = fresh(&own_place), *merged = fresh(&merged_place);
		ok = schedule_merge(s, s, own, "rs0", "db1.example.net", &how, merged, &g);
		check_faults(&g, ok);
		/* never above the host's own mode */
		MUST(merged->config.policy.mode == MODE_OBSERVE);
		MUST(policy_mode(&merged->config.policy, KIND_KEYFILE) <= MODE_OBSERVE);
	}
	schedule_fini(s);
	free(s);
}

static void check_options(struct str text, int source)
{
	struct mongod_options *o = calloc(1, sizeof(*o));
	struct err err = ERR_INIT;
	bool ok = source == 0   ? mongod_options_from_file(text, o, &err)
		  : source == 1 ? mongod_options_from_json(text, o, &err)
				: mongod_options_from_cmdline(text, o, &err);
	MUST(ok == (err.kind == ERR_NONE));
	MUST(ok == o->is_known);
	int port = mongod_options_port(o);
	MUST(port > 0 && port <= 65535);
	free(o);
}

static void check_zone(struct str text)
{
	struct zone *z = calloc(1, sizeof(*z));
	struct err err = ERR_INIT;
	bool ok = tzif_decode(text, "x", z, &err);
	MUST(ok == (err.kind == ERR_NONE));
	for (int64_t s = -4000000000; ok && s < 8000000000; s += 400000001) {
		struct civil c = zone_local(z, (struct wall){.us = s * US_S});
		MUST(c.month >= 1 && c.month <= 12 && c.day >= 1 && c.day <= 31);
		(void)zone_from_local(z, s / 86400, 7200, false);
	}
	free(z);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {.p = (const char *)data + 1, .n = size - 1};
	if (size == 0)
		return 0;
	switch (data[0]) {
	case 's':
		check_schedule(text);
		break;
	case 'f':
		check_options(text, 0);
		break;
	case 'j':
		check_options(text, 1);
		break;
	case 'a':
		check_options(text, 2);
		break;
	case 'z':
		check_zone(text);
		break;
	default:
		check_conf(text);
		break;
	}
	return 0;
}
