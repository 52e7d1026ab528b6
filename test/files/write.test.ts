// Safetensors as they are written: what the reader reads is what was given, and what cannot be is refused before it is there.

import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import {
  arrayOf,
  bitsOf,
  checkTensors,
  FileError,
  type GivenTensor,
  hasArray,
  openBlob,
  openContainer,
  readTensor,
  type Source,
  safetensorsBytes,
} from "@orthonorm/files";
import { makeFolders, openDisk, removeFolders, writeSafetensors, writeShards } from "@orthonorm/files/node";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { uniforms } from "../support/random.js";

const folder = mkdtempSync(join(tmpdir(), "orthonorm-write-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function noise(length: number, seed = 1): Uint8Array {
  const next = uniforms(seed);
  return Uint8Array.from({ length }, () => next() * 256);
}

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  // One memory for all chunks, as a writer may be given: it must be done with a chunk when it asks for the next.
  const memory = new Uint8Array(size);
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = memory.subarray(0, Math.min(size, bytes.length - at));
    chunk.set(bytes.subarray(at, at + size));
    yield chunk;
  }
}

async function joined(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(Buffer.from(chunk));
  return Buffer.concat(all);
}

const bytesOf = (dtype: string, shape: readonly number[]) =>
  shape.reduce((product, size) => product * size, bitsOf[dtype]) / 8;

/** The file that these tensors make, without a disk. */
async function written(tensors: readonly GivenTensor[], metadata: Record<string, string> = {}): Promise<Buffer> {
  return joined(safetensorsBytes("test", checkTensors("test", tensors, metadata), metadata));
}

async function readAll(source: Source) {
  const container = await openContainer(source);
  const tensors: Record<string, { dtype: string; shape: readonly number[]; bytes: Buffer }> = {};
  for (const { name, dtype, shape, bytes, open } of container.tensors) {
    const into = Buffer.alloc(bytes);
    await (await open()).read(into);
    tensors[name] = { dtype, shape, bytes: into };
  }
  return { metadata: { ...container.metadata }, tensors };
}

const blob = (bytes: Buffer) => openBlob(new Blob([new Uint8Array(bytes)]), "written");

describe("what is written is what is read", () => {
  const dtypes = Object.keys(bitsOf).filter((dtype) => bitsOf[dtype] % 8 === 0);
  const text = fc.string({ unit: "grapheme", maxLength: 8 });
  const tensor = fc.record({
    dtype: fc.constantFrom(...dtypes),
    shape: fc.array(fc.nat(5), { maxLength: 3 }),
    seed: fc.integer({ min: 1, max: 1e6 }),
    way: fc.constantFrom("array", "bytes", "chunks", "list"),
    chunk: fc.integer({ min: 1, max: 40 }),
  });

  test("any tensors, metadata and chunks, by the strict reader", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(
          text.filter((name) => name !== "__metadata__"),
          tensor,
          { maxKeys: 8 },
        ),
        fc.dictionary(text, text, { maxKeys: 4 }),
        async (given, metadata) => {
          const expected: Record<string, unknown> = {};
          const tensors = Object.entries(given).map(([name, { dtype, shape, seed, way, chunk }]): GivenTensor => {
            const bytes = noise(bytesOf(dtype, shape), seed);
            expected[name] = { dtype, shape, bytes: Buffer.from(bytes) };
            if (way === "chunks") return { name, dtype, shape, data: inChunks(bytes, chunk) };
            if (way === "list") return { name, dtype, shape, data: [bytes.subarray(0, 7), bytes.subarray(7)] };
            if (way === "bytes" || !hasArray(dtype)) return { name, dtype, shape, data: bytes };
            return { name, dtype, shape, data: new arrayOf[dtype](bytes.buffer as ArrayBuffer) };
          });
          const file = await written(tensors, metadata);
          const read = await readAll(blob(file));
          expect(read.tensors).toEqual(expected);
          expect(read.metadata).toEqual({ ...metadata });

          // as the format asks: the header ends at a multiple of 8, and every element lies at one of its own size
          const header = 8 + Number(file.readBigUInt64LE());
          expect(header % 8).toBe(0);
          const entries = JSON.parse(file.toString("utf8", 8, header));
          for (const [name, { dtype }] of Object.entries(given)) {
            expect((header + entries[name].data_offsets[0]) % (bitsOf[dtype] / 8)).toBe(0);
          }
        },
      ),
      { numRuns: 300, seed: 11 },
    );
  });

  test("the header names tensors in the order of their bytes, also those that are numbers", async () => {
    const given = ["10", "b", "2", "__proto__"].map((name) => ({ name, dtype: "U8", shape: [1], data: noise(1) }));
    const file = await written([...given, { name: "wide", dtype: "F64", shape: [1], data: noise(8) }]);
    const header = file.toString("utf8", 8, 8 + Number(file.readBigUInt64LE()));
    expect([...header.matchAll(/"([^"]+)":\{/g)].map(([, name]) => name)).toEqual([
      "wide",
      "10",
      "b",
      "2",
      "__proto__",
    ]);
  });

  test("beyond 4 GiB", async () => {
    const chunk = new Uint8Array(1 << 26);
    const large = 5 * 2 ** 30;
    function* zeros() {
      for (let done = 0; done < large; done += chunk.length) yield chunk;
    }
    const tensors: GivenTensor[] = [
      { name: "large", dtype: "F32", shape: [large / 4], data: zeros() },
      { name: "after", dtype: "BF16", shape: [3], data: new Uint16Array([1, 2, 3]) },
    ];
    // A file of which only the header and the end are kept.
    let size = 0;
    const parts: { at: number; bytes: Uint8Array }[] = [];
    for await (const bytes of safetensorsBytes("test", checkTensors("test", tensors, {}), {})) {
      if (bytes !== chunk) parts.push({ at: size, bytes });
      size += bytes.length;
    }
    const source: Source = {
      name: "sparse",
      size,
      async read(into, position) {
        for (let i = 0; i < into.length; i++) {
          const part = parts.find(({ at, bytes }) => position + i >= at && position + i < at + bytes.length);
          into[i] = part === undefined ? 0 : part.bytes[position + i - part.at];
        }
      },
      async close() {},
    };
    const container = await openContainer(source);
    expect(container.tensors.map(({ name, bytes }) => [name, bytes])).toEqual([
      ["large", large],
      ["after", 6],
    ]);
    expect((await readTensor(container, "after")).data).toEqual(new Uint16Array([1, 2, 3]));
  });
});

describe("writeSafetensors", () => {
  const good: GivenTensor = { name: "x", dtype: "F32", shape: [2], data: new Float32Array([1, 2]) };

  test("writes the file whole, in folders that it makes, and follows links", async () => {
    const path = join(folder, "made/here/model.safetensors");
    await writeSafetensors(path, [good], { metadata: { format: "pt" } });
    const source = await openDisk(path);
    expect(await readAll(source)).toEqual({
      metadata: { format: "pt" },
      tensors: { x: { dtype: "F32", shape: [2], bytes: Buffer.from(new Float32Array([1, 2]).buffer) } },
    });
    await source.close();
    symlinkSync(path, join(folder, "link"));
    await writeSafetensors(join(folder, "link"), [{ ...good, name: "y" }]);
    expect(readFileSync(path, "utf8")).toContain('"y"');
    expect(readdirSync(join(folder, "made/here"))).toEqual(["model.safetensors"]);
  });

  test("a link is followed to a file that is not there yet, and refused where it leads to itself", async () => {
    symlinkSync("second", join(folder, "first"));
    symlinkSync("not/yet/there.safetensors", join(folder, "second"));
    await writeSafetensors(join(folder, "first"), [good]);
    expect(readFileSync(join(folder, "not/yet/there.safetensors"), "utf8")).toContain('"x"');
    expect(lstatSync(join(folder, "first")).isSymbolicLink()).toBe(true);
    symlinkSync("round", join(folder, "round"));
    await expect(writeSafetensors(join(folder, "round"), [good])).rejects.toThrow(
      new FileError(`${join(folder, "round")} expected a file that can be written, got a link that leads to itself`),
    );
  });

  test("folders that were made for it are gone with it, but not what others put there", async () => {
    mkdirSync(join(folder, "kept"));
    const failing = (before: () => void) => ({
      ...good,
      data: {
        *[Symbol.iterator]() {
          before();
          yield new Uint8Array(7);
        },
      },
    });
    await expect(writeSafetensors(join(folder, "kept/a/b/x"), [failing(() => {})])).rejects.toThrow(RangeError);
    expect(readdirSync(join(folder, "kept"))).toEqual([]);
    const others = failing(() => writeFileSync(join(folder, "kept/a/own"), ""));
    await expect(writeSafetensors(join(folder, "kept/a/b/x"), [others])).rejects.toThrow(RangeError);
    expect(readdirSync(join(folder, "kept/a"))).toEqual(["own"]);
  });

  test("options that are none are refused, with those that there are", async () => {
    const options = { metdata: { format: "pt" } } as object;
    const path = join(folder, "options");
    await expect(writeSafetensors(path, [good], options)).rejects.toThrow(
      new TypeError('writeSafetensors: options expected metadata, signal, got "metdata"'),
    );
    await expect(writeShards(path, [good], options)).rejects.toThrow(
      new TypeError('writeShards: options expected metadata, maximumBytes, signal, got "metdata"'),
    );
    await expect(writeSafetensors(path, [good], null as unknown as object)).rejects.toThrow(
      new TypeError("writeSafetensors: options expected an object, got null"),
    );
    await expect(writeSafetensors(path, undefined as unknown as [])).rejects.toThrow(
      new TypeError("writeSafetensors: tensors expected an array of tensors, got undefined"),
    );
    expect(existsSync(path)).toBe(false);
  });

  const refused: [what: string, tensors: unknown[], metadata: unknown, error: Error][] = [
    ["a name twice", [good, good], {}, new RangeError('writeSafetensors: tensor "x" expected once, got it twice')],
    [
      "the reserved name",
      [{ ...good, name: "__metadata__" }],
      {},
      new RangeError('writeSafetensors: tensor "__metadata__" expected a name that the format has not reserved'),
    ],
    ["no name", [{ ...good, name: 3 }], {}, new TypeError("writeSafetensors: name expected a string, got number")],
    [
      "half a character",
      [{ ...good, name: "a\ud800" }],
      {},
      new RangeError('writeSafetensors: tensor "a\\ud800" expected whole characters, got half a surrogate pair'),
    ],
    [
      "an element type of another format",
      [{ ...good, dtype: "f32" }],
      {},
      new RangeError(`writeSafetensors: tensor "x" dtype expected ${Object.keys(bitsOf).join(", ")}, got f32`),
    ],
    [
      "a shape of halves",
      [{ ...good, shape: [0.5, 4] }],
      {},
      new RangeError('writeSafetensors: tensor "x" shape expected non-negative integers, got [0.5,4]'),
    ],
    [
      "half a byte",
      [{ ...good, dtype: "F4", shape: [3], data: new Uint8Array(2) }],
      {},
      new RangeError('writeSafetensors: tensor "x" expected whole bytes that can be addressed, got F4 [3]'),
    ],
    [
      "too few elements",
      [{ ...good, shape: [3] }],
      {},
      new RangeError('writeSafetensors: tensor "x" (F32 [3]) expected 12 bytes, got 8'),
    ],
    [
      "an array of another type",
      [{ ...good, shape: [4], data: new Float64Array(2) }],
      {},
      new TypeError(
        'writeSafetensors: tensor "x" data expected Float32Array for F32, or a Uint8Array of bytes, got Float64Array',
      ),
    ],
    [
      "no data",
      [{ ...good, data: null }],
      {},
      new TypeError('writeSafetensors: tensor "x" data expected a typed array or chunks of bytes, got null'),
    ],
    [
      "metadata that is no text",
      [good],
      { step: 3 },
      new TypeError('writeSafetensors: metadata "step" expected a string, got number'),
    ],
    [
      "metadata that is a list",
      [good],
      ["x"],
      new TypeError("writeSafetensors: metadata expected an object of strings, got an array"),
    ],
    [
      "no tensor",
      [null],
      {},
      new TypeError("writeSafetensors: tensor expected an object of name, dtype, shape and data, got null"),
    ],
    [
      "chunks of too few bytes",
      [{ ...good, data: [new Uint8Array(7)] }],
      {},
      new RangeError('writeSafetensors: tensor "x" (F32 [2]) expected 8 bytes, got 7'),
    ],
    [
      "chunks of too many bytes",
      [{ ...good, data: [new Uint8Array(7), new Uint8Array(7)] }],
      {},
      new RangeError('writeSafetensors: tensor "x" (F32 [2]) expected 8 bytes, got 14'),
    ],
    [
      "chunks that are no bytes",
      [{ ...good, data: [new Float32Array(2)] }],
      {},
      new TypeError('writeSafetensors: tensor "x" chunk expected a Uint8Array, got Float32Array'),
    ],
  ];

  test.each(refused)("%s is refused, and nothing is left of it", async (_, tensors, metadata, error) => {
    const path = join(folder, "refused/model.safetensors");
    await writeSafetensors(path, [good]);
    const before = readFileSync(path);
    const writing = writeSafetensors(path, tensors as GivenTensor[], { metadata: metadata as Record<string, string> });
    const got = await writing.catch((reason) => reason);
    expect(got).toEqual(error);
    expect(got.constructor).toBe(error.constructor);
    expect(readFileSync(path)).toEqual(before);
    expect(readdirSync(join(folder, "refused"))).toEqual(["model.safetensors"]);
  });

  test("arrays of another realm are as good", async () => {
    const path = join(folder, "realm.safetensors");
    await writeSafetensors(path, [{ ...good, data: runInNewContext("new Float32Array([1, 2])") }]);
    const source = await openDisk(path);
    expect((await readTensor(source, "x")).data).toEqual(new Float32Array([1, 2]));
    await source.close();
  });

  test("a signal stops it, a source that fails ends it: the source is let go and nothing is left", async () => {
    const path = join(folder, "stopped/model.safetensors");
    const stop = new AbortController();
    let closed = 0;
    let given = 0;
    async function* chunks(atSecond: () => void) {
      try {
        for (let i = 0; i < 8; i++, given++) {
          if (i === 1) atSecond();
          yield new Uint8Array(1);
        }
      } finally {
        closed++;
      }
    }
    const stopped = writeSafetensors(path, [{ ...good, data: chunks(() => stop.abort(new Error("enough"))) }], {
      signal: stop.signal,
    });
    await expect(stopped).rejects.toThrow("enough");
    expect(given).toBe(1);
    const failing = chunks(() => {
      throw new Error("the source failed");
    });
    await expect(writeSafetensors(path, [{ ...good, data: failing }])).rejects.toThrow("the source failed");
    const late = writeSafetensors(path, [good], { signal: stop.signal });
    await expect(late).rejects.toThrow("enough");
    expect(closed).toBe(2);
    expect(existsSync(join(folder, "stopped"))).toBe(false);
  });

  test("folders are made as far as there are none, by one of many tasks, and taken back where one cannot be made", () => {
    const [outer, inner] = [join(folder, "outer"), join(folder, "outer/inner")];
    expect(makeFolders(inner)).toEqual([outer, inner]);
    expect(makeFolders(inner)).toEqual([]);
    removeFolders([outer, inner]);
    expect(existsSync(outer)).toBe(false);
    // The name is too long for the last one only.
    expect(() => makeFolders(join(inner, "n".repeat(300)))).toThrow("ENAMETOOLONG");
    expect(existsSync(outer)).toBe(false);
    writeFileSync(join(folder, "no-folder"), "");
    expect(() => makeFolders(join(folder, "no-folder"))).toThrow("EEXIST");
    // Node's recursive mkdir would try for ever.
    if (process.platform === "linux") expect(() => makeFolders("/proc/orthonorm/deep")).toThrow(/ENOENT|EACCES/);
  });

  test("where the disk refuses, it says why", async () => {
    writeFileSync(join(folder, "file"), "");
    const error = await writeSafetensors(join(folder, "file/model"), [good]).catch((reason) => reason);
    expect(error).toBeInstanceOf(FileError);
    expect(error.message).toMatch(/model expected a file that can be written, got a file in the place of a folder$/);
    let asked = false;
    const data = {
      *[Symbol.iterator]() {
        asked = true;
        yield new Uint8Array(8);
      },
    };
    for (const [onto, got] of [
      [folder, "a directory"],
      ["/dev/null", "a pipe or device"],
    ]) {
      const refusal = await writeSafetensors(onto, [{ ...good, data }]).catch((reason) => reason);
      expect(refusal).toEqual(new FileError(`${onto} expected a file that can be written, got ${got}`));
    }
    expect(asked).toBe(false);
    expect(existsSync(folder)).toBe(true);
    expect(readdirSync(join(folder, "..")).filter((name) => name.startsWith(`${folder.split("/").at(-1)}.`))).toEqual(
      [],
    );
  });
});
