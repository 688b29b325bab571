/* SPDX-License-Identifier: Apache-2.0 */
/* The options of a mongod or mongos from wherever they stand: its configuration file (YAML or the
 * old "key = value"), its command line, its own answer to getCmdLineOpts. All names they ever had
 * (ssl and tls) come into one shape. Expansions (__exec, __rest) are never run: what they would
 * give is marked unknown. */
#ifndef CODEC_MONGOD_OPTIONS_H
#define CODEC_MONGOD_OPTIONS_H

#include "base/buf.h"
#include "model/mongod_view.h"
#include "model/policy.h"

enum { MONGOD_ARGS_MAX = 256 };

/* Nothing given. */
void mongod_options_init(struct mongod_options *o);

/* The text of mongod.conf. config_file stays empty: the caller knows its path. Errors: ERR_SYNTAX,
 * ERR_LIMIT (with line and column). */
MUST_CHECK bool mongod_options_from_file(struct str text, struct mongod_options *ret,
					 struct err *err);
/* A command line, argv[0] the program. --config is only noted. Errors: ERR_LIMIT (more than
 * MONGOD_ARGS_MAX). */
MUST_CHECK bool mongod_options_from_argv(const char *const *argv, size_t argc,
					 struct mongod_options *ret, struct err *err);
/* The bytes of /proc/PID/cmdline: arguments that each end in NUL. */
MUST_CHECK bool mongod_options_from_cmdline(struct str bytes, struct mongod_options *ret,
					    struct err *err);
/* The answer of getCmdLineOpts as JSON (relaxed extended), whole or only its `parsed`. Errors:
 * ERR_SYNTAX, ERR_LIMIT. */
MUST_CHECK bool mongod_options_from_json(struct str text, struct mongod_options *ret,
					 struct err *err);

/* What mongod makes of both: what the command line gives wins over the file. */
struct mongod_options mongod_options_over(const struct mongod_options *file,
					  const struct mongod_options *command_line);
/* Turn paths as the process names them (in a container) into those of this host: the longest `from`
 * that is a whole path or its beginning up to a '/' is replaced by its `to`. A path that grows too
 * long is "", as one that is not given. */
void mongod_options_map(struct mongod_options *o, const struct path_map *maps, unsigned maps_n);
/* Is it the file by which the agent of Ops Manager or Cloud Manager starts a mongod? By its name.
 */
bool mongod_options_is_automated(const char *config_file);
/* The port it listens on: as given, else 27017, 27018 (shardsvr) or 27019 (configsvr). */
int mongod_options_port(const struct mongod_options *o);
/* Name the options that matter to rotad and differ, "security.keyFile, net.tls.mode", into out;
 * config_file apart. Returns how many. */
unsigned mongod_options_differ(const struct mongod_options *a, const struct mongod_options *b,
			       struct buf *out);

#endif
