/*
 * As much of cmocka's interface as the unit tests of src/base and src/line
 * use, for compilers without a cmocka of their own (another word size, another
 * C library).  A failed assertion ends its test, and the program fails.
 */
#ifndef SR_TESTS_PORTABILITY_CMOCKA_H
#define SR_TESTS_PORTABILITY_CMOCKA_H

#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct CMUnitTest {
	const char *name;
	void (*test)(void **state);
};

static jmp_buf cmocka_failed;

static inline void
cmocka_check(int good, const char *what, const char *file, int line)
{
	if (good)
		return;
	fprintf(stderr, "%s:%d: %s\n", file, line, what);
	longjmp(cmocka_failed, 1);
}

static inline int
cmocka_run(const struct CMUnitTest *tests, size_t n)
{
	volatile int failed = 0;

	for (volatile size_t i = 0; i < n; i++) {
		void *state = NULL;

		if (setjmp(cmocka_failed) == 0) {
			tests[i].test(&state);
			continue;
		}
		fprintf(stderr, "%s: failed\n", tests[i].name);
		failed++;
	}
	printf("%zu tests, %d failed\n", n, failed);
	return failed;
}

#define cmocka_unit_test(f) \
	{ \
#f, f \
	}
#define cmocka_run_group_tests(tests, setup, teardown) \
	((void)(setup), (void)(teardown), \
	    cmocka_run(tests, sizeof(tests) / sizeof((tests)[0])))

#define CMOCKA_CHECK(good, what) cmocka_check(good, what, __FILE__, __LINE__)
#define assert_true(a) CMOCKA_CHECK(!!(a), #a)
#define assert_false(a) CMOCKA_CHECK(!(a), "not " #a)
#define assert_null(a) CMOCKA_CHECK(!(a), #a " is NULL")
#define assert_non_null(a) CMOCKA_CHECK(!!(a), #a " is not NULL")
#define assert_int_equal(a, b) \
	CMOCKA_CHECK((uintmax_t)(a) == (uintmax_t)(b), #a " == " #b)
#define assert_int_not_equal(a, b) \
	CMOCKA_CHECK((uintmax_t)(a) != (uintmax_t)(b), #a " != " #b)
#define assert_in_range(a, min, max) \
	CMOCKA_CHECK((uintmax_t)(a) >= (uintmax_t)(min) && \
		(uintmax_t)(a) <= (uintmax_t)(max), \
	    #a " in " #min ".." #max)
#define assert_ptr_equal(a, b) \
	CMOCKA_CHECK((const void *)(a) == (const void *)(b), #a " == " #b)
#define assert_string_equal(a, b) CMOCKA_CHECK(strcmp(a, b) == 0, #a " == " #b)
#define assert_memory_equal(a, b, n) \
	CMOCKA_CHECK(memcmp(a, b, n) == 0, #a " == " #b)

#endif
