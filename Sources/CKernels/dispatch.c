// Knows which instruction sets this CPU has, and forwards the exported functions to the table that they are given.

#include "kernels.h"

const rk_kernels *rk_kernels_of(rk_isa isa) {
  switch (isa) {
    case RK_SCALAR:
      return &rk_kernels_scalar;
#if defined(__x86_64__)
    case RK_AVX2:
      __builtin_cpu_init();
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &rk_kernels_avx2 : NULL;
    case RK_AVX512:
      __builtin_cpu_init();
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
                 && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")
                 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
                 ? &rk_kernels_avx512 : NULL;
#elif defined(__aarch64__)
    case RK_NEON:
      return &rk_kernels_neon;
#endif
    default:
      return NULL;
  }
}

const rk_kernels *rk_best_kernels(void) {
  static const rk_isa order[] = {RK_AVX512, RK_AVX2, RK_NEON};
  for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
    const rk_kernels *kernels = rk_kernels_of(order[i]);
    if (kernels) return kernels;
  }
  return &rk_kernels_scalar;
}

const char *rk_name(rk_isa isa) {
  switch (isa) {
    case RK_SCALAR: return "scalar";
    case RK_AVX2: return "avx2";
    case RK_AVX512: return "avx512";
    case RK_NEON: return "neon";
  }
  return "unknown";
}

void rk_multiply(const rk_kernels *kernels, const rk_product *p, size_t row_begin, size_t row_end, size_t panel_begin,
                 size_t panel_end) {
  kernels->multiply(p, row_begin, row_end, panel_begin, panel_end);
}

size_t rk_attention_scratch(size_t keys, size_t head_size) {
  return rk_round_up(keys, RK_PANEL) * head_size + RK_STRIP_ROWS_MAX * rk_strip_stride(keys);
}

void rk_attention(const rk_kernels *kernels, const rk_map *m, size_t query_begin, size_t query_end) {
  kernels->attention(m, query_begin, query_end);
}

void rk_layer_norm(const rk_kernels *kernels, const float *x, size_t ldx, size_t rows, size_t width, float epsilon,
                   const float *scale, const float *offset, float *out, size_t ldo) {
  kernels->layer_norm(x, ldx, rows, width, epsilon, scale, offset, out, ldo);
}

void rk_rms_norm(const rk_kernels *kernels, const float *x, size_t ldx, size_t rows, size_t width, float epsilon,
                 const float *scale, float scale_offset, float *out, size_t ldo) {
  kernels->rms_norm(x, ldx, rows, width, epsilon, scale, scale_offset, out, ldo);
}

void rk_activate(const rk_kernels *kernels, const float *x, size_t count, int activation, float *out) {
  kernels->activate(x, count, activation, out);
}

void rk_add(const rk_kernels *kernels, const float *a, const float *b, size_t count, float *out) {
  kernels->add(a, b, count, out);
}

void rk_multiply_elements(const rk_kernels *kernels, const float *a, const float *b, size_t count, float *out) {
  kernels->multiply_elements(a, b, count, out);
}

void rk_gather(const rk_kernels *kernels, const float *table, size_t width, const int32_t *index, size_t rows,
               float scale, int accumulate, float *out, size_t ldo) {
  kernels->gather(table, width, index, rows, scale, accumulate, out, ldo);
}

void rk_rotate(const rk_kernels *kernels, float *x, size_t pairs, int interleaved, const float *angles) {
  kernels->rotate(x, pairs, interleaved, angles);
}

void rk_mean_rows(const rk_kernels *kernels, const float *x, size_t ldx, size_t rows, size_t width, float *out) {
  kernels->mean_rows(x, ldx, rows, width, out);
}

void rk_normalize(const rk_kernels *kernels, float *x, size_t width) { kernels->normalize(x, width); }

void rk_unit_norm(const rk_kernels *kernels, const float *x, size_t ldx, size_t rows, size_t width, float epsilon,
                  float *out, size_t ldo) {
  kernels->unit_norm(x, ldx, rows, width, epsilon, out, ldo);
}

void rk_extreme(const rk_kernels *kernels, const float *a, const float *b, size_t count, int is_maximum, float *out) {
  kernels->extreme(a, b, count, is_maximum, out);
}

void rk_additive_scores(const rk_kernels *kernels, const float *q, size_t ldq, const float *k, size_t ldk, size_t size,
                        const float *weights, size_t keys, size_t query_begin, size_t query_end, float *out,
                        size_t ldo) {
  kernels->additive_scores(q, ldq, k, ldk, size, weights, keys, query_begin, query_end, out, ldo);
}

void rk_grouped(const rk_kernels *kernels, const float *x, size_t places, size_t groups, size_t depth, size_t columns,
                const float *weight, const float *bias, float *out) {
  kernels->grouped(x, places, groups, depth, columns, weight, bias, out);
}

void rk_matrix_product(const rk_kernels *kernels, const float *a, size_t lda, size_t rows, size_t depth, const float *b,
                       size_t ldb, size_t columns, int is_transposed, float *out, size_t ldo) {
  kernels->matrix_product(a, lda, rows, depth, b, ldb, columns, is_transposed, out, ldo);
}
