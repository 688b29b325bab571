/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include "lib/plan_case.h"
#include "plan/order.h"

static void arbiters_hidden_and_delayed_go_first_and_the_primary_last(void **state)
{
	static const struct {
		const char *members, *order;
	} rows[] = {
	    {"PSS", "SSP"}, {"SPA", "ASP"}, {"SHP", "HSP"}, {"SDP", "DSP"},     {"S0P", "0SP"},
	    {"SSS", "SSS"}, {"P", "P"},     {"", ""},       {"PSHDA", "AHDSP"}, {"PAAS", "AASP"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		unsigned at[MEMBERS_MAX];
		char order[8] = "";
		case_begin(0);
		case_letters(&the.s, rows[i].members);
		case_poison(&the.s, BEYOND_AWAY);
		order_all(&the.s, at);
		for (unsigned k = 0; k < the.s.members_n; k++) {
			order[k] = rows[i].members[at[k]];
			/* A strict order that agrees with order_before. */
			for (unsigned j = 0; j < the.s.members_n; j++)
				assert_int_equal(j != k && order_before(&the.s.members[at[j]],
									&the.s.members[at[k]]),
						 j < k);
		}
		assert_string_equal(order, rows[i].order);
	}
}

static void equals_go_by_their_id_not_by_their_place(void **state)
{
	unsigned at[MEMBERS_MAX];
	case_begin(0);
	the.s.members[1].id = 9;
	order_all(&the.s, at);
	assert_int_equal(at[0], 2);
	assert_int_equal(at[1], 1);
	assert_int_equal(at[2], 0);
	the.s.members[1].delay_s = 1; /* save for one that is delayed, by however little */
	order_all(&the.s, at);
	assert_int_equal(at[0], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(arbiters_hidden_and_delayed_go_first_and_the_primary_last),
	    cmocka_unit_test(equals_go_by_their_id_not_by_their_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
