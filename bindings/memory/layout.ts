import { type DType, wideOf } from "./dtype.js";

/** An element type and a shape. In an arena, equal layouts are mostly one object, so that calls compare references. */
export interface Layout {
  readonly dtype: DType;
  readonly rows: number;
  readonly cols: number;
  /** The layout of one row of parameters, such as a weight. */
  readonly parameter: Layout;
}

/** How many layouts are kept at most. A program whose shapes keep changing takes a little more time, not more memory. */
const KEPT = 256;

/** The layouts of an arena's Tensors. */
export class Layouts {
  private readonly kept = new Map<string, Layout>();

  of(dtype: DType, rows: number, cols: number): Layout {
    const key = `${dtype} ${rows} ${cols}`;
    let layout = this.kept.get(key);
    if (layout === undefined) {
      if (this.kept.size === KEPT) this.kept.clear();
      const wide = wideOf(dtype);
      const made = { dtype, rows, cols } as { parameter: Layout } & Layout;
      made.parameter = wide === dtype && rows === 1 ? made : this.of(wide, 1, cols);
      this.kept.set(key, made);
      layout = made;
    }
    return layout;
  }
}
