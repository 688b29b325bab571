/* SPDX-License-Identifier: Apache-2.0 */
/* One value changes, all else stays byte for byte. */
#include "lib/test.h"

#include <string.h>

#include "base/cleanup.h"
#include "conf/conf_edit.h"

static void one_value_changes_and_all_else_stays(void **state)
{
	static const struct {
		const char *text, *key;
		unsigned i;
		const char *value, *wanted;
	} rows[] = {
	    {"mode: observe  # now\n", "mode", 0, "act", "mode: act  # now\n"},
	    {"# head\n\nmode: \"observe\"\n", "mode", 0, "ask", "# head\n\nmode: ask\n"},
	    {"# \xc3\xa4\nkeyfile: {maxAge: 90d, mode: 'observe'} # x\n", "keyfile.mode", 0, "act",
	     "# \xc3\xa4\nkeyfile: {maxAge: 90d, mode: act} # x\n"},
	    {"keyfile: {maxAge: 90d}\n", "keyfile.mode", 0, "act",
	     "keyfile: {mode: act, maxAge: 90d}\n"},
	    {"keyfile: {}\n", "keyfile.mode", 0, "act", "keyfile: {mode: act}\n"},
	    {"keyfile:\n  # why\n  maxAge: 90d\n", "keyfile.mode", 0, "act",
	     "keyfile:\n  # why\n  mode: act\n  maxAge: 90d\n"},
	    {"keyfile:\n  # maxAge: 90d\nmode: act\n", "keyfile.mode", 0, "act",
	     "keyfile:\n  mode: act\n  # maxAge: 90d\nmode: act\n"},
	    {"mode: act", "keyfile.mode", 0, "act", "mode: act\nkeyfile:\n  mode: act\n"},
	    {"", "mode", 0, "act", "mode: act\n"},
	    {"# nothing\n", "keyfile.mode", 0, "ask", "# nothing\nkeyfile:\n  mode: ask\n"},
	    {"keyfile: {mode: ask}\n", "mode", 0, "act", "mode: act\nkeyfile: {mode: ask}\n"},
	    {"instances:\n  - name: a\n    configFile: x\n  - name: b\n    mode: act\n",
	     "instances[].mode", 0, "off",
	     "instances:\n  - name: a\n    mode: off\n    configFile: x\n  - name: b\n    mode: "
	     "act\n"},
	    {"instances:\n  - name: a\n  - name: b\n    mode: act\n", "instances[].mode", 1, "off",
	     "instances:\n  - name: a\n  - name: b\n    mode: off\n"},
	    {"instances:\n  - name: a\n", "instances[].mode", 0, "off",
	     "instances:\n  - name: a\n    mode: off\n"},
	    {"instances: [{name: \xc3\xa4"
	     "}]\n",
	     "mode", 0, "act", NULL}, /* it was no good before */
	    {"instances: [{name: a}]\r\nmode: ask\r\n", "mode", 0, "act",
	     "instances: [{name: a}]\r\nmode: act\r\n"},
	    {"\xef\xbb\xbfmode: ask\n", "mode", 0, "act", "\xef\xbb\xbfmode: act\n"},
	    {"authorities: {house: {type: manual}}\n", "authorities.mode", 0, "ask",
	     "authorities: {mode: ask, house: {type: manual}}\n"},
	    {"mode: 'observe'", "mode", 0, "ask", "mode: ask"},
	    {"{timezone: UTC, mode: ask}\n", "mode", 0, "act", "{timezone: UTC, mode: act}\n"},
	    {"{ timezone: UTC}\n", "mode", 0, "act", "{mode: act,  timezone: UTC}\n"},
	    {"---\n# c\ntimezone: UTC\n...\n", "mode", 0, "act",
	     "---\n# c\nmode: act\ntimezone: UTC\n...\n"},
	    {"instances:\n- {name: a, mode: act}\n- name: b\n", "instances[].mode", 0, "ask",
	     "instances:\n- {name: a, mode: ask}\n- name: b\n"},
	    {"instances: [{name: a}, {name: b}]\n", "instances[].mode", 1, "ask",
	     "instances: [{name: a}, {mode: ask, name: b}]\n"},
	    /* refused */
	    {"timezone: UTC\n...\n", "keyfile.mode", 0, "ask", NULL},
	    {"mode:\n", "mode", 0, "ask", NULL},
	    {"mode: [act]\n", "mode", 0, "ask", NULL},
	    {"- mode: act\n", "mode", 0, "ask", NULL},
	    {"mode: act\nmode: ask\n", "mode", 0, "ask", NULL},
	    {"keyfile: yes\n", "keyfile.mode", 0, "act", NULL},
	    {"instances: {name: a}\n", "instances[].mode", 0, "ask", NULL},
	    {"mode: observe\n", "mode", 0, "off", NULL},
	    {"mode: observe\n", "mode", 0, "act\nmode: ask", NULL},
	    {"mode: observe\n", "mode", 0, "act\ntimezone: UTC\nsocket: /x", NULL},
	    {"mode: observe\n", "mood", 0, "act", NULL},
	    {"moed: observe\n", "mode", 0, "act", NULL},
	    {"instances: [{name: a}]\n", "instances[].mode", 1, "act", NULL},
	    {"mode: >-\n  observe\n", "mode", 0, "act", NULL},
	    {"mode: \"obs\\x65rve\"\n", "mode", 0, "act", NULL},
	    {"{}\n", "keyfile.mode", 0, "act", NULL},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_buf struct buf out = {0};
		struct err err = ERR_INIT;
		bool ok = conf_edit(str_of(rows[i].text), rows[i].key, rows[i].i, rows[i].value,
				    &out, &err);
		if (ok != (rows[i].wanted != NULL) ||
		    (ok && strcmp(buf_z(&out), rows[i].wanted) != 0))
			fail_msg("row %zu: %s%s", i, buf_z(&out), err.text);
		assert_int_equal(ok, err.kind == ERR_NONE);
		assert_true(ok || out.n == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_value_changes_and_all_else_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
