/* digest: MD5, SHA-1 and SHA-256 as lower-case hex, through libmd, and a fast digest of bulk data. */
#ifndef FSPLAB_DIGEST_H
#define FSPLAB_DIGEST_H

#include "../base.h"

#define MD5_HEX 33
#define SHA1_HEX 41
#define SHA256_HEX 65

void digest_sha256(const void *data, size_t n, char hex[SHA256_HEX]);
/* For "are these the same data?" at memory speed (some 10 GB/s). The bytes, as 8-byte little-endian words, are dealt
 * in turn to four 64-bit lanes, lane = mix((lane ^ word) * odd constant); then SHA-256 over the four lanes, the size
 * and the last, incomplete 32 bytes. Inputs that differ in one word always differ in the digest; other accidental
 * differences are missed with probability about 2^-64. It does NOT withstand somebody who constructs a collision:
 * never use it where data come from an adversary. The same on every little-endian machine. */
void digest_bulk(const void *data, size_t n, char hex[SHA256_HEX]);
/* MD5 or SHA-1 of a whole regular file; ERR_IO names it. */
bool digest_md5_file(const char *path, char hex[MD5_HEX], struct err *err);
bool digest_sha1_file(const char *path, char hex[SHA1_HEX], struct err *err);

#endif
