// bfloat16 products with AVX2: pairs are multiplied as floats.

#if defined(__x86_64__)

#include "kernels.h"

#include <math.h>
#include <string.h>

#define RK_TARGET "avx2,fma"
#pragma clang attribute push(__attribute__((target(RK_TARGET))), apply_to = function)

#define RK_FUSED 1
#define RK_BFLOAT_DOTS 0
#define RK_DOT_ROWS 4
#define RK_DOT_SHAPES(X) X(1, 1) X(2, 1) X(3, 1) X(4, 1) X(1, 2) X(2, 2)
#define RK_DOT_PANELS_FOR_HEIGHT(h) ((h) > 2 ? 1 : 2)

#define RK_BFLOAT_TABLE rk_bfloat_avx2
#include "bfloat.inc.h"

#pragma clang attribute pop

#endif
