// Norms of few numbers in plain arrays have a short way (bindings/call/plain.ts): nothing differs but the time.

import { createEngine, defaultEngine, layerNorm, rmsNorm } from "orthonorm";
import { describe, expect, it } from "vitest";
import { expectDefaultEngineUnharmed, refuses } from "../support/errors.js";
import { normals, uniforms } from "../support/random.js";

expectDefaultEngineUnharmed();

type Norm = (x: Float32Array, options?: object) => Float32Array;

const norms: Record<string, Norm> = {
  layerNorm: (x, options) => layerNorm(x, options) as Float32Array,
  rmsNorm: (x, options) => rmsNorm(x, options) as Float32Array,
};
const normal = (length: number, seed: number) => Float32Array.from(normals(length, 0.5, 1, seed));

describe.each(Object.entries(norms))("%s", (name, norm) => {
  // numbers per row take a call the ordinary way
  const ordinary = (x: Float32Array, options: { cols?: number; weight?: Float32Array }) => {
    const rstd = new Float32Array(x.length / (options.cols ?? x.length));
    return norm(x, { ...options, rstd });
  };

  it("gives the same bits, made, given and in place, with all that may be given", () => {
    for (let seed = 0; seed < 400; seed++) {
      const uniform = uniforms(seed);
      const [rows, cols] = [1 + Math.floor(uniform() * 5), 1 + Math.floor(uniform() * 130)];
      const x = normal(rows * cols, seed);
      const options = {
        ...(rows === 1 && uniform() < 0.5 ? {} : { cols }),
        ...(uniform() < 0.5 ? {} : { weight: normal(cols, seed + 1) }),
        ...(uniform() < 0.5 ? {} : { bias: normal(cols, seed + 2) }),
        ...(uniform() < 0.5 ? {} : { eps: uniform() }),
        ...(uniform() < 0.5 || name === "layerNorm" ? {} : { weightOffset: uniform() }),
      };
      const right = ordinary(x, options);
      const what = `${rows}×${cols} ${Object.keys(options)}`;
      expect(norm(x, options), what).toEqual(right);
      const all = new Float32Array(rows * cols + 2).fill(7);
      const out = all.subarray(1, -1);
      expect(norm(x, { ...options, out }), what).toBe(out);
      expect([...all], what).toEqual([7, ...right, 7]);
      const own = x.slice();
      norm(own, { ...options, out: own });
      expect(own, what).toEqual(right);
    }
  });

  it("leaves the inputs as they are, and its results to whom they were given", () => {
    const [x, weight, bias] = [normal(64, 1), normal(64, 2), normal(64, 3)];
    const before = [x.slice(), weight.slice(), bias.slice()];
    const one = norm(x, { weight, bias });
    const kept = one.slice();
    norm(normal(64, 4));
    expect([x, weight, bias]).toEqual(before);
    expect(one).toEqual(kept);
  });

  it("leaves operands that share a buffer to the ordinary way, which refuses what overlaps", () => {
    const all = normal(32, 5);
    const kept = all.slice();
    const [x, weight] = [all.subarray(0, 8), all.subarray(8, 16)];
    refuses(
      () => norm(x, { out: all.subarray(4, 12) }),
      `RangeError: ${name}: out expected x itself, or no element of it, got an array that overlaps x`,
    );
    refuses(
      () => norm(x, { weight, out: weight }),
      `RangeError: ${name}: out expected no element of weight, got weight`,
    );
    refuses(
      () => norm(x, { bias: weight, out: weight }),
      `RangeError: ${name}: out expected no element of bias, got bias`,
    );
    expect(all).toEqual(kept);
    // neighbours do not overlap
    const out = all.subarray(16, 24);
    norm(x, { weight, out });
    expect(out).toEqual(ordinary(kept.slice(0, 8), { weight: kept.slice(8, 16) }));
    expect([...all.subarray(0, 16), ...all.subarray(24)]).toEqual([...kept.subarray(0, 16), ...kept.subarray(24)]);
  });

  it("leaves arrays in the engine's own memory to the ordinary way, which works in place", () => {
    const t = defaultEngine().tensor("f32", [2, 8], normal(16, 6));
    const right = ordinary(t.toArray(), { cols: 8 });
    const { buffer } = t.data;
    norm(t.data, { cols: 8, out: t.data });
    expect(t.data.buffer).toBe(buffer);
    expect(t.toArray()).toEqual(right);
    const weight = t.data.subarray(0, 8);
    expect(norm(normal(8, 7), { weight })).toEqual(ordinary(normal(8, 7), { weight: weight.slice() }));
    const ended = t.data.subarray(0, 8);
    t.dispose();
    const got = "expected a view of a live Tensor, got one of memory that holds none";
    refuses(() => norm(ended), `RangeError: ${name}: x ${got}`);
    refuses(() => norm(normal(8, 7), { weight: ended }), `RangeError: ${name}: weight ${got}`);
    refuses(() => norm(normal(8, 7), { out: ended }), `RangeError: ${name}: out ${got}`);
  });

  it("takes the engine and the element type that it is told", () => {
    const engine = createEngine();
    const [x, weight] = [normal(64, 11), normal(64, 12)];
    const right = ordinary(x, { weight });
    const before = defaultEngine().toString();
    expect(norm(x, { weight, engine, dtype: "f32", bias: undefined })).toEqual(right);
    expect(norm(x, { weight, engine, dtype: undefined, cols: undefined, out: x.slice() })).toEqual(right);
    expect(defaultEngine().toString()).toBe(before);
    refuses(
      () => norm(x, { weight, engine, dtype: "f64" }),
      `TypeError: ${name}: dtype expected "f32", which x has, got "f64"`,
    );
    refuses(() => norm(x, { engine: {} }), `TypeError: ${name}: engine expected an Engine, got Object`);
    refuses(() => norm(x, { engine: null }), `TypeError: ${name}: engine expected an Engine, got null`);
    // an option of another name is refused, though it has no value
    expect(() => norm(x, { engine, wieght: undefined })).toThrow('got "wieght"');
    engine.dispose();
    expect(() => norm(x, { engine })).toThrow(`${name}: `);
    expect(() => norm(x, { engine })).toThrow(/disposed/);
  });

  it("refuses scalars before anything is written", () => {
    const out = normal(8, 8);
    const kept = out.slice();
    for (const eps of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      refuses(
        () => norm(normal(8, 9), { eps, out }),
        `RangeError: ${name}: eps expected a finite number of at least 0, got ${eps}`,
      );
    }
    expect(out).toEqual(kept);
  });

  it("is right after the memory has grown, and on a new default engine", () => {
    const [x, out] = [normal(64, 10), new Float32Array(64)];
    const right = ordinary(x, {}).slice();
    norm(x, { out });
    defaultEngine()
      .tensor("f32", 1 << 20)
      .dispose();
    norm(x, { out: out.fill(0) });
    expect(out).toEqual(right);
    defaultEngine().dispose();
    norm(x, { out: out.fill(0) });
    expect(out).toEqual(right);
    expect(createEngine().bytesInUse).toBe(0);
  });
});
