/** How each library spells and pads the header of a .npy. */

/** A header of which the writer's own code has made the dict, its padding and its newline. */
function withHeader(version: number, header: string, data: Uint8Array): Buffer {
  const text = Buffer.from(header, encodingOf(version));
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  length.writeUIntLE(text.length, 0, length.length);
  return Buffer.concat([Buffer.from("\x93NUMPY", "latin1"), Buffer.from([version, 0]), length, text, data]);
}

function encodingOf(version: number): "utf8" | "latin1" {
  return version === 3 ? "utf8" : "latin1";
}

/** A tuple as Python prints it. */
export function tuple(shape: readonly number[], long = ""): string {
  const sizes = shape.map((size) => `${size}${long}`);
  return sizes.length === 1 ? `(${sizes[0]},)` : `(${sizes.join(", ")})`;
}

export interface NumpyHabit {
  version?: 1 | 2 | 3;
  fortran?: boolean;
  /** What the whole header's length is a multiple of: 16 until NumPy 1.13, 64 from 1.14 on. */
  align?: 16 | 64;
  /** Whether blanks are left for the axis that may grow, as NumPy does from 1.23 on. */
  growth?: boolean;
  /** "L", behind each size, on Windows with Python 2. */
  long?: string;
}

/** numpy/lib/format.py. At least one blank precedes the newline of an aligned header, and a whole block does where none was needed. */
export function numpy(descr: string, shape: readonly number[], data: Uint8Array, habit: NumpyHabit = {}): Buffer {
  const { version = 1, fortran = false, align = 64, growth = true, long } = habit;
  const order = fortran ? "True" : "False";
  let dict = `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${tuple(shape, long)}, }`;
  if (growth && shape.length > 0) dict += " ".repeat(21 - String(shape[fortran ? shape.length - 1 : 0]).length);
  const before = 8 + (version === 1 ? 2 : 4);
  const length = Buffer.byteLength(dict, encodingOf(version));
  const padding = align - ((before + length + 1) % align);
  return withHeader(version, `${dict}${" ".repeat(padding)}\n`, data);
}

/** cnpy.h, which RcppCNPy has a copy of: the newline is the last of 1 to 16 blanks. */
export function cnpy(descr: string, shape: readonly number[], data: Uint8Array): Buffer {
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple(shape)}, }`;
  const padding = 16 - ((10 + dict.length) % 16);
  return withHeader(1, `${dict}${" ".repeat(padding - 1)}\n`, data);
}

/** xnpy.hpp, from libnpy: 1 to 16 blanks, then the newline. */
export function xtensor(descr: string, shape: readonly number[], data: Uint8Array, fortran = false): Buffer {
  const dict = `{'descr': '${descr}', 'fortran_order': ${fortran ? "True" : "False"}, 'shape': ${tuple(shape)}, }`;
  const padding = 16 - ((10 + dict.length + 1) % 16);
  return withHeader(1, `${dict}${" ".repeat(padding)}\n`, data);
}

/** npyjs's dump: no blank within the dict, no comma at its end, and a length that is a multiple of 8. */
export function npyjs(descr: string, shape: readonly number[], data: Uint8Array): Buffer {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(",");
  const dict = `{'descr':'${descr}','fortran_order':False,'shape':(${sizes})}`;
  const padding = 8 - ((10 + dict.length + 1) % 8);
  return withHeader(1, `${dict}${" ".repeat(padding)}\n`, data);
}

/** numpy-ts: always version 3.0, and no padding where none is needed. */
export function numpyTs(descr: string, shape: readonly number[], data: Uint8Array): Buffer {
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple(shape)}, }`;
  const padding = (64 - ((12 + dict.length + 1) % 64)) % 64;
  return withHeader(3, `${dict}${" ".repeat(padding)}\n`, data);
}
