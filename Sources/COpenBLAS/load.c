#define _GNU_SOURCE
#include "COpenBLAS.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>

typedef void gemm_d(int, int, int, int, int, int, double, const double *, int, const double *, int, double, double *,
                    int);
typedef void gemm_s(int, int, int, int, int, int, float, const float *, int, const float *, int, float, float *, int);
typedef void syrk_s(int, int, int, int, int, float, const float *, int, float, float *, int);
typedef void trsm_d(int, int, int, int, int, int, int, double, const double *, int, double *, int);
typedef void potrf_d(const char *, const int *, double *, const int *, int *);

static struct {
    gemm_d *dgemm;
    gemm_s *sgemm;
    syrk_s *ssyrk;
    trsm_d *dtrsm;
    potrf_d *dpotrf;
} routines;

static char failure[256];
static int is_ready;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static const char *const names[] = {
#if defined(__APPLE__)
    "/System/Library/Frameworks/Accelerate.framework/Accelerate",
    "libopenblas.dylib",
#else
    "libopenblas.so.0",
    "libopenblas.so",
#endif
};

// OpenBLAS maps a work area for each thread that is inside it, and where that is refused it asks again for ever.
static const size_t work_area = (size_t)128 << 20;
// Under a limit of memory one thread at a time is inside, with the area that was mapped when the library was loaded.
static int is_limited;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static int has_limit(void) {
    struct rlimit space = {RLIM_INFINITY, RLIM_INFINITY}, data = {RLIM_INFINITY, RLIM_INFINITY};
    getrlimit(RLIMIT_AS, &space);
    getrlimit(RLIMIT_DATA, &data);
    return space.rlim_cur != RLIM_INFINITY || data.rlim_cur != RLIM_INFINITY;
}

static void enter(void) {
    if (is_limited)
        pthread_mutex_lock(&turn);
}

static void leave(void) {
    if (is_limited)
        pthread_mutex_unlock(&turn);
}

// Whether there is room for the work area and so many bytes more.
static int has_room(size_t more) {
    size_t count = work_area + more;
    void *probe = mmap(NULL, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (probe == MAP_FAILED)
        return 0;
    munmap(probe, count);
    return 1;
}

static void refuse_for_memory(void) {
    snprintf(failure, sizeof failure, "its work area of %zu MB is more than the limit of memory leaves (ulimit -v)",
             work_area >> 20);
}

static void load(void) {
    is_limited = has_limit();
    // The library itself takes less than this; it may map its work area while it is loaded.
    if (is_limited && !has_room((size_t)96 << 20)) {
        refuse_for_memory();
        return;
    }
    // Read by OpenBLAS when it is loaded: no threads of its own.
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    void *library = NULL;
    for (size_t index = 0; index < sizeof names / sizeof names[0] && library == NULL; index++)
        library = dlopen(names[index], RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        const char *reason = dlerror();
        snprintf(failure, sizeof failure, "%s", reason != NULL ? reason : "libopenblas was not found");
        return;
    }
    routines.dgemm = (gemm_d *)dlsym(library, "cblas_dgemm");
    routines.sgemm = (gemm_s *)dlsym(library, "cblas_sgemm");
    routines.ssyrk = (syrk_s *)dlsym(library, "cblas_ssyrk");
    routines.dtrsm = (trsm_d *)dlsym(library, "cblas_dtrsm");
    routines.dpotrf = (potrf_d *)dlsym(library, "dpotrf_");
    if (!routines.dgemm || !routines.sgemm || !routines.ssyrk || !routines.dtrsm || !routines.dpotrf) {
        snprintf(failure, sizeof failure, "the installed BLAS library lacks a routine of CBLAS or LAPACK");
        return;
    }
    void (*set_threads)(int) = (void (*)(int))dlsym(library, "openblas_set_num_threads");
    if (set_threads != NULL)
        set_threads(1);
    if (is_limited && !has_room((size_t)16 << 20)) {
        refuse_for_memory();
        return;
    }
    is_ready = 1;
    if (is_limited) {
        // Large enough for the way that uses the work area, which stays mapped from here on.
        enum { side = 64 };
        static double left[side * side], right[side * side], result[side * side];
        routines.dgemm(BLASRowMajor, BLASNoTranspose, BLASNoTranspose, side, side, side, 1, left, side, right, side, 0,
                       result, side);
    }
}

const char *blas_load(void) {
    pthread_once(&once, load);
    return is_ready ? NULL : failure;
}

// What calls a routine has asked blas_load() before; a caller that has not is a defect, and must not jump to address 0.
static void require(void) {
    if (blas_load() != NULL) {
        fprintf(stderr, "%s\n", failure);
        abort();
    }
}

void blas_dgemm(enum BLASOrder order, enum BLASTranspose a_transpose, enum BLASTranspose b_transpose, int m, int n,
                int k, double alpha, const double *a, int lda, const double *b, int ldb, double beta, double *c, int
                ldc) {
    require();
    enter();
    routines.dgemm(order, a_transpose, b_transpose, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    leave();
}

void blas_sgemm(enum BLASOrder order, enum BLASTranspose a_transpose, enum BLASTranspose b_transpose, int m, int n,
                int k, float alpha, const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc) {
    require();
    enter();
    routines.sgemm(order, a_transpose, b_transpose, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    leave();
}

void blas_ssyrk(enum BLASOrder order, enum BLASTriangle triangle, enum BLASTranspose transpose, int n, int k, float
                alpha, const float *a, int lda, float beta, float *c, int ldc) {
    require();
    enter();
    routines.ssyrk(order, triangle, transpose, n, k, alpha, a, lda, beta, c, ldc);
    leave();
}

void blas_dtrsm(enum BLASOrder order, enum BLASSide side, enum BLASTriangle triangle, enum BLASTranspose transpose,
                enum BLASDiagonal diagonal, int m, int n, double alpha, const double *a, int lda, double *b, int ldb)
                {
    require();
    enter();
    routines.dtrsm(order, side, triangle, transpose, diagonal, m, n, alpha, a, lda, b, ldb);
    leave();
}

int blas_dpotrf(char triangle, int n, double *a, int lda) {
    int status = 0;
    require();
    enter();
    routines.dpotrf(&triangle, &n, a, &lda, &status);
    leave();
    return status;
}
