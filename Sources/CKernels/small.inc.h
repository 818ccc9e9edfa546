// Products without packed weights, and what is rare: written for any width, each sum in one order.

static void unit_norm(const float *x, size_t ldx, size_t rows, size_t width, float epsilon, float *out, size_t ldo) {
  for (size_t row = 0; row < rows; row++, x += ldx, out += ldo) {
    const float square = sum_row(x, width, 0.0f, 1);
    const float factor = 1.0f / sqrtf(square < epsilon ? epsilon : square);
    size_t i = 0;
    for (; i + RK_LANES <= width; i += RK_LANES) store(out + i, load(x + i) * splat(factor));
    for (; i < width; i++) out[i] = x[i] * factor;
  }
}

static void extreme(const float *a, const float *b, size_t count, int is_maximum, float *out) {
  for (size_t i = 0; i < count; i += RK_LANES) {
    const size_t rest = count - i < RK_LANES ? count - i : RK_LANES;
    const vf x = load_first(a + i, rest), y = load_first(b + i, rest);
    // Comparisons with what is not a number are false: either operand that is none is the result.
    const vf larger = x < y ? y : (y == y ? x : y), smaller = x > y ? y : (y == y ? x : y);
    store_first(out + i, is_maximum ? larger : smaller, rest);
  }
}

static void additive_scores(const float *q, size_t ldq, const float *k, size_t ldk, size_t size, const float *weights,
                            size_t keys, size_t query_begin, size_t query_end, float *out, size_t ldo) {
  for (size_t query = query_begin; query < query_end; query++)
    for (size_t key = 0; key < keys; key++) {
      const float *a = q + query * ldq, *b = k + key * ldk;
      vf sum = splat(0.0f);
      for (size_t i = 0; i < size; i += RK_LANES) sum = fma_(load(weights + i), tanh_(load(a + i) + load(b + i)), sum);
      out[query * ldo + key] = sum_lanes(sum);
    }
}

static void grouped(const float *x, size_t places, size_t groups, size_t depth, size_t columns, const float *weight,
                    const float *bias, float *out) {
  const size_t width = groups * columns;
  for (size_t i = 0; i < width; i++) out[i] = bias ? bias[i] : 0.0f;
  for (size_t place = 0; place < places; place++, x += groups * depth)
    for (size_t row = 0; row < depth; row++, weight += width) {
      if (depth == 1 && columns == 1) {
        size_t i = 0;
        for (; i + RK_LANES <= width; i += RK_LANES)
          store(out + i, fma_(load(x + i), load(weight + i), load(out + i)));
        if (i < width)
          store_first(out + i, fma_(load_first(x + i, width - i), load_first(weight + i, width - i),
                                    load_first(out + i, width - i)), width - i);
        continue;
      }
      for (size_t group = 0; group < groups; group++) {
        const vf value = splat(x[group * depth + row]);
        const float *w = weight + group * columns;
        float *target = out + group * columns;
        for (size_t i = 0; i < columns; i += RK_LANES) {
          const size_t rest = columns - i < RK_LANES ? columns - i : RK_LANES;
          store_first(target + i, fma_(value, load_first(w + i, rest), load_first(target + i, rest)), rest);
        }
      }
    }
}

/// Σ a · b, lane by lane.
RK_INLINE float dot(const float *a, const float *b, size_t count) {
  vf sum = splat(0.0f);
  size_t i = 0;
  for (; i + RK_LANES <= count; i += RK_LANES) sum = fma_(load(a + i), load(b + i), sum);
  if (i < count) sum = fma_(load_first(a + i, count - i), load_first(b + i, count - i), sum);
  return sum_lanes(sum);
}

static void matrix_product(const float *a, size_t lda, size_t rows, size_t depth, const float *b, size_t ldb,
                           size_t columns, int is_transposed, float *out, size_t ldo) {
  for (size_t row = 0; row < rows; row++, a += lda, out += ldo) {
    if (is_transposed) {
      for (size_t column = 0; column < columns; column++) out[column] = dot(a, b + column * ldb, depth);
      continue;
    }
    for (size_t i = 0; i < columns; i += RK_LANES) {
      const size_t rest = columns - i < RK_LANES ? columns - i : RK_LANES;
      vf sum = splat(0.0f);
      for (size_t k = 0; k < depth; k++)
        sum = fma_(splat(a[k]), rest == RK_LANES ? load(b + k * ldb + i) : load_first(b + k * ldb + i, rest), sum);
      store_first(out + i, sum, rest);
    }
  }
}
