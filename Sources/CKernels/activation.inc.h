// Elementary functions and activations on sixteen floats.
//
// Those that run over whole matrices take several vectors and go through them step by step: one vector's steps wait for
// one another, and a processor looks only so far ahead for others.

#define RK_EACH _Pragma("clang loop unroll(full)") for (size_t i = 0; i < count; i++)

/// Vectors that go through a function together, at most.
#define RK_TOGETHER 6

/// 2^x for -126 <= x < 127, relative error 2e-7.
///
/// x = n + f, then a polynomial of degree 5 (minimax over |f| <= ½ for given first two coefficients).
RK_INLINE void exp2_in_range(vf *x, const size_t count) {
  // Adding 1.5 · 2^23 rounds to an integer and leaves it in the low bits.
  const vf shifter = splat(12582912.0f);
  vf t[RK_TOGETHER], f[RK_TOGETHER], p[RK_TOGETHER];
  RK_EACH t[i] = x[i] + shifter;
  RK_EACH f[i] = x[i] - (t[i] - shifter);
  RK_EACH p[i] = fma_(splat(0.00133002565f), f[i], splat(0.00966971848f));
  RK_EACH p[i] = fma_(p[i], f[i], splat(0.0555056006f));
  RK_EACH p[i] = fma_(p[i], f[i], splat(0.240222815f));
  RK_EACH p[i] = fma_(p[i], f[i], splat(0.693147181f));
  RK_EACH p[i] = fma_(p[i], f[i], splat(1.0f));
  RK_EACH x[i] = (vf)((vi)p[i] + ((vi)t[i] << 23));
}

/// The same, 0 below -126.
RK_INLINE void exp2_(vf *x, const size_t count) {
  vf power[RK_TOGETHER];
  RK_EACH power[i] = x[i];
  exp2_in_range(power, count);
  RK_EACH x[i] = x[i] < splat(-126.0f) ? splat(0.0f) : power[i];
}

#define RK_LOG2_E 1.44269504f

/// exp(x), relative error 2e-7; 0 below -87.3 and saturated above 88.
///
/// As above, but ln 2 is subtracted in two parts, so that large x lose nothing.
RK_INLINE vf exp_(vf x) {
  const vf shifter = splat(12582912.0f);
  vf y = at_most(x, splat(88.0f));
  vf t = fma_(y, splat(RK_LOG2_E), shifter);
  vf n = t - shifter;
  vf r = fma_(n, splat(-0.693145752f), y);
  r = fma_(n, splat(-1.42860677e-6f), r);
  vf p = fma_(splat(8.31252014e-3f), r, splat(4.18901568e-2f));
  p = fma_(p, r, splat(1.66671146e-1f));
  p = fma_(p, r, splat(4.99992315e-1f));
  p = fma_(p, r, splat(1.0f));
  p = fma_(p, r, splat(1.0f));
  vf value = (vf)((vi)p + ((vi)t << 23));
  return x < splat(-87.3f) ? splat(0.0f) : value;
}

RK_INLINE vf sigmoid_(vf x) { return splat(1.0f) / (splat(1.0f) + exp_(-x)); }

/// tanh(x), relative error 3e-7: an odd polynomial near zero, by exp elsewhere.
RK_INLINE vf tanh_(vf x) {
  vf size = magnitude(x);
  vf far = splat(1.0f) - splat(2.0f) / (exp_(size + size) + splat(1.0f));
  vf square = x * x;
  vf p = fma_(splat(-5.70498872745e-3f), square, splat(2.06390887954e-2f));
  p = fma_(p, square, splat(-5.37397155531e-2f));
  p = fma_(p, square, splat(1.33314422036e-1f));
  p = fma_(p, square, splat(-3.33332819422e-1f));
  vf near = fma_(p * square, x, x);
  vf signed_far = x < splat(0.0f) ? -far : far;
  return size < splat(0.625f) ? near : signed_far;
}

/// x · Φ(x), absolute error 3e-7.
///
/// As max(x, 0) − s · Φ(−s) with s = |x|: no cancellation in either tail. log2 Φ(−s) is nearly a parabola, so a
/// polynomial of degree 6 (minimax for s · Φ(−s) over 0 … 5.5) and one power of two do; what is cut off beyond 5.5 is
/// below 2e-7.
RK_INLINE void gelu_(vf *x, const size_t count) {
  vf s[RK_TOGETHER], p[RK_TOGETHER];
  RK_EACH s[i] = at_most(magnitude(x[i]), splat(5.5f));
  RK_EACH p[i] = fma_(splat(3.17749101e-05f), s[i], splat(-0.00075691607f));
  RK_EACH p[i] = fma_(p[i], s[i], splat(0.00803697496f));
  RK_EACH p[i] = fma_(p[i], s[i], splat(-0.0533374044f));
  RK_EACH p[i] = fma_(p[i], s[i], splat(-0.458834329f));
  RK_EACH p[i] = fma_(p[i], s[i], splat(-1.15117711f));
  RK_EACH p[i] = fma_(p[i], s[i], splat(-0.999996329f));
  exp2_in_range(p, count);
  RK_EACH x[i] = fma_(-s[i], p[i], at_least(x[i], splat(0.0f)));
}

RK_INLINE vf gelu_tanh_(vf x) {
  // ½ (1 + tanh u) is the logistic function of 2u.
  vf u = x * fma_(x * x, splat(0.0356774081f), splat(0.797884561f));
  return x * sigmoid_(u + u);
}

// ---- functions that no product computes while it stores ------------------------------------------------------------

/// A function of the C library, lane by lane.
RK_INLINE vf each_lane(vf x, float (*function)(float)) {
  float lanes[RK_LANES];
  store(lanes, x);
  for (size_t i = 0; i < RK_LANES; i++) lanes[i] = function(lanes[i]);
  return load(lanes);
}

/// ln(1 + eˣ): eˣ of the negative side only, so that nothing overflows.
RK_INLINE vf softplus_(vf x) { return at_least(x, splat(0.0f)) + each_lane(exp_(-magnitude(x)), log1pf); }

/// x · tanh(softplus(x)): with u = eˣ the tangent is n / (n + 2), n = u (u + 2); 1 to all digits above 20.
RK_INLINE vf mish_(vf x) {
  vf u = exp_(at_most(x, splat(20.0f)));
  vf n = u * (u + splat(2.0f));
  return x * (n / (n + splat(2.0f)));
}

/// eˣ − 1 below 0, x above.
RK_INLINE vf elu_(vf x) { return x < splat(0.0f) ? exp_(x) - splat(1.0f) : x; }

/// x within `low` and `high`.
RK_INLINE vf within_(vf x, float low, float high) { return at_most(at_least(x, splat(low)), splat(high)); }

/// (x + √(x² + 4)) / 2: below 0 as 2 / (√(x² + 4) − x), which subtracts nothing.
RK_INLINE vf squareplus_(vf x) {
  vf root = each_lane(fma_(x, x, splat(4.0f)), sqrtf);
  vf sum = (x + root) * splat(0.5f), quotient = splat(2.0f) / (root - x);
  return x < splat(0.0f) ? quotient : sum;
}

RK_INLINE vf activate_rare(vf x, const int activation) {
  switch (activation) {
    case RK_LEAKY_RELU: return x < splat(0.0f) ? splat(0.2f) * x : x;
    case RK_ELU: return elu_(x);
    case RK_SELU: {
      vf below = splat(1.7580993408473766f) * (exp_(x) - splat(1.0f));
      vf above = splat(1.0507009873554805f) * x;
      return x < splat(0.0f) ? below : above;
    }
    case RK_SOFTPLUS: return softplus_(x);
    case RK_SOFTSIGN: return x / (splat(1.0f) + magnitude(x));
    case RK_MISH: return mish_(x);
    case RK_EXPONENTIAL: return exp_(x);
    case RK_HARD_SIGMOID: return within_(fma_(x, splat(1.0f / 6.0f), splat(0.5f)), 0.0f, 1.0f);
    case RK_HARD_SIGMOID_FIFTH: return within_(fma_(x, splat(0.2f), splat(0.5f)), 0.0f, 1.0f);
    case RK_HARD_SILU: return x * within_(fma_(x, splat(1.0f / 6.0f), splat(0.5f)), 0.0f, 1.0f);
    case RK_RELU6: return within_(x, 0.0f, 6.0f);
    case RK_LOG_SIGMOID: return -softplus_(-x);
    case RK_TANH_SHRINK: return x - tanh_(x);
    case RK_SQUAREPLUS: return squareplus_(x);
    case RK_UNIT_CLIP: return within_(x, 0.0f, 1.0f);
    case RK_STEP: {
      vf step = x > splat(0.0f) ? splat(1.0f) : splat(0.0f);
      return x == x ? step : x;
    }
    case RK_SQUARE: return x * x;
    case RK_SQUARE_ROOT: return each_lane(x, sqrtf);
    case RK_ABSOLUTE: return magnitude(x);
    case RK_RECIPROCAL: return splat(1.0f) / x;
    case RK_LOGARITHM: return each_lane(x, logf);
    case RK_SINE: return each_lane(x, sinf);
    case RK_COSINE: return each_lane(x, cosf);
    default: return x;
  }
}

RK_INLINE vf activate_one(vf x, const int activation) {
  switch (activation) {
    case RK_RELU: return at_least(x, splat(0.0f));
    case RK_GELU_TANH: return gelu_tanh_(x);
    case RK_TANH: return tanh_(x);
    case RK_SILU: return x * sigmoid_(x);
    case RK_SIGMOID: return sigmoid_(x);
    case RK_QUICK_GELU: return x * sigmoid_(splat(1.702f) * x);
    case RK_RELU_SQUARED: {
      vf positive = at_least(x, splat(0.0f));
      return positive * positive;
    }
    default: return x;
  }
}

RK_INLINE void activate_vectors(vf *x, const size_t count, const int activation) {
  if (activation == RK_GELU) gelu_(x, count);
  else if (activation > RK_LAST_FUSED) RK_EACH x[i] = activate_rare(x[i], activation);
  else RK_EACH x[i] = activate_one(x[i], activation);
}

RK_INLINE void activate_all(const float *x, size_t count, const int activation, float *out) {
  size_t j = 0;
  for (; j + RK_LANES <= count; j += RK_LANES) {
    vf value = load(x + j);
    activate_vectors(&value, 1, activation);
    store(out + j, value);
  }
  if (j == count) return;
  vf value = load_first(x + j, count - j);
  activate_vectors(&value, 1, activation);
  store_first(out + j, value, count - j);
}
