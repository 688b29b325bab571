/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of rotactl: global options, finding the verb, help, telling errors and findings in text
 * and JSON. Knows no verb but help. */
#include "cmd/ctl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd/ctl_table.h"
#include "codec/json_strict.h"
#include "codec/yaml.h"
#include "sys/files_durable.h"

#define SOCKET_DEFAULT "/run/rotad/rotad.sock"

enum {
	CTL_ARGS_MAX = 256,       /* arguments of one command line */
	VERB_BYTES_MAX = 64,      /* longest verb that is compared for a suggestion */
	SUGGEST_DISTANCE_MAX = 3, /* edits between what was typed and what is suggested */
	TEXT_COLUMNS = 78,        /* folded text stays within 80 columns */
};

/* ---- telling ---- */

const char *ctl_color(const struct ctl *ctl, FILE *stream, enum ctl_color color)
{
	static const char *const codes[] = {[CTL_PLAIN] = "\033[0m",
					    [CTL_RED] = "\033[1;31m",
					    [CTL_YELLOW] = "\033[1;33m",
					    [CTL_GREEN] = "\033[32m",
					    [CTL_BOLD] = "\033[1m"};
	int fd = fileno(stream);
	if (ctl->no_color || fd < 0 || !isatty(fd))
		return "";
	return codes[color];
}

/* A file's name, say, may hold what a terminal obeys. */
static void put_text(FILE *to, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const unsigned char c = (unsigned char)text[i];
		(void)fputc((c < ' ' && c != '\n' && c != '\t') || c == 0x7f ? '?' : c, to);
	}
}

void ctl_say(struct ctl *ctl, const char *format, ...)
{
	va_list ap;
	auto_free char *text = NULL;
	if (ctl->json)
		return;
	va_start(ap, format);
	const int n = vasprintf(&text, format, ap);
	va_end(ap);
	ASSERT(n >= 0);                      /* memory */
	put_text(ctl->out, text, (size_t)n); /* a lost line shows in ctl_main's last fflush */
	(void)fputc('\n', ctl->out);
}

/* "  label   text", text folded at blanks and indented. */
static void say_row(FILE *to, const char *label, const char *text)
{
	const size_t indent = 10;
	if (!text || !text[0])
		return;
	fprintf(to, "  %-8s", label);
	size_t column = indent;
	while (*text) {
		size_t word_n = strcspn(text, " ");
		if (column > indent && column + 1 + word_n > TEXT_COLUMNS) {
			fprintf(to, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			fputc(' ', to);
			column++;
		}
		put_text(to, text, word_n);
		column += word_n;
		text += word_n;
		text += strspn(text, " ");
	}
	fputc('\n', to);
}

static const char *retry_name(enum err_retry retry)
{
	static const char *const names[RETRY_N] = {[RETRY_NOW] = "now",
						   [RETRY_LATER] = "later",
						   [RETRY_AFTER_CHANGE] = "after-change",
						   [RETRY_OPERATOR] = "operator",
						   [RETRY_NEVER] = "never"};
	return names[retry];
}

enum ctl_exit ctl_error(struct ctl *ctl, const struct err *err)
{
	return ctl_error_with(ctl, err, NULL);
}

enum ctl_exit ctl_error_with(struct ctl *ctl, const struct err *err, const char *you)
{
	char where[ERR_SUBJECT_BYTES + 48];
	ASSERT(err->kind != ERR_NONE);
	if (!you)
		you = err_kind_advice(err->kind);
	int n = snprintf(where, sizeof(where), "%s", err->subject);
	if (err->line > 0)
		(void)snprintf(where + n, sizeof(where) - (size_t)n, "%sline %d, column %d",
			       n ? ", " : "", err->line, err->column);
	if (ctl->json) {
		json_t *contexts = json_array();
		for (unsigned i = err->contexts_n; i-- > 0;)
			(void)json_array_append_new(contexts, json_said(err->contexts[i]));
		json_t *e = json_object();
		(void)json_object_set_new(e, "kind", json_said(err_kind_name(err->kind)));
		(void)json_object_set_new(e, "what", json_said(err->text));
		(void)json_object_set_new(e, "where", json_said(where));
		(void)json_object_set_new(e, "line", json_integer(err->line));
		(void)json_object_set_new(e, "column", json_integer(err->column));
		(void)json_object_set_new(e, "you", json_said(you));
		(void)json_object_set_new(e, "retry",
					  json_said(retry_name(err_kind_retry(err->kind))));
		(void)json_object_set_new(e, "while", contexts);
		(void)json_object_set_new(ctl->doc, "error", e);
		return CTL_FAILED;
	}
	auto_buf struct buf head = {.p = NULL};
	for (unsigned i = err->contexts_n; i-- > 0;)
		buf_addf(&head, "%s%s", err->contexts[i], i ? ": " : "");
	fprintf(ctl->err, "%sFAILED%s  rotactl %s: %s\n", ctl_color(ctl, ctl->err, CTL_RED),
		ctl_color(ctl, ctl->err, CTL_PLAIN), ctl->row ? ctl->row->name : "",
		head.n ? buf_z(&head) : err_kind_text(err->kind));
	say_row(ctl->err, "what", err->text);
	say_row(ctl->err, "where", where);
	say_row(ctl->err, "you", you);
	return CTL_FAILED;
}

void ctl_finding(struct ctl *ctl, const struct ctl_finding *f)
{
	static const struct {
		const char *word, *machine;
		enum ctl_color color;
	} weights[] = {[CTL_NOTE] = {"NOTE", "note", CTL_BOLD},
		       [CTL_WARN] = {"WARNING", "warning", CTL_YELLOW},
		       [CTL_REFUSE] = {"REFUSED", "refused", CTL_RED}};
	ctl->findings_n[f->weight]++;
	if (ctl->json) {
		json_t *all = json_object_get(ctl->doc, "findings");
		if (!all) {
			all = json_array();
			(void)json_object_set_new(ctl->doc, "findings", all);
		}
		json_t *one = json_object();
		(void)json_object_set_new(one, "weight", json_said(weights[f->weight].machine));
		(void)json_object_set_new(one, "name", json_said(f->name));
		(void)json_object_set_new(one, "what", json_said(f->what));
		(void)json_object_set_new(one, "where", json_said(f->where ? f->where : ""));
		(void)json_object_set_new(one, "you", json_said(f->you ? f->you : ""));
		(void)json_array_append_new(all, one);
		return;
	}
	fprintf(ctl->out, "%s%s%s  %s\n", ctl_color(ctl, ctl->out, weights[f->weight].color),
		weights[f->weight].word, ctl_color(ctl, ctl->out, CTL_PLAIN), f->name);
	say_row(ctl->out, "what", f->what);
	say_row(ctl->out, "where", f->where);
	say_row(ctl->out, "you", f->you);
}

const char *ctl_unit(const struct ctl *ctl, char *out, size_t out_n)
{
	static const char folder[] = SYSCONFDIR "/rotad/", ending[] = ".yaml";
	const char *name = ctl->config_path + sizeof(folder) - 1;
	const size_t n = strlen(ctl->config_path);
	cut_z(out, out_n, "rotad");
	if (strcmp(ctl->config_path, CTL_CONFIG_DEFAULT) == 0 ||
	    n < sizeof(folder) + sizeof(ending) ||
	    strncmp(ctl->config_path, folder, sizeof(folder) - 1) != 0 || strchr(name, '/') ||
	    strcmp(ctl->config_path + n - (sizeof(ending) - 1), ending) != 0)
		return out;
	snprintf(out, out_n, "rotad@%.*s", (int)(strlen(name) - (sizeof(ending) - 1)), name);
	return out;
}

/* ---- usage and help ---- */

static void print_synopsis(FILE *to, const struct ctl_row *row, const char *head)
{
	fprintf(to, "%srotactl %s%s%s\n", head, row->name, row->synopsis[0] ? " " : "",
		row->synopsis);
}

enum ctl_exit ctl_usage(struct ctl *ctl, const char *format, ...)
{
	char text[ERR_TEXT_BYTES];
	va_list ap;
	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (ctl->json) {
		json_t *e = json_object();
		(void)json_object_set_new(e, "kind", json_said("USAGE"));
		(void)json_object_set_new(e, "what", json_said(text));
		(void)json_object_set_new(e, "you", json_said("rotactl help"));
		(void)json_object_set_new(ctl->doc, "error", e);
		return CTL_USAGE;
	}
	fprintf(ctl->err, "rotactl%s%s: ", ctl->row ? " " : "", ctl->row ? ctl->row->name : "");
	put_text(ctl->err, text, strlen(text));
	(void)fputc('\n', ctl->err);
	if (ctl->row)
		print_synopsis(ctl->err, ctl->row, "usage: ");
	else
		fprintf(ctl->err, "See: rotactl help\n");
	return CTL_USAGE;
}

int ctl_option(struct ctl *ctl, int argc, char **argv, const char *shorts,
	       const struct option *longs)
{
	char with_colon[64] = ":";
	ASSERT(copy_z(with_colon + 1, sizeof(with_colon) - 1, shorts));
	opterr = 0;
	int before = optind ? optind : 1;
	int c = getopt_long(argc, argv, with_colon, longs, NULL);
	if (c == ':') {
		(void)ctl_usage(ctl, "option %s needs a value", argv[optind - 1]);
		return '?';
	}
	if (c == '?') {
		if (optopt && strncmp(argv[optind - 1], "--", 2) != 0)
			(void)ctl_usage(ctl, "unknown option -%c", optopt);
		else
			(void)ctl_usage(ctl, "unknown option or value: %s",
					argv[optind > before ? optind - 1 : before]);
	}
	return c;
}

bool ctl_number(struct ctl *ctl, const char *option, const char *text, long min, long max,
		long *ret)
{
	char *end = NULL;
	errno = 0;
	long value = strtol(text, &end, 10);
	if (errno || end == text || *end || value < min || value > max) {
		(void)ctl_usage(ctl, "%s takes a number from %ld to %ld, not '%s'", option, min,
				max, text);
		return false;
	}
	*ret = value;
	return true;
}

static void print_rows(FILE *to, const char *group)
{
	for (size_t i = 0; i < ctl_table_n; i++)
		if (strcmp(ctl_table[i].group, group) == 0)
			fprintf(to, "  %-20s  %s\n", ctl_table[i].name, ctl_table[i].help);
}

static void print_help(FILE *to)
{
	fprintf(to, "rotactl: renew the keyfiles and certificates of MongoDB deployments.\n"
		    "usage: rotactl [OPTION]... VERB [ARGUMENT]...\n");
	for (size_t i = 0; i < ctl_table_n; i++) {
		bool is_first = true;
		for (size_t j = 0; j < i && is_first; j++)
			is_first = strcmp(ctl_table[j].group, ctl_table[i].group) != 0;
		if (!is_first)
			continue;
		fprintf(to, "\n%s\n", ctl_table[i].group);
		print_rows(to, ctl_table[i].group);
	}
	fprintf(to, "\noptions, for every verb\n"
		    "  --json                print one JSON object\n"
		    "  --no-color            no colours, also on a terminal\n"
		    "  --socket PATH         socket of rotad (default " SOCKET_DEFAULT ")\n"
		    "  --config FILE         configuration (default " CTL_CONFIG_DEFAULT ")\n"
		    "  --help, --version\n"
		    "\nexit  0 good, 1 needs attention, 2 failing or refused, 3 cannot tell,\n"
		    "      64 usage, 75 not finished within --timeout (still safe, going on)\n");
}

static void print_verb_help(FILE *to, const struct ctl_row *row)
{
	print_synopsis(to, row, "");
	fprintf(to, "  %s.\n", row->help);
	if ((row->flags & CTL_OFFLINE) && (row->flags & CTL_DAEMON))
		fprintf(to, "  Asks the running rotad, or works without one.\n");
	else if (row->flags & CTL_OFFLINE)
		fprintf(to, "  Works offline: needs neither rotad nor a network.\n");
	else if (row->flags & CTL_DAEMON)
		fprintf(to, "  Asks the running rotad.\n");
	if (row->flags & CTL_ROOT)
		fprintf(to, "  Usually needs root, or the user of mongod.\n");
}

/* The same as JSON: of all rows, or of those whose first words are `name`. */
static void help_json(struct ctl *ctl, const char *name)
{
	json_t *all = json_array();
	const size_t name_n = name ? strlen(name) : 0;
	for (size_t i = 0; i < ctl_table_n; i++) {
		const struct ctl_row *row = &ctl_table[i];
		if (name && (strncmp(row->name, name, name_n) != 0 ||
			     (row->name[name_n] && row->name[name_n] != ' ')))
			continue;
		(void)json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:s}", "verb",
							   row->name, "arguments", row->synopsis,
							   "group", row->group, "help", row->help));
	}
	(void)json_object_set_new(ctl->doc, "verbs", all);
}

/* ---- finding the verb ---- */

/* Words of `name` that argv begins with, or 0. */
static int words_matched(const char *name, int argc, char **argv)
{
	int n = 0;
	struct str rest = str_of(name), word;
	while (str_cut(&rest, ' ', &word)) {
		if (n >= argc || !str_equal_z(word, argv[n]))
			return 0;
		n++;
	}
	return n;
}

static const struct ctl_row *find_row(int argc, char **argv, int *ret_words)
{
	const struct ctl_row *best = NULL;
	int best_n = 0;
	for (size_t i = 0; i < ctl_table_n; i++) {
		int n = words_matched(ctl_table[i].name, argc, argv);
		if (n > best_n) {
			best = &ctl_table[i];
			best_n = n;
		}
	}
	*ret_words = best_n;
	return best;
}

/* Rows whose first word is `word`, as "keyfile new": print them; how many. */
static size_t print_family(FILE *to, const char *word)
{
	size_t n = 0;
	for (size_t i = 0; i < ctl_table_n; i++) {
		struct str rest = str_of(ctl_table[i].name), first;
		if (!str_cut(&rest, ' ', &first) || !str_equal_z(first, word))
			continue;
		n++;
		if (to)
			print_verb_help(to, &ctl_table[i]);
	}
	return n;
}

/* Optimal string alignment distance: insertion, deletion, exchange, and swap of neighbours. */
static size_t edits(const char *a, const char *b)
{
	size_t rows[3][VERB_BYTES_MAX + 1];
	size_t a_n = strlen(a), b_n = strlen(b);
	if (a_n > VERB_BYTES_MAX || b_n > VERB_BYTES_MAX)
		return VERB_BYTES_MAX;
	for (size_t j = 0; j <= b_n; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_n; i++) {
		size_t *now = rows[i % 3], *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];
		now[0] = i;
		for (size_t j = 1; j <= b_n; j++) {
			size_t cost = a[i - 1] != b[j - 1];
			now[j] = MIN(MIN(up[j], now[j - 1]) + 1, up[j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = MIN(now[j], up2[j - 2] + 1);
		}
	}
	return rows[a_n % 3][b_n];
}

static const struct ctl_row *nearest_row(int argc, char **argv)
{
	const struct ctl_row *best = NULL;
	size_t best_edits = SUGGEST_DISTANCE_MAX + 1;
	for (size_t i = 0; i < ctl_table_n; i++) {
		const char *name = ctl_table[i].name;
		auto_buf struct buf typed = {.max = 4096};
		buf_adds(&typed, argv[0]);
		if (strchr(name, ' ') && argc > 1)
			buf_addf(&typed, " %s", argv[1]);
		size_t d = edits(buf_z(&typed), name);
		if (d < best_edits && d < strlen(name)) {
			best = &ctl_table[i];
			best_edits = d;
		}
	}
	return best;
}

static enum ctl_exit unknown_verb(struct ctl *ctl, int argc, char **argv)
{
	if (print_family(NULL, argv[0])) {
		(void)ctl_usage(ctl, argc > 1 ? "'%s' has no verb '%s'" : "'%s' needs a verb%s",
				argv[0], argc > 1 ? argv[1] : "");
		if (!ctl->json)
			(void)print_family(ctl->err, argv[0]);
		return CTL_USAGE;
	}
	const struct ctl_row *near = nearest_row(argc, argv);
	if (near)
		return ctl_usage(ctl, "unknown verb '%s'; did you mean '%s'?", argv[0], near->name);
	return ctl_usage(ctl, "unknown verb '%s'", argv[0]);
}

enum ctl_exit ctl_help(struct ctl *ctl, int argc, char **argv)
{
	enum { WORDS_MAX = 4 }; /* no verb has more */
	char text[128] = "", *words[WORDS_MAX + 1] = {NULL}, *save = NULL;
	int n = 0, words_n;
	/* A verb of two words is one argument or two. */
	for (int i = 1; i < argc; i++) {
		size_t at = strlen(text);
		snprintf(text + at, sizeof(text) - at, "%s ", argv[i]);
	}
	for (char *w = strtok_r(text, " ", &save); w && n < WORDS_MAX;
	     w = strtok_r(NULL, " ", &save))
		words[n++] = w;
	const struct ctl_row *row = n ? find_row(n, words, &words_n) : NULL;
	if (ctl->json && (row || n == 0 || print_family(NULL, words[0])))
		help_json(ctl, row ? row->name : n ? words[0] : NULL);
	else if (n == 0)
		print_help(ctl->out);
	else if (row)
		print_verb_help(ctl->out, row);
	else if (!print_family(ctl->out, words[0]))
		return unknown_verb(ctl, n, words);
	return CTL_GOOD;
}

/* ---- the command line ---- */

struct globals {
	bool wants_help, wants_version;
	const char *missing; /* a global option without its value */
};

/* Take the global options out of the line, wherever they stand before "--". Keeps the order of the
 * rest. */
static int take_globals(struct ctl *ctl, int argc, char **argv, char **ret_rest,
			struct globals *ret)
{
	const struct {
		const char *name;
		bool *flag;
		const char **value;
	} options[] = {
	    {"--json", &ctl->json, NULL},
	    {"--no-color", &ctl->no_color, NULL},
	    {"--help", &ret->wants_help, NULL},
	    {"-h", &ret->wants_help, NULL},
	    {"--version", &ret->wants_version, NULL},
	    {"--socket", NULL, &ctl->socket_path},
	    {"--config", NULL, &ctl->config_path},
	};
	int n = 0, i = 1;
	for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
		bool is_taken = false;
		for (size_t o = 0; o < ARRAY_N(options) && !is_taken; o++) {
			size_t name_n = strlen(options[o].name);
			if (strncmp(argv[i], options[o].name, name_n) != 0)
				continue;
			if (argv[i][name_n] == 0) {
				is_taken = true;
				if (options[o].flag)
					*options[o].flag = true;
				else if (i + 1 < argc)
					*options[o].value = argv[++i];
				else
					ret->missing = argv[i];
			} else if (options[o].value && argv[i][name_n] == '=') {
				is_taken = true;
				*options[o].value = argv[i] + name_n + 1;
			}
		}
		if (!is_taken)
			ret_rest[n++] = argv[i];
	}
	for (; i < argc; i++)
		ret_rest[n++] = argv[i];
	ret_rest[n] = NULL;
	return n;
}

static enum ctl_exit dispatch(struct ctl *ctl, int argc, char **argv, const struct globals *globals)
{
	int words = 0;
	if (globals->missing)
		return ctl_usage(ctl, "option %s needs a value", globals->missing);
	if (globals->wants_version) {
		ctl_say(ctl, "rotactl %s", PACKAGE_VERSION);
		(void)json_object_set_new(ctl->doc, "version", json_said(PACKAGE_VERSION));
		return CTL_GOOD;
	}
	if (argc == 0 && globals->wants_help) {
		if (ctl->json)
			help_json(ctl, NULL);
		else
			print_help(ctl->out);
		return CTL_GOOD;
	}
	if (argc == 0)
		return ctl_usage(ctl, "no verb given");
	const struct ctl_row *row = find_row(argc, argv, &words);
	if (globals->wants_help && ctl->json && (row || print_family(NULL, argv[0]))) {
		help_json(ctl, row ? row->name : argv[0]);
		return CTL_GOOD;
	}
	if (!row && globals->wants_help && print_family(ctl->out, argv[0]))
		return CTL_GOOD;
	if (!row)
		return unknown_verb(ctl, argc, argv);
	if (globals->wants_help) {
		print_verb_help(ctl->out, row);
		return CTL_GOOD;
	}
	ctl->row = row;
	optind = 0; /* glibc: start over, also between runs in one process */
	return row->run(ctl, argc - words + 1, argv + words - 1);
}

/* Who names a configuration means its rotad: rotactl --config /etc/rotad/USER.yaml status. What
 * cannot be read is told by the verb. */
static void follow_config(struct ctl *ctl, char *path, size_t path_n)
{
	struct files_port files = files_durable();
	struct err ignored = ERR_INIT;
	auto_buf struct buf text = {.max = CONF_BYTES_MAX};
	auto_yaml struct yaml_doc doc = {.root = NULL};
	if (!files.ops->read_text(files.self, ctl->config_path, CONF_BYTES_MAX, &text, NULL,
				  &ignored) ||
	    !yaml_parse(buf_str(&text), &doc, &ignored) || !doc.root)
		return;
	const struct yaml_node *socket = yaml_find(doc.root, "socket");
	if (socket && socket->kind == YAML_IS_SCALAR && socket->text.n &&
	    copy_str(path, path_n, socket->text))
		ctl->socket_path = path;
}

enum ctl_exit ctl_main(int argc, char **argv, FILE *out, FILE *err)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");
	const char *socket_path = getenv("ROTAD_SOCKET");
	char *rest[CTL_ARGS_MAX + 1];
	struct ctl ctl = {
	    .out = out,
	    .err = err,
	    .no_color = (no_color && no_color[0]) || (term && strcmp(term, "dumb") == 0),
	    .socket_path = socket_path && socket_path[0] ? socket_path : SOCKET_DEFAULT,
	    .config_path = CTL_CONFIG_DEFAULT,
	    .doc = json_object(),
	};
	struct globals globals = {.missing = NULL};
	ASSERT(ctl.doc);
	if (argc > CTL_ARGS_MAX) {
		fprintf(err, "rotactl: more than %d arguments\n", CTL_ARGS_MAX);
		json_decref(ctl.doc);
		return CTL_USAGE;
	}
	int n = take_globals(&ctl, argc, argv, rest, &globals);
	char named[CONF_PATH_BYTES_MAX];
	if (strcmp(ctl.socket_path, SOCKET_DEFAULT) == 0 &&
	    strcmp(ctl.config_path, CTL_CONFIG_DEFAULT) != 0)
		follow_config(&ctl, named, sizeof(named));
	enum ctl_exit code = dispatch(&ctl, n, rest, &globals);
	if (ctl.json) {
		(void)json_object_set_new(ctl.doc, "exit", json_integer((json_int_t)code));
		(void)json_dumpf(ctl.doc, out, JSON_INDENT(2));
		(void)fputc('\n', out);
	}
	json_decref(ctl.doc);
	/* An answer that did not reach its reader is no answer: a full disk behind a pipe. */
	if (fflush(out) != 0 || ferror(out)) {
		fprintf(err, "rotactl: writing the output failed\n");
		return code == CTL_GOOD ? CTL_FAILED : code;
	}
	return code;
}
