// 8-bit products with AVX-VNNI: u8 · s8 in fours on registers of 256 bits.

#if defined(__x86_64__)

#include "kernels.h"

#include <math.h>
#include <string.h>

#include <immintrin.h>

#ifndef RK_TARGET
#define RK_TARGET "avxvnni,avx2,fma"
#endif
#pragma clang attribute push(__attribute__((target(RK_TARGET))), apply_to = function)

#define RK_FUSED 1
#define RK_DEPTHS 4
#define RK_LEVEL uint8_t
#define RK_SHIFT 0
#define RK_DOT_ROWS 6
#define RK_DOT_SHAPES(X) \
  X(1, 1) X(2, 1) X(3, 1) X(4, 1) X(5, 1) X(6, 1) X(1, 2) X(2, 2) X(3, 2) X(1, 3) X(1, 4)
#define RK_DOT_PANELS_FOR_HEIGHT(h) ((h) >= 4 ? 1 : (h) >= 2 ? 2 : 4)

#include "vector.inc.h"

/// Two halves of a panel's sixteen columns.
typedef struct {
  __m256i low, high;
} rk_weights;

RK_INLINE vi joined(__m256i low, __m256i high) {
  return __builtin_shufflevector((vi8)low, (vi8)high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

RK_INLINE rk_weights weights_at(const uint8_t *p) {
  return (rk_weights){_mm256_loadu_si256((const __m256i *)p), _mm256_loadu_si256((const __m256i *)(p + 32))};
}

RK_INLINE vi level_at(const uint8_t *p) { return splat_bytes(p); }

RK_INLINE vi dot_step(vi sum, vi x, rk_weights w) {
  const __m256i own = (__m256i)x.lo;
  return joined(_mm256_dpbusd_avx_epi32((__m256i)sum.lo, own, w.low),
                _mm256_dpbusd_avx_epi32((__m256i)sum.hi, own, w.high));
}

#define rk_levels vi
#define RK_QUANTIZED_TABLE rk_quantized_avxvnni
#include "quantized.inc.h"

#pragma clang attribute pop

#endif
