// bfloat16 products with AVX-512 and BF16: pairs of numbers, the second one added first.

#if defined(__x86_64__)

#include "kernels.h"

#include <math.h>
#include <string.h>

#include <immintrin.h>

#define RK_TARGET "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma"
#pragma clang attribute push(__attribute__((target(RK_TARGET))), apply_to = function)

#define RK_FUSED 1
#define RK_BFLOAT_DOTS 1
#define RK_DOT_ROWS 8
#define RK_DOT_SHAPES(X) \
  X(1, 1) X(2, 1) X(3, 1) X(4, 1) X(5, 1) X(6, 1) X(7, 1) X(8, 1) X(1, 2) X(2, 2) X(3, 2) X(4, 2) X(5, 2) X(6, 2) \
  X(7, 2) X(8, 2) X(1, 3) X(2, 3) X(3, 3) X(4, 3) X(5, 3) X(6, 3) X(7, 3) X(8, 3) X(1, 4) X(2, 4) X(3, 4) X(4, 4) \
  X(5, 4) X(6, 4)
#define RK_DOT_PANELS_FOR_HEIGHT(h) ((h) > 6 ? 3 : 4)

#include "vector.inc.h"

RK_INLINE void keep_rounded(uint16_t *out, vf x) {
  // What rounds to less than 2⁻⁵⁶ is 0.
  const __mmask16 kept = _mm512_cmp_ps_mask((__m512)magnitude(x), _mm512_set1_ps(0x1.ffp-57f), _CMP_NLT_UQ);
  const __m256bh rounded = _mm512_maskz_cvtneps_pbh(kept, (__m512)x);
  memcpy(out, &rounded, sizeof rounded);
}

/// Thirty-two numbers side by side.
RK_INLINE __m512i rounded_both(vf first, vf second) {
  const __m512 least = _mm512_set1_ps(0x1.ffp-57f);
  const __mmask16 a = _mm512_cmp_ps_mask((__m512)magnitude(first), least, _CMP_NLT_UQ);
  const __mmask16 b = _mm512_cmp_ps_mask((__m512)magnitude(second), least, _CMP_NLT_UQ);
  return (__m512i)_mm512_maskz_cvtne2ps_pbh(_mm512_kunpackw(b, a), (__m512)second, (__m512)first);
}

RK_INLINE void keep_both(uint16_t *out, vf first, vf second) { _mm512_storeu_si512(out, rounded_both(first, second)); }

RK_INLINE void keep_pairs(uint8_t *out, vf first, vf second) {
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21,
                                         5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  _mm512_storeu_si512(out, _mm512_permutexvar_epi16(order, rounded_both(first, second)));
}

#include "transpose.inc.h"

/// Pairs of columns are turned as they lie side by side.
RK_INLINE void keep_keys(const float *keys[RK_LANES], size_t columns, uint8_t *out) {
  float pairs[RK_LANES][RK_LANES], block[RK_LANES * RK_LANES];
  const float *rows[RK_LANES];
  RK_UNROLL for (size_t i = 0; i < RK_LANES; i++) {
    const vf second = columns > RK_LANES ? load(keys[i] + RK_LANES) : splat(0.0f);
    _mm512_storeu_si512(pairs[i], rounded_both(load(keys[i]), second));
    rows[i] = pairs[i];
  }
  transpose_block(rows, columns > RK_LANES ? (float *)out : block);
  if (columns <= RK_LANES) memcpy(out, block, sizeof block / 2);
}

typedef __m512bh rk_weights, rk_levels;
#define weights_at(p) ((__m512bh)_mm512_loadu_si512(p))
#define level_at(p) ((__m512bh)splat_bytes(p))
#define dot_step(sum, x, w) ((vf)_mm512_dpbf16_ps((__m512)(sum), x, w))
#define RK_BFLOAT_TABLE rk_bfloat_avx512bf16
#include "bfloat.inc.h"

/// Whether the instruction adds as the definition says, on numbers that tell the orders apart.
__attribute__((noinline)) int rk_has_ordered_bfloat_dots(void) {
  // 1 + 2⁻²⁴ stays 1, twice that does not; 2⁻²⁴ comes through 1 and −1 in one order only.
  static const float sums[3] = {1.0f, -1.0f, 0x1p-24f};
  static const uint32_t pairs[3] = {0x33803380, 0xbf803f80, 0x3f80bf80};
  for (size_t i = 0; i < 3; i++)
    for (size_t j = 0; j < 3; j++) {
      const uint32_t one = 0x3f803f80;
      float first, second;
      const uint32_t low = pairs[j] << 16, high = pairs[j] & 0xffff0000;
      memcpy(&first, &low, sizeof first);
      memcpy(&second, &high, sizeof second);
      volatile float expected = sums[i] + second;
      expected = expected + first;
      const __m512 found = _mm512_dpbf16_ps(_mm512_set1_ps(sums[i]), (__m512bh)_mm512_set1_epi32((int)pairs[j]),
                                            (__m512bh)_mm512_set1_epi32((int)one));
      if (_mm512_cvtss_f32(found) != expected) return 0;
    }
  return 1;
}

#pragma clang attribute pop

#endif
