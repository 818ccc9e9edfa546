// bfloat16 products with AVX-512 without BF16: pairs are multiplied as floats.

#if defined(__x86_64__)

#include "kernels.h"

#include <math.h>
#include <string.h>

#define RK_TARGET "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"
#pragma clang attribute push(__attribute__((target(RK_TARGET))), apply_to = function)

#define RK_FUSED 1
#define RK_BFLOAT_DOTS 0
#define RK_DOT_ROWS 8
#define RK_DOT_SHAPES(X) \
  X(1, 1) X(2, 1) X(3, 1) X(4, 1) X(5, 1) X(6, 1) X(7, 1) X(8, 1) X(1, 2) X(2, 2) X(3, 2) X(4, 2) X(5, 2) X(6, 2) \
  X(7, 2) X(8, 2) X(1, 3) X(2, 3) X(3, 3) X(4, 3) X(5, 3) X(6, 3) X(1, 4) X(2, 4) X(3, 4) X(4, 4) X(5, 4)
#define RK_DOT_PANELS_FOR_HEIGHT(h) ((h) > 6 ? 2 : (h) > 5 ? 3 : 4)

#define RK_BFLOAT_TABLE rk_bfloat_avx512
#include "bfloat.inc.h"

#pragma clang attribute pop

#endif
