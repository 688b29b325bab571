/* SPDX-License-Identifier: Apache-2.0 */
/* Always waits: what ends it is `rotactl cert import`, which does not come this way. */
#include "authority/authority_manual.h"

#include <stdio.h>

#define LOOK_AGAIN_US (1 * US_H)

static bool issue(void *self, const struct authority_request *r, struct authority_answer *ret,
		  struct err *err)
{
	(void)self;
	(void)r;
	(void)err;
	*ret = (struct authority_answer){.outcome = AUTHORITY_WAIT, .retry_us = LOOK_AGAIN_US};
	snprintf(ret->cookie, sizeof(ret->cookie), "manual");
	return true;
}

const struct authority_ops authority_manual_ops = {
    .name = "manual",
    .subject_note = "What its people put into it: the sheet of rotactl cert request says what is "
		    "needed.",
    .issue = issue,
};
