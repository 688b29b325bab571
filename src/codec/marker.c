/* SPDX-License-Identifier: Apache-2.0 */
/* A list of what these tools write into the files that they keep. */
#include "codec/marker.h"

#include <string.h>

const char *marker_find(struct str text)
{
	static const char *const markers[] = {
	    "Ansible managed", "ansible", "Puppet", "puppet", "Chef", "Salt", "managed by"};
	for (size_t i = 0; i < ARRAY_N(markers); i++)
		if (text.n && memmem(text.p, text.n, markers[i], strlen(markers[i])))
			return markers[i];
	return NULL;
}
