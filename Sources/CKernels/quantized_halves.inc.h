// Panels as two registers of 256 bits, and tiles that sixteen such registers hold, for quantized.inc.h.

#define RK_FUSED 1
#define RK_DOT_ROWS 6
#define RK_DOT_SHAPES(X) \
  X(1, 1) X(2, 1) X(3, 1) X(4, 1) X(5, 1) X(6, 1) X(1, 2) X(2, 2) X(3, 2) X(1, 3) X(1, 4)
#define RK_DOT_PANELS_FOR_HEIGHT(h) ((h) >= 4 ? 1 : (h) >= 2 ? 2 : 4)

#include "vector.inc.h"

/// Two halves of a panel's sixteen columns.
typedef struct {
  __m256i low, high;
} rk_weights;
#define rk_levels vi

RK_INLINE vi joined(__m256i low, __m256i high) {
  return __builtin_shufflevector((vi8)low, (vi8)high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

RK_INLINE vi level_at(const uint8_t *p) { return splat_bytes(p); }
