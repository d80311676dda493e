/* steer: how a test in C steers cuda_host (see cuda_host.hpp). */
#ifndef FSPLAB_STEER_H
#define FSPLAB_STEER_H

#include <stddef.h>
#include <stdint.h>

enum cuda_host_order { CUDA_HOST_FORWARD, CUDA_HOST_BACKWARD, CUDA_HOST_RANDOM };

#ifdef __cplusplus
extern "C" {
#endif
/* In which order threads, and blocks, take their turns from now on. */
void cuda_host_set_order(enum cuda_host_order, uint64_t seed);
/* Bytes of device memory that there are; what is over it is cudaErrorMemoryAllocation. */
void cuda_host_set_memory(size_t bytes);
/* The next call of this function of the runtime fails with this error; NULL: none does. */
void cuda_host_fail_next(const char *function, int error);
/* Kernels launched since the program began; bytes of device memory in use. */
unsigned long cuda_host_launches(void);
size_t cuda_host_bytes(void);
#ifdef __cplusplus
}
#endif

#endif
