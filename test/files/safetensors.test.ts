// Safetensors, from a disk, a stream and a page: the bytes are those that were written, and what is unsound is refused.

import { openContainer, printable } from "@orthonorm/files";
import { describe, expect, test } from "vitest";
import { f32, failure, noise, open, readFile, ways } from "../support/read-files.js";
import { type GivenTensor, safetensors } from "../support/tensor-files.js";

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

  test("a name of a megabyte is shown by its beginning", () => {
    expect(printable("n".repeat(1_000_000))).toBe(`${"n".repeat(1000)}…`);
    expect(printable("n".repeat(1000))).toBe("n".repeat(1000));
  });

  test("metadata", async () => {
    const none = { __metadata__: null, x: entry("F32", [1], [0, 4]) };
    const bare = await openContainer(await open(safetensors({ x: f32([1]) }, none), "n.safetensors", "blob"));
    expect([bare.tensors.length, { ...bare.metadata }]).toEqual([1, {}]);
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
      "expected a .safetensors, .npy or .npz file, got bytes that begin like none (raw numbers have no shape: save them as .npy)",
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
    [
      "a name twice, of which JSON.parse keeps the last",
      safetensors(
        { x },
        '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}',
      ),
      'expected a header with every name once, got "a" again',
    ],
    [
      "a name twice over one range, with space before the colon",
      safetensors(
        { x },
        '{"a" :{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"a"\t: {"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}',
      ),
      'expected a header with every name once, got "a" again',
    ],
    [
      "an entry's shape twice",
      safetensors({ x }, '{"a":{"dtype":"F32","shape":[4],"shape":[2,2],"data_offsets":[0,16]}}'),
      'expected a header with every name once, got "shape" again',
    ],
    [
      "a size that is no whole number as it is written",
      safetensors({ x }, '{"a":{"dtype":"F32","shape":[4.0],"data_offsets":[0,16]}}'),
      "expected a header with sizes that are whole numbers, got one with a point",
    ],
    [
      "millions of sizes",
      safetensors({}, `{"a":{"dtype":"F32","shape":[${"1,".repeat(3_000_000)}0],"data_offsets":[0,0]}}`),
      "expected a header with at most 64 sizes in a shape, got more",
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
