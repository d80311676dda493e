/* cublas_host: the few calls of cuBLAS that the project makes, in plain loops. Column-major, as there. */
#ifndef FSPLAB_CUBLAS_HOST_HPP
#define FSPLAB_CUBLAS_HOST_HPP

#include "cuda_host.hpp"

enum cublasStatus_t { CUBLAS_STATUS_SUCCESS = 0, CUBLAS_STATUS_INVALID_VALUE = 7 };
enum cublasOperation_t { CUBLAS_OP_N, CUBLAS_OP_T };
enum cublasMath_t { CUBLAS_DEFAULT_MATH = 0, CUBLAS_PEDANTIC_MATH = 2, CUBLAS_TF32_TENSOR_OP_MATH = 3 };
typedef struct cublas_host *cublasHandle_t;

static inline cublasStatus_t cublasCreate(cublasHandle_t *h)
{
    *h = nullptr;
    return CUBLAS_STATUS_SUCCESS;
}
static inline cublasStatus_t cublasDestroy(cublasHandle_t)
{
    return CUBLAS_STATUS_SUCCESS;
}
static inline cublasStatus_t cublasSetStream(cublasHandle_t, cudaStream_t)
{
    return CUBLAS_STATUS_SUCCESS;
}
static inline cublasStatus_t cublasSetMathMode(cublasHandle_t, cublasMath_t)
{
    return CUBLAS_STATUS_SUCCESS;
}
static inline cublasStatus_t cublasSetWorkspace(cublasHandle_t, void *, size_t)
{
    return CUBLAS_STATUS_SUCCESS;
}
static inline const char *cublasGetStatusString(cublasStatus_t)
{
    return "invalid value";
}

/* C = alpha op(A) op(B) + beta C, (m, k) times (k, n), each of `batch`; C is not read where beta is 0. */
static inline cublasStatus_t cublasSgemmStridedBatched(cublasHandle_t, cublasOperation_t ta, cublasOperation_t tb, int m,
                                                       int n, int k, const float *alpha, const float *a, int lda,
                                                       long long sa, const float *b, int ldb, long long sb,
                                                       const float *beta, float *c, int ldc, long long sc, int batch)
{
    if (lda < (ta == CUBLAS_OP_N ? m : k) || ldb < (tb == CUBLAS_OP_N ? k : n) || ldc < m)
        return CUBLAS_STATUS_INVALID_VALUE;
    for (int i = 0; i < batch; i++, a += sa, b += sb, c += sc)
        for (int col = 0; col < n; col++)
            for (int row = 0; row < m; row++) {
                float s = 0;
                for (int t = 0; t < k; t++)
                    s += (ta == CUBLAS_OP_N ? a[(size_t)t * lda + row] : a[(size_t)row * lda + t]) *
                         (tb == CUBLAS_OP_N ? b[(size_t)col * ldb + t] : b[(size_t)t * ldb + col]);
                float *to = &c[(size_t)col * ldc + row];
                *to = *alpha * s + (*beta != 0 ? *beta * *to : 0);
            }
    return CUBLAS_STATUS_SUCCESS;
}

#endif
