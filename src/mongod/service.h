/* SPDX-License-Identifier: Apache-2.0 */
/* The requests that rotad-mongo answers: one row an op, see codec/serve.h. The asking sides are
 * sys/mongod_rpc.c and sys/store_rpc.c. */
#ifndef MONGOD_SERVICE_H
#define MONGOD_SERVICE_H

#include "codec/serve.h"

struct service;
/* Errors: ERR_MEMORY. End with service_free(). */
MUST_CHECK bool service_new(struct service **ret, struct err *err);
void service_free(struct service *s);
/* The rows for serve_loop(), whose self is a struct service. */
const struct serve_row *service_rows(size_t *ret_n);

#endif
