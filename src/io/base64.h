/* base64: bytes and floats inside JSON text (RFC 4648, with padding). */
#ifndef FSPLAB_BASE64_H
#define FSPLAB_BASE64_H

#include "../base.h"

/* Text; free(). */
char *base64_encode(const void *bytes, size_t n);
/* n bytes from text. false: not base64, or of another number of bytes; out is then undefined. */
bool base64_decode(const char *text, void *out, size_t n);

/* The same of n floats as little-endian IEEE 754 singles, 4 bytes each, on any machine. */
char *base64_encode_floats(const float *v, size_t n);
bool base64_decode_floats(const char *text, float *out, size_t n);

#endif
