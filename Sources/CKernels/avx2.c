// AVX2 with FMA: sixteen registers of eight floats, a panel is two of them.

#if defined(__x86_64__)

#include "kernels.h"

#include <math.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define RK_FUSED 1
#define RK_TILE_ROWS 6
#define RK_TILE_SHAPES(X) \
  X(1, 1) X(2, 1) X(3, 1) X(4, 1) X(5, 1) X(6, 1) X(1, 2) X(2, 2) X(3, 2) X(1, 3) X(1, 4)
#define RK_PANELS_FOR_HEIGHT(h) ((h) >= 4 ? 1 : (h) >= 2 ? 2 : 4)
#define RK_PRODUCT_ROWS RK_TILE_ROWS
#define RK_TABLE rk_kernels_avx2
#define RK_TABLE_ISA RK_AVX2
#define RK_TABLE_QUANTIZED rk_quantized_avx2
#define RK_TABLE_BFLOAT rk_bfloat_avx2
#include "kernels.inc.h"

RK_DEFINE_TABLE(rk_kernels_avxvnni, RK_AVX2_VNNI, rk_quantized_avxvnni, rk_bfloat_avx2)

#pragma clang attribute pop

#endif
