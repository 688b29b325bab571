/* SPDX-License-Identifier: Apache-2.0 */
/* The same options from every place where mongod takes them, under every name they had. */
#include "lib/test.h"

#include <string.h>

#include "base/cleanup.h"
#include "codec/mongod_options.h"

static const char yaml_text[] = "# mongod.conf\n"
				"storage:\n  dbPath: /srv/db\n"
				"systemLog: {destination: file, path: /var/log/mongod.log}\n"
				"processManagement: {fork: false, pidFilePath: /run/mongod.pid}\n"
				"net:\n"
				"  port: 27018\n"
				"  bindIp: localhost,10.0.0.1\n"
				"  tls:\n"
				"    mode: requireTLS\n"
				"    certificateKeyFile: /pki/m.pem\n"
				"    certificateKeyFilePassword: hunter2\n"
				"    clusterFile: /pki/c.pem\n"
				"    CAFile: /pki/ca.pem\n"
				"    clusterCAFile: /pki/cca.pem\n"
				"    CRLFile: /pki/crl.pem\n"
				"    allowInvalidHostnames: true\n"
				"    allowConnectionsWithoutCertificates: true\n"
				"security:\n"
				"  keyFile: /etc/mongodb/keyfile\n"
				"  clusterAuthMode: sendX509\n"
				"  transitionToAuth: true\n"
				"replication: {replSetName: rs0, oplogSizeMB: 10}\n"
				"sharding: {clusterRole: shardsvr}\n"
				"setParameter:\n"
				"  shutdownTimeoutMillisForSignaledShutdown: 2000\n"
				"  enableTestCommands: 1\n";

static const char old_yaml_text[] =
    "storage.dbPath: /srv/db\n"
    "systemLog: {destination: file, path: /var/log/mongod.log}\n"
    "processManagement.pidFilePath: /run/mongod.pid\n"
    "net:\n"
    "  port: 27018\n"
    "  bindIp: localhost,10.0.0.1\n"
    "  ssl: {mode: requireSSL, PEMKeyFile: /pki/m.pem, PEMKeyPassword: hunter2,\n"
    "    clusterFile: /pki/c.pem, CAFile: /pki/ca.pem, clusterCAFile: /pki/cca.pem,\n"
    "    CRLFile: /pki/crl.pem, allowInvalidHostnames: true, weakCertificateValidation: true}\n"
    "security: {keyFile: /etc/mongodb/keyfile, clusterAuthMode: sendX509, transitionToAuth: "
    "true}\n"
    "replication.replSet: rs0\n"
    "sharding.clusterRole: shardsvr\n"
    "setParameter: {shutdownTimeoutMillisForSignaledShutdown: 2000}\n";

static const char ini_text[] = "# the old way\n"
			       "dbpath=/srv/db\n"
			       "logpath = /var/log/mongod.log\n"
			       "pidfilepath=/run/mongod.pid   # said so\n"
			       "port=27018\n"
			       "bind_ip=localhost,10.0.0.1\n"
			       "\n"
			       "sslMode=requireSSL\n"
			       "sslPEMKeyFile=/pki/m.pem\n"
			       "sslPEMKeyPassword=hunter2\n"
			       "sslClusterFile=/pki/c.pem\n"
			       "sslCAFile=/pki/ca.pem\n"
			       "sslClusterCAFile=/pki/cca.pem\n"
			       "sslCRLFile=/pki/crl.pem\n"
			       "sslAllowInvalidHostnames=true\n"
			       "sslWeakCertificateValidation=true\n"
			       "keyFile=/etc/mongodb/keyfile\n"
			       "clusterAuthMode=sendX509\n"
			       "transitionToAuth=true\r\n"
			       "replSet=rs0\n"
			       "shardsvr=true\n"
			       "setParameter=shutdownTimeoutMillisForSignaledShutdown=2000\n"
			       "setParameter=enableTestCommands=1\n";

static const char json_text[] =
    "{\"argv\":[\"/usr/bin/mongod\",\"--config\",\"/etc/mongod.conf\"],\"parsed\":{"
    "\"net\":{\"bindIp\":\"localhost,10.0.0.1\",\"port\":27018,\"tls\":{\"mode\":\"requireTLS\","
    "\"certificateKeyFile\":\"/pki/m.pem\",\"certificateKeyFilePassword\":\"<password>\","
    "\"clusterFile\":\"/pki/c.pem\",\"CAFile\":\"/pki/ca.pem\",\"clusterCAFile\":\"/pki/cca.pem\","
    "\"CRLFile\":\"/pki/crl.pem\",\"allowInvalidHostnames\":true,"
    "\"allowConnectionsWithoutCertificates\":true}},"
    "\"processManagement\":{\"pidFilePath\":\"/run/mongod.pid\"},"
    "\"replication\":{\"replSetName\":\"rs0\",\"oplogSizeMB\":10.0},"
    "\"security\":{\"keyFile\":\"/etc/mongodb/keyfile\",\"clusterAuthMode\":\"sendX509\","
    "\"transitionToAuth\":true},\"sharding\":{\"clusterRole\":\"shardsvr\"},"
    "\"setParameter\":{\"shutdownTimeoutMillisForSignaledShutdown\":\"2000\"},"
    "\"storage\":{\"dbPath\":\"/srv/db\"},"
    "\"systemLog\":{\"destination\":\"file\",\"path\":\"/var/log/mongod.log\"}},\"ok\":1.0}";

static const char *const argv_whole[] = {"/usr/bin/mongod",
					 "--dbpath",
					 "/srv/db",
					 "--logpath=/var/log/mongod.log",
					 "--logappend",
					 "--pidfilepath",
					 "/run/mongod.pid",
					 "--port",
					 "27018",
					 "--bind_ip",
					 "localhost,10.0.0.1",
					 "--sslOnNormalPorts",
					 "--tlsCertificateKeyFile",
					 "/pki/m.pem",
					 "--tlsCertificateKeyFilePassword",
					 "hunter2",
					 "--sslClusterFile",
					 "/pki/c.pem",
					 "--tlsCAFile",
					 "/pki/ca.pem",
					 "--tlsClusterCAFile",
					 "/pki/cca.pem",
					 "--tlsCRLFile",
					 "/pki/crl.pem",
					 "--tlsAllowInvalidHostnames",
					 "--tlsAllowConnectionsWithoutCertificates",
					 "-keyFile",
					 "/etc/mongodb/keyfile",
					 "--clusterAuthMode=sendX509",
					 "--transitionToAuth",
					 "--oplogSize",
					 "10",
					 "--replSet",
					 "rs0",
					 "--shardsvr",
					 "--setParameter",
					 "enableTestCommands=1",
					 "--setParameter",
					 "shutdownTimeoutMillisForSignaledShutdown=2000"};

static void assert_whole(const struct mongod_options *o)
{
	assert_true(o->is_known);
	assert_false(o->is_mongos);
	assert_string_equal(o->unknown, "");
	assert_string_equal(o->key_file, "/etc/mongodb/keyfile");
	assert_string_equal(o->cluster_auth_mode, "sendX509");
	assert_string_equal(o->tls_mode, "requireTLS");
	assert_string_equal(o->certificate_key_file, "/pki/m.pem");
	assert_string_equal(o->cluster_file, "/pki/c.pem");
	assert_string_equal(o->ca_file, "/pki/ca.pem");
	assert_string_equal(o->cluster_ca_file, "/pki/cca.pem");
	assert_string_equal(o->crl_file, "/pki/crl.pem");
	assert_true(o->has_key_password);
	assert_true(o->allows_invalid_hostnames);
	assert_false(o->allows_invalid_certificates);
	assert_true(o->allows_no_certificate);
	assert_true(o->transition_to_auth);
	assert_string_equal(o->cluster_role, "shardsvr");
	assert_string_equal(o->set_name, "rs0");
	assert_string_equal(o->bind_ip, "localhost,10.0.0.1");
	assert_int_equal(o->port, 27018);
	assert_string_equal(o->db_path, "/srv/db");
	assert_string_equal(o->log_path, "/var/log/mongod.log");
	assert_string_equal(o->pid_file, "/run/mongod.pid");
	assert_int_equal(o->shutdown_timeout_ms, 2000);
	/* the password is nowhere in it */
	assert_null(memmem(o, sizeof(*o), "hunter2", 7));
}

static void all_sources_give_the_same(void **state)
{
	struct mongod_options o;
	struct err err = ERR_INIT;
	auto_buf struct buf cmdline = {0};
	assert_true(mongod_options_from_file(STR(yaml_text), &o, &err));
	assert_whole(&o);
	assert_true(mongod_options_from_file(STR(old_yaml_text), &o, &err));
	assert_whole(&o);
	assert_true(mongod_options_from_file(STR(ini_text), &o, &err));
	assert_whole(&o);
	assert_true(mongod_options_from_json(STR(json_text), &o, &err));
	assert_whole(&o);
	assert_true(mongod_options_from_argv(argv_whole, ARRAY_N(argv_whole), &o, &err));
	assert_whole(&o);
	for (size_t i = 0; i < ARRAY_N(argv_whole); i++)
		buf_add(&cmdline, argv_whole[i], strlen(argv_whole[i]) + 1);
	assert_true(mongod_options_from_cmdline(buf_str(&cmdline), &o, &err));
	assert_whole(&o);
}

static void nothing_given_is_known_and_empty(void **state)
{
	static const char *const files[] = {"", "# nothing\n", "net:\n", "---\n"};
	struct mongod_options o;
	struct err err = ERR_INIT;
	for (size_t i = 0; i < ARRAY_N(files); i++) {
		assert_true(mongod_options_from_file(str_of(files[i]), &o, &err));
		assert_true(o.is_known);
		assert_string_equal(o.key_file, "");
		assert_int_equal(o.shutdown_timeout_ms, -1);
		assert_int_equal(mongod_options_port(&o), 27017);
	}
	assert_true(mongod_options_from_json(STR("{\"parsed\":{}}"), &o, &err));
	assert_true(mongod_options_from_argv(NULL, 0, &o, &err));
}

static void expansions_are_unknown_and_never_run(void **state)
{
	static const struct {
		const char *text, *unknown;
		bool has_password;
	} rows[] = {
	    {"security: {keyFile: {__exec: \"touch /tmp/x\", type: string}}\n",
	     "security.keyFile (__exec)", false},
	    {"net: {tls: {certificateKeyFilePassword: {__rest: \"https://x/\"}}}\n",
	     "net.tls.certificateKeyFilePassword (__rest)", true},
	    {"net:\n  tls:\n    __exec: x\n    type: yaml\n", "net.tls (__exec)", false},
	    {"__rest: https://x/\ntype: yaml\n", "the whole file (__rest)", false},
	    {"storage: {engine: {__exec: x}}\n", "", false}, /* nothing of ours */
	    {"net: {port: {__exec: x}, bindIp: {__exec: y}}\n",
	     "net.port (__exec), net.bindIp (__exec)", false},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct mongod_options o;
		struct err err = ERR_INIT;
		assert_true(mongod_options_from_file(str_of(rows[i].text), &o, &err));
		assert_string_equal(o.unknown, rows[i].unknown);
		assert_int_equal(o.has_key_password, rows[i].has_password);
	}
}

static void values_out_of_shape_are_unknown(void **state)
{
	static const struct {
		const char *text, *unknown;
	} rows[] = {
	    {"net: {port: many}\n", "net.port (out of shape)"},
	    {"net: {port: 65536}\n", "net.port (out of shape)"},
	    {"net: {port: -1}\n", "net.port (out of shape)"},
	    {"security: {keyFile: [a, b]}\n", "security.keyFile (a list)"},
	    {"security: {transitionToAuth: perhaps}\n", "security.transitionToAuth (out of shape)"},
	    {"port=x\n", "net.port (out of shape)"},
	};
	struct mongod_options o;
	struct err err = ERR_INIT;
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		assert_true(mongod_options_from_file(str_of(rows[i].text), &o, &err));
		assert_string_equal(o.unknown, rows[i].unknown);
	}
	auto_buf struct buf text = {0};
	buf_adds(&text, "security: {keyFile: ");
	for (int i = 0; i < PATH_BYTES_MAX; i++)
		buf_addc(&text, 'a');
	buf_adds(&text, "}\n");
	assert_true(mongod_options_from_file(buf_str(&text), &o, &err));
	assert_string_equal(o.unknown, "security.keyFile (out of shape)");
	assert_string_equal(o.key_file, "");
	/* very many of them: cut, not overflown */
	buf_clear(&text);
	for (int i = 0; i < 200; i++)
		buf_adds(&text, "port=x\n");
	assert_true(mongod_options_from_file(buf_str(&text), &o, &err));
	assert_true(strlen(o.unknown) < sizeof(o.unknown));
}

static void bad_files_are_refused(void **state)
{
	static const struct {
		const char *text;
		int line;
	} rows[] = {
	    {"net: [\n", 2},
	    {"just words\n", 0},
	    {"- a\n- b\n", 0},
	    {"net:\n  port: 1\n  port: 2\n", 3},
	    {"a: &x 1\n", 1},
	    {"port=1\nthis is no line\n", 0},
	    {"port=1\n[section]\nkeyFile=/x\n", 0}, /* mongod would read section.keyFile */
	    {"[[[[[[[[[[[[[[[[[[[[[", 1},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct mongod_options o = {.port = 7};
		struct err err = ERR_INIT;
		assert_false(mongod_options_from_file(str_of(rows[i].text), &o, &err));
		assert_int_equal(o.port, 7);
		assert_int_equal(err.line, rows[i].line);
	}
	static const char *const json[] = {"", "[]", "{\"a\":", "null", "{\"a\":1,\"a\":2}"};
	for (size_t i = 0; i < ARRAY_N(json); i++) {
		struct mongod_options o = {.port = 7};
		struct err err = ERR_INIT;
		assert_false(mongod_options_from_json(str_of(json[i]), &o, &err));
		assert_int_equal(o.port, 7);
	}
}

static void odd_command_lines_do_no_harm(void **state)
{
	static const struct {
		const char *argv[5];
		const char *unknown, *key_file;
	} rows[] = {
	    {{"mongod", "--keyFile"}, "security.keyFile (no value)", ""},
	    {{"mongod", "--keyFile", "--fork"}, "security.keyFile (no value)", ""},
	    {{"mongod", "--keyFile="}, "", ""},
	    {{"mongod", "--", "-", "", "--keyFile=/k"}, "", "/k"},
	    {{"mongod", "--notours", "--keyFile", "/k"}, "", "/k"},
	    {{"mongod", "--notours", "/keyFile", "--keyFile", "/k"}, "", "/k"},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct mongod_options o;
		struct err err = ERR_INIT;
		size_t n = 0;
		while (n < 5 && rows[i].argv[n])
			n++;
		assert_true(mongod_options_from_argv(rows[i].argv, n, &o, &err));
		assert_string_equal(o.unknown, rows[i].unknown);
		assert_string_equal(o.key_file, rows[i].key_file);
	}
	const char *many[MONGOD_ARGS_MAX + 1];
	struct mongod_options o;
	struct err err = ERR_INIT;
	for (size_t i = 0; i < ARRAY_N(many); i++)
		many[i] = "-x";
	assert_false(mongod_options_from_argv(many, ARRAY_N(many), &o, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_true(mongod_options_from_cmdline(STR("mongod\0--port\0001\0"), &o, &err));
	assert_int_equal(o.port, 1);
	assert_true(mongod_options_from_cmdline(STR("mongod\0--port\00012"), &o, &err));
	assert_int_equal(o.port, 12);
}

static void mongos_is_told_apart(void **state)
{
	static const char *const argv[] = {"/usr/bin/mongos", "-f", "/etc/mongos.conf"};
	struct mongod_options o;
	struct err err = ERR_INIT;
	assert_true(mongod_options_from_argv(argv, 3, &o, &err));
	assert_true(o.is_mongos);
	assert_string_equal(o.config_file, "/etc/mongos.conf");
	assert_true(mongod_options_from_file(STR("sharding: {configDB: \"c/h:1\"}\n"), &o, &err));
	assert_true(o.is_mongos);
	assert_true(
	    mongod_options_from_file(STR("sharding: {clusterRole: configsvr}\n"), &o, &err));
	assert_false(o.is_mongos);
	assert_int_equal(mongod_options_port(&o), 27019);
}

static void command_line_wins_over_the_file(void **state)
{
	static const char *const argv[] = {"mongod",
					   "--port",
					   "27020",
					   "--tlsMode",
					   "allowTLS",
					   "--setParameter",
					   "shutdownTimeoutMillisForSignaledShutdown=0"};
	struct mongod_options file, line;
	struct err err = ERR_INIT;
	auto_buf struct buf names = {0};
	assert_true(mongod_options_from_file(STR(yaml_text), &file, &err));
	assert_true(mongod_options_from_argv(argv, ARRAY_N(argv), &line, &err));
	struct mongod_options both = mongod_options_over(&file, &line);
	assert_int_equal(both.port, 27020);
	assert_string_equal(both.tls_mode, "allowTLS");
	assert_int_equal(both.shutdown_timeout_ms, 0);
	assert_string_equal(both.key_file, "/etc/mongodb/keyfile");
	assert_true(both.transition_to_auth);
	assert_int_equal(mongod_options_differ(&file, &both, &names), 3);
	assert_string_equal(buf_z(&names), "net.tls.mode, net.port, "
					   "setParameter.shutdownTimeoutMillisForSignaledShutdown");
	assert_int_equal(mongod_options_differ(&both, &both, &names), 0);
}

static void paths_of_a_container_become_those_of_the_host(void **state)
{
	static const struct path_map maps[] = {{"/keys", "/srv/mongo/keys"},
					       {"/keys/tls/", "/srv/tls/"},
					       {"/data/db/log", "/var/log/m"}};
	static const struct {
		const char *path, *mapped;
	} rows[] = {
	    {"/keys/keyfile", "/srv/mongo/keys/keyfile"},
	    {"/keys", "/srv/mongo/keys"},
	    {"/keys/tls/m.pem", "/srv/tls/m.pem"}, /* the longest wins */
	    {"/keysmith/x", "/keysmith/x"},        /* not a part of a name */
	    {"/data/db", "/data/db"},
	    {"relative/keys/x", "relative/keys/x"},
	    {"", ""},
	};
	static const struct path_map root[] = {{"/", "/proc/7/root"}};
	struct mongod_options o;
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		mongod_options_init(&o);
		cut_z(o.key_file, sizeof(o.key_file), rows[i].path);
		cut_z(o.crl_file, sizeof(o.crl_file), rows[i].path);
		mongod_options_map(&o, maps, ARRAY_N(maps));
		assert_string_equal(o.key_file, rows[i].mapped);
		assert_string_equal(o.crl_file, rows[i].mapped);
	}
	cut_z(o.key_file, sizeof(o.key_file), "/etc/keyfile");
	mongod_options_map(&o, root, 1);
	assert_string_equal(o.key_file, "/proc/7/root/etc/keyfile");
	/* one that would not fit is as if it were not given, never cut short */
	memset(o.key_file, 'a', sizeof(o.key_file) - 1);
	memcpy(o.key_file, "/keys/", 6);
	o.key_file[sizeof(o.key_file) - 1] = 0;
	mongod_options_map(&o, maps, ARRAY_N(maps));
	assert_string_equal(o.key_file, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(paths_of_a_container_become_those_of_the_host),
	    cmocka_unit_test(all_sources_give_the_same),
	    cmocka_unit_test(nothing_given_is_known_and_empty),
	    cmocka_unit_test(expansions_are_unknown_and_never_run),
	    cmocka_unit_test(values_out_of_shape_are_unknown),
	    cmocka_unit_test(bad_files_are_refused),
	    cmocka_unit_test(odd_command_lines_do_no_harm),
	    cmocka_unit_test(mongos_is_told_apart),
	    cmocka_unit_test(command_line_wins_over_the_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
