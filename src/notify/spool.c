/* SPDX-License-Identifier: Apache-2.0 */
/* The spool's places, its overflow and its file format. Order is by a number that rises for ever,
 * kept in each file, so that neither clocks nor file times matter. */
#include "notify/spool.h"

#include <inttypes.h>
#include <string.h>

#include "base/rng.h"
#include "codec/json_strict.h"

#define SPOOL_WHAT "spool"

struct place {
	bool is_used, is_held, is_resolved;
	bool must_remove; /* given up, but the file could not be removed yet */
	bool is_blocked;  /* the system does not say what is there: neither used nor removed */
	enum severity severity;
	uint64_t seq, key_hash;
	struct wall since, not_before;
	char target[NAME_BYTES_MAX];
	char *text; /* in memory only, when the disk did not take it; else NULL */
	size_t text_n;
};

struct spool {
	struct files_port files;
	char directory[PATH_BYTES_MAX];
	uint64_t next_seq;
	unsigned corrupt_n, in_memory_n;
	uint64_t dropped_n[SEVERITY_CRITICAL + 1];
	struct place places[SPOOL_FILES_MAX];
};

/* ---- stamps ---- */

void stamp_print(const char *what, struct str json, struct buf *ret)
{
	buf_addf(ret, "rotad-%s/1 %016" PRIx64 "\n", what, hash64(json, 0));
	buf_add(ret, json.p, json.n);
	buf_addc(ret, '\n');
}

bool stamp_parse(const char *what, struct str text, struct str *ret_json, struct err *err)
{
	char head[64];
	struct str line, rest = text;

	if (!text.n || !str_cut(&rest, '\n', &line) || !rest.p || !rest.n ||
	    rest.p[rest.n - 1] != '\n')
		return err_set(err, ERR_SYNTAX, "the file is torn");
	rest.n--;
	snprintf(head, sizeof(head), "rotad-%s/1 %016" PRIx64, what, hash64(rest, 0));
	if (!str_equal_z(line, head))
		return err_set(err, ERR_SYNTAX, "the file is torn, altered or of another version");
	*ret_json = rest;
	return true;
}

/* ---- one file ---- */

static void path_of(const struct spool *s, int place, char out[PATH_BYTES_MAX + 16])
{
	snprintf(out, PATH_BYTES_MAX + 16, "%s/%03d.json", s->directory, place);
}

static bool item_print(const struct spool_item *i, uint64_t seq, struct buf *ret, struct err *err)
{
	auto_buf struct buf json = {.max = SPOOL_FILE_BYTES_MAX};
	AUTO(json_t)
	o = json_pack("{s:I,s:o,s:o,s:o,s:o,s:i,s:b,s:I,s:I}", "seq", (json_int_t)seq, "id",
		      json_of_bytes(i->id), "target", json_of_bytes(i->target), "key",
		      json_of_bytes(i->key), "body", json_of_bytes(i->body), "severity",
		      (int)i->severity, "resolved", (int)i->is_resolved, "notBeforeUs",
		      (json_int_t)i->not_before.us, "sinceUs", (json_int_t)i->since.us);
	if (!o)
		return err_set(err, ERR_MEMORY, "no memory for an alert");
	json_print(o, &json);
	ret->max = SPOOL_FILE_BYTES_MAX;
	stamp_print(SPOOL_WHAT, buf_str(&json), ret);
	return buf_ok(&json, err) && buf_ok(ret, err);
}

/* Copies the strings into text (which is not the text read), so that *ret can borrow from it. */
static bool item_parse(struct str bytes, struct spool_item *ret, uint64_t *ret_seq,
		       struct buf *text, struct err *err)
{
	AUTO(json_t) o = NULL;
	struct str json;
	struct spool_item i = {0};
	struct str *const strings[] = {&i.id, &i.target, &i.key, &i.body};
	static const char *const names[] = {"id", "target", "key", "body"};

	if (!stamp_parse(SPOOL_WHAT, bytes, &json, err) ||
	    !json_read(json, "a spooled alert", &o, err))
		return false;
	int64_t severity = json_int(o, "severity"), seq = json_int(o, "seq");
	for (size_t k = 0; k < ARRAY_N(names); k++) {
		*strings[k] = json_str(o, names[k]);
		if (!strings[k]->n)
			return err_set(err, ERR_SYNTAX, "a spooled alert has no \"%s\"", names[k]);
	}
	if (severity < SEVERITY_INFO || severity > SEVERITY_CRITICAL || seq <= 0 ||
	    i.target.n >= NAME_BYTES_MAX || i.id.n >= SPOOL_ID_BYTES)
		return err_set(err, ERR_SYNTAX, "a spooled alert has a field out of range");
	i.severity = (enum severity)severity;
	i.is_resolved = json_is_true(json_object_get(o, "resolved"));
	i.not_before.us = json_int(o, "notBeforeUs");
	i.since.us = json_int(o, "sinceUs");

	struct buf out = {.max = SPOOL_FILE_BYTES_MAX};
	for (size_t k = 0; k < ARRAY_N(names); k++)
		buf_add(&out, strings[k]->p, strings[k]->n);
	if (!buf_ok(&out, err)) {
		buf_fini(&out);
		return false;
	}
	size_t at = 0;
	for (size_t k = 0; k < ARRAY_N(names); k++) {
		strings[k]->p = out.p + at;
		at += strings[k]->n;
	}
	*ret = i;
	*ret_seq = (uint64_t)seq;
	*text = out;
	return true;
}

static void place_fill(struct place *p, const struct spool_item *i, uint64_t seq)
{
	*p = (struct place){.is_used = true,
			    .is_resolved = i->is_resolved,
			    .severity = i->severity,
			    .seq = seq,
			    .key_hash = hash64(i->key, 0),
			    .since = i->since,
			    .not_before = i->not_before};
	bool fits = copy_str(p->target, sizeof(p->target), i->target);
	ASSERT(fits); /* checked where the item came from */
}

/* ---- open ---- */

/* A place that holds nothing of ours is made free. */
static void place_open(struct spool *s, int k)
{
	char path[PATH_BYTES_MAX + 16];
	struct err why = ERR_INIT;
	struct file_view view = {0};
	struct spool_item item;
	auto_buf struct buf bytes = {0};
	auto_buf struct buf text = {0};
	uint64_t seq;

	path_of(s, k, path);
	if (s->files.ops->look(s->files.self, path, &view, &why) && !view.exists)
		return;
	why = ERR_INIT;
	if (s->files.ops->read_text(s->files.self, path, SPOOL_FILE_BYTES_MAX, &bytes, NULL,
				    &why) &&
	    item_parse(buf_str(&bytes), &item, &seq, &text, &why)) {
		place_fill(&s->places[k], &item, seq);
		s->next_seq = MAX(s->next_seq, seq + 1);
		return;
	}
	if (why.kind == ERR_NOT_FOUND)
		return;
	s->corrupt_n++;
	if (why.kind == ERR_SYNTAX || why.kind == ERR_LIMIT || why.kind == ERR_UNSAFE_FILE)
		s->places[k].must_remove = true;
	else
		s->places[k].is_blocked = true;
}

/* A place that could not be freed is tried again; it is used for nothing meanwhile. */
static void place_free(struct spool *s, int k)
{
	char path[PATH_BYTES_MAX + 16];
	struct err why = ERR_INIT;
	struct place *p = &s->places[k];
	bool was_in_memory = p->text != NULL;

	if (was_in_memory) {
		free(p->text);
		s->in_memory_n--;
	}
	*p = (struct place){0};
	if (was_in_memory)
		return;
	path_of(s, k, path);
	p->must_remove = !s->files.ops->remove(s->files.self, path, &why);
}

static void places_sweep(struct spool *s)
{
	for (int k = 0; k < SPOOL_FILES_MAX; k++)
		if (s->places[k].must_remove)
			place_free(s, k);
}

bool spool_open(const struct files_port *files, const char *directory, struct spool **ret,
		struct err *err)
{
	struct spool *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(err, ERR_MEMORY, "no memory for the spool");
	s->files = *files;
	s->next_seq = 1;
	if (!copy_z(s->directory, sizeof(s->directory), directory)) {
		free(s);
		return err_set(err, ERR_LIMIT, "the path of the spool is too long");
	}
	for (int k = 0; k < SPOOL_FILES_MAX; k++)
		place_open(s, k);
	places_sweep(s);
	*ret = s;
	return true;
}

void spool_free(struct spool *s)
{
	if (!s)
		return;
	for (int k = 0; k < SPOOL_FILES_MAX; k++)
		free(s->places[k].text);
	free(s);
}

unsigned spool_corrupt_n(const struct spool *s)
{
	return s->corrupt_n;
}

uint64_t spool_dropped_n(const struct spool *s, enum severity severity)
{
	ASSERT(severity <= SEVERITY_CRITICAL);
	return s->dropped_n[severity];
}

/* ---- add and overflow ---- */

/* The oldest of the least grave that is not being sent. */
static int find_victim(const struct spool *s)
{
	int best = -1;
	for (int k = 0; k < SPOOL_FILES_MAX; k++) {
		const struct place *p = &s->places[k];
		if (!p->is_used || p->is_held)
			continue;
		if (best < 0 || p->severity < s->places[best].severity ||
		    (p->severity == s->places[best].severity && p->seq < s->places[best].seq))
			best = k;
	}
	return best;
}

static int find_free(const struct spool *s)
{
	for (int k = 0; k < SPOOL_FILES_MAX; k++)
		if (!s->places[k].is_used && !s->places[k].must_remove && !s->places[k].is_blocked)
			return k;
	return -1;
}

static bool place_in_memory(struct spool *s, struct place *p, const struct buf *text,
			    struct err *err)
{
	if (s->in_memory_n >= SPOOL_MEMORY_MAX)
		return err_set(err, ERR_LIMIT,
			       "the disk takes no alert, and %d are held in memory already",
			       SPOOL_MEMORY_MAX);
	p->text = malloc(text->n + 1);
	if (!p->text)
		return err_set(err, ERR_MEMORY, "no memory for an alert");
	memcpy(p->text, buf_z(text), text->n + 1);
	p->text_n = text->n;
	s->in_memory_n++;
	return true;
}

bool spool_add(struct spool *s, const struct spool_item *item, bool *ret_is_on_disk,
	       struct err *err)
{
	char path[PATH_BYTES_MAX + 16];
	auto_buf struct buf text = {0};
	struct err why = ERR_INIT;

	ASSERT(item->target.n < NAME_BYTES_MAX);
	ASSERT(item->id.n < SPOOL_ID_BYTES);
	ASSERT(item->severity <= SEVERITY_CRITICAL);
	places_sweep(s);
	if (!item_print(item, s->next_seq, &text, err))
		return false;
	int k = find_free(s);
	if (k < 0) {
		int victim = find_victim(s);
		if (victim < 0 || s->places[victim].severity > item->severity) {
			s->dropped_n[item->severity]++;
			*ret_is_on_disk = false;
			return true;
		}
		s->dropped_n[s->places[victim].severity]++;
		place_free(s, victim);
		k = s->places[victim].must_remove ? -1 : victim;
		if (k < 0)
			return err_set(err, ERR_LIMIT, "no place in the spool can be freed");
	}
	path_of(s, k, path);
	const struct file_put put = {.path = path, .bytes = buf_str(&text), .mode = 0600};
	bool is_on_disk = s->files.ops->put(s->files.self, &put, &why);
	struct place p;
	place_fill(&p, item, s->next_seq);
	if (!is_on_disk && !place_in_memory(s, &p, &text, err))
		return false;
	s->places[k] = p;
	s->next_seq++;
	*ret_is_on_disk = is_on_disk;
	return true;
}

/* ---- reading ---- */

static int64_t wait_of(const struct place *p, struct wall now)
{
	int64_t wait_us = p->not_before.us - now.us;
	return wait_us > 0 && wait_us <= SPOOL_DELAY_MAX_US ? wait_us : 0;
}

int spool_find_next(const struct spool *s, const char *target, struct wall now,
		    int64_t *ret_wait_us)
{
	int best = -1;
	int64_t wait_us = 0;

	for (int k = 0; k < SPOOL_FILES_MAX; k++) {
		const struct place *p = &s->places[k];
		if (!p->is_used || p->is_held || strcmp(p->target, target) != 0)
			continue;
		int64_t w = wait_of(p, now);
		if (w > 0)
			wait_us = wait_us ? MIN(wait_us, w) : w;
		else if (best < 0 || p->seq < s->places[best].seq)
			best = k;
	}
	if (best < 0 && wait_us > 0)
		*ret_wait_us = wait_us;
	return best;
}

bool spool_hold(struct spool *s, int place, struct spool_item *ret, struct buf *ret_text,
		struct err *err)
{
	char path[PATH_BYTES_MAX + 16];
	auto_buf struct buf bytes = {0};
	uint64_t seq;

	ASSERT(place >= 0);
	ASSERT(place < SPOOL_FILES_MAX);
	struct place *p = &s->places[place];
	ASSERT(p->is_used);
	path_of(s, place, path);
	struct str text = {.p = p->text, .n = p->text_n};
	if (!p->text) {
		if (!s->files.ops->read_text(s->files.self, path, SPOOL_FILE_BYTES_MAX, &bytes,
					     NULL, err)) {
			s->corrupt_n++;
			place_free(s, place);
			return err_in(err, "reading a spooled alert");
		}
		text = buf_str(&bytes);
	}
	struct spool_item item;
	struct buf held = {0};
	if (!item_parse(text, &item, &seq, &held, err)) {
		s->corrupt_n++;
		place_free(s, place);
		return err_in(err, "reading a spooled alert");
	}
	p->is_held = true;
	*ret = item;
	*ret_text = held;
	return true;
}

void spool_release(struct spool *s, int place)
{
	ASSERT(place >= 0);
	ASSERT(place < SPOOL_FILES_MAX);
	s->places[place].is_held = false;
}

void spool_remove(struct spool *s, int place)
{
	ASSERT(place >= 0);
	ASSERT(place < SPOOL_FILES_MAX);
	place_free(s, place);
}

unsigned spool_withdraw(struct spool *s, const char *key)
{
	uint64_t hash = hash64(str_of(key), 0);
	unsigned n = 0;
	for (int k = 0; k < SPOOL_FILES_MAX; k++) {
		struct place *p = &s->places[k];
		if (p->is_used && !p->is_held && p->not_before.us && p->key_hash == hash) {
			place_free(s, k);
			n++;
		}
	}
	return n;
}

unsigned spool_remove_target(struct spool *s, const char *target)
{
	unsigned n = 0;
	for (int k = 0; k < SPOOL_FILES_MAX; k++) {
		struct place *p = &s->places[k];
		if (p->is_used && !p->is_held && strcmp(p->target, target) == 0) {
			place_free(s, k);
			n++;
		}
	}
	return n;
}

unsigned spool_n(const struct spool *s, const char *target)
{
	unsigned n = 0;
	for (int k = 0; k < SPOOL_FILES_MAX; k++)
		n += s->places[k].is_used && (!target || strcmp(s->places[k].target, target) == 0);
	return n;
}

struct wall spool_oldest(const struct spool *s, const char *target)
{
	struct wall oldest = {.us = 0};
	for (int k = 0; k < SPOOL_FILES_MAX; k++) {
		const struct place *p = &s->places[k];
		if (p->is_used && p->since.us && (!target || strcmp(p->target, target) == 0) &&
		    (!oldest.us || p->since.us < oldest.us))
			oldest = p->since;
	}
	return oldest;
}

void spool_targets(const struct spool *s, void (*fn)(void *self, const char *target), void *self)
{
	for (int k = 0; k < SPOOL_FILES_MAX; k++)
		if (s->places[k].is_used)
			fn(self, s->places[k].target);
}
