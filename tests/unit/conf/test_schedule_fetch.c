/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever comes over the net or out of a file: the last good schedule stays until a better one is
 * kept. */
#include "lib/test.h"

#include <stdlib.h>
#include <string.h>

#include "conf/schedule_fetch.h"
#include "lib/read_files.h"
#include "lib/tempdir.h"

#define NOW ((struct wall){.us = 1795314976 * US_S})

/* ---- fakes ---- */

static struct {
	int status;
	const char *body, *etag, *retry_after;
	bool fails;
	unsigned calls_n, polls_n;
	unsigned late_n; /* polls that find no answer yet */
	char if_none_match[64];
	char url[256];
} server;

static bool fake_begin(void *self UNUSED, const struct http_request *request,
		       struct err *err UNUSED)
{
	server.calls_n++;
	server.polls_n = 0;
	assert_string_equal(request->method, "GET");
	snprintf(server.url, sizeof(server.url), "%s", request->url);
	snprintf(server.if_none_match, sizeof(server.if_none_match), "%.63s",
		 request->headers_n ? request->headers[0].value : "");
	return true;
}

static bool fake_poll(void *self UNUSED, bool *ret_is_done, struct http_response *ret,
		      struct err *err)
{
	*ret_is_done = server.polls_n++ >= server.late_n;
	if (!*ret_is_done)
		return true;
	if (server.fails)
		return err_set(err, ERR_UNREACHABLE, "connection refused");
	memset(ret, 0, sizeof(*ret));
	ret->status = server.status;
	const char *pairs[][2] = {{"etag", server.etag}, {"retry-after", server.retry_after}};
	for (size_t i = 0; i < ARRAY_N(pairs); i++)
		if (pairs[i][1]) {
			snprintf(ret->headers[ret->headers_n].name, 64, "%s", pairs[i][0]);
			snprintf(ret->headers[ret->headers_n++].value, 1024, "%s", pairs[i][1]);
		}
	if (server.body)
		buf_adds(&ret->body, server.body);
	return true;
}
static const struct http_later_ops fake_http_ops = {.begin = fake_begin, .poll = fake_poll};
static const struct http_later fake_http = {.ops = &fake_http_ops};

static bool disk_is_full;
static bool fake_put(void *self UNUSED, const struct file_put *p, struct err *err)
{
	if (disk_is_full)
		return err_set(err, ERR_DISK_FULL, "no space left");
	FILE *f = fopen(p->path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(p->bytes.p, 1, p->bytes.n, f), p->bytes.n);
	assert_int_equal(fclose(f), 0);
	return true;
}
static bool fake_remove(void *self UNUSED, const char *path, struct err *err UNUSED)
{
	(void)unlink(path); /* fine when absent */
	return true;
}
static const struct files_ops fake_files_ops = {
    .look = read_files_look, .read_text = read_files_text, .put = fake_put, .remove = fake_remove};
static const struct files_port fake_files = {.ops = &fake_files_ops};
static const struct conf_how how = {.files = &fake_files,
				    .zone_directory = TESTS_DIR "/fixtures/zoneinfo",
				    .is_elsewhere = true,
				    .now = NOW};
static const struct schedule_subject subjects[] = {{"rs0", "db1.example.net"}};

struct world {
	struct schedule_policy policy;
	struct schedule_source source;
	struct schedule_store store;
	struct schedule_news news;
	struct wall now;
	struct err err;
};

static struct world *world_new(const char *dir)
{
	struct world *w = calloc(1, sizeof(*w));
	assert_non_null(w);
	snprintf(w->policy.url, sizeof(w->policy.url), "https://ops.example.net/rotad.yaml");
	w->policy.poll_us = 5 * US_MIN;
	w->source = (struct schedule_source){.policy = &w->policy,
					     .http = &fake_http,
					     .how = &how,
					     .state_directory = dir,
					     .subjects_n = 1,
					     .subjects = subjects};
	w->now = NOW;
	memset(&server, 0, sizeof(server));
	server.status = 200;
	disk_is_full = false;
	return w;
}

static void world_end(struct world *w)
{
	schedule_store_fini(&w->store);
	free(w);
}

/* Ten minutes later, the server says this. */
static bool look(struct world *w, int status, const char *body)
{
	server.status = status;
	server.body = body;
	w->now = wall_add(w->now, 10 * US_MIN);
	w->err = ERR_INIT;
	return schedule_look(&w->store, &w->source, w->now, &w->news, &w->err);
}

#define SEVEN "serial: 7\nfleet: prod\npolicies: [{clusters: rs0, keyfile: {maxAge: 60d}}]\n"
#define EIGHT "serial: 8\nfleet: prod\npolicies: [{clusters: rs0, keyfile: {maxAge: 50d}}]\n"
#define NINE_ELSEWHERE "serial: 9\nfleet: prod\npolicies: [{clusters: rs1, mode: ask}]\n"

static void new_schedules_are_taken_and_kept(void **state)
{
	struct world *w = world_new(*state);
	server.etag = "\"v7\"";
	assert_true(look(w, 200, SEVEN));
	assert_true(w->news.is_changed);
	assert_true(w->news.is_listed);
	assert_int_equal(w->news.serial, 7);
	assert_int_equal(w->news.age_us, 0);
	assert_string_equal(server.url, "https://ops.example.net/rotad.yaml");
	assert_string_equal(server.if_none_match, "");
	/* too early: no call */
	assert_true(
	    schedule_look(&w->store, &w->source, wall_add(w->now, US_MIN), &w->news, &w->err));
	assert_false(w->news.has_looked);
	assert_int_equal(server.calls_n, 1);
	assert_int_equal(w->news.age_us, US_MIN);
	/* nothing new */
	assert_true(look(w, 304, NULL));
	assert_string_equal(server.if_none_match, "\"v7\"");
	assert_false(w->news.is_changed);
	assert_int_equal(w->news.age_us, 0);
	assert_true(look(w, 200, SEVEN));
	assert_false(w->news.is_changed);
	assert_true(look(w, 200, EIGHT));
	assert_true(w->news.is_changed);
	assert_int_equal(w->news.serial, 8);
	/* after a restart of rotad */
	schedule_store_fini(&w->store);
	assert_true(schedule_store_load(&w->store, &w->source, &w->err));
	assert_int_equal(w->store.current.serial, 8);
	assert_int_equal(w->store.listed.serial, 0);
	world_end(w);
}

static void bad_answers_change_nothing(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum err_kind kind;
		const char *says;
	} rows[] = {
	    {200, "", ERR_INVALID, "empty"},
	    {200, NULL, ERR_INVALID, "empty"},
	    {200, "<html>login</html>", ERR_INVALID, "web page"},
	    {200, "{\"a\"", ERR_INVALID, ""},
	    {200, "serial: 8\nmood: act\n", ERR_INVALID, "unknown key"},
	    {200, "serial: 8\nfleet: other\n", ERR_REFUSED, "fleet 'other'"},
	    {200, "serial: 8\n", ERR_REFUSED, "fleet ''"},
	    {200, "serial: 6\nfleet: prod\n", ERR_REFUSED, "older than 7"},
	    {200, "serial: 7\nfleet: prod\nmode: ask\n", ERR_REFUSED, "serial is still 7"},
	    {200, "serial: 8\nfleet: prod\n# -----BEGIN CMS-----\n", ERR_SYNTAX, "no END"},
	    {301, SEVEN, ERR_REFUSED, "redirects"},
	    {302, EIGHT, ERR_REFUSED, "redirects"},
	    {401, "", ERR_AUTH, "login"},
	    {403, EIGHT, ERR_AUTH, "does not let"},
	    {404, "", ERR_NOT_FOUND, "HTTP 404"},
	    {429, "", ERR_UNREACHABLE, "later"},
	    {500, EIGHT, ERR_UNREACHABLE, "HTTP 500"},
	    {503, "", ERR_UNREACHABLE, "HTTP 503"},
	    {204, "", ERR_PROTOCOL, "HTTP 204"},
	    {0, "", ERR_PROTOCOL, ""},
	};
	struct world *w = world_new(*state);
	snprintf(w->policy.fleet, sizeof(w->policy.fleet), "prod");
	assert_true(look(w, 200, SEVEN));
	struct wall confirmed = w->now;
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		bool ok = look(w, rows[i].status, rows[i].body);
		if (ok || w->err.kind != rows[i].kind || !strstr(w->err.text, rows[i].says))
			fail_msg("row %zu: %s", i, w->err.text);
		assert_string_equal(w->err.subject, w->policy.url);
		assert_false(w->news.is_changed);
		assert_int_equal(w->news.serial, 7);
		assert_true(w->news.is_listed);
		assert_int_equal(w->news.age_us, w->now.us - confirmed.us);
		assert_true(w->news.next.us > w->now.us);
	}
	server.fails = true;
	assert_false(look(w, 200, EIGHT));
	assert_int_equal(w->err.kind, ERR_UNREACHABLE);
	server.fails = false;
	disk_is_full = true;
	assert_false(look(w, 200, EIGHT));
	assert_int_equal(w->err.kind, ERR_DISK_FULL);
	assert_int_equal(w->store.current.serial, 7);
	disk_is_full = false;
	assert_true(look(w, 200, EIGHT));
	assert_int_equal(w->news.serial, 8);
	world_end(w);
}

static void first_answer_304_is_no_schedule(void **state)
{
	struct world *w = world_new(*state);
	assert_false(look(w, 304, NULL));
	assert_int_equal(w->news.serial, 0);
	assert_int_equal(w->news.age_us, -1);
	world_end(w);
}

static void rollback_below_the_anchor_is_refused(void **state)
{
	struct world *w = world_new(*state);
	w->source.serial_min = 8;
	assert_false(look(w, 200, SEVEN));
	assert_int_equal(w->err.kind, ERR_REFUSED);
	assert_true(look(w, 200, EIGHT));
	w->source.serial_min = 9; /* the state directory was restored, the anchor not */
	schedule_store_fini(&w->store);
	assert_false(schedule_store_load(&w->store, &w->source, &w->err));
	assert_int_equal(w->err.kind, ERR_REFUSED);
	assert_int_equal(w->store.current.serial, 0);
	world_end(w);
}

static void host_missing_from_it_is_told_and_keeps_the_old_policies(void **state)
{
	struct world *w = world_new(*state);
	struct conf_faults f = {.n = 0};
	auto_conf struct conf *own = conf_new();
	auto_conf struct conf *merged = conf_new();
	assert_true(
	    conf_parse(STR("instances: [{name: a, configFile: /x}]\n"), "/r.yaml", own, &f));
	assert_true(look(w, 200, SEVEN));
	assert_true(look(w, 200, NINE_ELSEWHERE));
	assert_true(w->news.is_changed);
	assert_false(w->news.is_listed);
	schedule_store_fini(&w->store);
	assert_true(schedule_store_load(&w->store, &w->source, &w->err));
	assert_int_equal(w->store.current.serial, 9);
	assert_int_equal(w->store.listed.serial, 7);
	assert_true(schedule_merge(&w->store.current, &w->store.listed, own, "rs0",
				   "db1.example.net", &how, merged, &f));
	assert_int_equal(merged->config.policy.keyfile.max_age_us, 60 * US_DAY);
	/* listed again: the old one goes */
	assert_true(look(w, 200, "serial: 10\npolicies: [{hosts: \"db1*\"}]\n"));
	assert_true(w->news.is_listed);
	assert_int_equal(w->store.listed.serial, 0);
	schedule_store_fini(&w->store);
	assert_true(schedule_store_load(&w->store, &w->source, &w->err));
	assert_int_equal(w->store.listed.serial, 0);
	world_end(w);
}

static void retry_after_is_clamped(void **state)
{
	static const struct {
		const char *value;
		int64_t wait_us;
	} rows[] = {
	    {"1200", 20 * US_MIN},
	    {"1", 5 * US_MIN},
	    {"99999999999", 6 * US_H},
	    {"Sun, 06 Nov 1994 08:49:37 GMT", 5 * US_MIN},
	    {"Fri, 31 Dec 9999 23:59:59 GMT", 6 * US_H},
	    {"\xff\xfe", 5 * US_MIN},
	};
	struct world *w = world_new(*state);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		server.retry_after = rows[i].value;
		w->now = wall_add(w->now, 6 * US_H);
		assert_false(look(w, 503, ""));
		assert_int_equal(w->news.next.us - w->now.us, rows[i].wait_us);
	}
	/* a clock that jumped back does not silence it for years */
	w->now = wall_add(w->now, -365 * US_DAY);
	server.retry_after = NULL;
	assert_true(look(w, 200, SEVEN));
	assert_true(w->news.has_looked);
	world_end(w);
}

static void late_answer_is_waited_for_without_waiting(void **state)
{
	struct world *w = world_new(*state);
	server.late_n = 2;
	assert_true(look(w, 200, SEVEN));
	assert_false(w->news.has_looked);
	assert_true(w->store.is_asking);
	assert_int_equal(w->news.serial, 0);
	/* called again soon, and nothing is asked twice */
	assert_int_equal(w->news.next.us - w->now.us, 100 * US_MS);
	for (int i = 0; i < 2; i++)
		assert_true(schedule_look(&w->store, &w->source, w->news.next, &w->news, &w->err));
	assert_true(w->news.is_changed);
	assert_false(w->store.is_asking);
	assert_int_equal(w->news.serial, 7);
	assert_int_equal(server.calls_n, 1);
	/* one that never comes ends as an error of the exchange, and the next look asks anew */
	server.late_n = 1;
	server.fails = true;
	assert_true(look(w, 200, SEVEN));
	assert_false(schedule_look(&w->store, &w->source, w->news.next, &w->news, &w->err));
	assert_int_equal(w->err.kind, ERR_UNREACHABLE);
	assert_false(w->store.is_asking);
	assert_int_equal(w->news.serial, 7);
	server.fails = false;
	server.late_n = 0;
	assert_true(look(w, 200, EIGHT));
	assert_int_equal(w->news.serial, 8);
	world_end(w);
}

static bool fits_not(void *self UNUSED, const struct schedule *next UNUSED, struct err *err)
{
	return err_set(err, ERR_INVALID, "it cannot be met here");
}

static void what_this_host_cannot_live_with_is_not_taken(void **state)
{
	struct world *w = world_new(*state);
	assert_true(look(w, 200, SEVEN));
	w->source.fits = fits_not;
	assert_false(look(w, 200, EIGHT));
	assert_int_equal(w->err.kind, ERR_INVALID);
	assert_int_equal(w->news.serial, 7);
	/* nor kept: a restart finds the last good one */
	schedule_store_fini(&w->store);
	assert_true(schedule_store_load(&w->store, &w->source, &w->err));
	assert_int_equal(w->store.current.serial, 7);
	world_end(w);
}

static void looks_of_a_fleet_are_spread(void **state)
{
	struct world *w = world_new(*state);
	int64_t first = 0;
	bool differs = false;
	for (uint64_t i = 1; i <= 8; i++) {
		w->source.seed = i * 77;
		assert_true(look(w, 200, SEVEN));
		int64_t wait = w->news.next.us - w->now.us;
		assert_in_range(wait, 5 * US_MIN - 30 * US_S, 5 * US_MIN);
		differs |= first && wait != first;
		first = wait;
	}
	assert_true(differs);
	world_end(w);
}

static void damaged_copy_is_told_and_not_used(void **state)
{
	char path[512];
	struct world *w = world_new(*state);
	assert_true(look(w, 200, SEVEN));
	schedule_store_fini(&w->store);
	snprintf(path, sizeof(path), "%s/schedule.yaml", (const char *)*state);
	assert_int_equal(truncate(path, 12), 0);
	assert_false(schedule_store_load(&w->store, &w->source, &w->err));
	assert_int_equal(w->store.current.serial, 0);
	assert_true(look(w, 200, SEVEN)); /* and mended by the next look */
	assert_int_equal(w->news.serial, 7);
	world_end(w);
}

static void file_works_as_a_source(void **state)
{
	struct world *w = world_new(*state);
	w->policy.url[0] = '\0';
	w->source.http = NULL;
	snprintf(w->policy.file, sizeof(w->policy.file), "%s/central.yaml", (const char *)*state);
	assert_false(look(w, 200, NULL));
	assert_int_equal(w->err.kind, ERR_NOT_FOUND);
	struct file_put put = {.path = w->policy.file, .bytes = STR(SEVEN)};
	assert_true(fake_put(NULL, &put, &w->err));
	assert_true(look(w, 200, NULL));
	assert_int_equal(w->news.serial, 7);
	put.bytes = STR("oops");
	assert_true(fake_put(NULL, &put, &w->err));
	assert_false(look(w, 200, NULL));
	assert_int_equal(w->news.serial, 7);
	assert_int_equal(server.calls_n, 0);
	world_end(w);
}

static void unsigned_schedule_is_refused_where_a_signer_is_named(void **state)
{
	struct world *w = world_new(*state);
	snprintf(w->policy.signer, sizeof(w->policy.signer), "%s/signer.pem", (const char *)*state);
	const struct file_put put = {.path = w->policy.signer,
				     .bytes = STR("-----BEGIN CERTIFICATE-----\n")};
	assert_true(fake_put(NULL, &put, &w->err));
	assert_false(look(w, 200, SEVEN));
	assert_int_equal(w->news.serial, 0);
	world_end(w);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, tempdir_setup, tempdir_teardown)
	const struct CMUnitTest tests[] = {
	    T(new_schedules_are_taken_and_kept),
	    T(bad_answers_change_nothing),
	    T(first_answer_304_is_no_schedule),
	    T(rollback_below_the_anchor_is_refused),
	    T(host_missing_from_it_is_told_and_keeps_the_old_policies),
	    T(retry_after_is_clamped),
	    T(damaged_copy_is_told_and_not_used),
	    T(late_answer_is_waited_for_without_waiting),
	    T(what_this_host_cannot_live_with_is_not_taken),
	    T(looks_of_a_fleet_are_spread),
	    T(file_works_as_a_source),
	    T(unsigned_schedule_is_refused_where_a_signer_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
