/* SPDX-License-Identifier: Apache-2.0 */
/* `rotactl doctor` for one seat: looks anew, asks every question that a turn depends on, and writes
 * what came of it. Changes nothing in the world; may be called on a seat that only looks. */
#ifndef ROUND_DOCTOR_LOOK_H
#define ROUND_DOCTOR_LOOK_H

#include <jansson.h>

#include "round/seat.h"

/* Fill *ret, a JSON object: cluster, host, mode, and "findings", each with weight (good, note,
 * warning, refuse), name, what, you. Errors: ERR_MEMORY. */
MUST_CHECK bool doctor_look(struct seat *t, json_t *ret, struct err *err);

#endif
