// Small reads come from one large read, and nobody can tell.
import { expect, test } from "vitest";
import { EndsEarly } from "../../files/src/error.js";
import { readAhead } from "../../files/src/read-ahead.js";

const bytes = Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * 2654435761) >>> 24);

/** The source's bytes as a file has them, and what was read of it. */
function source(size = bytes.length) {
  const reads: [position: number, length: number][] = [];
  const read = async (into: Uint8Array, position: number) => {
    reads.push([position, into.length]);
    if (position + into.length > size) throw new EndsEarly("x", into.length, position, size, "it ends there");
    into.set(bytes.subarray(position, position + into.length));
  };
  const { read: ahead } = readAhead({ name: "x", size: bytes.length, read, async close() {} });
  return { ahead, reads };
}

/** Compared as one, for the test runner compares element by element. */
const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

test("small tensors that follow each other are read in large pieces", async () => {
  const { ahead, reads } = source();
  for (let at = 0; at + 512 <= bytes.length; at += 512) {
    const into = new Uint8Array(512);
    await ahead(into, at);
    expect(same(into, bytes.subarray(at, at + 512))).toBe(true);
  }
  expect(reads.length).toBe(4);
});

test("any reads give the file's bytes, and none goes beyond its end", async () => {
  const { ahead, reads } = source();
  let state = 1;
  const below = (limit: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  let at = 0;
  for (let i = 0; i < 3000; i++) {
    if (i % 5 === 0) at = below(bytes.length);
    const length = Math.min(bytes.length - at, below(i % 50 === 0 ? 1 << 19 : 6000));
    const into = new Uint8Array(length);
    await ahead(into, at);
    expect(same(into, bytes.subarray(at, at + length))).toBe(true);
    at += length + below(100);
    if (at >= bytes.length) at = 0;
  }
  expect(Math.max(...reads.map(([position, length]) => position + length))).toBeLessThanOrEqual(bytes.length);
});

test("a large read goes straight to the file", async () => {
  const { ahead, reads } = source();
  await ahead(new Uint8Array(1 << 18), 0);
  await ahead(new Uint8Array(1 << 18), 1 << 18);
  expect(reads).toEqual([
    [0, 1 << 18],
    [1 << 18, 1 << 18],
  ]);
});

test("a file that ends early says so where its bytes are asked for, and not before", async () => {
  const { ahead } = source(1000);
  const into = new Uint8Array(400);
  await ahead(into, 0);
  await ahead(into, 400);
  expect(same(into, bytes.subarray(400, 800))).toBe(true);
  await expect(ahead(into, 800)).rejects.toThrow(EndsEarly);
});

test("an array that is detached meanwhile is refused", async () => {
  const { ahead } = source();
  const into = new Uint8Array(8);
  const reading = ahead(into, 0);
  structuredClone(into.buffer, { transfer: [into.buffer] });
  await expect(reading).rejects.toThrow("read: into expected to keep its 8 bytes");
});

test("after it was closed nothing is left to read from", async () => {
  const closed = new Error("closed");
  let open = true;
  const { read, close } = readAhead({
    name: "x",
    size: bytes.length,
    async read(into) {
      if (!open) throw closed;
      into.fill(1);
    },
    async close() {
      open = false;
    },
  });
  await read(new Uint8Array(8), 0);
  await close();
  await expect(read(new Uint8Array(8), 8)).rejects.toBe(closed);
});
