/* SPDX-License-Identifier: Apache-2.0 */
/* The authority that is people: nothing is asked of anybody. The request waits on the host until a
 * person has carried it to the CA (rotactl cert request) and its answer back (rotactl cert import).
 */
#ifndef AUTHORITY_AUTHORITY_MANUAL_H
#define AUTHORITY_AUTHORITY_MANUAL_H

#include "port/authority.h"

extern const struct authority_ops authority_manual_ops; /* self: not used */

#endif
