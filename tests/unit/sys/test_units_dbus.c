/* SPDX-License-Identifier: Apache-2.0 */
/* How a job ended of whose end nobody told: by a file, or on a bus that was lost. The bus itself is
 * for tests/system/units.py. */
#include "lib/test.h"

#include "sys/units_dbus.h"

static void a_job_that_nobody_told_about_is_judged_by_its_unit_at_rest(void **state)
{
	static const struct {
		const char *what;
		enum units_verb verb;
		const char *trigger, *active;
		uint32_t job_id;
		bool is_other_invocation;
		enum units_job_state wanted;
	} rows[] = {
	    {"a oneshot that ended", UNITS_START, "/run/rotad/x", "inactive", 0, true,
	     UNITS_JOB_DONE},
	    {"one that failed", UNITS_START, "/run/rotad/x", "failed", 0, true, UNITS_JOB_FAILED},
	    {"one that stays", UNITS_START, "/run/rotad/x", "active", 0, true, UNITS_JOB_DONE},
	    {"one that runs", UNITS_START, "/run/rotad/x", "activating", 7, true,
	     UNITS_JOB_RUNNING},
	    {"its state read before its end, its job after it", UNITS_START, "/run/rotad/x",
	     "activating", 0, true, UNITS_JOB_RUNNING},
	    {"the same while it ends", UNITS_START, "/run/rotad/x", "deactivating", 0, true,
	     UNITS_JOB_RUNNING},
	    {"the file is gone and nothing began", UNITS_START, "/run/rotad/x", "inactive", 0,
	     false, UNITS_JOB_FAILED},
	    {"a restart on a bus that was lost", UNITS_RESTART, "", "active", 0, true,
	     UNITS_JOB_DONE},
	    {"one that systemd tries again", UNITS_RESTART, "", "activating", 0, true,
	     UNITS_JOB_DONE},
	    {"one that failed there", UNITS_RESTART, "", "failed", 0, true, UNITS_JOB_FAILED},
	    {"one that never began", UNITS_RESTART, "", "active", 0, false, UNITS_JOB_FAILED},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct units_job job = {.state = UNITS_JOB_RUNNING,
					.verb = rows[i].verb,
					.unit = "a.service",
					.invocation = "1"};
		struct unit_view v = {
		    .is_loaded = true, .job_id = rows[i].job_id, .result = "exit-code"};
		assert_true(copy_z(job.trigger, sizeof(job.trigger), rows[i].trigger));
		assert_true(copy_z(v.active, sizeof(v.active), rows[i].active));
		v.invocation[0] = rows[i].is_other_invocation ? '2' : '1';
		units_judge(&job, &v);
		if (job.state != rows[i].wanted)
			fail_msg("%s: %d, not %d", rows[i].what, job.state, rows[i].wanted);
		assert_int_equal(job.why[0] != 0, job.state == UNITS_JOB_FAILED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_job_that_nobody_told_about_is_judged_by_its_unit_at_rest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
