// 8-bit products with AVX-512 and VNNI: u8 · s8 in fours, sums of 32 bits that never saturate.

#if defined(__x86_64__)

#include "kernels.h"

#include <math.h>
#include <string.h>

#include <immintrin.h>

#define RK_TARGET "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma"
#pragma clang attribute push(__attribute__((target(RK_TARGET))), apply_to = function)

#define RK_FUSED 1
#define RK_DEPTHS 4
#define RK_LEVEL uint8_t
#define RK_SHIFT 0
#define RK_DOT_ROWS 8
#define RK_DOT_SHAPES(X) \
  X(1, 1) X(2, 1) X(3, 1) X(4, 1) X(5, 1) X(6, 1) X(7, 1) X(8, 1) X(1, 2) X(2, 2) X(3, 2) X(4, 2) X(5, 2) X(6, 2) \
  X(7, 2) X(8, 2) X(1, 3) X(2, 3) X(3, 3) X(4, 3) X(5, 3) X(6, 3) X(7, 3) X(8, 3) X(1, 4) X(2, 4) X(3, 4) X(4, 4) \
  X(5, 4) X(6, 4)
#define RK_DOT_PANELS_FOR_HEIGHT(h) ((h) > 6 ? 3 : 4)

typedef __m512i rk_weights;
#define weights_at(p) _mm512_loadu_si512(p)
#define level_at(p) splat_bytes(p)
#define dot_step(sum, x, w) ((vi)_mm512_dpbusd_epi32((__m512i)(sum), (__m512i)(x), w))
#define rk_levels vi
#define RK_QUANTIZED_TABLE rk_quantized_avx512vnni
#include "quantized.inc.h"

#pragma clang attribute pop

#endif
