/* SPDX-License-Identifier: Apache-2.0 */
/* The few commands that change something. Never sent twice. */
#ifndef MONGOD_ADMIN_H
#define MONGOD_ADMIN_H

#include "mongod/probe.h"

/* Errors of all: session_run()'s. */
MUST_CHECK bool admin_step_down(const struct ask *a, int64_t seconds, int64_t catch_up_s,
				struct err *err);
MUST_CHECK bool admin_set_parameter(const struct ask *a, const char *name, int64_t value,
				    struct err *err);
MUST_CHECK bool admin_rotate_certificates(const struct ask *a, const char *message,
					  struct err *err);

#endif
