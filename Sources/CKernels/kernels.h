// What an instruction set provides, and how the exported functions find it.

#ifndef RK_KERNELS_H
#define RK_KERNELS_H

#include "CKernels.h"

/// Most query rows that any set works on at once in `rk_attention`; sizes the scratch.
#define RK_STRIP_ROWS_MAX 16

/// One instruction set's kernels; the members mean what the functions of the same name in CKernels.h mean.
typedef struct {
  rk_isa isa;
  void (*multiply)(const rk_product *, size_t, size_t, size_t, size_t);
  void (*attention)(const rk_map *, size_t, size_t);
  void (*layer_norm)(const float *, size_t, size_t, size_t, float, const float *, const float *, float *, size_t);
  void (*rms_norm)(const float *, size_t, size_t, size_t, float, const float *, float, float *, size_t);
  void (*activate)(const float *, size_t, int, float *);
  void (*add)(const float *, const float *, size_t, float *);
  void (*multiply_elements)(const float *, const float *, size_t, float *);
  void (*gather)(const float *, size_t, const int32_t *, size_t, float, int, float *, size_t);
  void (*mean_rows)(const float *, size_t, size_t, size_t, float *);
  void (*normalize)(float *, size_t);
} rk_kernels;

extern const rk_kernels rk_kernels_scalar;
#if defined(__x86_64__)
extern const rk_kernels rk_kernels_avx2;
extern const rk_kernels rk_kernels_avx512;
#elif defined(__aarch64__)
extern const rk_kernels rk_kernels_neon;
#endif

static inline size_t rk_round_up(size_t value, size_t unit) { return (value + unit - 1) / unit * unit; }

/// Floats between the rows of a strip of attention weights. A distance of a multiple of 2 KiB would put all rows into
/// the same few sets of the first-level cache.
static inline size_t rk_strip_stride(size_t keys) {
  size_t stride = rk_round_up(keys, RK_PANEL);
  return stride % 512 == 0 ? stride + RK_PANEL : stride;
}

#endif
