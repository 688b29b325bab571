/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger in a local file, for standalones and sets that live on one host: port/store.h with
 * the same compare-and-set. Several rotads may share it. */
#ifndef SYS_STORE_FILE_H
#define SYS_STORE_FILE_H

#include "port/store.h"

/* A store in the file at path (absolute; its directory must exist; nothing is written before the
 * first swap). Copies path. End with store_file_free(store.self). Errors: ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK bool store_file_new(const char *path, struct store_port *ret, struct err *err);
void store_file_free(void *self); /* accepts NULL */

#endif
