// The explorer's numbers while something moves: written as often as eyes read them, and right when it rests.

import { describe, expect, it, vi } from "vitest";
import { seldom } from "../explorer/src/geometry/seldom.js";

describe("seldom", () => {
  it("acts at the first frame, then every few, and once more after the last with what is true then", () => {
    vi.useFakeTimers();
    try {
      const written: number[] = [];
      let value = 0;
      const write = seldom(() => written.push(value));
      const frame = () => {
        vi.advanceTimersByTime(16);
        write(performance.now());
        value++;
      };
      for (let i = 0; i < 13; i++) frame();
      expect(written[0]).toBe(0);
      // 12 frames of 16 ms have room for two or three more
      expect(written.length).toBeGreaterThanOrEqual(3);
      expect(written.length).toBeLessThanOrEqual(4);
      vi.advanceTimersByTime(100);
      expect(written.at(-1)).toBe(13);
    } finally {
      vi.useRealTimers();
    }
  });

  it("acts at once where nothing moves, and not again", () => {
    vi.useFakeTimers();
    try {
      const act = vi.fn();
      const write = seldom(act);
      write(performance.now());
      write(performance.now() + 1);
      write();
      expect(act).toHaveBeenCalledTimes(2);
      vi.advanceTimersByTime(1000);
      expect(act).toHaveBeenCalledTimes(2);
    } finally {
      vi.useRealTimers();
    }
  });
});
