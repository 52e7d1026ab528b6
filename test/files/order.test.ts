// Arrays in Fortran's order and big-endian numbers: they are read as if they had been saved in the usual way.

import { openContainer, readTensor, type Source } from "@orthonorm/files";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FortranReader, heldBytes } from "../../files/src/fortran.js";
import { failure, noise, open, readFile, type Way, ways } from "../support/read-files.js";
import { inFortranOrder, npy, reversed, zip } from "../support/tensor-files.js";

const count = (shape: readonly number[]) => shape.reduce((all, size) => all * size, 1);

test("the helper lays out as NumPy does", () => {
  expect([...inFortranOrder(Buffer.from([1, 2, 3, 4, 5, 6]), [2, 3])]).toEqual([1, 4, 2, 5, 3, 6]);
  expect([...inFortranOrder(Buffer.from([0, 1, 2, 3, 4, 5, 6, 7]), [2, 2, 2])]).toEqual([0, 4, 2, 6, 1, 5, 3, 7]);
});

describe("npy", () => {
  const kinds = [
    ["f4", "F32", 4, 4],
    ["f8", "F64", 8, 8],
    ["f2", "F16", 2, 2],
    ["i8", "I64", 8, 8],
    ["u1", "U8", 1, 1],
    ["c8", "C64", 8, 4],
  ] as const;

  test.each(kinds)(
    "any shape of %s, in both orders of indices and bytes, by any source",
    async (kind, dtype, size, number) => {
      const shapes = fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 5 });
      await fc.assert(
        fc.asyncProperty(
          shapes,
          fc.boolean(),
          fc.boolean(),
          fc.constantFrom<Way | "stored" | "deflated">(...ways, "stored", "deflated"),
          async (shape, fortran, big, way) => {
            const data = noise(size * count(shape));
            const turned = fortran && data.length > 0 ? inFortranOrder(data, shape) : data;
            const file = npy(`'${big ? ">" : "<"}${kind}'`, shape, big ? reversed(turned, number) : turned, {
              fortran,
            });
            const isArchive = way === "stored" || way === "deflated";
            const bytes = isArchive ? zip([{ name: "a.npy", data: file, deflate: way === "deflated" }]) : file;
            expect(await readFile(bytes, isArchive ? "a.npz" : "a.npy", isArchive ? "blob" : way)).toEqual([
              { name: "a", dtype, shape, bytes: data },
            ]);
          },
        ),
        { seed: 7, numRuns: 150 },
      );
    },
  );

  test("bfloat16 has no order of bytes", async () => {
    const data = noise(12);
    expect(await readFile(npy("'>V2'", [2, 3], data), "a.npy", "blob")).toMatchObject([{ dtype: "BF16", bytes: data }]);
  });

  test("reads of any length, also within a number", async () => {
    const data = noise(240);
    const file = npy("'>f8'", [5, 6], reversed(inFortranOrder(data, [5, 6]), 8), { fortran: true });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(40)), async (lengths) => {
        const [tensor] = (await openContainer(await open(file, "a.npy", "blob"))).tensors;
        const reader = await tensor.open();
        const into = Buffer.alloc(240);
        let at = 0;
        for (const length of [...lengths, 240]) {
          const part = into.subarray(at, Math.min(240, at + length));
          await reader.read(part);
          at += part.length;
        }
        expect(into).toEqual(data);
        await expect(reader.read(new Uint8Array(1))).rejects.toThrow(RangeError);
        await reader.close();
      }),
      { seed: 3, numRuns: 100 },
    );
  });

  test("a file that is cut, or goes on, is told in the usual words", async () => {
    const file = npy("'>f4'", [2, 3], noise(24), { fortran: true });
    expect(await failure(file.subarray(0, 140), "standard input", "stream")).toBe(
      'standard input expected tensor "standard input" to have 24 bytes, got 12: it ends there',
    );
    expect(await failure(Buffer.concat([file, noise(1)]), "standard input", "stream")).toBe(
      "standard input expected 152 bytes, what its header announces, got more",
    );
  });
});

describe("tiles", () => {
  test("of any size, along any axis, give the array", async () => {
    const sizesOfAxes = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 });
    const shapes = sizesOfAxes.filter((shape) => count(shape) > 1);
    const sizes = fc.constantFrom(1, 2, 4, 8);
    await fc.assert(
      fc.asyncProperty(
        shapes,
        sizes,
        fc.integer({ min: 8, max: 400 }),
        fc.integer({ min: 1, max: 97 }),
        async (shape, size, tileBytes, block) => {
          const data = noise(size * count(shape));
          const turned = inFortranOrder(data, shape);
          let finished = 0;
          const bytes = {
            tileBytes,
            read: async (into: Uint8Array, at: number) => {
              expect(at + into.length).toBeLessThanOrEqual(turned.length);
              into.set(turned.subarray(at, at + into.length));
            },
            finish: async () => {
              finished++;
            },
            close: async () => {},
          };
          const reader = new FortranReader(bytes, shape, data.length);
          const into = Buffer.alloc(data.length);
          for (let at = 0; at < into.length; at += block) await reader.read(into.subarray(at, at + block));
          expect(into).toEqual(data);
          expect(finished).toBe(1);
        },
      ),
      { seed: 5, numRuns: 400 },
    );
  });

  /** A file of f32 that hold their place in the file, without a disk; and what was read of it. */
  function placesOf(shape: readonly number[], rest: Partial<Source> = {}) {
    const header = npy("'<f4'", shape, Buffer.alloc(0), { fortran: true });
    const reads: number[] = [];
    const source: Source = {
      name: "places.npy",
      size: header.length + 4 * count(shape),
      async read(into, position) {
        if (position < header.length) {
          into.set(header.subarray(position, position + into.length));
          return;
        }
        reads.push(into.length);
        const floats = new Float32Array(into.buffer, into.byteOffset, into.length / 4);
        const from = (position - header.length) / 4;
        for (let i = 0; i < floats.length; i++) floats[i] = from + i;
      },
      async close() {},
      ...rest,
    };
    return { source, reads };
  }

  test("a matrix that is larger than what is held is read in strips of 64 KB and more", async () => {
    const shape = [300_000, 768];
    const { source, reads } = placesOf(shape);
    const [tensor] = (await openContainer(source)).tensors;
    const reader = await tensor.open();
    const rows = new Float32Array(2 * 768);
    await reader.read(new Uint8Array(rows.buffer));
    expect(rows).toEqual(Float32Array.from(rows, (_, i) => Math.floor(i / 768) + (i % 768) * shape[0]));
    expect(Math.min(...reads)).toBeGreaterThan(64 << 10);
    expect(reads.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(64 << 20);
    await reader.close();
  });

  test("stacked layers are read in strips too, one layer after another", async () => {
    const shape = [4, 100_000, 256];
    const { source, reads } = placesOf(shape);
    const [tensor] = (await openContainer(source)).tensors;
    const reader = await tensor.open();
    const rows = new Float32Array(2 * 256);
    await reader.read(new Uint8Array(rows.buffer));
    expect(rows).toEqual(Float32Array.from(rows, (_, i) => 4 * Math.floor(i / 256) + (i % 256) * 400_000));
    expect(Math.min(...reads)).toBeGreaterThan(64 << 10);
    await reader.close();
  });

  test("what flows is held up to a bound, and beyond it the reason is told", async () => {
    const shape = [heldBytes / 4 / 64 + 1, 64];
    const [flowing] = (await openContainer(placesOf(shape, { size: null }).source)).tensors;
    expect(flowing.unreadable).toBe(
      "in Fortran's order, of 134217984 bytes, which flow: up to 134217728 are held (save np.ascontiguousarray of it)",
    );
    const [lying] = (await openContainer(placesOf(shape).source)).tensors;
    expect(lying.unreadable).toBeNull();
  });
});

test("an archive's CRC is checked, also where its array is turned from the disk", async () => {
  const shape = [heldBytes / 4 / 64 + 1, 64];
  const data = npy("'<f4'", shape, Buffer.alloc(4 * count(shape)), { fortran: true });
  const crc = 0x12345678;
  const bytes = zip([{ name: "a.npy", data, says: { crc } }]);
  const source = await open(bytes, "large.npz", "disk");
  try {
    await expect(readTensor(source, "a")).rejects.toThrow(
      'large.npz tensor "a" expected bytes of CRC-32 12345678, as the directory says, got ',
    );
  } finally {
    await source.close();
  }
});
