/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include <string.h>

#include "sys/host_linux.h"

static void clocks_go_forward(void **state)
{
	struct host_port h = host_linux();
	struct mono a = h.ops->boot(h.self);
	struct mono b = h.ops->boot(h.self);
	assert_true(a.us > 0);
	assert_true(b.us >= a.us);
	assert_true(h.ops->now(h.self).us > a.us); /* the epoch is before any boot */
}

static void random_bytes_differ(void **state)
{
	struct host_port h = host_linux();
	struct err err = ERR_INIT;
	unsigned char a[1024] = {0}, b[1024] = {0};
	assert_true(h.ops->random(h.self, a, sizeof(a), &err));
	assert_true(h.ops->random(h.self, b, sizeof(b), &err));
	assert_memory_not_equal(a, b, sizeof(a));
	assert_memory_not_equal(a + 512, b, 512);
	memset(b, 0, sizeof(b));
	assert_true(h.ops->random(h.self, b, 0, &err));
	assert_int_equal(b[0], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(clocks_go_forward),
	    cmocka_unit_test(random_bytes_differ),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
