// 8-bit products with AVX2: numbers of 16 bits, multiplied and added in pairs. The instruction that multiplies 8 bits
// saturates its sums, and is never used.

#if defined(__x86_64__)

#include "kernels.h"

#include <math.h>
#include <string.h>

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define RK_DEPTHS 2
#define RK_LEVEL int16_t
#define RK_SHIFT 0

#include "quantized_halves.inc.h"

RK_INLINE rk_weights weights_at(const uint8_t *p) {
  return (rk_weights){_mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)p)),
                      _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(p + 16)))};
}

// The compiler would add up several steps before it adds them to the sums, for want of registers in memory.
RK_INLINE __m256i plus_pairs(__m256i sum, __m256i x, __m256i w) {
  sum = _mm256_add_epi32(sum, _mm256_madd_epi16(x, w));
  __asm__("" : "+x"(sum));
  return sum;
}

RK_INLINE vi dot_step(vi sum, vi x, rk_weights w) {
  const __m256i own = (__m256i)x.lo;
  return joined(plus_pairs((__m256i)sum.lo, own, w.low), plus_pairs((__m256i)sum.hi, own, w.high));
}

#define RK_QUANTIZED_TABLE rk_quantized_avx2
#include "quantized.inc.h"

#pragma clang attribute pop

#endif
