// One tensor of a file as a typed array.

import { FileError, openBlob, openContainer, readTensor, type Source } from "@orthonorm/files";
import { describe, expect, test } from "vitest";
import { npy, safetensors, zip } from "../support/tensor-files.js";

const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const blob = (bytes: Uint8Array, name: string) => openBlob(new Blob([new Uint8Array(bytes)]), name);

const arrays = {
  F64: new Float64Array([1.5, -2, 3, Number.NaN]),
  F32: new Float32Array([1.5, -2, 3, 1e30]),
  F16: new Uint16Array([0x3c00, 0x7c01, 0x8000, 1]),
  BF16: new Uint16Array([0x3f80, 0x7f81, 0x8000, 1]),
  I64: new BigInt64Array([1n, -(2n ** 63n), 2n ** 53n + 1n, 0n]),
  I32: new Int32Array([1, -1, 2 ** 31 - 1, 0]),
  I16: new Int16Array([1, -1, 32767, 0]),
  I8: new Int8Array([1, -1, 127, -128]),
  U64: new BigUint64Array([1n, 2n ** 64n - 1n, 0n, 5n]),
  U32: new Uint32Array([1, 2 ** 32 - 1, 0, 5]),
  U16: new Uint16Array([1, 65535, 0, 5]),
  U8: new Uint8Array([1, 255, 0, 5]),
  BOOL: new Uint8Array([1, 0, 0, 1]),
};
const file = safetensors(
  Object.fromEntries(
    Object.entries(arrays).map(([dtype, array]) => [dtype, { dtype, shape: [2, 2], data: bytesOf(array) }]),
  ),
);

describe("readTensor", () => {
  test.each(Object.entries(arrays))("%s comes in its typed array, halves as their bits", async (dtype, array) => {
    const { data, ...head } = await readTensor(blob(file, "all.safetensors"), dtype);
    expect(head).toEqual({ dtype, shape: [2, 2] });
    expect(data.constructor).toBe(array.constructor);
    expect(bytesOf(data)).toEqual(bytesOf(array));
  });

  test("takes a container too, of any format, and reads no other tensor", async () => {
    const one = npy("'<f4'", [4], bytesOf(arrays.F32));
    for (const bytes of [one, zip([{ name: "x.npy", data: one, deflate: true }])]) {
      const container = await openContainer(blob(bytes, "x.npy"));
      expect((await readTensor(container, "x")).data).toEqual(arrays.F32);
    }
    const reads: number[] = [];
    const source = blob(file, "all.safetensors");
    const watched: Source = {
      ...source,
      read(into, position) {
        reads.push(into.length);
        return source.read(into, position);
      },
    };
    const container = await openContainer(watched);
    reads.length = 0;
    await readTensor(container, "I16");
    expect(reads).toEqual([8]);
  });

  test("scalars and empty tensors", async () => {
    const given = {
      scalar: { dtype: "F32", shape: [], data: bytesOf(new Float32Array([7])) },
      empty: { dtype: "I64", shape: [3, 0], data: new Uint8Array(0) },
    };
    const source = blob(safetensors(given), "few.safetensors");
    expect(await readTensor(source, "scalar")).toEqual({ dtype: "F32", shape: [], data: new Float32Array([7]) });
    expect(await readTensor(source, "empty")).toEqual({ dtype: "I64", shape: [3, 0], data: new BigInt64Array(0) });
  });

  test("a name that is not there, an element type without an array, and what cannot be read are refused by name", async () => {
    const refused = async (bytes: Uint8Array, name: string) => {
      const error = await readTensor(blob(bytes, "m"), name).catch((reason) => reason);
      expect(error).toBeInstanceOf(FileError);
      return error.message;
    };
    const eight = { F8: { dtype: "F8_E4M3", shape: [2], data: new Uint8Array(2) } };
    expect(await refused(safetensors(eight), "w")).toBe('m expected a tensor "w", got F8');
    expect(await refused(safetensors({}), "w\u0007")).toBe('m expected a tensor "w\\u0007", got no tensor at all');
    expect(await refused(safetensors(eight), "F8")).toBe(
      'm expected tensor "F8" to be of F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, BOOL, got F8_E4M3',
    );
    const complex = npy("'<c8'", [2], new Uint8Array(16));
    expect(await refused(complex, "m")).toMatch(/^m expected tensor "m" to be of F64, F32, .*, got C64$/);
    const fortran = await readTensor(blob(npy("'<f4'", [2, 2], bytesOf(arrays.F32), { fortran: true }), "m"), "m");
    const [a, b, c, d] = arrays.F32;
    expect([...fortran.data]).toEqual([a, c, b, d]);
  });
});

test("halves that were saved as integers are taken as what they are said to be", async () => {
  const data = new Uint8Array([0x80, 0x3f, 0, 0xc0]);
  const file = zip(
    ["u2", "i2", "u1", "f2"].map((kind) => ({
      name: `${kind}.npy`,
      data: npy(`'<${kind}'`, [kind === "u1" ? 4 : 2], data),
    })),
  );
  const dtypes = async (bits?: "bf16" | "f16") => {
    const { tensors } = await openContainer(blob(file, "a.npz"), { bits });
    return tensors.map(({ dtype }) => dtype);
  };
  expect(await dtypes()).toEqual(["U16", "I16", "U8", "F16"]);
  expect(await dtypes("bf16")).toEqual(["BF16", "BF16", "U8", "F16"]);
  expect(await dtypes("f16")).toEqual(["F16", "F16", "U8", "F16"]);
  const container = await openContainer(blob(file, "a.npz"), { bits: "bf16" });
  expect(await readTensor(container, "i2")).toEqual({ dtype: "BF16", shape: [2], data: new Uint16Array(data.buffer) });
});
