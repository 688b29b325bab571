/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include <string.h>

#include "model/event_table.h"

static void every_row_is_whole_and_unique(void **state)
{
	for (size_t i = 0; i < EVENT_N; i++) {
		const struct event_row *r = &event_table[i];
		assert_int_equal(strlen(r->message_id), 32);
		assert_int_equal(strspn(r->message_id, "0123456789abcdef"), 32);
		assert_true(strlen(r->name) < sizeof(((struct event *)0)->name));
		assert_int_equal(strspn(r->name, "abcdefghijklmnopqrstuvwxyz-"), strlen(r->name));
		assert_int_equal(r->meaning[strlen(r->meaning) - 1], '.');
		assert_ptr_equal(event_row_find(r->name), r);
		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(r->name, event_table[k].name);
			assert_string_not_equal(r->message_id, event_table[k].message_id);
		}
	}
}

static void an_unknown_name_is_not_found(void **state)
{
	assert_null(event_row_find("no-such-event"));
	assert_null(event_row_find(""));
}

static void an_event_is_made_from_its_row(void **state)
{
	struct event e = event_of(EVENT_KEY_RETIRED, "rs0", NULL);
	assert_string_equal(e.name, "key-retired");
	assert_int_equal(e.severity, SEVERITY_NOTICE);
	assert_string_equal(e.cluster, "rs0");
	assert_string_equal(e.subject, "");
	assert_int_equal(e.at.us, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_row_is_whole_and_unique),
	    cmocka_unit_test(an_unknown_name_is_not_found),
	    cmocka_unit_test(an_event_is_made_from_its_row),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
