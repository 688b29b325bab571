/* SPDX-License-Identifier: Apache-2.0 */
/* Writes to the system journal. sd_journal_send() would wait for a stuck journald; a rotation must
 * not, so the datagram is made here. What is told and when is not decided here. */
#include "sys/journal.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "model/event_table.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
enum { JOURNAL_BYTES_MAX = 16 * 1024, LINE_BYTES_MAX = 4000 /* below PIPE_BUF: never torn */ };

static struct {
	int fd; /* -1: stderr */
	uint64_t dropped, told_dropped;
} journal = {.fd = -1};

/* systemd sets JOURNAL_STREAM=DEVICE:INODE of the stream it gave as stderr; a program that
 * redirected it has another one. */
static bool stderr_is_journal(void)
{
	const char *text = getenv("JOURNAL_STREAM");
	struct stat st;
	char want[64];
	if (!text || fstat(STDERR_FILENO, &st) != 0)
		return false;
	snprintf(want, sizeof(want), "%" PRIuMAX ":%" PRIuMAX, (uintmax_t)st.st_dev,
		 (uintmax_t)st.st_ino);
	return strcmp(text, want) == 0;
}

void journal_start(const char *socket_path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	if (journal.fd >= 0)
		(void)close(journal.fd);
	journal.fd = -1;
	journal.dropped = journal.told_dropped = 0;
	if (!socket_path && !stderr_is_journal())
		return;
	if (!copy_z(to.sun_path, sizeof(to.sun_path), socket_path ? socket_path : JOURNAL_SOCKET))
		return;
	auto_close int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof(to)) != 0)
		return; /* stderr it is: systemd has that as well */
	journal.fd = fd;
	fd = -1;
}

uint64_t journal_dropped(void)
{
	return __atomic_load_n(&journal.dropped, __ATOMIC_RELAXED);
}

/* Two threads tell events: the round's and the main one. */
static void count_drop(void)
{
	__atomic_add_fetch(&journal.dropped, 1, __ATOMIC_RELAXED);
}

/* journald's native protocol: NAME=value for one line, else NAME, length, value. */
static void add_field(struct buf *b, const char *name, const char *value)
{
	if (!value[0])
		return;
	buf_adds(b, name);
	if (!strchr(value, '\n')) {
		buf_addc(b, '=');
	} else {
		uint64_t n = htole64(strlen(value));
		buf_addc(b, '\n');
		buf_add(b, &n, sizeof(n));
	}
	buf_adds(b, value);
	buf_addc(b, '\n');
}

static void add_number(struct buf *b, const char *name, uint64_t value)
{
	char text[32];
	snprintf(text, sizeof(text), "%" PRIu64, value);
	add_field(b, name, text);
}

/* One line: control characters would let a text forge another. */
static void write_stderr(const char *text)
{
	char line[LINE_BYTES_MAX];
	struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
	size_t n = 0;
	for (; text[n] && n < sizeof(line) - 2; n++)
		line[n] = (unsigned char)text[n] < ' ' || text[n] == 0x7f ? ' ' : text[n];
	line[n++] = '\n';
	/* A pipe that is ready takes up to PIPE_BUF at once. */
	if (poll(&ready, 1, 0) != 1 || !(ready.revents & POLLOUT) ||
	    write(STDERR_FILENO, line, n) != (ssize_t)n)
		count_drop();
}

static void send_record(struct buf *record, const char *line)
{
	if (journal.fd < 0) {
		write_stderr(line);
		return;
	}
	uint64_t all = journal_dropped();
	uint64_t dropped = all - __atomic_load_n(&journal.told_dropped, __ATOMIC_RELAXED);
	if (dropped)
		add_number(record, "ROTAD_DROPPED", dropped);
	if (record->failed ||
	    send(journal.fd, record->p, record->n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		bool is_gone = !record->failed && errno != EAGAIN && errno != EMSGSIZE &&
			       errno != ENOBUFS && errno != EINTR;
		count_drop();
		/* journald was restarted with a new socket: the stream on stderr outlives that. */
		if (is_gone)
			write_stderr(line);
		return;
	}
	__atomic_store_n(&journal.told_dropped, all, __ATOMIC_RELAXED);
}

/* syslog's levels: a person must act is err, we act is warning (STYLE, logging). */
static const struct {
	uint64_t priority;
} level_table[] = {
    [SEVERITY_INFO] = {6},
    [SEVERITY_NOTICE] = {5},
    [SEVERITY_WARNING] = {4},
    [SEVERITY_CRITICAL] = {3},
};

static void add_head(struct buf *b, enum severity severity, const char *message)
{
	ASSERT((size_t)severity < ARRAY_N(level_table));
	add_field(b, "MESSAGE", message);
	add_number(b, "PRIORITY", level_table[severity].priority);
	add_field(b, "SYSLOG_IDENTIFIER", "rotad");
}

void journal_event(const struct event *e)
{
	auto_buf struct buf record = {.max = JOURNAL_BYTES_MAX};
	auto_buf struct buf line = {.max = LINE_BYTES_MAX * 2};
	const struct event_row *row = event_row_find(e->name);
	const char *name = row ? row->name : e->name;
	buf_addf(&line, "%s%s%s", e->is_resolved ? "over: " : "",
		 e->headline[0] ? e->headline : (row ? row->meaning : name),
		 e->headline[0] || !e->subject[0] ? "" : " ");
	if (!e->headline[0] && e->subject[0])
		buf_addf(&line, "(%s)", e->subject);
	if (e->what[0])
		buf_addf(&line, " - %s", e->what);
	add_head(&record, e->severity, buf_z(&line));
	if (row)
		add_field(&record, "MESSAGE_ID", row->message_id);
	add_field(&record, "ROTAD_EVENT", name);
	add_field(&record, "ROTAD_SEVERITY", severity_name(e->severity));
	add_field(&record, "ROTAD_CLUSTER", e->cluster);
	add_field(&record, "ROTAD_MEMBER", e->subject);
	add_field(&record, "ROTAD_HEADLINE", e->headline);
	add_field(&record, "ROTAD_WHAT", e->what);
	add_field(&record, "ROTAD_NOW", e->now);
	add_field(&record, "ROTAD_DID", e->we_did);
	add_field(&record, "ROTAD_YOU", e->you);
	add_field(&record, "ROTAD_RESOLVED", e->is_resolved ? "1" : "");
	auto_buf struct buf text = {.max = LINE_BYTES_MAX * 2};
	buf_addf(&text, "rotad: %s: %s: %s", severity_name(e->severity), name, buf_z(&line));
	send_record(&record, buf_z(&text));
}

void journal_line(enum severity severity, const char *format, ...)
{
	char message[2048];
	auto_buf struct buf record = {.max = JOURNAL_BYTES_MAX};
	auto_buf struct buf text = {.max = LINE_BYTES_MAX};
	va_list ap;
	va_start(ap, format);
	vsnprintf(message, sizeof(message), format, ap);
	va_end(ap);
	add_head(&record, severity, message);
	buf_addf(&text, "rotad: %s", message);
	send_record(&record, buf_z(&text));
}
