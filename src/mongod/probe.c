/* SPDX-License-Identifier: Apache-2.0 */
/* Replies of MongoDB's commands as values. Fields that a version does not have stay "not known";
 * fields that a gate needs are never invented. */
#include "mongod/probe.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "codec/mongod_options.h"
#include "mongod/hello.h"
#include "mongod/resolve.h"

typedef struct addrinfo addrinfo;
DEFINE_AUTO(addrinfo, freeaddrinfo);

enum { CURSOR_BATCH = 200, CURSOR_BATCHES_MAX = 100, ADDRESSES_MAX = 512 };

/* End a command: the time it may take there, and its database. */
static void command_end(bson_t *command, const char *database, struct mono deadline)
{
	int64_t left_ms = (deadline.us - resolve_now().us) / US_MS;
	bson_t preference;
	BSON_APPEND_INT64(command, "maxTimeMS", MAX(left_ms, 1));
	/* This very member is meant: a secondary refuses some commands without it (code 13435). */
	BSON_APPEND_DOCUMENT_BEGIN(command, "$readPreference", &preference);
	BSON_APPEND_UTF8(&preference, "mode", "primaryPreferred");
	bson_append_document_end(command, &preference);
	BSON_APPEND_UTF8(command, "$db", database);
}

static bool run(const struct ask *a, bson_t *command, bson_t *reply, struct err *err)
{
	command_end(command, "admin", a->deadline);
	return session_run(a->pool, &a->target, &a->login, a->deadline, command, true, reply, err);
}

static bool run_in(const struct ask *a, const char *database, bson_t *command, bson_t *reply,
		   struct err *err)
{
	command_end(command, database, a->deadline);
	return session_run(a->pool, &a->target, &a->login, a->deadline, command, true, reply, err);
}

static bool run_simple(const struct ask *a, const char *name, bson_t *reply, struct err *err)
{
	auto_bson command = BSON_INITIALIZER;
	BSON_APPEND_INT32(&command, name, 1);
	return run(a, &command, reply, err);
}

static enum member_state state_of(int64_t v)
{
	return member_state_name((enum member_state)v) && v >= 0 && v <= MEMBER_REMOVED
		   ? (enum member_state)v
		   : MEMBER_UNKNOWN;
}

static unsigned small(const bson_t *doc, const char *path)
{
	return (unsigned)MIN(MAX(doc_int(doc, path, 0), 0), MEMBERS_MAX);
}

static bool status_member_read(const bson_t *doc, struct mongod_status_member *m, struct err *err)
{
	if (!doc_copy(doc, "name", m->host, sizeof(m->host), err))
		return false;
	m->id = doc_int(doc, "_id", -1);
	m->state = state_of(doc_int(doc, "state", MEMBER_UNKNOWN));
	m->is_self = doc_true(doc, "self");
	m->is_healthy = m->is_self || doc_true(doc, "health");
	m->is_unauthenticated = doc_has(doc, "authenticated") && !doc_true(doc, "authenticated");
	m->optime = doc_wall(doc, "optimeDate");
	m->last_heartbeat = doc_wall(doc, "lastHeartbeatRecv");
	m->uptime_s = doc_int(doc, "uptime", 0);
	m->config_version = doc_int(doc, "configVersion", -1);
	m->config_term = doc_int(doc, "configTerm", -1);
	return true;
}

bool status_read(const bson_t *reply, struct mongod_status *ret, struct err *err)
{
	struct mongod_status s = {.my_id = -1};
	bson_t members, one;
	bson_iter_t it;

	if (!doc_copy(reply, "set", s.set, sizeof(s.set), err))
		return false;
	if (!s.set[0] || !doc_has(reply, "myState") || !doc_sub(reply, "members", &members) ||
	    !bson_iter_init(&it, &members))
		return err_set(err, ERR_PROTOCOL, "replSetGetStatus lacks set, myState or members");
	s.my_state = state_of(doc_int(reply, "myState", MEMBER_UNKNOWN));
	s.date = doc_wall(reply, "date");
	s.term = doc_int(reply, "term", -1);
	s.majority_vote_count = small(reply, "majorityVoteCount");
	s.write_majority_count = small(reply, "writeMajorityCount");
	s.voting_members = small(reply, "votingMembersCount");
	s.writable_voting_members = small(reply, "writableVotingMembersCount");
	s.is_initial_syncing = doc_has(reply, "initialSyncStatus");
	while (doc_next(&it, &one)) {
		if (s.members_n == MEMBERS_MAX)
			return err_set(err, ERR_LIMIT, "more than %d members", MEMBERS_MAX);
		struct mongod_status_member *m = &s.members[s.members_n++];
		if (!status_member_read(&one, m, err))
			return false;
		if (m->is_self)
			s.my_id = m->id;
	}
	*ret = s;
	return true;
}

/* "db1.example.net:27017" -> "db1.example.net": what a certificate has to hold. */
static bool horizon_add(struct mongod_config_member *m, const char *host, struct err *err)
{
	char port[8];
	if (m->horizons_n == ARRAY_N(m->horizons))
		return err_set(err, ERR_LIMIT, "%s has more than %zu horizons", m->host,
			       ARRAY_N(m->horizons));
	if (!resolve_cut(host, m->horizons[m->horizons_n], port, err))
		return false;
	m->horizons_n++;
	return true;
}

static bool config_member_read(const bson_t *doc, struct mongod_config_member *m, struct err *err)
{
	bson_t horizons;
	bson_iter_t it;

	if (!doc_copy(doc, "host", m->host, sizeof(m->host), err))
		return false;
	m->id = doc_int(doc, "_id", -1);
	m->votes = (int)MIN(MAX(doc_int(doc, "votes", 1), 0), 1);
	m->priority = doc_double(doc, "priority", 1);
	m->is_arbiter = doc_true(doc, "arbiterOnly");
	m->is_hidden = doc_true(doc, "hidden");
	m->delay_s = doc_int(doc, "secondaryDelaySecs", doc_int(doc, "slaveDelay", 0));
	if (doc_sub(doc, "horizons", &horizons) && bson_iter_init(&it, &horizons))
		while (bson_iter_next(&it))
			if (!horizon_add(m, doc_text_at(&it), err))
				return false;
	return true;
}

bool config_read(const bson_t *reply, struct mongod_config *ret, struct err *err)
{
	struct mongod_config c = {.set = ""};
	bson_t config, members, one;
	bson_iter_t it;

	if (!doc_sub(reply, "config", &config) || !doc_sub(&config, "members", &members) ||
	    !bson_iter_init(&it, &members))
		return err_set(err, ERR_PROTOCOL, "replSetGetConfig lacks config or members");
	if (!doc_copy(&config, "_id", c.set, sizeof(c.set), err))
		return false;
	doc_oid(&config, "settings.replicaSetId", c.replica_set_id);
	c.version = doc_int(&config, "version", -1);
	c.term = doc_int(&config, "term", -1);
	c.is_configsvr = doc_true(&config, "configsvr");
	c.has_majority_journal_default = !doc_has(&config, "writeConcernMajorityJournalDefault") ||
					 doc_true(&config, "writeConcernMajorityJournalDefault");
	while (doc_next(&it, &one)) {
		if (c.members_n == MEMBERS_MAX)
			return err_set(err, ERR_LIMIT, "more than %d members", MEMBERS_MAX);
		if (!config_member_read(&one, &c.members[c.members_n++], err))
			return false;
	}
	*ret = c;
	return true;
}

bool options_read(const bson_t *reply, struct mongod_options *ret, struct err *err)
{
	size_t n = 0;

	if (!doc_has(reply, "parsed"))
		return err_set(err, ERR_PROTOCOL, "getCmdLineOpts lacks 'parsed'");
	/* One table knows all names that options ever had: codec/mongod_options. */
	char *text = bson_as_relaxed_extended_json(reply, &n);
	if (!text)
		return err_set(err, ERR_PROTOCOL, "the answer to getCmdLineOpts is no JSON");
	bool ok = mongod_options_from_json((struct str){.p = text, .n = n}, ret, err);
	bson_free(text);
	return ok || err_in(err, "reading getCmdLineOpts");
}

void operations_read(const bson_t *reply, struct mongod_server *to)
{
	bson_t list, one;
	bson_iter_t it;
	to->is_fsync_locked = doc_true(reply, "fsyncLock");
	if (doc_sub(reply, "inprog", &list) && bson_iter_init(&it, &list))
		while (doc_next(&it, &one)) /* the filter asked for index builds only */
			to->has_index_build = true;
}

bool has_backup_cursor(const bson_t *aggregate_reply)
{
	bson_t batch, one, pipeline, stage;
	bson_iter_t it, stages, keys;
	if (!doc_sub(aggregate_reply, "cursor.firstBatch", &batch) &&
	    !doc_sub(aggregate_reply, "cursor.nextBatch", &batch))
		return false;
	if (!bson_iter_init(&it, &batch))
		return false;
	while (doc_next(&it, &one)) {
		if (!doc_sub(&one, "cursor.originatingCommand.pipeline", &pipeline) ||
		    !bson_iter_init(&stages, &pipeline) || !doc_next(&stages, &stage) ||
		    !bson_iter_init(&keys, &stage) || !bson_iter_next(&keys))
			continue;
		/* $backupCursor, and $backupCursorExtend beside it. */
		if (strncmp(bson_iter_key(&keys), "$backupCursor", 13) == 0)
			return true;
	}
	return false;
}

bool status_probe(const struct ask *a, struct mongod_status *ret, struct err *err)
{
	auto_bson reply = BSON_INITIALIZER;
	return run_simple(a, "replSetGetStatus", &reply, err) && status_read(&reply, ret, err);
}

bool config_probe(const struct ask *a, struct mongod_config *ret, struct err *err)
{
	auto_bson reply = BSON_INITIALIZER;
	return run_simple(a, "replSetGetConfig", &reply, err) && config_read(&reply, ret, err);
}

bool options_probe(const struct ask *a, struct mongod_options *ret, struct err *err)
{
	auto_bson reply = BSON_INITIALIZER;
	return run_simple(a, "getCmdLineOpts", &reply, err) && options_read(&reply, ret, err);
}

/* A cursor by aggregate on the admin database: hands each batch to fn until it returns false. */
typedef bool batch_fn(void *arg, const bson_t *batch_reply);

static bool current_op(const struct ask *a, const char *flag, bool is_mongos, const bson_t *match,
		       const bson_t *project, batch_fn *fn, void *arg, struct err *err)
{
	auto_bson command = BSON_INITIALIZER, reply = BSON_INITIALIZER;
	bson_t pipeline, stage, part;

	BSON_APPEND_INT32(&command, "aggregate", 1);
	BSON_APPEND_ARRAY_BEGIN(&command, "pipeline", &pipeline);
	BSON_APPEND_DOCUMENT_BEGIN(&pipeline, "0", &stage);
	BSON_APPEND_DOCUMENT_BEGIN(&stage, "$currentOp", &part);
	BSON_APPEND_BOOL(&part, "allUsers", true);
	BSON_APPEND_BOOL(&part, flag, true);
	if (is_mongos) /* its own, not those of its shards */
		BSON_APPEND_BOOL(&part, "localOps", true);
	bson_append_document_end(&stage, &part);
	bson_append_document_end(&pipeline, &stage);
	BSON_APPEND_DOCUMENT_BEGIN(&pipeline, "1", &stage);
	BSON_APPEND_DOCUMENT(&stage, "$match", match);
	bson_append_document_end(&pipeline, &stage);
	BSON_APPEND_DOCUMENT_BEGIN(&pipeline, "2", &stage);
	BSON_APPEND_DOCUMENT(&stage, "$project", project);
	bson_append_document_end(&pipeline, &stage);
	bson_append_array_end(&command, &pipeline);
	BSON_APPEND_DOCUMENT_BEGIN(&command, "cursor", &part);
	BSON_APPEND_INT32(&part, "batchSize", CURSOR_BATCH);
	bson_append_document_end(&command, &part);
	if (!run(a, &command, &reply, err))
		return false;
	for (unsigned i = 0; fn(arg, &reply); i++) {
		auto_bson more = BSON_INITIALIZER;
		int64_t id = doc_int(&reply, "cursor.id", 0);
		if (id == 0)
			return true;
		if (i == CURSOR_BATCHES_MAX)
			return err_set(err, ERR_LIMIT, "more than %d operations",
				       CURSOR_BATCH * CURSOR_BATCHES_MAX);
		BSON_APPEND_INT64(&more, "getMore", id);
		BSON_APPEND_UTF8(&more, "collection", "$cmd.aggregate");
		BSON_APPEND_INT32(&more, "batchSize", CURSOR_BATCH);
		BSON_APPEND_UTF8(&more, "$db", "admin");
		bson_destroy(&reply);
		bson_init(&reply);
		if (!session_run(a->pool, &a->target, &a->login, a->deadline, &more, false, &reply,
				 err))
			return false;
	}
	return true;
}

static bool backup_batch(void *arg, const bson_t *reply)
{
	bool *found = arg;
	*found |= has_backup_cursor(reply);
	return !*found;
}

static bool operations_probe(const struct ask *a, bool is_readable, struct mongod_server *to,
			     struct err *err)
{
	auto_bson command = BSON_INITIALIZER, reply = BSON_INITIALIZER;
	auto_bson match = BSON_INITIALIZER, project = BSON_INITIALIZER;
	bson_t either, one, exists;

	/* An index build shows as its command or, once it runs, by its progress message. */
	BSON_APPEND_INT32(&command, "currentOp", 1);
	BSON_APPEND_BOOL(&command, "$all", false);
	BSON_APPEND_ARRAY_BEGIN(&command, "$or", &either);
	BSON_APPEND_DOCUMENT_BEGIN(&either, "0", &one);
	BSON_APPEND_DOCUMENT_BEGIN(&one, "command.createIndexes", &exists);
	BSON_APPEND_BOOL(&exists, "$exists", true);
	bson_append_document_end(&one, &exists);
	bson_append_document_end(&either, &one);
	BSON_APPEND_DOCUMENT_BEGIN(&either, "1", &one);
	BSON_APPEND_REGEX(&one, "msg", "^Index Build", "");
	bson_append_document_end(&either, &one);
	bson_append_array_end(&command, &either);
	if (!run(a, &command, &reply, err))
		return err_in(err, "looking for index builds");
	operations_read(&reply, to);
	/* Before it serves reads it answers no aggregate, and no cursor of a backup can be read
	 * from it. */
	if (!is_readable)
		return true;

	BSON_APPEND_UTF8(&match, "type", "idleCursor");
	BSON_APPEND_UTF8(&match, "ns", "admin.$cmd.aggregate");
	BSON_APPEND_INT32(&project, "cursor.originatingCommand.pipeline", 1);
	return current_op(a, "idleCursors", false, &match, &project, backup_batch,
			  &to->has_backup_cursor, err) ||
	       err_in(err, "looking for backups");
}

static bool parameters_probe(const struct ask *a, bool is_mongos, struct mongod_server *to,
			     struct err *err)
{
	static const char *const timeouts[] = {"shutdownTimeoutMillisForSignaledShutdown",
					       "mongosShutdownTimeoutMillisForSignaledShutdown"};
	auto_bson command = BSON_INITIALIZER, reply = BSON_INITIALIZER;
	BSON_APPEND_INT32(&command, "getParameter", 1);
	BSON_APPEND_INT32(&command, "clusterAuthMode", 1);
	BSON_APPEND_INT32(&command, "tlsMode", 1);
	BSON_APPEND_INT32(&command, timeouts[is_mongos], 1); /* not there before 5.0 */
	if (!run(a, &command, &reply, err))
		return err_in(err, "reading parameters");
	to->shutdown_timeout_ms = doc_int(&reply, timeouts[is_mongos], -1);
	return doc_copy(&reply, "clusterAuthMode", to->cluster_auth_mode,
			sizeof(to->cluster_auth_mode), err) &&
	       doc_copy(&reply, "tlsMode", to->tls_mode, sizeof(to->tls_mode), err);
}

static bool server_status_probe(const struct ask *a, struct mongod_server *to, struct err *err)
{
	/* The sections that cost time there and bytes here. */
	static const char *const off[] = {"repl",
					  "metrics",
					  "locks",
					  "wiredTiger",
					  "tcmalloc",
					  "opLatencies",
					  "logicalSessionRecordCache",
					  "network",
					  "flowControl",
					  "storageEngine",
					  "transactions",
					  "twoPhaseCommitCoordinator",
					  "asserts",
					  "electionMetrics"};
	auto_bson command = BSON_INITIALIZER, reply = BSON_INITIALIZER;
	BSON_APPEND_INT32(&command, "serverStatus", 1);
	for (size_t i = 0; i < ARRAY_N(off); i++)
		BSON_APPEND_INT32(&command, off[i], 0);
	if (!run(a, &command, &reply, err))
		return err_in(err, "asking serverStatus");
	to->pid = doc_int(&reply, "pid", 0);
	to->uptime_ms = doc_int(&reply, "uptimeMillis", 0);
	to->connections =
	    (unsigned)MIN(MAX(doc_int(&reply, "connections.current", 0), 0), INT32_MAX);
	to->certificate_not_after = doc_wall(&reply, "security.SSLServerCertificateExpirationDate");
	return doc_copy(&reply, "version", to->version, sizeof(to->version), err) &&
	       doc_copy(&reply, "host", to->host, sizeof(to->host), err) &&
	       doc_copy(&reply, "security.SSLServerSubjectName", to->certificate_subject,
			sizeof(to->certificate_subject), err);
}

bool shard_read(const bson_t *reply, struct mongod_server *to, struct err *err)
{
	bson_t batch, one;
	bson_iter_t it;
	if (!doc_sub(reply, "cursor.firstBatch", &batch) || !bson_iter_init(&it, &batch))
		return err_set(err, ERR_PROTOCOL, "find lacks a batch");
	to->is_shard_known = true;
	if (!doc_next(&it, &one))
		return true;
	doc_oid(&one, "clusterId", to->shard_cluster);
	if (!doc_copy(&one, "shardName", to->shard_name, sizeof(to->shard_name), err) ||
	    !doc_copy(&one, "configsvrConnectionString", to->shard_config_db,
		      sizeof(to->shard_config_db), err))
		return false;
	/* It is one, whatever it is called. */
	return to->shard_name[0] || copy_z(to->shard_name, sizeof(to->shard_name), "?") ||
	       err_set(err, ERR_LIMIT, "no room for a name");
}

/* What is not known holds up what depends on it, and nothing else. */
static void shard_probe(const struct ask *a, struct mongod_server *to)
{
	auto_bson command = BSON_INITIALIZER, reply = BSON_INITIALIZER;
	struct err why = ERR_INIT;
	bson_t filter;
	BSON_APPEND_UTF8(&command, "find", "system.version");
	BSON_APPEND_DOCUMENT_BEGIN(&command, "filter", &filter);
	BSON_APPEND_UTF8(&filter, "_id", "shardIdentity");
	bson_append_document_end(&command, &filter);
	BSON_APPEND_INT32(&command, "limit", 1);
	BSON_APPEND_BOOL(&command, "singleBatch", true);
	if (run(a, &command, &reply, &why) && shard_read(&reply, to, &why))
		return;
	to->is_shard_known = false;
	snprintf(to->shard_why, sizeof(to->shard_why), "admin.system.version: %.130s", why.text);
}

static bool batch_of(const bson_t *reply, bson_t *batch, bson_iter_t *it, struct err *err)
{
	return (doc_sub(reply, "cursor.firstBatch", batch) && bson_iter_init(it, batch)) ||
	       err_set(err, ERR_PROTOCOL, "an answer lacks its batch");
}

bool shards_read(const bson_t *version, const bson_t *shards, const bson_t *routers,
		 struct mongod_shards *ret, struct err *err)
{
	bson_t batch, one;
	bson_iter_t it;
	*ret = (struct mongod_shards){.shards_n = 0};
	if (!batch_of(version, &batch, &it, err))
		return false;
	if (doc_next(&it, &one))
		doc_oid(&one, "clusterId", ret->cluster);
	if (!batch_of(shards, &batch, &it, err))
		return false;
	while (doc_next(&it, &one)) {
		struct mongod_shard *s = &ret->shards[ret->shards_n];
		if (ret->shards_n == SETS_MAX)
			return err_set(err, ERR_LIMIT, "more than %d shards", SETS_MAX);
		if (!doc_copy(&one, "_id", s->name, sizeof(s->name), err) ||
		    !doc_copy(&one, "host", s->hosts, sizeof(s->hosts), err))
			return false;
		ret->shards_n++;
	}
	if (doc_int(shards, "cursor.id", 0) != 0)
		return err_set(err, ERR_LIMIT, "more than %d shards", SETS_MAX);
	if (!batch_of(routers, &batch, &it, err))
		return false;
	while (doc_next(&it, &one) && ret->routers_n < ROUTERS_MAX) {
		struct mongod_router *r = &ret->routers[ret->routers_n];
		if (!doc_copy(&one, "_id", r->host, sizeof(r->host), err))
			return false;
		r->is_stale = !doc_true(&one, "fresh");
		ret->routers_n++;
	}
	if (ret->routers_n == ROUTERS_MAX && !ret->routers[ROUTERS_MAX - 1].is_stale)
		return err_set(err, ERR_LIMIT, "more than %d mongos", ROUTERS_MAX - 1);
	return true;
}

/* What the majority has, as far as this server knows it. */
static void read_concern(bson_t *command)
{
	bson_t part;
	BSON_APPEND_DOCUMENT_BEGIN(command, "readConcern", &part);
	BSON_APPEND_UTF8(&part, "level", "majority");
	bson_append_document_end(command, &part);
}

static bool config_find(const struct ask *a, const char *collection, bson_t *reply, struct err *err)
{
	auto_bson command = BSON_INITIALIZER;
	bson_t part;
	BSON_APPEND_UTF8(&command, "find", collection);
	BSON_APPEND_DOCUMENT_BEGIN(&command, "sort", &part);
	BSON_APPEND_INT32(&part, "_id", 1);
	bson_append_document_end(&command, &part);
	BSON_APPEND_INT32(&command, "batchSize", SETS_MAX + 1);
	read_concern(&command);
	return run_in(a, "config", &command, reply, err) ||
	       err_in(err, "reading config.%s", collection);
}

/* Entries of routers that are gone stay for ever: by the server's own clock, those that spoke last.
 */
static bool routers_find(const struct ask *a, bson_t *reply, struct err *err)
{
	auto_bson command = BSON_INITIALIZER;
	bson_t pipeline, stage, part, fresh, gt, minus, cursor;
	BSON_APPEND_UTF8(&command, "aggregate", "mongos");
	BSON_APPEND_ARRAY_BEGIN(&command, "pipeline", &pipeline);
	BSON_APPEND_DOCUMENT_BEGIN(&pipeline, "0", &stage);
	BSON_APPEND_DOCUMENT_BEGIN(&stage, "$sort", &part);
	BSON_APPEND_INT32(&part, "ping", -1);
	bson_append_document_end(&stage, &part);
	bson_append_document_end(&pipeline, &stage);
	BSON_APPEND_DOCUMENT_BEGIN(&pipeline, "1", &stage);
	BSON_APPEND_INT32(&stage, "$limit", ROUTERS_MAX);
	bson_append_document_end(&pipeline, &stage);
	BSON_APPEND_DOCUMENT_BEGIN(&pipeline, "2", &stage);
	BSON_APPEND_DOCUMENT_BEGIN(&stage, "$project", &part);
	BSON_APPEND_DOCUMENT_BEGIN(&part, "fresh", &fresh);
	BSON_APPEND_ARRAY_BEGIN(&fresh, "$gt", &gt);
	BSON_APPEND_UTF8(&gt, "0", "$ping");
	BSON_APPEND_DOCUMENT_BEGIN(&gt, "1", &minus);
	BSON_APPEND_ARRAY_BEGIN(&minus, "$subtract", &cursor);
	BSON_APPEND_UTF8(&cursor, "0", "$$NOW");
	BSON_APPEND_INT64(&cursor, "1", (int64_t)ROUTER_STALE_S * 1000);
	bson_append_array_end(&minus, &cursor);
	bson_append_document_end(&gt, &minus);
	bson_append_array_end(&fresh, &gt);
	bson_append_document_end(&part, &fresh);
	bson_append_document_end(&stage, &part);
	bson_append_document_end(&pipeline, &stage);
	bson_append_array_end(&command, &pipeline);
	BSON_APPEND_DOCUMENT_BEGIN(&command, "cursor", &part);
	BSON_APPEND_INT32(&part, "batchSize", ROUTERS_MAX);
	bson_append_document_end(&command, &part);
	read_concern(&command);
	return run_in(a, "config", &command, reply, err) || err_in(err, "reading config.mongos");
}

bool shards_probe(const struct ask *a, struct mongod_shards *ret, struct err *err)
{
	auto_bson version = BSON_INITIALIZER, shards = BSON_INITIALIZER, routers = BSON_INITIALIZER;
	return config_find(a, "version", &version, err) && config_find(a, "shards", &shards, err) &&
	       routers_find(a, &routers, err) && shards_read(&version, &shards, &routers, ret, err);
}

bool server_probe(const struct ask *a, struct mongod_server *ret, struct err *err)
{
	struct mongod_server s = {.shutdown_timeout_ms = -1};
	struct mongod_hello h;

	if (!session_hello(a->pool, &a->target, a->deadline, &h, err) ||
	    !server_status_probe(a, &s, err) || !parameters_probe(a, h.is_mongos, &s, err))
		return false;
	/* An arbiter has no data to index or to back up, and may have nobody who may ask; a mongos
	 * would ask its shards. */
	if (!h.is_arbiter && !h.is_mongos &&
	    !operations_probe(a, h.is_writable_primary || h.is_secondary, &s, err))
		return false;
	if (!h.is_arbiter && !h.is_mongos)
		shard_probe(a, &s);
	*ret = s;
	return true;
}

/* Addresses as the server prints them: without port, IPv6 without brackets. */
struct addresses {
	unsigned n;
	char text[ADDRESSES_MAX][INET6_ADDRSTRLEN];
};

static bool addresses_has(const struct addresses *all, const char *text)
{
	for (unsigned i = 0; i < all->n; i++)
		if (strcmp(all->text[i], text) == 0)
			return true;
	return false;
}

/* IPv4 addresses seen through an IPv6 socket are the same hosts. */
static const char *plain(const char *text)
{
	return strncmp(text, "::ffff:", 7) == 0 ? text + 7 : text;
}

static bool addresses_add(struct addresses *all, const char *text, struct err *err)
{
	if (addresses_has(all, plain(text)))
		return true;
	if (all->n == ADDRESSES_MAX)
		return err_set(err, ERR_LIMIT, "more than %d addresses", ADDRESSES_MAX);
	return copy_z(all->text[all->n++], INET6_ADDRSTRLEN, plain(text)) ||
	       err_set(err, ERR_PROTOCOL, "an address is too long");
}

static bool addresses_of(const char *host, struct mono deadline, struct addresses *all,
			 struct err *err)
{
	char text[INET6_ADDRSTRLEN];
	struct err why = ERR_INIT;
	AUTO(addrinfo) list = NULL;

	/* A name that is not known matches no session: its sessions will be told as foreign. */
	if (!resolve(host, deadline, &list, &why))
		return true;
	for (const struct addrinfo *i = list; i; i = i->ai_next)
		if (getnameinfo(i->ai_addr, i->ai_addrlen, text, sizeof(text), NULL, 0,
				NI_NUMERICHOST) == 0 &&
		    !addresses_add(all, text, err))
			return false;
	return true;
}

/* This host as that server sees it: a member's too, whatever its name resolves to here (Debian has
 * one's own name at 127.0.1.1). */
static bool own_address_add(const struct ask *a, struct addresses *all, struct err *err)
{
	auto_bson command = BSON_INITIALIZER, reply = BSON_INITIALIZER;
	char name[HOST_BYTES_MAX], port[8];
	BSON_APPEND_INT32(&command, "whatsmyuri", 1);
	return run(a, &command, &reply, err) &&
	       resolve_cut(doc_text(&reply, "you"), name, port, err) &&
	       addresses_add(all, name, err);
}

struct foreign {
	const struct addresses *known;
	struct addresses *found;
	struct err err;
	bool ok;
};

static bool foreign_batch(void *arg, const bson_t *reply)
{
	struct foreign *f = arg;
	bson_t batch, one;
	bson_iter_t it;
	char name[HOST_BYTES_MAX], port[8];

	if ((!doc_sub(reply, "cursor.firstBatch", &batch) &&
	     !doc_sub(reply, "cursor.nextBatch", &batch)) ||
	    !bson_iter_init(&it, &batch))
		return false;
	while (doc_next(&it, &one)) {
		struct err why = ERR_INIT;
		const char *app = doc_text(&one, "appName");
		const char *client = doc_text(&one, "client");
		if (!client[0] || strcmp(app, HELLO_APP) == 0 || strcmp(app, HELLO_APP_PROOF) == 0)
			continue; /* a thread of its own, or one of us */
		if (!resolve_cut(client, name, port, &why) &&
		    !copy_z(name, sizeof(name), "unknown"))
			continue;
		if (addresses_has(f->known, plain(name)))
			continue;
		if (!addresses_add(f->found, name, &f->err)) {
			f->ok = false;
			return false;
		}
	}
	return true;
}

bool foreign_sessions_probe(const struct ask *a, const char *const *hosts, size_t hosts_n,
			    struct buf *ret, struct err *err)
{
	auto_bson match = BSON_INITIALIZER, project = BSON_INITIALIZER;
	auto_free struct addresses *known = calloc(1, sizeof(*known));
	auto_free struct addresses *found = calloc(1, sizeof(*found));
	struct foreign f = {.known = known, .found = found, .ok = true};
	struct mongod_hello h;
	bson_t users, user;

	if (!known || !found)
		return err_set(err, ERR_MEMORY, "no memory for addresses");
	for (size_t i = 0; i < hosts_n; i++)
		if (!addresses_of(hosts[i], a->deadline, known, err))
			return false;
	if (!session_hello(a->pool, &a->target, a->deadline, &h, err))
		return false;
	if (!own_address_add(a, known, err))
		return err_in(err, "asking for one's own address");
	BSON_APPEND_DOCUMENT_BEGIN(&match, "effectiveUsers", &users);
	BSON_APPEND_DOCUMENT_BEGIN(&users, "$elemMatch", &user);
	BSON_APPEND_UTF8(&user, "user", "__system");
	BSON_APPEND_UTF8(&user, "db", "local");
	bson_append_document_end(&users, &user);
	bson_append_document_end(&match, &users);
	BSON_APPEND_INT32(&project, "client", 1);
	BSON_APPEND_INT32(&project, "appName", 1);
	if (!current_op(a, "idleConnections", h.is_mongos, &match, &project, foreign_batch, &f,
			err))
		return err_in(err, "listing sessions of __system");
	if (!f.ok) {
		*err = f.err;
		return false;
	}
	for (unsigned i = 0; i < found->n; i++)
		buf_addf(ret, "%s%s", i ? " " : "", found->text[i]);
	return buf_ok(ret, err);
}
