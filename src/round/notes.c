/* SPDX-License-Identifier: Apache-2.0 */
/* The seat's notes as JSON text and back, from one table of fields. */
#include <jansson.h>
#include <string.h>

#include "base/cleanup.h"
#include "codec/json_mem.h"
#include "round/seat.h"

enum note_kind {
	NOTE_TEXT,
	NOTE_BOOL,
	NOTE_WALL,
	NOTE_INT,
	NOTE_U64,
	NOTE_RING,
	NOTE_STAGE,
	NOTE_TARGET
};
#define ROW(k, f)                                                                                  \
	{                                                                                          \
#f, k, offsetof(struct notes, f), sizeof(((struct notes *)0)->f)                   \
	}
static const struct {
	const char *name;
	enum note_kind kind;
	size_t offset, size;
} note_table[] = {
    ROW(NOTE_TEXT, me),
    ROW(NOTE_TEXT, loaded_process),
    ROW(NOTE_RING, loaded),
    ROW(NOTE_BOOL, has_written),
    ROW(NOTE_U64, written_device),
    ROW(NOTE_U64, written_inode),
    ROW(NOTE_INT, written_size),
    ROW(NOTE_WALL, written_modified),
    ROW(NOTE_WALL, written_changed),
    ROW(NOTE_RING, written_ring),
    ROW(NOTE_BOOL, job_is_open),
    ROW(NOTE_BOOL, job_is_rollback),
    ROW(NOTE_TEXT, job_process),
    ROW(NOTE_WALL, job_begun_at),
    ROW(NOTE_RING, job_ring),
    ROW(NOTE_WALL, step_down_refused_at),
    ROW(NOTE_WALL, restored_at),
    ROW(NOTE_WALL, mended_at),
    ROW(NOTE_TEXT, mended_why),
    ROW(NOTE_WALL, rolled_back_at),
    ROW(NOTE_WALL, restart_failed_at),
    ROW(NOTE_WALL, restart_owed_since),
    ROW(NOTE_INT, restart_tries),
    ROW(NOTE_TEXT, rolled_back_why),
    ROW(NOTE_TEXT, restart_owed_why),
    ROW(NOTE_TEXT, step_down_why),
    ROW(NOTE_INT, step_down_took_us),
    ROW(NOTE_INT, rolled_back_away_us),
    ROW(NOTE_INT, turn_took_us),
    ROW(NOTE_INT, rolled_back_hold),
    ROW(NOTE_STAGE, stage),
    ROW(NOTE_TEXT, staged_serial),
    ROW(NOTE_TEXT, cert_order),
    ROW(NOTE_TARGET, cert_target),
    ROW(NOTE_TEXT, cert_order_half),
    ROW(NOTE_TEXT, cert_order_done),
    ROW(NOTE_TEXT, cert_order_refused),
    ROW(NOTE_BOOL, is_cert_taken_back),
    ROW(NOTE_BOOL, is_cert_denied),
    ROW(NOTE_BOOL, is_reload_open),
    ROW(NOTE_TEXT, reload_why),
    ROW(NOTE_WALL, asked_at),
    ROW(NOTE_WALL, retry_at),
    ROW(NOTE_WALL, retry_since),
    ROW(NOTE_TEXT, cert_why),
    ROW(NOTE_TEXT, cookie),
    ROW(NOTE_TEXT, config_process),
    ROW(NOTE_TEXT, config_hash),
    ROW(NOTE_BOOL, changed_keyfile),
    ROW(NOTE_BOOL, changed_certificate),
    ROW(NOTE_WALL, changed_at),
    ROW(NOTE_WALL, changed_due),
    ROW(NOTE_INT, changed_tries),
    ROW(NOTE_WALL, first_seen),
    ROW(NOTE_TEXT, founding),
    ROW(NOTE_U64, approved_generation),
};

static json_t *ring_encode(const struct ring_ids *r)
{
	json_t *a = json_array();
	if (!r->is_known) {
		json_decref(a);
		return json_null();
	}
	for (unsigned i = 0; i < r->n; i++)
		json_array_append_new(a, json_string(r->ids[i].hex));
	return a;
}

static bool ring_decode(const json_t *a, struct ring_ids *ret)
{
	*ret = (struct ring_ids){.is_known = json_is_array(a)};
	if (!ret->is_known)
		return json_is_null(a);
	if (json_array_size(a) > KEYS_PER_FILE_MAX)
		return false;
	for (size_t i = 0; i < json_array_size(a); i++) {
		const char *hex = json_string_value(json_array_get(a, i));
		if (!hex || !copy_z(ret->ids[i].hex, sizeof(ret->ids[i].hex), hex))
			return false;
	}
	ret->n = (unsigned)json_array_size(a);
	return true;
}

bool notes_encode(const struct notes *n, struct buf *ret, struct err *err)
{
	AUTO(json_t) root = json_object();
	for (size_t i = 0; i < ARRAY_N(note_table); i++) {
		const void *p = (const char *)n + note_table[i].offset;
		json_t *v = NULL;
		switch (note_table[i].kind) {
		case NOTE_TEXT:
			v = json_string(p);
			break;
		case NOTE_BOOL:
			v = json_boolean(*(const bool *)p);
			break;
		case NOTE_WALL:
			v = json_integer(((const struct wall *)p)->us);
			break;
		case NOTE_INT:
			v = json_integer(*(const int64_t *)p);
			break;
		case NOTE_U64:
			v = json_integer((json_int_t) * (const uint64_t *)p);
			break;
		case NOTE_RING:
			v = ring_encode(p);
			break;
		case NOTE_STAGE:
			v = json_integer((json_int_t) * (const enum cert_stage *)p);
			break;
		case NOTE_TARGET:
			v = json_integer((json_int_t) * (const enum cert_target *)p);
			break;
		}
		/* A text with bytes that are no UTF-8 (a server's words) is left out rather than
		 * lost with the rest. */
		if (v)
			json_object_set_new(root, note_table[i].name, v);
	}
	char *text = json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS);
	if (!text)
		return err_set(err, ERR_MEMORY, "no memory for the notes");
	buf_clear(ret);
	buf_adds(ret, text);
	json_text_free(text);
	return buf_ok(ret, err);
}

bool notes_decode(struct str text, struct notes *ret, struct err *err)
{
	json_error_t why;
	struct notes n = {.has_written = false};
	AUTO(json_t) root = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &why);
	if (!root || !json_is_object(root))
		return err_set(err, ERR_SYNTAX, "the notes are no JSON object");
	for (size_t i = 0; i < ARRAY_N(note_table); i++) {
		const json_t *v = json_object_get(root, note_table[i].name);
		void *p = (char *)&n + note_table[i].offset;
		bool ok = true;
		if (!v)
			continue;
		switch (note_table[i].kind) {
		case NOTE_TEXT:
			ok = json_is_string(v) &&
			     copy_z(p, note_table[i].size, json_string_value(v));
			break;
		case NOTE_BOOL:
			*(bool *)p = json_is_true(v);
			break;
		case NOTE_WALL:
			((struct wall *)p)->us = json_integer_value(v);
			break;
		case NOTE_INT:
			*(int64_t *)p = json_integer_value(v);
			break;
		case NOTE_U64:
			*(uint64_t *)p = (uint64_t)json_integer_value(v);
			break;
		case NOTE_RING:
			ok = ring_decode(v, p);
			break;
		case NOTE_STAGE:
			ok = json_integer_value(v) >= CERT_STAGE_NONE &&
			     json_integer_value(v) <= CERT_STAGE_GOING_BACK;
			if (ok)
				*(enum cert_stage *)p = (enum cert_stage)json_integer_value(v);
			break;
		case NOTE_TARGET:
			ok = json_integer_value(v) == CERT_KEY_FILE ||
			     json_integer_value(v) == CERT_CLUSTER_FILE;
			if (ok)
				*(enum cert_target *)p = (enum cert_target)json_integer_value(v);
			break;
		}
		if (!ok)
			return err_set(err, ERR_INVALID, "the notes have a bad '%s'",
				       note_table[i].name);
	}
	*ret = n;
	return true;
}

void notes_written(struct notes *n, const struct file_view *view)
{
	n->has_written = true;
	n->written_device = view->device;
	n->written_inode = view->inode;
	n->written_size = view->size;
	n->written_modified = view->modified;
	n->written_changed = view->changed;
}

void notes_restarted(struct notes *n)
{
	n->restart_failed_at.us = n->restart_owed_since.us = n->restart_tries = 0;
}

void notes_resumed(struct notes *n)
{
	n->rolled_back_at.us = n->rolled_back_hold = 0;
}
