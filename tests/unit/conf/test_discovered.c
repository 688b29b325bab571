/* SPDX-License-Identifier: Apache-2.0 */
/* What discover writes: it parses and checks, says of each server what a person should know, and no
 * name that was found can leave its line. */
#include "lib/test.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "conf/conf_check.h"
#include "conf/discovered.h"
#include "lib/fake_files.h"

static struct survey found;
static const char *printed_for; /* NULL: rotad.service */
static struct buf text;

static struct survey_server *add(const char *set, int port, const char *config, const char *unit)
{
	struct survey_server *s = &found.servers[found.n++];
	*s = (struct survey_server){.pid = 100 + (int)found.n,
				    .user = "mongod",
				    .is_listening = true,
				    .is_config_read = config[0] != 0};
	s->options.port = port;
	snprintf(s->options.set_name, sizeof(s->options.set_name), "%s", set);
	snprintf(s->config_file, sizeof(s->config_file), "%s", config);
	snprintf(s->unit, sizeof(s->unit), "%s", unit);
	snprintf(s->options.key_file, 64, "/etc/mongodb/keyfile");
	snprintf(s->options.tls_mode, 16, "requireTLS");
	return s;
}

static int begin(void **state)
{
	(void)state;
	memset(&found, 0, sizeof(found));
	printed_for = NULL;
	buf_clear(&text);
	return 0;
}

/* Print, and take it as rotad would: errors are the test's failure. */
static struct config *take_text(struct conf *conf)
{
	static struct fake_files none;
	struct files_port files = fake_files_port(&none);
	struct conf_how how = {.files = &files, .is_elsewhere = true, .uid = CONF_UID_ANY};
	auto_free struct conf_faults *faults = calloc(1, sizeof(*faults));
	struct err err = ERR_INIT;
	how.now.us = 1800000000 * US_S;
	buf_clear(&text);
	discovered_print(&found, printed_for, &text);
	if (!conf_parse(buf_str(&text), "/etc/rotad/rotad.yaml", conf, faults) ||
	    !conf_check(conf, &how, faults)) {
		(void)!conf_faults_err(faults, "rotad.yaml", &err);
		fail_msg("%s in\n%s", err.text, buf_z(&text));
	}
	fake_files_fini(&none);
	return &conf->config;
}

static void a_host_with_one_member_gets_the_short_form(void **state)
{
	auto_conf struct conf *conf = conf_new();
	(void)state;
	add("rs0", 0, "/etc/mongod.conf", "mongod.service");
	const struct config *c = take_text(conf);
	assert_int_equal(c->instances_n, 1);
	assert_string_equal(c->instances[0].name, "rs0");
	assert_string_equal(c->instances[0].config_file, "/etc/mongod.conf");
	assert_int_equal(c->instances[0].restart_how, RESTART_UNIT);
	assert_string_equal(c->instances[0].restart_name, "mongod.service");
	assert_string_equal(c->instances[0].address, "");
	assert_int_equal(c->policy.mode, MODE_OBSERVE);
	assert_non_null(strstr(buf_z(&text), "\n  # mongod, process 101 of mongod, port 27017, "
					     "set rs0\n  - name: rs0\n"));
	/* All is well: nothing more is said of it. */
	auto_buf struct buf notes = {.p = NULL};
	discovered_notes(&found, 0, &notes);
	assert_int_equal(notes.n, 0);
}

static void each_gets_a_name_of_its_own(void **state)
{
	auto_conf struct conf *conf = conf_new();
	static const char *const names[] = {"rs0-27017",    "rs0-27018",    "cfg",
					    "mongos-27016", "mongod-27020", "my-set",
					    "rs0-27017-7"};
	(void)state;
	add("rs0", 27017, "/a.conf", "a.service");
	add("rs0", 27018, "/b.conf", "b.service");
	add("cfg", 27019, "/c.conf", "c.service");
	add("", 27016, "/d.conf", "d.service")->options.is_mongos = true;
	add("", 27020, "/e.conf", "e.service");
	add("my set", 27021, "/f.conf", "f.service");
	add("rs0", 27017, "/g.conf", "g.service")->pid = 0;
	const struct config *c = take_text(conf);
	assert_int_equal(c->instances_n, ARRAY_N(names));
	for (size_t i = 0; i < ARRAY_N(names); i++)
		assert_string_equal(c->instances[i].name, names[i]);
	assert_non_null(strstr(buf_z(&text), "# mongod, does not run; its unit is g.service"));
}

static void where_it_listens_and_what_it_was_started_with(void **state)
{
	static const struct {
		const char *bind_ip, *config, *address;
	} rows[] = {
	    {"127.0.0.1,10.0.0.7", "/etc/mongod.conf", ""},
	    {"0.0.0.0", "/etc/mongod.conf", ""},
	    {"", "/etc/mongod.conf", ""},
	    {"/run/m.sock, 10.0.0.7", "/etc/mongod.conf", "10.0.0.7:27021"},
	    {"db1.example.net,10.0.0.7", "/etc/mongod.conf", "db1.example.net:27021"},
	    {"fd00::7", "/etc/mongod.conf", "[fd00::7]:27021"},
	    {"", "", "localhost:27021"},
	    {"10.0.0.7", "", "10.0.0.7:27021"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_conf struct conf *conf = conf_new();
		found.n = 0;
		struct survey_server *s = add("rs0", 27021, rows[i].config, "m.service");
		snprintf(s->options.bind_ip, sizeof(s->options.bind_ip), "%s", rows[i].bind_ip);
		const struct config *c = take_text(conf);
		assert_string_equal(c->instances[0].address, rows[i].address);
		assert_string_equal(c->instances[0].config_file, rows[i].config);
	}
}

/* Percona's packages for Debian run theirs as mongod. */
static void a_user_that_the_package_does_not_know_is_told(void **state)
{
	(void)state;
	struct survey_server *s = add("rs0", 0, "/etc/mongod.conf", "mongod.service");
	cut_z(s->user, sizeof(s->user), ROTAD_USER);
	discovered_print(&found, NULL, &text);
	assert_null(strstr(buf_z(&text), "rotactl adopt"));
	buf_clear(&text);
	cut_z(s->user, sizeof(s->user), "somebody-else");
	discovered_print(&found, NULL, &text);
	assert_non_null(strstr(buf_z(&text), "runs as " ROTAD_USER " and these as somebody-else: "
					     "rotactl adopt"));
	buf_clear(&text);
	discovered_print(&found, "somebody-else", &text);
	assert_null(strstr(buf_z(&text), "rotactl adopt"));
}

static void each_user_gets_a_configuration_of_its_own(void **state)
{
	static struct survey all;
	const char *users[INSTANCES_MAX];
	(void)state;
	add("rs0", 27017, "/a.conf", "a.service");
	cut_z(add("rs1", 27018, "/b.conf", "b.service")->user, 16, "mongo2");
	add("rs2", 27019, "/c.conf", "c.service")->is_container = true;
	add("rs3", 27020, "/d.conf", "d.service")->user[0] = 0; /* does not run */
	assert_int_equal(discovered_users(&found, users), 2);
	assert_string_equal(users[0], "mongod");
	assert_string_equal(users[1], "mongo2");
	discovered_print(&found, NULL, &text);
	assert_non_null(strstr(buf_z(&text), "different users (mongod, mongo2)"));
	all = found;
	discovered_of_user(&all, "mongo2", &found);
	auto_conf struct conf *conf = conf_new();
	printed_for = "mongo2";
	const struct config *c = take_text(conf);
	assert_int_equal(c->instances_n, 2);
	assert_string_equal(c->instances[0].name, "rs1");
	assert_string_equal(c->instances[1].name, "rs3");
	assert_string_equal(c->state_directory, "/var/lib/rotad-mongo2");
	assert_string_equal(c->socket, "/run/rotad-mongo2/rotad.sock");
	assert_non_null(strstr(buf_z(&text), "systemctl enable --now rotad@mongo2. "));
	assert_null(strstr(buf_z(&text), "different users"));
}

static void a_configuration_file_stands_for_one_instance_only(void **state)
{
	auto_conf struct conf *conf = conf_new();
	(void)state;
	add("rs0", 27017, "/etc/mongod.conf", "a.service");
	add("rs1", 27018, "/etc/mongod.conf", "b.service");
	const struct config *c = take_text(conf);
	assert_string_equal(c->instances[1].config_file, "");
	assert_string_equal(c->instances[1].address, "localhost:27018");
	assert_non_null(strstr(buf_z(&text), "that of an instance above"));
}

static void container(struct survey_server *s)
{
	s->is_container = true;
	s->unit[0] = 0;
}
static void automated(struct survey_server *s)
{
	s->is_automated = true;
}
static void percona(struct survey_server *s)
{
	s->is_percona = true;
}
static void user_unit(struct survey_server *s)
{
	s->is_user_unit = true;
}
static void no_unit(struct survey_server *s)
{
	s->unit[0] = 0;
}
static void silent(struct survey_server *s)
{
	s->is_listening = false;
}
static void unread(struct survey_server *s)
{
	s->is_config_read = false;
}
static void unknown(struct survey_server *s)
{
	snprintf(s->options.unknown, 64, "security.keyFile (__exec)");
}
static void marked_config(struct survey_server *s)
{
	snprintf(s->config_marker, 20, "Ansible managed");
}
static void marked_keyfile(struct survey_server *s)
{
	snprintf(s->keyfile_marker, 20, "Puppet");
}
static void no_keyfile(struct survey_server *s)
{
	s->options.key_file[0] = 0;
}
static void x509(struct survey_server *s)
{
	s->options.key_file[0] = 0;
	snprintf(s->options.cluster_auth_mode, 8, "x509");
}
static void one_file(struct survey_server *s)
{
	snprintf(s->options.encryption_key_file, 64, "/etc/mongodb/keyfile");
}
static void no_tls(struct survey_server *s)
{
	s->options.tls_mode[0] = 0;
}

static void what_a_person_should_know_is_a_comment(void **state)
{
	static const struct {
		void (*change)(struct survey_server *s);
		const char *said;
	} rows[] = {
	    {container, "runs in a container"},
	    {automated, "Ops Manager"},
	    {percona, "Percona Server"},
	    {user_unit, "of a user's own systemd"},
	    {no_unit, "No systemd unit starts it"},
	    {silent, "not seen to listen on port 27017"},
	    {unread, "could not be read"},
	    {unknown, "security.keyFile (__exec)"},
	    {marked_config, "the mark 'Ansible managed'"},
	    {marked_keyfile, "Its keyfile has the mark 'Puppet'"},
	    {no_keyfile, "No security.keyFile"},
	    {x509, "clusterAuthMode x509"},
	    {one_file, "encryptionKeyFile is the keyfile too"},
	    {no_tls, "No TLS"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_conf struct conf *conf = conf_new();
		found.n = 0;
		add("whole", 27019, "/w.conf", "w.service");
		rows[i].change(add("rs0", 27017, "/etc/mongod.conf", "mongod.service"));
		const struct config *c = take_text(conf);
		assert_int_equal(c->instances_n, rows[i].change == container ? 1 : 2);
		const char *hit = strstr(buf_z(&text), rows[i].said);
		if (!hit)
			fail_msg("row %zu: '%s' is not said:\n%s", i, rows[i].said, buf_z(&text));
		while (hit > text.p && hit[-1] != '\n')
			hit--;
		assert_memory_equal(hit, "  # ", 4);
		assert_int_equal(strstr(buf_z(&text), "{unit: mongod.service}") == NULL,
				 rows[i].change == container || rows[i].change == user_unit ||
				     rows[i].change == no_unit);
	}
}

static void who_else_is_here_stands_at_the_top(void **state)
{
	auto_conf struct conf *conf = conf_new();
	(void)state;
	add("rs0", 27017, "/a.conf", "a.service");
	snprintf(add("rs1", 27018, "/b.conf", "b.service")->user, 20, "other");
	snprintf(found.neighbours, sizeof(found.neighbours), "pbm-agent, pmm-agent");
	snprintf(found.timezone, sizeof(found.timezone), "UTC");
	found.left_out_n = 3;
	(void)take_text(conf);
	assert_non_null(strstr(buf_z(&text), "# They run as different users (mongod, other)"));
	assert_non_null(strstr(buf_z(&text), "pbm-agent, pmm-agent"));
	assert_non_null(strstr(buf_z(&text), "# 3 more were found"));
}

/* Whoever may start a process on this host must not write rotad's configuration. */
static void no_name_leaves_its_line_or_its_quotes(void **state)
{
	auto_conf struct conf *conf = conf_new();
	(void)state;
	struct survey_server *s =
	    add("x\nmode: act", 27017, "/tmp/a\": b\nmode: act\n#.conf", "a.service");
	add("rs1", 27018, "/tmp/a\": b, [c] #.conf", "b.service");
	snprintf(s->user, sizeof(s->user), "eve\nmode: act");
	snprintf(s->options.unknown, 64, "x\nkeyfile: {mode: act}");
	snprintf(s->config_marker, 20, "x\r\nmode: act");
	snprintf(found.neighbours, sizeof(found.neighbours), "y\nmode: act");
	const struct config *c = take_text(conf);
	assert_int_equal(c->policy.mode, MODE_OBSERVE);
	assert_int_equal(c->policy.keyfile.mode, MODE_OBSERVE);
	assert_string_equal(c->instances[0].config_file, "");
	assert_string_equal(c->instances[0].address, "localhost:27017");
	assert_string_equal(c->instances[1].config_file, "/tmp/a\": b, [c] #.conf");
	assert_string_equal(c->instances[0].name, "x-mode--act");
	assert_null(strstr(buf_z(&text), "\nmode: act"));
}

#define CASE(f) cmocka_unit_test_setup(f, begin)
static int end(void **state)
{
	(void)state;
	buf_fini(&text);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_host_with_one_member_gets_the_short_form),
	    CASE(each_gets_a_name_of_its_own),
	    CASE(each_user_gets_a_configuration_of_its_own),
	    CASE(a_user_that_the_package_does_not_know_is_told),
	    CASE(where_it_listens_and_what_it_was_started_with),
	    CASE(a_configuration_file_stands_for_one_instance_only),
	    CASE(what_a_person_should_know_is_a_comment),
	    CASE(who_else_is_here_stands_at_the_top),
	    CASE(no_name_leaves_its_line_or_its_quotes),
	};
	return cmocka_run_group_tests(tests, NULL, end);
}
