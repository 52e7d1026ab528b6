/*
 * LayerNorm and RMSNorm in C, as assembly/kernels has them: what the engine is measured against.
 *
 *   norm OP ROWS COLS EPS FILE
 *
 * FILE holds x, weight and bias, as f32. The answer is written to FILE.y, "ready" to standard output; then for every
 * line of standard input a sample of about two milliseconds is taken, and its nanoseconds a call are written.
 *
 * One pass for S1 and S2, blocks of four rows, their sums transposed into one vector, outputs two rows at a time; one
 * row at a time, with the lines of the output touched first, beyond 4 MiB. A row that one pass cannot be trusted with
 * is done in double. One text, vectors of WIDTH bytes: 16 unless the compiler may use wider ones.
 */
#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifndef WIDTH
#if defined(__AVX512F__)
#define WIDTH 64
#elif defined(__AVX__)
#define WIDTH 32
#else
#define WIDTH 16
#endif
#endif

#define INLINE static inline __attribute__((always_inline))
#define LANES (WIDTH / 4)
#define CHAIN 32 /* vectors to a run, whose sum joins the row's: one long sum would round too much */

typedef float V __attribute__((vector_size(WIDTH)));
typedef float Unaligned __attribute__((vector_size(WIDTH), aligned(4), may_alias));

INLINE V load(const float *p) { return *(const Unaligned *)p; }
INLINE void store(float *p, V v) { *(Unaligned *)p = v; }
INLINE V splat(float f) { return f - (V){0}; }

/* Four lanes that add up to what v's lanes add up to. */
INLINE __m128 four(V v) {
#if WIDTH == 64
  const __m512 w = (__m512)v;
  const __m256 h = _mm256_add_ps(_mm512_castps512_ps256(w), _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(w), 1)));
  return _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
#elif WIDTH == 32
  const __m256 w = (__m256)v;
  return _mm_add_ps(_mm256_castps256_ps128(w), _mm256_extractf128_ps(w, 1));
#else
  return (__m128)v;
#endif
}

/* The sums of a, b, c and d. */
INLINE __m128 fold(V a, V b, V c, V d) {
  __m128 p = four(a), q = four(b), r = four(c), s = four(d);
  _MM_TRANSPOSE4_PS(p, q, r, s);
  return _mm_add_ps(_mm_add_ps(p, q), _mm_add_ps(r, s));
}

typedef struct {
  __m128 mean, rstd;
  int sound; /* a bit a row */
} Settled;

INLINE Settled settle(__m128 s, __m128 q, int cols, float eps, int centred) {
  const __m128 inverse = _mm_set1_ps(1.0f / (float)cols), share = _mm_set1_ps(cols > 8192 ? 0.75f : 0.25f);
  const __m128 mean = centred ? _mm_mul_ps(s, inverse) : _mm_setzero_ps();
  const __m128 spread = centred ? _mm_sub_ps(q, _mm_mul_ps(s, mean)) : q;
  const __m128 variance = _mm_add_ps(_mm_mul_ps(spread, inverse), _mm_set1_ps(eps));
  __m128 sound = _mm_and_ps(_mm_cmpgt_ps(q, _mm_set1_ps(1e-25f)), _mm_cmplt_ps(q, _mm_set1_ps(1e37f)));
  if (centred) sound = _mm_and_ps(sound, _mm_cmpgt_ps(spread, _mm_mul_ps(q, share)));
  return (Settled){mean, _mm_div_ps(_mm_set1_ps(1), _mm_sqrt_ps(variance)), _mm_movemask_ps(sound)};
}

INLINE V apply(V v, V mean, V rstd, V w, V b, int centred) {
  return centred ? (v - mean) * rstd * w + b : v * rstd * w;
}

INLINE float applyOne(float v, float mean, float rstd, float w, float b, int centred) {
  return centred ? (v - mean) * rstd * w + b : v * rstd * w;
}

/* A row that one pass cannot settle. */
static __attribute__((noinline)) void exact(
    float *y, const float *x, const float *weight, const float *bias, int cols, float eps, int centred) {
  double mean = 0, squares = 0;
  if (centred) {
    for (int i = 0; i < cols; i++) mean += x[i];
    mean /= cols;
  }
  for (int i = 0; i < cols; i++) squares += (x[i] - mean) * (x[i] - mean);
  const double rstd = 1 / sqrt(squares / cols + eps);
  for (int i = 0; i < cols; i++) y[i] = (float)((x[i] - mean) * rstd * weight[i] + (centred ? bias[i] : 0));
}

static int dust;

INLINE void one(float *y, const float *x, const float *weight, const float *bias, int cols, float eps, int centred, int touch) {
  const int body = cols - cols % LANES;
  const V zero = splat(0);
  if (touch) {
    int seen = 0, word;
    for (int i = 0; i < cols; i += 16) {
      memcpy(&word, x + i, 4);
      seen ^= word;
      memcpy(&word, y + i, 4);
      seen ^= word;
    }
    dust ^= seen;
  }
  V s = zero, q = zero;
  int i = 0;
  while (body - i >= 4 * 2 * LANES) { /* four runs side by side */
    const int left = (body - i) / 4, most = CHAIN * LANES;
    const int run = (left < most ? left : most) / (2 * LANES) * (2 * LANES);
    V s0 = zero, s1 = zero, s2 = zero, s3 = zero, q0 = zero, q1 = zero, q2 = zero, q3 = zero;
    for (const int stop = i + run; i < stop; i += 2 * LANES) {
      const float *p = x + i, *r = p + LANES;
      const V v0 = load(p), v1 = load(p + run), v2 = load(p + 2 * run), v3 = load(p + 3 * run);
      const V w0 = load(r), w1 = load(r + run), w2 = load(r + 2 * run), w3 = load(r + 3 * run);
      if (centred) { s0 += v0 + w0; s1 += v1 + w1; s2 += v2 + w2; s3 += v3 + w3; }
      q0 += v0 * v0 + w0 * w0; q1 += v1 * v1 + w1 * w1; q2 += v2 * v2 + w2 * w2; q3 += v3 * v3 + w3 * w3;
    }
    i += 3 * run;
    s += s0 + s1 + s2 + s3;
    q += q0 + q1 + q2 + q3;
  }
  for (; i < body; i += LANES) {
    const V v = load(x + i);
    if (centred) s += v;
    q += v * v;
  }
  const __m128 sums = fold(s, q, s, q);
  float tailSum = 0, tailSquares = 0;
  for (; i < cols; i++) { tailSum += x[i]; tailSquares += x[i] * x[i]; }
  const __m128 s4 = _mm_set1_ps(_mm_cvtss_f32(sums) + tailSum);
  const __m128 q4 = _mm_set1_ps(_mm_cvtss_f32(_mm_shuffle_ps(sums, sums, 1)) + tailSquares);
  const Settled got = settle(s4, q4, cols, eps, centred);
  if (got.sound != 15) {
    exact(y, x, weight, bias, cols, eps, centred);
    return;
  }
  const float mean = _mm_cvtss_f32(got.mean), rstd = _mm_cvtss_f32(got.rstd);
  const V m = splat(mean), r = splat(rstd);
  for (i = 0; i + 4 * LANES <= body; i += 4 * LANES) {
    const V v0 = load(x + i), v1 = load(x + i + LANES), v2 = load(x + i + 2 * LANES), v3 = load(x + i + 3 * LANES);
    const V b0 = centred ? load(bias + i) : zero, b1 = centred ? load(bias + i + LANES) : zero;
    const V b2 = centred ? load(bias + i + 2 * LANES) : zero, b3 = centred ? load(bias + i + 3 * LANES) : zero;
    store(y + i, apply(v0, m, r, load(weight + i), b0, centred));
    store(y + i + LANES, apply(v1, m, r, load(weight + i + LANES), b1, centred));
    store(y + i + 2 * LANES, apply(v2, m, r, load(weight + i + 2 * LANES), b2, centred));
    store(y + i + 3 * LANES, apply(v3, m, r, load(weight + i + 3 * LANES), b3, centred));
  }
  for (; i < body; i += LANES)
    store(y + i, apply(load(x + i), m, r, load(weight + i), centred ? load(bias + i) : zero, centred));
  for (; i < cols; i++) y[i] = applyOne(x[i], mean, rstd, weight[i], centred ? bias[i] : 0, centred);
}

/* Four rows; 0 if one of them is refused, and nothing is written. */
INLINE int block(float *y, const float *x, const float *weight, const float *bias, int cols, float eps, int centred) {
  const int body = cols - cols % LANES;
  const V zero = splat(0);
  const float *x0 = x, *x1 = x0 + cols, *x2 = x1 + cols, *x3 = x2 + cols;
  V s0 = zero, s1 = zero, s2 = zero, s3 = zero, q0 = zero, q1 = zero, q2 = zero, q3 = zero;
  int i = 0;
  while (body - i >= 2 * LANES) {
    const int left = body - i, most = CHAIN * LANES;
    const int stop = i + (left < most ? left : most) / (2 * LANES) * (2 * LANES);
    V a0 = zero, a1 = zero, a2 = zero, a3 = zero, c0 = zero, c1 = zero, c2 = zero, c3 = zero;
    for (; i < stop; i += 2 * LANES) {
      const V v0 = load(x0 + i), v1 = load(x1 + i), v2 = load(x2 + i), v3 = load(x3 + i);
      const V w0 = load(x0 + i + LANES), w1 = load(x1 + i + LANES), w2 = load(x2 + i + LANES), w3 = load(x3 + i + LANES);
      if (centred) { a0 += v0 + w0; a1 += v1 + w1; a2 += v2 + w2; a3 += v3 + w3; }
      c0 += v0 * v0 + w0 * w0; c1 += v1 * v1 + w1 * w1; c2 += v2 * v2 + w2 * w2; c3 += v3 * v3 + w3 * w3;
    }
    s0 += a0; s1 += a1; s2 += a2; s3 += a3;
    q0 += c0; q1 += c1; q2 += c2; q3 += c3;
  }
  for (; i < body; i += LANES) {
    const V v0 = load(x0 + i), v1 = load(x1 + i), v2 = load(x2 + i), v3 = load(x3 + i);
    if (centred) { s0 += v0; s1 += v1; s2 += v2; s3 += v3; }
    q0 += v0 * v0; q1 += v1 * v1; q2 += v2 * v2; q3 += v3 * v3;
  }
  __m128 s = fold(s0, s1, s2, s3), q = fold(q0, q1, q2, q3);
  for (; i < cols; i++) {
    const __m128 v = _mm_setr_ps(x0[i], x1[i], x2[i], x3[i]);
    s = _mm_add_ps(s, v);
    q = _mm_add_ps(q, _mm_mul_ps(v, v));
  }
  const Settled got = settle(s, q, cols, eps, centred);
  if (got.sound != 15) return 0;
  float mean[4], rstd[4];
  _mm_storeu_ps(mean, got.mean);
  _mm_storeu_ps(rstd, got.rstd);
  for (int k = 0; k < 4; k += 2) {
    const V m0 = splat(mean[k]), m1 = splat(mean[k + 1]), r0 = splat(rstd[k]), r1 = splat(rstd[k + 1]);
    const float *p0 = x + k * cols, *p1 = p0 + cols;
    float *o0 = y + k * cols, *o1 = o0 + cols;
    for (i = 0; i < body; i += LANES) {
      const V w = load(weight + i), b = centred ? load(bias + i) : zero;
      const V v0 = load(p0 + i), v1 = load(p1 + i);
      store(o0 + i, apply(v0, m0, r0, w, b, centred));
      store(o1 + i, apply(v1, m1, r1, w, b, centred));
    }
    for (; i < cols; i++) {
      o0[i] = applyOne(p0[i], mean[k], rstd[k], weight[i], centred ? bias[i] : 0, centred);
      o1[i] = applyOne(p1[i], mean[k + 1], rstd[k + 1], weight[i], centred ? bias[i] : 0, centred);
    }
  }
  return 1;
}

INLINE void norm(float *y, const float *x, const float *weight, const float *bias, int rows, int cols, float eps, int centred) {
  const int far = (size_t)rows * cols * 4 > (4u << 20);
  int r = 0;
  if (!far)
    for (; r + 4 <= rows; r += 4) {
      const size_t at = (size_t)r * cols;
      if (!block(y + at, x + at, weight, bias, cols, eps, centred))
        for (int k = 0; k < 4; k++) one(y + at + k * cols, x + at + k * cols, weight, bias, cols, eps, centred, 0);
    }
  for (; r < rows; r++) one(y + (size_t)r * cols, x + (size_t)r * cols, weight, bias, cols, eps, centred, far);
}

static __attribute__((noinline)) void layerNorm(
    float *y, const float *x, const float *weight, const float *bias, int rows, int cols, float eps) {
  norm(y, x, weight, bias, rows, cols, eps, 1);
}

static __attribute__((noinline)) void rmsNorm(
    float *y, const float *x, const float *weight, const float *bias, int rows, int cols, float eps) {
  norm(y, x, weight, bias, rows, cols, eps, 0);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void fail(const char *what) {
  fprintf(stderr, "norm: %s\n", what);
  exit(1);
}

static float *floats(size_t count) {
  float *p = aligned_alloc(64, (count * 4 + 63) / 64 * 64);
  if (p == NULL) fail("no memory");
  return p;
}

int main(int argc, char **argv) {
  if (argc != 6) fail("expected OP ROWS COLS EPS FILE");
  const int centred = strcmp(argv[1], "layerNorm") == 0, rows = atoi(argv[2]), cols = atoi(argv[3]);
  const float eps = (float)atof(argv[4]);
  const size_t count = (size_t)rows * cols;
  float *x = floats(count), *y = floats(count), *weight = floats(cols), *bias = floats(cols);
  memset(y, 0, count * 4);
  FILE *in = fopen(argv[5], "rb");
  if (in == NULL || fread(x, 4, count, in) != count || fread(weight, 4, cols, in) != (size_t)cols ||
      fread(bias, 4, cols, in) != (size_t)cols)
    fail("expected x, weight and bias in the file");
  fclose(in);

  /* volatile, so that no call is moved or left out */
  void (*volatile run)(float *, const float *, const float *, const float *, int, int, float) = centred ? layerNorm : rmsNorm;
  run(y, x, weight, bias, rows, cols, eps);
  char name[4096];
  snprintf(name, sizeof name, "%s.y", argv[5]);
  FILE *out = fopen(name, "wb");
  if (out == NULL || fwrite(y, 4, count, out) != count || fclose(out) != 0) fail("cannot write the answer");
  printf("ready\n");
  fflush(stdout);

  long calls = 1;
  for (double spent = 0; spent < 1e6; calls *= 2) {
    const double start = now();
    for (long i = 0; i < calls; i++) run(y, x, weight, bias, rows, cols, eps);
    spent = now() - start;
    if (spent >= 1e6) break;
  }
  char line[64];
  while (fgets(line, sizeof line, stdin) != NULL) {
    /* the operands back into cache; then two milliseconds, a quarter more or less */
    run(y, x, weight, bias, rows, cols, eps);
    const double start = now();
    long done = 0;
    double spent;
    do {
      const long batch = calls > 8 ? calls / 8 : 1;
      for (long i = 0; i < batch; i++) run(y, x, weight, bias, rows, cols, eps);
      done += batch;
      spent = now() - start;
    } while (spent < 2e6);
    printf("%.3f\n", spent / (double)done);
    fflush(stdout);
  }
  return 0;
}
