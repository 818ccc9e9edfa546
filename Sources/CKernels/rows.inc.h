// Norms and elementwise work, row by row.

/// Sums by four accumulators in turn, so that additions overlap; the order depends on the width only.
RK_INLINE float sum_row(const float *x, size_t width, float shift, const int squared) {
  vf sums[4] = {splat(0.0f), splat(0.0f), splat(0.0f), splat(0.0f)};
  size_t i = 0;
  for (; i + 4 * RK_LANES <= width; i += 4 * RK_LANES) {
    RK_UNROLL for (size_t j = 0; j < 4; j++) {
      vf value = load(x + i + j * RK_LANES) - splat(shift);
      sums[j] = squared ? fma_(value, value, sums[j]) : sums[j] + value;
    }
  }
  for (; i < width; i += RK_LANES) {
    const size_t count = width - i < RK_LANES ? width - i : RK_LANES;
    vf value;
    if (count == RK_LANES) {
      value = load(x + i) - splat(shift);
    } else {
      float lanes[RK_LANES] = {0};
      for (size_t j = 0; j < count; j++) lanes[j] = x[i + j] - shift;
      value = load(lanes);
    }
    sums[0] = squared ? fma_(value, value, sums[0]) : sums[0] + value;
  }
  return sum_lanes((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

static void layer_norm(const float *x, size_t ldx, size_t rows, size_t width, float epsilon, const float *scale,
                       const float *offset, float *out, size_t ldo) {
  for (size_t row = 0; row < rows; row++, x += ldx, out += ldo) {
    const float mean = sum_row(x, width, 0.0f, 0) / (float)width;
    const float variance = sum_row(x, width, mean, 1) / (float)width;
    const float factor = 1.0f / sqrtf(variance + epsilon);
    size_t i = 0;
    for (; i + RK_LANES <= width; i += RK_LANES) {
      vf value = (load(x + i) - splat(mean)) * splat(factor);
      store(out + i, fma_(value, load(scale + i), offset ? load(offset + i) : splat(0.0f)));
    }
    for (; i < width; i++) out[i] = fma1((x[i] - mean) * factor, scale[i], offset ? offset[i] : 0.0f);
  }
}

static void rms_norm(const float *x, size_t ldx, size_t rows, size_t width, float epsilon, const float *scale,
                     float scale_offset, float *out, size_t ldo) {
  for (size_t row = 0; row < rows; row++, x += ldx, out += ldo) {
    const float factor = 1.0f / sqrtf(sum_row(x, width, 0.0f, 1) / (float)width + epsilon);
    size_t i = 0;
    for (; i + RK_LANES <= width; i += RK_LANES)
      store(out + i, load(x + i) * splat(factor) * (load(scale + i) + splat(scale_offset)));
    for (; i < width; i++) out[i] = x[i] * factor * (scale[i] + scale_offset);
  }
}

static void add(const float *a, const float *b, size_t count, float *out) {
  size_t i = 0;
  for (; i + RK_LANES <= count; i += RK_LANES) store(out + i, load(a + i) + load(b + i));
  for (; i < count; i++) out[i] = a[i] + b[i];
}

static void multiply_elements(const float *a, const float *b, size_t count, float *out) {
  size_t i = 0;
  for (; i + RK_LANES <= count; i += RK_LANES) store(out + i, load(a + i) * load(b + i));
  for (; i < count; i++) out[i] = a[i] * b[i];
}

static void gather(const float *table, size_t width, const int32_t *index, size_t rows, float scale, int accumulate,
                   float *out, size_t ldo) {
  for (size_t row = 0; row < rows; row++, out += ldo) {
    const float *source = table + (size_t)index[row] * width;
    size_t i = 0;
    for (; i + RK_LANES <= width; i += RK_LANES) {
      vf value = load(source + i) * splat(scale);
      store(out + i, accumulate ? load(out + i) + value : value);
    }
    for (; i < width; i++) {
      // Rounded before the addition, as above: the compiler may not fuse across statements.
      const float value = source[i] * scale;
      out[i] = accumulate ? out[i] + value : value;
    }
  }
}

static void rotate(float *x, size_t pairs, int interleaved, const float *angles) {
  const float *cosines = angles, *sines = angles + pairs;
  if (interleaved) {
    for (size_t i = 0; i < pairs; i++) {
      const float a = x[2 * i], b = x[2 * i + 1];
      x[2 * i] = fma1(a, cosines[i], -(b * sines[i]));
      x[2 * i + 1] = fma1(b, cosines[i], a * sines[i]);
    }
    return;
  }
  size_t i = 0;
  for (; i + RK_LANES <= pairs; i += RK_LANES) {
    const vf a = load(x + i), b = load(x + pairs + i), c = load(cosines + i), s = load(sines + i);
    store(x + i, fma_(a, c, -(b * s)));
    store(x + pairs + i, fma_(b, c, a * s));
  }
  for (; i < pairs; i++) {
    const float a = x[i], b = x[pairs + i];
    x[i] = fma1(a, cosines[i], -(b * sines[i]));
    x[pairs + i] = fma1(b, cosines[i], a * sines[i]);
  }
}

static void mean_rows(const float *x, size_t ldx, size_t rows, size_t width, float *out) {
  const float count = rows ? (float)rows : 1.0f;
  size_t i = 0;
  for (; i + RK_LANES <= width; i += RK_LANES) {
    vf sum = splat(0.0f);
    for (size_t row = 0; row < rows; row++) sum += load(x + row * ldx + i);
    store(out + i, sum / splat(count));
  }
  for (; i < width; i++) {
    float sum = 0.0f;
    for (size_t row = 0; row < rows; row++) sum += x[row * ldx + i];
    out[i] = sum / count;
  }
}

static void normalize(float *x, size_t width) {
  const float length = sqrtf(sum_row(x, width, 0.0f, 1));
  if (!(length > 0.0f)) return;
  const float factor = 1.0f / length;
  size_t i = 0;
  for (; i + RK_LANES <= width; i += RK_LANES) store(x + i, load(x + i) * splat(factor));
  for (; i < width; i++) x[i] *= factor;
}

static void activate(const float *x, size_t count, int activation, float *out) {
  switch (activation) {
    case RK_RELU: activate_all(x, count, RK_RELU, out); break;
    case RK_GELU: activate_all(x, count, RK_GELU, out); break;
    case RK_GELU_TANH: activate_all(x, count, RK_GELU_TANH, out); break;
    case RK_TANH: activate_all(x, count, RK_TANH, out); break;
    case RK_SILU: activate_all(x, count, RK_SILU, out); break;
    case RK_SIGMOID: activate_all(x, count, RK_SIGMOID, out); break;
    case RK_QUICK_GELU: activate_all(x, count, RK_QUICK_GELU, out); break;
    case RK_RELU_SQUARED: activate_all(x, count, RK_RELU_SQUARED, out); break;
    case RK_LEAKY_RELU: activate_all(x, count, RK_LEAKY_RELU, out); break;
    case RK_ELU: activate_all(x, count, RK_ELU, out); break;
    case RK_SELU: activate_all(x, count, RK_SELU, out); break;
    case RK_SOFTPLUS: activate_all(x, count, RK_SOFTPLUS, out); break;
    case RK_SOFTSIGN: activate_all(x, count, RK_SOFTSIGN, out); break;
    case RK_MISH: activate_all(x, count, RK_MISH, out); break;
    case RK_EXPONENTIAL: activate_all(x, count, RK_EXPONENTIAL, out); break;
    case RK_HARD_SIGMOID: activate_all(x, count, RK_HARD_SIGMOID, out); break;
    case RK_HARD_SIGMOID_FIFTH: activate_all(x, count, RK_HARD_SIGMOID_FIFTH, out); break;
    case RK_HARD_SILU: activate_all(x, count, RK_HARD_SILU, out); break;
    case RK_RELU6: activate_all(x, count, RK_RELU6, out); break;
    case RK_LOG_SIGMOID: activate_all(x, count, RK_LOG_SIGMOID, out); break;
    case RK_TANH_SHRINK: activate_all(x, count, RK_TANH_SHRINK, out); break;
    case RK_SQUAREPLUS: activate_all(x, count, RK_SQUAREPLUS, out); break;
    case RK_UNIT_CLIP: activate_all(x, count, RK_UNIT_CLIP, out); break;
    case RK_STEP: activate_all(x, count, RK_STEP, out); break;
    case RK_SQUARE: activate_all(x, count, RK_SQUARE, out); break;
    case RK_SQUARE_ROOT: activate_all(x, count, RK_SQUARE_ROOT, out); break;
    case RK_ABSOLUTE: activate_all(x, count, RK_ABSOLUTE, out); break;
    case RK_RECIPROCAL: activate_all(x, count, RK_RECIPROCAL, out); break;
    case RK_LOGARITHM: activate_all(x, count, RK_LOGARITHM, out); break;
    case RK_SINE: activate_all(x, count, RK_SINE, out); break;
    case RK_COSINE: activate_all(x, count, RK_COSINE, out); break;
    default: activate_all(x, count, RK_IDENTITY, out); break;
  }
}
