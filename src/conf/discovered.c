/* SPDX-License-Identifier: Apache-2.0 */
/* YAML and comments from a survey. What was found is a stranger's text: it is quoted, and no line
 * of it can leave its comment. */
#include "conf/discovered.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/mongod_options.h"

/* ---- texts ---- */

/* One line for people: what could end it becomes '?'. */
static void note(struct buf *out, const char *format, ...) PRINTF(2, 3);
static void note(struct buf *out, const char *format, ...)
{
	char text[2048];
	va_list ap;
	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap); /* people read it: cut */
	va_end(ap);
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	buf_addf(out, "%s\n", text);
}

static bool is_plain(const char *z)
{
	if (!(*z == '/' || (*z >= 'a' && *z <= 'z') || (*z >= 'A' && *z <= 'Z')))
		return false;
	for (; *z; z++)
		if (!((*z >= 'a' && *z <= 'z') || (*z >= 'A' && *z <= 'Z') ||
		      (*z >= '0' && *z <= '9') || strchr("/._-", *z)))
			return false;
	return true;
}

/* A YAML value: as it is where nobody could read it otherwise, else in double quotes. */
static void add_value(struct buf *out, const char *z)
{
	if (is_plain(z)) {
		buf_adds(out, z);
		return;
	}
	buf_addc(out, '"');
	for (; *z; z++) {
		unsigned char c = (unsigned char)*z;
		if (c < 0x20 || c == 0x7f)
			buf_addf(out, "\\x%02x", c);
		else if (c == '"' || c == '\\')
			buf_addf(out, "\\%c", c);
		else
			buf_addc(out, (char)c);
	}
	buf_addc(out, '"');
}

/* ---- what is said of a server ---- */

static const char *program(const struct survey_server *s)
{
	return s->options.is_mongos ? "mongos" : "mongod";
}

static int port_of(const struct survey_server *s)
{
	return mongod_options_port(&s->options);
}

bool discovered_is_whole(const struct survey_server *s)
{
	return !s->is_container;
}

static bool is_same_set(const struct survey_server *a, const struct survey_server *b)
{
	return a->options.is_mongos == b->options.is_mongos &&
	       strcmp(a->options.set_name, b->options.set_name) == 0;
}

const char *discovered_name(const struct survey *s, unsigned i, char *out, size_t out_n)
{
	const struct survey_server *me = &s->servers[i];
	char set[NAME_BYTES_MAX];
	bool is_alone = me->options.set_name[0] != 0, is_taken = false;
	cut_z(set, sizeof(set), me->options.set_name);
	/* As conf_is_name() has it. */
	for (char *c = set; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
		      (*c >= '0' && *c <= '9') || strchr("._-", *c)))
			*c = '-';
	if (set[0] == '.' || set[0] == '-')
		set[0] = 'x';
	for (unsigned k = 0; k < s->n; k++) {
		is_alone = is_alone && (k == i || !is_same_set(me, &s->servers[k]));
		is_taken = is_taken || (k < i && port_of(me) == port_of(&s->servers[k]) &&
					is_same_set(me, &s->servers[k]));
	}
	if (is_alone && !me->options.is_mongos)
		snprintf(out, out_n, "%.100s", set);
	else
		snprintf(out, out_n, "%.100s-%d",
			 set[0] && !me->options.is_mongos ? set : program(me), port_of(me));
	/* Two that stand there for one port cannot both run: units, mostly. */
	if (is_taken)
		snprintf(out + strlen(out), out_n - strlen(out), "-%u", i + 1);
	return out;
}

/* The first name or address that it listens on, where it does not on loopback. */
static bool foreign_address(const struct survey_server *s, char *out, size_t out_n)
{
	static const char *const loopback[] = {"127.0.0.1", "localhost", "0.0.0.0",
					       "*",         "::",        "::1"};
	struct str rest = str_of(s->options.bind_ip), one, first = {.n = 0};
	while (str_cut(&rest, ',', &one)) {
		one = str_trim(one);
		for (size_t i = 0; i < ARRAY_N(loopback); i++)
			if (str_equal_z(one, loopback[i]))
				return false;
		if (one.n && one.p[0] != '/' && !first.n)
			first = one;
	}
	if (!first.n)
		return false;
	bool is_v6 = memchr(first.p, ':', first.n) != NULL;
	snprintf(out, out_n, "%s%.*s%s:%d", is_v6 ? "[" : "", (int)MIN(first.n, (size_t)200),
		 first.p, is_v6 ? "]" : "", port_of(s));
	return true;
}

/* Does an earlier one stand for this configuration file already? */
static bool is_file_taken(const struct survey *s, unsigned i)
{
	for (unsigned k = 0; k < i; k++)
		if (discovered_is_whole(&s->servers[k]) && s->servers[i].config_file[0] &&
		    strcmp(s->servers[k].config_file, s->servers[i].config_file) == 0)
			return true;
	return false;
}

/* Can the path stand in a configuration? One with control characters cannot. */
static bool is_path_writable(const char *path)
{
	for (const char *c = path; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return false;
	return path[0] == '/';
}

static void notes_of_files(const struct survey_server *s, struct buf *out)
{
	const struct mongod_options *o = &s->options;
	if (s->config_file[0] && !s->is_config_read && !s->is_container)
		note(out, "Its configuration file could not be read by who ran this: as root?");
	if (o->unknown[0])
		note(out, "Given in a way that is not read here: %s.", o->unknown);
	if (s->config_marker[0])
		note(out,
		     "Its configuration file has the mark '%s': what writes it must keep what "
		     "rotad needs.",
		     s->config_marker);
	if (s->keyfile_marker[0])
		note(out,
		     "Its keyfile has the mark '%s': whoever writes it must stop, or  keyfile: "
		     "{writer: external}.",
		     s->keyfile_marker);
	if (!o->key_file[0] && (s->is_config_read || !s->config_file[0]))
		note(out, strcmp(o->cluster_auth_mode, "x509") == 0
			      ? "clusterAuthMode x509: no keyfile, certificates are all there is."
			      : "No security.keyFile: there is no key to rotate.");
	if (o->key_file[0] && strcmp(o->key_file, o->encryption_key_file) == 0)
		note(out,
		     "encryptionKeyFile is the keyfile too: no rotation before it is a file of "
		     "its own.");
	if (o->key_file[0] && (!o->tls_mode[0] || strcmp(o->tls_mode, "disabled") == 0))
		note(out, "No TLS: rotad rotates, but whoever reads the network reads along.");
}

void discovered_notes(const struct survey *s, unsigned i, struct buf *out)
{
	const struct survey_server *me = &s->servers[i];
	buf_clear(out);
	if (me->is_container)
		note(out,
		     "It runs in a container: its paths are not the host's. Name them (paths:), "
		     "and a way to restart it (job: or hook:), then take the '#' off.");
	if (me->is_automated)
		note(out,
		     "Ops Manager's or Cloud Manager's agent starts it and would put its files "
		     "back: rotate there. rotad only looks here, unless  iKnow: opsManager.");
	if (me->is_percona)
		note(out, "Percona Server for MongoDB.");
	if (me->pid && me->is_user_unit)
		note(out,
		     "Its unit %s is of a user's own systemd, which rotad does not reach: "
		     "restart: {hook: PROGRAM}.",
		     me->unit);
	else if (me->pid && !me->unit[0])
		note(out, "No systemd unit starts it: restart: {hook: PROGRAM}, else rotad never "
			  "restarts it.");
	if (me->pid && !me->is_listening && !me->is_container)
		note(out, "It was not seen to listen on port %d: as root? Is it still starting?",
		     port_of(me));
	if (is_file_taken(s, i))
		note(out,
		     "Its configuration file is that of an instance above: known by its address.");
	if (me->config_file[0] && !is_path_writable(me->config_file))
		note(out, "The name of its configuration file cannot be written here: known by its "
			  "address.");
	notes_of_files(me, out);
}

/* ---- the file ---- */

static void add_comments(struct buf *out, const char *indent, struct str text)
{
	struct str line;
	while (str_cut(&text, '\n', &line))
		if (line.n)
			buf_addf(out, "%s# %.*s\n", indent, (int)line.n, line.p);
}

static void add_instance(const struct survey *s, unsigned i, struct buf *out)
{
	const struct survey_server *me = &s->servers[i];
	const char *off = discovered_is_whole(me) ? "" : "# ";
	auto_buf struct buf notes = {.p = NULL};
	char name[NAME_BYTES_MAX], address[HOST_BYTES_MAX];
	bool is_file = is_path_writable(me->config_file) && !is_file_taken(s, i);
	if (me->pid)
		note(&notes, "%s, process %" PRId64 " of %s, port %d%s%s", program(me), me->pid,
		     me->user[0] ? me->user : "somebody", port_of(me),
		     me->options.set_name[0] ? ", set " : "", me->options.set_name);
	else
		note(&notes, "%s, does not run; its unit is %s", program(me), me->unit);
	add_comments(out, "  ", buf_str(&notes));
	discovered_notes(s, i, &notes);
	add_comments(out, "  ", buf_str(&notes));
	buf_addf(out, "  %s- name: ", off);
	add_value(out, discovered_name(s, i, name, sizeof(name)));
	buf_addc(out, '\n');
	if (is_file) {
		buf_addf(out, "  %s  configFile: ", off);
		add_value(out, me->config_file);
		buf_addc(out, '\n');
	}
	if (foreign_address(me, address, sizeof(address)) || !is_file) {
		if (!foreign_address(me, address, sizeof(address)))
			snprintf(address, sizeof(address), "localhost:%d", port_of(me));
		buf_addf(out, "  %s  address: ", off);
		add_value(out, address);
		buf_addc(out, '\n');
	}
	if (me->unit[0] && !me->is_user_unit) {
		buf_addf(out, "  %s  restart: {unit: ", off);
		add_value(out, me->unit);
		buf_adds(out, "}\n");
	}
}

unsigned discovered_users(const struct survey *s, const char *ret[INSTANCES_MAX])
{
	unsigned n = 0;
	for (unsigned i = 0; i < s->n; i++) {
		bool is_known = !s->servers[i].user[0] || s->servers[i].is_container;
		for (unsigned k = 0; k < n; k++)
			is_known |= strcmp(ret[k], s->servers[i].user) == 0;
		if (!is_known)
			ret[n++] = s->servers[i].user;
	}
	return n;
}

void discovered_of_user(const struct survey *s, const char *user, struct survey *ret)
{
	*ret = *s;
	ret->n = 0;
	for (unsigned i = 0; i < s->n; i++)
		if (!s->servers[i].user[0] || strcmp(s->servers[i].user, user) == 0)
			ret->servers[ret->n++] = s->servers[i];
}

static void add_what_next(const struct survey *s, const char *user, struct buf *out)
{
	const char *users[INSTANCES_MAX];
	if (user)
		note(out,
		     "For rotad@%s.service, the rotad of the mongods of %s. Then, with --config "
		     "and this file: rotactl config check; rotactl doctor; and systemctl enable "
		     "--now rotad@%s. All keys: rotad.yaml(5).",
		     user, user, user);
	else
		note(out, "Then: rotactl config check; rotactl doctor; systemctl enable --now "
			  "rotad. All keys: rotad.yaml(5).");
	const unsigned users_n = discovered_users(s, users);
	if (!user && users_n == 1 && strcmp(users[0], ROTAD_USER) != 0)
		note(out,
		     "rotad.service runs as " ROTAD_USER " and these as %s: rotactl adopt gives it "
		     "that user before it is started (by hand: systemctl edit rotad, User= and "
		     "Group=).",
		     users[0]);
	if (!user && users_n > 1)
		note(out,
		     "They run as different users (%s, %s): one rotad each, rotad@USER.service, "
		     "with its part of this file. rotactl discover --write makes them.",
		     users[0], users[1]);
}

void discovered_print(const struct survey *s, const char *user, struct buf *out)
{
	auto_buf struct buf notes = {.p = NULL};
	note(&notes,
	     "Found by rotactl discover. In mode observe rotad looks and tells, and changes "
	     "nothing.");
	add_what_next(s, user, &notes);
	if (s->neighbours[0])
		note(&notes,
		     "These look after MongoDB here too: %s. They may read the keyfile or the "
		     "certificates.",
		     s->neighbours);
	if (s->left_out_n)
		note(&notes, "%u more were found than one rotad looks after.", s->left_out_n);
	add_comments(out, "", buf_str(&notes));
	buf_adds(out, "mode: observe\ntimezone: ");
	add_value(out, s->timezone[0] ? s->timezone : "UTC");
	buf_addc(out, '\n');
	if (user)
		buf_addf(out,
			 "stateDirectory: /var/lib/rotad-%s\nsocket: /run/rotad-%s/rotad.sock\n",
			 user, user);
	buf_adds(out, "\ninstances:\n");
	for (unsigned i = 0; i < s->n; i++)
		add_instance(s, i, out);
	buf_adds(out, "\nkeyfile: {mode: observe}\ncertificates: {mode: observe}\n\n"
		      "# Whom to tell: without a target only this host's journal knows.\n"
		      "# alerts:\n#   - {name: ops, type: webhook, url: https://..., secret: "
		      "credential:webhook}\n");
}
