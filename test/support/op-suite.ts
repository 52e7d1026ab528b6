import fc from "fast-check";
import { createEngine, type DType, type Engine } from "orthonorm";
import { describe, expect, it } from "vitest";
import { dtypes } from "../../abi/ops.js";
import type { Form } from "./guarded.js";
import { OpCase, type OpDescription, seedOf, type Way } from "./op-case.js";
import { uniforms } from "./random.js";
import { tails } from "./rows.js";
import { type Placement, placementsOf } from "./table.js";
import { allNaN, isHalf, sameBits, within } from "./within.js";

const everywhere = (form: Form) => () => form;
/** Each operand in a form of its own. */
function mixed(seed: number, forms: readonly Form[]): Way["form"] {
  const uniform = uniforms(seed);
  return () => forms[Math.floor(uniform() * forms.length)];
}

/** A way, or one that has to be told which outputs lie where inputs do. */
type WayOrPlaced = Way | ((inPlace: Placement) => Way);

const placed =
  (form: Form) =>
  (inPlace: Placement): Way => ({ form: everywhere(form), given: true, inPlace });

/** The ways to give operands without gaps between their rows, other than arrays of which all are given. */
function waysOf(seed: number): Record<string, WayOrPlaced> {
  const dense: Form[] = ["array", "data", "Tensor"];
  return {
    "arrays, the result made": { form: everywhere("array"), given: false },
    Tensors: { form: everywhere("Tensor"), given: true },
    "Tensors, the result made": { form: everywhere("Tensor"), given: false },
    "the data of Tensors": { form: everywhere("data"), given: true },
    mixed: { form: mixed(seed, dense), given: true },
    "arrays, in place": placed("array"),
    "Tensors, in place": placed("Tensor"),
  };
}

/** Those where rows have gaps. */
function gapsOf(seed: number): Record<string, WayOrPlaced> {
  return {
    gaps: { form: everywhere("gaps"), given: true },
    "gaps, the result made": { form: everywhere("gaps"), given: false },
    "gaps, in place": placed("gaps"),
    "gaps in some": { form: mixed(seed, ["array", "data", "Tensor", "gaps", "gaps"]), given: true },
  };
}

/** Rows, columns and a seed, so that what fails shrinks to few and short rows. */
const problemsOf = (rows: { min: number }) =>
  fc.record({
    rows: fc.integer({ ...rows, max: 9 }),
    cols: fc.integer({ min: 1, max: 130 }),
    seed: fc.integer({ min: 0, max: 2 ** 24 }),
  });

/** For each of the element types. */
const runs = { numRuns: 100 };

/**
 * What holds for every op: against its oracle, over element types and 1 to 130 columns, rows of all kinds beside one
 * another; the same bits however operands are given; inputs and everything around the outputs untouched.
 */
export function testOp(description: OpDescription): void {
  const { op } = description;
  const plain: Way = { form: everywhere("array"), given: true };

  /** Every case, put once plainly and once in each of these ways, of which neighbours have every second. */
  function sameWays(engine: Engine, dtype: DType, ways: (seed: number) => Record<string, WayOrPlaced>): void {
    const placing = new Map<string, LeastUsed>();
    for (const cols of tails) {
      const seed = seedOf(cols, 1);
      const one = OpCase.draw(description, dtype, cols, seed);
      const right = one.ask(engine, plain);
      for (const [i, [name, drawn]] of Object.entries(ways(seed)).entries()) {
        if ((i + cols) & 1) continue;
        let [what, way] = [`${one}, ${name}`, drawn];
        if (typeof way === "function") {
          const placements = placing.get(name) ?? new LeastUsed(placementsOf(op));
          placing.set(name, placements);
          const placement = placements.next(one.placements);
          if (placement === undefined) continue;
          what += ` (${nameOf(placement)})`;
          way = way(placement);
        }
        const results = one.ask(engine, way, what);
        for (const output of one.outputs.keys()) {
          sameBits(`${what}: ${output}`, one.dtypeOf(output), results[output], right[output]);
        }
      }
    }
    for (const [name, placements] of placing) expect(placements.unused, `${op}, ${name}`).toEqual([]);
  }

  describe.each(dtypes)(`${op} %s, 1 to 130 columns`, (dtype) => {
    it("is within its promise of the oracle", () => {
      const engine = createEngine();
      for (const cols of tails) {
        // what halves round to takes the oracle long
        for (const index of isHalf(dtype) ? [0] : [0, 1]) {
          const one = OpCase.draw(description, dtype, cols, seedOf(cols, index));
          const results = one.ask(engine, plain);
          const { expected } = one;
          for (const output of one.outputs.keys()) {
            within(`${one}: ${output}`, one.dtypeOf(output), results[output], expected[output]);
          }
        }
      }
      engine.dispose();
    });

    it("has the same bits for arrays and Tensors, made, given and in place; nothing else is written", () => {
      const engine = createEngine();
      sameWays(engine, dtype, waysOf);
      engine.dispose();
    });

    it("has the same bits for rows with gaps between them; nothing in the gaps is written", () => {
      const engine = createEngine();
      sameWays(engine, dtype, gapsOf);
      engine.dispose();
    });

    if (description.rowByRow !== false) rowByRow(description, dtype, plain);
  });
}

/** Placements, of which the one comes next that came least often: each is met, whatever else differs between cases. */
class LeastUsed {
  private readonly uses: Map<string, number>;

  constructor(all: readonly Placement[]) {
    this.uses = new Map(all.map((placement) => [nameOf(placement), 0]));
  }

  /** One of these; undefined if there are none. */
  next(placements: readonly Placement[]): Placement | undefined {
    const usesOf = (placement: Placement) => this.uses.get(nameOf(placement)) as number;
    const [least] = [...placements].sort((a, b) => usesOf(a) - usesOf(b));
    if (least !== undefined) this.uses.set(nameOf(least), usesOf(least) + 1);
    return least;
  }

  get unused(): string[] {
    return [...this.uses].flatMap(([name, uses]) => (uses === 0 ? [name] : []));
  }
}

const nameOf = (placement: Placement) => [...placement].map((pair) => pair.join(" = ")).join(", ");

/** What holds where each row is a question of its own. */
function rowByRow(description: OpDescription, dtype: DType, plain: Way): void {
  const engine = createEngine();
  type Problem = { rows: number; cols: number; seed: number };
  const draw = ({ rows, cols, seed }: Problem) => OpCase.draw(description, dtype, cols, seed, rows);

  it("a row's bits depend on nothing but the row", () => {
    fc.assert(
      fc.property(problemsOf({ min: 1 }), (problem) => {
        const all = draw(problem);
        const together = all.ask(engine, plain);
        for (let r = 0; r < all.sizes.rows; r++) {
          const alone = all.withRows([r]).ask(engine, plain);
          for (const name of all.perRow) {
            sameBits(`${all}, row ${r}: ${name}`, all.dtypeOf(name), alone[name], all.rowIn(name, together, r));
          }
        }
      }),
      runs,
    );
  });

  it("permuting rows permutes results", () => {
    fc.assert(
      fc.property(problemsOf({ min: 2 }), (problem) => {
        const all = draw(problem);
        const together = all.ask(engine, plain);
        const order = Array.from({ length: all.sizes.rows }, (_, r) => r);
        const uniform = uniforms(problem.seed);
        order.sort(() => uniform() - 0.5);
        const permuted = all.withRows(order);
        const results = permuted.ask(engine, plain);
        for (const name of all.perRow) {
          for (const [to, from] of order.entries()) {
            const what = `${all}, row ${from} at ${to}: ${name}`;
            sameBits(what, all.dtypeOf(name), permuted.rowIn(name, results, to), all.rowIn(name, together, from));
          }
        }
      }),
      runs,
    );
  });

  it("a NaN stays in its row", () => {
    fc.assert(
      fc.property(problemsOf({ min: 1 }), (problem) => {
        const all = draw(problem);
        const together = all.ask(engine, plain);
        const [row, col] = [problem.seed % all.sizes.rows, problem.seed % problem.cols];
        const results = all.withNaN(row, col).ask(engine, plain);
        for (const name of all.perRow) {
          for (let r = 0; r < all.sizes.rows; r++) {
            const found = all.rowIn(name, results, r);
            if (r !== row)
              sameBits(`${all}, row ${r}: ${name}`, all.dtypeOf(name), found, all.rowIn(name, together, r));
            else if (name !== "sum" && description.nanThroughRow !== false)
              allNaN(`${all}, row ${r}: ${name}`, all.dtypeOf(name), found);
          }
        }
      }),
      runs,
    );
  });
}
