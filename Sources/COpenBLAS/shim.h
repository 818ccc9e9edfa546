#include <cblas.h>

// LAPACK's Cholesky factorisation by its Fortran name: libopenblas carries the routine itself, LAPACKE's headers are a
// package of their own. Column-major; `uplo` is "U" or "L"; `info` is 0 on success.
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);
