// Products of 8-bit rows and 8-bit weights.
//
// The numbers are defined to the last operation, and the same on every instruction set (docs/precision.md):
// every line below is one float32 operation, rounded to nearest even; nothing is fused.
//
//   a row x of k floats, times its factors where there are any:
//     low  = min(0, x …), high = max(0, x …), range = high − low
//     not finite (a number of the row, or the range): scale = not-a-number, zero = 0, q = 0
//     range < 2⁻¹⁰⁰:                                  scale = 0,            zero = 0, q = 0
//     else  inverse = 255 / range, scale = range / 255, zero = rint(−low · inverse),
//           q = rint(x · inverse) + zero, kept within 0 and 255
//   the product with signed weights w, column c:
//     sum  = Σ (q − zero) · w                          exact, 32 bits: k is at most RK_QUANTIZED_DEPTH
//     out  = activation((float(sum) · scale) · scales[c] + bias[c]) + residual

#ifndef CQUANTIZED_H
#define CQUANTIZED_H

/// Most inputs of a product: sums of so many products 255 · −128 fit into 32 bits.
#define RK_QUANTIZED_DEPTH 65536

/// Bytes from one quantised row to the next. How a row lies in memory is the set's own business.
size_t rk_quantized_stride(const rk_kernels *kernels, size_t k);

/// Quantises rows of k floats, ldx apart.
///
/// `factors`: k numbers that the columns are multiplied with first, or NULL. `out`: `rk_quantized_stride` bytes a row,
/// aligned to 64.
void rk_quantize(const rk_kernels *kernels, const float *x, size_t ldx, size_t rows, size_t k, const float *factors,
                 void *out);

/// What a quantised row holds: k numbers from 0 to 255, the scale, the zero. For tests and for fitting weights to
/// what a run really computes.
void rk_quantized_row(const rk_kernels *kernels, const void *row, size_t k, uint8_t *values, float *scale, int *zero);

/// Bytes that `rk_pack_quantized` writes for a [k, n] matrix: so many for each panel of RK_PANEL columns.
size_t rk_packed_quantized_bytes(const rk_kernels *kernels, size_t k, size_t n);

/// Packs the matrix whose element (row i of k, column j of n) stands at `weight[i · row_step + j · column_step]`.
/// `packed`: aligned to 64.
void rk_pack_quantized(const rk_kernels *kernels, const int8_t *weight, size_t k, size_t n, size_t row_step,
                       size_t column_step, void *packed);

/// A product of quantised rows.
typedef struct {
  rk_product store;    // all but x, ldx and packed: sizes, bias, activation, residual, where the result goes
  const void *x;       // from rk_quantize
  size_t stride;       // rk_quantized_stride
  const void *packed;  // from rk_pack_quantized
  const float *scales; // n floats padded to a multiple of 16
} rk_quantized_product;

/// Computes rows row_begin..<row_end and panels panel_begin..<panel_end of a product of quantised rows.
void rk_multiply_quantized(const rk_kernels *kernels, const rk_quantized_product *p, size_t row_begin, size_t row_end,
                           size_t panel_begin, size_t panel_end);

#endif
