/* base64: the vectors of RFC 4648, every byte at every place of a group, floats of known bits, damage. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../src/io/base64.h"

static const struct {
    const char *bytes, *text;
} vectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xfb\xff\xbf", "+/+/"},
    {"\xff\xff\xff", "////"},
};

static void the_vectors_of_the_rfc(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        size_t n = strlen(vectors[i].bytes);
        char *text = base64_encode(vectors[i].bytes, n), back[8] = "";
        assert_string_equal(text, vectors[i].text);
        assert_true(base64_decode(text, back, n));
        assert_memory_equal(back, vectors[i].bytes, n);
        free(text);
    }
}

static void every_byte_comes_back(void **state)
{
    (void)state;
    for (int at = 0; at < 5; at++)
        for (int c = 0; c < 256; c++) {
            unsigned char bytes[5] = {9, 99, 199, 0, 255}, back[5];
            bytes[at] = (unsigned char)c;
            char *text = base64_encode(bytes, sizeof bytes);
            assert_true(base64_decode(text, back, sizeof back));
            assert_memory_equal(back, bytes, sizeof bytes);
            free(text);
        }
}

static void floats_are_little_endian(void **state)
{
    (void)state;
    static const float v[] = {1.0f, -2.0f, 0.0f, 1.5e-45f};
    float back[4], nan = NAN;
    char *text = base64_encode_floats(v, 4);
    assert_string_equal(text, "AACAPwAAAMAAAAAAAQAAAA=="); /* 3f800000 c0000000 00000000 00000001 */
    assert_true(base64_decode_floats(text, back, 4));
    assert_memory_equal(back, v, sizeof v);
    assert_false(base64_decode_floats(text, back, 3));
    free(text);
    text = base64_encode_floats(&nan, 1);
    assert_true(base64_decode_floats(text, back, 1) && isnan(back[0]));
    free(text);
}

static void damage_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t n;
    } bad[] = {{"Zg=", 1},  {"Zg", 1},   {"Zg==", 2}, {"Zg==", 0}, {"Zm9v", 2}, {"Zm9v", 4},     {"Zm8=", 1},
               {"Zm 9", 3}, {"Z===", 1}, {"====", 1}, {"Zm-_", 3}, {"", 1},     {"Zg==Zg==", 4}, {"Zm9\xff", 3}};
    unsigned char out[8];
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(base64_decode(bad[i].text, out, bad[i].n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_rfc),
        cmocka_unit_test(every_byte_comes_back),
        cmocka_unit_test(floats_are_little_endian),
        cmocka_unit_test(damage_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
