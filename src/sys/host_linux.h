/* SPDX-License-Identifier: Apache-2.0 */
/* port/host.h by the kernel: clocks and random bytes of this machine. */
#ifndef SYS_HOST_LINUX_H
#define SYS_HOST_LINUX_H

#include "port/host.h"

struct host_port host_linux(void);

#endif
