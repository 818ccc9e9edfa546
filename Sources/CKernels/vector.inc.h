// Sixteen floats at a time, on every instruction set: the compiler splits the vector where registers are shorter.
// So sums are taken in the same order everywhere, and all sets agree to the bit.

#ifndef RK_VECTOR_INC
#define RK_VECTOR_INC

// What is fused is written so: compilers would choose differently for each set.
#pragma STDC FP_CONTRACT OFF

#define RK_LANES 16
#define RK_INLINE static inline __attribute__((always_inline))

// Vectors never cross a call: everything below is inlined into functions of one target.
#pragma clang diagnostic ignored "-Wpsabi"

typedef float vf __attribute__((ext_vector_type(RK_LANES)));
typedef int32_t vi __attribute__((ext_vector_type(RK_LANES)));
typedef int32_t vi8 __attribute__((ext_vector_type(8)));

RK_INLINE vf splat(float value) { return (vf)(value); }

RK_INLINE vf load(const float *p) {
  vf v;
  memcpy(&v, p, sizeof v);
  return v;
}

/// Four bytes in every lane.
RK_INLINE vi splat_bytes(const uint8_t *p) {
  int32_t word;
  memcpy(&word, p, sizeof word);
  return (vi)word;
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

#if RK_FUSED

/// a · b + c, rounded once.
RK_INLINE vf fma_(vf a, vf b, vf c) { return __builtin_elementwise_fma(a, b, c); }

#else

typedef double vd __attribute__((ext_vector_type(RK_LANES)));
typedef int64_t vl __attribute__((ext_vector_type(RK_LANES)));

/// a · b + c, rounded once, with the bits of a multiply-add.
///
/// The product is exact in double precision. The sum is rounded there and once more to single precision, which differs
/// from rounding once only where the first result lies half-way between two floats: there it is made odd when it is not
/// exact, so that it stays on its side (S. Boldo and G. Melquiond, "Emulation of FMA and correctly rounded sums: proved
/// algorithms using rounding to odd", IEEE Transactions on Computers 57(4), 2008).
///
/// A call, and operands by address: inlined into every product it would take compilers minutes and gigabytes.
static __attribute__((noinline)) void fma_lanes(const vf *a, const vf *b, vf *c) {
  const vd third = __builtin_convertvector(*c, vd);
  const vd product = __builtin_convertvector(*a, vd) * __builtin_convertvector(*b, vd);
  vd sum = product + third;
  vl bits = (vl)sum;
  const vl halfway = (bits & (vl)0x1fffffff) == (vl)0x10000000, tiny = __builtin_elementwise_abs(sum) < (vd)0x1p-126;
  if (__builtin_reduce_or(halfway | tiny)) {
    const vd rest = sum - product;
    const vd error = (product - (sum - rest)) + (third - rest);
    const vl inexact = (error > (vd)0.0) | (error < (vd)0.0), even = (bits & (vl)1) == (vl)0;
    const vl outwards = (error > (vd)0.0) == (sum > (vd)0.0);
    bits += inexact & even & ((outwards & (vl)2) + (vl)-1);
    sum = (vd)bits;
  }
  *c = __builtin_convertvector(sum, vf);
}

RK_INLINE vf fma_(vf a, vf b, vf c) {
  fma_lanes(&a, &b, &c);
  return c;
}

#endif

/// The same of single numbers.
RK_INLINE float fma1(float a, float b, float c) {
#if RK_FUSED
  return __builtin_fmaf(a, b, c);
#else
  return fma_(splat(a), splat(b), splat(c))[0];
#endif
}

// Not-a-number in `x` stays: these must not hide a broken model.
RK_INLINE vf at_least(vf x, vf low) { return x < low ? low : x; }
RK_INLINE vf at_most(vf x, vf high) { return x > high ? high : x; }
RK_INLINE vf magnitude(vf x) { return __builtin_elementwise_abs(x); }

/// Rounded to bfloat16, as include/CBfloat.h says; the bits of float32 numbers.
RK_INLINE vi rounded(vf x) {
  const vi bits = (vi)x, size = bits & (vi)0x7fffffff;
  const vi nearest = (bits + (vi)0x7fff + (bits >> 16 & (vi)1)) & (vi)0xffff0000;
  const vi kept = (nearest & (vi)0x7fffffff) < (vi)0x23800000 ? (vi)0 : nearest;  // 2⁻⁵⁶
  return size > (vi)0x7f800000 ? (vi)0x7fc00000 : kept;
}

/// Sixteen pairs of rounded numbers: the first ones in the lower halves.
RK_INLINE void store_pairs(uint8_t *out, vf first, vf second) {
  typedef uint32_t vu __attribute__((ext_vector_type(RK_LANES)));
  const vu pairs = (vu)rounded(first) >> 16 | (vu)rounded(second);
  memcpy(out, &pairs, sizeof pairs);
}

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

// The same of four vectors at once.

/// Halves of two vectors side by side, quarters of two pairs of such halves, and so on.
#define RK_LOWER_HALVES 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23
#define RK_UPPER_HALVES 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31
#define RK_LOWER_QUARTERS 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27
#define RK_UPPER_QUARTERS 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31

#define RK_FOUR(name, join)                                                                     \
  RK_INLINE vf4 name(const vf *v) {                                                             \
    const vf ab = join((vf)__builtin_shufflevector(v[0], v[1], RK_LOWER_HALVES),                \
                       (vf)__builtin_shufflevector(v[0], v[1], RK_UPPER_HALVES));               \
    const vf cd = join((vf)__builtin_shufflevector(v[2], v[3], RK_LOWER_HALVES),                \
                       (vf)__builtin_shufflevector(v[2], v[3], RK_UPPER_HALVES));               \
    const vf four = join((vf)__builtin_shufflevector(ab, cd, RK_LOWER_QUARTERS),                \
                         (vf)__builtin_shufflevector(ab, cd, RK_UPPER_QUARTERS));               \
    const vf8 two = join((vf8)__builtin_shufflevector(four, four, 0, 1, 4, 5, 8, 9, 12, 13),    \
                         (vf8)__builtin_shufflevector(four, four, 2, 3, 6, 7, 10, 11, 14, 15)); \
    return join((vf4)__builtin_shufflevector(two, two, 0, 2, 4, 6),                             \
                (vf4)__builtin_shufflevector(two, two, 1, 3, 5, 7));                            \
  }

#define RK_JOIN_SUM(a, b) ((a) + (b))
#define RK_JOIN_MAX(a, b) ((a) > (b) ? (a) : (b))
RK_FOUR(sum_lanes_of_four, RK_JOIN_SUM)
RK_FOUR(max_lanes_of_four, RK_JOIN_MAX)

#endif
