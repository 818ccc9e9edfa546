// What tiles of floats and tiles of integers have in common: how their sums are kept in registers.

#ifndef RK_REGISTERS_INC
#define RK_REGISTERS_INC

#include "vector.inc.h"

/// Panels in the widest tile of any instruction set.
#define RK_TILE_PANELS_MAX 4

/// Weights and values are fetched into the first-level cache so many steps before they are needed. Where they come
/// late, what depends on them is started in vain, in the place of other sums: the products lose a tenth to that.
#define RK_SOON_STEPS 8

#define RK_UNROLL _Pragma("clang loop unroll(full)")

// Keeps a value in its register: without this the compiler derives a dozen row addresses from one another in ways that
// need more registers than there are, and moves loads between steps until the sums themselves spill.
#define RK_PIN(value) __asm__ volatile("" : "+r"(value))

/// Rows whose addresses come from one pointer (plus 0, 1, 2, 3 times the distance).
#define RK_ROW_GROUP 4
/// Steps between two changes of an address.
#define RK_STEPS 4

/// `count` (up to 3) times a distance, of which three times is known.
RK_INLINE size_t times(const size_t count, size_t distance, size_t thrice) {
  return count == 3 ? thrice : count * distance;
}

/// A tile of products whose sums are taken several depths at a time (dot_tile.inc.h).
typedef struct {
  const uint8_t *x;        // M rows
  size_t stride, depth;    // bytes between rows; numbers of a row, padding included
  const uint8_t *w;        // P panels
  size_t apart;            // bytes between panels
  const float *scales;     // P · 16 floats, or NULL
  const float *bias;       // the same
  const float *residual;   // added last, or NULL
  size_t ldr;
  const float *factors;    // one a row, where the kind of product takes them, or NULL
  float *out[RK_TILE_PANELS_MAX];
  size_t ldo;
} rk_dot_tile;

#endif
