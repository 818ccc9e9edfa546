// AVX-512: thirty-two registers of sixteen floats, a panel is one of them.

#if defined(__x86_64__)

#include "kernels.h"

#include <math.h>
#include <string.h>

#define RK_TARGET "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"
#pragma clang attribute push(__attribute__((target(RK_TARGET))), apply_to = function)

#define RK_FUSED 1
#define RK_TILE_ROWS 12
#define RK_TILE_SHAPES(X) \
  X(1, 1) X(2, 1) X(3, 1) X(4, 1) X(5, 1) X(6, 1) X(7, 1) X(8, 1) X(9, 1) X(10, 1) X(11, 1) X(12, 1) \
  X(1, 2) X(2, 2) X(3, 2) X(4, 2) X(5, 2) X(6, 2) X(7, 2) X(8, 2) X(9, 2) X(10, 2) X(11, 2) X(12, 2) \
  X(1, 3) X(2, 3) X(3, 3) X(4, 3) X(5, 3) X(6, 3) X(7, 3) X(8, 3) X(1, 4) X(2, 4) \
  X(3, 4) X(4, 4) X(5, 4) X(6, 4)
#define RK_PANELS_FOR_HEIGHT(h) ((h) > 8 ? 2 : (h) > 6 ? 3 : 4)
// Eight rows of three panels need fewer loads a sum than twelve of two, which only narrow heads are better off with.
#define RK_PRODUCT_ROWS 8
#define RK_TABLE rk_kernels_avx512
#define RK_TABLE_ISA RK_AVX512
#define RK_TABLE_QUANTIZED rk_quantized_avx512
#define RK_TABLE_BFLOAT rk_bfloat_avx512
#include "kernels.inc.h"

RK_DEFINE_TABLE(rk_kernels_avx512vnni, RK_AVX512_VNNI, rk_quantized_avx512vnni, rk_bfloat_avx512)
RK_DEFINE_TABLE(rk_kernels_avx512bf16, RK_AVX512_BF16, rk_quantized_avx512vnni, rk_bfloat_avx512bf16)

#pragma clang attribute pop

#endif
