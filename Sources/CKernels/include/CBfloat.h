// Products in bfloat16: inputs and weights rounded to it, sums in float32, the same bits on every instruction set.
//
//   rounded: to the nearest, half to even; what is not a number stays none; what is below 2⁻⁵⁶ is 0, so that no sum is
//   ever too small for a float32 of full precision (products are multiples of 2⁻¹²⁶)
//   sum over pairs of inputs, from 0: sum = sum + x[2i + 1] · w[2i + 1], sum = sum + x[2i] · w[2i], each rounded
//   once (a
//   product of two such numbers is exact in float32, so that a fused multiply-add and two operations agree)
//   out = activation(sum · scales[c] + bias[c]) + residual, an operation at a time

#ifndef CBFLOAT_H
#define CBFLOAT_H

/// Bytes from one rounded row to the next. How a row lies in memory is the set's own business.
size_t rk_bfloat_stride(const rk_kernels *kernels, size_t k);

/// Rounds rows of k floats, ldx apart. `out`: `rk_bfloat_stride` bytes a row, aligned to 64.
void rk_round_rows(const rk_kernels *kernels, const float *x, size_t ldx, size_t rows, size_t k, void *out);

/// Bytes that `rk_pack_bfloat` writes for a [k, n] matrix, so many for each panel of RK_PANEL columns.
size_t rk_packed_bfloat_bytes(size_t k, size_t n);

/// Packs the matrix whose element (row i of k, column j of n), a bfloat16's bits, stands at
/// `weight[i · row_step + j · column_step]`. `packed`: aligned to 64.
void rk_pack_bfloat(const uint16_t *weight, size_t k, size_t n, size_t row_step, size_t column_step, void *packed);

/// A product of rounded rows.
typedef struct {
  rk_product store;    // all but x, ldx and packed
  const void *x;       // from rk_round_rows
  size_t stride;       // rk_bfloat_stride
  const void *packed;  // from rk_pack_bfloat
  const float *scales; // n floats padded to a multiple of 16, or NULL: 1
} rk_bfloat_product;

/// Computes rows row_begin..<row_end and panels panel_begin..<panel_end of a product of rounded rows.
void rk_multiply_bfloat(const rk_kernels *kernels, const rk_bfloat_product *p, size_t row_begin, size_t row_end,
                        size_t panel_begin, size_t panel_end);

#endif
