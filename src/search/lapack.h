/* lapack: the few routines of LAPACK that the Gaussian process uses, in double precision. They are Fortran's: every
 * argument is a pointer, matrices are column-major, and the length of each character argument follows at the end. */
#ifndef FSPLAB_LAPACK_H
#define FSPLAB_LAPACK_H

#include <stddef.h>

/* Cholesky factor of the (n, n) matrix A in its lower triangle; *info > 0: not positive definite. */
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info, size_t);
/* The inverse from the factor, lower triangle, in place. */
void dpotri_(const char *uplo, const int *n, double *a, const int *lda, int *info, size_t);
/* B (n, nrhs) becomes A^-1 B, with A given by its factor. */
void dpotrs_(const char *uplo, const int *n, const int *nrhs, const double *a, const int *lda, double *b,
             const int *ldb, int *info, size_t);
/* B (n, nrhs) becomes L^-1 B ("L", "N") or L^-T B ("L", "T"). */
void dtrtrs_(const char *uplo, const char *trans, const char *diag, const int *n, const int *nrhs, const double *a,
             const int *lda, double *b, const int *ldb, int *info, size_t, size_t, size_t);

#endif
