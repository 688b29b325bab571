/* SPDX-License-Identifier: Apache-2.0 */
/* Signs of configuration management in a file's text: "Ansible managed" and the like. */
#ifndef CODEC_MARKER_H
#define CODEC_MARKER_H

#include "base/buf.h"

/* The first sign found, as its tool is known; NULL: none. Never a part of the text itself. */
const char *marker_find(struct str text);

#endif
