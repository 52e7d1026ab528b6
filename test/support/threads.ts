// What the tests of engines with workers share: what an engine's pool has done, and calls large enough to be shared out.

import * as orthonorm from "orthonorm";
import type { ThreadedEngine } from "orthonorm/threads";
import type { Core } from "../../bindings/engine/core.js";
import type { ThreadedCore } from "../../bindings/threads/core.js";
import { BELL, DONE } from "../../bindings/threads/job.js";
import type { Pool } from "../../bindings/threads/pool.js";
import { LEAST_JOB } from "../../bindings/threads/share.js";
import { encode } from "./dtypes.js";
import { type Numbers, sizeOf, wideOf } from "./ground.js";
import { normals } from "./random.js";
import { rowsOf } from "./rows.js";

type DType = orthonorm.DType;
type Engine = orthonorm.Engine;
type Tensor = orthonorm.Tensor;

/** The pool of an engine that has workers. */
export function poolOf(engine: ThreadedEngine): Pool {
  const core = orthonorm.inside.Engine.coreOf(engine) as Core as ThreadedCore;
  return (core as unknown as { pool: Pool }).pool;
}

/** The words of the engine's job. */
export const wordsOf = (engine: ThreadedEngine) => poolOf(engine).job.words;

/** How many jobs an engine has shared out. */
export const jobsOf = (engine: ThreadedEngine): number => wordsOf(engine)[BELL];

/** How many pieces of the last job its workers have done. */
export const doneByWorkers = (engine: ThreadedEngine): number => wordsOf(engine)[DONE];

/**
 * The results of a call in which workers had a part. It is made again until they have: they may still be instantiating its
 * kernel, or asleep, or calls are the caller's alone for a while.
 */
export async function untilShared<T extends readonly object[]>(engine: ThreadedEngine, call: () => T): Promise<T> {
  for (const end = performance.now() + 20_000; performance.now() < end; ) {
    const jobs = jobsOf(engine);
    const results = call();
    if (jobsOf(engine) > jobs && doneByWorkers(engine) > 0) return results;
    for (const result of results) if (orthonorm.isTensor(result)) result.dispose();
    await new Promise((resolve) => setTimeout(resolve));
  }
  throw new Error("no worker has taken a piece in 20 s");
}

/** So many rows of a length that they are shared out, with a last piece that is not whole. */
export const rowsFor = (dtype: DType, cols: number): number =>
  Math.ceil((1.2 * LEAST_JOB) / (cols * sizeOf[dtype])) + 5;

/** What takes long to make is made once. */
const made = new Map<string, Numbers>();
function once(key: string, make: () => Numbers): Numbers {
  const known = made.get(key) ?? make();
  made.set(key, known);
  return known;
}

/** Rows of all kinds, again and again. */
export function manyRows(dtype: DType, rows: number, cols: number, seed: number): Numbers {
  return once(`${dtype} ${rows} ${cols} ${seed}`, () => {
    const some = encode(dtype, rowsOf(dtype, Math.min(rows, 61), cols, seed));
    const all = new (some.constructor as Float32ArrayConstructor)(rows * cols) as Numbers;
    for (let at = 0; at < all.length; at += some.length) {
      all.set(some.subarray(0, Math.min(some.length, all.length - at)) as never, at);
    }
    return all;
  });
}

/** The operands of the calls below, as Tensors of an engine: each is made when a call asks for it, for most calls need few. */
export class Operands {
  readonly rows: number;
  private readonly made = new Map<string, Tensor>();

  constructor(
    private readonly engine: Engine,
    private readonly dtype: DType,
    private readonly cols: number,
  ) {
    this.rows = rowsFor(dtype, cols);
  }

  get x(): Tensor {
    return this.like("x", 1);
  }
  get y(): Tensor {
    return this.like("y", 2);
  }
  get spread(): Tensor {
    return this.once("spread", () => this.rowsOf(this.cols + 3, 5));
  }
  get view(): Tensor {
    const shape = [this.rows, this.cols];
    return this.once("view", () => this.spread.view({ shape, rowStride: this.cols + 3, offset: 1 }));
  }
  get weight(): Tensor {
    return this.wide("weight", this.cols, 0.5, 3);
  }
  get bias(): Tensor {
    return this.wide("bias", this.cols, 0.5, 4);
  }
  get direction(): Tensor {
    return this.wide("direction", this.cols, 300, 8);
  }
  get mean(): Tensor {
    return this.wide("mean", this.rows, 0.1, 6);
  }
  get rstd(): Tensor {
    return this.wide("rstd", this.rows, 0.1, 7);
  }

  dispose(): void {
    for (const tensor of this.made.values()) tensor.dispose();
  }

  private like(name: string, seed: number): Tensor {
    return this.once(name, () => this.rowsOf(this.cols, seed));
  }

  private rowsOf(cols: number, seed: number): Tensor {
    return this.engine.tensor(this.dtype, [this.rows, cols], manyRows(this.dtype, this.rows, cols, seed));
  }

  /** Numbers around 1. */
  private wide(name: string, count: number, sd: number, seed: number): Tensor {
    const dtype = wideOf(this.dtype);
    const values = () => once(`${dtype} ${count} ${seed}`, () => encode(dtype, normals(count, 1, sd, seed)));
    return this.once(name, () => this.engine.tensor(dtype, count, values()));
  }

  private once(name: string, make: () => Tensor): Tensor {
    const known = this.made.get(name) ?? make();
    this.made.set(name, known);
    return known;
  }
}

type Call = (o: Operands, engine: Engine) => (Tensor | Numbers)[];

const filled = (engine: Engine, of: Tensor) => engine.tensor(of.dtype, of.shape);
const again = (engine: Engine, of: Tensor) => engine.tensor(of.dtype, of.shape, of.data);
const {
  angle,
  center,
  convert,
  decompose,
  geometry,
  invertLayerNorm,
  layerNorm,
  meanVector,
  moments,
  orthonormalize,
  project,
  reject,
  rmsNorm,
} = orthonorm;

/** Calls of every op whose rows can be shared out: what each returns and writes. */
export const sharedCalls: Record<string, Call> = {
  "layerNorm, resident": (o, engine) => {
    const out = filled(engine, o.x);
    return [layerNorm(o.x, { weight: o.weight, bias: o.bias, out })];
  },
  "layerNorm, all outputs": (o, engine) => {
    const [sum, mean, rstd] = [filled(engine, o.x), filled(engine, o.mean), filled(engine, o.mean)];
    const y = layerNorm(o.x, { residual: o.y, sum, mean, rstd, weight: o.weight, bias: o.bias });
    return [y, sum, mean, rstd];
  },
  "layerNorm, in place": (o, engine) => {
    const x = again(engine, o.x);
    return [layerNorm(x, { out: x })];
  },
  "layerNorm, a view in place": (o, engine) => {
    const spread = again(engine, o.spread);
    const view = spread.view({ shape: o.view.shape, rowStride: o.view.rowStride, offset: 1 });
    layerNorm(view, { out: view, weight: o.weight });
    return [spread];
  },
  rmsNorm: (o) => [rmsNorm(o.x, { weight: o.weight, weightOffset: 1 })],
  "rmsNorm, all outputs": (o, engine) => {
    const [sum, rstd] = [filled(engine, o.x), filled(engine, o.mean)];
    return [rmsNorm(o.view, { residual: o.y, sum, rstd, bias: o.bias }), sum, rstd];
  },
  moments: (o) => Object.values(moments(o.x)) as Numbers[],
  "moments, a view": (o) => Object.values(moments(o.view)) as Numbers[],
  center: (o) => [center(o.x)],
  meanVector: (o) => [meanVector(o.view)],
  decompose: (o) => Object.values(decompose(o.x)) as Tensor[],
  geometry: (o) => Object.values(geometry(o.x)) as Numbers[],
  "angle, row by row": (o) => [angle(o.x, o.y) as Numbers],
  "angle, to one row": (o) => [angle(o.view, o.weight) as Numbers],
  "project, one direction": (o, engine) => {
    const coefficients = filled(engine, o.mean);
    return [project(o.x, o.direction, { coefficients }), coefficients];
  },
  "reject, one tiny direction, in place": (o, engine) => {
    const x = again(engine, o.x);
    const tiny = engine.tensor(
      o.weight.dtype,
      o.x.cols,
      Float64Array.from(o.weight.data, (value) => value * 2 ** -70),
    );
    return [reject(x, tiny, { out: x })];
  },
  "project, several directions": (o, engine) => {
    const k = Math.min(3, o.x.cols);
    const directions = orthonormalize(engine.tensor(o.weight.dtype, [k, o.x.cols], normals(k * o.x.cols, 0, 1, 9)));
    const coefficients = engine.tensor(o.weight.dtype, [o.rows, k]);
    return [project(o.view, directions, { coefficients }), coefficients];
  },
  invertLayerNorm: (o) => [invertLayerNorm(o.x, { mean: o.mean, rstd: o.rstd, weight: o.weight, bias: o.bias })],
  "invertLayerNorm, no parameters": (o) => [invertLayerNorm(o.view, { mean: o.mean, rstd: o.rstd })],
  "convert to f32": (o) => [convert(o.x, "f32")],
  "convert to f64": (o) => [convert(o.x, "f64")],
  "convert to f16": (o) => [convert(o.view, "f16")],
  "convert to bf16": (o) => [convert(o.view, "bf16")],
};
