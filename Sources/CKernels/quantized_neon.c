// 8-bit products with NEON: 32-bit multiply-adds, and dot products of fours where the processor has them.

#if defined(__aarch64__)

#include "kernels.h"

#include <math.h>
#include <string.h>

#include <arm_neon.h>

#define RK_FUSED 1
#define RK_DOT_ROWS 6
#define RK_DOT_SHAPES(X) X(1, 1) X(2, 1) X(3, 1) X(4, 1) X(5, 1) X(6, 1) X(1, 2) X(2, 2)
#define RK_DOT_PANELS_FOR_HEIGHT(h) ((h) > 2 ? 1 : 2)

#define RK_DEPTHS 1
#define RK_LEVEL int16_t
#define RK_SHIFT 0

#include "vector.inc.h"

typedef vi rk_weights;

RK_INLINE rk_weights weights_at(const uint8_t *p) {
  typedef int8_t vb __attribute__((ext_vector_type(RK_LANES)));
  vb narrow;
  memcpy(&narrow, p, sizeof narrow);
  return __builtin_convertvector(narrow, vi);
}

RK_INLINE vi level_at(const uint8_t *p) {
  int16_t level;
  memcpy(&level, p, sizeof level);
  return (vi)(int32_t)level;
}

RK_INLINE vi dot_step(vi sum, vi x, rk_weights w) { return sum + x * w; }

#define rk_levels vi
#define RK_QUANTIZED_TABLE rk_quantized_neon
#include "quantized.inc.h"

#endif
