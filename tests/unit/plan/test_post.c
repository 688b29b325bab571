/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include "lib/plan_case.h"
#include "plan/post.h"

static void a_written_keyring_must_be_seen_as_it_was_written(void **state)
{
	static const enum act_kind kinds[] = {ACT_PUT_KEYFILE, ACT_RESTORE_KEYFILE, ACT_ROLL_BACK};
	static const struct {
		unsigned first, second; /* 0: the file is not readable */
		bool is_foreign, holds;
	} rows[] = {
	    {1, 2, false, true},  {1, 2, true, false},  {1, 0, false, false}, {2, 0, false, false},
	    {2, 1, false, false}, {1, 3, false, false}, {0, 0, false, false}, {3, 2, false, false},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		for (size_t k = 0; k < ARRAY_N(kinds); k++) {
			struct err err = ERR_INIT;
			struct act a = {.kind = kinds[k], .ring_n = 2};
			a.ring[0] = key_n(1);
			a.ring[1] = key_n(2);
			case_begin(1);
			the.s.keyfile.ring = ring_of(rows[i].first, rows[i].second);
			the.s.keyfile.ring.is_known = rows[i].first != 0;
			the.s.keyfile.is_foreign = rows[i].is_foreign;
			assert_int_equal(post_holds(&the.s, &a, &err), rows[i].holds);
			assert_int_equal(err.kind, rows[i].holds ? ERR_NONE : ERR_CHANGED);
		}
}

static void of_a_single_key_nothing_more_is_asked(void **state)
{
	struct err err = ERR_INIT;
	struct act a = {.kind = ACT_PUT_KEYFILE, .ring_n = 1};
	a.ring[0] = key_n(1);
	a.ring[1] = key_n(2);
	case_begin(1);
	the.s.keyfile.ring.ids[1] = key_n(3).id;
	assert_true(post_holds(&the.s, &a, &err));
	the.s.keyfile.ring = ring_of(3, 0);
	cut_z(the.s.keyfile.why, sizeof(the.s.keyfile.why), "EIO");
	assert_false(post_holds(&the.s, &a, &err));
	assert_non_null(strstr(err.text, "what was written: EIO"));
}

static void effects_that_show_later_are_left_to_later_rounds(void **state)
{
	for (unsigned kind = 0; kind < ACT_N; kind++) {
		struct err err = ERR_INIT;
		struct act a = {.kind = kind};
		case_begin(1);
		the.s.keyfile.ring.is_known = false;
		assert_int_equal(post_holds(&the.s, &a, &err), kind != ACT_PUT_KEYFILE &&
								   kind != ACT_RESTORE_KEYFILE &&
								   kind != ACT_ROLL_BACK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_written_keyring_must_be_seen_as_it_was_written),
	    cmocka_unit_test(of_a_single_key_nothing_more_is_asked),
	    cmocka_unit_test(effects_that_show_later_are_left_to_later_rounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
