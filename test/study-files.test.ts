// Files of hidden states: whatever format and way they come in, the bytes are those that were written, and what is not sound
// is refused in one line that names file, tensor and reason.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type FileHandle, open as openFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { deflateRawSync } from "node:zlib";
import { type Container, FileError, openBlob, openContainer, type Source } from "@orthonorm/files";
import { expand, openDisk, openStream } from "@orthonorm/files/node";
import fc from "fast-check";
import { afterAll, describe, expect, test, vi } from "vitest";
import { parseLiteral, Tuple } from "../files/src/python-literal.js";
import { uniforms } from "./support/random.js";
import { crc32, type GivenTensor, npy, safetensors, zip } from "./support/tensor-files.js";

const folder = mkdtempSync(join(tmpdir(), "orthonorm-files-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Bytes that repeat nowhere near, so that one that is out of its place is seen. */
function noise(length: number, seed = 1): Buffer {
  const next = uniforms(seed);
  return Buffer.from(Uint8Array.from({ length }, () => next() * 256));
}

type Way = "disk" | "stream" | "blob";

/** The file `name` with these bytes. A stream comes in chunks of an odd size. */
async function open(bytes: Uint8Array, name: string, way: Way): Promise<Source> {
  if (way === "blob") return openBlob(new Blob([new Uint8Array(bytes)]), name);
  if (way === "stream") return openStream(Readable.from(chunksOf(bytes, 977), { objectMode: false }), name);
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return openDisk(path, name);
}

function* chunksOf(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}

interface Read {
  name: string;
  dtype: string;
  shape: readonly number[];
  /** Or why there are none. */
  bytes: Buffer | string;
}

/** Everything that a container has, read in blocks of a size that divides nothing. */
async function readAll(container: Container, block = 1021): Promise<Read[]> {
  const all: Read[] = [];
  for (const { name, dtype, shape, bytes, unreadable, open } of container.tensors) {
    if (unreadable !== null) {
      all.push({ name, dtype, shape, bytes: unreadable });
      continue;
    }
    const reader = await open();
    const into = new Uint8Array(bytes);
    for (let i = 0; i < bytes; i += block) await reader.read(into.subarray(i, i + block));
    await reader.close();
    all.push({ name, dtype, shape, bytes: Buffer.from(into) });
  }
  await container.finish();
  return all;
}

async function readFile(bytes: Uint8Array, name: string, way: Way): Promise<Read[]> {
  const source = await open(bytes, name, way);
  try {
    return await readAll(await openContainer(source));
  } finally {
    await source.close();
  }
}

/** What reading the whole file fails with, in one line. */
async function failure(bytes: Uint8Array, name: string, way: Way = "blob"): Promise<string> {
  try {
    await readFile(bytes, name, way);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    expect(error.message).not.toContain("\n");
    return error.message;
  }
  return "no failure";
}

const ways: Way[] = ["disk", "stream", "blob"];
const f32 = (shape: readonly number[], seed = 1): GivenTensor => ({
  dtype: "F32",
  shape,
  data: noise(4 * shape.reduce((product, size) => product * size, 1), seed),
});

describe("safetensors", () => {
  const tensors: Record<string, GivenTensor> = {
    "h.10": f32([3, 7], 1),
    "10": { dtype: "F64", shape: [2, 2, 4], data: noise(128, 2) },
    empty: { dtype: "F32", shape: [0, 9], data: Buffer.alloc(0) },
    "2": { dtype: "BF16", shape: [5000], data: noise(10_000, 3) },
    half: { dtype: "F16", shape: [1, 3], data: noise(6, 4) },
    scalar: { dtype: "F32", shape: [], data: noise(4, 5) },
    ids: { dtype: "I64", shape: [2], data: noise(16, 6) },
  };

  test.each(ways)("tensors of every kind, in the order of their bytes, through %s", async (way) => {
    const found = await readFile(safetensors(tensors), "a.safetensors", way);
    const given = Object.keys(tensors);
    // JSON gives names that are numbers first; the order here is that of the file
    expect(found.map(({ name }) => name).sort()).toEqual(given.sort());
    for (const { name, dtype, shape, bytes } of found) {
      expect({ dtype, shape, bytes }).toEqual({ ...tensors[name], bytes: tensors[name].data, data: undefined });
    }
  });

  test("metadata", async () => {
    const header = { __metadata__: { norm: "LayerNorm" }, x: entry("F32", [1], [0, 4]) };
    const source = await open(safetensors({ x: f32([1]) }, header), "m.safetensors", "blob");
    const { metadata, format } = await openContainer(source);
    expect({ format, ...metadata }).toEqual({ format: "safetensors", norm: "LayerNorm" });
  });

  const entry = (dtype: unknown, shape: unknown, data_offsets: unknown) => ({ dtype, shape, data_offsets });
  const x = f32([2, 3]);
  const withEntry = (dtype: unknown, shape: unknown, offsets: unknown) =>
    safetensors({ x }, { x: entry(dtype, shape, offsets) });

  test.each<[string, Uint8Array, string]>([
    [
      "a header longer than the file",
      safetensors({ x }, undefined, 5000),
      "expected a header that fits in the file, got a file of 89 bytes whose header claims 5000",
    ],
    [
      "a header length that no file has",
      Buffer.from("0000000000000010", "hex"),
      "expected a safetensors header of at most 100000000 bytes, got a header length of 1152921504606846976 (and it begins neither like .npy nor like .npz)",
    ],
    [
      "a cut file",
      safetensors({ x }).subarray(0, 85),
      'expected tensor "x" to have data_offsets within the 20 bytes of data, got [0, 24]',
    ],
    [
      "bytes after the end",
      Buffer.concat([safetensors({ x }), noise(1)]),
      "expected 24 bytes of data, the sum of its tensors, got 25",
    ],
    ["no JSON", safetensors({ x }, "{x"), "expected a JSON header, got text that is not valid JSON"],
    [
      "no UTF-8",
      Buffer.concat([Buffer.from("0200000000000000", "hex"), Buffer.from([0xff, 0xfe])]),
      "expected a JSON header, got text that is not valid JSON",
    ],
    [
      "brackets alone",
      safetensors({}, "[".repeat(1_000_000)),
      "expected a JSON header, got one of more than 64 levels of brackets",
    ],
    ["a list", safetensors({ x }, "[1]"), "expected a JSON object as header, got an array"],
    [
      "metadata that is no text",
      safetensors({}, { __metadata__: { a: 1 } }),
      'expected __metadata__ "a" to be a string, got a number',
    ],
    ["a tensor that is none", safetensors({}, { x: null }), 'expected tensor "x" to be an object, got null'],
    [
      "overlap",
      safetensors({ x }, { a: entry("F32", [4], [0, 16]), b: entry("F32", [4], [8, 24]) }),
      'expected tensor "b" to begin at byte 16 of the data, got 8: it overlaps the tensor before it',
    ],
    [
      "a gap",
      safetensors({ x }, { a: entry("F32", [2], [0, 8]), b: entry("F32", [2], [16, 24]) }),
      'expected tensor "b" to begin at byte 8 of the data, got 16: it leaves a gap before it',
    ],
    [
      "a name that moves the cursor",
      safetensors({ x }, { "\u001b[2J\u202e": entry("F32", [4], [0, 24]) }),
      'expected tensor "\\u001b[2J\\u202e" (F32 [4]) to take 16 bytes, got 24',
    ],
  ])("refuses %s", async (_, bytes, message) => {
    expect(await failure(bytes, "h.safetensors")).toBe(`h.safetensors ${message}`);
  });

  test.each<[string, [dtype: unknown, shape: unknown, offsets: unknown], string]>([
    ["an unknown dtype", ["F31", [2, 3], [0, 24]], 'to have a dtype of the format, got "F31"'],
    ["a dtype of every object", ["constructor", [2, 3], [0, 24]], 'to have a dtype of the format, got "constructor"'],
    ["a negative size", ["F32", [-2, -3], [0, 24]], "to have a shape of non-negative integers, got [-2,-3]"],
    ["no offsets", ["F32", [2, 3], undefined], "to have data_offsets [begin, end], got none"],
    ["offsets beyond", ["F32", [2, 3], [0, 240]], "to have data_offsets within the 24 bytes of data, got [0, 240]"],
    ["offsets in reverse", ["F32", [2, 3], [24, 0]], "to have data_offsets within the 24 bytes of data, got [24, 0]"],
    ["a shape of another size", ["F32", [2, 4], [0, 24]], "(F32 [2, 4]) to take 32 bytes, got 24"],
    [
      "a huge shape",
      ["F32", [2 ** 40, 2 ** 40], [0, 24]],
      "(F32 [1099511627776, 1099511627776]) to take a number of bytes that can be addressed, got 24",
    ],
    ["half a byte", ["F4", [49], [0, 24]], "(F4 [49]) to take 25 bytes, got 24"],
  ])("refuses %s", async (_, [dtype, shape, offsets], message) => {
    expect(await failure(withEntry(dtype, shape, offsets), "h.safetensors")).toBe(
      `h.safetensors expected tensor "x" ${message}`,
    );
  });

  test("a dimension of zero makes a shape empty, however large the others are", async () => {
    const bytes = safetensors({}, { x: entry("F32", [...Array(30).fill(2 ** 50), 0], [0, 0]) });
    expect(await readFile(bytes, "e.safetensors", "blob")).toMatchObject([{ name: "x", bytes: Buffer.alloc(0) }]);
  });

  describe("from a stream", () => {
    const bytes = safetensors({ a: f32([2, 3], 1), b: f32([4], 2), c: f32([2], 3) });

    test("tensors may be passed over, and be left half read", async () => {
      const container = await openContainer(await open(bytes, "standard input", "stream"));
      const [a, , c] = container.tensors;
      const half = new Uint8Array(8);
      await (await a.open()).read(half);
      const last = new Uint8Array(8);
      await (await c.open()).read(last);
      expect([Buffer.from(half), Buffer.from(last)]).toEqual([noise(24, 1).subarray(0, 8), noise(8, 3)]);
      await container.finish();
    });

    test("not backwards, and not twice", async () => {
      const [a, b] = (await openContainer(await open(bytes, "standard input", "stream"))).tensors;
      await b.open();
      const refusal =
        'standard input expected its tensors to be read once and in their order, for it flows, got "a" after "b"';
      await expect(a.open()).rejects.toThrow(refusal);
      await expect(b.open()).rejects.toThrow('got "b" after "b"');
    });

    test("an end that comes early is told with the tensor, or by finish", async () => {
      const cut = bytes.subarray(0, bytes.length - 3);
      expect(await failure(cut, "standard input", "stream")).toBe(
        'standard input expected tensor "c" to have 8 bytes, got 5: it ends there',
      );
      const container = await openContainer(await open(cut, "standard input", "stream"));
      await expect(container.finish()).rejects.toThrow(
        `standard input expected ${bytes.length} bytes, got ${cut.length}: it ends there`,
      );
    });

    test("bytes after the end are told with the last byte of the last tensor, or by finish", async () => {
      const longer = Buffer.concat([bytes, noise(1)]);
      const message = `standard input expected ${bytes.length} bytes, what its header announces, got more`;
      const { tensors } = await openContainer(await open(longer, "standard input", "stream"));
      await expect((await tensors[2].open()).read(new Uint8Array(8))).rejects.toThrow(message);
      const unread = await openContainer(await open(longer, "standard input", "stream"));
      await expect(unread.finish()).rejects.toThrow(message);
    });

    test("a header that ends early", async () => {
      expect(await failure(bytes.subarray(0, 20), "standard input", "stream")).toMatch(
        /^standard input expected \d+ bytes of header, got 12: it ends there$/,
      );
    });

    test("offsets are in order, and fit their shapes, though the end is not known", async () => {
      expect(await failure(withEntry("F32", [2, 3], [24, 0]), "standard input", "stream")).toBe(
        'standard input expected tensor "x" to have data_offsets in order, got [24, 0]',
      );
    });
  });
});

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
    ["big-endian numbers", npy("'>f4'", [2, 3], noise(24)), "F32", "big-endian (>f4)"],
    [
      "Fortran's order",
      npy("'<f4'", [2, 3], noise(24), { fortran: true }),
      "F32",
      "in Fortran's order (save np.ascontiguousarray of it)",
    ],
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
    ["an unknown dtype", shaped("(6,)", "'<q4'"), "expected descr to be a NumPy dtype, got '<q4'"],
    ["a float of three bytes", shaped("(8,)", "'<f3'"), "expected descr to be a NumPy dtype, got '<f3'"],
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

describe("npz", () => {
  const a = npy("'<f4'", [3, 700], noise(8400, 1));
  const b = npy("'<f8'", [2, 2], noise(32, 2));
  const empty = npy("'<f4'", [0, 4], Buffer.alloc(0));
  const zeros = npy("'<f4'", [1000, 100], Buffer.alloc(400_000));
  const one = (options: Partial<Parameters<typeof zip>[0][number]> = {}) =>
    zip([{ name: "a.npy", data: a, ...options }]);

  test.each(["disk", "blob"] as const)("stored and deflated entries, through %s", async (way) => {
    const bytes = zip([
      { name: "a.npy", data: a },
      { name: "x/b.npy", data: b, deflate: true },
      { name: "empty.npy", data: empty },
      { name: "empty too.npy", data: empty, deflate: true },
      { name: "zeros.npy", data: zeros, deflate: true },
      { name: "notes.txt", data: noise(5) },
      { name: "last.npy", data: a, deflate: true },
    ]);
    expect(await readFile(bytes, "h.npz", way)).toEqual([
      { name: "a", dtype: "F32", shape: [3, 700], bytes: noise(8400, 1) },
      { name: "x/b", dtype: "F64", shape: [2, 2], bytes: noise(32, 2) },
      { name: "empty", dtype: "F32", shape: [0, 4], bytes: Buffer.alloc(0) },
      { name: "empty too", dtype: "F32", shape: [0, 4], bytes: Buffer.alloc(0) },
      { name: "zeros", dtype: "F32", shape: [1000, 100], bytes: Buffer.alloc(400_000) },
      { name: "notes.txt", dtype: "U8", shape: [5], bytes: "no .npy entry" },
      { name: "last", dtype: "F32", shape: [3, 700], bytes: noise(8400, 1) },
    ]);
  });

  test("an entry may be left half read, and entries be read side by side and again", async () => {
    const bytes = zip([
      { name: "a.npy", data: a, deflate: true },
      { name: "c.npy", data: a },
    ]);
    const { tensors } = await openContainer(await open(bytes, "h.npz", "blob"));
    const [first, second, again] = [await tensors[0].open(), await tensors[1].open(), await tensors[0].open()];
    const into = [new Uint8Array(100), new Uint8Array(100), new Uint8Array(100)];
    await Promise.all([first.read(into[0]), second.read(into[1]), again.read(into[2])]);
    for (const read of into) expect(Buffer.from(read)).toEqual(noise(8400, 1).subarray(0, 100));
    await Promise.all([first.close(), second.close(), again.close()]);
  });

  test("every inflation that is begun is let go, also where the entry is refused", async () => {
    const begun = vi.spyOn(ReadableStream.prototype, "getReader");
    const ended = vi.spyOn(ReadableStreamDefaultReader.prototype, "cancel");
    try {
      const more = deflateRawSync(Buffer.concat([empty, Buffer.alloc(100)]));
      const refused = zip([{ name: "a.npy", data: empty, deflate: true, says: { compressed: more } }]);
      expect(await failure(refused, "h.npz")).toBe('h.npz expected tensor "a" to have 0 bytes, got more when inflated');
      const inflations = begun.mock.results.map(({ value }) => value);
      expect(inflations.length).toBeGreaterThan(1);
      expect(inflations.filter((reader) => !ended.mock.contexts.includes(reader)).length).toBe(0);
    } finally {
      vi.restoreAllMocks();
    }
  });

  test("an empty archive has no tensors", async () => {
    expect(await readFile(zip([]), "h.npz", "blob")).toEqual([]);
  });

  test("where Node has no crc32, WebAssembly computes it", async () => {
    vi.stubGlobal("process", { ...process, getBuiltinModule: undefined });
    try {
      expect(await readFile(one({ deflate: true }), "h.npz", "blob")).toMatchObject([{ bytes: noise(8400, 1) }]);
      expect(await failure(one({ says: { crc: 1 } }), "h.npz")).toMatch(/expected bytes of CRC-32 00000001/);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  const crc = crc32(a).toString(16).padStart(8, "0");
  const bomb = deflateRawSync(Buffer.concat([b, Buffer.alloc(5_000_000)]));
  const sound = "expected a sound zip archive, got one that is not";
  test.each<[string, Uint8Array, string]>([
    [
      "a wrong CRC, stored",
      one({ says: { crc: 1 } }),
      `h.npz tensor "a" expected bytes of CRC-32 00000001, as the directory says, got ${crc}`,
    ],
    [
      "a wrong CRC, deflated",
      one({ deflate: true, says: { crc: 1 } }),
      `h.npz tensor "a" expected bytes of CRC-32 00000001, as the directory says, got ${crc}`,
    ],
    [
      "an encrypted entry",
      one({ says: { flags: 1 } }),
      'h.npz tensor "a" expected no encryption, got an encrypted entry',
    ],
    [
      "another compression",
      one({ says: { method: 12 } }),
      'h.npz tensor "a" expected to be stored or deflated, got compression method 12',
    ],
    [
      "a stored entry that says another size",
      one({ says: { size: 9000 } }),
      `h.npz tensor "a" expected to be as long as it is stored, got 9000 of ${a.length} bytes`,
    ],
    [
      "a bomb: more bytes than array and directory say",
      zip([{ name: "b.npy", data: b, deflate: true, says: { compressed: bomb } }]),
      'h.npz expected tensor "b" to have 32 bytes, got more when inflated',
    ],
    [
      "a bomb: a directory that says more than the bytes can hold",
      zip([{ name: "b.npy", data: b, deflate: true, says: { size: 4e9 } }]),
      `h.npz tensor "b" expected at most ${1032 * deflateRawSync(b).length} bytes, what ${deflateRawSync(b).length} deflated bytes can hold, got a directory that says 4000000000`,
    ],
    [
      "a bomb: an array of another size than the directory says",
      zip([{ name: "b.npy", data: b, deflate: true, says: { size: 5000 } }]),
      "h.npz tensor \"b\" expected 32 bytes of data, what '<f8' (2, 2) takes, got 4872",
    ],
    [
      "deflated bytes that end early",
      zip([{ name: "a.npy", data: a, deflate: true, says: { compressed: deflateRawSync(a.subarray(0, 4000)) } }]),
      'h.npz expected tensor "a" to have 8400 bytes, got 3872: its deflated bytes end there',
    ],
    [
      "deflated bytes that are none",
      zip([{ name: "a.npy", data: a, deflate: true, says: { compressed: Buffer.alloc(300, 0xff) } }]),
      'h.npz tensor "a" expected bytes that inflate, got broken ones (invalid block type)',
    ],
    [
      "an entry too short for an array",
      zip([{ name: "a.npy", data: noise(7) }]),
      'h.npz tensor "a" expected a NumPy array, got an entry of 7 bytes',
    ],
    [
      "an entry that is no array",
      zip([{ name: "a.npy", data: noise(200) }]),
      'h.npz tensor "a" expected a NumPy array, got an entry that does not begin like one',
    ],
    [
      "an array that says another shape",
      zip([{ name: "a.npy", data: a.subarray(0, 200) }]),
      "h.npz tensor \"a\" expected 8400 bytes of data, what '<f4' (3, 700) takes, got 72",
    ],
    [
      "a name given twice",
      zip([
        { name: "a.npy", data: a },
        { name: "a.npy", data: b },
      ]),
      'h.npz expected every entry once, got "a.npy" again',
    ],
    [
      "two entries on the same bytes",
      zip([
        { name: "a.npy", data: a },
        { name: "c.npy", data: a, says: { offset: 0 } },
      ]),
      `h.npz tensor "c" ${sound} (mismatched local file header (filename))`,
    ],
    [
      "another name in the local header",
      zip([{ name: "a.npy", data: a }], { localName: "b.npy" }),
      `h.npz tensor "a" ${sound} (mismatched local file header (filename))`,
    ],
    ["a cut archive", one().subarray(0, 5000), `h.npz ${sound} (end of central directory not found)`],
    ["bytes after the end", Buffer.concat([one(), noise(3)]), `h.npz ${sound} (appended data)`],
    [
      "a PyTorch checkpoint",
      zip([
        { name: "model/data.pkl", data: noise(9) },
        { name: "model/data/0", data: noise(9) },
      ]),
      "h.npz expected a .safetensors, .npy or .npz file, got a PyTorch checkpoint (save it as safetensors)",
    ],
    [
      "another archive",
      zip([{ name: "word/document.xml", data: noise(9) }]),
      "h.npz expected a .safetensors, .npy or .npz file, got a zip archive without .npy entries",
    ],
    [
      "a name that moves the cursor",
      zip([{ name: "\u001b[2J.npy", data: noise(9) }]),
      'h.npz tensor "\\u001b[2J" expected a NumPy array, got an entry that does not begin like one',
    ],
  ])("refuses %s", async (_, bytes, message) => {
    for (const way of ["blob", "disk"] as const) expect(await failure(bytes, "h.npz", way)).toBe(message);
  });

  test("a directory larger than any archive of arrays has", async () => {
    const entries = Array.from({ length: 20_000 }, (_, i) => ({
      name: `${"n".repeat(200)}${i}.npy`,
      data: Buffer.alloc(0),
    }));
    expect(await failure(zip(entries), "h.npz")).toMatch(
      /^h\.npz expected a zip directory of at most 4194304 bytes, got \d{7}$/,
    );
  });

  test("an archive cannot flow", async () => {
    expect(await failure(one(), "standard input", "stream")).toBe(
      "standard input expected a .safetensors or .npy stream, got a zip archive, which is read from its end: save it first",
    );
  });

  test("a bomb is never inflated further than the array goes", async () => {
    // 200 MB of zeros behind an array of 32 bytes
    const data = deflateRawSync(Buffer.concat([b, Buffer.alloc(200 << 20)]));
    const bytes = zip([{ name: "b.npy", data: b, deflate: true, says: { compressed: data } }]);
    const before = process.memoryUsage().arrayBuffers;
    expect(await failure(bytes, "h.npz")).toBe('h.npz expected tensor "b" to have 32 bytes, got more when inflated');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20 << 20);
  });
});

describe("what is no file of tensors", () => {
  test.each<[string, Uint8Array, string]>([
    ["nothing", Buffer.alloc(0), "nothing: it is empty"],
    ["too little", Buffer.from("abc"), "3 bytes in all"],
    ["GGUF", Buffer.from("GGUF\x03\0\0\0\0\0"), "a GGUF file"],
    ["HDF5", Buffer.from("\x89HDF\r\n\x1a\n", "latin1"), "an HDF5 file (save it as safetensors or .npy)"],
    ["a pickle", Buffer.from("\x80\x02}q\x00(X\x04\x00", "latin1"), "a Python pickle (save it as safetensors)"],
    ["gzip", Buffer.from("1f8b0800a1b2c3d40003", "hex"), "a gzip file (decompress it first)"],
    ["zstd", Buffer.from("28b52ffd0458a1b2c3d4", "hex"), "a zstd file (decompress it first)"],
    [
      "a Git LFS pointer",
      Buffer.from("version https://git-lfs"),
      "a Git LFS pointer (fetch the file itself: git lfs pull)",
    ],
    ["JSON", Buffer.from('{"a": [1, 2, 3]}'), "a JSON file"],
    ["text", Buffer.from("token,value\n"), "a text file"],
  ])("%s", async (_, bytes, got) => {
    for (const way of ways) {
      expect(await failure(bytes, "h.bin", way)).toBe(`h.bin expected a .safetensors, .npy or .npz file, got ${got}`);
    }
  });

  test("what begins like a header of tensors and another format too", async () => {
    const gzip = Buffer.concat([Buffer.from("1f8b080000000000", "hex"), noise(600_000)]);
    expect(await failure(gzip, "h.bin")).toBe("h.bin expected a JSON header, got a gzip file (decompress it first)");
    expect(await failure(gzip.subarray(0, 900), "h.bin")).toBe(
      "h.bin expected a header that fits in the file, got a gzip file (decompress it first)",
    );
  });
});

describe("sources", () => {
  test("a disk's file is read at any place, into memory of WebAssembly too", async () => {
    const bytes = noise(10_000);
    const source = await open(bytes, "raw", "disk");
    const memory = new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer);
    await source.read(memory.subarray(64, 1064), 5000);
    await source.read(memory.subarray(1064, 1164), 3);
    expect(source.size).toBe(10_000);
    expect(Buffer.from(memory.subarray(64, 1164))).toEqual(
      Buffer.concat([bytes.subarray(5000, 6000), bytes.subarray(3, 103)]),
    );
    await source.close();
  });

  test.each(ways)("the end of %s", async (way) => {
    const source = await open(noise(100), "raw", way);
    await expect(source.read(new Uint8Array(30), 80)).rejects.toThrow(/^raw expected 30 bytes at byte 80, got 20: it /);
    await source.close();
  });

  test("what a disk has beside files", async () => {
    mkdirSync(join(folder, "dir"));
    const cases: [string, string][] = [
      ["dir", "expected a .safetensors, .npy or .npz file, got a directory"],
      ["missing", "expected a file that can be read, got no such file or directory"],
      ["dir/\u001b", "expected a file that can be read, got no such file or directory"],
    ];
    for (const [name, message] of cases) {
      await expect(openDisk(join(folder, name), name)).rejects.toThrow(
        `${name.replace("\u001b", "\\u001b")} ${message}`,
      );
    }
    if (process.platform === "win32") return;
    expect(spawnSync("mkfifo", [join(folder, "pipe")]).status).toBe(0);
    await expect(openDisk(join(folder, "pipe"), "pipe")).rejects.toThrow(
      "pipe expected a regular file (it is read by ranges), got a pipe or device",
    );
  });

  test("a disk's file that was opened and cannot be read further is closed", async () => {
    const path = join(folder, "unread");
    const probe = await openFile(path, "w");
    await probe.close();
    const opened: FileHandle[] = [];
    const handles: FileHandle = Object.getPrototypeOf(probe);
    const stat = vi.spyOn(handles, "stat").mockImplementationOnce(async function (this: FileHandle) {
      opened.push(this);
      throw Object.assign(new Error("stat"), { code: "EIO" });
    });
    try {
      await expect(openDisk(path, "h")).rejects.toThrow("h expected a file that can be read, got EIO");
      expect(opened.map(({ fd }) => fd)).toEqual([-1]);
    } finally {
      stat.mockRestore();
    }
  });

  test("a stream is passed over, not read back, and its writer waits", async () => {
    let produced = 0;
    const stream = Readable.from(
      (function* () {
        for (;;) {
          produced++;
          yield Buffer.alloc(1000, produced);
        }
      })(),
      { objectMode: false, highWaterMark: 4000 },
    );
    const source = openStream(stream, "flow");
    const into = new Uint8Array(4);
    await source.read(into, 50_998);
    expect([...into]).toEqual([51, 51, 52, 52]);
    expect(produced).toBeLessThan(60);
    await expect(source.read(into, 10)).rejects.toThrow(
      "flow expected to be read from front to back, got byte 10 after byte 51002",
    );
    await source.close();
    expect(stream.destroyed).toBe(true);
  });

  test("a stream that breaks", async () => {
    const stream = new Readable({
      read() {
        this.destroy(Object.assign(new Error("read"), { code: "EIO" }));
      },
    });
    await expect(openStream(stream).read(new Uint8Array(1), 0)).rejects.toThrow(
      "standard input expected a stream that can be read, got EIO",
    );
  });

  test("a reader asked for more than its tensor has is a fault of the program", async () => {
    for (const deflate of [false, true]) {
      const bytes = zip([{ name: "a.npy", data: npy("'<f4'", [2], noise(8)), deflate }]);
      const [tensor] = (await openContainer(await open(bytes, "a.npz", "blob"))).tensors;
      await expect((await tensor.open()).read(new Uint8Array(9))).rejects.toThrow(RangeError);
    }
  });
});

describe("globs", () => {
  const cwd = join(folder, "globs");
  mkdirSync(join(cwd, "deep"), { recursive: true });
  for (const name of ["h.10.npy", "h.2.npy", "h.1.npy", "deep/h.3.npy", "odd[1].npy", "odd1.npy", "H.1.npy"]) {
    writeFileSync(join(cwd, name), "");
  }

  test("in the order of the arguments, and of the numbers in names", async () => {
    expect(await expand(["odd1.npy", "h.*.npy", "-", "missing"], cwd)).toEqual([
      "odd1.npy",
      "h.1.npy",
      "h.2.npy",
      "h.10.npy",
      "-",
      "missing",
    ]);
    expect(await expand(["**/h.{3,10}.npy"], cwd)).toEqual(["deep/h.3.npy", "h.10.npy"]);
    expect(await expand([join(cwd, "h.?.npy")], tmpdir())).toEqual([join(cwd, "h.1.npy"), join(cwd, "h.2.npy")]);
  });

  test("a file that is called like a pattern is that file", async () => {
    expect(await expand(["odd[1].npy"], cwd)).toEqual(["odd[1].npy"]);
    expect(await expand(["odd[12].npy"], cwd)).toEqual(["odd1.npy"]);
  });

  test("a pattern that nothing matches", async () => {
    await expect(expand(["h.1.npy", "x*.npy"], cwd)).rejects.toThrow(
      new FileError("x*.npy expected at least one file that matches, got none"),
    );
    // a folder is no file
    await expect(expand(["de*"], cwd)).rejects.toThrow(FileError);
  });
});

describe("whatever the bytes", () => {
  const bytes: Record<string, Buffer> = {
    "a.safetensors": safetensors({ a: f32([3, 4], 1), b: f32([2, 2], 2) }),
    "a.npy": npy("'<f4'", [4, 5], noise(80)),
    "stored.npz": zip([
      { name: "a.npy", data: npy("'<f4'", [4, 5], noise(80)) },
      { name: "b.npy", data: npy("'<f8'", [3], noise(24)) },
    ]),
    "deflated.npz": zip([{ name: "a.npy", data: npy("'<f4'", [4, 5], noise(80)), deflate: true }]),
  };
  const starts = ["", "\x93NUMPY\x01\0", "\x93NUMPY\x02\0", "PK\x03\x04\x14\0\0\0", "\x10\0\0\0\0\0\0\0{"];
  const waysOf = (name: string): Way[] => (name.endsWith(".npz") ? ["blob"] : ["blob", "stream"]);
  const settings = { seed: 20, numRuns: 300 };

  test("random ones fail in one line", async () => {
    const random = fc.tuple(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 300 }));
    await fc.assert(
      fc.asyncProperty(random, fc.constantFrom<Way>("blob", "stream"), async ([start, rest], way) => {
        expect(await failure(Buffer.concat([Buffer.from(start, "latin1"), rest]), "h", way)).toMatch(
          /^h .*expected .*, got /,
        );
      }),
      settings,
    );
  });

  test.each(Object.keys(bytes))("%s cut anywhere fails in one line", async (name) => {
    const whole = bytes[name];
    for (const way of waysOf(name)) {
      expect(await failure(whole, name, way)).toBe("no failure");
      for (let length = 0; length < whole.length; length++) {
        expect(await failure(whole.subarray(0, length), name, way), `${length}`).toMatch(/^\S+ .*expected .*, got /);
      }
    }
  });

  test.each(Object.keys(bytes))(
    "%s with a byte changed is refused in one line, or has the shape it says",
    async (name) => {
      const whole = bytes[name];
      await fc.assert(
        fc.asyncProperty(
          fc.nat(whole.length - 1),
          fc.nat(255),
          fc.constantFrom(...waysOf(name)),
          async (at, value, way) => {
            const changed = Buffer.from(whole);
            changed[at] = value;
            expect(await failure(changed, name, way)).toMatch(/^no failure$|^\S+ .*expected .*, got /);
          },
        ),
        settings,
      );
    },
  );
});
