// bfloat16 products for any CPU.

#include "kernels.h"

#include <math.h>
#include <string.h>

#define RK_FUSED 0
#define RK_BFLOAT_DOTS 0
#define RK_DOT_ROWS 2
#define RK_DOT_SHAPES(X) X(1, 1) X(2, 1)
#define RK_DOT_PANELS_FOR_HEIGHT(h) ((void)(h), (size_t)1)

#define RK_BFLOAT_TABLE rk_bfloat_scalar
#include "bfloat.inc.h"
