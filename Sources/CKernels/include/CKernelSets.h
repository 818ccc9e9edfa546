// The table of an instruction set's kernels.

#ifndef CKERNELSETS_H
#define CKERNELSETS_H

#include "CKernels.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Products of 8-bit rows, where they differ from set to set. The members mean what the functions in CQuantized.h mean.
typedef struct {
  size_t (*stride)(size_t);
  void (*quantize)(const float *, size_t, size_t, size_t, const float *, uint8_t *);
  void (*row)(const uint8_t *, size_t, uint8_t *, float *, int *);
  size_t (*panel_bytes)(size_t);
  void (*pack)(const int8_t *, size_t, size_t, size_t, size_t, uint8_t *);
  void (*multiply)(const rk_quantized_product *, size_t, size_t, size_t, size_t);
} rk_quantized_kernels;

/// Products in bfloat16. The first members mean what the functions in CBfloat.h mean.
struct rk_bfloat_kernels {
  size_t (*stride)(size_t);
  void (*round)(const float *, size_t, size_t, size_t, uint8_t *);
  void (*multiply)(const rk_bfloat_product *, size_t, size_t, size_t, size_t);
  // Most rows that `multiply_rows` takes.
  size_t rows;
  // Keys begin..<end, and values of keys begin..<end, as panels of pairs that `multiply_rows` takes.
  void (*round_keys)(const float *k, size_t ldk, size_t begin, size_t end, size_t head_size, uint8_t *out);
  void (*round_values)(const float *v, size_t ldv, size_t begin, size_t end, size_t width, size_t padded, uint8_t *out);
  // Rows, `stride` bytes apart, times `count` panels, `apart` bytes apart, each row times its factor where there
  // are any.
  void (*multiply_rows)(const void *x, size_t stride, size_t rows, size_t depth, const void *panels, size_t apart,
                        size_t count, const float *factors, float *out, size_t ldo);
};

/// The members mean what the functions of the same name in CKernels.h mean, without the first argument.
struct rk_kernels {
  rk_isa isa;
  const rk_quantized_kernels *quantized;
  const rk_bfloat_kernels *bfloat;
  void (*multiply)(const rk_product *, size_t, size_t, size_t, size_t);
  void (*multiply_compact)(const rk_product *, const rk_compact_shape *, const void *, float *, size_t, size_t, size_t,
                           size_t);
  void (*attention)(const rk_map *, size_t, size_t);
  void (*layer_norm)(const float *, size_t, size_t, size_t, float, const float *, const float *, float *, size_t);
  void (*rms_norm)(const float *, size_t, size_t, size_t, float, const float *, float, float *, size_t);
  void (*activate)(const float *, size_t, int, float *);
  void (*add)(const float *, const float *, size_t, float *);
  void (*multiply_elements)(const float *, const float *, size_t, float *);
  void (*gather)(const float *, size_t, const int32_t *, size_t, float, int, float *, size_t);
  void (*gather_compact)(const rk_compact_table *, const int32_t *, size_t, float, int, float *, size_t);
  void (*rotate)(float *, size_t, int, const float *);
  void (*mean_rows)(const float *, size_t, size_t, size_t, float *);
  void (*normalize)(float *, size_t);
  void (*unit_norm)(const float *, size_t, size_t, size_t, float, float *, size_t);
  void (*extreme)(const float *, const float *, size_t, int, float *);
  void (*additive_scores)(const float *, size_t, const float *, size_t, size_t, const float *, size_t, size_t, size_t,
                          float *, size_t);
  void (*grouped)(const float *, size_t, size_t, size_t, size_t, const float *, const float *, float *);
  void (*matrix_product)(const float *, size_t, size_t, size_t, const float *, size_t, size_t, int, float *, size_t);
};

#ifdef __cplusplus
}
#endif
#endif
