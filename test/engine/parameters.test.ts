// Parameters of other element types than x.

import { angle, createEngine, type DType, invertLayerNorm, layerNorm, reject, rmsNorm } from "orthonorm";
import { describe, it } from "vitest";
import { decode, encode } from "../support/dtypes.js";
import { dtypes, type Numbers, wideOf } from "../support/ground.js";
import { normals } from "../support/random.js";
import { rowsOf } from "../support/rows.js";
import { sameBits } from "../support/within.js";

describe.each(dtypes)("%s: weight, bias and direction of other element types", (dtype) => {
  const kinds: readonly DType[] = [...new Set<DType>([dtype, "f32", "f64"])];

  it("arrays and Tensors give what the kernel's own type gives", () => {
    const engine = createEngine();
    for (const cols of [1, 2, 3, 4, 5, 7, 8, 15, 16, 31, 33, 64, 129, 130]) {
      const rows = 5;
      const x = encode(dtype, rowsOf(dtype, rows, cols, cols + 1));
      for (const kind of kinds) {
        const weight = encode(kind, normals(cols, 1, 0.5, cols));
        const bias = encode(kind, normals(cols, 0, 0.5, cols + 1));
        const direction = encode(kind, normals(cols, 0.3, 1, cols + 2));
        const plain = (array: Numbers) => encode(wideOf(dtype), decode(kind, array));
        const options = { cols, dtype, engine };
        const norm = layerNorm(x, { ...options, weight: plain(weight), bias: plain(bias) });
        const rms = rmsNorm(x, { ...options, weight: plain(weight), weightOffset: 1 });
        const saved = {
          mean: encode(wideOf(dtype), normals(rows)),
          rstd: encode(wideOf(dtype), normals(rows, 3, 0.1)),
        };
        const inverse = invertLayerNorm(x, { ...options, ...saved, weight: plain(weight), bias: plain(bias) });
        const rest = reject(x, plain(direction), options);
        const between = angle(x, plain(direction), options);
        const as = {
          arrays: (array: Numbers) => array,
          Tensors: (array: Numbers) => engine.tensor(kind, cols, array),
          views: (array: Numbers) => {
            const { data } = engine.tensor(kind, cols + 3);
            const view = data.subarray(3) as Numbers;
            view.set(array as never);
            return view;
          },
        };
        // what stays: three Tensors at a time, in a memory that does not grow, so that views stay good
        for (const [name, of] of Object.entries(as)) {
          // a Uint16Array holds bits of x's own type only
          const what = `${kind} ${name}, ${cols} columns`;
          sameBits(what, dtype, layerNorm(x, { ...options, weight: of(weight), bias: of(bias) }) as Numbers, norm);
          sameBits(what, dtype, rmsNorm(x, { ...options, weight: of(weight), weightOffset: 1 }) as Numbers, rms);
          const affine = { weight: of(weight), bias: of(bias) };
          sameBits(what, dtype, invertLayerNorm(x, { ...options, ...saved, ...affine }) as Numbers, inverse);
          sameBits(what, dtype, reject(x, of(direction), options) as Numbers, rest);
          sameBits(what, wideOf(dtype), angle(x, of(direction), options), between);
        }
      }
    }
    engine.dispose();
  });
});
