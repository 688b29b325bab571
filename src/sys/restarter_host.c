/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps the jobs of the instances and hands each to the way its instance is restarted. Whether the
 * instance is well afterwards is verified elsewhere. */
#include "sys/restarter_host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "sys/hooks.h"
#include "sys/proc.h"
#include "sys/units_dbus.h"

/* The last job of one instance. */
struct job {
	char instance[NAME_BYTES_MAX]; /* "": free */
	enum restart_how how;
	int64_t begun_us, deadline_us; /* CLOCK_BOOTTIME */
	struct hook *hook;             /* RESTART_HOOK */
	struct units_job unit;         /* RESTART_UNIT, RESTART_JOB */
	struct job_view last;
};

struct restarter {
	int epoll, bus_fd; /* bus_fd: the one in epoll, -1 none */
	struct units *units;
	struct job jobs[INSTANCES_MAX];
};

static int64_t boot_us(void)
{
	struct timespec t = {.tv_sec = 0};
	(void)clock_gettime(CLOCK_BOOTTIME, &t); /* exists on every kernel that rotad runs on */
	return (int64_t)t.tv_sec * US_S + t.tv_nsec / 1000;
}

static const char *const verb_words[] = {
    [VERB_RESTART] = "restart",
    [VERB_START] = "start",
    [VERB_RELOAD] = "reload",
    [VERB_CHANGED] = "changed",
};

static void watch(struct restarter *r, int fd)
{
	struct epoll_event e = {.events = EPOLLIN, .data = {.fd = fd}};
	if (fd >= 0 && epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &e) != 0 && errno == EEXIST)
		(void)epoll_ctl(r->epoll, EPOLL_CTL_MOD, fd, &e); /* a number used again */
}

static void watch_bus(struct restarter *r)
{
	int fd = units_fd(r->units);
	if (fd != r->bus_fd)
		watch(r, fd);
	r->bus_fd = fd;
}

static struct job *job_find(struct restarter *r, const char *instance)
{
	for (size_t i = 0; i < INSTANCES_MAX; i++)
		if (r->jobs[i].instance[0] && strcmp(r->jobs[i].instance, instance) == 0)
			return &r->jobs[i];
	return NULL;
}

/* ---- one row for each way ---- */

struct way {
	const char *word;
	bool (*begin)(struct restarter *r, const struct restart_target *t, enum restart_verb verb,
		      struct job *job, struct err *err);
	bool (*poll)(struct restarter *r, struct job *job, struct err *err); /* fills job->last */
	bool (*can)(struct restarter *r, const struct restart_target *t, struct err *err);
};

static bool unsupported(const struct restart_target *t, const char *word, enum restart_verb verb,
			struct err *err)
{
	return err_set(err, ERR_UNSUPPORTED, "instance %s has no way to %s (restart: %s)",
		       t->instance, verb_words[verb], word);
}

static bool none_begin(struct restarter *r, const struct restart_target *t, enum restart_verb verb,
		       struct job *job, struct err *err)
{
	(void)r;
	(void)job;
	return unsupported(t, "none", verb, err);
}

static bool none_poll(struct restarter *r, struct job *job, struct err *err)
{
	(void)r;
	(void)err;
	job->last.state = JOB_NONE;
	return true;
}

static bool none_can(struct restarter *r, const struct restart_target *t, struct err *err)
{
	(void)r;
	return unsupported(t, "none", VERB_RESTART, err);
}

/* A job unit knows one thing only: to restart (docker restart and the like), which also starts.
 * Certificates are loaded by the server's own command or by a hook, never by systemd's reload. */
static bool units_verb_of(enum restart_how how, enum restart_verb verb, enum units_verb *ret)
{
	*ret = how == RESTART_UNIT && verb == VERB_RESTART ? UNITS_RESTART : UNITS_START;
	return verb == VERB_RESTART || verb == VERB_START;
}

static bool units_way_begin(struct restarter *r, const struct restart_target *t,
			    enum restart_verb verb, struct job *job, struct err *err)
{
	enum units_verb v;
	if (!units_verb_of(t->how, verb, &v))
		return unsupported(t, t->how == RESTART_UNIT ? "unit" : "job", verb, err);
	bool ok = units_begin(r->units, t->name, v, &job->unit, err);
	watch_bus(r);
	/* Nobody knows whether it was begun: then it counts as begun, and is looked at. */
	if (!ok && err->kind == ERR_AMBIGUOUS) {
		err_clear(err);
		return true;
	}
	return ok;
}

static bool units_way_poll(struct restarter *r, struct job *job, struct err *err)
{
	bool ok = units_poll(r->units, &job->unit, err);
	int64_t now = boot_us();
	watch_bus(r);
	/* A bus that is away for a while is no news about the job. */
	if (!ok)
		err_clear(err);
	struct job_view *v = &job->last;
	if (job->unit.state == UNITS_JOB_RUNNING) {
		v->took_us = now - job->begun_us;
		v->state = now >= job->deadline_us ? JOB_OVERDUE : JOB_RUNNING;
		if (v->state == JOB_OVERDUE)
			snprintf(v->why, sizeof(v->why),
				 "systemd's job on %.150s is not over; it is left to go on",
				 job->unit.unit);
		return true;
	}
	v->state = job->unit.state == UNITS_JOB_DONE ? JOB_DONE : JOB_FAILED;
	v->exit_code = v->state == JOB_DONE ? 0 : -1;
	memcpy(v->why, job->unit.why, sizeof(v->why));
	return true;
}

static bool units_way_can(struct restarter *r, const struct restart_target *t, struct err *err)
{
	bool ok =
	    units_may(r->units, t->name, t->how == RESTART_UNIT ? UNITS_RESTART : UNITS_START, err);
	watch_bus(r);
	return ok;
}

static bool hook_way_begin(struct restarter *r, const struct restart_target *t,
			   enum restart_verb verb, struct job *job, struct err *err)
{
	char instance[NAME_BYTES_MAX + 32], conf[PATH_BYTES_MAX + 32], db[PATH_BYTES_MAX + 32];
	char port[48], word[32];
	struct hook_run run = {
	    .path = t->name,
	    .args_n = 2,
	    .args = {verb_words[verb], t->instance},
	    .timeout_us = t->timeout_us,
	};
	snprintf(instance, sizeof(instance), "ROTAD_INSTANCE=%s", t->instance);
	snprintf(word, sizeof(word), "ROTAD_VERB=%s", verb_words[verb]);
	snprintf(conf, sizeof(conf), "ROTAD_CONFIG_FILE=%s", t->config_file ? t->config_file : "");
	snprintf(db, sizeof(db), "ROTAD_DB_PATH=%s", t->db_path ? t->db_path : "");
	snprintf(port, sizeof(port), "ROTAD_PORT=%d", t->port);
	run.env[run.env_n++] = instance;
	run.env[run.env_n++] = word;
	if (t->config_file)
		run.env[run.env_n++] = conf;
	if (t->db_path)
		run.env[run.env_n++] = db;
	if (t->port)
		run.env[run.env_n++] = port;
	if (!hook_begin(&run, &job->hook, err))
		return false;
	watch(r, hook_fd(job->hook));
	return true;
}

static bool hook_way_poll(struct restarter *r, struct job *job, struct err *err)
{
	struct hook_view h;
	struct job_view *v = &job->last;
	char span[40];
	(void)r;
	(void)err;
	hook_poll(job->hook, &h);
	v->took_us = h.took_us;
	v->exit_code = h.exit_code;
	hook_output(job->hook, v->output, sizeof(v->output));
	switch (h.state) {
	case HOOK_RUNNING:
		v->state = JOB_RUNNING;
		break;
	case HOOK_OVERDUE:
		v->state = JOB_OVERDUE;
		v->is_gone = h.is_gone;
		snprintf(v->why, sizeof(v->why), "the hook did not end within %s%s",
			 span_print(job->deadline_us - job->begun_us, span, sizeof(span)),
			 h.is_gone ? " and was ended; what it left behind may still act" : "");
		break;
	case HOOK_ENDED:
		v->state = h.exit_code == 0 ? JOB_DONE : JOB_FAILED;
		if (h.was_signalled)
			snprintf(v->why, sizeof(v->why), "the hook was ended by signal %d",
				 h.exit_code - 128);
		else if (h.exit_code != 0)
			snprintf(v->why, sizeof(v->why), "the hook ended with exit code %d",
				 h.exit_code);
		break;
	}
	return true;
}

static bool hook_way_can(struct restarter *r, const struct restart_target *t, struct err *err)
{
	(void)r;
	return hook_check(t->name, err);
}

static const struct way ways[] = {
    [RESTART_NONE] = {"none", none_begin, none_poll, none_can},
    [RESTART_UNIT] = {"unit", units_way_begin, units_way_poll, units_way_can},
    [RESTART_JOB] = {"job", units_way_begin, units_way_poll, units_way_can},
    [RESTART_HOOK] = {"hook", hook_way_begin, hook_way_poll, hook_way_can},
};

/* ---- the operations ---- */

/* Is this job over, so that another may begin? An overdue one is while it can still be seen. */
static bool is_busy(const struct job *j)
{
	if (j->how == RESTART_HOOK) {
		struct hook_view h;
		if (!j->hook)
			return false;
		hook_poll(j->hook, &h);
		return !h.is_gone;
	}
	return j->unit.state == UNITS_JOB_RUNNING;
}

static void job_clear(struct job *j)
{
	hook_free(j->hook);
	*j = (struct job){.instance = ""};
}

static bool op_begin(void *self, const struct restart_target *t, enum restart_verb verb,
		     struct err *err)
{
	struct restarter *r = self;
	struct job fresh = {.how = t->how};
	struct err ignored = ERR_INIT;
	ASSERT((size_t)t->how < ARRAY_N(ways));
	ASSERT((size_t)verb < ARRAY_N(verb_words));
	struct job *j = job_find(r, t->instance);
	if (j)
		(void)ways[j->how].poll(r, j, &ignored);
	if (j && is_busy(j))
		return err_set(err, ERR_CONFLICT, "a job for %s is running already", t->instance);
	for (size_t i = 0; !j && i < INSTANCES_MAX; i++)
		if (!r->jobs[i].instance[0])
			j = &r->jobs[i];
	if (!j)
		return err_set(err, ERR_LIMIT, "more than %d instances have jobs", INSTANCES_MAX);
	if (!copy_z(fresh.instance, sizeof(fresh.instance), t->instance) || !fresh.instance[0])
		return err_set(err, ERR_INVALID, "not the name of an instance");
	fresh.begun_us = boot_us();
	fresh.deadline_us = fresh.begun_us + t->timeout_us;
	fresh.last = (struct job_view){.state = JOB_RUNNING, .exit_code = -1};
	if (!ways[t->how].begin(r, t, verb, &fresh, err))
		return err_in(err, "%s of %s by %s", verb_words[verb], t->instance,
			      ways[t->how].word);
	job_clear(j);
	*j = fresh;
	return true;
}

/* No job of ours: after our own crash systemd may still be busy with one. */
static bool poll_unknown(struct restarter *r, const struct restart_target *t, struct job_view *ret)
{
	struct unit_view v;
	struct err ignored = ERR_INIT;
	*ret = (struct job_view){.state = JOB_NONE, .exit_code = -1};
	if ((t->how == RESTART_UNIT || t->how == RESTART_JOB) &&
	    units_look(r->units, t->name, &v, &ignored) && v.job_id) {
		ret->state = JOB_RUNNING;
		snprintf(ret->why, sizeof(ret->why),
			 "systemd is busy with a job on %.150s that this process did not begin",
			 t->name);
	}
	watch_bus(r);
	return true;
}

static bool op_poll(void *self, const struct restart_target *t, struct job_view *ret,
		    struct err *err)
{
	struct restarter *r = self;
	struct job *j = job_find(r, t->instance);
	if (!j)
		return poll_unknown(r, t, ret);
	bool is_over = j->last.state == JOB_DONE || j->last.state == JOB_FAILED;
	if (!is_over && !ways[j->how].poll(r, j, err))
		return err_in(err, "looking at the job of %s", t->instance);
	*ret = j->last;
	return true;
}

static enum process_state state_of(const struct unit_view *v, enum process_state seen)
{
	if (strcmp(v->active, "deactivating") == 0)
		return seen == PROCESS_NONE ? PROCESS_NONE : PROCESS_STOPPING;
	if (strcmp(v->active, "activating") == 0 && seen == PROCESS_RUNNING)
		return PROCESS_STARTING;
	return seen;
}

static bool op_process(void *self, const struct restart_target *t, struct process_view *ret,
		       struct err *err)
{
	struct restarter *r = self;
	struct process_view p = {.exit_code = -1};
	struct unit_view v = {.exit_code = -1};
	int logged_code;
	if (t->how == RESTART_UNIT) {
		bool ok = units_look(r->units, t->name, &v, err);
		watch_bus(r);
		if (!ok)
			return err_in(err, "looking at %s", t->instance);
	}
	int64_t pid = proc_find(t, v.main_pid);
	/* A main process under another name: systemd knows better than a name does. */
	proc_view(pid > 0 ? pid : v.main_pid, &p);
	if (pid == PROC_UNCLEAR && p.state == PROCESS_NONE)
		p.state = PROCESS_UNKNOWN;
	if (t->how == RESTART_UNIT)
		p.state = state_of(&v, p.state);
	p.needs_daemon_reload = v.needs_daemon_reload;
	proc_last_error(t->log_path, p.last_fatal, sizeof(p.last_fatal), &logged_code);
	if (p.state == PROCESS_NONE)
		p.exit_code = v.exit_code >= 0 ? v.exit_code : logged_code;
	*ret = p;
	return true;
}

static bool op_can(void *self, const struct restart_target *t, struct err *err)
{
	ASSERT((size_t)t->how < ARRAY_N(ways));
	return ways[t->how].can(self, t, err) ||
	       err_in(err, "whether %s may be restarted", t->instance);
}

static const struct restarter_ops restarter_host_ops = {
    .begin = op_begin,
    .poll = op_poll,
    .process = op_process,
    .can = op_can,
};

bool restarter_host_new(struct restarter_port *ret, struct err *err)
{
	struct restarter *r = calloc(1, sizeof(*r));
	if (!r)
		return err_set(err, ERR_MEMORY, "no memory to restart instances");
	r->bus_fd = -1;
	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (r->epoll < 0) {
		(void)err_sys(err, errno, "preparing to wait for jobs");
		free(r);
		return false;
	}
	if (!units_new(&r->units, err)) {
		(void)close(r->epoll);
		free(r);
		return false;
	}
	*ret = (struct restarter_port){.ops = &restarter_host_ops, .self = r};
	return true;
}

int restarter_host_fd(const void *self)
{
	return ((const struct restarter *)self)->epoll;
}

void restarter_host_free(void *self)
{
	struct restarter *r = self;
	if (!r)
		return;
	for (size_t i = 0; i < INSTANCES_MAX; i++)
		job_clear(&r->jobs[i]);
	units_free(r->units);
	(void)close(r->epoll);
	free(r);
}
