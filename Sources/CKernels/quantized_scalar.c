// 8-bit products for any CPU.

#include "kernels.h"

#include <math.h>
#include <string.h>

#define RK_FUSED 0
#define RK_DOT_ROWS 2
#define RK_DOT_SHAPES(X) X(1, 1) X(2, 1)
#define RK_DOT_PANELS_FOR_HEIGHT(h) ((void)(h), (size_t)1)

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
#define RK_QUANTIZED_TABLE rk_quantized_scalar
#include "quantized.inc.h"
