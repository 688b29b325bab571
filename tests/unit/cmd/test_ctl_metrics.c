/* SPDX-License-Identifier: Apache-2.0 */
/* rotactl metrics: the samples, Prometheus' text format, the file of the textfile collector; and
 * what is said when rotad does not answer. What promtool and node_exporter say of it is shown by
 * tests/system/metrics.py. */
#include "lib/test.h"

#include <sys/stat.h>

#include "base/clock.h"
#include "ctl_run.h"
#include "lib/tempdir.h"

#define F(weight, name)                                                                            \
	"{\"weight\":\"" weight "\",\"name\":\"" name "\",\"what\":\"w\",\"you\":\"y\"}"
#define SEEN(findings) "{\"instance\":\"rs0-a\",\"findings\":[" findings "]}"
#define OWN "instance_name=\"rs0-a\",cluster=\"rs0\",member=\"db1.example.net:27017\""

struct shown {
	enum ctl_exit code;
	char *out, *err;
};

/* doctor NULL: rotad refuses to say. */
static struct shown show(const char *folder, json_t *status, const char *doctor, const char *more,
			 const char *value)
{
	struct shown r;
	struct canned c = {.n = 0};
	canned_status(&c, status, 0);
	for (size_t i = 0; i < json_array_size(json_object_get(status, "instances")); i++)
		if (doctor)
			canned_json(&c, 200, doctor);
		else
			canned_json(&c, 500, "{\"error\":{\"kind\":\"system\",\"text\":\"t\"}}");
	canned_start(&c, folder);
	const char *args[] = {"metrics", "--socket", c.path, more, value, NULL};
	r.code = ctl_run_args(args, &r.out, &r.err);
	canned_stop(&c);
	canned_fini(&c);
	return r;
}

static void shown_free(struct shown *r)
{
	free(r->out);
	free(r->err);
}

static void wants(const struct shown *r, const char *line)
{
	auto_buf struct buf whole = {.p = NULL}, wanted = {.p = NULL};
	buf_addf(&whole, "\n%s", r->out);
	buf_addf(&wanted, "\n%s\n", line);
	if (!strstr(buf_z(&whole), buf_z(&wanted)))
		fail_msg("no line\n%s\nin\n%s%s", line, r->out, r->err);
}

static void lacks(const struct shown *r, const char *text)
{
	if (strstr(r->out, text))
		fail_msg("%s\nis in\n%s", text, r->out);
}

static void a_healthy_member_in_numbers(void **state)
{
	json_t *doc = fixture_json(FIXTURE("healthy.json"));
	struct shown r = show(*state, doc, SEEN(F("good", "login")), NULL, NULL);
	static const char *const lines[] = {
	    "# HELP rotad_up 1: rotad answers on this socket, and what it knows is fresh.",
	    "# TYPE rotad_up gauge",
	    "rotad_instance_info{" OWN ",mode=\"act\",certificate_mode=\"act\",mongodb_version="
	    "\"6.0.5\"} 1",
	    "rotad_ready_to_rotate{" OWN "} 1",
	    "rotad_restart_now{" OWN ",answer=\"yes\"} 1",
	    "rotad_restart_now{" OWN ",answer=\"no\"} 0",
	    "rotad_needs_attention{" OWN "} 0",
	    "rotad_held{" OWN "} 0",
	    "rotad_members{" OWN "} 3",
	    "rotad_members_healthy{" OWN "} 3",
	    "rotad_members_rehearsed{" OWN "} 3",
	    "rotad_key_number{" OWN "} 8",
	    "rotad_rotation_active{" OWN "} 0",
	};
	assert_int_equal(r.code, CTL_GOOD);
	assert_string_equal(r.err, "");
	for (size_t i = 0; i < ARRAY_N(lines); i++)
		wants(&r, lines[i]);
	lacks(&r, "rotad_doctor_finding"); /* nothing but good ones */
	lacks(&r, "rotad_rotation_started");
	shown_free(&r);
	json_decref(doc);
}

static void findings_are_counted_by_name_and_weight(void **state)
{
	json_t *doc = fixture_json(FIXTURE("healthy.json"));
	struct shown r =
	    show(*state, doc,
		 SEEN(F("good", "login") "," F("warning", "served") "," F(
		     "refuse", "restart") "," F("warning", "served") "," F("note", "served")),
		 NULL, NULL);
	assert_int_equal(r.code, CTL_GOOD); /* numbers are not judged */
	wants(&r, "rotad_ready_to_rotate{" OWN "} 0");
	wants(&r, "rotad_doctor_finding{" OWN ",finding=\"served\",weight=\"warning\"} 2");
	wants(&r, "rotad_doctor_finding{" OWN ",finding=\"restart\",weight=\"refuse\"} 1");
	wants(&r, "rotad_doctor_finding{" OWN ",finding=\"served\",weight=\"note\"} 1");
	lacks(&r, "login");
	shown_free(&r);
	json_decref(doc);
}

static void warnings_alone_leave_it_ready(void **state)
{
	json_t *doc = fixture_json(FIXTURE("healthy.json"));
	struct shown r = show(*state, doc, SEEN(F("warning", "served")), NULL, NULL);
	wants(&r, "rotad_ready_to_rotate{" OWN "} 1");
	shown_free(&r);
	json_decref(doc);
}

static void what_waits_and_what_stands(void **state)
{
	json_t *doc = fixture_json(FIXTURE("waiting.json"));
	json_t *one = json_array_get(json_object_get(doc, "instances"), 0);
	json_t *plan = json_object_get(one, "plan");
	json_object_set_new(plan, "events",
			    json_pack("[{s:s, s:s}, {s:s, s:s}]", "event", "member-not-back",
				      "severity", "critical", "event", "rotation-waiting",
				      "severity", "warning"));
	json_object_set_new(one, "hold", json_pack("{s:s}", "who", "alice"));
	struct shown r = show(*state, doc, SEEN(""), NULL, NULL);
	char line[300];
	json_t *steps = json_object_get(plan, "steps");
	wants(&r,
	      "rotad_event_standing{" OWN ",event=\"member-not-back\",severity=\"critical\"} 1");
	wants(&r,
	      "rotad_event_standing{" OWN ",event=\"rotation-waiting\",severity=\"warning\"} 1");
	wants(&r, "rotad_held{" OWN "} 1");
	wants(&r, "rotad_rotation_active{" OWN "} 1");
	assert_true(json_array_size(steps) > 0);
	snprintf(line, sizeof(line), "rotad_rotation_steps{" OWN "} %zu", json_array_size(steps));
	wants(&r, line);
	shown_free(&r);
	json_decref(doc);
}

static void nothing_in_a_label_ends_a_line(void **state)
{
	json_t *doc = fixture_json(FIXTURE("healthy.json"));
	json_t *one = json_array_get(json_object_get(doc, "instances"), 0);
	json_object_set_new(one, "cluster", json_string("r\"s\\0\nx\ry\x7f"));
	struct shown r = show(*state, doc, SEEN(""), NULL, NULL);
	wants(&r, "rotad_held{instance_name=\"rs0-a\",cluster=\"r\\\"s\\\\0\\nx?y?\",member="
		  "\"db1.example.net:27017\"} 0");
	shown_free(&r);
	json_decref(doc);
}

static void alert_targets_and_what_they_have_not_taken(void **state)
{
	json_t *doc = fixture_json(FIXTURE("healthy.json"));
	json_object_set_new(
	    doc, "alerts",
	    json_pack("{s:[{s:s, s:i, s:i, s:b}, {s:s, s:i, s:i, s:b}, {s:s, s:i, s:i, s:b}]}",
		      "targets", "target", "well", "waiting", 0, "tries", 0, "gone", 0, "target",
		      "ill", "waiting", 4, "tries", 2, "gone", 0, "target", "off", "waiting", 0,
		      "tries", 0, "gone", 1));
	struct shown r = show(*state, doc, SEEN(""), NULL, NULL);
	static const struct {
		const char *metric, *target;
		int value;
	} rows[] = {{"rotad_alert_target_up", "well", 1}, {"rotad_alert_target_up", "ill", 0},
		    {"rotad_alert_target_up", "off", 0},  {"rotad_alerts_waiting", "well", 0},
		    {"rotad_alerts_waiting", "ill", 4},   {"rotad_alerts_waiting", "off", 0}};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		char line[400];
		snprintf(line, sizeof(line), "%s{socket=\"%s/sock\",target=\"%s\"} %d",
			 rows[i].metric, (const char *)*state, rows[i].target, rows[i].value);
		wants(&r, line);
	}
	shown_free(&r);
	json_decref(doc);
}

/* One that is refused leaves the rest as it is. */
static void without_the_doctor_the_rest_is_shown(void **state)
{
	json_t *doc = fixture_json(FIXTURE("healthy.json"));
	struct shown r = show(*state, doc, NULL, NULL, NULL);
	assert_int_equal(r.code, CTL_FAILED);
	wants(&r, "rotad_members_healthy{" OWN "} 3");
	lacks(&r, "rotad_ready_to_rotate");
	shown_free(&r);
	json_decref(doc);
}

static void without_rotad_it_says_that_it_is_down(void **state)
{
	struct shown r;
	char path[200], line[300];
	snprintf(path, sizeof(path), "%s/nobody", (const char *)*state);
	const char *args[] = {"metrics", "--socket", path, NULL};
	r.code = ctl_run_args(args, &r.out, &r.err);
	snprintf(line, sizeof(line), "rotad_up{socket=\"%s\"} 0", path);
	assert_int_equal(r.code, CTL_UNKNOWN);
	wants(&r, line);
	lacks(&r, "rotad_members");
	shown_free(&r);
}

static void what_is_stale_is_not_shown_as_of_now(void **state)
{
	auto_free char *out = NULL, *err = NULL;
	struct canned c = {.n = 0};
	json_t *doc = fixture_json(FIXTURE("healthy.json"));
	canned_status(&c, doc, 600);
	canned_start(&c, *state);
	const char *args[] = {"metrics", "--socket", c.path, NULL};
	enum ctl_exit code = ctl_run_args(args, &out, &err);
	canned_stop(&c);
	assert_int_equal(code, CTL_UNKNOWN);
	assert_non_null(strstr(out, "\"} 0\n"));
	assert_null(strstr(out, "rotad_members"));
	canned_fini(&c);
	json_decref(doc);
}

/* The collector reads it as another user; a link at its name is replaced. */
static void the_file_is_replaced_as_a_whole(void **state)
{
	char path[200], other[200];
	struct stat st;
	auto_buf struct buf text = {.p = NULL};
	snprintf(path, sizeof(path), "%s/rotad.prom", (const char *)*state);
	snprintf(other, sizeof(other), "%s/other", (const char *)*state);
	for (int again = 0; again < 2; again++) {
		json_t *doc = fixture_json(FIXTURE("healthy.json"));
		if (again) {
			assert_int_equal(unlink(path), 0);
			assert_int_equal(symlink(other, path), 0);
		}
		struct shown r = show(*state, doc, SEEN(""), "--output", path);
		assert_int_equal(r.code, CTL_GOOD);
		assert_string_equal(r.out, "");
		assert_int_equal(lstat(path, &st), 0);
		assert_true(S_ISREG(st.st_mode));
		assert_int_equal(st.st_mode & 07777, 0644);
		assert_int_not_equal(lstat(other, &st), 0);
		shown_free(&r);
		json_decref(doc);
	}
	read_fixture(path, &text);
	assert_non_null(strstr(buf_z(&text), "\nrotad_members{"));
	assert_int_equal(buf_z(&text)[text.n - 1], '\n');
}

static void a_folder_that_is_not_there_is_an_error(void **state)
{
	char path[200];
	json_t *doc = fixture_json(FIXTURE("healthy.json"));
	snprintf(path, sizeof(path), "%s/none/rotad.prom", (const char *)*state);
	struct shown r = show(*state, doc, SEEN(""), "--output", path);
	assert_int_equal(r.code, CTL_FAILED);
	assert_non_null(strstr(r.err, path));
	shown_free(&r);
	json_decref(doc);
}

static void an_argument_too_many_is_a_usage_error(void **state)
{
	(void)state;
	auto_free char *out = NULL, *err = NULL;
	const char *args[] = {"metrics", "rs0", NULL};
	assert_int_equal(ctl_run_args(args, &out, &err), CTL_USAGE);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, tempdir_setup, tempdir_teardown)
	const struct CMUnitTest tests[] = {
	    T(a_healthy_member_in_numbers),
	    T(findings_are_counted_by_name_and_weight),
	    T(warnings_alone_leave_it_ready),
	    T(what_waits_and_what_stands),
	    T(nothing_in_a_label_ends_a_line),
	    T(alert_targets_and_what_they_have_not_taken),
	    T(without_the_doctor_the_rest_is_shown),
	    T(without_rotad_it_says_that_it_is_down),
	    T(what_is_stale_is_not_shown_as_of_now),
	    T(the_file_is_replaced_as_a_whole),
	    T(a_folder_that_is_not_there_is_an_error),
	    T(an_argument_too_many_is_a_usage_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
