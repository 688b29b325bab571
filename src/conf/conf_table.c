/* SPDX-License-Identifier: Apache-2.0 */
/* The rows, and what follows from a row alone: defaults, what is allowed, a value in text. Reading
 * a value is conf_parse. */
#include "conf/conf_table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define YEARS(n) ((int64_t)(n)*366 * US_DAY)

#define AT(type, field) .offset = offsetof(type, field), .size = sizeof(((type *)NULL)->field)
#define IN_CONFIG(field) .base = CONF_IN_CONFIG, AT(struct config, field)
#define IN_INSTANCE(field) .base = CONF_IN_INSTANCE, AT(struct instance_policy, field)
#define IN_AUTHORITY(field) .base = CONF_IN_AUTHORITY, AT(struct authority_policy, field)
#define IN_WINDOW(field) .base = CONF_IN_WINDOW, AT(struct window, field)
#define IN_FREEZE(field) .base = CONF_IN_FREEZE, AT(struct freeze, field)
#define IN_ALERT(field) .base = CONF_IN_ALERT, AT(struct alert_policy, field)
#define COUNT(type, field) .count_offset = offsetof(type, field)
#define WORDS(first, list) .words = list, .word_first = (int)(first)

const struct conf_row conf_table[] = {
    {.path = "mode",
     .type = CONF_WORD,
     IN_CONFIG(policy.mode),
     WORDS(MODE_OBSERVE, "observe ask act"),
     .merge = CONF_MERGE_CEILING,
     .help = "The ceiling for all below: look only, ask before acting, or act"},
    {.path = "timezone",
     .type = CONF_ZONE,
     IN_CONFIG(policy.zones[0]),
     .merge = CONF_MERGE_FILL,
     .help = "Time zone of windows, freezes and printed times"},
    {.path = "stateDirectory",
     .type = CONF_PATH,
     IN_CONFIG(state_directory),
     .reload = CONF_RESTART_DAEMON,
     .help = "Where rotad keeps its journal, anchor and spool"},
    {.path = "socket",
     .type = CONF_PATH,
     IN_CONFIG(socket),
     .reload = CONF_RESTART_DAEMON,
     .help = "Unix socket where rotad answers rotactl"},

    {.path = "instances[].name",
     .type = CONF_NAME,
     IN_INSTANCE(name),
     .need = CONF_MUST,
     .help = "Its name on this host, as commands and hooks use it"},
    {.path = "instances[].mode",
     .type = CONF_WORD,
     IN_INSTANCE(mode),
     WORDS(MODE_OFF, "off observe ask act"),
     .help = "The most that rotad may do for this instance"},
    {.path = "instances[].configFile",
     .type = CONF_PATH,
     IN_INSTANCE(config_file),
     .help = "mongod's or mongos' own configuration file"},
    {.path = "instances[].address",
     .type = CONF_HOST,
     IN_INSTANCE(address),
     .help = "Where to connect; without it 127.0.0.1 and the port it listens on"},
    {.path = "instances[].restart.unit",
     .type = CONF_RESTART,
     IN_INSTANCE(restart_name),
     .word_first = RESTART_UNIT,
     .help = "Restart by this systemd unit"},
    {.path = "instances[].restart.job",
     .type = CONF_RESTART,
     IN_INSTANCE(restart_name),
     .word_first = RESTART_JOB,
     .help = "Restart by starting this root-owned oneshot unit"},
    {.path = "instances[].restart.hook",
     .type = CONF_RESTART,
     IN_INSTANCE(restart_name),
     .word_first = RESTART_HOOK,
     .help = "Restart by running this program"},
    {.path = "instances[].restart.drain",
     .type = CONF_SPAN,
     IN_INSTANCE(drain_us),
     .words = "server=-1",
     .high = 10 * US_MIN,
     .help = "How long mongod lets clients finish before it stops; server is its own default"},
    {.path = "instances[].restart.maxLag",
     .type = CONF_SPAN,
     IN_INSTANCE(max_lag_us),
     .low = US_S,
     .high = US_DAY,
     .help = "No turn while another member lags more than this"},
    {.path = "instances[].restart.timeout",
     .type = CONF_SPAN,
     IN_INSTANCE(restart_timeout_us),
     .low = US_S,
     .high = US_DAY,
     .help = "Deadline of the unit's job or the hook; never of mongod's recovery"},
    {.path = "instances[].reload",
     .type = CONF_WORD,
     IN_INSTANCE(reload_how),
     WORDS(RELOAD_ROTATE_CERTIFICATES, "rotateCertificates"),
     .help = "How new certificates are taken up: the server's command (5.0 and later), or a hook"},
    {.path = "instances[].reload.hook",
     .type = CONF_RELOAD_HOOK,
     IN_INSTANCE(reload_hook),
     .help = "Take up new certificates by running this program"},
    {.path = "instances[].changed.hook",
     .type = CONF_PATH,
     IN_INSTANCE(changed_hook),
     .help = "Program that is told after a file was replaced"},
    {.path = "instances[].allowDowntime",
     .type = CONF_WORD,
     IN_INSTANCE(allow_downtime),
     WORDS(DOWNTIME_NONE, "none majorityWrites all"),
     .help = "What a turn may interrupt where the set is too small to go on without the member"},
    {.path = "instances[].pendingChanges",
     .type = CONF_WORD,
     IN_INSTANCE(pending_changes),
     WORDS(PENDING_REFUSE, "refuse allow"),
     .help = "Whether a restart may also bring other changes into force"},
    {.path = "instances[].acceptUntested",
     .type = CONF_BOOL,
     IN_INSTANCE(accepts_untested),
     .help = "Act on a server version outside of the tested series 5.0, 6.0, 7.0 and 8.0"},
    {.path = "instances[].iKnow",
     .type = CONF_FLAG_WORD,
     IN_INSTANCE(knows_ops_manager),
     .words = "opsManager",
     .help = "Act although this automation agent also manages the instance"},
    {.path = "instances[].successors",
     .type = CONF_HOSTS,
     IN_INSTANCE(successors),
     COUNT(struct instance_policy, successors_n),
     .high = SUCCESSORS_MAX,
     .not_yet = "choose who becomes primary",
     .instead = "set priorities in rs.conf",
     .help = "Members that should become primary when this one steps down"},
    {.path = "instances[].paths",
     .type = CONF_PATH_MAP,
     IN_INSTANCE(paths),
     COUNT(struct instance_policy, paths_n),
     .high = PATH_MAPS_MAX,
     .help = "Paths as mongod names them (in a container), and as this host does"},
    {.path = "instances[].login.user",
     .type = CONF_TEXT,
     IN_INSTANCE(login.user),
     .help = "Log in as this user instead of by the keyfile's key"},
    {.path = "instances[].login.database",
     .type = CONF_TEXT,
     IN_INSTANCE(login.database),
     .help = "Authentication database of that user"},
    {.path = "instances[].login.password",
     .type = CONF_CREDENTIAL,
     IN_INSTANCE(login.password),
     .help = "Password of that user"},
    {.path = "instances[].login.certificate",
     .type = CONF_PATH,
     IN_INSTANCE(login.certificate),
     .help = "Log in by this certificate (PEM with its key)"},

    {.path = "keyfile.mode",
     .type = CONF_WORD,
     IN_CONFIG(policy.keyfile.mode),
     WORDS(MODE_OFF, "off observe ask act"),
     .merge = CONF_MERGE_LOW,
     .help = "The most that rotad may do for keyfiles"},
    {.path = "keyfile.writer",
     .type = CONF_WORD,
     IN_CONFIG(policy.keyfile.writer),
     WORDS(WRITER_ROTAD, "rotad external"),
     .merge = CONF_MERGE_HIGH,
     .help = "Who writes the file: rotad, or configuration management"},
    {.path = "keyfile.maxAge",
     .type = CONF_SPAN,
     IN_CONFIG(policy.keyfile.max_age_us),
     .words = "never=0",
     .low = US_H,
     .high = YEARS(10),
     .merge = CONF_MERGE_FILL,
     .help = "Rotate a key that is older"},
    {.path = "keyfile.minAge",
     .type = CONF_SPAN,
     IN_CONFIG(policy.keyfile.min_age_us),
     .low = US_MIN,
     .high = YEARS(1),
     .merge = CONF_MERGE_HIGH,
     .help = "Least time between rotations that nobody asked for"},
    {.path = "keyfile.strategy",
     .type = CONF_WORD,
     IN_CONFIG(policy.keyfile.strategy),
     WORDS(STRATEGY_TWO_PASS, "twoPass standby"),
     .merge = CONF_MERGE_FILL,
     .help = "Two passes of restarts a rotation, or one with the next key always in the file"},
    {.path = "keyfile.rideAlong",
     .type = CONF_SPAN,
     IN_CONFIG(policy.keyfile.ride_along_us),
     .words = "no=0",
     .low = US_MIN,
     .high = YEARS(1),
     .merge = CONF_MERGE_FILL,
     .help = "How long staged files wait in each pass for restarts that happen anyway"},
    {.path = "keyfile.maxParallel",
     .type = CONF_NUMBER,
     IN_CONFIG(policy.keyfile.max_parallel),
     .words = "all",
     .low = 1,
     .high = 64,
     .merge = CONF_MERGE_LOW,
     .help = "Sets of one sharded cluster that may be in a turn at once, after the config "
	     "servers"},
    {.path = "keyfile.onForeignWrite",
     .type = CONF_WORD,
     IN_CONFIG(policy.keyfile.on_foreign_write),
     WORDS(FOREIGN_RESTORE, "restore hold"),
     .merge = CONF_MERGE_HIGH,
     .help = "When something else replaced the keyfile: put it right once, or only hold and tell"},
    {.path = "keyfile.otherUsers",
     .type = CONF_WORD,
     IN_CONFIG(policy.keyfile.other_users),
     WORDS(OTHER_USERS_WAIT, "wait ignore"),
     .merge = CONF_MERGE_LOW,
     .help = "When programs that are no members log in by the key: wait for a word, or go on"},
    {.path = "keyfile.bornAt",
     .type = CONF_WHEN,
     IN_CONFIG(policy.keyfile.born_at),
     .merge = CONF_MERGE_FILL,
     .help = "When the present key was made, where rotad cannot know it"},
    {.path = "keyfile.routers",
     .type = CONF_HOSTS,
     IN_CONFIG(policy.keyfile.routers),
     COUNT(struct config, policy.keyfile.routers_n),
     .high = ROUTERS_MAX,
     .merge = CONF_MERGE_FILL,
     .help = "mongos that must hold the key, beside those the cluster knows"},

    {.path = "certificates.mode",
     .type = CONF_WORD,
     IN_CONFIG(policy.certificates.mode),
     WORDS(MODE_OFF, "off observe ask act"),
     .merge = CONF_MERGE_LOW,
     .help = "The most that rotad may do for certificates"},
    {.path = "certificates.authority",
     .type = CONF_NAME,
     IN_CONFIG(policy.certificates.authority),
     .merge = CONF_MERGE_FILL,
     .help = "Who issues them: a name in authorities"},
    {.path = "certificates.renewAt",
     .type = CONF_PERCENT,
     IN_CONFIG(policy.certificates.renew_at_ppm),
     .low = 100000,
     .high = 990000,
     .merge = CONF_MERGE_FILL,
     .help = "Renew when this part of the lifetime has passed"},
    {.path = "certificates.outageBudget",
     .type = CONF_SPAN,
     IN_CONFIG(policy.certificates.outage_budget_us),
     .low = US_MIN,
     .high = YEARS(1),
     .merge = CONF_MERGE_FILL,
     .help = "Renew at least this long before the end: so long may the authority be away"},
    {.path = "certificates.keyType",
     .type = CONF_KEY_TYPE,
     IN_CONFIG(policy.certificates.key_type),
     .words = "same rsa-2048 rsa-3072 rsa-4096 p-256 p-384 ed25519",
     .merge = CONF_MERGE_FILL,
     .help = "Kind of the new private key; same is that of the certificate in use"},
    {.path = "certificates.validFor",
     .type = CONF_SPAN,
     IN_CONFIG(policy.certificates.valid_for_us),
     .words = "authority=0",
     .low = US_H,
     .high = YEARS(10),
     .merge = CONF_MERGE_FILL,
     .help = "Lifetime asked for; authority leaves it to the authority"},
    {.path = "certificates.names",
     .type = CONF_HOSTS,
     IN_CONFIG(policy.certificates.extra_names),
     COUNT(struct config, policy.certificates.extra_names_n),
     .low = 1, /* a wildcard is fine */
     .high = EXTRA_NAMES_MAX,
     .merge = CONF_MERGE_FILL,
     .help = "Further names and addresses in the certificate, beside rs.conf's"},

    {.path = "authorities.mode",
     .type = CONF_WORD,
     IN_CONFIG(policy.authorities_mode),
     WORDS(MODE_OFF, "off observe ask act"),
     .merge = CONF_MERGE_LOW,
     .not_yet = "replace a CA",
     .instead = "write observe",
     .obeyed = MODE_OBSERVE,
     .help = "The most that rotad may do when a CA is replaced"},
    {.path = "authorities.*.type",
     .type = CONF_NAME,
     IN_AUTHORITY(type),
     .words = "local manual exec acme est vault stepca cmp cfssl",
     .need = CONF_MUST,
     .help = "What kind of authority"},
    {.path = "authorities.*.at",
     .type = CONF_HOSTS,
     IN_AUTHORITY(at),
     COUNT(struct authority_policy, at_n),
     .high = ISSUERS_MAX,
     .help = "local: the one or two hosts that hold its key and issue"},
    {.path = "authorities.*.certificate",
     .type = CONF_PATH,
     IN_AUTHORITY(certificate),
     .help = "local: the CA's certificate; est, cmp, vault: the client's PEM"},
    {.path = "authorities.*.privateKey",
     .type = CONF_PATH,
     IN_AUTHORITY(private_key),
     .help = "local: the CA's key; acme: the account's key"},
    {.path = "authorities.*.passphrase",
     .type = CONF_CREDENTIAL,
     IN_AUTHORITY(passphrase),
     .help = "Of privateKey, where it has one"},
    {.path = "authorities.*.chain",
     .type = CONF_PATH,
     IN_AUTHORITY(chain),
     .help = "Certificates served above the leaf, where the answer does not hold them"},
    {.path = "authorities.*.url",
     .type = CONF_URL,
     IN_AUTHORITY(url),
     .help = "Where it answers; acme: the directory"},
    {.path = "authorities.*.mount",
     .type = CONF_TEXT,
     IN_AUTHORITY(mount),
     .help = "vault: path of the PKI engine, as pki"},
    {.path = "authorities.*.role",
     .type = CONF_NAME,
     IN_AUTHORITY(role),
     .help = "vault: the role that signs"},
    {.path = "authorities.*.profile",
     .type = CONF_TEXT,
     IN_AUTHORITY(profile),
     .help = "acme, cfssl: profile; est: label; stepca: provisioner"},
    {.path = "authorities.*.user",
     .type = CONF_TEXT,
     IN_AUTHORITY(user),
     .help = "est: HTTP user; cmp: reference; acme: key id of the account binding"},
    {.path = "authorities.*.token",
     .type = CONF_CREDENTIAL,
     IN_AUTHORITY(token),
     .help = "vault: token; est, stepca: password; cmp, cfssl, acme: shared secret"},
    {.path = "authorities.*.helper",
     .type = CONF_PATH,
     IN_AUTHORITY(helper),
     .help = "exec: the program and its arguments, spoken to as certmonger does"},
    {.path = "authorities.*.hook",
     .type = CONF_PATH,
     IN_AUTHORITY(hook),
     .help = "acme: program that publishes and removes the challenge"},
    {.path = "authorities.*.caFile",
     .type = CONF_PATH,
     IN_AUTHORITY(ca_file),
     .help = "Trust for url; without it the system's"},
    {.path = "authorities.*.issues.for",
     .type = CONF_SPAN,
     IN_AUTHORITY(valid_for_us),
     .words = "default=0",
     .low = US_H,
     .high = YEARS(10),
     .help = "Lifetime of what it issues"},
    {.path = "authorities.*.timeout",
     .type = CONF_SPAN,
     IN_AUTHORITY(timeout_us),
     .words = "default=0",
     .low = US_S,
     .high = 5 * US_MIN,
     .help = "Deadline of one call"},

    {.path = "windows[].days",
     .type = CONF_DAYS,
     IN_WINDOW(days),
     .merge = CONF_MERGE_ADD,
     .help = "Weekdays on which it opens"},
    {.path = "windows[].start",
     .type = CONF_CLOCK,
     IN_WINDOW(start_s),
     .need = CONF_MUST,
     .merge = CONF_MERGE_ADD,
     .help = "Local time at which it opens"},
    {.path = "windows[].for",
     .type = CONF_SPAN,
     IN_WINDOW(for_us),
     .low = US_MIN,
     .high = 7 * US_DAY,
     .need = CONF_MUST,
     .merge = CONF_MERGE_ADD,
     .help = "How long it is open"},
    {.path = "windows[].timezone",
     .type = CONF_ZONE_REF,
     IN_WINDOW(zone_i),
     .merge = CONF_MERGE_ADD,
     .help = "Its time zone, where it is not that of the host"},

    {.path = "freezes[].from",
     .type = CONF_DAY,
     IN_FREEZE(from_day),
     .need = CONF_MUST,
     .merge = CONF_MERGE_ADD,
     .help = "First local day on which nothing is restarted"},
    {.path = "freezes[].until",
     .type = CONF_DAY,
     IN_FREEZE(until_day),
     .need = CONF_MUST,
     .merge = CONF_MERGE_ADD,
     .help = "Last such day, to its end"},
    {.path = "freezes[].reason",
     .type = CONF_TEXT,
     IN_FREEZE(reason),
     .merge = CONF_MERGE_ADD,
     .help = "Why; shown wherever the freeze is named"},
    {.path = "freezes[].rescueExpiring",
     .type = CONF_BOOL,
     IN_FREEZE(rescue_expiring),
     .merge = CONF_MERGE_ADD,
     .help = "A certificate about to end may still be renewed, by a reload without restart"},
    {.path = "freezes[].timezone",
     .type = CONF_ZONE_REF,
     IN_FREEZE(zone_i),
     .merge = CONF_MERGE_ADD,
     .help = "Its time zone, where it is not that of the host"},

    {.path = "schedule.url",
     .type = CONF_URL,
     IN_CONFIG(schedule.url),
     .help = "Central schedule of the fleet"},
    {.path = "schedule.file",
     .type = CONF_PATH,
     IN_CONFIG(schedule.file),
     .help = "The same as a file, brought by other means"},
    {.path = "schedule.signer",
     .type = CONF_PATH,
     IN_CONFIG(schedule.signer),
     .help = "Certificate of who must have signed it"},
    {.path = "schedule.fleet",
     .type = CONF_NAME,
     IN_CONFIG(schedule.fleet),
     .help = "Name of the fleet that the schedule must carry"},
    {.path = "schedule.poll",
     .type = CONF_SPAN,
     IN_CONFIG(schedule.poll_us),
     .low = 10 * US_S,
     .high = US_DAY,
     .help = "How often to look for a new one"},
    {.path = "schedule.caFile",
     .type = CONF_PATH,
     IN_CONFIG(schedule.ca_file),
     .help = "Trust for url; without it the system's"},
    {.path = "schedule.clientPem",
     .type = CONF_PATH,
     IN_CONFIG(schedule.client_pem),
     .help = "Certificate and key to present to it"},

    {.path = "alerts[].name",
     .type = CONF_NAME,
     IN_ALERT(name),
     .need = CONF_MUST,
     .help = "Its name, as status and alert test show it"},
    {.path = "alerts[].type",
     .type = CONF_WORD,
     IN_ALERT(type),
     WORDS(ALERT_WEBHOOK, "webhook command"),
     .help = "An HTTP POST, or a program that gets the event on its standard input"},
    {.path = "alerts[].url", .type = CONF_URL, IN_ALERT(url), .help = "webhook: where to"},
    {.path = "alerts[].command",
     .type = CONF_PATH,
     IN_ALERT(command),
     .help = "command: the program"},
    {.path = "alerts[].secret",
     .type = CONF_CREDENTIAL,
     IN_ALERT(secret),
     .help = "Key that signs the body, so that the receiver can tell it is ours"},
    {.path = "alerts[].minSeverity",
     .type = CONF_WORD,
     IN_ALERT(min_severity),
     WORDS(SEVERITY_INFO, "info notice warning critical"),
     .help = "Send this and what is graver"},
    {.path = "alerts[].heartbeat",
     .type = CONF_SPAN,
     IN_ALERT(heartbeat_us),
     .words = "no=0",
     .low = 10 * US_S,
     .high = 7 * US_DAY,
     .help = "Send a sign of life this often, so that silence can alarm"},
    {.path = "alerts[].headers",
     .type = CONF_HEADERS,
     IN_ALERT(headers),
     COUNT(struct alert_policy, headers_n),
     .high = ALERT_HEADERS_MAX,
     .help = "webhook: further HTTP headers; no secrets"},
    {.path = "alerts[].caFile",
     .type = CONF_PATH,
     IN_ALERT(ca_file),
     .help = "Trust for url; without it the system's"},
    {.path = "alerts[].clientPem",
     .type = CONF_PATH,
     IN_ALERT(client_pem),
     .help = "Certificate and key to present to it"},
    {.path = "alerts[].allowPlain",
     .type = CONF_BOOL,
     IN_ALERT(allows_plain),
     .help = "Let url be http:// to another host"},
};
const size_t conf_table_n = ARRAY_N(conf_table);
STATIC_ASSERT(ARRAY_N(conf_table) <= CONF_ROWS_MAX, "origins are kept for CONF_ROWS_MAX rows");
STATIC_ASSERT(WINDOWS_MAX <= CONF_ELEMENTS_MAX, "origins are kept for CONF_ELEMENTS_MAX elements");
STATIC_ASSERT(FREEZES_MAX <= CONF_ELEMENTS_MAX, "origins are kept for CONF_ELEMENTS_MAX elements");

#define ARRAY(field, count)                                                                        \
	.offset = offsetof(struct config, field),                                                  \
	.element_size = sizeof(((struct config *)NULL)->field[0]),                                 \
	.count_offset = offsetof(struct config, count),                                            \
	.max = ARRAY_N(((struct config *)NULL)->field)
const struct conf_section conf_sections[] = {
    {.path = "instances[]", .base = CONF_IN_INSTANCE, ARRAY(instances, instances_n)},
    {.path = "authorities.*", .base = CONF_IN_AUTHORITY, ARRAY(authorities, authorities_n)},
    {.path = "windows[]",
     .base = CONF_IN_WINDOW,
     ARRAY(policy.windows, policy.windows_n),
     .merge = CONF_MERGE_ADD},
    {.path = "freezes[]",
     .base = CONF_IN_FREEZE,
     ARRAY(policy.freezes, policy.freezes_n),
     .merge = CONF_MERGE_ADD},
    {.path = "alerts[]", .base = CONF_IN_ALERT, ARRAY(alerts, alerts_n)},
};
const size_t conf_sections_n = ARRAY_N(conf_sections);

const char *conf_type_name(enum conf_type type)
{
	static const char *const names[CONF_TYPE_N] = {
	    [CONF_TEXT] = "text",
	    [CONF_NAME] = "name",
	    [CONF_HOST] = "host",
	    [CONF_HOSTS] = "list of hosts",
	    [CONF_PATH] = "path",
	    [CONF_URL] = "URL",
	    [CONF_WORD] = "word",
	    [CONF_FLAG_WORD] = "word",
	    [CONF_BOOL] = "true or false",
	    [CONF_NUMBER] = "number",
	    [CONF_SPAN] = "duration",
	    [CONF_PERCENT] = "percentage",
	    [CONF_WHEN] = "date or time",
	    [CONF_DAY] = "date",
	    [CONF_CLOCK] = "time of day",
	    [CONF_DAYS] = "weekdays",
	    [CONF_ZONE] = "time zone",
	    [CONF_ZONE_REF] = "time zone",
	    [CONF_CREDENTIAL] = "place of a secret",
	    [CONF_KEY_TYPE] = "word",
	    [CONF_RESTART] = "unit or path",
	    [CONF_RELOAD_HOOK] = "path",
	    [CONF_PATH_MAP] = "map of paths",
	    [CONF_HEADERS] = "map of headers",
	};
	ASSERT((unsigned)type < CONF_TYPE_N);
	return names[type];
}

const struct conf_row *conf_find(struct str path)
{
	for (size_t i = 0; i < conf_table_n; i++)
		if (str_equal_z(path, conf_table[i].path))
			return &conf_table[i];
	return NULL;
}

const struct conf_section *conf_find_section(struct str path)
{
	for (size_t i = 0; i < conf_sections_n; i++)
		if (str_equal_z(path, conf_sections[i].path))
			return &conf_sections[i];
	return NULL;
}

const struct conf_section *conf_section_of(enum conf_base base)
{
	for (size_t i = 0; i < conf_sections_n; i++)
		if (conf_sections[i].base == base)
			return &conf_sections[i];
	ASSERT(base == CONF_IN_CONFIG);
	return NULL;
}

void *conf_base_at(struct config *c, enum conf_base base, unsigned i)
{
	const struct conf_section *s = conf_section_of(base);
	if (!s)
		return c;
	ASSERT(i < s->max);
	return (char *)c + s->offset + s->element_size * i;
}

unsigned conf_base_n(const struct config *c, enum conf_base base)
{
	const struct conf_section *s = conf_section_of(base);
	unsigned n = 1;
	if (s)
		memcpy(&n, (const char *)c + s->count_offset, sizeof(n));
	return n;
}

void conf_element_init(enum conf_base base, void *element)
{
	switch (base) {
	case CONF_IN_CONFIG:
		config_init(element);
		break;
	case CONF_IN_INSTANCE:
		*(struct instance_policy *)element = (struct instance_policy){
		    .mode = MODE_ACT,
		    .drain_us = -1,
		    .max_lag_us = 10 * US_S,
		    .restart_timeout_us = 5 * US_MIN,
		    .login.database = "admin",
		};
		break;
	case CONF_IN_AUTHORITY:
		memset(element, 0, sizeof(struct authority_policy));
		break;
	case CONF_IN_WINDOW:
		*(struct window *)element = (struct window){.days = 0x7f};
		break;
	case CONF_IN_FREEZE:
		*(struct freeze *)element = (struct freeze){.rescue_expiring = true};
		break;
	case CONF_IN_ALERT:
		*(struct alert_policy *)element =
		    (struct alert_policy){.min_severity = SEVERITY_WARNING};
		break;
	case CONF_BASE_N:
		ASSERT(base != CONF_BASE_N);
	}
}

/* ---- values in text ---- */

void conf_span_print(int64_t us, struct buf *out)
{
	static const struct {
		int64_t us;
		const char *unit;
	} units[] = {{US_DAY, "d"}, {US_H, "h"}, {US_MIN, "m"}, {US_S, "s"}, {US_MS, "ms"}};
	if (us <= 0)
		buf_addc(out, '0');
	for (size_t i = 0; i < ARRAY_N(units); i++) {
		if (us >= units[i].us)
			buf_addf(out, "%" PRId64 "%s", us / units[i].us, units[i].unit);
		us %= units[i].us;
	}
}

/* The i-th word, or an empty one behind the last. */
static struct str word_at(const char *words, int i)
{
	struct str rest = str_of(words), word = {.n = 0};
	for (int k = 0; k <= i; k++)
		if (!str_cut(&rest, ' ', &word))
			return (struct str){.n = 0};
	return word;
}

static void add_str(struct buf *out, struct str s)
{
	buf_add(out, s.p, s.n);
}

static bool span_word(const struct conf_row *row, int64_t us, struct buf *out)
{
	struct str rest = str_of(row->words), pair, word;
	while (row->words && str_cut(&rest, ' ', &pair)) {
		if (!str_cut(&pair, '=', &word))
			continue;
		if ((str_equal_z(pair, "0") && us == 0) || (str_equal_z(pair, "-1") && us == -1)) {
			add_str(out, word);
			return true;
		}
	}
	return false;
}

static void zone_print(const struct zone *z, struct buf *out)
{
	buf_adds(out, z->name[0] ? z->name : "UTC");
}

static void date_print(int64_t days, struct buf *out)
{
	int64_t year;
	int month, day;
	civil_from_days(days, &year, &month, &day);
	buf_addf(out, "%04" PRId64 "-%02d-%02d", year, month, day);
}

static void credential_print(const struct credential_ref *c, struct buf *out)
{
	switch (c->from) {
	case CREDENTIAL_NONE:
		break;
	case CREDENTIAL_SYSTEMD:
		buf_addf(out, "credential:%s", c->name);
		break;
	case CREDENTIAL_FILE:
		buf_addf(out, "file:%s", c->name);
		break;
	}
}

static void key_type_print(const struct certificates_policy *p, struct buf *out)
{
	static const char *const names[CERT_KEY_N] = {
	    [CERT_KEY_UNKNOWN] = "",   [CERT_KEY_RSA] = "rsa",         [CERT_KEY_P256] = "p-256",
	    [CERT_KEY_P384] = "p-384", [CERT_KEY_ED25519] = "ed25519",
	};
	if (p->is_key_same)
		buf_adds(out, "same");
	else if (p->key_type == CERT_KEY_RSA)
		buf_addf(out, "rsa-%u", p->key_bits);
	else
		buf_adds(out, names[p->key_type]);
}

static void days_print(unsigned days, struct buf *out)
{
	bool first = true;
	if (days == 0x7f) {
		buf_adds(out, "daily");
		return;
	}
	buf_addc(out, '[');
	for (int k = 1; k <= 7; k++) /* from Monday */
		if (days & 1u << k % 7) {
			buf_addf(out, "%s%s", first ? "" : ", ", weekday_name(k % 7));
			first = false;
		}
	buf_addc(out, ']');
}

/* Text that YAML would take for something else stands in quotes. */
static void text_print(const char *text, struct buf *out)
{
	size_t n = strlen(text);
	bool is_plain = n > 0 && text[0] != ' ' && text[n - 1] != ' ' && text[0] != '-' &&
			strpbrk(text, ":#[]{},&*!|>'\"%@`?\\=") == NULL && strcmp(text, "~") != 0;
	bool is_url = strncmp(text, "https://", 8) == 0 || strncmp(text, "http://", 7) == 0;
	if (is_plain || n == 0 || (is_url && !strchr(text, '#') && !strchr(text, ','))) {
		buf_adds(out, text);
		return;
	}
	buf_addc(out, '"');
	for (const char *c = text; *c; c++) {
		if (*c == '"' || *c == '\\')
			buf_addc(out, '\\');
		buf_addc(out, *c);
	}
	buf_addc(out, '"');
}

static void hosts_print(const char (*hosts)[HOST_BYTES_MAX], unsigned n, struct buf *out)
{
	if (n == 0)
		return;
	buf_addc(out, '[');
	for (unsigned i = 0; i < n; i++) {
		buf_adds(out, i ? ", " : "");
		text_print(hosts[i], out);
	}
	buf_addc(out, ']');
}

static void maps_print(const struct conf_row *row, const void *at, unsigned n, struct buf *out)
{
	const struct path_map *paths = at;
	const struct alert_policy *alert =
	    (const struct alert_policy *)((const char *)at -
					  offsetof(struct alert_policy, headers));
	if (n == 0)
		return;
	buf_addc(out, '{');
	for (unsigned i = 0; i < n; i++) {
		bool is_path = row->type == CONF_PATH_MAP;
		buf_adds(out, i ? ", " : "");
		text_print(is_path ? paths[i].from : alert->headers[i].name, out);
		buf_adds(out, ": ");
		text_print(is_path ? paths[i].to : alert->headers[i].value, out);
	}
	buf_addc(out, '}');
}

static void value_print(const struct conf_row *row, const struct config *c, const void *base,
			struct buf *out)
{
	const void *at = (const char *)base + row->offset;
	const struct instance_policy *instance = base;
	unsigned number = 0, count = 0;
	int64_t wide = 0;
	bool flag = false;
	struct wall when = {.us = 0};
	char text[40];
	if (row->size == sizeof(number))
		memcpy(&number, at, sizeof(number));
	if (row->size == sizeof(wide)) {
		memcpy(&wide, at, sizeof(wide));
		memcpy(&when, at, sizeof(when));
	}
	if (row->size == sizeof(flag))
		memcpy(&flag, at, sizeof(flag));
	if (row->count_offset)
		memcpy(&count, (const char *)base + row->count_offset, sizeof(count));
	switch (row->type) {
	case CONF_TEXT:
	case CONF_NAME:
	case CONF_HOST:
	case CONF_PATH:
	case CONF_URL:
	case CONF_RELOAD_HOOK:
		text_print(at, out);
		break;
	case CONF_HOSTS:
		hosts_print(at, count, out);
		break;
	case CONF_WORD:
		add_str(out, word_at(row->words, (int)number - row->word_first));
		break;
	case CONF_FLAG_WORD:
		buf_adds(out, flag ? row->words : "");
		break;
	case CONF_BOOL:
		buf_adds(out, flag ? "true" : "false");
		break;
	case CONF_NUMBER:
		if (row->words && number == row->high)
			buf_adds(out, row->words);
		else
			buf_addf(out, "%u", number);
		break;
	case CONF_SPAN:
		if (!span_word(row, wide, out) && (wide || row->low == 0))
			conf_span_print(wide, out);
		break;
	case CONF_PERCENT:
		buf_addf(out, "%u", number / 10000);
		if (number % 10000)
			buf_addf(out, ".%02u", number % 10000 / 100);
		buf_addc(out, '%');
		break;
	case CONF_WHEN:
		if (when.us)
			buf_adds(out, wall_print_utc(when, text, sizeof(text)));
		break;
	case CONF_DAY:
		date_print(wide, out);
		break;
	case CONF_CLOCK:
		buf_addf(out, "\"%02u:%02u\"", number / 3600, number / 60 % 60);
		break;
	case CONF_DAYS:
		days_print(number, out);
		break;
	case CONF_ZONE:
		zone_print(at, out);
		break;
	case CONF_ZONE_REF:
		ASSERT(number < ZONES_MAX);
		zone_print(&c->policy.zones[number], out);
		break;
	case CONF_CREDENTIAL:
		credential_print(at, out);
		break;
	case CONF_KEY_TYPE:
		key_type_print(&c->policy.certificates, out);
		break;
	case CONF_RESTART:
		text_print((int)instance->restart_how == row->word_first ? at : "", out);
		break;
	case CONF_PATH_MAP:
	case CONF_HEADERS:
		maps_print(row, at, count, out);
		break;
	case CONF_TYPE_N:
		ASSERT(row->type != CONF_TYPE_N);
	}
}

void conf_value_print(const struct conf_row *row, const struct config *c, unsigned i,
		      struct buf *out)
{
	const struct conf_section *s = conf_section_of(row->base);
	value_print(row, c, s ? (const char *)c + s->offset + s->element_size * i : (const char *)c,
		    out);
}

void conf_default_print(const struct conf_row *row, struct buf *out)
{
	auto_free struct config *c = malloc(sizeof(*c));
	if (!c) {
		out->failed = true;
		return;
	}
	config_init(c);
	if (row->need == CONF_MUST || row->type == CONF_ZONE_REF)
		return;
	if (row->base != CONF_IN_CONFIG)
		conf_element_init(row->base, conf_base_at(c, row->base, 0));
	conf_value_print(row, c, 0, out);
}

bool conf_is_not_yet(const struct conf_row *row, const struct config *c, unsigned i)
{
	const struct conf_section *s = conf_section_of(row->base);
	const char *base = (const char *)c + (s ? s->offset + s->element_size * i : 0);
	int64_t wide = 0;
	unsigned number = 0;
	if (!row->not_yet)
		return false;
	if (row->type == CONF_HOSTS)
		memcpy(&number, base + row->count_offset, sizeof(number));
	else if (row->size == sizeof(wide))
		memcpy(&wide, base + row->offset, sizeof(wide));
	else
		memcpy(&number, base + row->offset, sizeof(number));
	return wide + (int64_t)number > row->obeyed;
}

static void words_print(const char *words, struct buf *out)
{
	struct str rest = str_of(words), word, name;
	bool first = true;
	while (words && str_cut(&rest, ' ', &word)) {
		if (!first)
			buf_adds(out, rest.n ? ", " : " or ");
		first = false;
		if (str_cut(&word, '=', &name))
			add_str(out, name);
	}
}

static void bounds_print(const struct conf_row *row, struct buf *out)
{
	buf_addf(out, "%s", row->type == CONF_SPAN ? "a duration, " : "");
	if (row->type == CONF_NUMBER)
		buf_addf(out, "%" PRId64 " to %" PRId64 "%s%s", row->low, row->high,
			 row->words ? ", or " : "", row->words ? row->words : "");
	else if (row->type == CONF_PERCENT)
		buf_addf(out, "%" PRId64 "%% to %" PRId64 "%%", row->low / 10000,
			 row->high / 10000);
	else {
		conf_span_print(row->low, out);
		buf_adds(out, " to ");
		conf_span_print(row->high, out);
		if (row->words) {
			buf_adds(out, ", or ");
			words_print(row->words, out);
		}
	}
}

void conf_allowed_print(const struct conf_row *row, struct buf *out)
{
	static const char *const texts[CONF_TYPE_N] = {
	    [CONF_TEXT] = "text without control characters",
	    [CONF_NAME] = "letters, digits, '.', '_' and '-'",
	    [CONF_HOST] = "a host name or address, with or without :port",
	    [CONF_HOSTS] = "host names or addresses, with or without :port",
	    [CONF_PATH] = "a path; if relative, from this file's directory",
	    [CONF_URL] = "an https:// URL",
	    [CONF_BOOL] = "true or false",
	    [CONF_WHEN] = "a date as 2026-08-19, or a time as 2026-08-19T03:11:02Z",
	    [CONF_DAY] = "a date as 2026-12-20",
	    [CONF_CLOCK] = "a time of day as \"02:00\"",
	    [CONF_DAYS] =
		"a list of mon, tue, wed, thu, fri, sat, sun, or daily, weekdays, weekend",
	    [CONF_ZONE] = "a time zone as Europe/Berlin or UTC",
	    [CONF_ZONE_REF] = "a time zone as Europe/Berlin or UTC",
	    [CONF_CREDENTIAL] = "credential:NAME or file:PATH",
	    [CONF_RELOAD_HOOK] = "a path; if relative, from this file's directory",
	    [CONF_PATH_MAP] = "a map of absolute paths, as {/keys: /srv/mongo/keys}",
	    [CONF_HEADERS] = "a map of header names and values",
	};
	if (row->type == CONF_NUMBER || row->type == CONF_SPAN || row->type == CONF_PERCENT)
		bounds_print(row, out);
	else if (row->type == CONF_RESTART)
		buf_adds(out, row->word_first == RESTART_HOOK ? texts[CONF_PATH]
							      : "the name of a systemd unit");
	else if (row->words)
		words_print(row->words, out);
	else
		buf_adds(out, texts[row->type] ? texts[row->type] : "");
}
