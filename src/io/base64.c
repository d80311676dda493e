/* Three bytes are four digits of six bits; a short last group is padded with '='. */
#include "base64.h"

#include <stdlib.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(const void *bytes, size_t n)
{
    const unsigned char *b = bytes;
    char *text = xmalloc((n + 2) / 3 * 4 + 1), *to = text;
    for (size_t i = 0; i < n; i += 3) {
        size_t have = n - i < 3 ? n - i : 3;
        unsigned v = (unsigned)b[i] << 16 | (have > 1 ? (unsigned)b[i + 1] << 8 : 0) | (have > 2 ? b[i + 2] : 0);
        for (size_t k = 0; k < 4; k++)
            *to++ = k <= have ? digits[v >> (18 - 6 * k) & 63] : '=';
    }
    *to = 0;
    return text;
}

static int digit_value(char c)
{
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

bool base64_decode(const char *text, void *out, size_t n)
{
    unsigned char *to = out;
    if (strlen(text) != (n + 2) / 3 * 4)
        return false;
    for (size_t i = 0; i < n; i += 3, text += 4) {
        size_t have = n - i < 3 ? n - i : 3;
        unsigned v = 0;
        for (size_t k = 0; k < 4; k++) {
            int d = k <= have ? digit_value(text[k]) : text[k] == '=' ? 0 : -1;
            if (d < 0)
                return false;
            v = v << 6 | (unsigned)d;
        }
        for (size_t k = 0; k < have; k++)
            *to++ = (unsigned char)(v >> (16 - 8 * k));
    }
    return true;
}

char *base64_encode_floats(const float *v, size_t n)
{
    unsigned char *bytes = xmalloc(4 * n + 1);
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &v[i], sizeof bits);
        for (int k = 0; k < 4; k++)
            bytes[4 * i + (size_t)k] = (unsigned char)(bits >> 8 * k);
    }
    char *text = base64_encode(bytes, 4 * n);
    free(bytes);
    return text;
}

bool base64_decode_floats(const char *text, float *out, size_t n)
{
    unsigned char *bytes = xmalloc(4 * n + 1);
    bool ok = base64_decode(text, bytes, 4 * n);
    for (size_t i = 0; ok && i < n; i++) {
        uint32_t bits = 0;
        for (int k = 0; k < 4; k++)
            bits |= (uint32_t)bytes[4 * i + (size_t)k] << 8 * k;
        memcpy(&out[i], &bits, sizeof bits);
    }
    free(bytes);
    return ok;
}
