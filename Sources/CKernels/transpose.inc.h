// Blocks of sixteen rows turned into columns.

#ifndef RK_TRANSPOSE_INC
#define RK_TRANSPOSE_INC

#include "registers.inc.h"
#include "vector.inc.h"

#define RK_EVEN_LANES 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define RK_ODD_LANES 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31

/// Transposes sixteen rows of sixteen floats. Four rounds; each takes the even and odd lanes of rows eight apart.
RK_INLINE void transpose_block(const float *rows[RK_LANES], float *out) {
  vf a[RK_LANES], b[RK_LANES];
  RK_UNROLL for (size_t i = 0; i < RK_LANES; i++) a[i] = load(rows[i]);
  RK_UNROLL for (size_t round = 0; round < 4; round++) {
    RK_UNROLL for (size_t i = 0; i < 8; i++) {
      b[i] = __builtin_shufflevector(a[2 * i], a[2 * i + 1], RK_EVEN_LANES);
      b[i + 8] = __builtin_shufflevector(a[2 * i], a[2 * i + 1], RK_ODD_LANES);
    }
    RK_UNROLL for (size_t i = 0; i < RK_LANES; i++) a[i] = b[i];
  }
  RK_UNROLL for (size_t i = 0; i < RK_LANES; i++) store(out + i * RK_LANES, a[i]);
}

#endif
