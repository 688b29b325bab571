/* SPDX-License-Identifier: Apache-2.0 */
/* Whole lives of alerts on a fake disk, fake receivers and a fake clock. */
#include "lib/test.h"

#include "base/cleanup.h"
#include "base/rng.h"
#include "codec/json_strict.h"
#include "lib/fake_files.h"
#include "model/event_table.h"
#include "notify/notify.h"
#include "notify/notify_webhook.h"

/* One lane: what was sent last, and what its receiver will say. */
struct receiver {
	int status; /* 0: no answer yet; below 0: the network fails */
	char retry_after[64];
	bool is_busy;
	unsigned sent_n;
	char url[64], id[SPOOL_ID_BYTES], event[48], subject[64];
	bool is_resolved;
};

static struct fake_files disk;
static struct receiver lanes[2];
static struct alert_policy policies[2];
static struct notify_target targets[2];
static struct wall now;
static struct notify *n;

static bool lane_begin(void *self, const struct http_request *r, struct err *err)
{
	struct receiver *l = self;
	AUTO(json_t) o = NULL;
	if (l->is_busy)
		return err_set(err, ERR_CONFLICT, "busy");
	assert_true(json_read(r->body, "body", &o, err));
	const json_t *d = json_object_get(o, "data");
	l->is_busy = true;
	l->sent_n++;
	snprintf(l->url, sizeof(l->url), "%s", r->url);
	snprintf(l->id, sizeof(l->id), "%s", r->headers[1].value);
	assert_true(copy_str(l->event, sizeof(l->event), json_str(d, "event")));
	assert_true(copy_str(l->subject, sizeof(l->subject), json_str(d, "subject")));
	l->is_resolved = json_is_true(json_object_get(d, "resolved"));
	return true;
}

static bool lane_poll(void *self, bool *ret_is_done, struct http_response *ret, struct err *err)
{
	struct receiver *l = self;
	*ret_is_done = l->status != 0;
	if (!*ret_is_done)
		return true;
	l->is_busy = false;
	if (l->status < 0)
		return err_set(err, ERR_UNREACHABLE, "no route to host");
	*ret = (struct http_response){.status = l->status};
	if (l->retry_after[0]) {
		ret->headers_n = 1;
		snprintf(ret->headers[0].name, sizeof(ret->headers[0].name), "retry-after");
		snprintf(ret->headers[0].value, sizeof(ret->headers[0].value), "%s",
			 l->retry_after);
	}
	return true;
}
static const struct http_later_ops lane_ops = {.begin = lane_begin, .poll = lane_poll};

static struct rng seed;
static bool fake_random(void *self, void *out, size_t size, struct err *err)
{
	for (size_t i = 0; i < size; i++)
		((unsigned char *)out)[i] = (unsigned char)rng_next(&seed);
	return true;
}
static const struct host_ops host_ops = {.random = fake_random};

static void begin(size_t lanes_n, size_t targets_n)
{
	struct err err = ERR_INIT;
	const struct notify_lane given[2] = {{.http = {.ops = &lane_ops, .self = &lanes[0]}},
					     {.http = {.ops = &lane_ops, .self = &lanes[1]}}};
	const struct notify_parts parts = {.targets = targets,
					   .targets_n = targets_n,
					   .lanes = given,
					   .lanes_n = lanes_n,
					   .files = fake_files_port(&disk),
					   .random = {.ops = &host_ops},
					   .state_directory = "/st",
					   .host = "db1"};
	if (!notify_new(&parts, now, &n, &err))
		fail_msg("%s", err.text);
}

static void restart(size_t lanes_n, size_t targets_n)
{
	notify_free(n);
	for (size_t i = 0; i < ARRAY_N(lanes); i++)
		lanes[i].is_busy = false;
	begin(lanes_n, targets_n);
}

static int fresh(void **state)
{
	fake_files_fini(&disk);
	memset(lanes, 0, sizeof(lanes));
	memset(policies, 0, sizeof(policies));
	now = (struct wall){1800000000 * US_S};
	seed.state = 7;
	for (size_t i = 0; i < 2; i++) {
		lanes[i].status = 204;
		policies[i].type = ALERT_WEBHOOK;
		policies[i].min_severity = SEVERITY_NOTICE;
		snprintf(policies[i].name, sizeof(policies[i].name), i ? "chat" : "ops");
		snprintf(policies[i].url, sizeof(policies[i].url), "https://%s/",
			 i ? "chat" : "ops");
		targets[i] = (struct notify_target){.policy = &policies[i]};
	}
	begin(1, 1);
	return 0;
}

static int done(void **state)
{
	notify_free(take(&n));
	fake_files_fini(&disk);
	return 0;
}

static enum notify_added add_as(enum event_kind kind, const char *subject, bool is_resolved,
				struct notify_when when)
{
	struct event e = event_of(kind, "rs0", subject);
	struct err err = ERR_INIT;
	enum notify_added added;
	e.at = now;
	e.is_resolved = is_resolved;
	if (!notify_add(n, &e, &when, now, &added, &err))
		fail_msg("%s", err.text);
	return added;
}
static enum notify_added add(enum event_kind kind, const char *subject)
{
	return add_as(kind, subject, false, (struct notify_when){.is_mine = true});
}
static enum notify_added resolve(enum event_kind kind, const char *subject)
{
	return add_as(kind, subject, true, (struct notify_when){.is_mine = true});
}

static unsigned sent(void)
{
	return lanes[0].sent_n + lanes[1].sent_n;
}
/* Pump for a while in steps. */
static void live(int64_t for_us)
{
	for (int64_t i = 0; i <= 100; i++) {
		(void)notify_pump(n, now); /* the wait is tried elsewhere */
		now = wall_add(now, for_us / 100);
	}
}
static bool was_told(enum event_kind kind, bool is_resolved)
{
	struct event e;
	while (notify_tell(n, &e))
		if (strcmp(e.name, event_table[kind].name) == 0 && e.is_resolved == is_resolved) {
			assert_true(e.headline[0] && e.what[0] && e.now[0] && e.we_did[0] &&
				    e.you[0]);
			return true;
		}
	return false;
}

static void a_trouble_is_told_once_in_its_interval_and_its_end_once(void **state)
{
	assert_int_equal(add(EVENT_FOREIGN_WRITE, "db3"), NOTIFY_QUEUED);
	assert_int_equal(add(EVENT_FOREIGN_WRITE, "db3"), NOTIFY_REPEATED);
	assert_int_equal(add(EVENT_FOREIGN_WRITE, "db2"), NOTIFY_QUEUED);
	live(US_S);
	assert_int_equal(sent(), 2);
	now = wall_add(now, NOTIFY_REPEAT_CRITICAL_US - 10 * US_S);
	assert_int_equal(add(EVENT_FOREIGN_WRITE, "db3"), NOTIFY_REPEATED);
	now = wall_add(now, 20 * US_S);
	assert_int_equal(add(EVENT_FOREIGN_WRITE, "db3"), NOTIFY_QUEUED);
	assert_int_equal(resolve(EVENT_FOREIGN_WRITE, "db3"), NOTIFY_QUEUED);
	assert_int_equal(resolve(EVENT_FOREIGN_WRITE, "db3"), NOTIFY_REPEATED);
	live(US_S);
	assert_int_equal(sent(), 4);
	assert_true(lanes[0].is_resolved);
	assert_int_equal(add(EVENT_FOREIGN_WRITE, "db3"), NOTIFY_QUEUED); /* anew: at once */
}

static void a_reminder_comes_in_its_own_interval(void **state)
{
	struct event e = event_of(EVENT_CERTIFICATE_REQUEST_WAITING, "rs0", "db3");
	const struct notify_when mine = {.is_mine = true};
	struct err err = ERR_INIT;
	enum notify_added added;
	e.repeat_us = 15 * US_DAY;
	assert_true(notify_add(n, &e, &mine, now, &added, &err));
	assert_int_equal(added, NOTIFY_QUEUED);
	now = wall_add(now, 15 * US_DAY - US_S);
	assert_true(notify_add(n, &e, &mine, now, &added, &err));
	assert_int_equal(added, NOTIFY_REPEATED);
	now = wall_add(now, US_S);
	assert_true(notify_add(n, &e, &mine, now, &added, &err));
	assert_int_equal(added, NOTIFY_QUEUED);
	e.severity = SEVERITY_WARNING; /* graver: at once */
	assert_true(notify_add(n, &e, &mine, now, &added, &err));
	assert_int_equal(added, NOTIFY_QUEUED);
}

static void an_end_without_a_beginning_is_not_told(void **state)
{
	assert_int_equal(resolve(EVENT_DISK_FULL, "db1"), NOTIFY_REPEATED);
	live(US_S);
	assert_int_equal(sent(), 0);
}

static void a_graver_one_is_told_at_once(void **state)
{
	struct event e = event_of(EVENT_DISK_FULL, "rs0", "db1");
	struct err err = ERR_INIT;
	const struct notify_when mine = {.is_mine = true};
	enum notify_added added;
	e.severity = SEVERITY_WARNING;
	assert_true(notify_add(n, &e, &mine, now, &added, &err));
	assert_int_equal(added, NOTIFY_QUEUED);
	e.severity = SEVERITY_CRITICAL;
	assert_true(notify_add(n, &e, &mine, now, &added, &err));
	assert_int_equal(added, NOTIFY_QUEUED);
	e.severity = SEVERITY_WARNING;
	assert_true(notify_add(n, &e, &mine, now, &added, &err));
	assert_int_equal(added, NOTIFY_REPEATED);
}

static void each_target_gets_only_what_is_grave_enough_for_it(void **state)
{
	policies[1].min_severity = SEVERITY_CRITICAL;
	restart(2, 2);
	assert_int_equal(add(EVENT_TURN_DONE, "db1"), NOTIFY_NOBODY); /* info */
	assert_int_equal(add(EVENT_MEMBER_UNREACHABLE, "db2"), NOTIFY_QUEUED);
	live(US_S);
	assert_int_equal(sent(), 1);
	assert_int_equal(add(EVENT_FOREIGN_WRITE, "db3"), NOTIFY_QUEUED);
	live(US_S);
	assert_int_equal(sent(), 3);
	/* the end, a notice by itself, goes where the beginning went */
	assert_int_equal(resolve(EVENT_FOREIGN_WRITE, "db3"), NOTIFY_QUEUED);
	live(US_S);
	assert_int_equal(sent(), 5);
}

static void neither_alerts_nor_repeats_are_lost_or_doubled_by_a_restart(void **state)
{
	char id[SPOOL_ID_BYTES];
	lanes[0].status = 0; /* under way when rotad dies */
	assert_int_equal(add(EVENT_FOREIGN_WRITE, "db3"), NOTIFY_QUEUED);
	(void)notify_pump(n, now);
	assert_int_equal(sent(), 1);
	snprintf(id, sizeof(id), "%s", lanes[0].id);
	restart(1, 1);
	lanes[0].status = 200;
	assert_int_equal(add(EVENT_FOREIGN_WRITE, "db3"), NOTIFY_REPEATED);
	live(US_S);
	assert_int_equal(sent(), 2);
	assert_string_equal(lanes[0].id, id); /* the receiver can tell that it is the same */
	restart(1, 1);
	live(US_S);
	assert_int_equal(sent(), 2);
	assert_int_equal(resolve(EVENT_FOREIGN_WRITE, "db3"), NOTIFY_QUEUED);
}

static void order_is_kept_while_a_receiver_is_down(void **state)
{
	static const enum event_kind kinds[] = {EVENT_FOREIGN_WRITE, EVENT_DISK_FULL,
						EVENT_CLAIM_STUCK};
	lanes[0].status = 503;
	for (size_t i = 0; i < ARRAY_N(kinds); i++)
		(void)add(kinds[i], "db1");
	live(10 * US_MIN);
	assert_string_equal(lanes[0].event,
			    "foreign-write"); /* never the second before the first */
	unsigned tries_n = sent();
	assert_true(tries_n > 5); /* every 5 minutes on average at the end, sooner before */
	assert_true(tries_n < 60);
	assert_true(was_told(EVENT_ALERT_UNDELIVERED, false));
	lanes[0].status = 200;
	live(NOTIFY_BACKOFF_MAX_US * 2);
	assert_int_equal(sent(), tries_n + 3);
	assert_string_equal(lanes[0].event, "claim-stuck");
	assert_true(was_told(EVENT_ALERT_UNDELIVERED, true));
	assert_int_equal(notify_view(n, 0).waiting_n, 0);
	assert_int_equal(notify_view(n, 0).tries_n, 0);
}

static void back_off_is_jittered_bounded_and_outlives_a_restart(void **state)
{
	int64_t longest = 0, shortest = INT64_MAX;
	lanes[0].status = -1;
	(void)add(EVENT_DISK_FULL, "db1");
	for (int i = 0; i < 60; i++) {
		(void)notify_pump(n, now); /* send */
		(void)notify_pump(n, now); /* and fail */
		struct notify_view v = notify_view(n, 0);
		int64_t wait = v.next_try_at.us - now.us;
		assert_int_equal(v.tries_n, i + 1);
		assert_true(wait >= US_S);
		assert_true(wait <= NOTIFY_BACKOFF_MAX_US);
		if (i > 20) {
			longest = MAX(longest, wait);
			shortest = MIN(shortest, wait);
		}
		if (i == 30) {
			restart(1, 1);
			assert_int_equal(notify_view(n, 0).tries_n, i + 1);
			assert_int_equal(notify_view(n, 0).next_try_at.us, v.next_try_at.us);
		}
		unsigned before = sent();
		now = wall_add(v.next_try_at, -1);
		(void)notify_pump(n, now);
		assert_int_equal(sent(), before); /* not a moment sooner */
		now = v.next_try_at;
	}
	assert_true(longest > NOTIFY_BACKOFF_MAX_US * 3 / 4); /* full jitter: near both ends */
	assert_true(shortest < NOTIFY_BACKOFF_MAX_US / 4);
}

static void retry_after_is_a_lower_bound(void **state)
{
	lanes[0].status = 429;
	snprintf(lanes[0].retry_after, sizeof(lanes[0].retry_after), "1800");
	(void)add(EVENT_DISK_FULL, "db1");
	(void)notify_pump(n, now);
	(void)notify_pump(n, now);
	assert_true(notify_view(n, 0).next_try_at.us - now.us == 1800 * US_S);
	snprintf(lanes[0].retry_after, sizeof(lanes[0].retry_after), "999999999");
	now = notify_view(n, 0).next_try_at;
	(void)notify_pump(n, now);
	(void)notify_pump(n, now);
	assert_true(notify_view(n, 0).next_try_at.us - now.us <= RETRY_AFTER_MAX_US);
}

static void a_receiver_that_is_gone_is_switched_off_until_its_url_changes(void **state)
{
	lanes[0].status = 410;
	(void)add(EVENT_DISK_FULL, "db1");
	(void)add(EVENT_CLAIM_STUCK, "db1");
	live(US_S);
	assert_int_equal(sent(), 1);
	assert_true(was_told(EVENT_ALERT_TARGET_GONE, false));
	assert_true(notify_view(n, 0).is_gone);
	assert_int_equal(notify_view(n, 0).waiting_n, 0);
	assert_int_equal(add(EVENT_FOREIGN_WRITE, "db1"), NOTIFY_NOBODY);
	restart(1, 1);
	assert_true(notify_view(n, 0).is_gone);
	snprintf(policies[0].url, sizeof(policies[0].url), "https://new/");
	lanes[0].status = 200;
	restart(1, 1);
	assert_false(notify_view(n, 0).is_gone);
	assert_int_equal(add(EVENT_FOREIGN_WRITE, "db1"), NOTIFY_QUEUED);
	live(US_S);
	assert_int_equal(sent(), 2);
	assert_string_equal(lanes[0].url, "https://new/");
}

static void a_message_that_is_refused_is_given_up_and_the_next_goes(void **state)
{
	lanes[0].status = 422;
	(void)add(EVENT_DISK_FULL, "db1");
	(void)add(EVENT_CLAIM_STUCK, "db1");
	while (notify_view(n, 0).waiting_n == 2)
		live(10 * US_S);
	assert_true(was_told(EVENT_ALERT_REFUSED, false));
	lanes[0].status = 200;
	live(NOTIFY_BACKOFF_MAX_US * 2);
	assert_string_equal(lanes[0].event, "claim-stuck");
	assert_int_equal(sent(), NOTIFY_BAD_TRIES_MAX + 1);
}

static void each_refused_message_has_tries_of_its_own(void **state)
{
	static const enum event_kind kinds[] = {EVENT_DISK_FULL, EVENT_CLAIM_STUCK};
	lanes[0].status = 422;
	for (size_t i = 0; i < ARRAY_N(kinds); i++)
		(void)add(kinds[i], "db1");
	while (notify_view(n, 0).waiting_n == 2)
		live(10 * US_S);
	assert_in_range(sent(), NOTIFY_BAD_TRIES_MAX, NOTIFY_BAD_TRIES_MAX + 1);
	while (notify_view(n, 0).waiting_n == 1)
		live(US_MIN);
	assert_int_equal(sent(), 2 * NOTIFY_BAD_TRIES_MAX);
	/* tries of one that was taken in the end do not count for the next */
	(void)add(EVENT_FOREIGN_WRITE, "db1");
	while (sent() < 2 * NOTIFY_BAD_TRIES_MAX + NOTIFY_BAD_TRIES_MAX - 1)
		live(US_MIN);
	lanes[0].status = 200;
	live(20 * US_MIN);
	assert_int_equal(notify_view(n, 0).waiting_n, 0);
	lanes[0].status = 422;
	(void)add(EVENT_SECOND_WRITER, "db1");
	unsigned before = sent();
	while (notify_view(n, 0).waiting_n == 1)
		live(US_S);
	assert_int_equal(sent() - before, NOTIFY_BAD_TRIES_MAX);
}

static void a_wrong_secret_or_url_is_told_at_once_and_nothing_is_lost(void **state)
{
	lanes[0].status = 401;
	(void)add(EVENT_DISK_FULL, "db1");
	(void)notify_pump(n, now);
	(void)notify_pump(n, now);
	assert_true(was_told(EVENT_ALERT_UNDELIVERED, false));
	live(24 * US_H);
	assert_int_equal(notify_view(n, 0).waiting_n, 1);
	assert_false(was_told(EVENT_ALERT_UNDELIVERED, false)); /* once */
}

static void a_slow_receiver_holds_up_nobody_else(void **state)
{
	restart(2, 2);
	(void)add(EVENT_DISK_FULL, "db1");
	lanes[0].status = 0; /* takes its time */
	for (int i = 0; i < 5; i++)
		(void)add(EVENT_MEMBER_UNREACHABLE, (char[]){'a', (char)('0' + i), 0});
	live(US_S);
	assert_int_equal(lanes[0].sent_n, 1);
	assert_int_equal(lanes[1].sent_n, 6);
	assert_string_equal(lanes[1].url, "https://chat/");
	assert_true(notify_pump(n, now) <= US_S); /* its deadline must be looked at */
}

static void other_hosts_wait_a_minute_and_say_nothing_when_it_was_told(void **state)
{
	const struct notify_when others = {0};
	assert_int_equal(add_as(EVENT_FOREIGN_WRITE, "db3", false, others), NOTIFY_QUEUED);
	assert_true(notify_pump(n, now) <= NOTIFY_OTHERS_DELAY_US);
	live(NOTIFY_OTHERS_DELAY_US - US_S);
	assert_int_equal(sent(), 0);
	notify_told_elsewhere(n, "rs0/foreign-write/db3", SEVERITY_CRITICAL, now);
	live(10 * US_MIN);
	assert_int_equal(sent(), 0);
	assert_int_equal(add_as(EVENT_FOREIGN_WRITE, "db3", false, others), NOTIFY_REPEATED);

	assert_int_equal(add_as(EVENT_DISK_FULL, "db2", false, others), NOTIFY_QUEUED);
	live(NOTIFY_OTHERS_DELAY_US + 2 * US_S); /* nobody told it */
	assert_int_equal(sent(), 1);
	assert_int_equal(add_as(EVENT_CLAIM_STUCK, "db2", false, others), NOTIFY_QUEUED);
	assert_int_equal(add_as(EVENT_CLAIM_STUCK, "db2", true, others), NOTIFY_WITHDRAWN);
	live(10 * US_MIN);
	assert_int_equal(sent(), 1); /* over before it was told: neither */
}

static void heartbeats_come_at_their_interval_and_are_not_spooled(void **state)
{
	policies[0].heartbeat_us = 5 * US_MIN;
	restart(1, 1);
	assert_int_equal(notify_pump(n, now), 0);
	assert_int_equal(sent(), 1);
	assert_string_equal(lanes[0].event, "heartbeat");
	(void)notify_pump(n, now);
	assert_true(notify_pump(n, now) > 4 * US_MIN);
	assert_int_equal(notify_view(n, 0).last_heartbeat_at.us, now.us);
	lanes[0].status = 500; /* an hour of silence is not an hour of heartbeats later */
	live(US_H);
	lanes[0].status = 200;
	unsigned before = sent();
	live(20 * US_MIN);
	assert_in_range(sent() - before, 3, 6);
	assert_int_equal(notify_view(n, 0).waiting_n, 0);
}

static void a_clock_that_jumps_stops_neither_alerts_nor_heartbeats(void **state)
{
	policies[0].heartbeat_us = 5 * US_MIN;
	restart(1, 1);
	lanes[0].status = 500;
	(void)add(EVENT_DISK_FULL, "db1");
	live(US_MIN);
	lanes[0].status = 200;
	now = wall_add(now, -10 * 365 * US_DAY);
	live(US_MIN);
	assert_int_equal(notify_view(n, 0).waiting_n, 0);
	assert_int_equal(add(EVENT_DISK_FULL, "db1"), NOTIFY_REPEATED); /* anew from here */
	now = wall_add(now, NOTIFY_REPEAT_CRITICAL_US + US_S);
	assert_int_equal(add(EVENT_DISK_FULL, "db1"), NOTIFY_QUEUED);
	unsigned before = sent();
	live(20 * US_MIN);
	assert_true(sent() > before + 2);
	now = wall_add(now, 20 * 365 * US_DAY);
	live(US_MIN);
	assert_true(sent() > before + 3);
}

static void what_notify_tells_of_a_target_does_not_go_to_that_target(void **state)
{
	restart(2, 2);
	lanes[0].status = 0;
	struct event e = event_of(EVENT_ALERT_UNDELIVERED, "", "ops");
	struct err err = ERR_INIT;
	const struct notify_when mine = {.is_mine = true};
	enum notify_added added;
	assert_true(notify_add(n, &e, &mine, now, &added, &err));
	assert_int_equal(added, NOTIFY_QUEUED);
	assert_int_equal(notify_view(n, 0).waiting_n, 0);
	assert_int_equal(notify_view(n, 1).waiting_n, 1);
}

static void a_test_goes_to_one_target_also_when_it_rests(void **state)
{
	restart(2, 2);
	lanes[0].status = 500;
	lanes[1].status = 500;
	policies[0].min_severity = SEVERITY_CRITICAL;
	(void)add(EVENT_DISK_FULL, "db1");
	live(US_MIN);
	unsigned before = sent();
	lanes[0].status = lanes[1].status = 200;
	const struct notify_when test = {.is_forced = true, .only = "ops"};
	assert_int_equal(add_as(EVENT_ALERT_TEST, "db1", false, test), NOTIFY_QUEUED);
	assert_int_equal(add_as(EVENT_ALERT_TEST, "db1", false, test), NOTIFY_QUEUED); /* again */
	for (int i = 0; i < 6; i++)
		(void)notify_pump(n, now);
	assert_true(sent() - before >= 3); /* what waited, and the tests, at once */
	assert_int_equal(notify_view(n, 0).waiting_n, 0);
}

/* What a person's test came to, pumped once a step of 30 ms. */
static void try_out(const char *only, size_t expected_n)
{
	struct event e = event_of(EVENT_ALERT_TEST, "", "db1");
	e.at = now;
	assert_int_equal(notify_test(n, &e, only), expected_n);
	for (int i = 0; i < 6; i++) {
		(void)notify_pump(n, now);
		now = wall_add(now, 30 * US_MS);
	}
}

static void a_persons_test_says_what_each_target_answered(void **state)
{
	static const struct {
		int status;
		enum notify_verdict verdict;
		const char *why;
	} rows[] = {{204, NOTIFY_TAKEN, ""},
		    {401, NOTIFY_REFUSED, "status 401"},
		    {400, NOTIFY_BAD, "status 400"},
		    {503, NOTIFY_AGAIN, "status 503"},
		    {-1, NOTIFY_AGAIN, "no route"}};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct notify_tested r;
		lanes[0].status = rows[i].status;
		try_out(NULL, 1);
		r = notify_tested(n, 0);
		assert_true(r.is_wanted && r.is_over);
		assert_int_equal(r.verdict, rows[i].verdict);
		assert_int_equal(r.status, rows[i].status > 0 ? rows[i].status : 0);
		assert_int_equal(r.took_us, 30 * US_MS);
		assert_non_null(strstr(r.why, rows[i].why));
		assert_string_equal(lanes[0].event, "alert-test");
		/* Sent once: neither kept nor tried again, nor counted as an alert lost. */
		assert_int_equal(notify_view(n, 0).waiting_n, 0);
	}
	assert_int_equal(sent(), ARRAY_N(rows));
	live(US_H);
	assert_int_equal(sent(), ARRAY_N(rows));
}

static void a_test_goes_before_what_waits_and_to_a_target_that_rests(void **state)
{
	restart(1, 2);
	lanes[0].status = 503;
	policies[1].min_severity = SEVERITY_CRITICAL;
	(void)add(EVENT_TURN_DONE, "db1");
	(void)add(EVENT_MEMBER_UNREACHABLE, "db1");
	live(US_MIN);
	assert_true(notify_view(n, 0).next_try_at.us > now.us);
	unsigned before = sent();
	lanes[0].status = 0; /* it hangs */
	try_out("ops", 1);
	assert_int_equal(sent(), before + 1);
	assert_string_equal(lanes[0].event, "alert-test");
	assert_true(notify_tested(n, 0).is_wanted);
	assert_false(notify_tested(n, 0).is_over);
	assert_false(notify_tested(n, 1).is_wanted);
	lanes[0].status = 200;
	live(US_MIN);
	assert_true(notify_tested(n, 0).is_over);
	assert_int_equal(notify_view(n, 0).waiting_n, 0); /* it takes alerts: so these, too */
	try_out("nobody", 0);
}

static void a_target_that_was_gone_and_takes_a_test_gets_alerts_again(void **state)
{
	lanes[0].status = 410;
	(void)add(EVENT_DISK_FULL, "db1");
	live(US_S);
	assert_true(notify_view(n, 0).is_gone);
	assert_true(was_told(EVENT_ALERT_TARGET_GONE, false));
	try_out(NULL, 1);
	assert_int_equal(notify_tested(n, 0).verdict, NOTIFY_GONE);
	assert_false(was_told(EVENT_ALERT_TARGET_GONE, false)); /* told before */
	assert_int_equal(add(EVENT_STATE_UNWRITABLE, "db1"), NOTIFY_NOBODY);
	lanes[0].status = 200;
	try_out(NULL, 1);
	assert_int_equal(notify_tested(n, 0).verdict, NOTIFY_TAKEN);
	assert_int_equal(add(EVENT_CLAIM_STUCK, "db1"), NOTIFY_QUEUED);
	restart(1, 1);
	assert_false(notify_view(n, 0).is_gone);
}

static void a_message_on_its_way_is_not_taken_for_the_test(void **state)
{
	lanes[0].status = 0;
	(void)add(EVENT_DISK_FULL, "db1");
	(void)notify_pump(n, now); /* begun, not answered */
	try_out(NULL, 1);
	assert_false(notify_tested(n, 0).is_over);
	lanes[0].status = 200;
	(void)notify_pump(n, now); /* its end; the test is sent */
	assert_false(notify_tested(n, 0).is_over);
	(void)notify_pump(n, now);
	assert_true(notify_tested(n, 0).is_over);
}

static void a_torn_state_is_told_and_begun_anew(void **state)
{
	(void)add(EVENT_DISK_FULL, "db1");
	live(US_S);
	notify_free(take(&n));
	int i = fake_files_find(&disk, "/st/notify.json");
	assert_true(i >= 0);
	disk.files[i].bytes[disk.files[i].n / 2] ^= 4; /* one bit */
	begin(1, 1);
	assert_true(was_told(EVENT_ALERT_DROPPED, false));
	assert_int_equal(add(EVENT_DISK_FULL, "db1"), NOTIFY_QUEUED);
	restart(1, 1);
	assert_false(was_told(EVENT_ALERT_DROPPED, false));
}

static void a_target_taken_out_of_the_configuration_leaves_nothing(void **state)
{
	restart(2, 2);
	lanes[0].status = lanes[1].status = 0;
	(void)add(EVENT_DISK_FULL, "db1");
	restart(1, 1);
	assert_true(was_told(EVENT_ALERT_DROPPED, false));
	assert_int_equal(notify_view(n, 0).waiting_n, 1);
	assert_int_equal(fake_files_n(&disk), 2); /* its alert and the state */
}

static void overflow_is_counted_and_told_not_one_by_one(void **state)
{
	unsigned told_n = 0;
	struct event e;
	lanes[0].status = 0;
	for (int i = 0; i < SPOOL_FILES_MAX + 100; i++) {
		const struct notify_when forced = {.is_forced =
						       true}; /* quicker: no list of keys */
		(void)add_as(EVENT_MEMBER_UNREACHABLE, "m", false, forced);
	}
	while (notify_tell(n, &e))
		told_n += strcmp(e.name, "alert-dropped") == 0;
	assert_in_range(told_n, 1, 8);
	assert_int_equal(notify_dropped_n(n), 100);
	restart(1, 1);
	assert_int_equal(notify_dropped_n(n), 100);
}

static void a_full_disk_still_lets_alerts_out(void **state)
{
	disk.is_full = true;
	assert_int_equal(add(EVENT_DISK_FULL, "db1"), NOTIFY_QUEUED);
	live(US_S);
	assert_int_equal(sent(), 1);
	assert_string_equal(lanes[0].event, "disk-full");
}

static void a_bad_target_is_refused_at_start_by_name(void **state)
{
	struct notify *m = NULL;
	struct err err = ERR_INIT;
	const struct notify_lane lane = {.http = {.ops = &lane_ops, .self = &lanes[0]}};
	const struct notify_parts parts = {.targets = targets,
					   .targets_n = 1,
					   .lanes = &lane,
					   .lanes_n = 1,
					   .files = fake_files_port(&disk),
					   .random = {.ops = &host_ops},
					   .state_directory = "/st",
					   .host = "db1"};
	policies[0].url[0] = '\0';
	assert_false(notify_new(&parts, now, &m, &err));
	assert_null(m);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_non_null(strstr(err.contexts[0], "ops"));
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, fresh, done)
/* What `rotactl status` and the metrics see of it. */
static const json_t *shown(json_t **doc)
{
	struct buf text = {.max = 65536};
	struct err err = ERR_INIT;
	json_decref(*doc);
	*doc = NULL;
	notify_print(n, &text);
	assert_true(buf_ok(&text, &err));
	assert_true(json_read(buf_str(&text), "view", doc, &err));
	buf_fini(&text);
	return json_array_get(json_object_get(*doc, "targets"), 0);
}

static void the_alert_path_is_shown(void **state)
{
	AUTO(json_t) doc = NULL;
	const json_t *t = shown(&doc);
	assert_true(str_equal_z(json_str(t, "target"), "ops"));
	assert_true(str_equal_z(json_str(t, "type"), "webhook"));
	assert_true(str_equal_z(json_str(t, "minSeverity"), "notice"));
	assert_true(json_is_null(json_object_get(t, "answeredAt")));
	assert_true(json_is_null(json_object_get(t, "oldestWaiting")));
	assert_true(json_is_false(json_object_get(doc, "broken")));

	/* The oldest of what waits, over a restart. */
	lanes[0].status = -1;
	(void)add(EVENT_DISK_FULL, "db1");
	now.us += US_MIN;
	(void)add(EVENT_FOREIGN_WRITE, "db1");
	live(US_S);
	t = shown(&doc);
	assert_true(str_equal_z(json_str(t, "why"), "no route to host"));
	restart(1, 1);
	t = shown(&doc);
	assert_int_equal(json_int(t, "waiting"), 2);
	assert_true(str_equal_z(json_str(t, "oldestWaiting"), "2027-01-15T08:00:00Z"));
	assert_false(json_is_null(json_object_get(t, "failingSince")));

	lanes[0].status = 204;
	live(20 * US_MIN);
	t = shown(&doc);
	assert_int_equal(json_int(t, "waiting"), 0);
	assert_true(json_is_null(json_object_get(t, "oldestWaiting")));
	assert_true(json_is_null(json_object_get(t, "failingSince")));
	assert_true(json_is_null(json_object_get(t, "why")));
	assert_false(json_is_null(json_object_get(t, "answeredAt")));

	notify_free(take(&n));
	assert_null(shown(&doc));
	assert_true(json_is_true(json_object_get(doc, "broken")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_trouble_is_told_once_in_its_interval_and_its_end_once),
	    CASE(a_reminder_comes_in_its_own_interval),
	    CASE(an_end_without_a_beginning_is_not_told),
	    CASE(a_graver_one_is_told_at_once),
	    CASE(each_target_gets_only_what_is_grave_enough_for_it),
	    CASE(neither_alerts_nor_repeats_are_lost_or_doubled_by_a_restart),
	    CASE(order_is_kept_while_a_receiver_is_down),
	    CASE(back_off_is_jittered_bounded_and_outlives_a_restart),
	    CASE(retry_after_is_a_lower_bound),
	    CASE(a_receiver_that_is_gone_is_switched_off_until_its_url_changes),
	    CASE(a_message_that_is_refused_is_given_up_and_the_next_goes),
	    CASE(each_refused_message_has_tries_of_its_own),
	    CASE(a_wrong_secret_or_url_is_told_at_once_and_nothing_is_lost),
	    CASE(a_slow_receiver_holds_up_nobody_else),
	    CASE(other_hosts_wait_a_minute_and_say_nothing_when_it_was_told),
	    CASE(heartbeats_come_at_their_interval_and_are_not_spooled),
	    CASE(a_clock_that_jumps_stops_neither_alerts_nor_heartbeats),
	    CASE(what_notify_tells_of_a_target_does_not_go_to_that_target),
	    CASE(a_test_goes_to_one_target_also_when_it_rests),
	    CASE(a_persons_test_says_what_each_target_answered),
	    CASE(a_test_goes_before_what_waits_and_to_a_target_that_rests),
	    CASE(a_target_that_was_gone_and_takes_a_test_gets_alerts_again),
	    CASE(a_message_on_its_way_is_not_taken_for_the_test),
	    CASE(a_torn_state_is_told_and_begun_anew),
	    CASE(a_target_taken_out_of_the_configuration_leaves_nothing),
	    CASE(overflow_is_counted_and_told_not_one_by_one),
	    CASE(a_full_disk_still_lets_alerts_out),
	    CASE(a_bad_target_is_refused_at_start_by_name),
	    CASE(the_alert_path_is_shown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
