/* SPDX-License-Identifier: Apache-2.0 */
/* Talks to systemd's manager with sd-bus. When a unit may be restarted is not decided here. */
#include "sys/units_dbus.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sys/file_attrs.h"

#define SYSTEMD "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER SYSTEMD ".Manager"
#define UNIT SYSTEMD ".Unit"
#define SERVICE SYSTEMD ".Service"
enum { MESSAGES_MAX = 1024, ENDED_MAX = 64, TAKEN_WITHIN_S = 10 };

DEFINE_AUTO(sd_bus_message, sd_bus_message_unref);
#define auto_bus_error __attribute__((cleanup(sd_bus_error_free)))

/* A job that systemd said is over. */
struct ended {
	char path[128], result[24];
};

struct units {
	sd_bus *bus;         /* NULL: not connected */
	uint64_t generation; /* of the connection */
	size_t next;         /* the oldest of these is overwritten */
	struct ended ended[ENDED_MAX];
};

static const struct {
	const char *method, *word;
} verb_table[] = {
    [UNITS_RESTART] = {"RestartUnit", "restart"},
    [UNITS_START] = {"StartUnit", "start"},
};

static int64_t boot_us(void)
{
	struct timespec t = {.tv_sec = 0};
	(void)clock_gettime(CLOCK_BOOTTIME, &t); /* exists on every kernel that rotad runs on */
	return (int64_t)t.tv_sec * US_S + t.tv_nsec / 1000;
}

/* ---- errors ---- */

static const struct {
	const char *name;
	enum err_kind kind;
} error_table[] = {
    {SYSTEMD ".NoSuchUnit", ERR_NOT_FOUND},
    {SYSTEMD ".LoadFailed", ERR_NOT_FOUND},
    {SYSTEMD ".BadUnitSetting", ERR_REFUSED},
    /* Of polkit's own unit: one of ours that is masked is told before it is asked for. */
    {SYSTEMD ".UnitMasked", ERR_PERMISSION},
    {SYSTEMD ".OnlyByDependency", ERR_UNSUPPORTED},
    {SYSTEMD ".JobTypeNotApplicable", ERR_UNSUPPORTED},
    {SYSTEMD ".TransactionIsDestructive", ERR_CONFLICT},
    {SYSTEMD ".TransactionJobsConflicting", ERR_CONFLICT},
    {SYSTEMD ".ShuttingDown", ERR_REFUSED},
    {SD_BUS_ERROR_ACCESS_DENIED, ERR_PERMISSION},
    {SD_BUS_ERROR_AUTH_FAILED, ERR_PERMISSION},
    {SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, ERR_PERMISSION},
    {"org.freedesktop.PolicyKit1.Error.NotAuthorized", ERR_PERMISSION},
    {SD_BUS_ERROR_INVALID_ARGS, ERR_INVALID},
    {SD_BUS_ERROR_NO_REPLY, ERR_TIMEOUT},
    {SD_BUS_ERROR_TIMEOUT, ERR_TIMEOUT},
    {SD_BUS_ERROR_SERVICE_UNKNOWN, ERR_UNREACHABLE},
    {SD_BUS_ERROR_NAME_HAS_NO_OWNER, ERR_UNREACHABLE},
    {SD_BUS_ERROR_NO_SERVER, ERR_UNREACHABLE},
    {SD_BUS_ERROR_DISCONNECTED, ERR_UNREACHABLE},
    {SD_BUS_ERROR_NO_MEMORY, ERR_MEMORY},
    {SD_BUS_ERROR_LIMITS_EXCEEDED, ERR_LIMIT},
};

static enum err_kind kind_of(const sd_bus_error *e, int rc)
{
	for (size_t i = 0; i < ARRAY_N(error_table) && e->name; i++)
		if (strcmp(e->name, error_table[i].name) == 0)
			return error_table[i].kind;
	switch (-rc) {
	case ENOMEM:
		return ERR_MEMORY;
	case ETIMEDOUT:
		return ERR_TIMEOUT;
	case EINVAL:
		return ERR_INVALID;
	default:
		return e->name ? ERR_PROTOCOL : ERR_UNREACHABLE;
	}
}

static void disconnect(struct units *u)
{
	u->bus = sd_bus_close_unref(u->bus);
}

static bool fail(struct units *u, const sd_bus_error *e, int rc, const char *unit,
		 const char *doing, struct err *err)
{
	char me[64];
	enum err_kind kind = kind_of(e, rc);
	const char *words = e->message ? e->message : strerror(rc < 0 ? -rc : EIO);
	if (kind == ERR_UNREACHABLE)
		disconnect(u);
	if (kind == ERR_PERMISSION)
		(void)err_set(err, kind,
			      "systemd does not let %s %s %s: %s. A polkit rule for "
			      "org.freedesktop.systemd1.manage-units with this unit, this user and "
			      "the verbs start, restart and ref allows it (rotad ships one "
			      "as an example); or use restart: {job: UNIT} with a path unit that "
			      "starts UNIT (rotad-restart@.path), which needs no polkit",
			      user_name(geteuid(), me, sizeof(me)), doing, unit, words);
	else
		(void)err_set(err, kind, "%s %s: %s", doing, unit, words);
	err_subject(err, unit);
	return false;
}

/* ---- the connection ---- */

static int on_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *unused)
{
	struct units *u = userdata;
	uint32_t id;
	const char *path, *unit, *result;
	(void)unused;
	if (sd_bus_message_read(m, "uoss", &id, &path, &unit, &result) < 0)
		return 0; /* not a signal as systemd sends it: the units are asked in the end */
	struct ended *e = &u->ended[u->next++ % ENDED_MAX];
	if (!copy_z(e->path, sizeof(e->path), path) ||
	    !copy_z(e->result, sizeof(e->result), result))
		e->path[0] = 0;
	return 0;
}

static bool connect_bus(struct units *u, struct err *err)
{
	auto_bus_error sd_bus_error e = SD_BUS_ERROR_NULL;
	if (u->bus && sd_bus_is_open(u->bus) > 0)
		return true;
	disconnect(u);
	int rc = sd_bus_open_system(&u->bus);
	if (rc < 0) {
		u->bus = NULL;
		return err_set(err, ERR_UNREACHABLE, "no system bus: %s", strerror(-rc));
	}
	u->generation++;
	rc = sd_bus_set_method_call_timeout(u->bus, BUS_CALL_US);
	/* Before any job is begun, so that its end cannot be missed. */
	if (rc >= 0)
		rc = sd_bus_match_signal(u->bus, NULL, SYSTEMD, MANAGER_PATH, MANAGER, "JobRemoved",
					 on_job_removed, u);
	if (rc >= 0)
		rc = sd_bus_call_method(u->bus, SYSTEMD, MANAGER_PATH, MANAGER, "Subscribe", &e,
					NULL, "");
	if (rc >= 0)
		return true;
	(void)fail(u, &e, rc, "systemd", "subscribing to", err);
	disconnect(u);
	return false;
}

bool units_new(struct units **ret, struct err *err)
{
	struct units *u = calloc(1, sizeof(*u));
	if (!u)
		return err_set(err, ERR_MEMORY, "no memory to speak to systemd");
	*ret = u;
	return true;
}

void units_free(struct units *u)
{
	if (!u)
		return;
	disconnect(u);
	free(u);
}

int units_fd(const struct units *u)
{
	return u->bus ? sd_bus_get_fd(u->bus) : -1;
}

/* ---- looking ---- */

/* A unit's object, read property by property; the first fault stops the rest. */
struct reading {
	struct units *u;
	const char *path;
	sd_bus_error error;
	int rc;
};

static void read_text(struct reading *r, const char *interface, const char *name, char *out,
		      size_t out_n)
{
	char *text = NULL;
	if (r->rc < 0)
		return;
	r->rc = sd_bus_get_property_string(r->u->bus, SYSTEMD, r->path, interface, name, &r->error,
					   &text);
	if (r->rc >= 0 && !copy_z(out, out_n, text))
		out[0] = 0; /* a path longer than any of ours */
	free(text);
}

static void read_plain(struct reading *r, const char *interface, const char *name, char type,
		       void *out)
{
	if (r->rc >= 0)
		r->rc = sd_bus_get_property_trivial(r->u->bus, SYSTEMD, r->path, interface, name,
						    &r->error, type, out);
}

static bool read_flag(struct reading *r, const char *name)
{
	int flag = 0;
	read_plain(r, UNIT, name, 'b', &flag);
	return flag != 0;
}

static void read_job(struct reading *r, uint32_t *ret)
{
	AUTO(sd_bus_message) m = NULL;
	const char *path;
	if (r->rc >= 0)
		r->rc = sd_bus_get_property(r->u->bus, SYSTEMD, r->path, UNIT, "Job", &r->error, &m,
					    "(uo)");
	if (r->rc >= 0)
		r->rc = sd_bus_message_read(m, "(uo)", ret, &path);
}

static void read_invocation(struct reading *r, char *out, size_t out_n)
{
	AUTO(sd_bus_message) m = NULL;
	const void *bytes = NULL;
	size_t n = 0;
	out[0] = 0;
	if (r->rc >= 0)
		r->rc = sd_bus_get_property(r->u->bus, SYSTEMD, r->path, UNIT, "InvocationID",
					    &r->error, &m, "ay");
	if (r->rc >= 0)
		r->rc = sd_bus_message_read_array(m, 'y', &bytes, &n);
	if (r->rc < 0)
		return;
	for (size_t i = 0; i < n && 2 * i + 2 < out_n; i++)
		snprintf(out + 2 * i, 3, "%02x", ((const unsigned char *)bytes)[i]);
}

/* The first command, a(sasbttttuii): its program and its arguments. */
static void read_exec(struct reading *r, struct unit_view *v)
{
	AUTO(sd_bus_message) m = NULL;
	const char *program = "", *arg;
	v->exec_start[0] = 0;
	if (r->rc >= 0)
		r->rc = sd_bus_get_property(r->u->bus, SYSTEMD, r->path, SERVICE, "ExecStart",
					    &r->error, &m, "a(sasbttttuii)");
	if (r->rc < 0 || sd_bus_message_enter_container(m, 'a', "(sasbttttuii)") <= 0 ||
	    sd_bus_message_enter_container(m, 'r', "sasbttttuii") <= 0 ||
	    sd_bus_message_read_basic(m, 's', &program) <= 0 ||
	    !copy_z(v->exec_start, sizeof(v->exec_start), program) ||
	    sd_bus_message_enter_container(m, 'a', "s") <= 0)
		return; /* no command: a unit of another type */
	size_t n = 0;
	while (sd_bus_message_read_basic(m, 's', &arg) > 0) {
		if (!copy_z(v->exec_args + n, sizeof(v->exec_args) - n, arg))
			return;
		n += strlen(arg) + 1;
	}
	v->exec_args_n = n;
}

static void read_service(struct reading *r, struct unit_view *v)
{
	uint32_t pid = 0;
	int32_t code = 0, status = 0;
	read_text(r, SERVICE, "Result", v->result, sizeof(v->result));
	read_plain(r, SERVICE, "MainPID", 'u', &pid);
	read_plain(r, SERVICE, "ExecMainCode", 'i', &code);
	read_plain(r, SERVICE, "ExecMainStatus", 'i', &status);
	read_exec(r, v);
	v->main_pid = pid;
	if (code == CLD_EXITED)
		v->exit_code = status;
	else if (code == CLD_KILLED || code == CLD_DUMPED)
		v->exit_code = 128 + status;
}

bool units_look(struct units *u, const char *unit, struct unit_view *ret, struct err *err)
{
	auto_bus_error sd_bus_error e = SD_BUS_ERROR_NULL;
	AUTO(sd_bus_message) m = NULL;
	struct unit_view v = {.exit_code = -1};
	const char *path;
	if (!connect_bus(u, err))
		return false;
	int rc = sd_bus_call_method(u->bus, SYSTEMD, MANAGER_PATH, MANAGER, "LoadUnit", &e, &m, "s",
				    unit);
	if (rc >= 0)
		rc = sd_bus_message_read(m, "o", &path);
	if (rc < 0)
		return fail(u, &e, rc, unit, "look at", err);
	struct reading r = {.u = u, .path = path, .error = SD_BUS_ERROR_NULL};
	read_text(&r, UNIT, "LoadState", v.load_state, sizeof(v.load_state));
	read_text(&r, UNIT, "ActiveState", v.active, sizeof(v.active));
	read_text(&r, UNIT, "SubState", v.sub, sizeof(v.sub));
	read_text(&r, UNIT, "FragmentPath", v.fragment, sizeof(v.fragment));
	v.needs_daemon_reload = read_flag(&r, "NeedDaemonReload");
	v.can_start = read_flag(&r, "CanStart");
	v.can_stop = read_flag(&r, "CanStop");
	read_job(&r, &v.job_id);
	read_invocation(&r, v.invocation, sizeof(v.invocation));
	if (r.rc >= 0 && strstr(unit, ".service"))
		read_service(&r, &v);
	if (r.rc < 0) {
		(void)fail(u, &r.error, r.rc, unit, "look at", err);
		sd_bus_error_free(&r.error);
		return false;
	}
	v.is_loaded = strcmp(v.load_state, "loaded") == 0;
	*ret = v;
	return true;
}

/* ---- a file in place of a right ---- */

/* A path unit of somebody else's waits for a file that is none of ours to make. */
static bool is_ours(const char *file)
{
	return str_starts(str_of(file), STR("/run/rotad/")) ||
	       str_starts(str_of(file), STR("/run/rotad-"));
}

/* The first PathExists= of a path unit that waits: a(ss), kind and path. */
static void read_awaited(struct units *u, const char *path_unit, char *out, size_t out_n)
{
	AUTO(sd_bus_message) m = NULL;
	AUTO(sd_bus_message) paths = NULL;
	auto_bus_error sd_bus_error e = SD_BUS_ERROR_NULL;
	const char *object, *kind, *file;
	char active[24] = "";
	if (sd_bus_call_method(u->bus, SYSTEMD, MANAGER_PATH, MANAGER, "LoadUnit", &e, &m, "s",
			       path_unit) < 0 ||
	    sd_bus_message_read(m, "o", &object) < 0)
		return;
	struct reading r = {.u = u, .path = object, .error = SD_BUS_ERROR_NULL};
	read_text(&r, UNIT, "ActiveState", active, sizeof(active));
	if (r.rc >= 0)
		r.rc = sd_bus_get_property(u->bus, SYSTEMD, object, SYSTEMD ".Path", "Paths",
					   &r.error, &paths, "a(ss)");
	sd_bus_error_free(&r.error);
	if (r.rc < 0 || strcmp(active, "active") != 0 ||
	    sd_bus_message_enter_container(paths, 'a', "(ss)") <= 0)
		return;
	while (!out[0] && sd_bus_message_read(paths, "(ss)", &kind, &file) > 0)
		if (strcmp(kind, "PathExists") == 0 && is_ours(file) && !copy_z(out, out_n, file))
			out[0] = 0;
}

/* The file by whose appearance systemd starts unit; "" when no path unit waits for one. */
static void find_trigger(struct units *u, const char *unit, char *out, size_t out_n)
{
	AUTO(sd_bus_message) m = NULL;
	AUTO(sd_bus_message) by = NULL;
	auto_bus_error sd_bus_error e = SD_BUS_ERROR_NULL;
	const char *object, *name;
	out[0] = 0;
	if (sd_bus_call_method(u->bus, SYSTEMD, MANAGER_PATH, MANAGER, "LoadUnit", &e, &m, "s",
			       unit) < 0 ||
	    sd_bus_message_read(m, "o", &object) < 0 ||
	    sd_bus_get_property(u->bus, SYSTEMD, object, UNIT, "TriggeredBy", &e, &by, "as") < 0 ||
	    sd_bus_message_enter_container(by, 'a', "s") <= 0)
		return;
	while (!out[0] && sd_bus_message_read(by, "s", &name) > 0)
		if (strlen(name) > 5 && strcmp(name + strlen(name) - 5, ".path") == 0)
			read_awaited(u, name, out, out_n);
}

static bool may_make(const char *file, struct err *err)
{
	char folder[PATH_BYTES_MAX];
	const char *slash = strrchr(file, '/');
	if (!slash || !copy_str(folder, sizeof(folder), (struct str){file, (size_t)(slash - file)}))
		return err_set(err, ERR_INVALID, "'%.200s' is not a path", file);
	if (access(folder, W_OK | X_OK) == 0)
		return true;
	return err_set(err, ERR_PERMISSION,
		       "systemd waits for '%.200s', which cannot be made: %s. Its folder must be "
		       "there and be this user's",
		       file, strerror(errno));
}

/* Whoever takes the file away has begun: the unit itself, as the first it does. */
static bool make_trigger(struct units_job *job, struct err *err)
{
	auto_close int fd =
	    open(job->trigger, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	job->asked_us = boot_us();
	if (fd >= 0)
		return true;
	if (errno == EEXIST)
		return err_set(err, ERR_CONFLICT, "%s is asked for already", job->unit);
	return err_sys(err, errno, "making '%.200s'", job->trigger);
}

/* ---- jobs ---- */

static bool is_one_of(const char *word, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

static bool is_up(const struct unit_view *v)
{
	static const char *const up[] = {"active", "reloading", "activating"};
	return is_one_of(v->active, up, ARRAY_N(up)) && strcmp(v->sub, "auto-restart") != 0;
}

/* Is the unit fit for verb at all? */
static bool check_unit(const char *unit, const struct unit_view *v, enum units_verb verb,
		       struct err *err)
{
	err_subject(err, unit);
	if (!v->is_loaded)
		return err_set(
		    err, strcmp(v->load_state, "not-found") == 0 ? ERR_NOT_FOUND : ERR_REFUSED,
		    "unit %s is not loaded: %s", unit, v->load_state);
	if (!v->can_start || (verb == UNITS_RESTART && !v->can_stop))
		return err_set(err, ERR_REFUSED, "unit %s refuses to be %sed by hand", unit,
			       verb_table[verb].word);
	err_subject(err, "");
	return true;
}

bool units_begin(struct units *u, const char *unit, enum units_verb verb, struct units_job *job,
		 struct err *err)
{
	auto_bus_error sd_bus_error e = SD_BUS_ERROR_NULL;
	AUTO(sd_bus_message) m = NULL;
	struct unit_view v;
	const char *path = "";
	if (!units_look(u, unit, &v, err) || !check_unit(unit, &v, verb, err))
		return false;
	if (v.job_id)
		return err_set(err, ERR_CONFLICT,
			       "systemd has a job for %s already (%" PRIu32 "), not of ours", unit,
			       v.job_id);
	if (verb != UNITS_START && !is_up(&v))
		return err_set(err, ERR_REFUSED,
			       "%s is %s (%s): it was not rotad that stopped it, so it is not "
			       "rotad that starts it",
			       unit, v.active, v.sub);
	struct units_job fresh = {.state = UNITS_JOB_RUNNING, .verb = verb};
	memcpy(fresh.invocation, v.invocation, sizeof(fresh.invocation));
	if (!copy_z(fresh.unit, sizeof(fresh.unit), unit))
		return err_set(err, ERR_INVALID, "the name of the unit is too long");
	fresh.bus_generation = u->generation;
	if (verb == UNITS_START)
		find_trigger(u, unit, fresh.trigger, sizeof(fresh.trigger));
	if (fresh.trigger[0]) {
		if (!make_trigger(&fresh, err))
			return false;
		*job = fresh;
		return true;
	}
	/* "fail": a job that somebody queued in the meantime is not replaced. */
	int rc = sd_bus_call_method(u->bus, SYSTEMD, MANAGER_PATH, MANAGER, verb_table[verb].method,
				    &e, &m, "ss", unit, "fail");
	if (rc >= 0)
		rc = sd_bus_message_read(m, "o", &path);
	if (rc < 0) {
		(void)fail(u, &e, rc, unit, verb_table[verb].word, err);
		/* The request left and nothing came back: it may be done. */
		if (err->kind != ERR_TIMEOUT && err->kind != ERR_UNREACHABLE)
			return false;
		err->kind = ERR_AMBIGUOUS;
		*job = fresh;
		return false;
	}
	if (!copy_z(fresh.path, sizeof(fresh.path), path))
		fresh.path[0] = 0; /* then the unit is asked */
	*job = fresh;
	return true;
}

static void conclude(struct units_job *job, const char *result, const struct unit_view *v)
{
	/* systemd's "done" for a start means that the unit's own idea of started holds. */
	if (strcmp(result, "done") == 0) {
		job->state = UNITS_JOB_DONE;
		job->why[0] = 0;
		return;
	}
	job->state = UNITS_JOB_FAILED;
	if (v)
		snprintf(job->why, sizeof(job->why),
			 "systemd ended the %s of %.100s with '%s'; the unit is %s (%s), its "
			 "result '%s', "
			 "exit code %d",
			 verb_table[job->verb].word, job->unit, result, v->active, v->sub,
			 v->result, v->exit_code);
	else
		snprintf(job->why, sizeof(job->why), "systemd ended the %s of %.150s with '%s'",
			 verb_table[job->verb].word, job->unit, result);
}

void units_judge(struct units_job *job, const struct unit_view *v)
{
	if (v->job_id)
		return; /* its job, or the next one's: it is not at rest */
	/* Its properties are read one by one: its state may be from before the end of a job that
	 * is seen no more. */
	if (job->trigger[0] &&
	    (strcmp(v->active, "activating") == 0 || strcmp(v->active, "deactivating") == 0))
		return;
	if (strcmp(v->invocation, job->invocation) == 0)
		conclude(job, "not begun", v);
	else
		conclude(job, strcmp(v->active, "failed") == 0 ? "failed" : "done", v);
}

bool units_poll(struct units *u, struct units_job *job, struct err *err)
{
	struct unit_view v;
	struct err ignored = ERR_INIT;
	if (job->state != UNITS_JOB_RUNNING)
		return true;
	if (!connect_bus(u, err))
		return false;
	for (int i = 0; i < MESSAGES_MAX; i++) {
		int rc = sd_bus_process(u->bus, NULL);
		if (rc == 0)
			break;
		if (rc < 0) {
			disconnect(u);
			return err_set(err, ERR_UNREACHABLE, "the system bus was lost: %s",
				       strerror(-rc));
		}
	}
	for (size_t i = 0; i < ENDED_MAX && job->path[0]; i++)
		if (strcmp(u->ended[i].path, job->path) == 0 &&
		    job->bus_generation == u->generation) {
			bool failed = strcmp(u->ended[i].result, "done") != 0;
			bool is_known = failed && units_look(u, job->unit, &v, &ignored);
			conclude(job, u->ended[i].result, is_known ? &v : NULL);
			return true;
		}
	if (job->path[0] && job->bus_generation == u->generation)
		return true;
	if (job->trigger[0] && access(job->trigger, F_OK) == 0) {
		if (boot_us() - job->asked_us < TAKEN_WITHIN_S * US_S || unlink(job->trigger) != 0)
			return true;
		conclude(job, "not begun", NULL);
		return true;
	}
	if (!units_look(u, job->unit, &v, err))
		return false;
	units_judge(job, &v);
	return true;
}

bool units_may(struct units *u, const char *unit, enum units_verb verb, struct err *err)
{
	auto_bus_error sd_bus_error e = SD_BUS_ERROR_NULL;
	struct unit_view v;
	if (!units_look(u, unit, &v, err) || !check_unit(unit, &v, verb, err))
		return false;
	char trigger[PATH_BYTES_MAX] = "";
	if (verb == UNITS_START)
		find_trigger(u, unit, trigger, sizeof(trigger));
	if (trigger[0])
		return may_make(trigger, err);
	if (geteuid() == 0)
		return true;
	/* The same action of polkit as for a restart (manage-units, with the unit's name), and the
	 * only verb of it that changes nothing. */
	int rc = sd_bus_call_method(u->bus, SYSTEMD, MANAGER_PATH, MANAGER, "RefUnit", &e, NULL,
				    "s", unit);
	if (rc < 0)
		return fail(u, &e, rc, unit, verb_table[verb].word, err);
	rc = sd_bus_call_method(u->bus, SYSTEMD, MANAGER_PATH, MANAGER, "UnrefUnit", NULL, NULL,
				"s", unit);
	(void)rc; /* the reference goes with the connection anyway */
	return true;
}
