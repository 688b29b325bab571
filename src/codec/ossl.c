/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL's error queue, turned into one struct err. */
#include "codec/ossl.h"

#include <openssl/err.h>

bool ossl_err(struct err *err, enum err_kind kind, const char *what)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;
	(void)err_set(err, kind, "%s%s%s", what, reason ? ": " : "", reason ? reason : "");
	ERR_clear_error();
	return false;
}

int ossl_no_password(char *out, int out_n, int is_writing, void *self)
{
	(void)is_writing;
	(void)self;
	if (out_n > 0)
		out[0] = 0;
	return -1;
}
