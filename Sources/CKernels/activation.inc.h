// Elementary functions and activations on sixteen floats.

/// exp(x), relative error 2e-7; 0 below -87.3 and saturated above 88.
///
/// x = n · ln 2 + r with ln 2 in two parts, then a polynomial of degree 5 (minimax over |r| <= ln 2 / 2).
RK_INLINE vf exp_(vf x) {
  // Adding 1.5 · 2^23 rounds to an integer and leaves it in the low bits.
  const vf shifter = splat(12582912.0f);
  vf y = at_most(at_least(x, splat(-87.3f)), splat(88.0f));
  vf t = fma_(y, splat(1.44269504f), shifter);
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

/// x · Φ(x), absolute error 4e-7.
///
/// As max(x, 0) − |x| · ½ erfc(|x| / √2), with erfc(z) ≈ t · p(t) · exp(−z²), t = 1 / (1 + 0.3275911 z)
/// (Abramowitz and Stegun 7.1.26): no cancellation in either tail.
RK_INLINE vf gelu_(vf x) {
  vf size = magnitude(x);
  vf t = splat(1.0f) / fma_(size, splat(0.3275911f * 0.70710678f), splat(1.0f));
  vf p = fma_(t, splat(0.5f * 1.061405429f), splat(0.5f * -1.453152027f));
  p = fma_(p, t, splat(0.5f * 1.421413741f));
  p = fma_(p, t, splat(0.5f * -0.284496736f));
  p = fma_(p, t, splat(0.5f * 0.254829592f));
  vf tail = p * t * exp_(x * x * splat(-0.5f));
  vf positive = at_least(x, splat(0.0f));
  return fma_(-size, tail, positive);
}

RK_INLINE vf gelu_tanh_(vf x) {
  // ½ (1 + tanh u) is the logistic function of 2u.
  vf u = x * fma_(x * x, splat(0.0356774081f), splat(0.797884561f));
  return x * sigmoid_(u + u);
}

RK_INLINE vf activate_one(vf x, const int activation) {
  switch (activation) {
    case RK_RELU: return at_least(x, splat(0.0f));
    case RK_GELU: return gelu_(x);
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

RK_INLINE void activate_all(const float *x, size_t count, const int activation, float *out) {
  size_t i = 0;
  for (; i + RK_LANES <= count; i += RK_LANES) store(out + i, activate_one(load(x + i), activation));
  if (i < count) store_first(out + i, activate_one(load_first(x + i, count - i), activation), count - i);
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
    default: activate_all(x, count, RK_IDENTITY, out); break;
  }
}
