/* SPDX-License-Identifier: Apache-2.0 */
/* port/files.h on a real file system: whole bounded reads, durable replacement that readers see as
 * old or new and never torn (DESIGN invariant 5). */
#ifndef SYS_FILES_DURABLE_H
#define SYS_FILES_DURABLE_H

#include "port/files.h"

extern const struct files_ops files_durable_ops;
struct files_port files_durable(void);

#endif
