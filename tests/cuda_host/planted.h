/* planted: small kernels for the tests of cuda_host, some right, some with a bug. */
#ifndef FSPLAB_PLANTED_H
#define FSPLAB_PLANTED_H

#ifdef __cplusplus
extern "C" {
#endif
/* Runs kernel `which` (names in planted.cu) with blocks of 64 threads; out: a float for each thread, count: one int. */
void planted_run(const char *which, float *out, int *count);
#ifdef __cplusplus
}
#endif

#endif
