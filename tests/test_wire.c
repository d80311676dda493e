/* wire: what is written is read back, and nothing that a stranger may send is believed or read beyond its end. */
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../src/io/wire.h"

/* A copy of exactly N bytes, so that a sanitizer sees a read beyond them. */
static bool parse(const char *text, size_t n, struct wire_request *r, struct err *err)
{
    char *exact = malloc(n ? n : 1);
    memcpy(exact, text, n);
    *err = (struct err){0};
    bool ok = wire_request_parse(exact, n, r, err);
    free(exact);
    return ok;
}

static void refused_n(const char *text, size_t n)
{
    struct wire_request r;
    struct err err;
    if (parse(text, n, &r, &err))
        fail_msg("taken: %.*s", (int)n, text);
    assert_int_equal(err.code, ERR_FORMAT);
    assert_true(err.msg[0] != 0);
}

static void refused(const char *text)
{
    refused_n(text, strlen(text));
}

static struct wire_request taken(const char *text)
{
    struct wire_request r;
    struct err err;
    if (!parse(text, strlen(text), &r, &err))
        fail_msg("%s: %s", text, err.msg);
    return r;
}

/* ---- requests ---- */

static void there_and_back(const struct wire_request *r)
{
    char *line = wire_request_text(r);
    size_t n = strlen(line);
    assert_true(n > 1 && line[n - 1] == '\n' && strchr(line, '\n') == line + n - 1);
    line[n - 1] = 0;
    struct wire_request got = taken(line);
    assert_int_equal(got.ask, r->ask);
    assert_int_equal(got.n, r->n);
    assert_int_equal(got.trial, r->trial);
    assert_int_equal(got.warm, r->warm);
    assert_int_equal(got.image, r->image);
    assert_int_equal(got.block, r->block);
    for (int i = 0; i < r->n; i++) {
        int k = 0;
        while (k < got.n && strcmp(got.key[k], r->key[i]) != 0)
            k++;
        assert_true(k < got.n);
        assert_memory_equal(&got.value[k], &r->value[i], sizeof(double));
    }
    free(line);
}

static void requests_come_back(void **state)
{
    (void)state;
    for (int ask = WIRE_STATUS; ask <= WIRE_ENQUEUE; ask++)
        there_and_back(&(struct wire_request){.ask = (enum wire_ask)ask});
    there_and_back(&(struct wire_request){.ask = WIRE_SET, .n = 1, .key = {"lambda"}, .value = {0.1}});
    struct wire_request full = {.ask = WIRE_ENQUEUE, .n = WIRE_VALUES};
    const double values[WIRE_VALUES] = {0.1, -0.0, 1e-310, 1.7976931348623157e308, 1.0 / 3, 5e-324, -123456789012345680,
                                        1};
    for (int i = 0; i < WIRE_VALUES; i++) {
        memset(full.key[i], 'a' + i, sizeof full.key[i] - 1);
        full.value[i] = values[i];
    }
    there_and_back(&full);
    struct wire_request odd = {.ask = WIRE_SET, .n = 1, .key = {"\"},\n{\\ \xc3\xa4"}, .value = {2}};
    there_and_back(&odd);
    there_and_back(&(struct wire_request){.ask = WIRE_SKIP});
    there_and_back(&(struct wire_request){.ask = WIRE_CLONE, .trial = 1});
    there_and_back(&(struct wire_request){
        .ask = WIRE_CLONE, .trial = INT_MAX, .warm = true, .n = 2, .key = {"lambda", "batch"}, .value = {0.3, 64}});
    there_and_back(&(struct wire_request){.ask = WIRE_PROBE});
    there_and_back(&(struct wire_request){.ask = WIRE_PROBE, .image = INT_MAX, .block = 12});
}

static void the_greeting_comes_back(void **state)
{
    (void)state;
    char *line = wire_request_text(&(struct wire_request){.ask = WIRE_HELLO, .version = WIRE_VERSION});
    char want[64];
    snprintf(want, sizeof want, "{\"fsplab\":%d}\n", WIRE_VERSION);
    assert_string_equal(line, want);
    free(line);
    assert_int_equal(taken("{\"fsplab\": 7}").version, 7);
    assert_int_equal(taken("{\"fsplab\": 7}").ask, WIRE_HELLO);
    /* not folded into another version by a narrower type */
    refused("{\"fsplab\": 4294967297}");
    refused("{\"fsplab\": -4294967295}");
    refused("{\"fsplab\": 1.0}");
    refused("{\"fsplab\": \"1\"}");
    refused("{\"fsplab\": true}");
}

static void names_are_those_of_the_protocol(void **state)
{
    (void)state;
    assert_string_equal(wire_ask_name(WIRE_STATUS), "status");
    assert_string_equal(wire_ask_name(WIRE_ENQUEUE), "enqueue");
    assert_string_equal(wire_ask_name(WIRE_SKIP), "skip");
    assert_string_equal(wire_ask_name(WIRE_CLONE), "clone");
    assert_string_equal(wire_ask_name(WIRE_PROBE), "probe");
    assert_int_equal(taken("{\"ask\":\"stop\",\"new\":[1,{}]}").ask, WIRE_STOP); /* a later version may add fields */
    refused("{\"ask\":\"hello\"}");
    refused("{\"ask\":\"Stop\"}");
    refused("{\"ask\":\"stop \"}");
    refused("{\"ask\":\"\"}");
    refused("{}");
}

static void garbage_is_refused(void **state)
{
    (void)state;
    static const char *const garbage[] = {"",
                                          " ",
                                          "null",
                                          "1",
                                          "\"stop\"",
                                          "[]",
                                          "[\"stop\"]",
                                          "stop",
                                          "GET / HTTP/1.1",
                                          "{\"ask\":\"stop\"",
                                          "{\"ask\":\"stop\"}}",
                                          "{\"ask\":\"stop\"} {\"ask\":\"stop\"}",
                                          "{'ask':'stop'}",
                                          "{\"ask\":\"stop\",}",
                                          "{\"ask\":\"stop\",\"ask\":\"set\"}",
                                          "{\"ask\":\"st\xff\xfep\"}",
                                          "{\"ask\":\"stop\\u0000\"}",
                                          "{\"ask\":\"\\ud800\"}",
                                          "\xef\xbb\xbf{\"ask\":\"stop\"}"};
    for (size_t i = 0; i < ARRAY_LEN(garbage); i++)
        refused(garbage[i]);
    refused_n("{\"ask\":\"stop\"}\0", 15);
    refused_n("{\"ask\":\"stop\"}\0{\"ask\":\"stop\"}", 29);
    refused_n("{\"ask\":\"st\0op\"}", 15);
    refused_n("\0", 1);
}

static void wrong_types_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"{\"ask\":1}",
                                        "{\"ask\":null}",
                                        "{\"ask\":[\"stop\"]}",
                                        "{\"ask\":\"set\",\"values\":1}",
                                        "{\"ask\":\"set\",\"values\":[1]}",
                                        "{\"ask\":\"set\",\"values\":\"lambda\"}",
                                        "{\"ask\":\"set\",\"values\":null}",
                                        "{\"ask\":\"set\",\"values\":{\"lambda\":\"1\"}}",
                                        "{\"ask\":\"set\",\"values\":{\"lambda\":null}}",
                                        "{\"ask\":\"set\",\"values\":{\"lambda\":true}}",
                                        "{\"ask\":\"set\",\"values\":{\"lambda\":{}}}",
                                        "{\"ask\":\"set\",\"values\":{\"lambda\":NaN}}",
                                        "{\"ask\":\"set\",\"values\":{\"lambda\":1e999}}",
                                        "{\"ask\":\"set\",\"values\":{\"lambda\":1,\"lambda\":2}}"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        refused(wrong[i]);
    assert_true(taken("{\"ask\":\"set\",\"values\":{\"lambda\":3}}").value[0] == 3); /* a whole number is a number */
}

static void says(const char *text, const char *part)
{
    struct wire_request r;
    struct err err;
    assert_false(parse(text, strlen(text), &r, &err));
    assert_int_equal(err.code, ERR_FORMAT);
    if (!strstr(err.msg, part))
        fail_msg("%s: '%s' does not say '%s'", text, err.msg, part);
}

static void a_clone_names_its_trial(void **state)
{
    (void)state;
    struct wire_request r = taken("{\"ask\":\"clone\",\"trial\":3}");
    assert_true(r.ask == WIRE_CLONE && r.trial == 3 && !r.warm && r.n == 0);
    r = taken("{\"ask\":\"clone\",\"values\":{\"lambda\":0.5},\"warm\":true,\"trial\":2147483647}");
    assert_true(r.trial == INT_MAX && r.warm && r.n == 1 && r.value[0] == 0.5);
    r = taken("{\"ask\":\"set\",\"trial\":5,\"values\":{\"lambda\":1}}");
    assert_true(r.ask == WIRE_SET && r.trial == 5 && r.n == 1);
    assert_int_equal(taken("{\"ask\":\"skip\"}").trial, 0);
    there_and_back(&(struct wire_request){.ask = WIRE_SKIP, .trial = 7});
    says("{\"ask\":\"probe\",\"trial\":0}", "'trial' is no whole number from 1");
    says("{\"ask\":\"clone\"}", "must name its 'trial'");
    says("{\"ask\":\"clone\",\"warm\":true}", "must name its 'trial'");
    r = taken("{\"ask\":\"thaw\",\"trial\":4}");
    assert_true(r.ask == WIRE_THAW && r.trial == 4);
    says("{\"ask\":\"thaw\"}", "a thaw must name its 'trial'");
    static const char *const trials[] = {"0",   "-1",    "2147483648", "4294967297", "1.0",
                                         "1.5", "\"1\"", "true",       "null",       "[1]"};
    for (size_t i = 0; i < ARRAY_LEN(trials); i++) {
        char text[96];
        snprintf(text, sizeof text, "{\"ask\":\"clone\",\"trial\":%s}", trials[i]);
        says(text, "'trial' is no whole number from 1 to 2147483647");
    }
    says("{\"ask\":\"clone\",\"trial\":1,\"warm\":1}", "'warm' is neither true nor false");
    says("{\"ask\":\"clone\",\"trial\":1,\"warm\":\"true\"}", "'warm'");
    says("{\"ask\":\"clone\",\"trial\":1,\"warm\":null}", "'warm'");
    says("{\"ask\":\"clone\",\"trial\":1,\"values\":{\"lambda\":\"1\"}}", "value 'lambda' is no number");
}

static void a_probe_is_of_an_image_and_a_block(void **state)
{
    (void)state;
    struct wire_request r = taken("{\"ask\":\"probe\",\"image\":7,\"block\":2}");
    assert_true(r.ask == WIRE_PROBE && r.image == 7 && r.block == 2);
    r = taken("{\"ask\":\"probe\"}");
    assert_true(r.image == 0 && r.block == 0);
    static const char *const wrong[] = {"-1", "2147483648", "0.0", "\"0\"", "false", "null"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        char text[96];
        snprintf(text, sizeof text, "{\"ask\":\"probe\",\"image\":%s}", wrong[i]);
        says(text, "'image' is no whole number from 0 to 2147483647");
        snprintf(text, sizeof text, "{\"ask\":\"probe\",\"image\":1,\"block\":%s}", wrong[i]);
        says(text, "'block' is no whole number from 0 to 2147483647");
    }
    /* not fields of other asks: passed over as any other */
    r = taken("{\"ask\":\"status\",\"image\":-1,\"trial\":\"x\",\"warm\":2}");
    assert_true(r.image == 0 && r.trial == 0 && !r.warm);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    char text[4096];
    for (int n = WIRE_VALUES; n <= WIRE_VALUES + 1; n++) {
        size_t len = str_append(text, sizeof text, 0, "{\"ask\":\"enqueue\",\"values\":{");
        for (int i = 0; i < n; i++)
            len = str_append(text, sizeof text, len, "%s\"v%d\":%d", i ? "," : "", i, i);
        str_append(text, sizeof text, len, "}}");
        if (n == WIRE_VALUES)
            assert_int_equal(taken(text).n, WIRE_VALUES);
        else
            refused(text);
    }
    for (int n = 63; n <= 64; n++) {
        snprintf(text, sizeof text, "{\"ask\":\"set\",\"values\":{\"%0*d\":1}}", n, 0);
        if (n == 63)
            assert_int_equal(strlen(taken(text).key[0]), 63);
        else
            refused(text);
    }
    memset(text, '[', sizeof text - 1); /* deeper than any request */
    text[sizeof text - 1] = 0;
    refused(text);
}

static void a_line_cut_short_is_refused(void **state)
{
    (void)state;
    const char *whole = "{\"ask\":\"set\",\"values\":{\"lambda\":0.25,\"x\":-1e3}}";
    for (size_t n = 0; n < strlen(whole); n++)
        refused_n(whole, n);
    assert_int_equal(taken(whole).n, 2);
}

static void survives_flips(char *text)
{
    struct wire_request r;
    struct err err;
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++) {
        char was = text[i];
        for (int c = 0; c < 256; c++) {
            text[i] = (char)c;
            if (parse(text, n, &r, &err)) {
                assert_in_range(r.n, 0, WIRE_VALUES);
                assert_true(r.trial >= 0 && r.image >= 0 && r.block >= 0 && (r.ask != WIRE_CLONE || r.trial >= 1));
                for (int k = 0; k < r.n; k++)
                    assert_true(isfinite(r.value[k]) && memchr(r.key[k], 0, sizeof r.key[k]));
            } else {
                assert_int_equal(err.code, ERR_FORMAT);
            }
        }
        text[i] = was;
    }
}

static void any_flipped_byte_is_survived(void **state)
{
    (void)state;
    char set[] = "{\"ask\":\"set\",\"values\":{\"lambda\":0.25}}";
    char clone[] = "{\"ask\":\"clone\",\"trial\":12,\"warm\":true,\"values\":{\"lr\":1}}";
    char probe[] = "{\"ask\":\"probe\",\"image\":0,\"block\":31}";
    survives_flips(set);
    survives_flips(clone);
    survives_flips(probe);
}

/* ---- the buffer ---- */

static void lines_come_out_as_they_went_in(void **state)
{
    (void)state;
    const char text[] = "one\n\ntwo \0 halves\nthree\r\nrest";
    static const char *const want[] = {"one", "", "two \0 halves", "three\r"};
    static const size_t lengths[] = {3, 0, 12, 6};
    for (size_t piece = 1; piece <= sizeof text; piece++) {
        struct wire_buffer *b = calloc(1, sizeof *b);
        size_t line_no = 0, n;
        bool too_long;
        char *line;
        for (size_t at = 0; at < sizeof text - 1; at += piece) {
            size_t k = sizeof text - 1 - at < piece ? sizeof text - 1 - at : piece;
            assert_int_equal(wire_put(b, text + at, k), k);
            while ((line = wire_line(b, &n, &too_long))) {
                assert_true(line_no < ARRAY_LEN(want));
                assert_int_equal(n, lengths[line_no]);
                assert_memory_equal(line, want[line_no], n + 1);
                line_no++;
                free(line);
            }
            assert_false(too_long);
        }
        assert_int_equal(line_no, ARRAY_LEN(want));
        assert_int_equal(b->n, 4);
        free(b);
    }
}

static void a_line_without_end_is_told(void **state)
{
    (void)state;
    struct wire_buffer *b = calloc(1, sizeof *b);
    char *big = malloc(WIRE_MAX + 10), *line;
    size_t n;
    bool too_long = true;
    memset(big, 'x', WIRE_MAX + 10);
    assert_int_equal(wire_put(b, big, WIRE_MAX - 1), WIRE_MAX - 1);
    assert_null(wire_line(b, &n, &too_long));
    assert_false(too_long); /* the newline still fits */
    assert_int_equal(wire_put(b, "\nmore", 5), 1);
    line = wire_line(b, &n, &too_long);
    assert_non_null(line);
    assert_int_equal(n, WIRE_MAX - 1);
    free(line);
    assert_int_equal(b->n, 0);
    assert_int_equal(wire_put(b, big, WIRE_MAX + 10), WIRE_MAX);
    assert_int_equal(wire_put(b, "y", 1), 0);
    assert_null(wire_line(b, &n, &too_long));
    assert_true(too_long);
    free(big);
    free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_come_back),
        cmocka_unit_test(the_greeting_comes_back),
        cmocka_unit_test(names_are_those_of_the_protocol),
        cmocka_unit_test(garbage_is_refused),
        cmocka_unit_test(wrong_types_are_refused),
        cmocka_unit_test(a_clone_names_its_trial),
        cmocka_unit_test(a_probe_is_of_an_image_and_a_block),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(a_line_cut_short_is_refused),
        cmocka_unit_test(any_flipped_byte_is_survived),
        cmocka_unit_test(lines_come_out_as_they_went_in),
        cmocka_unit_test(a_line_without_end_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
