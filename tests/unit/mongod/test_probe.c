/* SPDX-License-Identifier: Apache-2.0 */
/* Replies of servers, good and odd, as values; and what a write's reply means. */
#include "mongod/probe.h"

#include "lib/test.h"

#include <string.h>

#include "mongod/hello.h"
#include "mongod/resolve.h"
#include "mongod/store_set.h"

static void from_json(bson_t *out, const char *text)
{
	bson_error_t why;
	if (!bson_init_from_json(out, text, -1, &why))
		fail_msg("%s: %s", text, why.message);
}

static void hosts_are_cut(void **state)
{
	static const struct {
		const char *host, *name, *port; /* name NULL: refused */
	} rows[] = {
	    {"db1:27018", "db1", "27018"},
	    {"db1", "db1", "27017"},
	    {"[::1]:27018", "::1", "27018"},
	    {"[::1]", "::1", "27017"},
	    {"::1", "::1", "27017"},
	    {"127.0.0.1:65535", "127.0.0.1", "65535"},
	    {"", NULL, NULL},
	    {":27017", NULL, NULL},
	    {"db1:", NULL, NULL},
	    {"db1:0", NULL, NULL},
	    {"db1:65536", NULL, NULL},
	    {"db1:1e3", NULL, NULL},
	    {"db1:-1", NULL, NULL},
	    {"db1:000027017", NULL, NULL},
	    {"[]:1", NULL, NULL},
	    {"[::1]27017", NULL, NULL},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		char name[HOST_BYTES_MAX] = "", port[8] = "";
		struct err err = ERR_INIT;
		bool ok = resolve_cut(rows[i].host, name, port, &err);
		if (ok != (rows[i].name != NULL))
			fail_msg("'%s' %s", rows[i].host, ok ? "taken" : "refused");
		if (ok) {
			assert_string_equal(name, rows[i].name);
			assert_string_equal(port, rows[i].port);
		}
	}
}

static void a_hello_is_read(void **state)
{
	auto_bson reply;
	struct mongod_hello h;
	struct err err = ERR_INIT;
	from_json(&reply,
		  "{\"topologyVersion\":{\"processId\":{\"$oid\":\"0123456789abcdef01234567\"},"
		  "\"counter\":6},\"hosts\":[\"a:1\"],\"setName\":\"rs0\",\"me\":\"a:1\","
		  "\"primary\":\"b:1\",\"isWritablePrimary\":false,\"secondary\":true,"
		  "\"hidden\":true,\"maxWireVersion\":17,\"localTime\":{\"$date\":5},"
		  "\"saslSupportedMechs\":[7,\"SCRAM-SHA-256\"],\"ok\":1.0}");
	assert_true(hello_read(&reply, &h, &err));
	assert_string_equal(h.process_id, "0123456789abcdef01234567");
	assert_string_equal(h.set_name, "rs0");
	assert_string_equal(h.primary, "b:1");
	assert_true(h.is_secondary);
	assert_true(h.is_hidden);
	assert_true(h.offers_scram_sha256);
	assert_false(h.offers_scram_sha1);
	assert_false(h.is_writable_primary);
	assert_int_equal(h.local_time.us, 5000);
}

static void a_hello_of_one_that_shuts_down_is_an_answer(void **state)
{
	auto_bson reply;
	struct mongod_hello h;
	struct err err = ERR_INIT;
	from_json(&reply, "{\"topologyVersion\":{\"processId\":{\"$oid\":"
			  "\"0123456789abcdef01234567\"}},\"ok\":0,\"code\":91,"
			  "\"errmsg\":\"quiesce\",\"codeName\":\"ShutdownInProgress\"}");
	assert_true(hello_read(&reply, &h, &err));
	assert_true(h.is_quiescing);
	assert_string_equal(h.process_id, "0123456789abcdef01234567");
}

static void odd_hellos_are_refused(void **state)
{
	static const char *const rows[] = {
	    "{}", "{\"ok\":0}", "{\"ok\":0,\"code\":18,\"errmsg\":\"no\"}", "{\"ok\":\"1\"}"};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_bson reply;
		struct mongod_hello h;
		struct err err = ERR_INIT;
		from_json(&reply, rows[i]);
		if (hello_read(&reply, &h, &err))
			fail_msg("taken: %s", rows[i]);
	}
	auto_bson reply;
	char long_name[400];
	struct mongod_hello h;
	struct err err = ERR_INIT;
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = 0;
	bson_init(&reply);
	BSON_APPEND_INT32(&reply, "ok", 1);
	BSON_APPEND_UTF8(&reply, "setName", long_name);
	assert_false(hello_read(&reply, &h, &err));
	assert_int_equal(err.kind, ERR_PROTOCOL);
}

static void texts_that_are_none_are_not_there(void **state)
{
	auto_bson doc = BSON_INITIALIZER;
	bson_append_utf8(&doc, "odd", -1, "\xff\xfe", 2);
	bson_append_utf8(&doc, "nul", -1, "a\0b", 3);
	BSON_APPEND_INT32(&doc, "number", 7);
	BSON_APPEND_UTF8(&doc, "good", "gr\xc3\xbc\xc3\x9f");
	static const char *const rows[] = {"odd", "nul", "number", "none", "good.deeper"};
	for (size_t i = 0; i < ARRAY_N(rows); i++)
		assert_string_equal(doc_text(&doc, rows[i]), "");
	assert_string_equal(doc_text(&doc, "good"), "gr\xc3\xbc\xc3\x9f");
}

static void a_status_is_read(void **state)
{
	static struct mongod_status s;
	auto_bson reply;
	struct err err = ERR_INIT;
	from_json(
	    &reply,
	    "{\"set\":\"rs0\",\"myState\":2,\"date\":{\"$date\":1000},\"term\":{\"$numberLong\":"
	    "\"4\"},\"majorityVoteCount\":2,\"writeMajorityCount\":2,\"votingMembersCount\":3,"
	    "\"writableVotingMembersCount\":3,\"initialSyncStatus\":{},\"members\":["
	    "{\"_id\":0,\"name\":\"a:1\",\"health\":1.0,\"state\":1,\"uptime\":9,"
	    "\"optimeDate\":{\"$date\":7},\"lastHeartbeatRecv\":{\"$date\":8},"
	    "\"configVersion\":1,\"configTerm\":4},"
	    "{\"_id\":5,\"name\":\"b:1\",\"health\":1.0,\"state\":2,\"self\":true},"
	    "{\"_id\":6,\"name\":\"c:1\",\"health\":0.0,\"state\":8,\"authenticated\":false},"
	    "{\"_id\":7,\"name\":\"d:1\",\"health\":0,\"state\":99},\"nonsense\"],\"ok\":1}");
	assert_true(status_read(&reply, &s, &err));
	assert_int_equal(s.my_state, MEMBER_SECONDARY);
	assert_int_equal(s.my_id, 5);
	assert_int_equal(s.members_n, 4);
	assert_true(s.is_initial_syncing);
	assert_int_equal(s.members[0].optime.us, 7000);
	assert_int_equal(s.members[0].last_heartbeat.us, 8000);
	assert_true(s.members[0].is_healthy);
	assert_false(s.members[0].is_unauthenticated);
	assert_false(s.members[2].is_healthy);
	assert_true(s.members[2].is_unauthenticated);
	assert_int_equal(s.members[3].state, MEMBER_UNKNOWN);
}

static void odd_statuses_are_refused(void **state)
{
	static struct mongod_status s;
	static const char *const rows[] = {
	    "{\"ok\":1}", "{\"ok\":1,\"set\":\"rs0\",\"members\":[]}",
	    "{\"ok\":1,\"set\":\"rs0\",\"myState\":1}", "{\"ok\":1,\"myState\":1,\"members\":[]}"};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_bson reply;
		struct err err = ERR_INIT;
		from_json(&reply, rows[i]);
		if (status_read(&reply, &s, &err))
			fail_msg("taken: %s", rows[i]);
	}
	auto_bson reply = BSON_INITIALIZER;
	struct err err = ERR_INIT;
	bson_t members, one;
	BSON_APPEND_UTF8(&reply, "set", "rs0");
	BSON_APPEND_INT32(&reply, "myState", 1);
	BSON_APPEND_ARRAY_BEGIN(&reply, "members", &members);
	for (unsigned i = 0; i <= MEMBERS_MAX; i++) {
		BSON_APPEND_DOCUMENT_BEGIN(&members, "x", &one);
		bson_append_document_end(&members, &one);
	}
	bson_append_array_end(&reply, &members);
	assert_false(status_read(&reply, &s, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
}

static void a_config_is_read(void **state)
{
	static struct mongod_config c;
	auto_bson reply;
	struct err err = ERR_INIT;
	from_json(&reply,
		  "{\"config\":{\"_id\":\"rs0\",\"version\":3,\"term\":4,\"configsvr\":true,"
		  "\"writeConcernMajorityJournalDefault\":false,\"members\":["
		  "{\"_id\":0,\"host\":\"a:1\"},"
		  "{\"_id\":4,\"host\":\"b:1\",\"votes\":0,\"priority\":0,\"hidden\":true,"
		  "\"slaveDelay\":60,\"horizons\":{\"x\":\"b.example.net:27018\"}}],"
		  "\"settings\":{\"replicaSetId\":{\"$oid\":\"0123456789abcdef01234567\"}}},"
		  "\"ok\":1}");
	assert_true(config_read(&reply, &c, &err));
	assert_string_equal(c.set, "rs0");
	assert_string_equal(c.replica_set_id, "0123456789abcdef01234567");
	assert_true(c.is_configsvr);
	assert_false(c.has_majority_journal_default);
	assert_int_equal(c.members_n, 2);
	assert_int_equal(c.members[0].votes, 1);
	assert_true(c.members[0].priority > 0.9);
	assert_int_equal(c.members[1].id, 4);
	assert_int_equal(c.members[1].votes, 0);
	assert_int_equal(c.members[1].delay_s, 60);
	assert_int_equal(c.members[1].horizons_n, 1);
	assert_string_equal(c.members[1].horizons[0], "b.example.net");
	auto_bson bad;
	from_json(&bad, "{\"ok\":1,\"config\":{}}");
	assert_false(config_read(&bad, &c, &err));
}

static void options_are_read(void **state)
{
	static struct mongod_options o;
	auto_bson reply, bad;
	struct err err = ERR_INIT;
	from_json(&reply, "{\"argv\":[\"mongod\"],\"parsed\":{\"net\":{\"port\":27018,\"tls\":{"
			  "\"mode\":\"requireTLS\",\"certificateKeyFile\":\"/m.pem\"}},"
			  "\"security\":{\"keyFile\":\"/k\"}},\"ok\":1}");
	assert_true(options_read(&reply, &o, &err));
	assert_true(o.is_known);
	assert_int_equal(o.port, 27018);
	assert_string_equal(o.key_file, "/k");
	assert_string_equal(o.certificate_key_file, "/m.pem");
	from_json(&bad, "{\"ok\":1}");
	assert_false(options_read(&bad, &o, &err));
}

static void what_a_restart_would_destroy_is_seen(void **state)
{
	static const struct {
		const char *reply;
		bool has_backup;
	} rows[] = {
	    {"{\"cursor\":{\"firstBatch\":[{\"cursor\":{\"originatingCommand\":{\"pipeline\":["
	     "{\"$backupCursor\":{}}]}}}]}}",
	     true},
	    {"{\"cursor\":{\"nextBatch\":[{\"cursor\":{\"originatingCommand\":{\"pipeline\":["
	     "{\"$currentOp\":{}}]}}},{\"cursor\":{\"originatingCommand\":{\"pipeline\":["
	     "{\"$backupCursorExtend\":{}}]}}}]}}",
	     true},
	    {"{\"cursor\":{\"firstBatch\":[]}}", false},
	    {"{\"cursor\":{\"firstBatch\":[{},{\"cursor\":{\"originatingCommand\":{\"pipeline\":["
	     "]}}}]}}",
	     false},
	    {"{}", false},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_bson reply;
		from_json(&reply, rows[i].reply);
		assert_int_equal(has_backup_cursor(&reply), rows[i].has_backup);
	}
	struct mongod_server s = {.pid = 0};
	auto_bson busy, idle;
	from_json(&idle, "{\"inprog\":[],\"ok\":1}");
	operations_read(&idle, &s);
	assert_false(s.has_index_build);
	assert_false(s.is_fsync_locked);
	from_json(&busy, "{\"inprog\":[{\"msg\":\"Index Build: scanning\"}],\"fsyncLock\":true}");
	operations_read(&busy, &s);
	assert_true(s.has_index_build);
	assert_true(s.is_fsync_locked);
}

static void a_shard_is_known_by_its_identity(void **state)
{
	static const struct {
		const char *reply;
		bool ok;
		const char *shard;
	} rows[] = {
	    {"{\"cursor\":{\"firstBatch\":[]},\"ok\":1}", true, ""},
	    {"{\"cursor\":{\"firstBatch\":[{\"_id\":\"shardIdentity\",\"shardName\":\"sh1\","
	     "\"clusterId\":{\"$oid\":\"0123456789abcdef01234567\"},"
	     "\"configsvrConnectionString\":\"cfg/a:1,b:2\"}]}}",
	     true, "sh1"},
	    {"{\"cursor\":{\"firstBatch\":[{\"_id\":\"shardIdentity\"}]}}", true, "?"},
	    {"{\"cursor\":{}}", false, ""},
	    {"{\"ok\":0,\"code\":13}", false, ""},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		static struct mongod_server s;
		struct err err = ERR_INIT;
		auto_bson reply;
		memset(&s, 0, sizeof(s));
		from_json(&reply, rows[i].reply);
		assert_int_equal(shard_read(&reply, &s, &err), rows[i].ok);
		assert_int_equal(s.is_shard_known, rows[i].ok);
		assert_string_equal(s.shard_name, rows[i].shard);
		assert_string_equal(s.shard_config_db, i == 1 ? "cfg/a:1,b:2" : "");
		assert_string_equal(s.shard_cluster, i == 1 ? "0123456789abcdef01234567" : "");
	}
}

static void a_cluster_is_read_from_its_config_servers(void **state)
{
	static struct mongod_shards s;
	struct err err = ERR_INIT;
	auto_bson version, shards, routers, none, more;
	from_json(&version, "{\"cursor\":{\"firstBatch\":[{\"_id\":1,\"clusterId\":{\"$oid\":"
			    "\"0123456789abcdef01234567\"}}]}}");
	from_json(&shards, "{\"cursor\":{\"firstBatch\":[{\"_id\":\"s1\",\"host\":\"s1/a:1,b:1\"},"
			   "{\"_id\":\"s2\",\"host\":\"rs2/c:1\"}]}}");
	from_json(&routers, "{\"cursor\":{\"firstBatch\":[{\"_id\":\"r1:1\",\"fresh\":true},"
			    "{\"_id\":\"r2:1\",\"fresh\":false},{\"_id\":\"r3:1\"}]}}");
	from_json(&none, "{\"ok\":1}");
	from_json(&more, "{\"cursor\":{\"id\":7,\"firstBatch\":[]}}");
	assert_true(shards_read(&version, &shards, &routers, &s, &err));
	assert_string_equal(s.cluster, "0123456789abcdef01234567");
	assert_int_equal(s.shards_n, 2);
	assert_string_equal(s.shards[1].hosts, "rs2/c:1");
	assert_int_equal(s.routers_n, 3);
	assert_false(s.routers[0].is_stale);
	assert_true(s.routers[1].is_stale);
	assert_true(s.routers[2].is_stale);
	assert_false(shards_read(&none, &shards, &routers, &s, &err));
	err_clear(&err);
	assert_false(shards_read(&version, &more, &routers, &s, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
}

static void a_writes_reply_means_what_it_says(void **state)
{
	enum { DONE, CONFLICT, AMBIGUOUS, ELSEWHERE, ERROR };
	static const struct {
		const char *reply;
		int meaning;
	} rows[] = {
	    {"{\"ok\":1,\"n\":1,\"nModified\":1}", DONE},
	    {"{\"ok\":1,\"n\":0}", CONFLICT},
	    {"{\"ok\":1,\"n\":0,\"writeErrors\":[{\"index\":0,\"code\":11000}]}", CONFLICT},
	    {"{\"ok\":1,\"n\":1,\"writeConcernError\":{\"code\":64}}", AMBIGUOUS},
	    {"{\"ok\":1,\"n\":0,\"writeConcernError\":{\"code\":91}}", AMBIGUOUS},
	    {"{\"ok\":1,\"n\":0,\"writeErrors\":[{\"index\":0,\"code\":11602}]}", AMBIGUOUS},
	    {"{\"ok\":0,\"code\":50,\"errmsg\":\"late\"}", AMBIGUOUS},
	    {"{\"ok\":0,\"code\":189,\"errmsg\":\"stepped down\"}", AMBIGUOUS},
	    {"{\"ok\":0,\"code\":11600,\"errmsg\":\"shutdown\"}", AMBIGUOUS},
	    {"{\"ok\":0,\"code\":10107,\"errmsg\":\"no primary\"}", ELSEWHERE},
	    {"{\"ok\":1,\"n\":0,\"writeErrors\":[{\"index\":0,\"code\":10107}]}", ELSEWHERE},
	    {"{\"ok\":0,\"code\":13,\"errmsg\":\"not authorized\"}", ERROR},
	    {"{\"ok\":1,\"n\":0,\"writeErrors\":[{\"index\":0,\"code\":121,\"errmsg\":\"v\"}]}",
	     ERROR},
	    {"{\"ok\":0}", ERROR},
	    {"{\"ok\":1}", ERROR},
	    {"{\"ok\":1,\"n\":2}", ERROR},
	    {"{}", ERROR},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		auto_bson reply;
		enum store_outcome o = STORE_DONE;
		bool elsewhere = false;
		struct err err = ERR_INIT;
		from_json(&reply, rows[i].reply);
		bool ok = store_outcome_read(&reply, &o, &elsewhere, &err);
		int got = !ok                   ? ERROR
			  : elsewhere           ? ELSEWHERE
			  : o == STORE_DONE     ? DONE
			  : o == STORE_CONFLICT ? CONFLICT
						: AMBIGUOUS;
		if (got != rows[i].meaning)
			fail_msg("%s: %d", rows[i].reply, got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hosts_are_cut),
	    cmocka_unit_test(a_hello_is_read),
	    cmocka_unit_test(a_hello_of_one_that_shuts_down_is_an_answer),
	    cmocka_unit_test(odd_hellos_are_refused),
	    cmocka_unit_test(texts_that_are_none_are_not_there),
	    cmocka_unit_test(a_status_is_read),
	    cmocka_unit_test(odd_statuses_are_refused),
	    cmocka_unit_test(a_config_is_read),
	    cmocka_unit_test(options_are_read),
	    cmocka_unit_test(what_a_restart_would_destroy_is_seen),
	    cmocka_unit_test(a_shard_is_known_by_its_identity),
	    cmocka_unit_test(a_cluster_is_read_from_its_config_servers),
	    cmocka_unit_test(a_writes_reply_means_what_it_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
