/* SPDX-License-Identifier: Apache-2.0 */
/* The error value. Its texts come from the one X-macro list in err.h. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name, *text, *advice;
	enum err_retry retry;
} err_table[ERR_N] = {
#define X(n, r, t, a) [ERR_##n] = {.name = #n, .text = t, .advice = a, .retry = r},
    ERR_KINDS(X)
#undef X
};

bool err_set(struct err *err, enum err_kind kind, const char *format, ...)
{
	va_list ap;
	ASSERT(kind > ERR_NONE && kind < ERR_N);
	err->kind = kind;
	err->sys = 0;
	err->contexts_n = 0;
	va_start(ap, format);
	vsnprintf(err->text, sizeof(err->text), format, ap);
	va_end(ap);
	return false;
}

bool err_sys(struct err *err, int errno_value, const char *format, ...)
{
	char why[128];
	va_list ap;
	va_start(ap, format);
	vsnprintf(err->text, sizeof(err->text), format, ap);
	va_end(ap);
	size_t n = strlen(err->text);
	snprintf(err->text + n, sizeof(err->text) - n, ": %s",
		 strerror_r(errno_value, why, sizeof(why)));
	err->sys = errno_value;
	err->contexts_n = 0;
	switch (errno_value) {
	case ENOSPC:
	case EDQUOT:
		err->kind = ERR_DISK_FULL;
		break;
	case EACCES:
	case EPERM:
	case EROFS:
		err->kind = ERR_PERMISSION;
		break;
	case ENOENT:
		err->kind = ERR_NOT_FOUND;
		break;
	case ENOMEM:
		err->kind = ERR_MEMORY;
		break;
	default:
		err->kind = ERR_SYSTEM;
		break;
	}
	return false;
}

void err_subject(struct err *err, const char *subject)
{
	snprintf(err->subject, sizeof(err->subject), "%s", subject ? subject : "");
}

bool err_in(struct err *err, const char *format, ...)
{
	va_list ap;
	unsigned i = err->contexts_n < ERR_CONTEXTS_MAX ? err->contexts_n++ : ERR_CONTEXTS_MAX - 1;
	va_start(ap, format);
	vsnprintf(err->contexts[i], sizeof(err->contexts[i]), format, ap);
	va_end(ap);
	return false;
}

void err_clear(struct err *err)
{
	*err = ERR_INIT;
}

const char *err_kind_name(enum err_kind kind)
{
	ASSERT(kind < ERR_N);
	return err_table[kind].name;
}

const char *err_kind_text(enum err_kind kind)
{
	ASSERT(kind < ERR_N);
	return err_table[kind].text;
}

const char *err_kind_advice(enum err_kind kind)
{
	ASSERT(kind < ERR_N);
	return err_table[kind].advice;
}

enum err_retry err_kind_retry(enum err_kind kind)
{
	ASSERT(kind < ERR_N);
	return err_table[kind].retry;
}

const char *err_print(const struct err *err, char *out, size_t out_n)
{
	size_t n = 0;
	out[0] = 0;
	for (unsigned i = err->contexts_n; i-- > 0 && n < out_n;)
		n += (size_t)snprintf(out + n, out_n - n, "%s: ", err->contexts[i]);
	if (err->subject[0] && n < out_n)
		n += (size_t)snprintf(out + n, out_n - n, "%s: ", err->subject);
	if (n < out_n)
		snprintf(out + n, out_n - n, "%s", err->text);
	return out;
}

void assert_failed(const char *what, const char *file, int line)
{
	fprintf(stderr, "rotad: BUG: assertion '%s' failed at %s:%d\n", what, file, line);
	abort();
}
