/* SPDX-License-Identifier: Apache-2.0 */
/* The table of events and the look-up by name. */
#include "model/event_table.h"

#include <stdio.h>
#include <string.h>

const struct event_row event_table[EVENT_N] = {
#define X(symbol, text, grave, id, what, then, done, todo)                                         \
	[EVENT_##symbol] = {                                                                       \
	    .name = text,                                                                          \
	    .severity = SEVERITY_##grave,                                                          \
	    .message_id = id,                                                                      \
	    .meaning = what,                                                                       \
	    .now = then,                                                                           \
	    .did = done,                                                                           \
	    .you = todo,                                                                           \
	},
    EVENT_TABLE(X)
#undef X
};

const struct event_row *event_row_find(const char *name)
{
	for (size_t i = 0; i < EVENT_N; i++)
		if (strcmp(event_table[i].name, name) == 0)
			return &event_table[i];
	return NULL;
}

struct event event_of(enum event_kind kind, const char *cluster, const char *subject)
{
	ASSERT((size_t)kind < EVENT_N);
	struct event e = {.severity = event_table[kind].severity};
	snprintf(e.name, sizeof(e.name), "%s", event_table[kind].name);
	snprintf(e.cluster, sizeof(e.cluster), "%s", cluster ? cluster : "");
	snprintf(e.subject, sizeof(e.subject), "%s", subject ? subject : "");
	return e;
}
