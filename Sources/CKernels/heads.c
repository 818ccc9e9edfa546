// Norms over columns that lie in several heads of a head-major buffer.

#include "CKernels.h"

#include <math.h>

#pragma STDC FP_CONTRACT OFF

void rk_joint_rms_norm(float *x, size_t head_stride, size_t heads, size_t ldx, size_t rows, size_t width, float epsilon,
                       const float *scale) {
  for (size_t row = 0; row < rows; row++) {
    float *columns = x + row * ldx;
    double sum = 0;
    for (size_t head = 0; head < heads; head++) {
      const float *own = columns + head * head_stride;
      for (size_t column = 0; column < width; column++) sum += (double)own[column] * own[column];
    }
    const float factor = (float)(1 / sqrt(sum / (double)(heads * width) + epsilon));
    for (size_t head = 0; head < heads; head++) {
      float *own = columns + head * head_stride;
      for (size_t column = 0; column < width; column++) own[column] *= factor * scale[head * width + column];
    }
  }
}
