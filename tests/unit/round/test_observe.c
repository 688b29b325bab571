/* SPDX-License-Identifier: Apache-2.0 */
/* What a round sees: of the members, each asked directly; of the keyfile, the process, what a
 * restart would do, certificates, other users of the key; and what it makes of that. By b1's rotad
 * in the set a1 (primary) b1 c1; the ledger does not answer. */
#include "lib/test.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "codec/digest.h"
#include "codec/keyfile_text.h"
#include "lib/fake_ca.h"
#include "lib/fake_files.h"
#include "lib/fake_fleet.h"
#include "round/round.h"

#define NOW_US (1795314976 * US_S)
#define KEYFILE "/etc/mongod.key"
#define CONF "/etc/mongod.conf"
#define KEY1 "kq7Zr0Yb3mWc9Tj5Xh1Lf8Pd4Gs6Na2VuQeRiOoUyAtCxBzDwEvFgHlJnKpMsS"
#define KEY2 "Zb4Nc8Vx1Mq6Lw0Kp3Jo7Ih2Ug9Yf5Td8Sr1Ea6Wq4Rz7Xc3Vb9Nm2Ml5Kk0Jj"
#define KEY3 "Rt5Yu8Io2Pa7Sd1Fg4Hj9Kl3Zx6Cv0Bn8Mq2We5Rt7Yu1Io4Pa9Sd3Fg6Hj0Kl"
#define SALT "1111111111111111111111111111111111111111111111111111111111111111"

static struct {
	struct fake_files files;
	struct files_ops files_ops;
	struct seat t;
	struct config *config;
	struct instance_policy instance;
	struct mongod_config rs;
	struct wall now;
	struct process_view process;
	struct job_view job;
	bool restarter_fails, cannot_put, store_is_aimed;
	struct {
		char path[64];
		struct file_view view;
	} views[8]; /* what is odd of a file */
	unsigned views_n;
	char others[64], others_of[16]; /* who else is logged in at whom */
	enum err_kind others_fail;
	size_t others_hosts_n;
	struct mongod_tls_result tls;
	char tls_of[16]; /* "" everybody is as w.tls */
	bool tls_fails;
	char aimed[512];
} w;

/* ---- the ports ---- */

static struct wall fake_now(void *self UNUSED)
{
	return w.now;
}
static struct mono fake_boot(void *self UNUSED)
{
	return (struct mono){.us = w.now.us};
}
static bool fake_random(void *self UNUSED, void *out, size_t n, struct err *err UNUSED)
{
	memset(out, 7, n);
	return true;
}
static const struct host_ops host_ops = {.now = fake_now, .boot = fake_boot, .random = fake_random};

static struct file_view *view_of(const char *path)
{
	for (unsigned i = 0; i < w.views_n; i++)
		if (strcmp(w.views[i].path, path) == 0)
			return &w.views[i].view;
	assert_true(w.views_n < ARRAY_N(w.views));
	cut_z(w.views[w.views_n].path, sizeof(w.views[0].path), path);
	w.views[w.views_n].view = (struct file_view){.exists = true,
						     .is_regular = true,
						     .links_n = 1,
						     .device = 8,
						     .inode = 100 + w.views_n,
						     .size = 64,
						     .mode = 0600,
						     .uid = 106,
						     .modified.us = NOW_US - US_DAY,
						     .changed.us = NOW_US - US_DAY};
	cut_z(w.views[w.views_n].view.real_path, PATH_BYTES_MAX, path);
	return &w.views[w.views_n++].view;
}
static bool file_look(void *self, const char *path, struct file_view *ret, struct err *err)
{
	if (!fake_files_look(self, path, ret, err))
		return false;
	if (ret->exists && strncmp(path, "/etc/", 5) == 0)
		*ret = *view_of(path);
	return true;
}
static bool file_text(void *self, const char *path, size_t max, struct buf *ret,
		      struct file_view *ret_view, struct err *err)
{
	return fake_files_read(self, path, max, ret, NULL, err) &&
	       (!ret_view || file_look(self, path, ret_view, err));
}
static bool file_secret(void *self, const char *path, size_t max, struct secret *ret,
			struct file_view *ret_view, struct err *err)
{
	return fake_files_read_secret(self, path, max, ret, NULL, err) &&
	       (!ret_view || file_look(self, path, ret_view, err));
}
static bool file_can_put(void *self UNUSED, const char *path UNUSED, struct err *err)
{
	return !w.cannot_put || err_set(err, ERR_DISK_FULL, "no room");
}
static bool fake_process(void *self UNUSED, const struct restart_target *t UNUSED,
			 struct process_view *ret, struct err *err)
{
	*ret = w.process;
	return !w.restarter_fails || err_set(err, ERR_SYSTEM, "no bus");
}
static bool fake_poll(void *self UNUSED, const struct restart_target *t UNUSED,
		      struct job_view *ret, struct err *err)
{
	*ret = w.job;
	return !w.restarter_fails || err_set(err, ERR_SYSTEM, "no bus");
}
static const struct restarter_ops restarter_ops = {.process = fake_process, .poll = fake_poll};
static bool fake_list(void *self UNUSED, const char *prefix UNUSED, struct arena *arena UNUSED,
		      struct store_doc **ret UNUSED, size_t *ret_n UNUSED, struct err *err)
{
	return err_set(err, ERR_UNREACHABLE, "no primary");
}
static const struct store_ops store_ops = {.list = fake_list};
static void fake_aim(void *self UNUSED, const struct mongod_target *targets, size_t n,
		     const struct mongod_credential *c UNUSED)
{
	w.aimed[0] = 0;
	for (size_t i = 0; i < n; i++) {
		size_t at = strlen(w.aimed);
		snprintf(w.aimed + at, sizeof(w.aimed) - at, "%s%s%s", i ? " " : "",
			 targets[i].host, targets[i].address ? "!" : "");
	}
}
static bool fake_sessions(void *self UNUSED, const struct mongod_target *t,
			  const struct mongod_credential *c UNUSED, const char *const *hosts UNUSED,
			  size_t hosts_n, char *ret, size_t ret_n, struct err *err)
{
	if (!fleet_ask("sessions", t, true, err))
		return false;
	w.others_hosts_n = hosts_n;
	if (strncmp(t->host, w.others_of, strlen(w.others_of)) != 0)
		return true;
	if (w.others_fail != ERR_NONE)
		return err_set(err, w.others_fail, "too many");
	cut_z(ret, ret_n, w.others);
	return true;
}
static bool fake_tls(void *self UNUSED, const struct mongod_target *t,
		     struct mongod_tls_result *ret, struct err *err)
{
	const bool is_meant = strncmp(t->host, w.tls_of, strlen(w.tls_of)) == 0;
	if (!fleet_ask("tls", t, false, err) || (w.tls_fails && is_meant))
		return w.tls_fails ? err_set(err, ERR_TIMEOUT, "no answer") : false;
	*ret = (struct mongod_tls_result){.is_handshake_done = true,
					  .is_hello_answered = true,
					  .is_chain_trusted = true,
					  .is_name_covered = true};
	if (is_meant)
		*ret = w.tls;
	return true;
}
static struct mongod_ops mongod_ops;
static bool fake_credential(void *self UNUSED, const struct credential_ref *ref UNUSED,
			    struct secret *ret, struct err *err)
{
	return secret_from(ret, "hunter2", 7, err);
}
static void fake_tell(void *self UNUSED, const struct event *e UNUSED, bool is_mine UNUSED)
{
}

/* ---- the scene ---- */

static struct ring_ids ids_of(const char *text)
{
	struct keyring ring = {.n = 0};
	struct ring_ids ids;
	struct err err = ERR_INIT;
	assert_true(keyfile_parse(text, strlen(text), &ring, &err));
	assert_true(ring_ids_of(&ring, SALT, &ids, &err));
	keyring_fini(&ring);
	return ids;
}
static void file(const char *path, const char *text)
{
	fake_files_set(&w.files, path, text, strlen(text));
}
/* How each of a1 b1 c1 sees all of them: well. */
static void status_all(void)
{
	for (unsigned i = 0; i < w.rs.members_n; i++) {
		struct fake_server *f = fleet_of(w.rs.members[i].host);
		struct mongod_status *st = &f->status;
		*st = (struct mongod_status){.date = w.now, .members_n = w.rs.members_n};
		for (unsigned k = 0; k < st->members_n; k++) {
			const struct fake_server *of = fleet_of(w.rs.members[k].host);
			struct mongod_status_member *m = &st->members[k];
			*m = (struct mongod_status_member){.id = k,
							   .is_healthy = true,
							   .is_self = k == i,
							   .config_version = 1,
							   .config_term = 1,
							   .last_heartbeat.us =
							       k == i ? 0 : w.now.us - US_S};
			m->state = of->hello.is_writable_primary ? MEMBER_PRIMARY
				   : of->hello.is_arbiter        ? MEMBER_ARBITER
								 : MEMBER_SECONDARY;
			m->optime.us = of->hello.is_arbiter ? 0 : w.now.us - 2 * US_S;
			cut_z(m->host, sizeof(m->host), of->host);
			if (k == i)
				st->my_state = m->state;
		}
	}
}
static void set_of(const char *a, const char *b, const char *c)
{
	const char *const names[] = {a, b, c};
	char all[16] = "";
	for (size_t i = 0; i < ARRAY_N(names); i++) {
		struct fake_server *f =
		    fleet_add((char[]){names[i][0], names[i][1], 0}, names[i][2]);
		cut_z(f->hello.set_name, sizeof(f->hello.set_name), "rs0");
		cut_z(f->hello.me, sizeof(f->hello.me), f->host);
		f->hello.local_time = w.now;
		cut_z(f->server.version, sizeof(f->server.version), "6.0.5");
		f->server.is_shard_known = true;
		f->server.shutdown_timeout_ms = 15000;
		f->verdict = LOGIN_ACCEPTED;
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%.2s", i ? " " : "",
			 names[i]);
	}
	fleet_set(&w.rs, "rs0", all);
	cut_z(w.rs.replica_set_id, sizeof(w.rs.replica_set_id), "507f1f77bcf86cd799439011");
	status_all();
}

static int set_up(void **state UNUSED)
{
	struct err err = ERR_INIT;
	struct seat *t = &w.t;
	memset(&w, 0, sizeof(w));
	memset(&fleet, 0, sizeof(fleet));
	w.now.us = NOW_US;
	w.config = calloc(1, sizeof(*w.config));
	config_init(w.config);
	struct instance_policy *i = &w.instance;
	i->login.with = LOGIN_WITH_USER;
	cut_z(i->login.user, sizeof(i->login.user), "rotad");
	cut_z(i->name, sizeof(i->name), "db");
	cut_z(i->config_file, sizeof(i->config_file), CONF);
	cut_z(i->address, sizeof(i->address), "127.0.0.1:27017");
	fleet.self = "b1:27017";
	set_of("a1P", "b1S", "c1S");
	struct mongod_options *o = &fleet_get("b1")->options;
	o->is_known = true;
	cut_z(o->key_file, sizeof(o->key_file), KEYFILE);
	cut_z(o->set_name, sizeof(o->set_name), "rs0");
	w.process = (struct process_view){
	    .state = PROCESS_RUNNING, .pid = 42, .started_at.us = NOW_US - US_H, .exit_code = -1};
	mongod_ops = fleet_ops;
	mongod_ops.tls = fake_tls;
	mongod_ops.foreign_sessions = fake_sessions;
	w.files_ops = fake_files_ops;
	w.files_ops.look = file_look;
	w.files_ops.read_text = file_text;
	w.files_ops.read_secret = file_secret;
	w.files_ops.can_put = file_can_put;
	file(KEYFILE, KEY1);
	file(CONF, "security:\n  keyFile: " KEYFILE "\nreplication:\n  replSetName: rs0\n");
	t->config = w.config;
	t->instance = i;
	t->seen = calloc(1, sizeof(*t->seen));
	t->identities = calloc(MEMBERS_MAX + ROUTERS_MAX, sizeof(*t->identities));
	assert_true(arena_init(&t->arena, (size_t)16 * 1024 * 1024, &err));
	t->ports = (struct round_ports){.host = {.ops = &host_ops},
					.files = {.ops = &w.files_ops, .self = &w.files},
					.mongod = {.ops = &mongod_ops},
					.restarter = {.ops = &restarter_ops},
					.set_store = {.ops = &store_ops},
					.local_store = {.ops = &store_ops},
					.store_aim = fake_aim,
					.credential = fake_credential,
					.tell = fake_tell};
	cut_z(t->directory, sizeof(t->directory), "/state/db");
	cut_z(t->anchor.salt_hex, sizeof(t->anchor.salt_hex), SALT);
	memset(t->machine_id, '0', 32);
	t->rehearsed_at = w.now;
	t->is_rehearsed = true;
	return 0;
}
static int tear_down(void **state UNUSED)
{
	for (unsigned i = 0; i < w.t.memory_n; i++)
		free(w.t.memory[i].served);
	free(w.t.cluster);
	free(w.t.seen);
	free(w.t.identities);
	free(w.config);
	keychain_fini(&w.t.chain);
	arena_fini(&w.t.arena);
	secret_fini(&w.t.password);
	fake_files_fini(&w.files);
	return 0;
}
static void anew(void)
{
	(void)tear_down(NULL);
	(void)set_up(NULL);
}
static void later(int64_t seconds)
{
	w.now.us += seconds * US_S;
	w.t.rehearsed_at = w.now;
	for (unsigned i = 0; i < fleet.n; i++)
		fleet.servers[i].hello.local_time = w.now;
}
static struct seen *look(void)
{
	fleet.asked[0] = 0;
	observe(&w.t);
	return w.t.seen;
}
static bool is_asked(const char *what)
{
	return strstr(fleet.asked, what) != NULL;
}

/* "a1P b1S* c1S": ? does not answer, < does not see all, > is not seen by all. */
static const char *members(void)
{
	static char text[256];
	const struct seen *s = w.t.seen;
	size_t at = 0;
	text[0] = 0;
	for (unsigned i = 0; i < s->members_n; i++) {
		const struct seen_member *m = &s->members[i];
		const char letter = !fact_known(m->hello)           ? '?'
				    : m->state == MEMBER_PRIMARY    ? 'P'
				    : m->state == MEMBER_SECONDARY  ? 'S'
				    : m->state == MEMBER_ARBITER    ? 'A'
				    : m->state == MEMBER_RECOVERING ? 'R'
				    : m->state == MEMBER_STARTUP2   ? '2'
								    : '-';
		assert_int_equal(m->is_self, (int)i == s->self);
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%.*s%c%s%s%s", i ? " " : "",
				       (int)strcspn(m->host, ":"), m->host, letter,
				       m->is_self ? "*" : "", m->sees_all ? "" : "<",
				       m->is_seen_by_all ? "" : ">");
	}
	return text;
}

/* ---- members ---- */

static void a_healthy_set_is_seen_well(void **state)
{
	const struct seen *s = look();
	assert_string_equal(members(), "a1P b1S* c1S");
	assert_string_equal(fleet.asked, "hello b1, config b1, hello a1, status a1, hello b1, "
					 "status b1, hello c1, status c1, server b1, options b1");
	assert_true(fact_known(s->config) && s->config.at.us == NOW_US);
	assert_int_equal(s->config_version, 1);
	assert_int_equal(s->config_term, 1);
	assert_string_equal(s->self_host, "b1:27017");
	assert_string_equal(s->instance, "db");
	assert_string_equal(s->cluster, "rs0");
	assert_string_equal(w.t.notes.me, "b1:27017");
	assert_true(s->is_clock_sane && !s->is_standalone);
	for (unsigned i = 0; i < 3; i++) {
		const struct seen_member *m = &s->members[i];
		assert_int_equal(m->lag_us, 0);
		assert_int_equal(m->id, i);
		assert_true(m->is_voter && m->is_electable && !m->is_hidden && !m->is_arbiter);
		assert_true(fact_known(m->status) && m->status.at.us == NOW_US);
		assert_true(m->has_clock && m->clock_ahead_us == 0);
		assert_int_equal(m->is_primary, i == 0);
		assert_int_equal(m->is_secondary, i != 0);
		assert_string_equal(m->process_id, fleet.servers[i].hello.process_id);
		assert_string_equal(m->why, "");
		assert_true(m->unseen == 0 && m->unseen_by == 0 && m->silent_since.us == 0);
		assert_false(m->is_initial_syncing || m->is_quiescing);
	}
}

static void what_rs_conf_says_of_a_member(void **state)
{
	w.rs.members[1].votes = 0;
	w.rs.members[1].priority = 0;
	w.rs.members[1].is_hidden = true;
	w.rs.members[1].delay_s = 3600;
	w.rs.members[2].id = 9;
	w.rs.version = 5;
	w.rs.term = 6;
	const struct seen *s = look();
	assert_true(s->members[1].is_hidden && !s->members[1].is_voter);
	assert_false(s->members[1].is_electable);
	assert_int_equal(s->members[1].delay_s, 3600);
	assert_int_equal(s->members[2].id, 9);
	assert_true(s->config_version == 5 && s->config_term == 6);
	anew();
	set_of("a1P", "b1S", "c1A");
	s = look();
	assert_string_equal(members(), "a1P b1S* c1A");
	assert_true(s->members[2].is_arbiter && !s->members[2].is_electable);
	assert_int_equal(s->members[2].lag_us, 0);
	assert_int_equal(w.t.seen->members[0].lag_us, 0);
}

static struct mongod_status_member *says(const char *who, unsigned of)
{
	return &fleet_get(who)->status.members[of];
}
static void c_is_down(void)
{
	fleet_get("c1")->is_down = true;
	says("a1", 2)->is_healthy = says("b1", 2)->is_healthy = false;
	says("a1", 2)->state = says("b1", 2)->state = MEMBER_DOWN;
}
static void a_is_down(void)
{
	fleet_get("a1")->is_down = true;
	says("b1", 0)->is_healthy = says("c1", 0)->is_healthy = false;
}
static void c_denies(void)
{
	fleet_get("c1")->denies = ERR_AUTH;
}
static void c_recovers(void)
{
	fleet_get("c1")->hello.is_secondary = false;
	fleet_get("c1")->status.my_state = MEMBER_STARTUP2;
	fleet_get("c1")->status.is_initial_syncing = true;
	says("a1", 2)->state = says("b1", 2)->state = MEMBER_STARTUP2;
}
static void c_quiesces(void)
{
	fleet_get("c1")->hello.is_quiescing = true;
}
static void a_does_not_see_c(void)
{
	says("a1", 2)->is_healthy = false;
}
static void a_refuses_c(void)
{
	says("a1", 2)->is_unauthenticated = true;
}
static void a_does_not_know_c(void)
{
	fleet_get("a1")->status.members_n = 2;
}
static void b_is_seen_by_an_old_heartbeat(void)
{
	/* b1 runs for an hour; c1 heard of it before. */
	says("c1", 1)->last_heartbeat.us = NOW_US - US_H;
}
static void b_is_seen_by_a_new_heartbeat(void)
{
	says("c1", 1)->last_heartbeat.us = NOW_US - US_H + 1;
}
static void c_is_recovering_for_a(void)
{
	says("a1", 2)->state = MEMBER_RECOVERING;
}
static void c_is_primary_for_a(void)
{
	says("a1", 2)->state = MEMBER_PRIMARY;
}
static void c_is_arbiter_for_a(void)
{
	says("a1", 2)->state = MEMBER_ARBITER;
}

static void what_each_says_of_the_others(void **state)
{
	static const struct {
		void (*set)(void);
		const char *members;
		unsigned whose; /* why, unseen and unseen_by are asked of this one */
		const char *why;
		unsigned unseen, unseen_by;
	} rows[] = {
	    {c_is_down, "a1P< b1S*< c1?<>", 0, "it does not see 'c1:27017'", 4, 0},
	    {c_is_down, "a1P< b1S*< c1?<>", 2, "no route to host", 3, 3},
	    {a_is_down, "a1?<> b1S*< c1S<", 2, "it does not see 'a1:27017'", 1, 0},
	    {c_denies, "a1P b1S* c1S<", 2, "18: Authentication failed", 3, 0},
	    {c_recovers, "a1P b1S* c1R<>", 2, "", 3, 3},
	    {c_quiesces, "a1P b1S* c1S<", 2, "it is shutting down", 3, 0},
	    {a_does_not_see_c, "a1P< b1S* c1S>", 0, "it does not see 'c1:27017'", 4, 0},
	    {a_does_not_see_c, "a1P< b1S* c1S>", 2, "", 0, 1},
	    {a_refuses_c, "a1P< b1S* c1S>", 0, "it does not see 'c1:27017' (login refused)", 4, 0},
	    {a_does_not_know_c, "a1P< b1S* c1S>", 0, "it does not see 'c1:27017'", 4, 0},
	    {b_is_seen_by_an_old_heartbeat, "a1P b1S*> c1S", 1, "", 0, 4},
	    {b_is_seen_by_a_new_heartbeat, "a1P b1S* c1S", 1, "", 0, 0},
	    {c_is_recovering_for_a, "a1P b1S* c1S>", 2, "", 0, 1},
	    {c_is_primary_for_a, "a1P b1S* c1S", 2, "", 0, 0},
	    {c_is_arbiter_for_a, "a1P b1S* c1S", 2, "", 0, 0},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		anew();
		rows[i].set();
		const struct seen_member *m = &look()->members[rows[i].whose];
		if (strcmp(members(), rows[i].members) != 0 || strcmp(m->why, rows[i].why) != 0 ||
		    m->unseen != rows[i].unseen || m->unseen_by != rows[i].unseen_by)
			fail_msg("row %zu: %s '%s' %u %u", i, members(), m->why,
				 (unsigned)m->unseen, (unsigned)m->unseen_by);
	}
	assert_false(w.t.seen->members[2].is_initial_syncing);
	anew();
	c_recovers();
	w.instance.login.with = LOGIN_WITH_KEY;
	assert_true(look()->members[2].is_initial_syncing);
	assert_string_equal(members(), "a1P b1S* c12>");
}

static void how_far_it_is_behind_the_newest(void **state)
{
	says("c1", 2)->optime.us -= 7 * US_S;
	const struct seen *s = look();
	assert_int_equal(s->members[2].lag_us, 7 * US_S);
	assert_int_equal(s->members[0].lag_us, 0);
	/* The newest may be any, the first as the last; what others say of it does not count. */
	anew();
	says("c1", 2)->optime.us += 7 * US_S;
	says("a1", 2)->optime.us += 99 * US_S;
	s = look();
	assert_int_equal(s->members[0].lag_us, 7 * US_S);
	assert_int_equal(s->members[2].lag_us, 0);
	anew();
	says("b1", 1)->optime.us = 0;
	fleet_get("c1")->denies = ERR_AUTH;
	s = look();
	assert_int_equal(s->members[1].lag_us, -1);
	assert_int_equal(s->members[2].lag_us, -1);
}

static void since_when_one_is_silent(void **state)
{
	fleet_get("c1")->is_down = true;
	assert_int_equal(look()->members[2].silent_since.us, NOW_US);
	later(20);
	assert_int_equal(look()->members[2].silent_since.us, NOW_US);
	fleet_get("c1")->is_down = false;
	later(20);
	assert_int_equal(look()->members[2].silent_since.us, 0);
	fleet_get("c1")->is_down = true;
	later(20);
	assert_int_equal(look()->members[2].silent_since.us, w.now.us);
}

static void the_configuration_is_read_again_when_it_may_be_another(void **state)
{
	static const struct {
		const char *name;
		int64_t after_s;
		bool is_under_way, is_rotating, is_job, is_newer, is_asked;
	} rows[] = {
	    {"half a minute", 30, false, false, false, false, false},
	    {"and a second", 31, false, false, false, false, true},
	    {"set back", -1, false, false, false, false, true},
	    {"under way", 1, true, false, false, false, true},
	    {"wanted", 1, false, true, false, false, true},
	    {"its own restart", 31, true, true, true, false, false},
	    {"a newer one is about", 1, false, false, false, true, true},
	    {"a newer one is about, its own restart", 1, false, false, true, true, true},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		anew();
		if (rows[i].is_newer)
			says("c1", 2)->config_version = 2;
		(void)look();
		assert_true(is_asked("config b1"));
		later(rows[i].after_s);
		if (rows[i].is_under_way)
			memset(w.t.anchor.next.id.hex, '2', KEY_ID_CHARS);
		w.t.plan.is_rotating = rows[i].is_rotating;
		w.t.notes.job_is_open = rows[i].is_job;
		(void)look();
		if (is_asked("config b1") != rows[i].is_asked)
			fail_msg("%s: %s", rows[i].name, fleet.asked);
		assert_int_equal(w.t.seen->members_n, 3);
	}
}

static void a_configuration_that_cannot_be_read_is_said_and_kept(void **state)
{
	fleet_get("b1")->config = NULL;
	const struct seen *s = look();
	assert_int_equal(s->members_n, 0);
	assert_int_equal(s->self, -1);
	assert_false(fact_known(s->config));
	assert_string_equal(s->rehearsal, "rs.conf cannot be read: 94: NotYetInitialized");
	fleet_get("b1")->config = &w.rs;
	later(1);
	(void)look();
	assert_string_equal(members(), "a1P b1S* c1S");
	fleet_get("b1")->config = NULL;
	later(31);
	s = look();
	assert_string_equal(members(), "a1P b1S* c1S");
	assert_int_equal(s->config.at.us, w.now.us - 31 * US_S);
	/* Who may not log in keeps it as well. */
	w.instance.login.with = LOGIN_WITH_KEY;
	w.t.chain.n = 0;
	(void)look();
	assert_int_equal(w.t.seen->members_n, 3);
}

static void one_that_recovers_is_not_asked_as_a_given_user(void **state)
{
	c_recovers();
	(void)look();
	assert_false(is_asked("status c1"));
	assert_string_equal(members(), "a1P b1S* c1R<>");
	/* Itself it asks as __system; and by its keys anybody. */
	anew();
	fleet_get("b1")->hello.is_secondary = false;
	fleet_get("b1")->status.my_state = MEMBER_RECOVERING;
	(void)look();
	assert_true(is_asked("status b1"));
	anew();
	w.instance.login.with = LOGIN_WITH_KEY;
	c_recovers();
	(void)look();
	assert_true(is_asked("status c1"));
}

static void the_clock_is_compared_with_the_primarys(void **state)
{
	static const struct {
		int64_t a_s, b_s;
		bool is_sane;
		const char *why;
	} rows[] = {
	    {0, 0, true, ""},
	    {CLOCK_SKEW_MAX_S, 0, true, ""},
	    {-CLOCK_SKEW_MAX_S, 0, true, ""},
	    {CLOCK_SKEW_MAX_S + 60, 0, false, "it is 6 min 0 s behind of the primary's"},
	    {-CLOCK_SKEW_MAX_S - 119, 0, false, "it is 6 min 0 s ahead of the primary's"},
	    {0, 999, true, ""},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		anew();
		fleet_get("a1")->hello.local_time.us += rows[i].a_s * US_S;
		fleet_get("c1")->hello.local_time.us += rows[i].b_s * US_S;
		const struct seen *s = look();
		if (s->is_clock_sane != rows[i].is_sane || strcmp(s->clock_why, rows[i].why) != 0)
			fail_msg("row %zu: %d '%s'", i, s->is_clock_sane, s->clock_why);
		assert_int_equal(s->members[0].clock_ahead_us, rows[i].a_s * US_S);
		assert_int_equal(s->members[2].clock_ahead_us, rows[i].b_s * US_S);
	}
	/* One that does not tell is none that is wrong. */
	anew();
	fleet_get("a1")->hello.local_time.us = 0;
	assert_true(look()->is_clock_sane);
	assert_false(w.t.seen->members[0].has_clock);
	/* Before rotad was made. */
	anew();
	w.now.us = 1767225600 * US_S;
	later(0);
	assert_false(look()->is_clock_sane);
	assert_string_equal(w.t.seen->clock_why, "it shows a time before rotad was made");
	later(1);
	assert_true(look()->is_clock_sane);
}

/* ---- its own process ---- */

static void its_process_by_the_system_and_by_its_answer(void **state)
{
	static const struct {
		enum process_state state;
		bool answers, fails, is_known, is_alive;
	} rows[] = {
	    {PROCESS_RUNNING, true, false, true, true},
	    {PROCESS_RUNNING, false, false, true, true},
	    {PROCESS_STARTING, false, false, true, true},
	    {PROCESS_STOPPING, false, false, true, true},
	    {PROCESS_NONE, false, false, true, false},
	    {PROCESS_UNKNOWN, false, false, false, false},
	    {PROCESS_UNKNOWN, true, false, false, true},
	    {PROCESS_RUNNING, true, true, true, true},
	    {PROCESS_RUNNING, false, true, false, false},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		anew();
		w.process.state = rows[i].state;
		w.process.exit_code = 14;
		w.process.is_in_our_cgroup = true;
		cut_z(w.process.last_fatal, sizeof(w.process.last_fatal), "id 20575");
		w.restarter_fails = rows[i].fails;
		fleet_get("b1")->is_down = !rows[i].answers;
		const struct seen_process *x = &look()->process;
		if (fact_known(x->fact) != rows[i].is_known || x->is_alive != rows[i].is_alive ||
		    x->is_answering != rows[i].answers)
			fail_msg("row %zu: %d %d", i, fact_known(x->fact), x->is_alive);
		assert_int_equal(x->exit_code, rows[i].fails ? -1 : 14);
		assert_int_equal(x->is_in_our_unit, !rows[i].fails);
		assert_int_equal(x->pid, rows[i].fails ? 0 : 42);
		assert_string_equal(x->last_fatal, rows[i].fails ? "" : "id 20575");
		assert_int_equal(x->shutdown_timeout_ms, rows[i].answers ? 15000 : -1);
	}
}

static void nothing(void)
{
}
static void unit_changed(void)
{
	w.process.needs_daemon_reload = w.process.is_binary_changed = true;
}
static void binary_changed(void)
{
	w.process.is_binary_changed = true;
	cut_z(w.process.binary, 64, "/usr/bin/mongod (deleted)");
}
static void conf_gone(void)
{
	(void)look(); /* options are known */
	struct err err = ERR_INIT;
	assert_true(fake_files_remove(&w.files, CONF, &err));
}
static void conf_changed(void)
{
	(void)look();
	file(CONF, "net: {port: 1}\n");
	view_of(CONF)->modified = w.now;
}
static void conf_changed_before_it_was_seen(void)
{
	view_of(CONF)->modified.us = w.process.started_at.us;
}
static void conf_touched(void)
{
	(void)look();
	view_of(CONF)->modified = w.now;
}
static void restarted_since(void)
{
	conf_changed();
	later(60);
	fleet_get("b1")->hello.process_id[3] = 'x';
	w.process.started_at = w.now;
}
static void no_conf(void)
{
	(void)look();
	w.instance.config_file[0] = 0;
	unit_changed();
}

static void what_a_restart_would_change(void **state)
{
	static const struct {
		void (*set)(void);
		const char *pending;
	} rows[] = {
	    {nothing, ""},
	    {unit_changed, "the unit file changed: systemctl daemon-reload is due"},
	    {binary_changed, "another mongod binary is installed than the one that runs "
			     "(/usr/bin/mongod (deleted))"},
	    {conf_gone, "mongod.conf cannot be read: none"},
	    {conf_changed, "'" CONF "' was changed since mongod started"},
	    {conf_changed_before_it_was_seen, "'" CONF "' was changed after mongod started"},
	    {conf_touched, ""},
	    {restarted_since, ""},
	    {no_conf, "the unit file changed: systemctl daemon-reload is due"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		anew();
		rows[i].set();
		const struct seen *s = look();
		if (strcmp(s->process.pending, rows[i].pending) != 0)
			fail_msg("row %zu: '%s'", i, s->process.pending);
		assert_int_equal(s->is_rehearsed, !rows[i].pending[0]);
		if (rows[i].pending[0]) {
			assert_non_null(strstr(s->rehearsal, "would change more than the key: "));
			assert_non_null(strstr(s->rehearsal, rows[i].pending));
			w.instance.pending_changes = PENDING_ALLOW;
			assert_true(look()->is_rehearsed);
		}
	}
}

static void the_server_is_asked_again_after_ten_seconds_or_when_it_is_another(void **state)
{
	fleet_get("b1")->server.has_index_build = true;
	fleet_get("b1")->server.has_backup_cursor = true;
	fleet_get("b1")->server.is_fsync_locked = true;
	cut_z(fleet_get("b1")->server.cluster_auth_mode, 24, "sendX509");
	const struct seen_process *x = &look()->process;
	assert_string_equal(x->version, "6.0.5");
	assert_string_equal(x->cluster_auth_mode, "sendX509");
	assert_true(x->has_index_build && x->has_backup && x->is_fsync_locked);
	static const struct {
		int64_t after_s;
		bool is_other, is_job, is_denied, is_asked, are_options_asked;
	} rows[] = {
	    {10, false, false, false, false, false}, {11, false, false, false, true, false},
	    {-1, false, false, false, true, false},  {1, true, false, false, true, true},
	    {1, true, true, false, false, false},    {11, false, false, true, true, false},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		anew();
		(void)look();
		assert_true(w.t.is_options_live);
		later(rows[i].after_s);
		if (rows[i].is_other)
			fleet_get("b1")->hello.process_id[3] = 'x';
		w.t.notes.job_is_open = rows[i].is_job;
		if (rows[i].is_denied)
			fleet_get("b1")->denies = ERR_AUTH;
		(void)look();
		if (is_asked("server b1") != rows[i].is_asked ||
		    is_asked("options b1") != rows[i].are_options_asked)
			fail_msg("row %zu: %s", i, fleet.asked);
		/* Not asked while its restart runs: what it was is not what it is. */
		assert_string_equal(w.t.seen->process.version, rows[i].is_job ? "" : "6.0.5");
	}
}

static void part_config(void)
{
	cut_z(w.t.options.cluster_role, 16, "configsvr");
}
static void part_shard(void)
{
	cut_z(w.t.options.cluster_role, 16, "shardsvr");
}
static void part_odd(void)
{
	cut_z(w.t.options.cluster_role, 16, "both");
}
static void part_mongos(void)
{
	cut_z(w.t.options.config_db, 64, "cfg/k1:27017");
}
static void part_by_its_data(void)
{
	cut_z(w.t.server.shard_name, 64, "first");
}
static void part_shard_by_both(void)
{
	part_shard();
	part_by_its_data();
}
static void part_config_by_rs_conf(void)
{
	w.rs.is_configsvr = w.t.rs.is_configsvr = true;
}
static void part_unasked(void)
{
	w.t.server.is_shard_known = false;
}
static void part_not_told(void)
{
	part_unasked();
	cut_z(w.t.server.shard_why, 64, "13: not authorized");
}
static void part_arbiter(void)
{
	part_unasked();
	w.rs.members[1].is_arbiter = w.t.rs.members[1].is_arbiter = true;
}

static void whether_it_is_part_of_a_sharded_cluster(void **state)
{
	static const struct {
		void (*set)(void);
		bool is_known;
		enum sharding_part part;
		const char *why;
	} rows[] = {
	    {nothing, true, SHARDING_NONE, ""},
	    {part_config, true, SHARDING_CONFIG, "sharding.clusterRole is configsvr"},
	    {part_config_by_rs_conf, true, SHARDING_CONFIG, "rs.conf: configsvr"},
	    {part_shard, true, SHARDING_SHARD, "sharding.clusterRole is shardsvr"},
	    {part_by_its_data, true, SHARDING_SHARD, "it is shard 'first'"},
	    {part_shard_by_both, true, SHARDING_SHARD, "it is shard 'first'"},
	    {part_odd, true, SHARDING_SHARD, "sharding.clusterRole is 'both'"},
	    {part_mongos, true, SHARDING_ROUTER, "it is a mongos"},
	    {part_unasked, false, SHARDING_NONE, "not asked yet"},
	    {part_not_told, false, SHARDING_NONE, "13: not authorized"},
	    {part_arbiter, true, SHARDING_NONE, ""},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		anew();
		(void)look();
		rows[i].set();
		later(1);
		const struct seen_sharding *x = &look()->sharding;
		if (fact_known(x->fact) != rows[i].is_known || x->part != rows[i].part ||
		    strcmp(x->why, rows[i].why) != 0)
			fail_msg("row %zu: %d %d '%s'", i, fact_known(x->fact), (int)x->part,
				 x->why);
	}
	/* Before the server was asked. */
	anew();
	fleet_get("b1")->denies = ERR_UNREACHABLE;
	assert_false(fact_known(look()->sharding.fact));
	assert_string_equal(w.t.seen->sharding.why, "not asked yet");
}

static void a_restart_that_was_begun(void **state)
{
	static const struct {
		enum job_state state;
		bool is_begun_here, is_gone, is_running, is_failed, is_overdue, is_lost, is_ended;
	} rows[] = {
	    {JOB_NONE, false, false, false, false, false, true, false},
	    {JOB_NONE, true, false, false, false, false, false, true},
	    {JOB_RUNNING, true, false, true, false, false, false, false},
	    {JOB_DONE, true, false, false, false, false, false, true},
	    {JOB_FAILED, true, false, false, true, false, false, true},
	    {JOB_OVERDUE, true, true, false, false, true, false, true},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		anew();
		struct notes *n = &w.t.notes;
		n->job_is_open = n->job_is_rollback = true;
		cut_z(n->job_process, sizeof(n->job_process), "before");
		n->job_begun_at.us = NOW_US - US_S;
		n->job_ring = ids_of(KEY1);
		w.t.is_job_begun = rows[i].is_begun_here;
		w.job = (struct job_view){
		    .state = rows[i].state, .is_gone = rows[i].is_gone, .why = "exit 1"};
		cut_z(w.job.output, 64, "no such unit");
		const struct seen_job *j = &look()->job;
		if (j->is_running != rows[i].is_running || j->is_failed != rows[i].is_failed ||
		    j->is_overdue != rows[i].is_overdue || j->is_lost != rows[i].is_lost ||
		    j->is_gone != rows[i].is_gone || (j->ended_at.us != 0) != rows[i].is_ended ||
		    (j->lost_at.us != 0) != rows[i].is_lost)
			fail_msg("row %zu", i);
		assert_true(j->is_open && j->is_rollback && j->ring.n == 1);
		assert_string_equal(j->process_before, "before");
		assert_int_equal(j->begun_at.us, NOW_US - US_S);
		assert_string_equal(j->why, "exit 1: no such unit");
		later(5); /* since when does not move */
		j = &look()->job;
		if (rows[i].is_ended)
			assert_int_equal(j->ended_at.us, NOW_US);
		if (rows[i].is_lost)
			assert_int_equal(j->lost_at.us, NOW_US);
		w.job.state = JOB_RUNNING;
		assert_int_equal(look()->job.ended_at.us, 0);
	}
	w.restarter_fails = true;
	assert_string_equal(look()->job.why, "no bus");
	assert_false(w.t.seen->job.is_running);
	w.t.notes.job_is_open = false;
	assert_false(look()->job.is_open);
}

/* While it runs nothing of the keys is lost: the previous file's are held. */
static void while_it_is_restarted_the_previous_keys_are_held(void **state)
{
	const struct ring_ids before = ids_of(KEY2);
	file(KEYFILE FILES_PREVIOUS_SUFFIX, KEY2);
	(void)look();
	assert_null(keychain_find(&w.t.chain, &before.ids[0]));
	w.t.notes.job_is_open = true;
	(void)look();
	assert_non_null(keychain_find(&w.t.chain, &before.ids[0]));
	assert_non_null(keychain_find(&w.t.chain, &w.t.seen->keyfile.ring.ids[0]));
}

/* ---- the keyfile ---- */

static void adopted(void)
{
	(void)look();
}
static void written_elsewise(void)
{
	(void)look();
	file(KEYFILE, KEY2);
	view_of(KEYFILE)->inode++;
}
static void touched(void)
{
	(void)look();
	view_of(KEYFILE)->inode++;
}
static void marked(void)
{
	(void)look();
	file(KEYFILE, "# Ansible managed\n- " KEY2 "\n");
	view_of(KEYFILE)->inode++;
}
static void simple(void)
{
	file(KEYFILE, "abcdef");
}
static void rubbish(void)
{
	file(KEYFILE, "a\001b");
}
static void unsafe_mode(void)
{
	(void)look();
	view_of(KEYFILE)->mode = 0644;
}
static void other_key_and_mode(void)
{
	written_elsewise();
	view_of(KEYFILE)->mode = 0644;
}
static void gone(void)
{
	struct err err = ERR_INIT;
	assert_true(fake_files_remove(&w.files, KEYFILE, &err));
}
static void full(void)
{
	w.cannot_put = true;
}
static void joined_and_strange(void)
{
	memset(w.t.anchor.ledger.hex, 'a', TOKEN_CHARS);
	w.t.anchor.pivot = (struct key_name){.number = 1, .id = ids_of(KEY2).ids[0]};
}
static void joined(void)
{
	joined_and_strange();
	w.t.anchor.pivot.id = ids_of(KEY1).ids[0];
}
static void joined_and_more(void)
{
	joined();
	file(KEYFILE, "- " KEY2 "\n- " KEY1 "\n");
}
static void beside_a_retired_one(void)
{
	joined_and_more();
	w.t.anchor.retired_n = 1;
	w.t.anchor.retired[0].id = ids_of(KEY2).ids[0];
}
static void beside_a_burnt_one(void)
{
	joined_and_more();
	w.t.anchor.burnt.id = ids_of(KEY2).ids[0];
}
static void beside_one_that_stands_by(void)
{
	joined_and_more();
	w.t.anchor.standby.id = ids_of(KEY2).ids[0];
}
static void beside_the_next_one(void)
{
	joined_and_more();
	w.t.anchor.next.id = ids_of(KEY2).ids[0];
}
static void beside_a_third(void)
{
	joined_and_more();
	w.t.anchor.next.id = ids_of(KEY3).ids[0];
}

/* F foreign, S a stranger's key in it, R refused, M misplaced only, G guessable, W writable. */
static void the_keyfile_as_it_is_found(void **state)
{
	static const struct {
		void (*set)(void);
		const char *flags;
		unsigned keys_n; /* 0: not known */
		const char *why, *marker;
	} rows[] = {
	    {nothing, "W", 1, "", ""},
	    {adopted, "W", 1, "", ""},
	    {written_elsewise, "FSW", 1, "", ""},
	    {touched, "W", 1, "", ""},
	    {marked, "FSW", 1, "", "Ansible managed"},
	    {simple, "GW", 1, "", ""},
	    {rubbish, "RW", 0, "(", ""},
	    {unsafe_mode, "RMW", 0, "(", ""},
	    {other_key_and_mode, "FRW", 0, "(", ""},
	    {gone, "W", 0, "none", ""},
	    {full, "", 1, "no room", ""},
	    {joined, "W", 1, "", ""},
	    {joined_and_strange, "FSW", 1, "", ""},
	    {joined_and_more, "W", 2, "", ""},
	    {beside_a_retired_one, "W", 2, "", ""},
	    {beside_a_burnt_one, "W", 2, "", ""},
	    {beside_one_that_stands_by, "W", 2, "", ""},
	    {beside_the_next_one, "W", 2, "", ""},
	    {beside_a_third, "W", 2, "", ""},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		anew();
		rows[i].set();
		const struct seen_keyfile *k = &look()->keyfile;
		char flags[8];
		snprintf(flags, sizeof(flags), "%s%s%s%s%s%s", k->is_foreign ? "F" : "",
			 k->has_stranger ? "S" : "", k->is_refused ? "R" : "",
			 k->is_misplaced ? "M" : "", k->is_guessable ? "G" : "",
			 k->is_writable ? "W" : "");
		if (strcmp(flags, rows[i].flags) != 0 ||
		    (k->ring.is_known ? k->ring.n : 0) != rows[i].keys_n)
			fail_msg("row %zu: %s %u '%s'", i, flags, k->ring.n, k->why);
		if (!strstr(k->why, rows[i].why) || (!rows[i].why[0] && k->why[0]))
			fail_msg("row %zu: '%s'", i, k->why);
		assert_string_equal(k->marker, rows[i].marker);
		assert_string_equal(k->path, KEYFILE);
		assert_int_equal(fact_known(k->fact), rows[i].set != gone);
		if (rows[i].set == gone)
			continue;
		assert_int_equal(k->uid, 106);
		assert_int_equal(k->modified.us, NOW_US - US_DAY);
	}
	anew();
	full();
	assert_int_equal(look()->keyfile.put_error, ERR_DISK_FULL);
}

static void without_a_keyfile_nothing_is_known_of_one(void **state)
{
	fleet_get("b1")->options.key_file[0] = 0;
	file(CONF, "replication:\n  replSetName: rs0\n");
	const struct seen_keyfile *k = &look()->keyfile;
	assert_false(fact_known(k->fact) || k->ring.is_known);
	assert_string_equal(k->why, "no security.keyFile is configured");
}

/* What is found first is taken for rotad's own: so it is noted. */
static void the_first_file_is_adopted_and_its_keys_are_held(void **state)
{
	const struct ring_ids one = ids_of(KEY1);
	const struct seen *s = look();
	assert_true(ring_ids_equal(&s->keyfile.ring, &one));
	assert_non_null(keychain_find(&w.t.chain, &one.ids[0]));
	assert_true(w.t.notes.has_written);
	assert_true(ring_ids_equal(&w.t.notes.written_ring, &one));
	assert_int_equal(w.t.notes.first_seen.us, NOW_US);
	/* The key in it is the candidate for the pivot. */
	assert_true(key_id_equal(&w.t.anchor.pivot.id, &one.ids[0]));
	assert_int_equal(w.t.anchor.pivot.number, 1);
	assert_int_equal(w.t.anchor.highest_number, 1);
	/* Before it was welcomed it goes by the file as it is. */
	file(KEYFILE, KEY2);
	(void)look();
	assert_true(key_id_equal(&w.t.anchor.pivot.id, &ids_of(KEY2).ids[0]));
	/* From then on it does not. */
	memset(w.t.anchor.ledger.hex, 'a', TOKEN_CHARS);
	file(KEYFILE, KEY1);
	(void)look();
	assert_true(key_id_equal(&w.t.anchor.pivot.id, &ids_of(KEY2).ids[0]));
	/* A stranger's is not adopted. */
	anew();
	joined_and_strange();
	(void)look();
	assert_false(w.t.notes.has_written);
}

static void how_old_the_key_is(void **state)
{
	static const struct {
		int64_t anchor_days, policy_days, seen_days, file_days;
		bool is_anchor_exact, is_exact;
		int64_t born_days; /* -1: not known */
	} rows[] = {
	    {5, 7, 3, 1, true, true, 5},   {5, 7, 3, 1, false, false, 5},
	    {0, 7, 3, 1, false, true, 7},  {0, 0, 3, 1, false, false, 3},
	    {0, 0, 3, 9, false, false, 9}, {-2, 0, 3, 1, true, true, -1},
	    {0, -2, 3, 1, true, true, -1},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		anew();
		if (rows[i].anchor_days)
			w.t.anchor.key_born.us = NOW_US - rows[i].anchor_days * US_DAY;
		w.t.anchor.is_born_exact = rows[i].is_anchor_exact;
		if (rows[i].policy_days)
			w.config->policy.keyfile.born_at.us = NOW_US - rows[i].policy_days * US_DAY;
		w.t.notes.first_seen.us = NOW_US - rows[i].seen_days * US_DAY;
		view_of(KEYFILE)->modified.us = NOW_US - rows[i].file_days * US_DAY;
		const struct seen_keyfile *k = &look()->keyfile;
		const int64_t born =
		    rows[i].born_days < 0 ? 0 : NOW_US - rows[i].born_days * US_DAY;
		if (k->born.us != born || k->is_born_exact != rows[i].is_exact)
			fail_msg("row %zu: %lld %d", i, (long long)((NOW_US - k->born.us) / US_DAY),
				 k->is_born_exact);
	}
}

/* ---- which keys its process has ---- */

static void proof(const char *key, enum login_verdict verdict)
{
	struct member_memory *m = seat_memory(&w.t, "b1:27017");
	struct key_proof *p = &m->proofs[m->proofs_n++];
	*p = (struct key_proof){.fact = {.who = WITNESS_OWN_EYES},
				.key = ids_of(key).ids[0],
				.verdict = verdict,
				.is_controlled = true};
	cut_z(p->process_id, sizeof(p->process_id), fleet_get("b1")->hello.process_id);
}
static void refused_it(void)
{
	proof(KEY1, LOGIN_REFUSED);
}
static void accepted_it(void)
{
	proof(KEY1, LOGIN_ACCEPTED);
}
static void accepted_another(void)
{
	proof(KEY2, LOGIN_ACCEPTED);
}
static void file_is_newer(void)
{
	view_of(KEYFILE)->changed = w.process.started_at;
}
static void started_unknown(void)
{
	w.process.started_at.us = 0;
}
static void noted(void)
{
	(void)look();
	file_is_newer();
}
static void noted_and_belied(void)
{
	noted();
	accepted_another();
}
static void noted_of_another(void)
{
	noted();
	fleet_get("b1")->hello.process_id[3] = 'x';
}
static void silent(void)
{
	fleet_get("b1")->is_down = true;
}

static void which_keys_its_process_has_loaded(void **state)
{
	static const struct {
		void (*set)(void);
		bool is_known;
	} rows[] = {
	    {nothing, true},
	    {accepted_it, true},
	    {refused_it, false},
	    {accepted_another, false},
	    {file_is_newer, false},
	    {started_unknown, false},
	    {noted, true},
	    {noted_and_belied, false},
	    {noted_of_another, false},
	    {silent, false},
	};
	const struct ring_ids one = ids_of(KEY1);
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		anew();
		rows[i].set();
		const struct seen_process *x = &look()->process;
		if (x->loaded.is_known != rows[i].is_known)
			fail_msg("row %zu: %d", i, x->loaded.is_known);
		if (rows[i].is_known)
			assert_true(ring_ids_equal(&x->loaded, &one));
	}
	anew();
	(void)look();
	assert_string_equal(w.t.notes.loaded_process, fleet_get("b1")->hello.process_id);
	assert_true(ring_ids_equal(&w.t.notes.loaded, &one));
	/* What cannot be noted is not known. */
	anew();
	(void)look();
	w.t.notes.loaded.is_known = false;
	w.files.is_full = true;
	assert_false(look()->process.loaded.is_known);
}

/* ---- logins that the plan wants ---- */

static struct plan *wants(unsigned member, const char *key, const char *control, bool is_refusal)
{
	static struct plan plan;
	plan.looks_n = 1;
	plan.looks[0] = (struct look){.member = member,
				      .key = ids_of(key).ids[0],
				      .control = ids_of(control).ids[0],
				      .expects_refusal = is_refusal};
	fleet.asked[0] = 0;
	return &plan;
}
static void hold(const char *key)
{
	auto_secret struct secret text = {.p = NULL};
	const struct ring_ids id = ids_of(key);
	struct err err = ERR_INIT;
	assert_true(secret_from(&text, key, strlen(key), &err));
	assert_true(keychain_add(&w.t.chain, &id.ids[0], &text, &err));
}

static void a_login_is_made_after_its_control_and_kept(void **state)
{
	static const struct {
		const char *name, *control;
		bool is_held, is_refusal;
		enum login_verdict verdict;
		unsigned logins_n;
		bool is_kept, is_controlled;
	} rows[] = {
	    {"with another as control", KEY1, true, false, LOGIN_ACCEPTED, 2, true, true},
	    {"alone", KEY2, true, false, LOGIN_ACCEPTED, 1, true, false},
	    {"not held", KEY1, false, false, LOGIN_ACCEPTED, 0, false, false},
	    {"control refused, acceptance wanted", KEY1, true, false, LOGIN_REFUSED, 2, true,
	     false},
	    {"control refused, refusal wanted", KEY1, true, true, LOGIN_REFUSED, 1, false, false},
	    {"alone, refusal wanted", KEY2, true, true, LOGIN_REFUSED, 1, true, false},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		anew();
		(void)look();
		if (rows[i].is_held)
			hold(KEY2);
		fleet_get("c1")->verdict = rows[i].verdict;
		const bool any =
		    observe_looks(&w.t, wants(2, KEY2, rows[i].control, rows[i].is_refusal));
		const struct seen_member *m = &w.t.seen->members[2];
		unsigned n = 0;
		for (const char *p = fleet.asked; (p = strstr(p, "login c1")); p++)
			n++;
		if (n != rows[i].logins_n || any != rows[i].is_kept ||
		    m->proofs_n != rows[i].is_kept)
			fail_msg("%s: %s %d", rows[i].name, fleet.asked, any);
		if (!any)
			continue;
		assert_int_equal(m->proofs[0].verdict, rows[i].verdict);
		assert_int_equal(m->proofs[0].is_controlled, rows[i].is_controlled);
		assert_string_equal(m->proofs[0].process_id, m->process_id);
		assert_true(key_id_equal(&m->proofs[0].key, &ids_of(KEY2).ids[0]));
		assert_int_equal(m->proofs[0].fact.at.us, NOW_US);
	}
}

static void a_login_at_another_process_than_hello_showed_is_none(void **state)
{
	(void)look();
	fleet_get("c1")->hello.process_id[0] = 'x';
	assert_false(observe_looks(&w.t, wants(2, KEY1, KEY1, false)));
	assert_int_equal(w.t.seen->members[2].proofs_n, 0);
	fleet_get("c1")->is_down = true;
	assert_false(observe_looks(&w.t, wants(2, KEY1, KEY1, false)));
}

static void of_a_key_the_last_login_counts_and_the_oldest_key_goes(void **state)
{
	(void)look();
	hold(KEY2), hold(KEY3);
	struct member_memory *m = seat_memory(&w.t, "c1:27017");
	assert_true(observe_looks(&w.t, wants(2, KEY2, KEY2, false)));
	fleet_get("c1")->verdict = LOGIN_REFUSED;
	assert_true(observe_looks(&w.t, wants(2, KEY2, KEY2, false)));
	assert_int_equal(m->proofs_n, 1);
	assert_int_equal(m->proofs[0].verdict, LOGIN_REFUSED);
	while (m->proofs_n < PROOFS_PER_MEMBER_MAX) {
		memset(m->proofs[m->proofs_n].key.hex, (int)('a' + m->proofs_n), KEY_ID_CHARS);
		m->proofs_n++;
	}
	assert_true(observe_looks(&w.t, wants(2, KEY3, KEY3, false)));
	assert_int_equal(m->proofs_n, PROOFS_PER_MEMBER_MAX);
	assert_true(key_id_equal(&m->proofs[PROOFS_PER_MEMBER_MAX - 1].key, &ids_of(KEY3).ids[0]));
	assert_int_equal(m->proofs[0].key.hex[0], 'b');
}

/* ---- other users of the key ---- */

static void who_else_uses_the_key(void **state)
{
	static const struct {
		const char *of;
		enum others_scope scope;
		enum err_kind fails;
		const char *asked;
		bool is_known;
		const char *others; /* of c1 */
	} rows[] = {
	    {"c1", OTHERS_OF_ALL, ERR_NONE, "sessions a1, sessions b1, sessions c1", true,
	     "10.0.0.9"},
	    {"c1", OTHERS_OF_SELF, ERR_NONE, "sessions b1", true, ""},
	    {"c1", OTHERS_OF_ALL, ERR_LIMIT, "sessions a1, sessions b1, sessions c1", true,
	     "very many addresses"},
	    {"c1", OTHERS_OF_ALL, ERR_TIMEOUT, "sessions a1, sessions b1, sessions c1", false, ""},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		anew();
		(void)look();
		fleet.asked[0] = 0;
		cut_z(w.others, sizeof(w.others), "10.0.0.9");
		cut_z(w.others_of, sizeof(w.others_of), rows[i].of);
		w.others_fail = rows[i].fails;
		observe_others(&w.t, rows[i].scope);
		const struct seen_others *o = &w.t.seen->others;
		assert_string_equal(fleet.asked, rows[i].asked);
		assert_int_equal(o->is_known, rows[i].is_known);
		assert_int_equal(o->scope, rows[i].scope);
		assert_int_equal(o->at.us, NOW_US);
		assert_string_equal(w.t.seen->members[2].others, rows[i].others);
		assert_string_equal(o->why, rows[i].is_known ? "" : "'c1:27017': too many");
		assert_int_equal(w.others_hosts_n, 3);
		/* It stays known in the rounds that follow. */
		assert_string_equal(look()->members[2].others, rows[i].others);
		assert_int_equal(w.t.seen->others.is_known, rows[i].is_known);
		/* Who was there and is not told of is not believed to be gone. */
		w.others_fail = ERR_TIMEOUT;
		observe_others(&w.t, OTHERS_OF_ALL);
		assert_string_equal(w.t.seen->members[2].others, rows[i].others);
	}
}

static void whom_nobody_asks_for_other_users(void **state)
{
	set_of("a1P", "b1S", "c1A");
	(void)look();
	fleet.asked[0] = 0;
	observe_others(&w.t, OTHERS_OF_ALL);
	assert_string_equal(fleet.asked, "sessions a1, sessions b1");
	assert_true(w.t.seen->others.is_known);
	fleet_get("a1")->denies = ERR_AUTH;
	observe_others(&w.t, OTHERS_OF_ALL);
	assert_false(w.t.seen->others.is_known);
	assert_string_equal(w.t.seen->others.why, "'a1:27017': 18: Authentication failed");
	/* With nothing to log in with it is not known. */
	anew();
	(void)look();
	w.instance.login.with = LOGIN_WITH_KEY;
	w.t.chain.n = 0;
	observe_others(&w.t, OTHERS_OF_SELF);
	assert_false(w.t.seen->others.is_known);
	assert_string_equal(w.t.seen->others.why, "'b1:27017': there is nothing to log in with");
}

/* ---- certificates ---- */

static struct fake_ca ca;
static void with_tls(void)
{
	struct mongod_options *o = &fleet_get("b1")->options;
	cut_z(o->tls_mode, sizeof(o->tls_mode), "requireTLS");
	cut_z(o->certificate_key_file, sizeof(o->certificate_key_file), "/etc/own.pem");
	cut_z(o->ca_file, sizeof(o->ca_file), "/etc/ca.pem");
	fake_files_set(&w.files, "/etc/own.pem", ca.leaf.p, ca.leaf.n);
	fake_files_set(&w.files, "/etc/ca.pem", ca.root.p, ca.root.n);
	w.tls = (struct mongod_tls_result){.is_handshake_done = true,
					   .is_hello_answered = true,
					   .is_chain_trusted = true,
					   .is_name_covered = true};
	cut_z(w.tls.served.serial, sizeof(w.tls.served.serial), "02");
	w.tls.served.is_known = true;
	(void)look(); /* its options are known, and then what it serves */
	(void)look();
}

static void its_certificate_on_disk_and_as_it_is_served(void **state)
{
	with_tls();
	const struct seen_certificate *c = &look()->certificate;
	assert_true(fact_known(c->fact) && fact_known(c->served_at));
	assert_true(c->file.is_known);
	assert_int_equal(c->file.not_after.us, FAKE_CA_NOW.us + CA_LEAF_DEFAULT_US);
	assert_int_equal(c->ca_not_after.us, FAKE_CA_NOW.us + 365 * US_DAY);
	assert_int_equal(c->crl_next_update.us, 0);
	assert_false(c->has_cluster_file);
	assert_true(c->is_served_trusted && c->is_served_named);
	assert_string_equal(c->served.serial, "02");
	/* Not looked at in each round, but after a minute, and with a new file. */
	w.tls.is_name_covered = false;
	cut_z(w.tls.served.serial, sizeof(w.tls.served.serial), "03");
	later(60);
	assert_string_equal(look()->certificate.served.serial, "02");
	later(1);
	c = &look()->certificate;
	assert_string_equal(c->served.serial, "03");
	assert_true(c->is_served_trusted && !c->is_served_named);
	w.tls.is_chain_trusted = false;
	view_of("/etc/own.pem")->inode = 7;
	assert_false(look()->certificate.is_served_trusted);
	w.tls.is_chain_trusted = true;
	w.tls.is_hello_answered = false;
	view_of("/etc/own.pem")->modified.us++;
	assert_false(look()->certificate.is_served_trusted);
	w.tls.is_hello_answered = true;
	view_of("/etc/own.pem")->size++;
	assert_true(look()->certificate.is_served_trusted);
	fleet.asked[0] = 0;
	(void)look();
	assert_false(is_asked("tls"));
	/* While a new one is being proven, in each. */
	w.t.notes.stage = CERT_STAGE_INSTALLED;
	(void)look();
	assert_true(is_asked("tls b1"));
	w.t.notes.stage = CERT_STAGE_GOING_BACK;
	(void)look();
	assert_true(is_asked("tls b1"));
	w.t.notes.stage = CERT_STAGE_STAGED;
	(void)look();
	assert_false(is_asked("tls b1"));
	w.t.notes.job_is_open = true;
	later(61);
	(void)look();
	assert_false(is_asked("tls"));
}

static void a_certificate_that_cannot_be_read_says_why(void **state)
{
	with_tls();
	file("/etc/own.pem", "nonsense");
	file("/etc/ca.pem", "nonsense");
	later(61);
	const struct seen_certificate *c = &look()->certificate;
	assert_true(fact_known(c->fact));
	assert_false(c->file.is_known);
	assert_non_null(strstr(c->why, "'/etc/own.pem': "));
	assert_int_equal(c->ca_not_after.us, 0);
	w.tls_fails = true;
	later(61);
	assert_false(fact_known(look()->certificate.served_at));
	struct err err = ERR_INIT;
	assert_true(fake_files_remove(&w.files, "/etc/own.pem", &err));
	later(61);
	assert_non_null(strstr(look()->certificate.why, "none"));
}

static void a_cluster_file_of_its_own_is_looked_at_as_well(void **state)
{
	with_tls();
	struct mongod_options *o = &w.t.options;
	cut_z(o->cluster_file, sizeof(o->cluster_file), "/etc/cluster.pem");
	fake_files_set(&w.files, "/etc/cluster.pem", ca.leaf.p, ca.leaf.n);
	later(61);
	const struct seen_certificate *c = &look()->certificate;
	assert_true(c->has_cluster_file && c->cluster.is_known);
	/* The same file by another name is none. */
	cut_z(view_of("/etc/cluster.pem")->real_path, PATH_BYTES_MAX, "/etc/own.pem");
	later(61);
	assert_false(look()->certificate.has_cluster_file);
}

/* mongod does not start with a certificate that has ended. */
static void a_restart_with_a_certificate_that_has_ended_would_fail(void **state)
{
	with_tls();
	later(CA_LEAF_DEFAULT_US / US_S);
	(void)look();
	assert_string_equal(look()->process.pending, "");
	later(1);
	(void)look();
	assert_string_equal(look()->process.pending, "the certificate in '/etc/own.pem' has "
						     "ended: mongod would not start");
	assert_false(w.t.seen->is_rehearsed);
}

/* Nor with one that is not valid yet: the clock was put back. */
static void a_restart_with_a_certificate_that_is_not_valid_yet_would_fail(void **state)
{
	with_tls();
	(void)look();
	w.t.certificate.file.not_before.us = w.t.seen->now.us + 60 * US_S;
	assert_string_equal(look()->process.pending, "the certificate in '/etc/own.pem' is not "
						     "valid yet: mongod would not start");
	w.t.certificate.file.not_before.us = w.t.seen->now.us - 1;
	assert_string_equal(look()->process.pending, "");
}

static void what_is_noted_of_a_certificate_under_way_is_shown(void **state)
{
	struct notes *n = &w.t.notes;
	with_tls();
	n->stage = CERT_STAGE_ASKED;
	cut_z(n->staged_serial, sizeof(n->staged_serial), "0B");
	n->cert_target = CERT_CLUSTER_FILE;
	n->cert_order = (struct token){.hex = "1"};
	n->cert_order_half = (struct token){.hex = "2"};
	n->cert_order_refused = (struct token){.hex = "3"};
	n->cert_order_done = (struct token){.hex = "4"};
	n->is_cert_taken_back = n->is_cert_denied = true;
	n->asked_at.us = 5;
	n->retry_at.us = 6;
	cut_z(n->cookie, sizeof(n->cookie), "17");
	cut_z(n->reload_why, sizeof(n->reload_why), "exit 1");
	cut_z(n->cert_why, sizeof(n->cert_why), "no SAN");
	const struct seen_certificate *c = &look()->certificate;
	assert_int_equal(c->stage, CERT_STAGE_ASKED);
	assert_string_equal(c->staged_serial, "0B");
	assert_int_equal(c->target, CERT_CLUSTER_FILE);
	assert_string_equal(c->order.hex, "1");
	assert_string_equal(c->order_half.hex, "2");
	assert_string_equal(c->order_refused.hex, "3");
	assert_string_equal(c->order_done.hex, "4");
	assert_true(c->is_taken_back && c->is_denied && c->is_pending && !c->is_reload_running);
	assert_true(c->asked_at.us == 5 && c->retry_at.us == 6);
	assert_string_equal(c->reload_why, "exit 1");
	assert_string_equal(c->why, "no SAN");
	n->cookie[0] = 0;
	assert_false(look()->certificate.is_pending);
	cut_z(n->cookie, sizeof(n->cookie), "17");
	n->stage = CERT_STAGE_STAGED;
	assert_false(look()->certificate.is_pending);
}

static void a_reload_hook_is_closed_when_it_is_over(void **state)
{
	static const struct {
		enum job_state state;
		enum reload_how how;
		bool is_open;
		const char *why;
		int64_t retry_us;
	} rows[] = {
	    {JOB_RUNNING, RELOAD_HOOK, true, "", 9},
	    {JOB_OVERDUE, RELOAD_HOOK, true, "", 9},
	    {JOB_DONE, RELOAD_HOOK, false, "", 9},
	    {JOB_FAILED, RELOAD_HOOK, false, "the hook: exit 1: bad", 9},
	    {JOB_NONE, RELOAD_HOOK, false, "", 0},
	    {JOB_FAILED, RELOAD_ROTATE_CERTIFICATES, false, "", 0},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		anew();
		with_tls();
		w.instance.reload_how = rows[i].how;
		w.t.notes.is_reload_open = true;
		w.t.notes.retry_at.us = 9;
		w.job = (struct job_view){.state = rows[i].state, .why = "exit 1"};
		cut_z(w.job.output, 64, "bad");
		const struct seen_certificate *c = &look()->certificate;
		if (c->is_reload_running != rows[i].is_open ||
		    strcmp(c->reload_why, rows[i].why) != 0 || c->retry_at.us != rows[i].retry_us)
			fail_msg("row %zu: %d '%s' %lld", i, c->is_reload_running, c->reload_why,
				 (long long)c->retry_at.us);
		/* What is served now counts. */
		assert_int_equal(is_asked("tls b1"), !rows[i].is_open);
	}
	/* What cannot be noted is looked at again; so is what cannot be asked. */
	anew();
	with_tls();
	w.t.notes.is_reload_open = w.files.is_full = true;
	assert_true(look()->certificate.is_reload_running);
	w.files.is_full = false;
	w.restarter_fails = true;
	assert_true(look()->certificate.is_reload_running);
}

static void every_peer_must_take_the_new_certificate(void **state)
{
	static const struct {
		const char *of;
		bool fails, answered, is_done;
		const char *why;
	} rows[] = {
	    {"c1", false, true, true, ""},
	    {"c1", false, false, true, "c1:27017 does not accept it: unknown CA"},
	    {"a1", false, false, true, "a1:27017 does not accept it: unknown CA"},
	    {"", false, false, true, "a1:27017 does not accept it: unknown CA"},
	    {"c1", true, true, false, ""},
	    {"b1", true, true, true, ""}, /* itself is not asked */
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		anew();
		with_tls();
		cut_z(w.tls_of, sizeof(w.tls_of), rows[i].of);
		w.tls_fails = rows[i].fails;
		w.tls.is_hello_answered = rows[i].answered;
		cut_z(w.tls.reason, sizeof(w.tls.reason), "unknown CA");
		fleet.asked[0] = 0;
		observe_peers(&w.t);
		if (w.t.is_peer_check_done != rows[i].is_done ||
		    strcmp(w.t.peers_why, rows[i].why) != 0)
			fail_msg("row %zu: %d '%s'", i, w.t.is_peer_check_done, w.t.peers_why);
		assert_string_equal(fleet.asked, "tls a1, tls c1");
		assert_int_equal(look()->certificate.is_seen_by_peers,
				 rows[i].is_done && !rows[i].why[0]);
		assert_string_equal(w.t.seen->certificate.peers_why, rows[i].why);
	}
}

static void what_each_member_serves_when_a_person_asks(void **state)
{
	with_tls();
	cut_z(w.tls_of, sizeof(w.tls_of), "c1");
	w.tls.is_name_covered = false;
	w.tls.served.not_after.us = 77;
	cut_z(w.tls.reason, sizeof(w.tls.reason), "hostname mismatch");
	assert_false(fact_known(look()->members[2].served_at));
	observe_served(&w.t);
	const struct seen_member *m = &w.t.seen->members[2];
	assert_true(fact_known(m->served_at) && m->served_at.at.us == NOW_US);
	assert_string_equal(m->served_serial, "02");
	assert_int_equal(m->served_not_after.us, 77);
	assert_true(m->is_served_trusted && m->is_client_taken && !m->is_served_named);
	assert_string_equal(m->served_why, "hostname mismatch");
	assert_true(w.t.seen->members[0].is_served_named);
	/* It stays with its age; one that does not answer a handshake is not known. */
	w.tls_fails = true;
	fleet_get("a1")->is_down = true;
	later(9);
	(void)look();
	observe_served(&w.t);
	assert_int_equal(w.t.seen->members[0].served_at.at.us, NOW_US);
	assert_false(fact_known(w.t.seen->members[2].served_at));
	assert_string_equal(w.t.seen->members[2].served_why, "no answer");
	/* Without TLS nothing is served. */
	anew();
	(void)look();
	observe_served(&w.t);
	assert_false(is_asked("tls"));
}

/* ---- the whole ---- */

static void a_standalone_is_known_by_its_instances_name(void **state)
{
	struct fake_server *b = fleet_add("localhost", 'P');
	fleet.self = "localhost:27017";
	file(CONF, "security:\n  keyFile: " KEYFILE "\n");
	b->options.is_known = true;
	cut_z(b->options.key_file, sizeof(b->options.key_file), KEYFILE);
	const struct seen *s = look();
	assert_true(s->is_standalone);
	assert_string_equal(s->self_host, "db");
	assert_string_equal(s->cluster, "db");
	assert_string_equal(w.t.anchor.cluster, "local:db");
	assert_int_equal(s->self, 0);
	const struct seen_member *m = &s->members[0];
	assert_true(s->members_n == 1 && m->is_self && m->is_voter && m->is_electable);
	assert_true(m->is_primary && m->state == MEMBER_PRIMARY && m->sees_all);
	assert_true(m->is_seen_by_all && m->id == -1);
	assert_true(fact_known(m->hello) && fact_known(m->status) && fact_known(s->config));
	assert_string_equal(m->host, "db");
	/* Down it is still one. */
	b->is_down = true;
	s = look();
	assert_true(s->is_standalone && s->members_n == 1 && !fact_known(s->members[0].hello));
	/* And it was one before this rotad began. */
	w.t.seen->is_standalone = false;
	s = look();
	assert_string_equal(s->self_host, "db");
	assert_true(is_asked("hello localhost"));
}

static void a_member_that_says_nothing_of_its_set_yet_is_no_standalone(void **state)
{
	struct fake_server *b = fleet_get("b1");
	(void)look();
	b->hello.set_name[0] = b->hello.me[0] = 0;
	assert_false(look()->is_standalone);
	assert_string_equal(w.t.seen->self_host, "b1:27017");
}

static void before_its_options_are_known_nothing_is_asked(void **state)
{
	file(CONF, "nonsense: [");
	const struct seen *s = look();
	assert_string_equal(fleet.asked, "");
	assert_non_null(strstr(s->rehearsal, "'" CONF "': "));
	assert_false(w.t.has_options || s->process.is_answering);
	struct err err = ERR_INIT;
	assert_true(fake_files_remove(&w.files, CONF, &err));
	assert_string_equal(look()->rehearsal, "'" CONF "': none");
}

/* Where the ledger is, and whose. */
static void until_it_is_known_whose_ledger_it_is_none_is_read(void **state)
{
	static const struct {
		void (*set)(void);
		const char *anchor, *why, *cluster;
	} rows[] = {
	    {nothing, "", "no primary", "507f1f77bcf86cd799439011"},
	    {nothing, "another", "no primary", "another"},
	    {part_not_told, "", "no primary", "507f1f77bcf86cd799439011"},
	    {part_not_told, "507f1f77bcf86cd799439011", "no primary", "507f1f77bcf86cd799439011"},
	    {part_not_told, "another", "whether it is part of a sharded cluster: 13: not",
	     "another"},
	    {part_shard, "", "the sharded cluster is not known yet: ", ""},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		anew();
		(void)look();
		cut_z(w.t.anchor.cluster, sizeof(w.t.anchor.cluster), rows[i].anchor);
		rows[i].set();
		later(1);
		const struct seen *s = look();
		if (!strstr(s->ledger.why, rows[i].why) ||
		    strcmp(w.t.anchor.cluster, rows[i].cluster) != 0)
			fail_msg("row %zu: '%s' '%s'", i, s->ledger.why, w.t.anchor.cluster);
		assert_false(fact_known(s->ledger.fact));
	}
}

static void the_store_is_asked_at_the_members(void **state)
{
	(void)look();
	assert_string_equal(w.aimed, "a1:27017 b1:27017! c1:27017");
	anew();
	set_of("a1P", "b1S", "c1A");
	(void)look();
	assert_string_equal(w.aimed, "a1:27017 b1:27017!");
	/* Not while its own restart runs. */
	anew();
	(void)look();
	w.aimed[0] = 0;
	w.t.notes.job_is_open = true;
	(void)look();
	assert_string_equal(w.aimed, "");
}

static int make_ca(void **state UNUSED)
{
	fake_ca_init(&ca);
	return 0;
}
static int drop_ca(void **state UNUSED)
{
	fake_ca_fini(&ca);
	return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(a_healthy_set_is_seen_well),
	    TEST(what_rs_conf_says_of_a_member),
	    TEST(what_each_says_of_the_others),
	    TEST(how_far_it_is_behind_the_newest),
	    TEST(since_when_one_is_silent),
	    TEST(the_configuration_is_read_again_when_it_may_be_another),
	    TEST(a_configuration_that_cannot_be_read_is_said_and_kept),
	    TEST(one_that_recovers_is_not_asked_as_a_given_user),
	    TEST(the_clock_is_compared_with_the_primarys),
	    TEST(its_process_by_the_system_and_by_its_answer),
	    TEST(what_a_restart_would_change),
	    TEST(the_server_is_asked_again_after_ten_seconds_or_when_it_is_another),
	    TEST(whether_it_is_part_of_a_sharded_cluster),
	    TEST(a_restart_that_was_begun),
	    TEST(while_it_is_restarted_the_previous_keys_are_held),
	    TEST(the_keyfile_as_it_is_found),
	    TEST(without_a_keyfile_nothing_is_known_of_one),
	    TEST(the_first_file_is_adopted_and_its_keys_are_held),
	    TEST(how_old_the_key_is),
	    TEST(which_keys_its_process_has_loaded),
	    TEST(a_login_is_made_after_its_control_and_kept),
	    TEST(a_login_at_another_process_than_hello_showed_is_none),
	    TEST(of_a_key_the_last_login_counts_and_the_oldest_key_goes),
	    TEST(who_else_uses_the_key),
	    TEST(whom_nobody_asks_for_other_users),
	    TEST(its_certificate_on_disk_and_as_it_is_served),
	    TEST(a_certificate_that_cannot_be_read_says_why),
	    TEST(a_cluster_file_of_its_own_is_looked_at_as_well),
	    TEST(a_restart_with_a_certificate_that_has_ended_would_fail),
	    TEST(a_restart_with_a_certificate_that_is_not_valid_yet_would_fail),
	    TEST(what_is_noted_of_a_certificate_under_way_is_shown),
	    TEST(a_reload_hook_is_closed_when_it_is_over),
	    TEST(every_peer_must_take_the_new_certificate),
	    TEST(what_each_member_serves_when_a_person_asks),
	    TEST(a_standalone_is_known_by_its_instances_name),
	    TEST(a_member_that_says_nothing_of_its_set_yet_is_no_standalone),
	    TEST(before_its_options_are_known_nothing_is_asked),
	    TEST(until_it_is_known_whose_ledger_it_is_none_is_read),
	    TEST(the_store_is_asked_at_the_members),
	};
	return cmocka_run_group_tests(tests, make_ca, drop_ca);
}
