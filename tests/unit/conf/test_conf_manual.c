/* SPDX-License-Identifier: Apache-2.0 */
/* The manual and the examples say what the table says. */
#include "lib/test.h"

#include <stdlib.h>
#include <string.h>

#include "conf/conf_print.h"
#include "conf/schedule.h"
#include "lib/read_files.h"

#define TOP TESTS_DIR "/.."
static const struct conf_how how = {.files = &read_files,
				    .zone_directory = TESTS_DIR "/fixtures/zoneinfo",
				    .is_elsewhere = true,
				    .now = {.us = 1795314976 * US_S}};

static void read_all(const char *path, struct buf *text)
{
	struct err err = ERR_INIT;
	if (!read_files.ops->read_text(NULL, path, CONF_BYTES_MAX, text, NULL, &err))
		fail_msg("%s: %s", path, err.text);
	buf_addc(text, '\0');
	text->n--;
}

static void manual_has_every_key_as_the_table(void **state)
{
	auto_buf struct buf page = {0};
	auto_buf struct buf wanted = {0};
	read_all(TOP "/doc/rotad.yaml.5.scd", &page);
	conf_print_manual(&wanted);
	const char *begin = strstr(buf_z(&page), "; what follows is printed by the table");
	const char *end = strstr(buf_z(&page), "; end of the table\n");
	assert_non_null(begin);
	assert_non_null(end);
	begin = strchr(begin, '\n') + 1;
	/* the first line that differs, so that it is known what to write */
	struct str have = {.p = begin, .n = (size_t)(end - begin)}, a, b;
	struct str want = buf_str(&wanted);
	while (str_cut(&want, '\n', &a))
		if (!str_cut(&have, '\n', &b) || !str_equal(a, b))
			fail_msg("doc/rotad.yaml.5.scd: the table says '%.*s', the page '%.*s' "
				 "(replace the keys by rotactl config keys --manual)",
				 (int)a.n, a.p, (int)b.n, b.p);
	assert_int_equal(end - begin, wanted.n);
}

static void check_text(const char *name, const char *text)
{
	struct conf_faults f = {.n = 0};
	auto_conf struct conf *c = conf_new();
	if (!conf_parse(str_of(text), "/etc/rotad/rotad.yaml", c, &f) || !conf_check(c, &how, &f))
		fail_msg("%s:%d:%d: %s", name, f.faults[0].line, f.faults[0].column,
			 f.faults[0].text);
	assert_int_equal(c->config.policy.mode, MODE_OBSERVE);
}

/* Keys that stand as comments: "# key: value", "#   - {...}". Prose has no colon behind its first
 * word. */
static bool is_commented_yaml(const char *text)
{
	const char *p = text + strspn(text, " ");
	if (p[0] == '-' && p[1] == ' ')
		return true;
	size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
	return n > 0 && p[n] == ':' && (p[n + 1] == ' ' || p[n + 1] == '\0');
}

static void uncomment(const char *text, struct buf *out)
{
	struct str rest = str_of(text), line;
	while (str_cut(&rest, '\n', &line)) {
		char z[512];
		assert_true(copy_str(z, sizeof(z), line));
		size_t indent = strspn(z, " ");
		if (z[indent] == '#' && z[indent + 1] == ' ' && is_commented_yaml(z + indent + 2) &&
		    !strstr(z, "SPDX"))
			buf_addf(out, "%.*s%s\n", (int)indent, z, z + indent + 2);
		else
			buf_addf(out, "%s\n", z);
	}
}

static void examples_are_good_with_and_without_their_comments(void **state)
{
	auto_buf struct buf text = {0};
	auto_buf struct buf all = {0};
	read_all(TOP "/etc/rotad.yaml", &text);
	check_text("etc/rotad.yaml", buf_z(&text));
	uncomment(buf_z(&text), &all);
	assert_non_null(strstr(buf_z(&all), "\n  maxAge: 90d"));
	assert_non_null(strstr(buf_z(&all), "\nschedule:\n"));
	check_text("etc/rotad.yaml, uncommented", buf_z(&all));
}

static void schedule_example_is_good(void **state)
{
	struct conf_faults f = {.n = 0};
	auto_buf struct buf text = {0};
	struct schedule *s = calloc(1, sizeof(*s));
	assert_non_null(s);
	read_all(TOP "/etc/schedule.yaml", &text);
	if (!schedule_parse(buf_str(&text), &how, s, &f))
		fail_msg("%d:%d %s", f.faults[0].line, f.faults[0].column, f.faults[0].text);
	assert_int_equal(s->serial, 1);
	assert_int_equal(s->policies_n, 2);
	assert_true(schedule_lists(s, "rs0", "db1.example.net"));
	assert_false(schedule_lists(s, "other", "db1.example.net"));
	schedule_fini(s);
	free(s);
}

static void manual_example_is_good(void **state)
{
	auto_buf struct buf page = {0};
	auto_buf struct buf text = {0};
	read_all(TOP "/doc/rotad.yaml.5.scd", &page);
	const char *begin = strstr(buf_z(&page), "# EXAMPLE\n\n```\n");
	assert_non_null(begin);
	begin += strlen("# EXAMPLE\n\n```\n");
	const char *end = strstr(begin, "```");
	assert_non_null(end);
	buf_add(&text, begin, (size_t)(end - begin));
	struct conf_faults f = {.n = 0};
	auto_conf struct conf *c = conf_new();
	if (!conf_parse(buf_str(&text), "/etc/rotad/rotad.yaml", c, &f) || !conf_check(c, &how, &f))
		fail_msg("%d:%d %s", f.faults[0].line, f.faults[0].column, f.faults[0].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(manual_has_every_key_as_the_table),
	    cmocka_unit_test(examples_are_good_with_and_without_their_comments),
	    cmocka_unit_test(schedule_example_is_good),
	    cmocka_unit_test(manual_example_is_good),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
