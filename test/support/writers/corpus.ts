/**
 * A file per habit of a writer, under the name that it has in test/data/files. The bytes are our own, made as the writers' sources
 * make them; writers.json beside the files says whose habit each is and what has to be read from it. `npm run corpus` writes them.
 */
import * as npy from "./npy.js";
import * as npz from "./npz.js";
import { type GivenTensor, safetensors } from "./safetensors.js";
import { type FloatType, floats, type Layout } from "./values.js";

const matrix = [2, 3] as const;
const base64 = (text: string) => Buffer.from(text, "base64");

/** What zlib 1.3 makes of the two headers with the matrix. Kept, since another version may make other bytes. */
const deflatedNumpy = base64(
  "m+wX6hsQychQxlCtnpJanFykbqWgbpNmoq6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaRjoKxpo6CrUKZAMuBgaFAwwMB/YzMDCAsD2QDcQKDgA=",
);
const deflatedNumpyTs = base64(
  "m+wX6hsQycxQwsDAUK2eklqcXKRupaBuk2airqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RpGOgrGmjoKtQpkAi4GBoUDDAwH9gOtB2F7IBuIFRwA",
);
/** What gzip makes of cnpy's matrix of doubles. */
const gzipped = base64(
  "H4sIAAAAAAAAA5vsF+obEMnI4MZQrZ6SWpxcpG6loG6TZqGuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6CsaaOgq1CnDAxQAGLAcg9I/9EPoBjLaHikNpFgcAuDYrKoAAAAA=",
);
/** A pandas frame with the columns [-0.5, 0.5] and ["a", "b"], as an array of objects, pickled. */
const pickled = base64(
  "gASVpgAAAAAAAACMFm51bXB5Ll9jb3JlLm11bHRpYXJyYXmUjAxfcmVjb25zdHJ1Y3SUk5SMBW51bXB5lIwHbmRhcnJheZSTlEsAhZRDAWKUh5RSlChLAUsCSwKGlGgDjAVkdHlwZZSTlIwCTziUiYiHlFKUKEsDjAF8lE5OTkr/////Sv////9LP3SUYohdlChHv+AAAAAAAACMAWGURz/gAAAAAAAAjAFilGV0lGIu",
);

/** NumPy's own, with its descr for the type. */
function numpy(
  type: FloatType,
  shape: readonly number[],
  { fortran, bigEndian, ...habit }: npy.NumpyHabit & Layout = {},
) {
  const letter = { f16: "f2", bf16: "V2", f32: "f4", f64: "f8" }[type];
  const descr = `'${bigEndian ? ">" : "<"}${letter}'`;
  return npy.numpy(descr, shape, floats(type, shape, { fortran, bigEndian }), { fortran, ...habit });
}

const h = { name: "h.npy", data: numpy("f32", matrix) };
const vectorNamed = (name: string) => ({ name: `${name}.npy`, data: numpy("f64", [3]) });
const cnpyPair = [
  { name: "h.npy", data: npy.cnpy("<f4", matrix, floats("f32", matrix)) },
  { name: "mean.npy", data: npy.cnpy("<f8", [3], floats("f64", [3])) },
];
const numpyTsMatrix = { name: "h.npy", data: npy.numpyTs("<f4", matrix, floats("f32", matrix)) };
const numpyTsVector = { name: "größe.npy", data: npy.numpyTs("<f8", [3], floats("f64", [3])) };

/** cnpy's mode "a" writes the header anew and the rows at the end. That of 100 rows is 16 bytes longer, and covers the first four. */
function outgrown(): Buffer {
  const shape = [99, 1, 1, 1, 1];
  const appended = Buffer.concat([npy.cnpy("<f4", shape, floats("f32", shape)), floats("f32", [1])]);
  appended.set(npy.cnpy("<f4", [100, 1, 1, 1, 1], Buffer.alloc(0)));
  return appended;
}

const ofModel: GivenTensor[] = [
  { name: "norm.weight", dtype: "F32", shape: [3], data: floats("f32", [3]) },
  { name: "embed.weight", dtype: "BF16", shape: matrix, data: floats("bf16", matrix) },
  { name: "norm.bias", dtype: "F32", shape: [3], data: floats("f32", [3]) },
  { name: "head.weight", dtype: "F16", shape: matrix, data: floats("f16", matrix) },
  { name: "scale", dtype: "F64", shape: [], data: floats("f64", []) },
  { name: "empty", dtype: "F32", shape: [0, 3], data: floats("f32", [0, 3]) },
];
const oneMatrix: GivenTensor[] = [{ name: "h", dtype: "F32", shape: matrix, data: floats("f32", matrix) }];

export const corpus: Readonly<Record<string, () => Buffer>> = {
  "numpy-1.6-windows.npy": () => numpy("f32", matrix, { align: 16, growth: false, long: "L" }),
  "numpy-1.13.npy": () => numpy("f32", matrix, { align: 16, growth: false }),
  "numpy-1.14.npy": () => numpy("f32", matrix, { growth: false }),
  "numpy.npy": () => numpy("f32", matrix),
  "numpy-doubles.npy": () => numpy("f64", [2, 2, 2]),
  "numpy-halves.npy": () => numpy("f16", matrix),
  "numpy-fortran.npy": () => numpy("f32", matrix, { fortran: true }),
  "numpy-fortran-3d.npy": () => numpy("f64", [2, 2, 2], { fortran: true }),
  "numpy-big-endian.npy": () => numpy("f32", matrix, { bigEndian: true }),
  "numpy-big-endian-fortran.npy": () => numpy("f64", matrix, { bigEndian: true, fortran: true }),
  "numpy-1d.npy": () => numpy("f64", [3]),
  "numpy-0d.npy": () => numpy("f64", []),
  "numpy-empty.npy": () => numpy("f32", [0, 3]),
  "numpy-version-2.npy": () => numpy("f32", matrix, { version: 2 }),
  "numpy-version-3.npy": () => numpy("f32", matrix, { version: 3 }),
  "numpy-longdouble.npy": () => npy.numpy("'<f16'", [2], Buffer.alloc(32)),
  "numpy-complex.npy": () => npy.numpy("'<c8'", [3], floats("f32", matrix)),
  "numpy-fields.npy": () => npy.numpy("[('größe', '<f4')]", [3], floats("f32", [3])),
  "numpy-fields-version-3.npy": () => npy.numpy("[('長さ', '<f4')]", [3], floats("f32", [3]), { version: 3 }),
  "ml_dtypes-bfloat16.npy": () => numpy("bf16", matrix),
  "ml_dtypes-float8.npy": () => npy.numpy("'<V1'", [3], Buffer.from([0xb8, 0, 0x38])),
  "reticulate-matrix.npy": () => numpy("f64", matrix, { fortran: true }),
  "reticulate-array.npy": () => numpy("f64", [2, 2, 2], { fortran: true }),
  "reticulate-vector.npy": () => numpy("f64", [3]),
  "reticulate-number.npy": () => numpy("f64", []),
  "pandas-to_numpy.npy": () => numpy("f64", [3, 2], { fortran: true }),
  "pandas-copied.npy": () => numpy("f64", [3, 2]),
  "pandas-column.npy": () => numpy("f64", [3]),
  "pandas-to_records.npy": () => npy.numpy("[('x', '<f8'), ('y', '<f8')]", [3], floats("f64", [3, 2])),
  "pandas-mixed.npy": () => npy.numpy("'|O'", [2, 2], pickled, { fortran: true }),
  "cnpy.npy": () => npy.cnpy("<f4", matrix, floats("f32", matrix)),
  "cnpy-vector.npy": () => npy.cnpy("<f8", [3], floats("f64", [3])),
  "cnpy-outgrown.npy": outgrown,
  "RcppCNPy-matrix.npy": () => npy.cnpy("<f8", matrix, floats("f64", matrix)),
  "RcppCNPy-matrix.npy.gz": () => gzipped,
  "xtensor.npy": () => npy.xtensor("<f4", matrix, floats("f32", matrix)),
  "xtensor-column-major.npy": () => npy.xtensor("<f8", matrix, floats("f64", matrix, { fortran: true }), true),
  "xtensor-vector.npy": () => npy.xtensor("<f8", [3], floats("f64", [3])),
  "xtensor-number.npy": () => npy.xtensor("<f8", [], floats("f64", [])),
  "npyjs.npy": () => npy.npyjs("<f4", matrix, floats("f32", matrix)),
  "npyjs-vector.npy": () => npy.npyjs("<f8", [3], floats("f64", [3])),
  "npyjs-number.npy": () => npy.npyjs("<f4", [], floats("f32", [])),
  "numpy-ts.npy": () => numpyTsMatrix.data,
  "numpy-ts-halves.npy": () => npy.numpyTs("<f2", matrix, floats("f16", matrix)),
  "numpy-ts-number.npy": () => npy.numpyTs("<f8", [], floats("f64", [])),
  "numpy-1.13-savez.npz": () => npz.archive([h], npz.temporaryFile),
  "numpy-savez.npz": () => npz.archive([h, vectorNamed("arr_0")], npz.python),
  "numpy-savez-older-python.npz": () => npz.archive([h], npz.olderPython),
  "numpy-savez-pipe.npz": () => npz.archive([h], { ...npz.python, descriptor: true }),
  "numpy-savez-names.npz": () => npz.archive([vectorNamed("größe"), vectorNamed("layer/0")], npz.python),
  "numpy-savez_compressed.npz": () => npz.archive([{ ...h, deflated: deflatedNumpy }], npz.python),
  "numpy-savez_compressed-pipe.npz": () =>
    npz.archive([{ ...h, deflated: deflatedNumpy }], { ...npz.python, descriptor: true }),
  "cnpy.npz": () => npz.archive(cnpyPair, npz.cnpy),
  "numpy-ts.npz": () => npz.archive([numpyTsMatrix, numpyTsVector], npz.numpyTs),
  "numpy-ts-compressed.npz": () => npz.archive([{ ...numpyTsMatrix, deflated: deflatedNumpyTs }], npz.numpyTs),
  "safetensors-rust.safetensors": () => safetensors(ofModel),
  "safetensors-rust-metadata.safetensors": () => safetensors(oneMatrix, { metadata: { format: "pt" } }),
  "safetensors-rust-unsorted.safetensors": () => safetensors(ofModel, { sorted: false, aligned: false }),
  "safetensors-python-json.safetensors": () => safetensors(oneMatrix, { blanks: true, metadata: {} }),
};
