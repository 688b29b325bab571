/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include <string.h>

#include "codec/dn.h"

static void names_go_there_and_back(void **state)
{
	static const struct {
		const char *text, *printed, *membership;
	} rows[] = {
	    {"CN=db1,OU=mongo,O=acme", "CN=db1,OU=mongo,O=acme", "O=acme,OU=mongo"},
	    {"cn=db1, ou=mongo ,o=acme", "CN=db1,OU=mongo,O=acme", "O=acme,OU=mongo"},
	    {"CN=db1,OU=b,OU=a,O=acme,C=DE", "CN=db1,OU=b,OU=a,O=acme,C=DE", "O=acme,OU=a,OU=b"},
	    {"CN=x,OU=a,OU=a", "CN=x,OU=a,OU=a", "OU=a,OU=a"},
	    {"CN=x,DC=example,DC=net", "CN=x,DC=example,DC=net", "DC=example,DC=net"},
	    {"CN=x+OU=mongo,O=acme", "CN=x+OU=mongo,O=acme", "O=acme,OU=mongo"},
	    {"O=Acme\\, Inc.", "O=Acme\\, Inc.", "O=Acme\\, Inc."},
	    {"O=a\\,OU=b", "O=a\\,OU=b", "O=a\\,OU=b"},
	    {"O=J\xc3\xa4ger", "O=J\\C3\\A4ger", "O=J\\C3\\A4ger"},
	    {"O=J\\c3\\A4ger", "O=J\\C3\\A4ger", "O=J\\C3\\A4ger"},
	    {"O=\\ a\\ ", "O=\\ a\\ ", "O=\\ a\\ "},
	    {"O=\\#1", "O=\\#1", "O=\\#1"},
	    {"1.2.3.4=x,CN=y", "1.2.3.4=x,CN=y", ""},
	    {"2.5.4.10=acme", "O=acme", "O=acme"},
	    {"CN=only", "CN=only", ""},
	    {"", "", ""},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		char text[DN_BYTES_MAX], membership[DN_BYTES_MAX];
		X509_NAME *name = dn_parse(str_of(rows[i].text), &err);
		if (!name)
			fail_msg("'%s': %s", rows[i].text, err.text);
		assert_true(dn_print(name, text, &err));
		assert_string_equal(text, rows[i].printed);
		assert_true(dn_membership(name, membership, &err));
		assert_string_equal(membership, rows[i].membership);
		X509_NAME_free(name);
	}
}

static void bad_names_are_refused_at_the_right_character(void **state)
{
	static const struct {
		const char *text;
		int column;
	} rows[] = {
	    {"db1", 1},      {"CN", 1},        {"CN=a,", 5},    {"CN=a,b", 6},
	    {"XQ=a", 1},     {"=a", 1},        {"CN=a\\", 5},   {"CN=a\\4", 5},
	    {"CN=#0403", 4}, {"CN=\"a\"", 4},  {"CN=<a>", 4},   {"CN=a,=b", 6},
	    {"CN=a+", 5},    {"CN=a;;O=b", 6}, {"9.2=x", 1}, {"serverAuth2=x", 1},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		X509_NAME *name = dn_parse(str_of(rows[i].text), &err);
		if (name)
			fail_msg("'%s' was taken", rows[i].text);
		assert_int_equal(err.kind, ERR_SYNTAX);
		assert_int_equal(err.column, rows[i].column);
	}
}

static void names_beyond_the_bounds_are_refused(void **state)
{
	struct err err = ERR_INIT;
	struct buf text = {0};
	for (int i = 0; i <= DN_ENTRIES_MAX; i++)
		buf_adds(&text, i ? ",OU=a" : "OU=a");
	assert_null(dn_parse(buf_str(&text), &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	buf_clear(&text);
	err = ERR_INIT;
	buf_adds(&text, "O=");
	while (text.n < DN_BYTES_MAX)
		buf_addc(&text, 'a');
	assert_null(dn_parse(buf_str(&text), &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	err = ERR_INIT;
	assert_null(dn_parse(STR("C=Germany"), &err)); /* two letters only */
	assert_int_equal(err.kind, ERR_SYNTAX);
	err = ERR_INIT;
	assert_null(dn_parse(STR("CN=a,O="), &err)); /* empty */
	assert_int_equal(err.kind, ERR_SYNTAX);
	err = ERR_INIT;
	assert_null(dn_parse(STR("O=\xff\xfe"), &err)); /* no UTF-8 */
	assert_int_equal(err.kind, ERR_SYNTAX);
	buf_fini(&text);
}

static void case_and_repeats_count_for_membership(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
	    {"CN=a,OU=mongo,O=acme", "CN=b,O=acme,OU=mongo", true},
	    {"CN=a,OU=mongo,O=acme", "C=DE,CN=b,O=acme,OU=mongo", true},
	    {"CN=a,OU=mongo,O=acme", "CN=b,O=Acme,OU=mongo", false},
	    {"CN=a,OU=mongo,O=acme", "CN=b,O=acme,OU=mongo,OU=mongo", false},
	    {"CN=a,OU=mongo,O=acme", "CN=b,O=acme", false},
	    {"CN=a,O=a\\,OU=b", "CN=a,O=a,OU=b", false},
	};
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct err err = ERR_INIT;
		char a[DN_BYTES_MAX], b[DN_BYTES_MAX];
		assert_true(dn_membership_of(rows[i].a, a, &err));
		assert_true(dn_membership_of(rows[i].b, b, &err));
		assert_int_equal(strcmp(a, b) == 0, rows[i].same);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_go_there_and_back),
	    cmocka_unit_test(bad_names_are_refused_at_the_right_character),
	    cmocka_unit_test(names_beyond_the_bounds_are_refused),
	    cmocka_unit_test(case_and_repeats_count_for_membership),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
