/* SPDX-License-Identifier: Apache-2.0 */
/* rotactl user: the commands that make a database user, printed and never run: for a client
 * certificate, and for rotad itself with the few privileges it needs. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cmd/ctl_cert.h"
#include "cmd/ctl_table.h"
#include "codec/x509_view.h"

enum { ROLES_MAX = 16 };
#define ROLE_NAME "rotad"
#define PROMPT "passwordPrompt()" /* of mongosh: the password is typed, never shown */

/* What rotad asks of a member; each with its reason. */
static const char *const cluster_actions[] = {
    "rotateCertificates", /* new certificates without a restart */
    "replSetStateChange", /* step-down before a primary's turn; freeze of the others */
    "replSetGetStatus",   /* the gates */
    "replSetGetConfig",   /* members and their names */
    "serverStatus",       /* what certificate is in memory */
    "getCmdLineOpts",     /* which files the process uses */
    "getParameter",       /* clusterAuthMode and the like */
    "setParameter",       /* drain time, clusterAuthMode's steps */
    "inprog",             /* backups and index builds */
    "getLog",             /* why a reload failed */
};

/* Its own records, and where a sharded cluster lists its members. */
static const struct {
	const char *db, *collection, *actions[5];
} collections[] = {
    {"admin", "rotad.ledger", {"find", "insert", "update", "remove", "createCollection"}},
    {"admin", "system.version", {"find"}}, /* is it a shard? */
    {"config", "version", {"find"}},
    {"config", "mongos", {"find"}},
    {"config", "shards", {"find"}},
};

struct user_args {
	const char *pem_path, *member_path, *name;
	bool is_for_rotad;
	unsigned roles_n;
	char roles[ROLES_MAX][NAME_BYTES_MAX], dbs[ROLES_MAX][NAME_BYTES_MAX];
	bool has_view;
	struct cert_view view, member;
};

static json_t *role_json(const char *role, const char *db)
{
	json_t *j = json_object();
	(void)json_object_set_new(j, "role", json_string(role));
	(void)json_object_set_new(j, "db", json_string(db));
	return j;
}

static json_t *privilege_json(json_t *resource, const char *const *actions, size_t actions_n)
{
	json_t *j = json_object(), *list = json_array();
	for (size_t i = 0; i < actions_n && actions[i]; i++)
		(void)json_array_append_new(list, json_string(actions[i]));
	(void)json_object_set_new(j, "resource", resource);
	(void)json_object_set_new(j, "actions", list);
	return j;
}

static json_t *create_role(void)
{
	json_t *command = json_object(), *privileges = json_array(), *resource = json_object();
	(void)json_object_set_new(resource, "cluster", json_true());
	(void)json_array_append_new(
	    privileges, privilege_json(resource, cluster_actions, ARRAY_N(cluster_actions)));
	for (size_t i = 0; i < ARRAY_N(collections); i++) {
		resource = json_object();
		(void)json_object_set_new(resource, "db", json_string(collections[i].db));
		(void)json_object_set_new(resource, "collection",
					  json_string(collections[i].collection));
		(void)json_array_append_new(privileges,
					    privilege_json(resource, collections[i].actions,
							   ARRAY_N(collections[i].actions)));
	}
	(void)json_object_set_new(command, "createRole", json_string(ROLE_NAME));
	(void)json_object_set_new(command, "privileges", privileges);
	(void)json_object_set_new(command, "roles", json_array());
	return command;
}

static json_t *create_user(const struct ctl *ctl, const struct user_args *a)
{
	json_t *command = json_object(), *roles = json_array();
	for (unsigned i = 0; i < a->roles_n; i++)
		(void)json_array_append_new(roles, role_json(a->roles[i], a->dbs[i]));
	(void)json_object_set_new(command, "createUser",
				  json_string(a->has_view ? a->view.subject : a->name));
	if (!a->has_view && !ctl->json)
		(void)json_object_set_new(command, "pwd", json_string(PROMPT));
	(void)json_object_set_new(command, "roles", roles);
	if (!a->has_view) {
		json_t *mechanisms = json_array();
		(void)json_array_append_new(mechanisms, json_string("SCRAM-SHA-256"));
		(void)json_object_set_new(command, "mechanisms", mechanisms);
	}
	return command;
}

/* One command: in JSON into "commands", else a line that mongosh runs. Takes command. */
static void tell_command(struct ctl *ctl, const char *db, json_t *command)
{
	static const char quoted[] = "\"" PROMPT "\"";
	if (ctl->json) {
		json_t *all = json_object_get(ctl->doc, "commands");
		if (!all) {
			all = json_array();
			(void)json_object_set_new(ctl->doc, "commands", all);
		}
		json_t *one = json_object();
		(void)json_object_set_new(one, "db", json_string(db));
		(void)json_object_set_new(one, "command", command);
		(void)json_array_append_new(all, one);
		return;
	}
	auto_free char *text = json_dumps(command, JSON_INDENT(2));
	json_decref(command);
	if (!text)
		return;
	char *prompt = strstr(text, quoted);
	if (prompt) /* it is the only value that is code */
		ctl_say(ctl, "db.getSiblingDB(\"%s\").runCommand(%.*s%s%s)", db,
			(int)(prompt - text), text, PROMPT, prompt + sizeof(quoted) - 1);
	else
		ctl_say(ctl, "db.getSiblingDB(\"%s\").runCommand(%s)", db, text);
}

/* Notes are comments, so that the output can be piped into mongosh as it is. */
static void note(struct ctl *ctl, enum ctl_weight weight, const char *name, const char *what,
		 const char *you)
{
	if (ctl->json)
		ctl_finding(ctl, &(struct ctl_finding){
				     .weight = weight, .name = name, .what = what, .you = you});
	else
		ctl_say(ctl, "// %s%s%s%s", weight == CTL_NOTE ? "" : "WARNING: ", what,
			you[0] ? ": " : ".", you);
}

static bool add_role(struct user_args *a, struct str text, struct err *err)
{
	struct str role, db;
	struct str rest = text;
	if (!str_cut(&rest, '@', &role) || !rest.p || !role.n || !rest.n)
		return err_set(err, ERR_INVALID, "--role takes ROLE@DATABASE");
	db = rest;
	if (a->roles_n == ROLES_MAX)
		return err_set(err, ERR_LIMIT, "more than %d roles", ROLES_MAX);
	if (!copy_str(a->roles[a->roles_n], NAME_BYTES_MAX, role) ||
	    !copy_str(a->dbs[a->roles_n], NAME_BYTES_MAX, db))
		return err_set(err, ERR_LIMIT, "a role's name is too long");
	a->roles_n++;
	return true;
}

static bool user_option(struct user_args *a, int c, struct err *err)
{
	if (c == 'r')
		return add_role(a, str_of(optarg), err);
	if (c == 'm')
		a->member_path = optarg;
	else if (c == 'n')
		a->name = optarg;
	else if (strcmp(optarg, "rotad") == 0)
		a->is_for_rotad = true;
	else
		return err_set(err, ERR_INVALID, "--for takes rotad, not '%s'", optarg);
	return true;
}

static bool read_view(const char *path, struct cert_view *ret, struct err *err)
{
	auto_secret struct secret pem = {0};
	return ctl_cert_read(path, &pem, err) && x509_view_pem(ctl_cert_str(&pem), NULL, ret, err);
}

/* False: mongod would refuse the user. */
static bool judge_subject(struct ctl *ctl, const struct user_args *a)
{
	auto_buf struct buf text = {0};
	const struct cert_view *v = &a->view;
	if (v->has_eku && !v->eku_client)
		note(ctl, CTL_WARN, "no-client-usage",
		     "this certificate may not be used by a client", "ask for EKU clientAuth");
	if (!v->subject[0]) {
		note(ctl, CTL_REFUSE, "no-subject", "this certificate has no subject to log in by",
		     "ask the CA for one");
		return false;
	}
	if (!v->membership[0])
		return true;
	if (!a->member_path) {
		buf_addf(&text,
			 "a certificate with O, OU and DC \"%s\" is taken for a member where the "
			 "members' have exactly these, and mongod refuses the user",
			 v->membership);
		note(ctl, CTL_NOTE, "member-not-compared", buf_z(&text),
		     "compare with --member PEM");
		return true;
	}
	if (strcmp(v->membership, a->member.membership) != 0)
		return true;
	buf_addf(
	    &text,
	    "O, OU and DC are the members' own (\"%s\"): mongod refuses this user, and whoever "
	    "holds the certificate is a member with all rights",
	    v->membership);
	note(ctl, CTL_REFUSE, "looks-like-a-member", buf_z(&text),
	     "ask for a certificate with another O or OU");
	return false;
}

static enum ctl_exit user_tell(struct ctl *ctl, struct user_args *a)
{
	struct err err = ERR_INIT;
	if (a->is_for_rotad && !add_role(a, STR(ROLE_NAME "@admin"), &err))
		return ctl_usage(ctl, "%s", err.text);
	bool ok = !a->has_view || judge_subject(ctl, a);
	if (!ok)
		return CTL_FAILED;
	if (a->is_for_rotad)
		tell_command(ctl, "admin", create_role());
	if (!a->roles_n)
		note(ctl, CTL_NOTE, "no-role", "a user without roles may log in and do nothing",
		     "give --role ROLE@DATABASE");
	tell_command(ctl, a->has_view ? "$external" : "admin", create_user(ctl, a));
	if (!a->has_view)
		note(ctl, CTL_NOTE, "password",
		     ctl->json ? "the command needs a field pwd before it is run"
			       : "mongosh asks for the password",
		     "a long random one, then named in rotad's configuration");
	return CTL_GOOD;
}

enum ctl_exit ctl_user(struct ctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = {{"role", required_argument, NULL, 'r'},
					      {"member", required_argument, NULL, 'm'},
					      {"name", required_argument, NULL, 'n'},
					      {"for", required_argument, NULL, 'f'},
					      {NULL, 0, NULL, 0}};
	struct user_args a = {.name = "rotad"};
	struct err err = ERR_INIT;
	int c;
	while ((c = ctl_option(ctl, argc, argv, "", longs)) != -1) {
		if (c == '?')
			return CTL_USAGE;
		if (!user_option(&a, c, &err))
			return ctl_usage(ctl, "%s", err.text);
	}
	if (argc - optind > 1 || (argc == optind && !a.is_for_rotad))
		return ctl_usage(ctl, "one certificate is needed, or --for rotad");
	a.pem_path = argc > optind ? argv[optind] : NULL;
	a.has_view = a.pem_path;
	if ((a.pem_path && !read_view(a.pem_path, &a.view, &err)) ||
	    (a.member_path && !read_view(a.member_path, &a.member, &err)))
		return ctl_error(ctl, &err);
	return user_tell(ctl, &a);
}
