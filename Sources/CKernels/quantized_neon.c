// 8-bit products with NEON: 32-bit multiply-adds, and dot products of fours where the processor has them.

#if defined(__aarch64__)

#include "kernels.h"

#include <math.h>
#include <string.h>

#include <arm_neon.h>

#define RK_FUSED 1
#define RK_DOT_ROWS 6
#define RK_DOT_SHAPES(X) X(1, 1) X(2, 1) X(3, 1) X(4, 1) X(5, 1) X(6, 1) X(1, 2) X(2, 2)
#define RK_DOT_PANELS_FOR_HEIGHT(h) ((h) > 2 ? 1 : 2)

#include "quantized_single.inc.h"

#define RK_QUANTIZED_TABLE rk_quantized_neon
#include "quantized.inc.h"

#endif
