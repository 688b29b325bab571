/* SPDX-License-Identifier: Apache-2.0 */
/* One table of names. The three sources only bring name and value to it. */
#include "codec/mongod_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/json_strict.h"
#include "codec/yaml.h"

enum { NAME_BYTES = 160, INI_LINE_MAX = 8192, INI_LINES_MAX = 4096 };

enum option_type {
	OPTION_TEXT,
	OPTION_PORT,
	OPTION_BOOL,
	OPTION_MODE,     /* of TLS, by its new name */
	OPTION_SECRET,   /* only that it is there */
	OPTION_REQUIRED, /* a switch that means requireTLS */
	OPTION_ROLE,     /* a switch that means a cluster role: `role` */
	OPTION_ANY_IP,
	OPTION_MILLISECONDS,
	OPTION_PARAMETER, /* "name=value" */
};

struct option_row {
	const char *yaml;     /* canonical name, as getCmdLineOpts nests it */
	const char *old_yaml; /* or NULL */
	const char *words;    /* command line and INI, space separated */
	enum option_type type;
	bool is_switch; /* on the command line it stands without a value */
	size_t offset, size;
	const char *role;
};

#define AT(field)                                                                                  \
	.offset = offsetof(struct mongod_options, field),                                          \
	.size = sizeof(((struct mongod_options *)NULL)->field)

static const struct option_row option_table[] = {
    {"config", NULL, "config f", OPTION_TEXT, AT(config_file)},
    {"security.keyFile", NULL, "keyFile", OPTION_TEXT, AT(key_file)},
    {"security.encryptionKeyFile", NULL, "encryptionKeyFile", OPTION_TEXT, AT(encryption_key_file)},
    {"security.clusterAuthMode", NULL, "clusterAuthMode", OPTION_TEXT, AT(cluster_auth_mode)},
    {"security.transitionToAuth", NULL, "transitionToAuth", OPTION_BOOL, true,
     AT(transition_to_auth)},
    {"net.tls.mode", "net.ssl.mode", "tlsMode sslMode", OPTION_MODE, AT(tls_mode)},
    {"net.tls.certificateKeyFile", "net.ssl.PEMKeyFile", "tlsCertificateKeyFile sslPEMKeyFile",
     OPTION_TEXT, AT(certificate_key_file)},
    {"net.tls.certificateKeyFilePassword", "net.ssl.PEMKeyPassword",
     "tlsCertificateKeyFilePassword sslPEMKeyPassword", OPTION_SECRET, AT(has_key_password)},
    {"net.tls.clusterFile", "net.ssl.clusterFile", "tlsClusterFile sslClusterFile", OPTION_TEXT,
     AT(cluster_file)},
    {"net.tls.CAFile", "net.ssl.CAFile", "tlsCAFile sslCAFile", OPTION_TEXT, AT(ca_file)},
    {"net.tls.clusterCAFile", "net.ssl.clusterCAFile", "tlsClusterCAFile sslClusterCAFile",
     OPTION_TEXT, AT(cluster_ca_file)},
    {"net.tls.CRLFile", "net.ssl.CRLFile", "tlsCRLFile sslCRLFile", OPTION_TEXT, AT(crl_file)},
    {"net.tls.allowInvalidHostnames", "net.ssl.allowInvalidHostnames",
     "tlsAllowInvalidHostnames sslAllowInvalidHostnames", OPTION_BOOL, true,
     AT(allows_invalid_hostnames)},
    {"net.tls.allowInvalidCertificates", "net.ssl.allowInvalidCertificates",
     "tlsAllowInvalidCertificates sslAllowInvalidCertificates", OPTION_BOOL, true,
     AT(allows_invalid_certificates)},
    {"net.tls.allowConnectionsWithoutCertificates", "net.ssl.allowConnectionsWithoutCertificates",
     "tlsAllowConnectionsWithoutCertificates sslAllowConnectionsWithoutCertificates", OPTION_BOOL,
     true, AT(allows_no_certificate)},
    {"net.ssl.weakCertificateValidation", NULL, "sslWeakCertificateValidation", OPTION_BOOL, true,
     AT(allows_no_certificate)},
    {"net.tls.tlsOnNormalPorts", "net.ssl.sslOnNormalPorts", "tlsOnNormalPorts sslOnNormalPorts",
     OPTION_REQUIRED, true, AT(tls_mode)},
    {"net.port", NULL, "port", OPTION_PORT, AT(port)},
    {"net.bindIp", NULL, "bind_ip", OPTION_TEXT, AT(bind_ip)},
    {"net.bindIpAll", NULL, "bind_ip_all", OPTION_ANY_IP, true, AT(bind_ip)},
    {"sharding.clusterRole", NULL, "clusterRole", OPTION_TEXT, AT(cluster_role)},
    {"shardsvr", NULL, "shardsvr", OPTION_ROLE, true, AT(cluster_role), "shardsvr"},
    {"configsvr", NULL, "configsvr", OPTION_ROLE, true, AT(cluster_role), "configsvr"},
    {"sharding.configDB", NULL, "configdb", OPTION_TEXT, AT(config_db)},
    {"replication.replSetName", "replication.replSet", "replSet", OPTION_TEXT, AT(set_name)},
    {"storage.dbPath", NULL, "dbpath", OPTION_TEXT, AT(db_path)},
    {"systemLog.path", NULL, "logpath", OPTION_TEXT, AT(log_path)},
    {"processManagement.pidFilePath", NULL, "pidfilepath", OPTION_TEXT, AT(pid_file)},
    {"setParameter.shutdownTimeoutMillisForSignaledShutdown", NULL, "", OPTION_MILLISECONDS,
     AT(shutdown_timeout_ms)},
    {"setParameter", NULL, "setParameter", OPTION_PARAMETER, AT(shutdown_timeout_ms)},
};

void mongod_options_init(struct mongod_options *o)
{
	memset(o, 0, sizeof(*o));
	o->shutdown_timeout_ms = -1;
}

/* What does not fit is cut off: that there is something unknown still shows. */
static void add_unknown(struct mongod_options *o, const char *text)
{
	size_t n = strlen(o->unknown), room = sizeof(o->unknown) - 1 - n;
	struct str parts[] = {str_of(n ? ", " : ""), str_of(text)};
	for (size_t i = 0; i < ARRAY_N(parts); i++) {
		size_t part_n = MIN(parts[i].n, room);
		memcpy(o->unknown + n, parts[i].p, part_n);
		n += part_n;
		room -= part_n;
	}
	o->unknown[n] = '\0';
}

static void mark_unknown(struct mongod_options *o, const char *name, const char *why)
{
	char text[128];
	snprintf(text, sizeof(text), "%.64s (%s)", name, why);
	add_unknown(o, text);
}

static bool is_word(const char *words, struct str name)
{
	struct str rest = str_of(words), word;
	while (str_cut(&rest, ' ', &word))
		if (word.n && str_equal(word, name))
			return true;
	return false;
}

static const struct option_row *find_yaml(struct str name)
{
	for (size_t i = 0; i < ARRAY_N(option_table); i++)
		if (str_equal_z(name, option_table[i].yaml) ||
		    (option_table[i].old_yaml && str_equal_z(name, option_table[i].old_yaml)))
			return &option_table[i];
	return NULL;
}

static const struct option_row *find_word(struct str name)
{
	for (size_t i = 0; i < ARRAY_N(option_table); i++)
		if (is_word(option_table[i].words, name))
			return &option_table[i];
	return NULL;
}

static bool parse_bool(struct str value, bool *ret)
{
	static const char *const yes[] = {"true", "1", "yes", "on", ""};
	static const char *const no[] = {"false", "0", "no", "off"};
	for (size_t i = 0; i < ARRAY_N(yes); i++)
		if (str_equal_z(value, yes[i])) {
			*ret = true;
			return true;
		}
	for (size_t i = 0; i < ARRAY_N(no); i++)
		if (str_equal_z(value, no[i])) {
			*ret = false;
			return true;
		}
	return false;
}

static bool parse_number(struct str value, int64_t max, int64_t *ret)
{
	int64_t v = 0;
	if (value.n == 0 || value.n > 12)
		return false;
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] < '0' || value.p[i] > '9')
			return false;
		v = v * 10 + (value.p[i] - '0');
	}
	*ret = v;
	return v <= max;
}

/* The old names of the modes (know: ssl_options_server.idl). */
static struct str mode_name_of(struct str value)
{
	static const char *const pairs[][2] = {
	    {"allowSSL", "allowTLS"}, {"preferSSL", "preferTLS"}, {"requireSSL", "requireTLS"}};
	for (size_t i = 0; i < ARRAY_N(pairs); i++)
		if (str_equal_z(value, pairs[i][0]))
			return str_of(pairs[i][1]);
	return value;
}

static bool set_value(struct mongod_options *o, const struct option_row *row, struct str value)
{
	void *at = (char *)o + row->offset;
	bool flag = false;
	int64_t number = 0;
	struct str name;
	if (memchr(value.p ? value.p : "", '\0', value.n))
		return false;
	switch (row->type) {
	case OPTION_TEXT:
		return copy_str(at, row->size, value);
	case OPTION_PORT:
		if (!parse_number(value, 65535, &number))
			return false;
		*(int *)at = (int)number;
		return true;
	case OPTION_BOOL:
		return parse_bool(value, at);
	case OPTION_MODE:
		return copy_str(at, row->size, mode_name_of(value));
	case OPTION_SECRET:
		*(bool *)at = true; /* the value itself is not looked at */
		return true;
	case OPTION_REQUIRED:
		return parse_bool(value, &flag) &&
		       (!flag || copy_str(at, row->size, STR("requireTLS")));
	case OPTION_ROLE:
		return parse_bool(value, &flag) &&
		       (!flag || copy_str(at, row->size, str_of(row->role)));
	case OPTION_ANY_IP:
		return parse_bool(value, &flag) && (!flag || copy_str(at, row->size, STR("*")));
	case OPTION_MILLISECONDS:
		if (!parse_number(value, INT64_MAX, &number))
			return false;
		*(int64_t *)at = number;
		return true;
	case OPTION_PARAMETER:
		if (!str_cut(&value, '=', &name) ||
		    !str_equal_z(str_trim(name), "shutdownTimeoutMillisForSignaledShutdown"))
			return true; /* another parameter */
		if (!parse_number(str_trim(value), INT64_MAX, &number))
			return false;
		*(int64_t *)at = number;
		return true;
	}
	return false;
}

static void take_value(struct mongod_options *o, const struct option_row *row, struct str value)
{
	if (!set_value(o, row, value))
		mark_unknown(o, row->yaml, "out of shape");
}

static void finish(struct mongod_options *o)
{
	o->is_known = true;
	if (o->config_db[0])
		o->is_mongos = true;
}

/* ---- YAML and JSON: a walk that keeps the dotted name ---- */

/* prefix.key into out; false when too long: then it is no option of ours. */
static bool join(const char *prefix, struct str key, char *out)
{
	int n = snprintf(out, NAME_BYTES, "%s%s%.*s", prefix, prefix[0] ? "." : "",
			 (int)MIN(key.n, (size_t)NAME_BYTES), key.p);
	return n > 0 && n < NAME_BYTES;
}

/* All that an expansion may give: mark every option of ours under that name, or the name. */
static void mark_expansion(struct mongod_options *o, const char *name, const char *why)
{
	size_t n = strlen(name);
	unsigned marked = 0;
	for (size_t i = 0; i < ARRAY_N(option_table); i++)
		if (strncmp(option_table[i].yaml, name, n) == 0 &&
		    (option_table[i].yaml[n] == '\0' || option_table[i].yaml[n] == '.'))
			marked++;
	const struct option_row *row = find_yaml(str_of(name));
	if (row && row->type == OPTION_SECRET)
		o->has_key_password = true; /* given, whatever it is */
	if (marked || row || n == 0)
		mark_unknown(o, n ? name : "the whole file", why);
}

static const char *expansion_of(const struct yaml_node *map)
{
	if (yaml_find(map, "__exec"))
		return "__exec";
	return yaml_find(map, "__rest") ? "__rest" : NULL;
}

static void walk_yaml(const struct yaml_node *root, struct mongod_options *o)
{
	struct {
		const struct yaml_node *next;
		char name[NAME_BYTES];
	} levels[YAML_DEPTH_MAX] = {{.next = root->first}};
	unsigned depth = 1;
	while (depth) { /* each pass takes a node or ends a level */
		const struct yaml_node *node = levels[depth - 1].next;
		char name[NAME_BYTES];
		if (!node) {
			depth--;
			continue;
		}
		levels[depth - 1].next = node->next;
		if (!join(levels[depth - 1].name, node->key, name))
			continue;
		const char *expansion = expansion_of(node);
		const struct option_row *row = find_yaml(str_of(name));
		if (expansion) {
			mark_expansion(o, name, expansion);
		} else if (node->kind == YAML_IS_MAP) {
			ASSERT(depth < YAML_DEPTH_MAX); /* the YAML is no deeper */
			levels[depth].next = node->first;
			memcpy(levels[depth].name, name, sizeof(name));
			depth++;
		} else if (row && row->type != OPTION_PARAMETER) {
			if (node->kind == YAML_IS_SCALAR)
				take_value(o, row, node->text);
			else
				mark_unknown(o, row->yaml, "a list");
		}
	}
}

static struct str json_scalar(const json_t *value, char *out, size_t out_n)
{
	const json_t *wrapped = json_object_get(value, "$numberInt");
	if (!wrapped)
		wrapped = json_object_get(value, "$numberLong");
	if (wrapped)
		value = wrapped;
	if (json_is_string(value))
		return (struct str){.p = json_string_value(value), .n = json_string_length(value)};
	if (json_is_boolean(value))
		return json_is_true(value) ? STR("true") : STR("false");
	if (json_is_number(value)) {
		snprintf(out, out_n, "%.0f", json_number_value(value));
		return str_of(out);
	}
	return (struct str){.p = NULL};
}

static void walk_json(json_t *root, struct mongod_options *o)
{
	struct {
		json_t *object;
		void *at;
		char name[NAME_BYTES];
	} levels[JSON_NEST_MAX] = {{.object = root, .at = json_object_iter(root)}};
	unsigned depth = 1;
	while (depth) { /* each pass takes a member or ends a level */
		char name[NAME_BYTES], number[32];
		void *at = levels[depth - 1].at;
		if (!at) {
			depth--;
			continue;
		}
		levels[depth - 1].at = json_object_iter_next(levels[depth - 1].object, at);
		json_t *value = json_object_iter_value(at);
		if (!join(levels[depth - 1].name, str_of(json_object_iter_key(at)), name))
			continue;
		const struct option_row *row = find_yaml(str_of(name));
		struct str text = json_scalar(value, number, sizeof(number));
		if (row && row->type != OPTION_PARAMETER) {
			if (text.p)
				take_value(o, row, text);
			else
				mark_unknown(o, row->yaml, "no single value");
		} else if (json_is_object(value) && depth < JSON_NEST_MAX) {
			levels[depth].object = value;
			levels[depth].at = json_object_iter(value);
			memcpy(levels[depth].name, name, sizeof(name));
			depth++;
		}
	}
}

bool mongod_options_from_json(struct str text, struct mongod_options *ret, struct err *err)
{
	AUTO(json_t) root = NULL;
	auto_free struct mongod_options *o = calloc(1, sizeof(*o));
	if (!o)
		return err_set(err, ERR_MEMORY, "no memory for mongod's options");
	mongod_options_init(o);
	if (!json_read(text, "answer to getCmdLineOpts", &root, err))
		return false;
	if (!json_is_object(root))
		return err_set(err, ERR_SYNTAX, "the answer to getCmdLineOpts is no object");
	json_t *parsed = json_object_get(root, "parsed");
	const char *program = json_string_value(json_array_get(json_object_get(root, "argv"), 0));
	const char *slash = program ? strrchr(program, '/') : NULL;
	if (program && strncmp(slash ? slash + 1 : program, "mongos", 6) == 0)
		o->is_mongos = true;
	walk_json(json_is_object(parsed) ? parsed : root, o);
	finish(o);
	*ret = *o;
	return true;
}

/* ---- "key = value" ---- */

static bool ini_line(struct str line, struct str *ret_key, struct str *ret_value)
{
	struct str s = str_trim(line), key = {.n = 0};
	if (!str_cut(&s, '=', &key) || !s.p)
		return false;
	*ret_key = str_trim(key);
	*ret_value = str_trim(s);
	for (size_t i = 0; i < ret_key->n; i++) {
		char c = ret_key->p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '_' || c == '.'))
			return false;
	}
	return ret_key->n > 0;
}

/* Every line that says anything is "key = value", and there is one. */
static bool is_ini(struct str text)
{
	struct str rest = text, line, key, value;
	unsigned said_n = 0;
	for (unsigned i = 0; i < INI_LINES_MAX && str_cut(&rest, '\n', &line); i++) {
		struct str s = str_trim(line);
		if (s.n == 0 || s.p[0] == '#')
			continue;
		if (!ini_line(s, &key, &value))
			return false;
		said_n++;
	}
	return said_n > 0;
}

static void read_ini(struct str text, struct mongod_options *o)
{
	struct str rest = text, line, key, value;
	for (unsigned i = 0; i < INI_LINES_MAX && str_cut(&rest, '\n', &line); i++) {
		struct str s = str_trim(line);
		const char *hash = s.n ? memchr(s.p, '#', s.n) : NULL;
		if (hash) /* as boost::program_options does: a comment ends any line */
			s = str_trim((struct str){.p = s.p, .n = (size_t)(hash - s.p)});
		if (s.n == 0 || !ini_line(s, &key, &value))
			continue;
		const struct option_row *row = find_word(key);
		if (row)
			take_value(o, row, value);
	}
}

bool mongod_options_from_file(struct str text, struct mongod_options *ret, struct err *err)
{
	auto_yaml struct yaml_doc doc = {.root = NULL};
	auto_free struct mongod_options *o = calloc(1, sizeof(*o));
	if (!o)
		return err_set(err, ERR_MEMORY, "no memory for mongod's options");
	mongod_options_init(o);
	if (text.n <= CONF_BYTES_MAX && is_ini(text)) {
		read_ini(text, o);
	} else if (!yaml_parse(text, &doc, err)) {
		return false;
	} else if (doc.root && doc.root->kind != YAML_IS_MAP) {
		return err_set(err, ERR_SYNTAX,
			       "neither YAML with a map of keys nor lines of 'key = value'");
	} else if (doc.root) {
		const char *expansion = expansion_of(doc.root);
		if (expansion)
			mark_expansion(o, "", expansion);
		else
			walk_yaml(doc.root, o);
	}
	finish(o);
	*ret = *o;
	return true;
}

/* ---- the command line ---- */

bool mongod_options_from_argv(const char *const *argv, size_t argc, struct mongod_options *ret,
			      struct err *err)
{
	auto_free struct mongod_options *o = calloc(1, sizeof(*o));
	if (!o)
		return err_set(err, ERR_MEMORY, "no memory for mongod's options");
	mongod_options_init(o);
	if (argc > MONGOD_ARGS_MAX)
		return err_set(err, ERR_LIMIT, "%zu arguments, at most %d", argc, MONGOD_ARGS_MAX);
	const char *slash = argc ? strrchr(argv[0], '/') : NULL;
	if (argc && strncmp(slash ? slash + 1 : argv[0], "mongos", 6) == 0)
		o->is_mongos = true;
	for (size_t i = 1; i < argc; i++) {
		struct str value = str_of(argv[i]), name;
		if (value.n < 2 || value.p[0] != '-')
			continue; /* the value of an option that is not ours */
		size_t dashes = value.p[1] == '-' ? 2 : 1; /* -keyFile is taken too */
		value.p += dashes;
		value.n -= dashes;
		bool has_value = memchr(value.p, '=', value.n) != NULL;
		(void)str_cut(&value, '=', &name); /* there is at least the name */
		const struct option_row *row = find_word(name);
		if (!row)
			continue;
		if (!has_value && row->is_switch) {
			take_value(o, row, STR("true"));
			continue;
		}
		if (!has_value) {
			if (i + 1 == argc ||
			    (argv[i + 1][0] == '-' && row->type != OPTION_SECRET)) {
				/* A password may be asked for: the switch alone stands then. */
				if (row->type == OPTION_SECRET)
					o->has_key_password = true;
				else
					mark_unknown(o, row->yaml, "no value");
				continue;
			}
			value = str_of(argv[++i]);
		}
		take_value(o, row, value);
	}
	finish(o);
	*ret = *o;
	return true;
}

bool mongod_options_from_cmdline(struct str bytes, struct mongod_options *ret, struct err *err)
{
	const char *argv[MONGOD_ARGS_MAX + 1];
	size_t argc = 0;
	auto_wiped_buf struct buf copy = {0}; /* it may hold a password */
	buf_add(&copy, bytes.p, bytes.n);
	buf_addc(&copy, '\0');
	if (!buf_ok(&copy, err))
		return false;
	for (size_t at = 0; at < bytes.n && argc <= MONGOD_ARGS_MAX; at += strlen(copy.p + at) + 1)
		argv[argc++] = copy.p + at;
	return mongod_options_from_argv(argv, argc, ret, err);
}

/* ---- both together ---- */

static bool is_given(const struct mongod_options *o, const struct option_row *row)
{
	const void *at = (const char *)o + row->offset;
	switch (row->type) {
	case OPTION_TEXT:
	case OPTION_MODE:
	case OPTION_REQUIRED:
	case OPTION_ROLE:
	case OPTION_ANY_IP:
		return *(const char *)at != '\0';
	case OPTION_PORT:
		return *(const int *)at != 0;
	case OPTION_BOOL:
	case OPTION_SECRET:
		return *(const bool *)at;
	case OPTION_MILLISECONDS:
	case OPTION_PARAMETER:
		return *(const int64_t *)at >= 0;
	}
	return false;
}

struct mongod_options mongod_options_over(const struct mongod_options *file,
					  const struct mongod_options *command_line)
{
	struct mongod_options both = *file;
	for (size_t i = 0; i < ARRAY_N(option_table); i++) {
		const struct option_row *row = &option_table[i];
		if (is_given(command_line, row))
			memcpy((char *)&both + row->offset,
			       (const char *)command_line + row->offset, row->size);
	}
	both.is_mongos = file->is_mongos || command_line->is_mongos;
	both.is_known = file->is_known && command_line->is_known;
	if (command_line->unknown[0])
		add_unknown(&both, command_line->unknown);
	return both;
}

bool mongod_options_is_automated(const char *config_file)
{
	static const char begins[] = "automation-mongo";
	const char *slash = strrchr(config_file, '/');
	return strncmp(slash ? slash + 1 : config_file, begins, sizeof(begins) - 1) == 0;
}

int mongod_options_port(const struct mongod_options *o)
{
	if (o->port)
		return o->port;
	if (strcmp(o->cluster_role, "shardsvr") == 0)
		return 27018;
	return strcmp(o->cluster_role, "configsvr") == 0 ? 27019 : 27017;
}

unsigned mongod_options_differ(const struct mongod_options *a, const struct mongod_options *b,
			       struct buf *out)
{
	unsigned n = 0;
	for (size_t i = 0; i < ARRAY_N(option_table); i++) {
		const struct option_row *row = &option_table[i];
		const char *p = (const char *)a + row->offset, *q = (const char *)b + row->offset;
		bool is_text = row->size > sizeof(int64_t), seen = row->offset == 0;
		for (size_t k = 0; k < i; k++) /* several names for one field */
			seen = seen || option_table[k].offset == row->offset;
		if (seen || row->offset == offsetof(struct mongod_options, config_file))
			continue;
		if (row->type == OPTION_PORT ? mongod_options_port(a) == mongod_options_port(b)
		    : is_text                ? strcmp(p, q) == 0
					     : memcmp(p, q, row->size) == 0)
			continue;
		buf_addf(out, "%s%s", n ? ", " : "", row->yaml);
		n++;
	}
	return n;
}

static void map_path(char path[PATH_BYTES_MAX], const struct path_map *maps, unsigned maps_n)
{
	const struct path_map *best = NULL;
	size_t best_n = 0;
	char mapped[PATH_BYTES_MAX];
	for (unsigned i = 0; i < maps_n; i++) {
		size_t n = strlen(maps[i].from);
		while (n > 1 && maps[i].from[n - 1] == '/')
			n--;
		bool is_inside = strncmp(path, maps[i].from, n) == 0 &&
				 (path[n] == '/' || path[n] == 0 || maps[i].from[n - 1] == '/');
		if (n > best_n && is_inside) {
			best = &maps[i];
			best_n = n;
		}
	}
	if (!best || !path[0])
		return;
	size_t to_n = strlen(best->to);
	while (to_n > 0 && best->to[to_n - 1] == '/')
		to_n--;
	const char *rest = path + best_n;
	if (best_n > 0 && best->from[best_n - 1] == '/')
		rest--; /* from "/": its slash is the rest's */
	int n = snprintf(mapped, sizeof(mapped), "%.*s%s", (int)to_n, best->to, rest);
	cut_z(path, PATH_BYTES_MAX, n > 0 && n < (int)sizeof(mapped) ? mapped : "");
}

void mongod_options_map(struct mongod_options *o, const struct path_map *maps, unsigned maps_n)
{
	char(*const paths[])[PATH_BYTES_MAX] = {&o->key_file,
						&o->encryption_key_file,
						&o->certificate_key_file,
						&o->cluster_file,
						&o->ca_file,
						&o->cluster_ca_file,
						&o->crl_file,
						&o->db_path,
						&o->log_path,
						&o->pid_file};
	for (size_t i = 0; i < ARRAY_N(paths); i++)
		map_path(*paths[i], maps, maps_n);
}
