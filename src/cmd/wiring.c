/* SPDX-License-Identifier: Apache-2.0 */
/* Wiring: adapters to ports, seats on top. No behaviour of its own beyond choosing. */
#include "cmd/wiring.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "authority/authority_table.h"
#include "base/cleanup.h"
#include "round/round.h"
#include "model/event_table.h"
#include "sys/files_durable.h"
#include "sys/host_linux.h"
#include "sys/http_rpc.h"
#include "sys/lock.h"
#include "sys/mongod_rpc.h"
#include "sys/program_hook.h"
#include "sys/restarter_host.h"
#include "sys/store_file.h"
#include "sys/store_rpc.h"

/* The adapters of one seat: a helper each, so that one set's trouble does not hold up another's. */
struct wired_seat {
	struct seat seat;
	struct helper *mongo;
	bool mongo_told;
	struct store_rpc *store;
	struct store_port local;
	struct program_lane changed;
};

/* An authority of the configuration with its backend. */
struct wired_authority {
	struct authority authority;
	struct authority_port port; /* ops NULL: this host cannot use it */
	struct secret token;
};

/* All authorities of one configuration: built whole, then swapped in. */
struct authority_set {
	const struct config *config; /* borrowed by the backends */
	struct wired_authority rows[AUTHORITIES_MAX];
};

struct wiring {
	const struct config *config;
	struct files_port files;
	struct host_port host;
	struct restarter_port restarter_port;
	struct helper *net, *schedule_net;
	bool net_told, schedule_net_told; /* that it fails */
	struct http_port http;
	struct authority_set *authorities;
	struct state_lock lock;
	struct wiring_teller teller;
	const char *kill_at; /* NULL: not a crash test */
	bool is_looking;
	unsigned seats_n;
	struct wired_seat seats[INSTANCES_MAX];
};

static void tell(void *self, const struct event *e, bool is_mine)
{
	struct wiring *w = self;
	w->teller.tell(w->teller.self, e, is_mine);
}

static void store_aim(void *self, const struct mongod_target *targets, size_t targets_n,
		      const struct mongod_credential *credential)
{
	struct wired_seat *ws = self;
	struct store_rpc_config c = {
	    .targets = targets, .targets_n = (unsigned)targets_n, .credential = *credential};
	store_rpc_set(ws->store, &c);
}

static const struct authority_port *find_authority(void *self, const char *name)
{
	const struct wiring *w = self;
	if (!w->authorities) /* only looking */
		return NULL;
	const struct config *c = w->authorities->config;
	for (unsigned i = 0; i < c->authorities_n; i++)
		if (strcmp(c->authorities[i].name, name) == 0)
			return w->authorities->rows[i].port.ops ? &w->authorities->rows[i].port
								: NULL;
	return NULL;
}

static void authorities_free(struct authority_set *set)
{
	for (unsigned i = 0; set && i < AUTHORITIES_MAX; i++)
		secret_fini(&set->rows[i].token);
	free(set);
}

static bool authority_one(const struct wiring *w, const struct authority_policy *p,
			  struct wired_authority *a, struct err *err)
{
	/* The local authority's key is on its issuing hosts only. */
	if (strcmp(p->type, "local") == 0 && !p->private_key[0])
		return true;
	if (p->token.from != CREDENTIAL_NONE && !wiring_credential(&p->token, &a->token, err))
		return false;
	struct authority_parts parts = {
	    .http = w->http,
	    .program = {.ops = &program_hook_ops},
	    .files = w->files,
	    .host = w->host,
	    .token = a->token.p ? &a->token : NULL,
	};
	if (!authority_init(&a->authority, p, &parts, err))
		return false;
	a->port = authority_port_of(&a->authority);
	return true;
}

/* *ret is new and whole, or untouched: a configuration that cannot be taken leaves the authorities
 * in use as they are. */
static bool authorities_new(const struct wiring *w, const struct config *config,
			    struct authority_set **ret, struct err *err)
{
	struct authority_set *set = calloc(1, sizeof(*set));
	if (!set)
		return err_set(err, ERR_MEMORY, "no memory for the authorities");
	set->config = config;
	for (unsigned i = 0; i < config->authorities_n; i++)
		if (!authority_one(w, &config->authorities[i], &set->rows[i], err)) {
			authorities_free(set);
			return err_in(err, "authority \"%s\"", config->authorities[i].name);
		}
	*ret = set;
	return true;
}

bool wiring_credential(const struct credential_ref *ref, struct secret *ret, struct err *err)
{
	char path[PATH_BYTES_MAX];
	struct files_port files = files_durable();
	struct file_view view;
	const char *directory = getenv("CREDENTIALS_DIRECTORY");
	auto_secret struct secret text = {.p = NULL};
	size_t n;
	if (ref->from == CREDENTIAL_SYSTEMD) {
		if (!directory)
			return err_set(err, ERR_NOT_FOUND,
				       "credential '%.100s' is wanted and $CREDENTIALS_DIRECTORY "
				       "is not set (LoadCredential= in the unit)",
				       ref->name);
		snprintf(path, sizeof(path), "%s/%s", directory, ref->name);
	} else
		snprintf(path, sizeof(path), "%s", ref->name);
	if (!files.ops->read_secret(files.self, path, 16 * 1024, &text, &view, err))
		return err_in(err, "reading a credential");
	if (ref->from == CREDENTIAL_FILE && (view.mode & 077) != 0)
		return err_set(err, ERR_UNSAFE_FILE,
			       "'%.300s' is open to group or others (mode %04o); chmod 600", path,
			       view.mode);
	n = text.n;
	while (n > 0 && (text.p[n - 1] == '\n' || text.p[n - 1] == '\r'))
		n--;
	return secret_from(ret, text.p, n, err);
}

static bool credential(void *self, const struct credential_ref *ref, struct secret *ret,
		       struct err *err)
{
	(void)self;
	return wiring_credential(ref, ret, err);
}

/* ROTAD_TEST_KILL_AT="put-keyfile:before retire:after" ends this process as a power failure would
 * at the first of these boundaries that it comes to, and says at which: for crash tests. */
static void boundary(void *self, const char *act, bool is_before)
{
	const struct wiring *w = self;
	struct str rest = str_of(w->kill_at), word;
	char point[64];
	snprintf(point, sizeof(point), "%s:%s", act, is_before ? "before" : "after");
	while (str_cut(&rest, ' ', &word))
		if (str_equal_z(word, point)) {
			(void)dprintf(STDERR_FILENO, "rotad: killed at %s\n", point);
			(void)kill(getpid(), SIGKILL);
		}
}

/* ---- only looking: files that are read and never written ---- */

static bool drop_put(void *self, const struct file_put *p, struct err *err)
{
	(void)self, (void)p, (void)err;
	return true;
}
static bool drop_append(void *self, const char *path, struct str bytes, struct err *err)
{
	(void)self, (void)path, (void)bytes, (void)err;
	return true;
}
static bool drop_path(void *self, const char *path, struct err *err)
{
	(void)self, (void)path, (void)err;
	return true;
}

static struct files_ops looking_ops;

static struct files_port files_looking(void)
{
	struct files_port real = files_durable();
	looking_ops = *real.ops;
	looking_ops.put = drop_put;
	looking_ops.append = drop_append;
	looking_ops.remove = drop_path;
	looking_ops.forget_previous = drop_path;
	return (struct files_port){.ops = &looking_ops, .self = real.self};
}

static void tell_nobody(void *self, const struct event *e, bool is_mine)
{
	(void)self, (void)e, (void)is_mine;
}

static bool make_directory(const char *path, struct err *err)
{
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return err_sys(err, errno, "making '%s'", path);
	return true;
}

static bool wiring_one(struct wiring *w, const struct instance_policy *instance,
		       const char *libexec, struct err *err)
{
	struct wired_seat *ws = &w->seats[w->seats_n];
	char path[PATH_BYTES_MAX];
	struct round_ports ports = {
	    .host = w->host,
	    .files = w->files,
	    .restarter = w->restarter_port,
	    .store_aim = store_aim,
	    .store_self = ws,
	    .find_authority = find_authority,
	    .authorities = w,
	    .tell = tell,
	    .teller = w,
	    .boundary = w->kill_at ? boundary : NULL,
	    .boundary_self = w,
	    .credential = credential,
	    .changed = {.ops = &program_hook_later_ops, .self = &ws->changed},
	    .program = {.ops = &program_hook_ops},
	};
	snprintf(path, sizeof(path), "%s/%s", w->config->state_directory, instance->name);
	if (!w->is_looking && !make_directory(path, err))
		return false;
	snprintf(path, sizeof(path), "%s/rotad-mongo", libexec);
	if (!helper_new("rotad-mongo", path, &ws->mongo, err) ||
	    !mongod_rpc_new(ws->mongo, &ports.mongod, err) ||
	    !store_rpc_new(ws->mongo, &ws->store, &ports.set_store, err))
		return false;
	snprintf(path, sizeof(path), "%s/%s/ledger.json", w->config->state_directory,
		 instance->name);
	if (!store_file_new(path, &ws->local, err))
		return false;
	ports.local_store = ws->local;
	w->seats_n++;
	return seat_open(&ws->seat, w->config, instance, &ports, err);
}

static bool wire_seats(struct wiring *w, const char *libexec, struct err *err)
{
	for (unsigned i = 0; i < w->config->instances_n; i++)
		if (!wiring_one(w, &w->config->instances[i], libexec, err))
			return err_in(err, "starting instance '%s'", w->config->instances[i].name);
	return true;
}

/* Empty; end with wiring_free(). */
static struct wiring *wiring_begin(const struct config *config, const struct wiring_teller *teller,
				   struct files_port files)
{
	struct wiring *w = calloc(1, sizeof(*w));
	if (!w)
		return NULL;
	w->config = config;
	w->teller = *teller;
	w->files = files;
	w->host = host_linux();
	w->lock = STATE_LOCK_INIT;
	return w;
}

/* What a start comes to. */
static bool wiring_end(struct wiring *w, bool ok, struct wiring **ret)
{
	if (ok)
		*ret = w;
	else
		wiring_free(w);
	return ok;
}

bool wiring_new_looking(const struct config *config, const char *libexec, struct wiring **ret,
			struct err *err)
{
	const struct wiring_teller nobody = {.tell = tell_nobody};
	struct wiring *w = wiring_begin(config, &nobody, files_looking());
	if (!w)
		return err_set(err, ERR_MEMORY, "no memory to look");
	w->is_looking = true;
	return wiring_end(
	    w, restarter_host_new(&w->restarter_port, err) && wire_seats(w, libexec, err), ret);
}

bool wiring_new_alone(const struct config *config, const char *libexec,
		      const struct wiring_teller *teller, struct wiring **ret, struct err *err)
{
	struct wiring *w = wiring_begin(config, teller, files_durable());
	if (!w)
		return err_set(err, ERR_MEMORY, "no memory to start");
	return wiring_end(w,
			  state_lock_take(config->state_directory, &w->lock, err) &&
			      restarter_host_new(&w->restarter_port, err) &&
			      wire_seats(w, libexec, err),
			  ret);
}

bool wiring_new(const struct config *config, const char *libexec,
		const struct wiring_teller *teller, struct wiring **ret, struct err *err)
{
	struct wiring *w = wiring_begin(config, teller, files_durable());
	char path[PATH_BYTES_MAX];
	if (!w)
		return err_set(err, ERR_MEMORY, "no memory to start");
	w->kill_at = getenv("ROTAD_TEST_KILL_AT");
	snprintf(path, sizeof(path), "%s/rotad-net", libexec);
	bool ok = make_directory(config->state_directory, err) &&
		  state_lock_take(config->state_directory, &w->lock, err) &&
		  restarter_host_new(&w->restarter_port, err) &&
		  helper_new("rotad-net", path, &w->net, err) &&
		  helper_new("rotad-net", path, &w->schedule_net, err);
	w->http = (struct http_port){.ops = &http_rpc_ops, .self = w->net};
	return wiring_end(w,
			  ok && authorities_new(w, config, &w->authorities, err) &&
			      wire_seats(w, libexec, err),
			  ret);
}

/* One that ended once is replaced unseen. */
static void tell_helper(struct wiring *w, struct helper *h, bool *told, const char *subject,
			const char *without)
{
	enum { FAILURES_TOLD = 3 };
	const unsigned n = helper_failures(h);
	struct event e = event_of(EVENT_HELPER_FAILED, NULL, subject);
	if (*told ? n > 0 : n < FAILURES_TOLD)
		return;
	*told = !*told;
	e.is_resolved = !*told;
	e.at = w->host.ops->now(w->host.self);
	if (e.is_resolved)
		snprintf(e.headline, sizeof(e.headline), "Helper %s answers again.", subject);
	else
		snprintf(e.headline, sizeof(e.headline), "Helper %s failed %u times in a row.",
			 subject, n);
	snprintf(e.what, sizeof(e.what), "Without it rotad %s.", without);
	snprintf(e.now, sizeof(e.now), "All members run on as they are.");
	snprintf(e.we_did, sizeof(e.we_did), "Starts it anew, at the latest every 30 s.");
	snprintf(e.you, sizeof(e.you), "%s",
		 e.is_resolved ? "Nothing to do."
			       : "journalctl -u rotad; is the package whole, is there memory?");
	tell(w, &e, true);
}

void wiring_tell_helpers(struct wiring *w)
{
	char name[2 * NAME_BYTES_MAX];
	for (unsigned i = 0; i < w->seats_n; i++) {
		snprintf(name, sizeof(name), "rotad-mongo of %s", w->config->instances[i].name);
		tell_helper(w, w->seats[i].mongo, &w->seats[i].mongo_told, name,
			    "cannot ask mongod, and does nothing");
	}
	tell_helper(w, w->net, &w->net_told, "rotad-net", "cannot ask an authority");
	tell_helper(w, w->schedule_net, &w->schedule_net_told, "rotad-net of the schedule",
		    "cannot fetch the central schedule");
}

void wiring_free(struct wiring *w)
{
	if (!w)
		return;
	for (unsigned i = 0; i < w->seats_n; i++) {
		seat_close(&w->seats[i].seat);
		store_rpc_free(w->seats[i].store);
		store_file_free(w->seats[i].local.self);
		program_lane_fini(&w->seats[i].changed);
		helper_free(w->seats[i].mongo);
	}
	authorities_free(w->authorities);
	helper_free(w->net);
	helper_free(w->schedule_net);
	if (w->restarter_port.ops)
		restarter_host_free(w->restarter_port.self);
	state_lock_fini(&w->lock);
	free(w);
}

unsigned wiring_seats_n(const struct wiring *w)
{
	return w->seats_n;
}

struct seat *wiring_seat(struct wiring *w, unsigned i)
{
	ASSERT(i < w->seats_n);
	return &w->seats[i].seat;
}

struct seat *wiring_find_seat(struct wiring *w, const char *instance)
{
	if (!instance[0])
		return w->seats_n > 0 ? &w->seats[0].seat : NULL;
	for (unsigned i = 0; i < w->seats_n; i++)
		if (strcmp(w->seats[i].seat.instance->name, instance) == 0)
			return &w->seats[i].seat;
	return NULL;
}

struct http_later wiring_schedule_lane(struct wiring *w)
{
	return (struct http_later){.ops = &http_rpc_later_ops, .self = w->schedule_net};
}

bool wiring_reload(struct wiring *w, const struct config *config, struct err *err)
{
	if (config->instances_n != w->seats_n)
		return err_set(err, ERR_UNSUPPORTED,
			       "instances came or went: restart rotad to take them");
	for (unsigned i = 0; i < w->seats_n; i++)
		if (!config_find_instance(config, w->seats[i].seat.instance->name))
			return err_set(err, ERR_UNSUPPORTED, "instance '%s' is gone: restart rotad",
				       w->seats[i].seat.instance->name);
	struct authority_set *next = NULL;
	if (!authorities_new(w, config, &next, err))
		return false;
	authorities_free(w->authorities);
	w->authorities = next;
	for (unsigned i = 0; i < w->seats_n; i++)
		seat_reload(&w->seats[i].seat, config,
			    config_find_instance(config, w->seats[i].seat.instance->name));
	w->config = config;
	return true;
}
