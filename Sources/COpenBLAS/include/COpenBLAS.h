// The routines of a BLAS library that analysis and healing use, loaded when the first of them is needed.
//
// Linked in, OpenBLAS starts its threads before main() in every command that never computes anything with it, and
// under a limit of memory or processes it hangs there. Loaded by name it starts none: one thread a call is what the
// order of summation needs anyway.
#ifndef COPENBLAS_H
#define COPENBLAS_H

// Values of the CBLAS interface.
enum BLASOrder { BLASRowMajor = 101 };
enum BLASTranspose { BLASNoTranspose = 111, BLASTransposed = 112 };
enum BLASTriangle { BLASUpper = 121, BLASLower = 122 };
enum BLASDiagonal { BLASNonUnit = 131 };
enum BLASSide { BLASLeft = 141 };

// Loads the library; NULL when that worked, else why not. May be called from any thread, and again.
const char *blas_load(void);

// C = alpha · A · B + beta · C, as cblas_dgemm and cblas_sgemm. Ends the process where blas_load() would not give
// NULL, like all below.
void blas_dgemm(enum BLASOrder order, enum BLASTranspose a_transpose, enum BLASTranspose b_transpose, int m, int n,
                int k, double alpha, const double *a, int lda, const double *b, int ldb, double beta, double *c, int
                ldc);
void blas_sgemm(enum BLASOrder order, enum BLASTranspose a_transpose, enum BLASTranspose b_transpose, int m, int n,
                int k, float alpha, const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);
// C = alpha · A · Aᵀ + beta · C of one triangle, as cblas_ssyrk.
void blas_ssyrk(enum BLASOrder order, enum BLASTriangle triangle, enum BLASTranspose transpose, int n, int k, float
                alpha, const float *a, int lda, float beta, float *c, int ldc);
// Solves a triangular system in place, as cblas_dtrsm.
void blas_dtrsm(enum BLASOrder order, enum BLASSide side, enum BLASTriangle triangle, enum BLASTranspose transpose,
                enum BLASDiagonal diagonal, int m, int n, double alpha, const double *a, int lda, double *b, int ldb);
// Cholesky factors in place, column-major, as LAPACK's dpotrf; 0 on success.
int blas_dpotrf(char triangle, int n, double *a, int lda);

#endif
