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

#define RK_DEPTHS 4
#define RK_LEVEL uint8_t
#define RK_SHIFT 0

#include "quantized_halves.inc.h"

RK_INLINE rk_weights weights_at(const uint8_t *p) {
  return (rk_weights){_mm256_loadu_si256((const __m256i *)p), _mm256_loadu_si256((const __m256i *)(p + 32))};
}

RK_INLINE vi dot_step(vi sum, vi x, rk_weights w) {
  const __m256i own = (__m256i)x.lo;
  return joined(_mm256_dpbusd_avx_epi32((__m256i)sum.lo, own, w.low),
                _mm256_dpbusd_avx_epi32((__m256i)sum.hi, own, w.high));
}

#define RK_QUANTIZED_TABLE rk_quantized_avxvnni
#include "quantized.inc.h"

#pragma clang attribute pop

#endif
