/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL's error queue as struct err. */
#include "codec/openssl_err.h"

#include <stdarg.h>
#include <stdio.h>

#include <openssl/err.h>

bool openssl_err(struct err *err, enum err_kind kind, const char *format, ...)
{
	char what[ERR_TEXT_BYTES / 2];
	unsigned long first = ERR_peek_error();
	const char *reason = first ? ERR_reason_error_string(first) : NULL;
	va_list args;
	va_start(args, format);
	(void)vsnprintf(what, sizeof(what), format, args); /* our own words fit */
	va_end(args);
	bool is_memory = first && ERR_GET_REASON(first) == ERR_R_MALLOC_FAILURE;
	ERR_clear_error();
	if (is_memory)
		kind = ERR_MEMORY;
	if (reason)
		return err_set(err, kind, "%s: %s", what, reason);
	return err_set(err, kind, "%s", what);
}
