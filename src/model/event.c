/* SPDX-License-Identifier: Apache-2.0 */
/* Names of severities and the key by which receivers deduplicate. */
#include "model/event.h"

#include <stdio.h>

const char *severity_name(enum severity s)
{
	static const char *const names[] = {
	    [SEVERITY_INFO] = "info",
	    [SEVERITY_NOTICE] = "notice",
	    [SEVERITY_WARNING] = "warning",
	    [SEVERITY_CRITICAL] = "critical",
	};
	ASSERT((size_t)s < ARRAY_N(names));
	return names[s];
}

const char *event_key(const struct event *e, char *out, size_t out_n)
{
	snprintf(out, out_n, "%s/%s/%s", e->cluster, e->name, e->subject);
	return out;
}
