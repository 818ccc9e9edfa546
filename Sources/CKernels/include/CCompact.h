// Products with weights that are stored in 8 or 4 bits and multiplied as float32: for few rows at a time, where memory
// sets the pace.
//
// A product is that of `rk_multiply` with the matrix w[i, c] = float(q[i, c]) · scale of its group, rounded once: the
// same sums in the same order, to the bit.

#ifndef CCOMPACT_H
#define CCOMPACT_H

/// How the numbers of a compact matrix are stored.
typedef enum {
  RK_COMPACT_BYTES = 0,   // −128 … 127
  RK_COMPACT_NIBBLES = 1, // −8 … 7, eight inputs a word, the first one lowest
} rk_compact_kind;

/// The extents of a compact matrix.
typedef struct {
  int kind;      // rk_compact_kind
  size_t k, n;
  size_t group;  // inputs of a column that share a scale; even, or k
  int wide;      // whether scales are kept as float32; else they must be float16 numbers, and are kept as such
} rk_compact_shape;

/// Bytes that `rk_pack_compact` writes, a multiple of 64.
size_t rk_compact_bytes(const rk_compact_shape *shape);

/// Packs numbers, element (row i of k, column j of n) at `values[i · row_step + j · column_step]`.
///
/// `scales`: [groups, n]. `packed`: aligned to 64.
void rk_pack_compact(const rk_compact_shape *shape, const int8_t *values, size_t row_step, size_t column_step,
                     const float *scales, void *packed);

/// Floats of scratch that a product needs.
size_t rk_compact_scratch(const rk_compact_shape *shape);

/// Rows row_begin..<row_end and panels panel_begin..<panel_end of a product; `store.packed` is not read.
///
/// `scratch`: `rk_compact_scratch` floats, aligned to 64, one for each thread.
void rk_multiply_compact(const rk_kernels *kernels, const rk_product *store, const rk_compact_shape *shape,
                         const void *packed, float *scratch, size_t row_begin, size_t row_end, size_t panel_begin,
                         size_t panel_end);

// ---- tables ------------------------------------------------------------------------------------------------------

/// How the numbers of a table are stored.
typedef enum {
  RK_ROWS_BYTES = 0,  // int8, one scale a row
  RK_ROWS_BFLOAT = 1, // bfloat16
} rk_table_kind;

/// A table of fewer bits whose rows are looked up.
typedef struct {
  const void *numbers;  // [rows, width]; any alignment
  int kind;             // rk_table_kind
  const float *scales;  // one a row of bytes, else NULL
  size_t width;
} rk_compact_table;

/// out = scale · table row (+ out when accumulate), row by row, as `rk_gather` does with floats.
///
/// The number times its row's scale is rounded before it meets `scale`. Indices lie within the table.
void rk_gather_compact(const rk_kernels *kernels, const rk_compact_table *table, const int32_t *index, size_t rows,
                       float scale, int accumulate, float *out, size_t ldo);

#endif
