/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include <string.h>

#include "authority/authority_local.h"
#include "base/cleanup.h"
#include "codec/ca.h"
#include "codec/csr.h"
#include "codec/x509_view.h"

#define NOW ((struct wall){.us = 1795314976 * US_S})

/* Two files in memory. */
static struct disk {
	struct buf cert;
	struct secret key;
	unsigned key_mode;
	bool is_cert_missing;
	bool is_random_broken;
} disk;
static struct buf csr;
static struct cert_wish wish;

static bool read_text(void *self, const char *path, size_t max, struct buf *ret,
		      struct file_view *ret_view, struct err *err)
{
	assert_string_equal(path, "/ca.pem");
	if (disk.is_cert_missing)
		return err_set(err, ERR_NOT_FOUND, "no such file");
	buf_add(ret, disk.cert.p, disk.cert.n);
	return buf_ok(ret, err);
}

static bool read_secret(void *self, const char *path, size_t max, struct secret *ret,
			struct file_view *ret_view, struct err *err)
{
	assert_string_equal(path, "/ca.key");
	*ret_view = (struct file_view){.exists = true, .mode = disk.key_mode};
	return secret_from(ret, disk.key.p, disk.key.n, err);
}

static bool give_random(void *self, void *out, size_t n, struct err *err)
{
	static unsigned char next = 0x10;
	if (disk.is_random_broken)
		return err_set(err, ERR_SYSTEM, "no random bytes");
	memset(out, next++, n);
	return true;
}

static const struct files_ops files_ops = {.read_text = read_text, .read_secret = read_secret};
static const struct host_ops host_ops = {.random = give_random};
static const struct files_port files = {.ops = &files_ops};
static const struct host_port host = {.ops = &host_ops};

static int make(void **state)
{
	struct err err = ERR_INIT;
	const struct ca_root_wish w = {
	    .subject = "CN=house", .valid_for_us = 365 * US_DAY, .now = NOW, .serial = {{1}}};
	auto_secret struct secret key = {0};
	wish = (struct cert_wish){.subject = "CN=db1,O=acme",
				  .membership = "O=acme",
				  .names_n = 1,
				  .names = {"db1.example.net"},
				  .needs_server = true,
				  .needs_client = true};
	assert_true(ca_root_new(&w, &disk.key, &disk.cert, &err));
	assert_true(csr_key_new(CERT_KEY_P256, 0, &key, &err));
	assert_true(csr_new(&key, &wish, &csr, &err));
	return 0;
}

static int forget(void **state)
{
	buf_fini(&disk.cert);
	secret_fini(&disk.key);
	buf_fini(&csr);
	return 0;
}

static struct authority_local local(int64_t for_us)
{
	struct err err = ERR_INIT;
	struct authority_local a;
	const struct authority_local_config c = {
	    .ca_file = "/ca.pem", .key_file = "/ca.key", .valid_for_us = for_us};
	disk.key_mode = 0600;
	disk.is_cert_missing = disk.is_random_broken = false;
	assert_true(authority_local_init(&a, &c, &files, &host, &err));
	return a;
}

static void it_issues_what_the_wish_says(void **state)
{
	static const struct {
		int64_t config_us, wish_us, left_us;
	} rows[] = {{0, 0, 90 * US_DAY},
		    {30 * US_DAY, 0, 30 * US_DAY},
		    {30 * US_DAY, 7 * US_DAY, 7 * US_DAY}};
	char serials[ARRAY_N(rows)][64];
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		struct authority_local a = local(rows[i].config_us);
		struct cert_wish w = wish;
		w.valid_for_us = rows[i].wish_us;
		const struct authority_request r = {.instance = "rs0-a",
						    .csr_pem = buf_str(&csr),
						    .wish = &w,
						    .cookie = "",
						    .now = NOW};
		struct authority_answer answer = {0};
		assert_true(authority_local_ops.issue(&a, &r, &answer, &err));
		assert_int_equal(answer.outcome, AUTHORITY_ISSUED);
		struct cert_view v;
		assert_true(x509_view_pem(buf_str(&answer.chain_pem), NULL, &v, &err));
		assert_string_equal(v.subject, "CN=db1,O=acme");
		assert_string_equal(v.names[0], "db1.example.net");
		assert_int_equal(v.not_after.us - NOW.us, rows[i].left_us);
		assert_true(copy_z(serials[i], sizeof(serials[i]), v.serial));
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(serials[i], serials[j]);
		buf_fini(&answer.chain_pem);
	}
}

static void what_will_not_get_better_is_refused_the_rest_is_tried_again(void **state)
{
	static const struct {
		const char *label;
		const char *csr; /* NULL: the good one */
		const char *name;
		unsigned mode;
		bool is_cert_missing, is_random_broken;
		int64_t at_us;
		bool is_refusal; /* else an error to try again after */
		enum err_kind kind;
	} rows[] = {
	    {"another member's name", NULL, "db2.example.net", 0600, false, false, 0, true,
	     ERR_REFUSED},
	    {"garbage", "no request", "db1.example.net", 0600, false, false, 0, true, ERR_SYNTAX},
	    {"the CA ended", NULL, "db1.example.net", 0600, false, false, 366 * US_DAY, true,
	     ERR_REFUSED},
	    {"key readable by a group", NULL, "db1.example.net", 0640, false, false, 0, false,
	     ERR_UNSAFE_FILE},
	    {"key readable by all", NULL, "db1.example.net", 0604, false, false, 0, false,
	     ERR_UNSAFE_FILE},
	    {"file away", NULL, "db1.example.net", 0600, true, false, 0, false, ERR_NOT_FOUND},
	    {"no randomness", NULL, "db1.example.net", 0600, false, true, 0, false, ERR_SYSTEM},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		struct authority_local a = local(0);
		struct cert_wish w = wish;
		assert_true(copy_z(w.names[0], sizeof(w.names[0]), rows[i].name));
		disk.key_mode = rows[i].mode;
		disk.is_cert_missing = rows[i].is_cert_missing;
		disk.is_random_broken = rows[i].is_random_broken;
		const struct authority_request r = {.instance = "rs0-a",
						    .csr_pem = rows[i].csr ? str_of(rows[i].csr)
									   : buf_str(&csr),
						    .wish = &w,
						    .cookie = "",
						    .now = wall_add(NOW, rows[i].at_us)};
		struct authority_answer answer = {0};
		bool ok = authority_local_ops.issue(&a, &r, &answer, &err);
		if (ok != rows[i].is_refusal || err.kind != rows[i].kind)
			fail_msg("%s: %s", rows[i].label, err.text);
		if (ok)
			assert_int_equal(answer.outcome, AUTHORITY_REFUSED);
		assert_int_equal(answer.chain_pem.n, 0);
	}
}

static void a_probe_tells_when_the_ca_ends_and_signs_nothing(void **state)
{
	struct err err = ERR_INIT;
	struct wall end = {0};
	struct authority_local a = local(0);
	disk.is_random_broken = true; /* a signature would need a serial number */
	assert_true(authority_local_probe(&a, NOW, &end, &err));
	assert_int_equal(end.us - NOW.us, 365 * US_DAY);
	assert_false(authority_local_probe(&a, wall_add(NOW, 365 * US_DAY), &end, &err));
	assert_int_equal(err.kind, ERR_REFUSED);
	err = ERR_INIT;
	disk.key_mode = 0644;
	assert_false(authority_local_probe(&a, NOW, &end, &err));
	assert_int_equal(err.kind, ERR_UNSAFE_FILE);
}

static void a_configuration_that_cannot_work_is_refused(void **state)
{
	static const struct authority_local_config rows[] = {
	    {.ca_file = NULL, .key_file = "/k"},
	    {.ca_file = "/c", .key_file = ""},
	    {.ca_file = "/c", .key_file = "/k", .valid_for_us = -1},
	    {.ca_file = "/c", .key_file = "/k", .valid_for_us = 826 * US_DAY},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		struct authority_local a;
		assert_false(authority_local_init(&a, &rows[i], &files, &host, &err));
		assert_int_equal(err.kind, ERR_INVALID);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_issues_what_the_wish_says),
	    cmocka_unit_test(what_will_not_get_better_is_refused_the_rest_is_tried_again),
	    cmocka_unit_test(a_probe_tells_when_the_ca_ends_and_signs_nothing),
	    cmocka_unit_test(a_configuration_that_cannot_work_is_refused),
	};
	return cmocka_run_group_tests(tests, make, forget);
}
