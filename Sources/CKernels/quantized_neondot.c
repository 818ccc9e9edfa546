// 8-bit products with NEON's dot products: s8 · s8 in fours. Rows are kept 128 lower, so that they fit.

#if defined(__aarch64__)

#include "kernels.h"

#include <math.h>
#include <string.h>

#include <arm_neon.h>

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)

#define RK_FUSED 1
#define RK_DEPTHS 4
#define RK_LEVEL int8_t
#define RK_SHIFT 128
#define RK_DOT_ROWS 6
#define RK_DOT_SHAPES(X) X(1, 1) X(2, 1) X(3, 1) X(4, 1) X(5, 1) X(6, 1) X(1, 2) X(2, 2)
#define RK_DOT_PANELS_FOR_HEIGHT(h) ((h) > 2 ? 1 : 2)

#include "vector.inc.h"

/// Four quarters of a panel's sixteen columns.
typedef struct {
  int8x16_t part[4];
} rk_weights;

RK_INLINE rk_weights weights_at(const uint8_t *p) {
  const int8_t *bytes = (const int8_t *)p;
  return (rk_weights){{vld1q_s8(bytes), vld1q_s8(bytes + 16), vld1q_s8(bytes + 32), vld1q_s8(bytes + 48)}};
}

RK_INLINE vi level_at(const uint8_t *p) { return splat_bytes(p); }

typedef int32_t vi4 __attribute__((ext_vector_type(4)));

RK_INLINE vi dot_step(vi sum, vi x, rk_weights w) {
  const int8x16_t own = (int8x16_t)x.lo.lo;
  sum.lo.lo = (vi4)vdotq_s32((int32x4_t)sum.lo.lo, w.part[0], own);
  sum.lo.hi = (vi4)vdotq_s32((int32x4_t)sum.lo.hi, w.part[1], own);
  sum.hi.lo = (vi4)vdotq_s32((int32x4_t)sum.hi.lo, w.part[2], own);
  sum.hi.hi = (vi4)vdotq_s32((int32x4_t)sum.hi.hi, w.part[3], own);
  return sum;
}

#define rk_levels vi
#define RK_QUANTIZED_TABLE rk_quantized_neondot
#include "quantized.inc.h"

#pragma clang attribute pop

#endif
