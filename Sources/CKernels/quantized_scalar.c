// 8-bit products for any CPU.

#include "kernels.h"

#include <math.h>
#include <string.h>

#define RK_FUSED 0
#define RK_DOT_ROWS 2
#define RK_DOT_SHAPES(X) X(1, 1) X(2, 1)
#define RK_DOT_PANELS_FOR_HEIGHT(h) ((void)(h), (size_t)1)

#include "quantized_single.inc.h"

#define RK_QUANTIZED_TABLE rk_quantized_scalar
#include "quantized.inc.h"
