/** The pieces of a transformer in plain f64, one vector at a time: what the runner of models/ is held against. */

export type Vector = Float64Array;

export interface Plain {
  shape: readonly number[];
  data: Vector;
}

/** Row `at` of a matrix. */
export function row({ shape, data }: Plain, at: number): Vector {
  const cols = shape[shape.length - 1];
  return data.slice(at * cols, (at + 1) * cols);
}

/** W·x + b, with W [out, in]. */
export function linear(x: Vector, weight: Plain, bias?: Plain): Vector {
  const [outs, ins] = weight.shape;
  expectLength(x, ins);
  return Float64Array.from({ length: outs }, (_, o) => {
    let sum = bias?.data[o] ?? 0;
    for (let i = 0; i < ins; i++) sum += weight.data[o * ins + i] * x[i];
    return sum;
  });
}

/** x·W + b, with W [in, out]. */
export function conv1d(x: Vector, weight: Plain, bias: Plain): Vector {
  const [ins, outs] = weight.shape;
  expectLength(x, ins);
  return Float64Array.from({ length: outs }, (_, o) => {
    let sum = bias.data[o];
    for (let i = 0; i < ins; i++) sum += x[i] * weight.data[i * outs + o];
    return sum;
  });
}

export function layerNorm(x: Vector, weight: Plain, bias: Plain, eps: number): Vector {
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  const variance = x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / x.length;
  return x.map((v, i) => ((v - mean) / Math.sqrt(variance + eps)) * weight.data[i] + bias.data[i]);
}

export function rmsNorm(x: Vector, weight: Plain, eps: number, offset = 0): Vector {
  const square = x.reduce((sum, v) => sum + v * v, 0) / x.length;
  return x.map((v, i) => (v / Math.sqrt(square + eps)) * (offset + weight.data[i]));
}

export const plus = (a: Vector, b: Vector): Vector => a.map((v, i) => v + b[i]);

export interface AttentionShape {
  heads: number;
  keyHeads: number;
  headDim: number;
  scale: number;
  /** How many of the latest tokens are seen. */
  window?: number;
}

/** Each token's mixture of the values of the tokens up to it. */
export function attention(queries: Vector[], keys: Vector[], values: Vector[], shape: AttentionShape): Vector[] {
  const { heads, keyHeads, headDim, scale, window = Number.POSITIVE_INFINITY } = shape;
  return queries.map((query, at) => {
    const mixed = new Float64Array(heads * headDim);
    for (let head = 0; head < heads; head++) {
      const from = Math.floor(head / (heads / keyHeads)) * headDim;
      const scores: number[] = [];
      for (let other = 0; other <= at; other++) {
        let score = 0;
        for (let i = 0; i < headDim; i++) score += query[head * headDim + i] * keys[other][from + i];
        scores.push(at - other < window ? score * scale : Number.NEGATIVE_INFINITY);
      }
      const most = Math.max(...scores);
      const shares = scores.map((score) => Math.exp(score - most));
      const total = shares.reduce((a, b) => a + b, 0);
      for (let other = 0; other <= at; other++) {
        for (let i = 0; i < headDim; i++) {
          mixed[head * headDim + i] += (shares[other] / total) * values[other][from + i];
        }
      }
    }
    return mixed;
  });
}

/** Turns element i with element i + size/2 of the first `size` elements of each head. */
export function rotateHalves(
  x: Vector,
  headDim: number,
  position: number,
  angles: readonly number[],
  factor = 1,
): Vector {
  const turned = x.slice();
  const half = angles.length;
  for (let head = 0; head < x.length; head += headDim) {
    for (let i = 0; i < half; i++) {
      const [cos, sin] = [factor * Math.cos(position * angles[i]), factor * Math.sin(position * angles[i])];
      turned[head + i] = x[head + i] * cos - x[head + i + half] * sin;
      turned[head + i + half] = x[head + i + half] * cos + x[head + i] * sin;
    }
  }
  return turned;
}

/** Turns element 2i with element 2i + 1. */
export function rotatePairs(x: Vector, headDim: number, position: number, base: number): Vector {
  const turned = x.slice();
  for (let i = 0; i < x.length; i += 2) {
    const angle = position / base ** ((i % headDim) / headDim);
    turned[i] = x[i] * Math.cos(angle) - x[i + 1] * Math.sin(angle);
    turned[i + 1] = x[i] * Math.sin(angle) + x[i + 1] * Math.cos(angle);
  }
  return turned;
}

export const relu = (x: number): number => Math.max(0, x);
export const silu = (x: number): number => x / (1 + Math.exp(-x));
export const geluTanh = (x: number): number =>
  0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
export const geluErf = (x: number): number => 0.5 * x * (1 + erf(x / Math.sqrt(2)));

/** By its Taylor series, whose terms cancel by 1e-8 at 4, beyond which it is ±1 to 2e-8. */
export function erf(x: number): number {
  if (Math.abs(x) > 4) return Math.sign(x);
  let [term, sum] = [x, x];
  for (let n = 1; Math.abs(term) > 1e-20; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

function expectLength(x: Vector, length: number): void {
  if (x.length !== length) throw new Error(`a vector expected ${length} elements, got ${x.length}`);
}
