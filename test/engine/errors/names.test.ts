// Names of options: what is none is refused with the list of those that are, and with the likely one. From the table of ops,
// so that an op added there is tested here.

import fc from "fast-check";
import { center, createEngine, decompose, geometry, layerNorm, loadEngine, rmsNorm, tensor } from "orthonorm";
import { describe, expect, it } from "vitest";
import { type Any, calls, expectDefaultEngineUnharmed, f32, refuses, said } from "../../support/errors.js";
import { optionsOf } from "../../support/table.js";

expectDefaultEngineUnharmed();

const engineOptions = ["variant", "memory", "maximumBytes"];

/** What a call without types may give in place of options, and what it is called. */
const wrongKinds = (): [value: unknown, got: string][] => [
  [null, "null"],
  [768, "768"],
  ["f32", '"f32"'],
  [true, "true"],
  [1n, "1n"],
  [[4], "Array of 1 element"],
  [[], "Array of 0 elements"],
  [new Map([["cols", 4]]), "Map"],
  [new Set(), "Set"],
  [f32(1), "Float32Array of 1 element"],
  [new Int8Array(2), "Int8Array of 2 elements"],
  [tensor("f32", 2, [1, 2]), "Tensor"],
  [createEngine(), "Engine"],
  [
    new (class Options {
      cols = 4;
    })(),
    "Options",
  ],
  [Object.create({ cols: 4 }), "Object"],
  [new Date(0), "Date"],
  [() => 1, "a function"],
];

describe.each(calls)("%s", (op, call) => {
  const names = optionsOf(op);

  it("options that are none: nothing is ignored in silence", () => {
    for (const [value, got] of wrongKinds()) {
      refuses(
        () => call(f32(1, 2, 3, 4), value),
        `TypeError: ${op}: options expected an object of ${names.join(", ")}, got ${got}`,
      );
    }
  });

  it("options without a prototype, frozen, or with names that are not given", () => {
    const bare = Object.assign(Object.create(null), { cols: 4 });
    const given = op === "invertLayerNorm" ? { mean: f32(1), rstd: f32(1) } : {};
    const right = call(f32(1, 2, 3, 4), { cols: 4, ...given });
    expect(call(f32(1, 2, 3, 4), Object.assign(bare, given))).toEqual(right);
    expect(call(f32(1, 2, 3, 4), Object.freeze({ cols: 4, ...given }))).toEqual(right);
    const unset = Object.fromEntries(names.map((name) => [name, undefined]));
    expect(call(f32(1, 2, 3, 4), { ...unset, cols: 4, ...given })).toEqual(right);
  });

  it("a name that is none", () => {
    const expected = `TypeError: ${op}: options expected ${names.join(", ")}, got`;
    refuses(() => call(f32(1, 2, 3, 4), { unheard: 1 }), `${expected} "unheard"`);
    refuses(() => call(f32(1, 2, 3, 4), { unheard: undefined }), `${expected} "unheard"`);
    refuses(() => call(f32(1, 2, 3, 4), { 0: 4 }), `${expected} "0"`);
    for (const name of ["toString", "constructor", "hasOwnProperty"]) {
      expect(said(() => call(f32(1, 2, 3, 4), { [name]: 1 }))).toContain(`${expected} "${name}"`);
    }
    refuses(() => call(f32(1, 2, 3, 4), { axis: -1 }), `${expected} "axis" (cols?)`);
    refuses(() => call(f32(1, 2, 3, 4), { Cols: 4 }), `${expected} "Cols" (cols?)`);
    refuses(() => call(f32(1, 2, 3, 4), { cols: 4, engines: 1 }), `${expected} "engines" (engine?)`);
  });
});

it("nor are they where x, out and weight are Tensors, which takes the short way", () => {
  const [x, out, weight] = [0, 1, 2].map(() => tensor("f32", [2, 4], [1, 2, 3, 4, 1, 2, 3, 4]));
  const given = { out, weight: weight.view({ shape: 4 }) };
  for (const op of [layerNorm, rmsNorm] as Any[]) {
    op(x, given);
    class Options {
      constructor(readonly more = Object.assign(this, given)) {}
    }
    for (const wrong of [Object.assign([], given), Object.assign(new Map(), given), new Options()]) {
      expect(said(() => op(x, wrong))).toContain(`${op.name}: options expected an object of cols`);
    }
    expect(op(x, Object.assign(Object.create(null), given))).toBe(out);
  }
});

describe("every example that was once taken in silence", () => {
  const x = f32(1, 2, 3, 4);
  const wrong = (name: string, options: object) => {
    const op = { layerNorm, rmsNorm, decompose, geometry }[name] as Any;
    return () => op(x, options);
  };
  const layer = "cols, weight, bias, eps, residual, out, sum, mean, rstd, dtype, engine";
  const rms = "cols, weight, bias, weightOffset, eps, residual, out, sum, rstd, dtype, engine";
  it.each([
    ["layerNorm", { cols: 4, gamma: x }, layer, '"gamma" (weight?)'],
    ["layerNorm", { epsilon: 1e-6 }, layer, '"epsilon" (eps?)'],
    ["layerNorm", { weights: x }, layer, '"weights" (weight?)'],
    ["layerNorm", { axis: -1 }, layer, '"axis" (cols?)'],
    ["layerNorm", { dim: 4 }, layer, '"dim" (cols?)'],
    ["layerNorm", { shape: [4] }, layer, '"shape" (cols?)'],
    ["layerNorm", { normalizedShape: [4] }, layer, '"normalizedShape" (cols?)'],
    ["layerNorm", { weightOffset: 1 }, layer, '"weightOffset"'],
    ["rmsNorm", { weight: x, offset: 1 }, rms, '"offset" (weightOffset?)'],
    ["rmsNorm", { mean: f32(0) }, rms, '"mean"'],
    ["decompose", { out: x }, "cols, dtype, engine", '"out"'],
    ["geometry", { degrees: true }, "cols, dtype, engine", '"degrees"'],
    // and others of the kind
    ["layerNorm", { beta: x }, layer, '"beta" (bias?)'],
    ["layerNorm", { normalized_shape: [4] }, layer, '"normalized_shape" (cols?)'],
    ["rmsNorm", { variance_epsilon: 1e-6 }, rms, '"variance_epsilon" (eps?)'],
    ["rmsNorm", { scale: x }, rms, '"scale" (weight?)'],
    ["rmsNorm", { weight_offset: 1 }, rms, '"weight_offset" (weightOffset?)'],
  ] as const)("%s(x, %o)", (op, options, names, got) => {
    refuses(wrong(op, options), `TypeError: ${op}: options expected ${names}, got ${got}`);
  });

  it("createEngine({ maxBytes }), which left the bound of 4 GiB", () => {
    const expected = "TypeError: createEngine: options expected variant, memory, maximumBytes, got";
    const call = createEngine as (options: Any) => unknown;
    refuses(() => call({ maxBytes: 65536 }), `${expected} "maxBytes" (maximumBytes?)`);
    refuses(() => call({ maximumByte: 65536 }), `${expected} "maximumByte" (maximumBytes?)`);
    refuses(() => call({ Variant: "simd" }), `${expected} "Variant" (variant?)`);
    refuses(() => call({ modules: {} }), `${expected} "modules"`);
    for (const [value, got] of wrongKinds()) {
      refuses(
        () => call(value),
        `TypeError: createEngine: options expected an object of variant, memory, maximumBytes, got ${got}`,
      );
    }
  });
});

/** Names as people write them: of other libraries, from memory, and words that mean nothing here. */
const elsewhere = [
  ...[
    "gamma",
    "beta",
    "epsilon",
    "epsilon_",
    "normalized_shape",
    "normalizedShape",
    "elementwise_affine",
    "elementwiseAffine",
  ],
  ...[
    "axis",
    "axes",
    "dim",
    "dims",
    "keepdim",
    "scale",
    "center",
    "shift",
    "stash_type",
    "momentum",
    "training",
    "affine",
  ],
  ...[
    "variance_epsilon",
    "input",
    "output",
    "device",
    "type",
    "shape",
    "std",
    "invStd",
    "alpha",
    "size",
    "length",
    "rows",
  ],
  ...[
    "numGroups",
    "hiddenSize",
    "hidden_size",
    "layout",
    "data",
    "name",
    "trainable",
    "kernel",
    "threads",
    "__proto__x",
  ],
];

/** A real name with one letter put in, left out or changed. */
function typos(names: readonly string[]): fc.Arbitrary<{ meant: string; name: string }> {
  const letter = fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz");
  return fc
    .record({ meant: fc.constantFrom(...names), at: fc.nat(), letter, how: fc.constantFrom("in", "out", "other") })
    .map(({ meant, at, letter, how }) => {
      const i = at % (meant.length + (how === "in" ? 1 : 0));
      return {
        meant,
        name: meant.slice(0, i) + (how === "out" ? "" : letter) + meant.slice(i + (how === "in" ? 0 : 1)),
      };
    });
}

/** Does one letter put in, left out or changed make one name of the other? */
function oneLetterApart(a: string, b: string): boolean {
  const [shorter, longer] = a.length < b.length ? [a, b] : [b, a];
  let start = 0;
  while (start < shorter.length && shorter[start] === longer[start]) start++;
  let end = 0;
  while (end < shorter.length - start && shorter.at(-1 - end) === longer.at(-1 - end)) end++;
  return longer.length - start - end === 1;
}

const words = (names: readonly string[]) =>
  fc.oneof(
    fc.constantFrom(...elsewhere),
    fc.string({ minLength: 1, maxLength: 12 }),
    fc.string({ unit: fc.constantFrom(..."abcdefgrstuvw_W"), minLength: 1, maxLength: 9 }),
    fc.constantFrom(...names.flatMap((name) => [name.toUpperCase(), `${name}_`, `_${name}`, `${name}s`])),
  );

/** Ways to give options, with the names that each knows. */
const takers: [taker: string, names: string[], call: (options: object) => unknown][] = [
  ...calls.map(([op, call]): [string, string[], (options: object) => unknown] => [
    op,
    optionsOf(op),
    (options) => call(f32(1, 2, 3, 4), options),
  ]),
  ["createEngine", engineOptions, (options) => createEngine(options)],
  ["view", ["shape", "rowStride", "offset"], (options) => tensor("f32", 4).view(options as Any)],
];

describe.each(takers)("names drawn at random: %s", (taker, names, call) => {
  const listed = `TypeError: ${taker}: options expected ${names.join(", ")}, got `;

  it("each is known, or refused with the list of those that are", () => {
    fc.assert(
      fc.property(words(names), (name) => {
        // computed, for {__proto__: …} would be no name
        const message = said(() => call(Object.fromEntries([[name, undefined]])));
        if (names.includes(name)) return !message.startsWith(listed);
        const rest = message.slice(listed.length + JSON.stringify(name).length);
        const hinted = rest === "" || names.some((one) => rest === ` (${one}?)`);
        return message.startsWith(listed + JSON.stringify(name)) && hinted;
      }),
    );
  });

  it("a typo of one letter is answered with the name that was meant, or another one letter away", () => {
    fc.assert(
      fc.property(typos(names), ({ meant, name }) => {
        fc.pre(!names.includes(name) && name.length > 2);
        const message = said(() => call({ [name]: undefined }));
        const [, likely] = / \((\w+)\?\)$/.exec(message) ?? [];
        expect([meant, ...names]).toContain(likely);
        return message.startsWith(listed + JSON.stringify(name)) && oneLetterApart(likely, name);
      }),
    );
  });
});

describe("loadEngine", () => {
  const names = [...engineOptions, "modules"];
  const told = (options: Any) => loadEngine(options).then(() => "none", String);

  it("options that are none, and names that are none", async () => {
    for (const [value, got] of wrongKinds()) {
      expect(await told(value)).toBe(
        `TypeError: loadEngine: options expected an object of ${names.join(", ")}, got ${got}`,
      );
    }
    const expected = `TypeError: loadEngine: options expected ${names.join(", ")}, got`;
    expect(await told({ module: {} })).toBe(`${expected} "module" (modules?)`);
    expect(await told({ maxBytes: 65536 })).toBe(`${expected} "maxBytes" (maximumBytes?)`);
    expect(await told({ families: ["norm"] })).toBe(`${expected} "families"`);
  });

  it("names drawn at random", async () => {
    await fc.assert(
      fc.asyncProperty(words(names), async (name) => {
        fc.pre(!names.includes(name));
        const message = await told(Object.fromEntries([[name, 1]]));
        return message.startsWith(
          `TypeError: loadEngine: options expected ${names.join(", ")}, got ${JSON.stringify(name)}`,
        );
      }),
    );
  });
});

it("a name in another's place is none where the op has it not: center has no weight", () => {
  refuses(
    () => (center as Any)(f32(1, 2), { weight: f32(1, 1) }),
    'TypeError: center: options expected cols, out, dtype, engine, got "weight"',
  );
});
