/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of fields; arrays and the few optional texts by hand. */
#include "codec/json_mongod.h"

#include <string.h>

#include "codec/json_field.h"

#define F JSON_FIELD

static const struct json_field hello_fields[] = {
    F(struct mongod_hello, set_name),
    F(struct mongod_hello, me),
    F(struct mongod_hello, primary),
    F(struct mongod_hello, process_id),
    F(struct mongod_hello, is_writable_primary),
    F(struct mongod_hello, is_secondary),
    F(struct mongod_hello, is_arbiter),
    F(struct mongod_hello, is_hidden),
    F(struct mongod_hello, is_mongos),
    F(struct mongod_hello, is_quiescing),
    F(struct mongod_hello, offers_scram_sha256),
    F(struct mongod_hello, offers_scram_sha1),
    F(struct mongod_hello, max_wire_version),
    F(struct mongod_hello, local_time),
};

static const struct json_field status_fields[] = {
    F(struct mongod_status, set),
    F(struct mongod_status, my_state),
    F(struct mongod_status, my_id),
    F(struct mongod_status, date),
    F(struct mongod_status, term),
    F(struct mongod_status, majority_vote_count),
    F(struct mongod_status, write_majority_count),
    F(struct mongod_status, voting_members),
    F(struct mongod_status, writable_voting_members),
    F(struct mongod_status, is_initial_syncing),
};

static const struct json_field status_member_fields[] = {
    F(struct mongod_status_member, id),          F(struct mongod_status_member, host),
    F(struct mongod_status_member, state),       F(struct mongod_status_member, is_healthy),
    F(struct mongod_status_member, is_self),     F(struct mongod_status_member, is_unauthenticated),
    F(struct mongod_status_member, optime),      F(struct mongod_status_member, last_heartbeat),
    F(struct mongod_status_member, uptime_s),    F(struct mongod_status_member, config_version),
    F(struct mongod_status_member, config_term),
};

static const struct json_field config_fields[] = {
    F(struct mongod_config, set),          F(struct mongod_config, replica_set_id),
    F(struct mongod_config, version),      F(struct mongod_config, term),
    F(struct mongod_config, is_configsvr), F(struct mongod_config, has_majority_journal_default),
};

static const struct json_field config_member_fields[] = {
    F(struct mongod_config_member, id),         F(struct mongod_config_member, host),
    F(struct mongod_config_member, votes),      F(struct mongod_config_member, priority),
    F(struct mongod_config_member, is_arbiter), F(struct mongod_config_member, is_hidden),
    F(struct mongod_config_member, delay_s),
};

static const struct json_field shards_fields[] = {
    F(struct mongod_shards, cluster),
};

static const struct json_field shard_fields[] = {
    F(struct mongod_shard, name),
    F(struct mongod_shard, hosts),
};

static const struct json_field router_fields[] = {
    F(struct mongod_router, host),
    F(struct mongod_router, is_stale),
};

static const struct json_field server_fields[] = {
    F(struct mongod_server, version),
    F(struct mongod_server, host),
    F(struct mongod_server, pid),
    F(struct mongod_server, uptime_ms),
    F(struct mongod_server, certificate_subject),
    F(struct mongod_server, certificate_not_after),
    F(struct mongod_server, cluster_auth_mode),
    F(struct mongod_server, tls_mode),
    F(struct mongod_server, shutdown_timeout_ms),
    F(struct mongod_server, has_index_build),
    F(struct mongod_server, has_backup_cursor),
    F(struct mongod_server, is_fsync_locked),
    F(struct mongod_server, connections),
    F(struct mongod_server, is_shard_known),
    F(struct mongod_server, shard_name),
    F(struct mongod_server, shard_cluster),
    F(struct mongod_server, shard_config_db),
    F(struct mongod_server, shard_why),
};

static const struct json_field options_fields[] = {
    F(struct mongod_options, is_known),
    F(struct mongod_options, is_mongos),
    F(struct mongod_options, config_file),
    F(struct mongod_options, key_file),
    F(struct mongod_options, encryption_key_file),
    F(struct mongod_options, cluster_auth_mode),
    F(struct mongod_options, tls_mode),
    F(struct mongod_options, certificate_key_file),
    F(struct mongod_options, cluster_file),
    F(struct mongod_options, ca_file),
    F(struct mongod_options, cluster_ca_file),
    F(struct mongod_options, crl_file),
    F(struct mongod_options, has_key_password),
    F(struct mongod_options, allows_invalid_hostnames),
    F(struct mongod_options, allows_invalid_certificates),
    F(struct mongod_options, allows_no_certificate),
    F(struct mongod_options, transition_to_auth),
    F(struct mongod_options, cluster_role),
    F(struct mongod_options, set_name),
    F(struct mongod_options, config_db),
    F(struct mongod_options, bind_ip),
    F(struct mongod_options, port),
    F(struct mongod_options, db_path),
    F(struct mongod_options, log_path),
    F(struct mongod_options, pid_file),
    F(struct mongod_options, shutdown_timeout_ms),
};

static const struct json_field login_fields[] = {
    F(struct mongod_login_result, verdict),    F(struct mongod_login_result, code),
    F(struct mongod_login_result, process_id), F(struct mongod_login_result, me),
    F(struct mongod_login_result, set_name),
};

static const struct json_field tls_fields[] = {
    F(struct mongod_tls_result, is_handshake_done),
    F(struct mongod_tls_result, is_hello_answered),
    F(struct mongod_tls_result, is_chain_trusted),
    F(struct mongod_tls_result, is_name_covered),
    F(struct mongod_tls_result, reason),
    F(struct mongod_tls_result, protocol),
    F(struct mongod_tls_result, process_id),
};

static const struct json_field cert_fields[] = {
    F(struct cert_view, is_known),
    F(struct cert_view, subject),
    F(struct cert_view, issuer),
    F(struct cert_view, membership),
    F(struct cert_view, serial),
    F(struct cert_view, sha256),
    F(struct cert_view, spki),
    F(struct cert_view, not_before),
    F(struct cert_view, not_after),
    F(struct cert_view, chain_not_after),
    F(struct cert_view, key),
    F(struct cert_view, key_bits),
    F(struct cert_view, has_eku),
    F(struct cert_view, eku_server),
    F(struct cert_view, eku_client),
    F(struct cert_view, is_ca),
    F(struct cert_view, has_private_key),
};

static const struct json_field doc_fields[] = {
    F(struct store_doc, id),
    F(struct store_doc, rev),
    F(struct store_doc, nonce),
};

#define PRINT(table, from) json_fields_print(table, ARRAY_N(table), from, object, err)
#define PARSE(table, to) json_fields_parse(table, ARRAY_N(table), object, to, err)

static bool set_new(json_t *object, const char *name, json_t *value, struct err *err)
{
	return json_object_set_new(object, name, value) == 0 ||
	       err_set(err, ERR_MEMORY, "'%s' cannot be written as JSON", name);
}

/* An optional text: NULL is not written. */
static bool text_print(const char *name, const char *text, json_t *object, struct err *err)
{
	return !text || set_new(object, name, json_string(text), err);
}

/* A text or, when not there, NULL. */
static bool text_parse(const char *name, const json_t *object, size_t max, const char **ret,
		       struct err *err)
{
	const json_t *v = json_object_get(object, name);
	if (v && (!json_is_string(v) || json_string_length(v) >= max ||
		  strlen(json_string_value(v)) != json_string_length(v)))
		return err_set(err, ERR_PROTOCOL, "'%s' is invalid", name);
	*ret = json_string_value(v);
	return true;
}

static bool bool_parse(const char *name, const json_t *object, bool *ret, struct err *err)
{
	const json_t *v = json_object_get(object, name);
	if (!json_is_boolean(v))
		return err_set(err, ERR_PROTOCOL, "'%s' is missing or invalid", name);
	*ret = json_is_true(v);
	return true;
}

static bool int_parse(const char *name, const json_t *object, int64_t min, int64_t max,
		      int64_t *ret, struct err *err)
{
	const json_t *v = json_object_get(object, name);
	if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max)
		return err_set(err, ERR_PROTOCOL, "'%s' is missing or invalid", name);
	*ret = json_integer_value(v);
	return true;
}

/* An empty object under name, borrowed from object. */
static json_t *child(json_t *object, const char *name, json_t *fresh, struct err *err)
{
	return set_new(object, name, fresh, err) ? json_object_get(object, name) : NULL;
}

/* The array of that name with at most max elements. */
static const json_t *array_of(const json_t *object, const char *name, size_t max, struct err *err)
{
	const json_t *array = json_object_get(object, name);
	if (json_is_array(array) && json_array_size(array) <= max)
		return array;
	(void)err_set(err, ERR_PROTOCOL, "'%s' is missing, invalid or too long", name);
	return NULL;
}

bool json_target_print(const struct mongod_target *t, json_t *parent, struct err *err)
{
	json_t *object = child(parent, "target", json_object(), err);
	return object && text_print("host", t->host, object, err) &&
	       text_print("address", t->address, object, err) &&
	       text_print("ca_file", t->ca_file, object, err) &&
	       text_print("client_pem", t->client_pem, object, err) &&
	       set_new(object, "tls", json_boolean(t->tls), err) &&
	       set_new(object, "allows_invalid_hostnames",
		       json_boolean(t->allows_invalid_hostnames), err) &&
	       set_new(object, "timeout_us", json_integer(t->timeout_us), err);
}

bool json_target_parse(const json_t *parent, struct mongod_target *ret, struct err *err)
{
	const json_t *object = json_object_get(parent, "target");
	struct mongod_target t = {.host = NULL};
	if (!text_parse("host", object, HOST_BYTES_MAX, &t.host, err) ||
	    !text_parse("address", object, HOST_BYTES_MAX, &t.address, err) ||
	    !text_parse("ca_file", object, PATH_BYTES_MAX, &t.ca_file, err) ||
	    !text_parse("client_pem", object, PATH_BYTES_MAX, &t.client_pem, err) ||
	    !bool_parse("tls", object, &t.tls, err) ||
	    !bool_parse("allows_invalid_hostnames", object, &t.allows_invalid_hostnames, err) ||
	    !int_parse("timeout_us", object, 0, US_H, &t.timeout_us, err))
		return false;
	if (!t.host || !t.host[0])
		return err_set(err, ERR_PROTOCOL, "'host' is missing");
	if (t.timeout_us == 0)
		t.timeout_us = MONGOD_TIMEOUT_US;
	*ret = t;
	return true;
}

static const char *const how_names[] = {[LOGIN_AS_NOBODY] = "nobody",
					[LOGIN_AS_SYSTEM] = "system",
					[LOGIN_AS_USER] = "user",
					[LOGIN_AS_CERTIFICATE] = "certificate"};

bool json_credential_print(const struct mongod_credential *c, json_t *parent, struct err *err)
{
	json_t *object = child(parent, "credential", json_object(), err);
	if (!object || !text_print("how", how_names[c->how], object, err))
		return false;
	if (c->how == LOGIN_AS_NOBODY || c->how == LOGIN_AS_CERTIFICATE)
		return true;
	if (c->how == LOGIN_AS_USER && (!text_print("user", c->user, object, err) ||
					!text_print("database", c->database, object, err)))
		return false;
	if (json_object_set_new(object, "key", json_stringn(c->key->p, c->key->n)) != 0)
		return err_set(err, ERR_PROTOCOL, "the password or key is not UTF-8");
	return true;
}

bool json_login_parse(const json_t *parent, struct mongod_login *ret, struct err *err)
{
	const json_t *object = json_object_get(parent, "credential");
	struct mongod_login l = {.how = LOGIN_AS_NOBODY};
	const char *how = NULL;
	const json_t *key = json_object_get(object, "key");
	size_t i = 0;

	if (!text_parse("how", object, 32, &how, err) ||
	    !text_parse("user", object, NAME_BYTES_MAX, &l.user, err) ||
	    !text_parse("database", object, NAME_BYTES_MAX, &l.database, err))
		return false;
	while (i < ARRAY_N(how_names) && (!how || strcmp(how, how_names[i]) != 0))
		i++;
	if (i == ARRAY_N(how_names))
		return err_set(err, ERR_PROTOCOL, "'how' is missing or invalid");
	l.how = (enum mongod_login_how)i;
	if (l.how == LOGIN_AS_SYSTEM || l.how == LOGIN_AS_USER) {
		if (!json_is_string(key) || json_string_length(key) > KEY_CHARS_MAX * 4 ||
		    (l.how == LOGIN_AS_USER && !l.user))
			return err_set(err, ERR_PROTOCOL, "the credential is incomplete");
		l.key = (struct str){.p = json_string_value(key), .n = json_string_length(key)};
	}
	if (l.how == LOGIN_AS_USER && !l.database)
		l.database = "admin";
	*ret = l;
	return true;
}

bool json_hello_print(const struct mongod_hello *h, json_t *object, struct err *err)
{
	return PRINT(hello_fields, h);
}

bool json_hello_parse(const json_t *object, struct mongod_hello *ret, struct err *err)
{
	*ret = (struct mongod_hello){.me = ""};
	return PARSE(hello_fields, ret);
}

bool json_status_print(const struct mongod_status *s, json_t *object, struct err *err)
{
	json_t *members = child(object, "members", json_array(), err);
	for (unsigned i = 0; members && i < s->members_n; i++) {
		AUTO(json_t) one = json_object();
		if (!one)
			return err_set(err, ERR_MEMORY, "no memory for a status");
		if (!json_fields_print(status_member_fields, ARRAY_N(status_member_fields),
				       &s->members[i], one, err))
			return false;
		if (json_array_append(members, one) != 0)
			return err_set(err, ERR_MEMORY, "no memory for a status");
	}
	return members && PRINT(status_fields, s);
}

bool json_status_parse(const json_t *object, struct mongod_status *ret, struct err *err)
{
	const json_t *members = array_of(object, "members", MEMBERS_MAX, err);
	*ret = (struct mongod_status){.set = ""};
	if (!members || !PARSE(status_fields, ret))
		return false;
	for (size_t i = 0; i < json_array_size(members); i++)
		if (!json_fields_parse(status_member_fields, ARRAY_N(status_member_fields),
				       json_array_get(members, i), &ret->members[ret->members_n++],
				       err))
			return false;
	return true;
}

static bool config_member_print(const struct mongod_config_member *m, json_t *object,
				struct err *err)
{
	json_t *horizons = child(object, "horizons", json_array(), err);
	for (unsigned i = 0; horizons && i < m->horizons_n; i++)
		if (json_array_append_new(horizons, json_string(m->horizons[i])) != 0)
			return err_set(err, ERR_MEMORY, "no memory for a configuration");
	return horizons && PRINT(config_member_fields, m);
}

bool json_config_print(const struct mongod_config *c, json_t *object, struct err *err)
{
	json_t *members = child(object, "members", json_array(), err);
	for (unsigned i = 0; members && i < c->members_n; i++) {
		AUTO(json_t) one = json_object();
		if (!one)
			return err_set(err, ERR_MEMORY, "no memory for a configuration");
		if (!config_member_print(&c->members[i], one, err))
			return false;
		if (json_array_append(members, one) != 0)
			return err_set(err, ERR_MEMORY, "no memory for a configuration");
	}
	return members && PRINT(config_fields, c);
}

static bool texts_parse(const json_t *array, char out[][HOST_BYTES_MAX], unsigned *ret_n,
			struct err *err)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *text = json_string_value(json_array_get(array, i));
		if (!text || !copy_z(out[i], HOST_BYTES_MAX, text))
			return err_set(err, ERR_PROTOCOL, "a name is missing or too long");
		*ret_n = (unsigned)i + 1;
	}
	return true;
}

bool json_config_parse(const json_t *object, struct mongod_config *ret, struct err *err)
{
	const json_t *members = array_of(object, "members", MEMBERS_MAX, err);
	*ret = (struct mongod_config){.set = ""};
	if (!members || !PARSE(config_fields, ret))
		return false;
	for (size_t i = 0; i < json_array_size(members); i++) {
		struct mongod_config_member *m = &ret->members[ret->members_n++];
		const json_t *one = json_array_get(members, i);
		const json_t *horizons = array_of(one, "horizons", ARRAY_N(m->horizons), err);
		if (!horizons || !texts_parse(horizons, m->horizons, &m->horizons_n, err) ||
		    !json_fields_parse(config_member_fields, ARRAY_N(config_member_fields), one, m,
				       err))
			return false;
	}
	return true;
}

/* An array of n objects of size bytes each, by their table. */
static bool list_print(const char *name, const struct json_field *table, size_t table_n,
		       const void *all, unsigned n, size_t size, json_t *object, struct err *err)
{
	json_t *list = child(object, name, json_array(), err);
	for (unsigned i = 0; list && i < n; i++) {
		AUTO(json_t) one = json_object();
		if (!one)
			return err_set(err, ERR_MEMORY, "no memory for '%s'", name);
		if (!json_fields_print(table, table_n, (const char *)all + i * size, one, err))
			return false;
		if (json_array_append(list, one) != 0)
			return err_set(err, ERR_MEMORY, "no memory for '%s'", name);
	}
	return list != NULL;
}

static bool list_parse(const char *name, const struct json_field *table, size_t table_n,
		       const json_t *object, void *all, size_t max, size_t size, unsigned *ret_n,
		       struct err *err)
{
	const json_t *list = array_of(object, name, max, err);
	if (!list)
		return false;
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!json_fields_parse(table, table_n, json_array_get(list, i),
				       (char *)all + i * size, err))
			return false;
	*ret_n = (unsigned)json_array_size(list);
	return true;
}

bool json_shards_print(const struct mongod_shards *s, json_t *object, struct err *err)
{
	return PRINT(shards_fields, s) &&
	       list_print("shards", shard_fields, ARRAY_N(shard_fields), s->shards, s->shards_n,
			  sizeof(s->shards[0]), object, err) &&
	       list_print("routers", router_fields, ARRAY_N(router_fields), s->routers,
			  s->routers_n, sizeof(s->routers[0]), object, err);
}

bool json_shards_parse(const json_t *object, struct mongod_shards *ret, struct err *err)
{
	*ret = (struct mongod_shards){.cluster = ""};
	return PARSE(shards_fields, ret) &&
	       list_parse("shards", shard_fields, ARRAY_N(shard_fields), object, ret->shards,
			  SETS_MAX, sizeof(ret->shards[0]), &ret->shards_n, err) &&
	       list_parse("routers", router_fields, ARRAY_N(router_fields), object, ret->routers,
			  ROUTERS_MAX, sizeof(ret->routers[0]), &ret->routers_n, err);
}

bool json_server_print(const struct mongod_server *s, json_t *object, struct err *err)
{
	return PRINT(server_fields, s);
}

bool json_server_parse(const json_t *object, struct mongod_server *ret, struct err *err)
{
	*ret = (struct mongod_server){.version = ""};
	return PARSE(server_fields, ret);
}

bool json_options_print(const struct mongod_options *o, json_t *object, struct err *err)
{
	return PRINT(options_fields, o);
}

bool json_options_parse(const json_t *object, struct mongod_options *ret, struct err *err)
{
	*ret = (struct mongod_options){.config_file = ""};
	return PARSE(options_fields, ret);
}

bool json_login_result_print(const struct mongod_login_result *r, json_t *object, struct err *err)
{
	return PRINT(login_fields, r);
}

bool json_login_result_parse(const json_t *object, struct mongod_login_result *ret, struct err *err)
{
	*ret = (struct mongod_login_result){.verdict = LOGIN_UNKNOWN};
	if (!PARSE(login_fields, ret))
		return false;
	return ret->verdict <= LOGIN_REFUSED ||
	       err_set(err, ERR_PROTOCOL, "'verdict' is missing or invalid");
}

static bool cert_print(const struct cert_view *c, json_t *object, struct err *err)
{
	json_t *names = child(object, "names", json_array(), err);
	for (unsigned i = 0; names && i < c->names_n; i++)
		if (json_array_append_new(names, json_string(c->names[i])) != 0)
			return err_set(err, ERR_PROTOCOL, "a name cannot be written as JSON");
	return names && PRINT(cert_fields, c);
}

static bool cert_parse(const json_t *object, struct cert_view *ret, struct err *err)
{
	const json_t *names = array_of(object, "names", NAMES_PER_CERT_MAX, err);
	if (!names || !texts_parse(names, ret->names, &ret->names_n, err) ||
	    !PARSE(cert_fields, ret))
		return false;
	return ret->key < CERT_KEY_N || err_set(err, ERR_PROTOCOL, "'key' is invalid");
}

bool json_tls_result_print(const struct mongod_tls_result *r, json_t *object, struct err *err)
{
	json_t *served = child(object, "served", json_object(), err);
	return served && cert_print(&r->served, served, err) && PRINT(tls_fields, r);
}

bool json_tls_result_parse(const json_t *object, struct mongod_tls_result *ret, struct err *err)
{
	*ret = (struct mongod_tls_result){.reason = ""};
	return PARSE(tls_fields, ret) &&
	       cert_parse(json_object_get(object, "served"), &ret->served, err);
}

bool json_store_doc_print(const struct store_doc *d, json_t *object, struct err *err)
{
	if (json_object_set_new(object, "text", json_stringn(d->text.p, d->text.n)) != 0)
		return err_set(err, ERR_PROTOCOL, "the text of '%s' is not UTF-8", d->id);
	return PRINT(doc_fields, d);
}

bool json_store_doc_parse(const json_t *object, struct store_doc *ret, struct err *err)
{
	const json_t *text = json_object_get(object, "text");
	*ret = (struct store_doc){.id = ""};
	if (!json_is_string(text))
		return err_set(err, ERR_PROTOCOL, "'text' is missing or invalid");
	if (json_string_length(text) > DOC_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "a document of %zu bytes is longer than %d",
			       json_string_length(text), DOC_BYTES_MAX);
	ret->text = (struct str){.p = json_string_value(text), .n = json_string_length(text)};
	return PARSE(doc_fields, ret);
}
