// .npz, stored and deflated: the bytes are those that were written, and what an archive claims is held against what it has.

import { deflateRawSync } from "node:zlib";
import { openContainer } from "@orthonorm/files";
import { describe, expect, test, vi } from "vitest";
import { failure, noise, open, readFile } from "../support/read-files.js";
import { crc32, npy, zip } from "../support/tensor-files.js";

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

  test("an end record that counts fewer entries than there are, and a directory that goes on after it", async () => {
    const three = zip(["a", "b", "c"].map((name) => ({ name: `${name}.npy`, data: empty })));
    const end = three.length - 22;
    const header = (three.readUInt32LE(end + 12) / 3) | 0;
    const counts = Buffer.from(three);
    counts.writeUInt16LE(2, end + 8);
    counts.writeUInt16LE(2, end + 10);
    expect(await failure(counts, "h.npz")).toBe(
      "h.npz expected an end record that counts the archive's entries, " +
        `got one that counts 2, whose headers take ${2 * header} of the directory's ${3 * header} bytes`,
    );
    const consistent = Buffer.from(counts);
    consistent.writeUInt32LE(2 * header, end + 12);
    expect(await failure(consistent, "h.npz")).toMatch(/^h\.npz expected .*, got /);
    const more = Buffer.from(three);
    more.writeUInt16LE(4, end + 8);
    more.writeUInt16LE(4, end + 10);
    expect(await failure(more, "h.npz")).toMatch(/^h\.npz expected .*, got /);
  });

  test("up to three zero bytes of padding after an extra field, as zipalign leaves them", async () => {
    const padded = (padding: Buffer) => {
      const bytes = one();
      const [listing, end] = [bytes.readUInt32LE(bytes.length - 6), bytes.length - 22];
      const [local, central] = [Buffer.from(bytes.subarray(0, listing)), Buffer.from(bytes.subarray(listing, end))];
      local.writeUInt16LE(padding.length, 28);
      central.writeUInt16LE(padding.length, 30);
      const tail = Buffer.from(bytes.subarray(end));
      tail.writeUInt32LE(central.length + padding.length, 12);
      tail.writeUInt32LE(listing + padding.length, 16);
      const data = 30 + "a.npy".length;
      return Buffer.concat([local.subarray(0, data), padding, local.subarray(data), central, padding, tail]);
    };
    for (let length = 0; length < 4; length++) {
      const [read] = await readFile(padded(Buffer.alloc(length)), "h.npz", "blob");
      expect(read).toEqual({ name: "a", dtype: "F32", shape: [3, 700], bytes: noise(8400, 1) });
    }
    expect(await failure(padded(Buffer.from([0, 0, 1])), "h.npz")).toContain("malformed extra field");
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
