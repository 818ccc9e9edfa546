// Sixteen floats at a time, on every instruction set: the compiler splits the vector where registers are shorter.
// So sums are taken in the same order everywhere, and sets that have a fused multiply-add agree to the bit.

#define RK_LANES 16
#define RK_INLINE static inline __attribute__((always_inline))

// Vectors never cross a call: everything below is inlined into functions of one target.
#pragma clang diagnostic ignored "-Wpsabi"

typedef float vf __attribute__((ext_vector_type(RK_LANES)));
typedef int32_t vi __attribute__((ext_vector_type(RK_LANES)));

RK_INLINE vf splat(float value) { return (vf)(value); }

RK_INLINE vf load(const float *p) {
  vf v;
  memcpy(&v, p, sizeof v);
  return v;
}

RK_INLINE void store(float *p, vf v) { memcpy(p, &v, sizeof v); }

/// The first `count` (< 16) floats, zeros behind them.
RK_INLINE vf load_first(const float *p, size_t count) {
  float lanes[RK_LANES] = {0};
  for (size_t i = 0; i < count; i++) lanes[i] = p[i];
  return load(lanes);
}

RK_INLINE void store_first(float *p, vf v, size_t count) {
  float lanes[RK_LANES];
  store(lanes, v);
  for (size_t i = 0; i < count; i++) p[i] = lanes[i];
}

/// a · b + c, rounded once where the instruction set can.
RK_INLINE vf fma_(vf a, vf b, vf c) {
#if RK_FUSED
  return __builtin_elementwise_fma(a, b, c);
#else
  return a * b + c;
#endif
}

// Not-a-number in `x` stays: these must not hide a broken model.
RK_INLINE vf at_least(vf x, vf low) { return x < low ? low : x; }
RK_INLINE vf at_most(vf x, vf high) { return x > high ? high : x; }
RK_INLINE vf magnitude(vf x) { return __builtin_elementwise_abs(x); }

typedef float vf8 __attribute__((ext_vector_type(8)));
typedef float vf4 __attribute__((ext_vector_type(4)));

/// Sum of the lanes, always by halves.
RK_INLINE float sum_lanes(vf v) {
  vf8 a = v.lo + v.hi;
  vf4 b = a.lo + a.hi;
  return (b.x + b.z) + (b.y + b.w);
}

RK_INLINE float max_lanes(vf v) {
  vf8 a = v.lo > v.hi ? v.lo : v.hi;
  vf4 b = a.lo > a.hi ? a.lo : a.hi;
  float even = b.x > b.z ? b.x : b.z;
  float odd = b.y > b.w ? b.y : b.w;
  return even > odd ? even : odd;
}
