/*
 * LayerNorm and RMSNorm in C, as assembly/kernels has them: what the engine is measured against.
 *
 *   norm OP ROWS COLS EPS FILE
 *
 * FILE holds x, weight and bias, as f32. The answer is written to FILE.y, "ready" to standard output; then for every
 * line of standard input a sample of about two milliseconds is taken, and its nanoseconds a call are written.
 *
 * Block by block: S1 and S2 of each row in one pass, four vectors at a time; their sums transposed into vectors, for one
 * square root and one division; then the output, two rows at a time. Beyond 4 MiB the lines of the output are touched in
 * the first pass. A row that one pass cannot be trusted with is done in double. One text, vectors of WIDTH bytes: 16
 * unless the compiler may use wider ones.
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
#define RUN 16 /* fours to a run, whose sum joins the row's with compensation: one long sum would round too much */
#define MOST 16 /* rows to a block */

typedef float V __attribute__((vector_size(WIDTH)));
typedef int Mask __attribute__((vector_size(WIDTH)));
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

/* What a block knows of its rows. */
typedef struct {
  V sums[MOST], squares[MOST];
  float mean[MOST], rstd[MOST];
  int sound[MOST];
} Block;

/* Kahan's compensated addition; an infinity leaves nothing to compensate. */
INLINE void join(V *sum, V *lost, V part) {
  const V u = part - *lost, v = *sum + u, rest = (v - *sum) - u;
  *lost = (V)((Mask)rest & (rest == rest));
  *sum = v;
}

INLINE void sums(Block *block, int k, const float *x, const float *y, int cols, int centred, int touch) {
  const int fours = cols - cols % (4 * LANES), body = cols - cols % LANES;
  V s = splat(0), q = splat(0), lostS = splat(0), lostQ = splat(0);
  int i = 0, seen = 0;
  while (i < fours) {
    V s0 = splat(0), q0 = splat(0);
    for (const int run = i + 4 * RUN * LANES < fours ? i + 4 * RUN * LANES : fours; i < run; i += 4 * LANES) {
      if (touch)
        for (int line = 0; line < 4 * LANES; line += 16) {
          int word;
          memcpy(&word, y + i + line, 4);
          seen ^= word;
        }
      const V a = load(x + i), b = load(x + i + LANES), c = load(x + i + 2 * LANES), d = load(x + i + 3 * LANES);
      if (centred) s0 += (a + b) + (c + d);
      q0 += (a * a + b * b) + (c * c + d * d);
    }
    if (centred) join(&s, &lostS, s0);
    join(&q, &lostQ, q0);
  }
  if (fours != cols) {
    V s0 = splat(0), q0 = splat(0);
    for (; i < body; i += LANES) {
      const V v = load(x + i);
      s0 += v;
      q0 += v * v;
    }
    V v = splat(0);
    for (int j = 0; i < cols; i++) v[j++] = x[i];
    s += s0 + v - lostS;
    q += q0 + v * v - lostQ;
  }
  block->sums[k] = s;
  block->squares[k] = q;
  dust ^= seen;
}

INLINE void settle(Block *block, int count, int cols, float eps, int centred) {
  const __m128 inverse = _mm_set1_ps(1.0f / (float)cols);
  for (int k = 0; k < count; k += 4) {
    const V *s4 = block->sums + k, *q4 = block->squares + k;
    const __m128 s = fold(s4[0], s4[1], s4[2], s4[3]), q = fold(q4[0], q4[1], q4[2], q4[3]);
    const __m128 mean = centred ? _mm_mul_ps(s, inverse) : _mm_setzero_ps();
    const __m128 spread = centred ? _mm_sub_ps(q, _mm_mul_ps(s, mean)) : q;
    const __m128 variance = _mm_add_ps(_mm_mul_ps(spread, inverse), _mm_set1_ps(eps));
    __m128 sound = _mm_and_ps(_mm_cmpgt_ps(q, _mm_set1_ps(1e-25f)), _mm_cmplt_ps(q, _mm_set1_ps(1e37f)));
    if (centred) sound = _mm_and_ps(sound, _mm_cmpgt_ps(spread, _mm_mul_ps(q, _mm_set1_ps(0.75f))));
    _mm_storeu_ps(block->mean + k, mean);
    _mm_storeu_ps(block->rstd + k, _mm_div_ps(_mm_set1_ps(1), _mm_sqrt_ps(variance)));
    _mm_storeu_ps((float *)(block->sound + k), sound);
  }
}

/* Row k of a block and, if `two`, the row after it, which share the loads of weight and bias. */
INLINE void output(
    const Block *block, int k, int two, float *y, const float *x, const float *weight, const float *bias, int cols, int centred) {
  const int fours = cols - cols % (4 * LANES), body = cols - cols % LANES;
  const V zero = splat(0), m0 = splat(block->mean[k]), r0 = splat(block->rstd[k]);
  const V m1 = two ? splat(block->mean[k + 1]) : zero, r1 = two ? splat(block->rstd[k + 1]) : zero;
  int i = 0;
  for (; i < fours; i += 4 * LANES) {
    V g[4], h[4];
    for (int j = 0; j < 4; j++) {
      g[j] = load(weight + i + j * LANES);
      h[j] = centred ? load(bias + i + j * LANES) : zero;
    }
    V v[4];
    for (int j = 0; j < 4; j++) v[j] = load(x + i + j * LANES);
    for (int j = 0; j < 4; j++) store(y + i + j * LANES, apply(v[j], m0, r0, g[j], h[j], centred));
    if (!two) continue;
    for (int j = 0; j < 4; j++) v[j] = load(x + cols + i + j * LANES);
    for (int j = 0; j < 4; j++) store(y + cols + i + j * LANES, apply(v[j], m1, r1, g[j], h[j], centred));
  }
  for (; i < body; i += LANES) {
    const V g = load(weight + i), h = centred ? load(bias + i) : zero;
    store(y + i, apply(load(x + i), m0, r0, g, h, centred));
    if (two) store(y + cols + i, apply(load(x + cols + i), m1, r1, g, h, centred));
  }
  for (; i < cols; i++) {
    const float g = weight[i], h = centred ? bias[i] : 0;
    y[i] = applyOne(x[i], block->mean[k], block->rstd[k], g, h, centred);
    if (two) y[cols + i] = applyOne(x[cols + i], block->mean[k + 1], block->rstd[k + 1], g, h, centred);
  }
}

INLINE void norm(float *y, const float *x, const float *weight, const float *bias, int rows, int cols, float eps, int centred) {
  const int far = (size_t)rows * cols * 4 > (4u << 20), fit = (far ? 4096 : 16384) / (4 * cols) & ~1;
  const int most = fit < 2 ? 2 : fit > MOST ? MOST : fit;
  static Block block;
  for (int left = rows; left > 0;) {
    const int count = left < most ? left : most;
    if (far)
      for (int k = 0; k < count; k++) sums(&block, k, x + (size_t)k * cols, y + (size_t)k * cols, cols, centred, 1);
    else
      for (int k = 0; k < count; k++) sums(&block, k, x + (size_t)k * cols, y + (size_t)k * cols, cols, centred, 0);
    settle(&block, count, cols, eps, centred);
    for (int k = 0; k < count;) {
      int done = 1;
      if (!block.sound[k]) exact(y, x, weight, bias, cols, eps, centred);
      else if (k + 1 < count && block.sound[k + 1]) {
        output(&block, k, 1, y, x, weight, bias, cols, centred);
        done = 2;
      } else output(&block, k, 0, y, x, weight, bias, cols, centred);
      k += done;
      x += (size_t)done * cols;
      y += (size_t)done * cols;
    }
    left -= count;
  }
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
