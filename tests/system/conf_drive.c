/* SPDX-License-Identifier: Apache-2.0 */
/* Time zones, mongod's options and the schedule's fetcher, driven by hand for conf_real.py. For
 * tests only.
 *
 * conf_drive zone NAME             seconds since the epoch, one a line: "OFFSET LETTERS" of each
 * conf_drive local NAME            "DAY SECOND-OF-DAY LATER(0|1)" a line: UTC seconds of each
 * conf_drive options file|json     stdin; options as JSON
 * conf_drive options argv ARG...   the same of a command line
 * conf_drive schedule NET URL STATE CA SIGNER FLEET   a line on stdin is a look, an hour later each
 *                                  time: JSON of what came of it ("restart" loads the copy anew) */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codec/json_err.h"
#include "codec/mongod_options.h"
#include "conf/schedule_fetch.h"
#include "conf/zone_file.h"
#include "sys/files_durable.h"
#include "sys/host_linux.h"
#include "sys/http_rpc.h"

enum { LINE_BYTES = 256, TEXT_MAX = 4 * 1024 * 1024 };

static bool say(json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT);
	bool ok = text && printf("%s\n", text) >= 0 && fflush(stdout) == 0;
	json_text_free(text);
	json_decref(o);
	return ok;
}

static int fail(const struct err *err)
{
	char text[2048];
	(void)fprintf(stderr, "%s\n", err_print(err, text, sizeof(text)));
	return 1;
}

static int do_zone(const char *name, bool is_local)
{
	static struct zone z;
	struct files_port files = files_durable();
	struct err err = ERR_INIT;
	char line[LINE_BYTES];
	if (!zone_load(&files, NULL, name, &z, &err))
		return fail(&err);
	while (fgets(line, sizeof(line), stdin)) {
		int64_t a = 0, b = 0, later = 0;
		if (sscanf(line, "%" SCNd64 " %" SCNd64 " %" SCNd64, &a, &b, &later) < 1)
			return 1;
		if (is_local) {
			printf("%" PRId64 "\n", zone_from_local(&z, a, b, later != 0).us / US_S);
		} else {
			struct zone_shift s = zone_shift_at(&z, (struct wall){.us = a * US_S});
			printf("%d %s\n", s.offset_s, s.letters);
		}
	}
	return 0;
}

static int do_options(int argc, char **argv)
{
	static struct mongod_options o;
	static char text[TEXT_MAX];
	struct err err = ERR_INIT;
	bool is_argv = strcmp(argv[0], "argv") == 0, is_json = strcmp(argv[0], "json") == 0;
	size_t n = is_argv ? 0 : fread(text, 1, sizeof(text), stdin);
	struct str whole = {.p = text, .n = n};
	bool ok = is_argv   ? mongod_options_from_argv((const char *const *)argv + 1,
						       (size_t)argc - 1, &o, &err)
		  : is_json ? mongod_options_from_json(whole, &o, &err)
			    : mongod_options_from_file(whole, &o, &err);
	if (!ok)
		return fail(&err);
	return say(json_pack(
		   "{ss ss ss ss ss ss ss ss ss ss ss ss ss ss ss ss si sI sb sb sb sb sb sb ss}",
		   "keyFile", o.key_file, "encryptionKeyFile", o.encryption_key_file,
		   "clusterAuthMode", o.cluster_auth_mode, "tlsMode", o.tls_mode,
		   "certificateKeyFile", o.certificate_key_file, "clusterFile", o.cluster_file,
		   "CAFile", o.ca_file, "clusterCAFile", o.cluster_ca_file, "CRLFile", o.crl_file,
		   "clusterRole", o.cluster_role, "replSet", o.set_name, "bindIp", o.bind_ip,
		   "dbPath", o.db_path, "logPath", o.log_path, "pidFile", o.pid_file, "configDB",
		   o.config_db, "port", o.port, "shutdownMs", (json_int_t)o.shutdown_timeout_ms,
		   "hasPassword", o.has_key_password, "invalidHostnames",
		   o.allows_invalid_hostnames, "invalidCertificates", o.allows_invalid_certificates,
		   "noCertificate", o.allows_no_certificate, "transition", o.transition_to_auth,
		   "isMongos", o.is_mongos, "unknown", o.unknown))
		   ? 0
		   : 1;
}

static int do_schedule(char **argv)
{
	static struct schedule_store store;
	static struct schedule_policy policy;
	const struct schedule_subject subject = {.cluster = "rs0", .host = "db1.example.net"};
	struct files_port files = files_durable();
	struct host_port host = host_linux();
	struct helper *net = NULL;
	struct err err = ERR_INIT;
	char line[LINE_BYTES];
	const struct conf_how how = {
	    .files = &files, .is_elsewhere = true, .now = host.ops->now(host.self)};
	struct wall now = how.now;
	if (!helper_new("rotad-net", argv[0], &net, &err))
		return fail(&err);
	const struct http_later http = {.ops = &http_rpc_later_ops, .self = net};
	if (!copy_z(policy.url, sizeof(policy.url), argv[1]) ||
	    !copy_z(policy.ca_file, sizeof(policy.ca_file), argv[3]) ||
	    !copy_z(policy.signer, sizeof(policy.signer), argv[4]) ||
	    !copy_z(policy.fleet, sizeof(policy.fleet), argv[5]))
		return 64;
	policy.poll_us = US_MIN;
	const struct schedule_source source = {.policy = &policy,
					       .http = &http,
					       .how = &how,
					       .state_directory = argv[2],
					       .subjects_n = 1,
					       .subjects = &subject};
	while (fgets(line, sizeof(line), stdin)) {
		struct schedule_news news = {.has_looked = false};
		json_t *o = json_object();
		bool ok = true;
		err = ERR_INIT;
		now = wall_add(now, US_H);
		int64_t begun = host.ops->boot(host.self).us;
		if (strncmp(line, "restart", 7) == 0) {
			schedule_store_fini(&store);
			ok = schedule_store_load(&store, &source, &err);
			news.serial = store.current.serial;
		} else {
			do {
				ok = schedule_look(&store, &source, now, &news, &err);
			} while (store.is_asking && usleep(5000) == 0);
		}
		(void)json_object_set_new(o, "us",
					  json_integer(host.ops->boot(host.self).us - begun));
		(void)json_object_set_new(o, "serial", json_integer((json_int_t)news.serial));
		(void)json_object_set_new(o, "changed", json_boolean(news.is_changed));
		(void)json_object_set_new(o, "listed", json_boolean(news.is_listed));
		(void)json_object_set_new(o, "ageS", json_integer(news.age_us / US_S));
		(void)json_object_set_new(o, "nextS", json_integer((news.next.us - now.us) / US_S));
		(void)json_object_set_new(o, "signer", json_string(store.current.signer));
		if (!ok)
			(void)json_object_set_new(o, "error", json_err_print(&err));
		if (!say(o))
			return 1;
	}
	schedule_store_fini(&store);
	helper_free(net);
	return 0;
}

int main(int argc, char **argv)
{
	json_mem_init();
	if (argc == 3 && strcmp(argv[1], "zone") == 0)
		return do_zone(argv[2], false);
	if (argc == 3 && strcmp(argv[1], "local") == 0)
		return do_zone(argv[2], true);
	if (argc >= 3 && strcmp(argv[1], "options") == 0)
		return do_options(argc - 2, argv + 2);
	if (argc == 8 && strcmp(argv[1], "schedule") == 0)
		return do_schedule(argv + 2);
	(void)fprintf(stderr, "usage: see the head of conf_drive.c\n");
	return 64;
}
