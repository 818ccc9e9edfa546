// Steps of quantized.inc.h for processors without products of small integers: one number of a row at a time, multiplied
// and added in 32 bits.

#define RK_DEPTHS 1
#define RK_LEVEL int16_t
#define RK_SHIFT 0

#include "vector.inc.h"

typedef vi rk_weights;
#define rk_levels vi

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
