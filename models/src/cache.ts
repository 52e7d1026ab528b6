/** Keys and values of the tokens so far, per layer and key head. */
import type { Engine, Tensor } from "orthonorm";
import type { Settings } from "./settings.js";

/** How many tokens there is room for at first. It doubles. */
const firstCapacity = 64;

/** One key head of one layer: both are the weight of a `linear`. */
export interface HeadCache {
  /** [capacity, headDim]: queries by it give scores. */
  keys: Tensor<"f32">;
  /** [headDim, capacity], so that shares by it give the mixture of values. Tokens to come are zeros. */
  values: Tensor<"f32">;
}

export class Cache {
  capacity = 0;
  heads: HeadCache[][] = [];

  constructor(
    private readonly engine: Engine,
    private readonly settings: Settings,
  ) {}

  /** Makes room for so many tokens; what is there stays. */
  reach(count: number): void {
    if (count <= this.capacity) return;
    const { layers, keyHeads, headDim } = this.settings;
    let capacity = Math.max(firstCapacity, this.capacity);
    while (capacity < count) capacity *= 2;
    const older = this.capacity;
    const old = this.heads;
    this.heads = Array.from({ length: layers }, (_, layer) =>
      Array.from({ length: keyHeads }, (_, head) => {
        const keys = this.engine.tensor("f32", [capacity, headDim]);
        const values = this.engine.tensor("f32", [headDim, capacity]);
        if (older > 0) {
          const from = old[layer][head];
          keys.data.set(from.keys.data);
          const [to, had] = [values.data, from.values.data];
          for (let i = 0; i < headDim; i++) to.set(had.subarray(i * older, (i + 1) * older), i * capacity);
          from.keys.dispose();
          from.values.dispose();
        }
        return { keys, values };
      }),
    );
    this.capacity = capacity;
  }

  dispose(): void {
    for (const { keys, values } of this.heads.flat()) {
      keys.dispose();
      values.dispose();
    }
    this.heads = [];
    this.capacity = 0;
  }
}
