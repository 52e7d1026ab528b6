// The blocks of a memory against a list of them, up to the last address that there is.

import { describe, expect, it } from "vitest";
import { ALIGNMENT, align, Blocks } from "../../bindings/memory/blocks.js";
import { uniforms } from "../support/random.js";

const FIRST = 2048;
const END = 65535 * 65536;

interface Range {
  start: number;
  bytes: number;
}

/** What lies free below the highest block, in order. */
function gapsOf(live: readonly Range[]): Range[] {
  let at = FIRST;
  const gaps: Range[] = [];
  for (const { start, bytes } of [...live].sort((a, b) => a.start - b.start)) {
    if (start > at) gaps.push({ start: at, bytes: start - at });
    at = start + bytes;
  }
  return gaps;
}

describe.each([
  ["of some bytes", 1, 5000],
  ["of some megabytes, up to 4 GiB", 1e6, 6e8],
])("blocks %s", (_, least, most) => {
  it.each([1, 2, 3, 4])("are what a list says of them, seed %i", (seed) => {
    const uniform = uniforms(seed);
    const blocks = new Blocks(FIRST);
    const live: Range[] = [];
    let highest = 0;
    for (let step = 0; step < 1500; step++) {
      const wanted = align(least * (most / least) ** uniform());
      if (uniform() < 0.55) {
        const gaps = gapsOf(live);
        const found = blocks.find(wanted);
        if (found === undefined) {
          // no hole that fits is overlooked
          expect(gaps.filter(({ bytes }) => bytes >= wanted)).toEqual([]);
          if (blocks.top + wanted > END) continue;
        } else expect(gaps.some(({ start, bytes }) => start === found && bytes >= wanted)).toBe(true);
        const start = found ?? blocks.top;
        blocks.take(start, wanted);
        live.push({ start, bytes: wanted });
      } else if (live.length > 0) {
        const [{ start }] = live.splice(Math.floor(uniform() * live.length), 1);
        blocks.release(start);
      }
      const top = live.reduce((end, { start, bytes }) => Math.max(end, start + bytes), FIRST);
      expect([blocks.top, blocks.count]).toEqual([top, live.length]);
      expect(blocks.bytes).toBe(live.reduce((sum, { bytes }) => sum + bytes, 0));
      highest = Math.max(highest, top);
      const start = FIRST + Math.floor(uniform() * (top - FIRST + ALIGNMENT));
      const end = start + Math.floor(uniform() * wanted);
      const within = live.some((one) => one.start <= start && end <= one.start + one.bytes);
      expect(blocks.holds(start, end), `${start} to ${end}`).toBe(within);
    }
    if (most > 1e8) expect(highest).toBeGreaterThan(END - most);
  });
});
