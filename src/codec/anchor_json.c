/* SPDX-License-Identifier: Apache-2.0 */
/* The anchor's text, from one field table. */
#include "codec/anchor_json.h"

#include <string.h>

#include "base/cleanup.h"
#include "codec/base64.h"
#include "codec/digest.h"
#include "codec/field_table.h"
#include "codec/ledger_json.h"

#define ANCHOR_TYPE "rotad-anchor/1"
#define SUM_PREFIX "sha256 "

/* What stands in the file. */
struct anchor_file {
	struct anchor anchor;
	struct digest machine;
};

static const char *const vote_list[] = {
    [VOTE_NONE] = "none", [VOTE_YEA] = "yea", [VOTE_NAY] = "nay"};
static const struct field_words vote_words = {.words = vote_list, .n = ARRAY_N(vote_list)};

static const struct field_row vote_rows[] = {
    FIELD_IN(struct anchor_file, anchor.votes, host, FIELD_LINE, true, "host"),
    {.name = "vote",
     .kind = FIELD_WORD,
     .offset = offsetof(struct anchor_file, anchor.votes[0].word) -
	       offsetof(struct anchor_file, anchor.votes[0]),
     .words = &vote_words},
    FIELD_IN(struct anchor_file, anchor.votes, generation, FIELD_UINT64, true, "generation"),
};
static const struct field_row retired_rows[] = {
    FIELD(struct key_name, id.hex, FIELD_HEX, "id"),
    FIELD(struct key_name, number, FIELD_UNSIGNED, "number"),
};
static const struct field_row pin_rows[] = {
    FIELD_IN(struct anchor_file, anchor.pins, host, FIELD_LINE, true, "host"),
    FIELD_IN(struct anchor_file, anchor.pins, spki.hex, FIELD_HEX, true, "identity"),
};
static const char *const stand_list[] = {
    [REVOCATION_UNSAID] = "unsaid", [REVOCATION_SAID] = "said", [REVOCATION_FINAL] = "final"};
static const struct field_words stand_words = {.words = stand_list, .n = ARRAY_N(stand_list)};
static const struct field_row revoked_rows[] = {
    FIELD_IN(struct anchor_file, anchor.revoked, spki.hex, FIELD_HEX, true, "identity"),
    FIELD_IN(struct anchor_file, anchor.revoked, generation, FIELD_UINT64, false, "generation"),
    {.name = "stand",
     .kind = FIELD_WORD,
     .offset = offsetof(struct anchor_file, anchor.revoked[0].stand) -
	       offsetof(struct anchor_file, anchor.revoked[0]),
     .words = &stand_words},
};
static const struct field_row anchor_rows[] = {
    FIELD(struct anchor_file, anchor.cluster, FIELD_LINE, "cluster"),
    FIELD(struct anchor_file, anchor.ledger.hex, FIELD_HEX, "ledger"),
    FIELD(struct anchor_file, anchor.generation, FIELD_UINT64, "generation"),
    FIELD(struct anchor_file, anchor.proposal.hex, FIELD_HEX, "proposal"),
    FIELD(struct anchor_file, anchor.schedule_serial, FIELD_UINT64, "scheduleSerial"),
    FIELD(struct anchor_file, anchor.pivot, FIELD_KEY_NAME, "pivot"),
    FIELD(struct anchor_file, anchor.next, FIELD_KEY_NAME, "next"),
    FIELD(struct anchor_file, anchor.standby, FIELD_KEY_NAME, "standby"),
    FIELD(struct anchor_file, anchor.burnt, FIELD_KEY_NAME, "burnt"),
    FIELD(struct anchor_file, anchor.standby_born, FIELD_WALL, "standbyBorn"),
    FIELD_ARRAY(struct anchor_file, anchor.votes, anchor.votes_n, vote_rows, "votes"),
    FIELD_ARRAY(struct anchor_file, anchor.retired, anchor.retired_n, retired_rows, "retired"),
    FIELD_ARRAY(struct anchor_file, anchor.pins, anchor.pins_n, pin_rows, "pins"),
    FIELD_ARRAY(struct anchor_file, anchor.revoked, anchor.revoked_n, revoked_rows, "revoked"),
    FIELD(struct anchor_file, anchor.salt_hex, FIELD_HEX, "salt"),
    FIELD(struct anchor_file, anchor.highest_number, FIELD_UNSIGNED, "highestNumber"),
    FIELD(struct anchor_file, anchor.key_born, FIELD_WALL, "keyBorn"),
    FIELD(struct anchor_file, anchor.is_born_exact, FIELD_BOOL, "bornExact"),
    FIELD_GIVEN(struct anchor_file, machine.hex, FIELD_HEX, "machine"),
};
static const struct field_set anchor_set = {
    .type = ANCHOR_TYPE, .rows = anchor_rows, .rows_n = ARRAY_N(anchor_rows)};

/* The machine id itself is nobody's business (man machine-id): a hash for this use only. */
static bool machine_of(const char *machine_id, struct digest *ret, struct err *err)
{
	unsigned char mac[SHA256_BYTES];
	if (!hex_holds(str_of(machine_id), MACHINE_ID_CHARS))
		return err_set(err, ERR_INVALID, "this machine's id is not %d hex digits",
			       MACHINE_ID_CHARS);
	if (!hmac_sha256(str_of(machine_id), STR(ANCHOR_TYPE), mac, err))
		return false;
	hex_print(mac, sizeof(mac), ret->hex);
	return true;
}

bool anchor_encode(const struct anchor *anchor, const char *machine_id, struct buf *ret_text,
		   struct err *err)
{
	struct canonical_out out;
	struct digest sum;
	auto_wiped_buf struct buf json = {.max = DOC_BYTES_MAX};
	auto_free struct anchor_file *file = calloc(1, sizeof(*file));
	if (!file)
		return err_set(err, ERR_MEMORY, "writing the anchor");
	file->anchor = *anchor;
	canonical_to_buf(&out, &json, DOC_BYTES_MAX);
	if (!machine_of(machine_id, &file->machine, err) ||
	    !fields_encode(&anchor_set, file, &out, err) || !canonical_done(&out, err) ||
	    !sha256_digest(buf_str(&json), &sum, err))
		return err_in(err, "writing the anchor");
	buf_clear(ret_text);
	buf_add(ret_text, json.p, json.n);
	buf_addf(ret_text, "\n" SUM_PREFIX "%s\n", sum.hex);
	return buf_ok(ret_text, err);
}

/* Split off the JSON if the line behind it fits it. */
static bool sum_check(struct str text, struct str *ret_json, struct err *err)
{
	struct str rest = text, json, line;
	struct digest sum;
	if (!str_cut(&rest, '\n', &json) || !str_cut(&rest, '\n', &line) || !rest.p || rest.n ||
	    !str_starts(line, STR(SUM_PREFIX)))
		return err_set(err, ERR_CRYPTO, "torn: its checksum is missing");
	line.p += sizeof(SUM_PREFIX) - 1;
	line.n -= sizeof(SUM_PREFIX) - 1;
	if (!sha256_digest(json, &sum, err))
		return false;
	if (!str_equal_z(line, sum.hex))
		return err_set(err, ERR_CRYPTO, "bent: its checksum is wrong");
	*ret_json = json;
	return true;
}

/* Of this or another version? Only the type is looked for. */
static bool type_check(struct str json, struct err *err)
{
	struct canonical_in in;
	struct canonical_token t;
	struct str raw;
	canonical_open(&in, json);
	if (!canonical_next(&in, &t, err))
		return false;
	if (t.kind != CANONICAL_OPEN_OBJECT)
		return err_set(err, ERR_PROTOCOL, "no object");
	for (;;) {
		if (!canonical_next(&in, &t, err))
			return false;
		if (t.kind != CANONICAL_KEY)
			return err_set(err, ERR_PROTOCOL, "without a type");
		bool is_type = str_equal(t.raw, STR("type"));
		if (!canonical_skip(&in, &raw, err))
			return false;
		if (is_type && raw.n > 2)
			return doc_type_check((struct str){.p = raw.p + 1, .n = raw.n - 2},
					      ANCHOR_TYPE, err);
	}
}

bool anchor_decode(struct str text, const char *machine_id, struct anchor *ret, struct err *err)
{
	struct canonical_in in;
	struct str json;
	struct digest machine;
	auto_free struct anchor_file *file = calloc(1, sizeof(*file));
	if (!file)
		return err_set(err, ERR_MEMORY, "reading the anchor");
	if (!machine_of(machine_id, &machine, err) || !sum_check(text, &json, err) ||
	    !canonical_check(json, DOC_BYTES_MAX, err) || !type_check(json, err))
		return err_in(err, "reading the anchor");
	canonical_open(&in, json);
	if (!fields_decode(&anchor_set, &in, file, err))
		return err_in(err, "reading the anchor");
	if (!digest_equal(&file->machine, &machine)) {
		(void)err_set(
		    err, ERR_REFUSED,
		    "written on another machine: a cloned image or a moved disk; a host of "
		    "its own needs its own state directory");
		return err_in(err, "reading the anchor");
	}
	*ret = file->anchor;
	return true;
}
