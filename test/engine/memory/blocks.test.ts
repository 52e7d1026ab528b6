// Blocks against a list that is searched from end to end; and how many steps they take.

import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Blocks } from "../../../bindings/memory/blocks.js";
import { uniforms } from "../../support/random.js";

const FIRST = 2048;

/** What Blocks promise, in the plainest words: [start, end] of all live blocks. */
class Model {
  live: [start: number, end: number][] = [];

  get bytes(): number {
    return this.live.reduce((sum, [start, end]) => sum + end - start, 0);
  }

  get top(): number {
    return Math.max(FIRST, ...this.live.map(([, end]) => end));
  }

  holds(from: number, to: number): boolean {
    return this.live.some(([start, end]) => start <= from && from < end && to <= end);
  }

  /** Is it free, from end to end? */
  free(from: number, to: number): boolean {
    return from >= FIRST && this.live.every(([start, end]) => to <= start || end <= from);
  }

  /** The bytes of the largest hole. */
  get largest(): number {
    const sorted = [...this.live].sort(([a], [b]) => a - b);
    let [end, largest] = [FIRST, 0];
    for (const [start, next] of sorted) {
      largest = Math.max(largest, start - end);
      end = next;
    }
    return largest;
  }
}

/** Take so many times 64 bytes, or give the nth live block back. */
const steps = fc.array(fc.oneof(fc.record({ take: fc.integer({ min: 1, max: 40 }) }), fc.record({ give: fc.nat() })), {
  maxLength: 200,
});

describe("Blocks", () => {
  it("agree with the list, over any sequence of taking and giving back", () => {
    fc.assert(
      fc.property(steps, fc.nat(), (sequence, seed) => {
        const [blocks, model] = [new Blocks(FIRST), new Model()];
        const uniform = uniforms(seed);
        for (const step of sequence) {
          if ("take" in step) {
            const size = step.take * 64;
            const hole = blocks.find(size);
            // memory grows only where no hole has room
            if (hole === undefined) expect(model.largest).toBeLessThan(size);
            const start = hole ?? blocks.top;
            expect(model.free(start, start + size)).toBe(true);
            blocks.take(start, size);
            model.live.push([start, start + size]);
          } else if (model.live.length > 0) {
            const [[start]] = model.live.splice(step.give % model.live.length, 1);
            blocks.release(start);
          }
          expect([blocks.count, blocks.bytes, blocks.top]).toEqual([model.live.length, model.bytes, model.top]);
          for (let n = 0; n < 4; n++) {
            const from = Math.floor((uniform() * 1.1 * model.top) / 4) * 4;
            const to = from + Math.floor(uniform() * 300);
            expect(blocks.holds(from, to), `${from} to ${to}`).toBe(model.holds(from, to));
          }
        }
        for (const [start] of model.live) blocks.release(start);
        expect([blocks.count, blocks.bytes, blocks.top, blocks.find(64)]).toEqual([0, 0, FIRST, undefined]);
      }),
    );
  });
});

it("no hole is found for more bytes than there are, however many", () => {
  const blocks = new Blocks(FIRST);
  for (let i = 0; i < 4; i++) blocks.take(blocks.top, 4096);
  blocks.release(FIRST);
  blocks.release(FIRST + 2 * 4096);
  for (const bytes of [8192, 2 ** 32, 2 ** 37, 2 ** 38, 2 ** 38 + 64, 2 ** 43, 2 ** 52, 2 ** 80]) {
    expect(blocks.find(bytes), `${bytes}`).toBe(undefined);
  }
  expect(blocks.find(4096)).toBe(FIRST);
});

it("the one hole that has room is found behind many of its own power of two that have none", () => {
  const blocks = new Blocks(FIRST);
  const sizes = [...new Array(30).fill(70), 120]; // all in the bin of 64 to 127 times 64 bytes
  const starts = sizes.map((size) => {
    const start = blocks.top;
    blocks.take(start, size * 64);
    blocks.take(blocks.top, 64); // a live block behind each
    return start;
  });
  for (const start of starts) blocks.release(start);
  expect(blocks.find(100 * 64)).toBe(starts.at(-1));
});

describe("16 000 blocks, given back in random order", () => {
  afterEach(() => vi.restoreAllMocks());

  /** Counts calls of what walks or changes a collection. */
  function counted(): { steps: number } {
    const count = { steps: 0 };
    const watch = (prototype: object, name: string) => {
      const methods = prototype as Record<string, (...args: unknown[]) => unknown>;
      const original = methods[name];
      vi.spyOn(methods, name).mockImplementation(function (this: unknown, ...args) {
        count.steps++;
        return original.apply(this, args);
      });
    };
    for (const name of ["get", "set", "has", "delete"]) watch(Map.prototype, name);
    for (const name of ["add", "has", "delete"]) watch(Set.prototype, name);
    for (const name of ["splice", "findIndex", "find", "indexOf", "filter", "sort", "unshift"])
      watch(Array.prototype, name);
    return count;
  }

  it("each takes a few steps, and so does the look for the block of an address", () => {
    const blocks = new Blocks(FIRST);
    const starts: number[] = [];
    for (let i = 0; i < 16000; i++) {
      starts.push(blocks.top);
      blocks.take(blocks.top, 64 * (1 + (i % 7)));
    }
    const uniform = uniforms(3);
    for (let i = starts.length - 1; i > 0; i--) {
      const j = Math.floor(uniform() * (i + 1));
      [starts[i], starts[j]] = [starts[j], starts[i]];
    }
    let most = 0;
    let wrong = 0;
    const count = counted();
    for (const start of starts) {
      count.steps = 0;
      if (!blocks.holds(start, start + 64)) wrong++;
      blocks.release(start);
      if (blocks.holds(start, start + 64)) wrong++;
      most = Math.max(most, count.steps);
    }
    vi.restoreAllMocks();
    expect(wrong).toBe(0);
    expect(most).toBeLessThanOrEqual(30);
    expect([blocks.count, blocks.bytes, blocks.top]).toEqual([0, 0, FIRST]);
  });
});
