/* golden: a screen as text against the file that was looked at and kept. */
#ifndef FSPLAB_TESTS_GOLDEN_H
#define FSPLAB_TESTS_GOLDEN_H

/* Fails the test, showing the lines that differ, unless TEXT is what tests/golden/NAME.txt holds. With UPDATE_GOLDEN=1 in
 * the environment the file is written instead: look at it before it is committed. Tests run from the project's root. */
void golden_check(const char *name, const char *text);

#endif
