// What an instruction set provides, and how the exported functions find it.

#ifndef RK_KERNELS_H
#define RK_KERNELS_H

#include "CKernels.h"

/// Most query rows that any set works on at once in `rk_attention`; sizes the scratch.
#define RK_STRIP_ROWS_MAX 16

extern const rk_kernels rk_kernels_scalar;
extern const rk_quantized_kernels rk_quantized_scalar;
extern const rk_bfloat_kernels rk_bfloat_scalar;
#if defined(__x86_64__)
extern const rk_kernels rk_kernels_avx2, rk_kernels_avxvnni;
extern const rk_kernels rk_kernels_avx512, rk_kernels_avx512vnni, rk_kernels_avx512bf16;
extern const rk_quantized_kernels rk_quantized_avx2, rk_quantized_avxvnni;
extern const rk_quantized_kernels rk_quantized_avx512, rk_quantized_avx512vnni;
extern const rk_bfloat_kernels rk_bfloat_avx2, rk_bfloat_avx512, rk_bfloat_avx512bf16;
/// Whether this CPU's sums of pairs of bfloat16 numbers are those of the definition. It must have such products.
int rk_has_ordered_bfloat_dots(void);
#elif defined(__aarch64__)
extern const rk_kernels rk_kernels_neon, rk_kernels_neondot;
extern const rk_quantized_kernels rk_quantized_neon, rk_quantized_neondot;
extern const rk_bfloat_kernels rk_bfloat_neon;
#endif

/// Bytes of one panel of a compact matrix, and of the scales before its numbers.
size_t rk_compact_panel_bytes(const rk_compact_shape *shape);
size_t rk_compact_scale_bytes(const rk_compact_shape *shape);

static inline size_t rk_round_up(size_t value, size_t unit) { return (value + unit - 1) / unit * unit; }

/// Floats between the rows of a strip of attention weights. A distance of a multiple of 2 KiB would put all rows into
/// the same few sets of the first-level cache.
static inline size_t rk_strip_stride(size_t keys) {
  size_t stride = rk_round_up(keys, RK_PANEL);
  return stride % 512 == 0 ? stride + RK_PANEL : stride;
}

#endif
