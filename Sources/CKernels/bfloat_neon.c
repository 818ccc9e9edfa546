// bfloat16 products with NEON: pairs are multiplied as floats. (Its own instruction for pairs rounds otherwise.)

#if defined(__aarch64__)

#include "kernels.h"

#include <math.h>
#include <string.h>

#define RK_FUSED 1
#define RK_BFLOAT_DOTS 0
#define RK_DOT_ROWS 4
#define RK_DOT_SHAPES(X) X(1, 1) X(2, 1) X(3, 1) X(4, 1) X(1, 2) X(2, 2)
#define RK_DOT_PANELS_FOR_HEIGHT(h) ((h) > 2 ? 1 : 2)

#define RK_BFLOAT_TABLE rk_bfloat_neon
#include "bfloat.inc.h"

#endif
