// .npy, from a disk, a stream and a page: the bytes are those that were written, and what is unsound is refused.

import { openContainer } from "@orthonorm/files";
import { describe, expect, test } from "vitest";
import { parseLiteral, Tuple } from "../../files/src/python-literal.js";
import { failure, noise, open, readFile, ways } from "../support/read-files.js";
import { npy } from "../support/tensor-files.js";

describe("npy", () => {
  const descrs: [string, string, number][] = [
    ["'<f4'", "F32", 4],
    ["'=f4'", "F32", 4],
    ["'|f4'", "F32", 4],
    ["'f4'", "F32", 4],
    ["'float32'", "F32", 4],
    ["'<f8'", "F64", 8],
    ["'<f2'", "F16", 2],
    ["'<V2'", "BF16", 2],
    ["'|V2'", "BF16", 2],
    ["'bfloat16'", "BF16", 2],
    ["'<i8'", "I64", 8],
    ["'|u1'", "U8", 1],
    ["'|b1'", "BOOL", 1],
    ["'<c8'", "C64", 8],
    ["'<U3'", "<U3", 12],
    ["'|S5'", "|S5", 5],
    ["'<f16'", "<f16", 16],
    ["'<M8[ns]'", "<M8[ns]", 8],
  ];
  const versions: [number, number][] = [
    [1, 0],
    [2, 0],
    [3, 0],
  ];

  test.each(descrs)("%s is %s", async (descr, dtype, size) => {
    for (const version of versions) {
      const data = noise(15 * size);
      const found = await readFile(npy(descr, [3, 5], data, { version }), "h.3.npy", "blob");
      expect(found).toEqual([{ name: "h.3", dtype, shape: [3, 5], bytes: data }]);
    }
  });

  test.each(ways)("shapes as they are, through %s", async (way) => {
    for (const shape of [[], [7], [0], [3, 0, 5], [1, 1], [20, 30, 40]]) {
      const data = noise(4 * shape.reduce((product, size) => product * size, 1));
      expect(await readFile(npy("'<f4'", shape, data), "a.npy", way)).toEqual([
        { name: "a", dtype: "F32", shape, bytes: data },
      ]);
    }
  });

  test("as Python 2 wrote it, and with other quotes", async () => {
    const data = noise(24);
    const header = '{"shape": (3L, 2L), "fortran_order": False, "descr": "<f4"}';
    expect(await readFile(npy("", [], data, { header }), "a.npy", "blob")).toMatchObject([
      { shape: [3, 2], bytes: data },
    ]);
  });

  test.each<[string, Uint8Array, string, string]>([
    ["big-endian dates", npy("'>M8[ns]'", [2], noise(16)), ">M8[ns]", "big-endian (>M8[ns])"],
    [
      "texts in Fortran's order",
      npy("'<U3'", [2, 3], noise(72), { fortran: true }),
      "<U3",
      "in Fortran's order (save np.ascontiguousarray of it)",
    ],
    ["an unknown dtype", npy("'<q4'", [6], noise(24)), "<q4", "of a dtype that is not known (<q4)"],
    ["complex halves", npy("'<c4'", [6], noise(24)), "<c4", "of a dtype that is not known (<c4)"],
    ["a float of three bytes", npy("'<f3'", [8], noise(24)), "<f3", "of a dtype that is not known (<f3)"],
    ["texts of NumPy 2", npy("'|T16'", [2], noise(99)), "|T16", "of a dtype that is not known (|T16)"],
    [
      "a structured dtype",
      npy("[('a', '<f4'), ('b', '|u1', (2, 3)), ('', '|V2')]", [2], noise(24)),
      "structured",
      "of a structured dtype (save its fields apart)",
    ],
    ["objects", npy("'|O'", [2], noise(99)), "object", "of Python objects, which are pickled"],
  ])("%s are told, not read", async (_, bytes, dtype, reason) => {
    for (const way of ways) {
      expect(await readFile(bytes, "a.npy", way)).toMatchObject([{ name: "a", dtype, bytes: reason }]);
    }
    const [tensor] = (await openContainer(await open(bytes, "a.npy", "blob"))).tensors;
    await expect(tensor.open()).rejects.toThrow(
      `a.npy expected tensor "a" to be one that can be read, got one that is ${reason}`,
    );
  });

  test("Fortran's order of one row or column is the usual one", async () => {
    for (const shape of [[6], [1, 6], [6, 1], [0, 3], []]) {
      const data = noise(4 * shape.reduce((product, size) => product * size, 1));
      expect(await readFile(npy("'<f4'", shape, data, { fortran: true }), "a.npy", "blob")).toMatchObject([
        { bytes: data },
      ]);
    }
  });

  const dict = (header: string) => npy("", [], noise(24), { header });
  const shaped = (shape: string, descr = "'<f4'") =>
    dict(`{'descr': ${descr}, 'fortran_order': False, 'shape': ${shape}, }`);

  test.each<[string, Uint8Array, string]>([
    [
      "an unknown version",
      npy("'<f4'", [2, 3], noise(24), { version: [4, 0] }),
      "expected a NumPy header of version 1.0, 2.0 or 3.0, got 4.0",
    ],
    [
      "a header longer than the file",
      npy("'<f4'", [2, 3], noise(24), { length: 5000 }),
      "expected a NumPy header that fits in the file, got 152 bytes, of which it claims 5000",
    ],
    [
      "a header longer than any",
      npy("'<f4'", [2, 3], noise(24), { version: [2, 0], length: 2 ** 32 - 1 }),
      "expected a NumPy header of at most 1048576 bytes, got a header length of 4294967295",
    ],
    [
      "nothing but the magic",
      npy("", [], noise(0)).subarray(0, 9),
      "expected a NumPy header that fits in the file, got 9 bytes, of which it claims its beginning",
    ],
    ["no dict", dict("__import__('os')"), "expected a NumPy header that is a Python dict, got __import__('os')"],
    ["a dict that goes on", dict("{'a': 1} + {}"), "expected a NumPy header that is a Python dict, got {'a': 1} + {}"],
    ["an empty header", dict(""), "expected a NumPy header that is a Python dict, got nothing"],
    [
      "brackets alone",
      dict("[".repeat(60_000)),
      `expected a NumPy header that is a Python dict, got ${"[".repeat(59)}…`,
    ],
    [
      "a key too many",
      dict("{'descr': '<f4', 'fortran_order': False, 'shape': (6,), 'x': 1}"),
      "expected a NumPy header of descr, fortran_order and shape, got descr, fortran_order, shape, x",
    ],
    [
      "an order that is none",
      dict("{'descr': '<f4', 'fortran_order': 0, 'shape': (6,)}"),
      "expected fortran_order to be True or False, got 0",
    ],
    ["a shape that is a number", shaped("(6)"), "expected shape to be a tuple of non-negative integers, got 6"],
    ["a shape that is a list", shaped("[6]"), "expected shape to be a tuple of non-negative integers, got [6]"],
    ["a negative size", shaped("(-2, -3)"), "expected shape to be a tuple of non-negative integers, got (-2, -3)"],
    ["no dtype's name", shaped("(6,)", "'4f'"), "expected descr to be a NumPy dtype, got '4f'"],
    ["no dtype", shaped("(6,)", "None"), "expected descr to be a NumPy dtype, got None"],
    ["a field without a dtype", shaped("(6,)", "[('a',)]"), "expected descr to be a NumPy dtype, got the field ('a',)"],
    ["a shape of another size", shaped("(2, 4)"), "expected 32 bytes of data, what '<f4' (2, 4) takes, got 24"],
    ["trailing bytes", shaped("(5,)"), "expected 20 bytes of data, what '<f4' (5,) takes, got 24"],
    [
      "a huge shape",
      shaped("(4294967296, 4294967296)"),
      "expected a number of bytes that can be addressed of data, what '<f4' (4294967296, 4294967296) takes, got 24",
    ],
    [
      "a size that is no number of JavaScript's",
      shaped("(99999999999999999999,)"),
      "expected shape to be a tuple of non-negative integers, got (100000000000000000000,)",
    ],
    [
      "a name that moves the cursor",
      shaped("(6,)", "'\u009b2J'"),
      "expected descr to be a NumPy dtype, got '\\u009b2J'",
    ],
  ])("refuses %s", async (_, bytes, message) => {
    expect(await failure(bytes, "h.npy")).toBe(`h.npy ${message}`);
  });

  test("from a stream, the end is checked when it comes", async () => {
    const bytes = npy("'<f4'", [2, 3], noise(24));
    expect(await failure(bytes.subarray(0, 140), "standard input", "stream")).toBe(
      'standard input expected tensor "standard input" to have 24 bytes, got 12: it ends there',
    );
    expect(await failure(Buffer.concat([bytes, noise(1)]), "standard input", "stream")).toBe(
      "standard input expected 152 bytes, what its header announces, got more",
    );
    expect(await failure(bytes.subarray(0, 50), "standard input", "stream")).toBe(
      "standard input expected 118 bytes at byte 10, got 40: it ends there",
    );
  });
});

test("Python's literals, and nothing else", () => {
  expect(parseLiteral(" {'a': (1, -2), 'b': [True, None, 'x\\'y'], } \n")).toEqual(
    new Map<string, unknown>([
      ["a", new Tuple([1, -2])],
      ["b", [true, null, "x'y"]],
    ]),
  );
  expect(parseLiteral("(3)")).toBe(3);
  expect(parseLiteral("(3,)")).toEqual(new Tuple([3]));
  expect(parseLiteral("()")).toEqual(new Tuple([]));
  for (const text of [
    "",
    "{",
    "{'a'}",
    "{'a': 1 'b': 2}",
    "{'a': 1, 'a': 2}",
    "1 2",
    "[1 2]",
    "'a",
    "x",
    "1.5",
    "(,)",
    "1_0",
  ]) {
    expect(parseLiteral(text), text).toBeUndefined();
  }
});
