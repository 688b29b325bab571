/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration for a host that was surveyed: mode observe, an instance for each server, and as
 * comments what a person should know before he lets rotad do more. Pure. */
#ifndef CONF_DISCOVERED_H
#define CONF_DISCOVERED_H

#include "model/survey.h"
#include "base/buf.h"

/* What stands in the way of a server or should be known of it, a sentence each, in out (emptied
 * first), ended by line feeds. */
void discovered_notes(const struct survey *s, unsigned i, struct buf *out);
/* The name it gets: its set, else mongod-PORT or mongos-PORT; with the port where two are of one
 * set. out_n at least NAME_BYTES_MAX. Returns out. */
const char *discovered_name(const struct survey *s, unsigned i, char *out, size_t out_n);
/* Can rotad look after it as it was found? A container's paths are not the host's: its instance is
 * written as a comment. */
bool discovered_is_whole(const struct survey_server *server);
/* As whom they run, those in containers apart; the names are the survey's. Returns how many. */
unsigned discovered_users(const struct survey *s, const char *ret[INSTANCES_MAX]);
/* Those of one user alone; of what does not run nobody knows whose it is: it stands in each. */
void discovered_of_user(const struct survey *s, const char *user, struct survey *ret);
/* Append the configuration, for rotad.service or (user not NULL) for rotad@USER.service. It passes
 * conf_parse() and conf_check() where one server at least is whole. */
void discovered_print(const struct survey *s, const char *user, struct buf *out);

#endif
