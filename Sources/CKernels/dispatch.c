// Knows which instruction sets this CPU has, and forwards the exported functions to the table that they are given.

#include "kernels.h"

#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

#if defined(__x86_64__)
static int has_avx2(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static int has_avx512(void) {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
         && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#elif defined(__aarch64__)
static int has_dot_products(void) {
#if defined(__ARM_FEATURE_DOTPROD)
  return 1;
#elif defined(__linux__)
  return (getauxval(AT_HWCAP) >> 20) & 1;  // HWCAP_ASIMDDP
#else
  return 0;
#endif
}
#endif

const rk_kernels *rk_kernels_of(rk_isa isa) {
  switch (isa) {
    case RK_SCALAR: return &rk_kernels_scalar;
#if defined(__x86_64__)
    case RK_AVX2: return has_avx2() ? &rk_kernels_avx2 : NULL;
    case RK_AVX2_VNNI: return has_avx2() && __builtin_cpu_supports("avxvnni") ? &rk_kernels_avxvnni : NULL;
    case RK_AVX512: return has_avx512() ? &rk_kernels_avx512 : NULL;
    case RK_AVX512_VNNI:
      return has_avx512() && __builtin_cpu_supports("avx512vnni") ? &rk_kernels_avx512vnni : NULL;
    case RK_AVX512_BF16:
      return has_avx512() && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bf16")
                     && rk_has_ordered_bfloat_dots()
                 ? &rk_kernels_avx512bf16 : NULL;
#elif defined(__aarch64__)
    case RK_NEON: return &rk_kernels_neon;
    case RK_NEON_DOT: return has_dot_products() ? &rk_kernels_neondot : NULL;
#endif
    default: return NULL;
  }
}

const rk_kernels *rk_best_kernels(void) {
  static const rk_isa order[] = {
    RK_AVX512_BF16, RK_AVX512_VNNI, RK_AVX2_VNNI, RK_AVX512, RK_AVX2, RK_NEON_DOT, RK_NEON,
  };
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
    case RK_AVX2_VNNI: return "avxvnni";
    case RK_AVX512: return "avx512";
    case RK_AVX512_VNNI: return "avx512vnni";
    case RK_AVX512_BF16: return "avx512bf16";
    case RK_NEON: return "neon";
    case RK_NEON_DOT: return "neondot";
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

size_t rk_rounded_scratch(size_t keys, size_t head_size, size_t width, size_t consumers) {
  const size_t padded = rk_round_up(keys, RK_PANEL);
  // Rows of a strip as floats, with what keeps them off the same sets of a cache; keys; values.
  return RK_STRIP_ROWS_MAX * (head_size + padded + 64) + padded * head_size / 2 + consumers * padded * width / 2;
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

void rk_gather_compact(const rk_kernels *kernels, const rk_compact_table *table, const int32_t *index, size_t rows,
                       float scale, int accumulate, float *out, size_t ldo) {
  kernels->gather_compact(table, index, rows, scale, accumulate, out, ldo);
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

size_t rk_quantized_stride(const rk_kernels *kernels, size_t k) { return kernels->quantized->stride(k); }

void rk_quantize(const rk_kernels *kernels, const float *x, size_t ldx, size_t rows, size_t k, const float *factors,
                 void *out) {
  kernels->quantized->quantize(x, ldx, rows, k, factors, out);
}

void rk_quantized_row(const rk_kernels *kernels, const void *row, size_t k, uint8_t *values, float *scale, int *zero) {
  kernels->quantized->row(row, k, values, scale, zero);
}

size_t rk_packed_quantized_bytes(const rk_kernels *kernels, size_t k, size_t n) {
  return rk_round_up(n, RK_PANEL) / RK_PANEL * kernels->quantized->panel_bytes(k);
}

void rk_pack_quantized(const rk_kernels *kernels, const int8_t *weight, size_t k, size_t n, size_t row_step,
                       size_t column_step, void *packed) {
  kernels->quantized->pack(weight, k, n, row_step, column_step, packed);
}

void rk_multiply_quantized(const rk_kernels *kernels, const rk_quantized_product *p, size_t row_begin, size_t row_end,
                           size_t panel_begin, size_t panel_end) {
  kernels->quantized->multiply(p, row_begin, row_end, panel_begin, panel_end);
}

void rk_multiply_compact(const rk_kernels *kernels, const rk_product *store, const rk_compact_shape *shape,
                         const void *packed, float *scratch, size_t row_begin, size_t row_end, size_t panel_begin,
                         size_t panel_end) {
  kernels->multiply_compact(store, shape, packed, scratch, row_begin, row_end, panel_begin, panel_end);
}

size_t rk_bfloat_stride(const rk_kernels *kernels, size_t k) { return kernels->bfloat->stride(k); }

void rk_round_rows(const rk_kernels *kernels, const float *x, size_t ldx, size_t rows, size_t k, void *out) {
  kernels->bfloat->round(x, ldx, rows, k, out);
}

void rk_multiply_bfloat(const rk_kernels *kernels, const rk_bfloat_product *p, size_t row_begin, size_t row_end,
                        size_t panel_begin, size_t panel_end) {
  kernels->bfloat->multiply(p, row_begin, row_end, panel_begin, panel_end);
}
