/* SPDX-License-Identifier: Apache-2.0 */
/* What rotad and rotad-mongo say to each other goes there and back unchanged, and nothing is taken
 * that lacks a member or has one of another type. */
#include "lib/test.h"

#include <string.h>

#include "codec/json_mongod.h"

#define PUT(field, text) assert_true(copy_z(field, sizeof(field), text))

/* Parse object into a value of the caller's; true when it was taken. */
typedef bool parse_fn(const json_t *object);

static bool takes_hello(const json_t *object)
{
	struct mongod_hello v;
	struct err err = ERR_INIT;
	return json_hello_parse(object, &v, &err);
}
static bool takes_status(const json_t *object)
{
	static struct mongod_status v;
	struct err err = ERR_INIT;
	return json_status_parse(object, &v, &err);
}
static bool takes_config(const json_t *object)
{
	static struct mongod_config v;
	struct err err = ERR_INIT;
	return json_config_parse(object, &v, &err);
}
static bool takes_shards(const json_t *object)
{
	static struct mongod_shards v;
	struct err err = ERR_INIT;
	return json_shards_parse(object, &v, &err);
}
static bool takes_server(const json_t *object)
{
	static struct mongod_server v;
	struct err err = ERR_INIT;
	return json_server_parse(object, &v, &err);
}
static bool takes_options(const json_t *object)
{
	static struct mongod_options v;
	struct err err = ERR_INIT;
	return json_options_parse(object, &v, &err);
}
static bool takes_login(const json_t *object)
{
	struct mongod_login_result v;
	struct err err = ERR_INIT;
	return json_login_result_parse(object, &v, &err);
}
static bool takes_tls(const json_t *object)
{
	static struct mongod_tls_result v;
	struct err err = ERR_INIT;
	return json_tls_result_parse(object, &v, &err);
}
static bool takes_doc(const json_t *object)
{
	struct store_doc v;
	struct err err = ERR_INIT;
	return json_store_doc_parse(object, &v, &err);
}

/* Each member in turn: taken away, null, and an array where none belongs. */
static void refuses_what_is_incomplete(const json_t *object, parse_fn *takes)
{
	const char *name;
	json_t *value;
	assert_true(takes(object));
	json_object_foreach((json_t *)(uintptr_t)object, name, value)
	{
		AUTO(json_t) without = json_copy((json_t *)(uintptr_t)object);
		assert_int_equal(json_object_del(without, name), 0);
		if (takes(without))
			fail_msg("taken without '%s'", name);
		assert_int_equal(json_object_set_new(without, name, json_null()), 0);
		if (takes(without))
			fail_msg("taken with null for '%s'", name);
		assert_int_equal(
		    json_object_set_new(without, name,
					json_is_array(value) ? json_true() : json_array()),
		    0);
		if (takes(without))
			fail_msg("taken with another type for '%s'", name);
	}
}

static void a_hello_goes_there_and_back(void **state)
{
	static struct mongod_hello a, b;
	struct err err = ERR_INIT;
	AUTO(json_t) object = json_object();
	PUT(a.set_name, "rs0");
	PUT(a.me, "db1:27017");
	PUT(a.primary, "db2:27017");
	PUT(a.process_id, "0123456789abcdef01234567");
	a.is_secondary = a.is_hidden = a.is_quiescing = a.offers_scram_sha256 = true;
	a.max_wire_version = 17;
	a.local_time.us = INT64_MAX;
	assert_true(json_hello_print(&a, object, &err));
	assert_true(json_hello_parse(object, &b, &err));
	assert_memory_equal(&a, &b, sizeof(a));
	refuses_what_is_incomplete(object, takes_hello);
}

static void a_status_goes_there_and_back(void **state)
{
	static struct mongod_status a, b;
	struct err err = ERR_INIT;
	AUTO(json_t) object = json_object();
	PUT(a.set, "rs0");
	a.my_state = MEMBER_SECONDARY;
	a.my_id = 7;
	a.date.us = 5;
	a.term = -1;
	a.majority_vote_count = 2;
	a.write_majority_count = 3;
	a.voting_members = 4;
	a.writable_voting_members = 5;
	a.is_initial_syncing = true;
	a.members_n = MEMBERS_MAX;
	for (unsigned i = 0; i < MEMBERS_MAX; i++) {
		struct mongod_status_member *m = &a.members[i];
		m->id = i;
		snprintf(m->host, sizeof(m->host), "db%u:27017", i);
		m->state = i % 2 ? MEMBER_DOWN : MEMBER_ARBITER;
		m->is_healthy = i % 3;
		m->is_self = i == 4;
		m->is_unauthenticated = i == 5;
		m->optime.us = INT64_MIN + i;
		m->last_heartbeat.us = i;
		m->uptime_s = -(int64_t)i;
		m->config_version = i;
		m->config_term = -1;
	}
	assert_true(json_status_print(&a, object, &err));
	assert_true(json_status_parse(object, &b, &err));
	assert_memory_equal(&a, &b, sizeof(a));
	refuses_what_is_incomplete(object, takes_status);
	assert_int_equal(json_array_append(json_object_get(object, "members"),
					   json_array_get(json_object_get(object, "members"), 0)),
			 0);
	assert_false(takes_status(object)); /* one too many */
}

static void a_config_goes_there_and_back(void **state)
{
	static struct mongod_config a, b;
	struct err err = ERR_INIT;
	AUTO(json_t) object = json_object();
	PUT(a.set, "rs0");
	PUT(a.replica_set_id, "0123456789abcdef01234567");
	a.version = 3;
	a.term = 9;
	a.has_majority_journal_default = true;
	a.members_n = 2;
	a.members[1].id = 12;
	PUT(a.members[0].host, "db1:27017");
	PUT(a.members[1].host, "db2:27017");
	a.members[1].priority = 0.5;
	a.members[1].votes = 1;
	a.members[1].is_hidden = true;
	a.members[1].delay_s = 3600;
	a.members[1].horizons_n = 2;
	PUT(a.members[1].horizons[0], "db2.example.net");
	PUT(a.members[1].horizons[1], "10.0.0.2");
	assert_true(json_config_print(&a, object, &err));
	assert_true(json_config_parse(object, &b, &err));
	assert_memory_equal(&a, &b, sizeof(a));
	refuses_what_is_incomplete(object, takes_config);
}

static void a_cluster_goes_there_and_back(void **state)
{
	static struct mongod_shards a, b;
	struct err err = ERR_INIT;
	AUTO(json_t) object = json_object();
	PUT(a.cluster, "0123456789abcdef01234567");
	a.shards_n = SETS_MAX;
	for (unsigned i = 0; i < SETS_MAX; i++) {
		snprintf(a.shards[i].name, sizeof(a.shards[i].name), "sh%u", i);
		snprintf(a.shards[i].hosts, sizeof(a.shards[i].hosts), "sh%u/a:%u,b:1", i, i);
	}
	a.routers_n = 2;
	PUT(a.routers[0].host, "r1:27017");
	PUT(a.routers[1].host, "r2:27017");
	a.routers[1].is_stale = true;
	assert_true(json_shards_print(&a, object, &err));
	assert_true(json_shards_parse(object, &b, &err));
	assert_memory_equal(&a, &b, sizeof(a));
	refuses_what_is_incomplete(object, takes_shards);
	assert_int_equal(json_array_append(json_object_get(object, "shards"),
					   json_array_get(json_object_get(object, "shards"), 0)),
			 0);
	assert_false(takes_shards(object)); /* one too many */
}

static void a_server_and_its_options_go_there_and_back(void **state)
{
	static struct mongod_server a, b;
	static struct mongod_options c, d;
	struct err err = ERR_INIT;
	AUTO(json_t) server = json_object();
	AUTO(json_t) options = json_object();
	PUT(a.version, "6.0.5");
	PUT(a.certificate_subject, "CN=db1,O=Müller");
	a.shutdown_timeout_ms = -1;
	a.has_backup_cursor = true;
	a.connections = UINT32_MAX;
	assert_true(json_server_print(&a, server, &err));
	assert_true(json_server_parse(server, &b, &err));
	assert_memory_equal(&a, &b, sizeof(a));
	refuses_what_is_incomplete(server, takes_server);

	c.is_known = true;
	c.port = 27018;
	memset(c.key_file, 'k', sizeof(c.key_file) - 1);
	c.shutdown_timeout_ms = 100;
	assert_true(json_options_print(&c, options, &err));
	assert_true(json_options_parse(options, &d, &err));
	assert_memory_equal(&c, &d, sizeof(c));
	refuses_what_is_incomplete(options, takes_options);
	assert_int_equal(json_object_set_new(options, "port", json_integer(1LL << 40)), 0);
	assert_false(takes_options(options)); /* out of an int's range */
}

static void results_go_there_and_back(void **state)
{
	static struct mongod_login_result a, b;
	static struct mongod_tls_result c, d;
	struct err err = ERR_INIT;
	AUTO(json_t) login = json_object();
	AUTO(json_t) tls = json_object();
	a.verdict = LOGIN_REFUSED;
	a.code = 18;
	PUT(a.process_id, "0123456789abcdef01234567");
	PUT(a.me, "db1:27017");
	assert_true(json_login_result_print(&a, login, &err));
	assert_true(json_login_result_parse(login, &b, &err));
	assert_memory_equal(&a, &b, sizeof(a));
	refuses_what_is_incomplete(login, takes_login);
	assert_int_equal(json_object_set_new(login, "verdict", json_integer(3)), 0);
	assert_false(takes_login(login));

	c.is_handshake_done = c.is_chain_trusted = true;
	PUT(c.reason, "no hello after the handshake");
	c.served.is_known = true;
	c.served.key = CERT_KEY_ED25519;
	c.served.names_n = NAMES_PER_CERT_MAX;
	for (unsigned i = 0; i < NAMES_PER_CERT_MAX; i++)
		snprintf(c.served.names[i], sizeof(c.served.names[i]), "n%u.example.net", i);
	assert_true(json_tls_result_print(&c, tls, &err));
	assert_true(json_tls_result_parse(tls, &d, &err));
	assert_memory_equal(&c, &d, sizeof(c));
	refuses_what_is_incomplete(tls, takes_tls);
	json_t *served = json_object_get(tls, "served");
	assert_int_equal(json_object_set_new(served, "key", json_integer(CERT_KEY_N)), 0);
	assert_false(takes_tls(tls));
}

static void a_document_goes_there_and_back(void **state)
{
	struct store_doc a = {.rev = 3, .text = STR("{\"x\":\"\xc3\xbc\"}")}, b;
	struct err err = ERR_INIT;
	AUTO(json_t) object = json_object();
	PUT(a.id, "roll/3");
	PUT(a.nonce, "0123456789abcdef0123456789abcdef");
	assert_true(json_store_doc_print(&a, object, &err));
	assert_true(json_store_doc_parse(object, &b, &err));
	assert_string_equal(a.id, b.id);
	assert_string_equal(a.nonce, b.nonce);
	assert_int_equal(a.rev, b.rev);
	assert_true(str_equal(a.text, b.text));
	refuses_what_is_incomplete(object, takes_doc);

	AUTO(json_t) odd = json_object();
	a.text = STR("\xff");
	assert_false(json_store_doc_print(&a, odd, &err));
	auto_free char *long_text = calloc(1, DOC_BYTES_MAX + 2);
	assert_non_null(long_text);
	memset(long_text, 'x', DOC_BYTES_MAX + 1);
	assert_int_equal(json_object_set_new(object, "text", json_string(long_text)), 0);
	assert_false(takes_doc(object));
}

static void a_target_goes_there_and_back(void **state)
{
	const struct mongod_target a = {.host = "db1:27017",
					.address = "127.0.0.1:1",
					.tls = true,
					.client_pem = "/x.pem",
					.timeout_us = 5};
	struct mongod_target b;
	struct err err = ERR_INIT;
	AUTO(json_t) object = json_object();
	assert_true(json_target_print(&a, object, &err));
	assert_true(json_target_parse(object, &b, &err));
	assert_string_equal(b.host, a.host);
	assert_string_equal(b.address, a.address);
	assert_string_equal(b.client_pem, a.client_pem);
	assert_null(b.ca_file);
	assert_true(b.tls);
	assert_false(b.allows_invalid_hostnames);
	assert_int_equal(b.timeout_us, 5);

	json_t *target = json_object_get(object, "target");
	static const char *const bad[] = {
	    "{}",
	    "{\"tls\":true,\"allows_invalid_hostnames\":false,\"timeout_us\":0}",
	    "{\"host\":\"\",\"tls\":true,\"allows_invalid_hostnames\":false,\"timeout_us\":0}",
	    "{\"host\":\"a\",\"tls\":1,\"allows_invalid_hostnames\":false,\"timeout_us\":0}",
	    "{\"host\":\"a\",\"tls\":true,\"allows_invalid_hostnames\":false,\"timeout_us\":-1}",
	    "{\"host\":\"a\",\"tls\":true,\"allows_invalid_hostnames\":false,\"timeout_us\":0,"
	    "\"ca_file\":7}",
	};
	for (size_t i = 0; i < ARRAY_N(bad); i++) {
		AUTO(json_t) one = json_pack("{s:o}", "target", json_loads(bad[i], 0, NULL));
		if (json_target_parse(one, &b, &err))
			fail_msg("taken: %s", bad[i]);
	}
	assert_int_equal(json_object_set_new(target, "timeout_us", json_integer(0)), 0);
	assert_true(json_target_parse(object, &b, &err));
	assert_int_equal(b.timeout_us, MONGOD_TIMEOUT_US);
}

static void a_credential_becomes_a_login(void **state)
{
	struct err err = ERR_INIT;
	auto_secret struct secret key = {.p = NULL};
	assert_true(secret_from(&key, "abc+/=", 6, &err));
	const struct mongod_credential rows[] = {
	    {.how = LOGIN_AS_NOBODY},
	    {.how = LOGIN_AS_SYSTEM, .key = &key},
	    {.how = LOGIN_AS_USER, .key = &key, .user = "u"},
	    {.how = LOGIN_AS_USER, .key = &key, .user = "u", .database = "d"},
	    {.how = LOGIN_AS_CERTIFICATE},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		AUTO(json_t) object = json_object();
		struct mongod_login l;
		assert_true(json_credential_print(&rows[i], object, &err));
		assert_true(json_login_parse(object, &l, &err));
		assert_int_equal(l.how, rows[i].how);
		assert_int_equal(l.key.n, rows[i].key ? 6 : 0);
		if (rows[i].user)
			assert_string_equal(l.database,
					    rows[i].database ? rows[i].database : "admin");
	}
	static const char *const bad[] = {
	    "{}",
	    "{\"how\":\"root\"}",
	    "{\"how\":\"system\"}",
	    "{\"how\":\"system\",\"key\":1}",
	    "{\"how\":\"user\",\"key\":\"x\"}",
	    "{\"how\":\"user\",\"user\":\"u\"}",
	};
	for (size_t i = 0; i < ARRAY_N(bad); i++) {
		AUTO(json_t) one = json_pack("{s:o}", "credential", json_loads(bad[i], 0, NULL));
		struct mongod_login l;
		if (json_login_parse(one, &l, &err))
			fail_msg("taken: %s", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_hello_goes_there_and_back),
	    cmocka_unit_test(a_status_goes_there_and_back),
	    cmocka_unit_test(a_config_goes_there_and_back),
	    cmocka_unit_test(a_cluster_goes_there_and_back),
	    cmocka_unit_test(a_server_and_its_options_go_there_and_back),
	    cmocka_unit_test(results_go_there_and_back),
	    cmocka_unit_test(a_document_goes_there_and_back),
	    cmocka_unit_test(a_target_goes_there_and_back),
	    cmocka_unit_test(a_credential_becomes_a_login),
	};
	json_mem_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
