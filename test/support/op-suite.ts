import fc from "fast-check";
import { createEngine, type DType, type Engine } from "orthonorm";
import { describe, it } from "vitest";
import { dtypes } from "../../abi/ops.js";
import type { Form } from "./guarded.js";
import { OpCase, type OpDescription, seedOf, type Way } from "./op-case.js";
import { uniforms } from "./random.js";
import { entryOf, outputsOf } from "./table.js";
import { allNaN, isHalf, sameBits, within } from "./within.js";

const tails = Array.from({ length: 130 }, (_, i) => i + 1);

const everywhere = (form: Form) => () => form;
/** Each operand in a form of its own. */
function mixed(seed: number, forms: readonly Form[]): Way["form"] {
  const uniform = uniforms(seed);
  return () => forms[Math.floor(uniform() * forms.length)];
}

/** The ways to give operands without gaps between their rows, other than arrays of which all are given. */
function waysOf(seed: number): Record<string, Way> {
  const dense: Form[] = ["array", "data", "Tensor"];
  return {
    "arrays, the result made": { form: everywhere("array"), given: false },
    Tensors: { form: everywhere("Tensor"), given: true },
    "Tensors, the result made": { form: everywhere("Tensor"), given: false },
    "the data of Tensors": { form: everywhere("data"), given: true },
    mixed: { form: mixed(seed, dense), given: true },
    "arrays, in place": { form: everywhere("array"), given: true, inPlace: seed & 3 },
    "Tensors, in place": { form: everywhere("Tensor"), given: true, inPlace: (seed >> 1) & 3 },
  };
}

/** Those where rows have gaps. */
function gapsOf(seed: number): Record<string, Way> {
  return {
    gaps: { form: everywhere("gaps"), given: true },
    "gaps, the result made": { form: everywhere("gaps"), given: false },
    "gaps, in place": { form: everywhere("gaps"), given: true, inPlace: seed & 3 },
    "gaps in some": { form: mixed(seed, ["array", "data", "Tensor", "gaps", "gaps"]), given: true },
  };
}

/** Rows, columns and a seed, so that what fails shrinks to few and short rows. */
const problems = fc.record({
  cols: fc.integer({ min: 1, max: 130 }),
  seed: fc.integer({ min: 0, max: 2 ** 24 }),
});

/** For each of the element types. */
const runs = { numRuns: 50 };

/**
 * What holds for every op: against its oracle, over element types and 1 to 130 columns, rows of all kinds beside one
 * another; the same bits however operands are given; inputs and everything around the outputs untouched.
 */
export function testOp(description: OpDescription): void {
  const { op } = description;
  const plain: Way = { form: everywhere("array"), given: true };

  /** Every case, put once plainly and once in each of these ways, of which neighbours have every second. */
  function sameWays(engine: Engine, dtype: DType, ways: (seed: number) => Record<string, Way>): void {
    for (const cols of tails) {
      const seed = seedOf(cols, 1);
      const one = OpCase.draw(description, dtype, cols, seed);
      const right = one.ask(engine, plain);
      for (const [i, [name, way]] of Object.entries(ways(seed)).entries()) {
        if ((i + cols) & 1) continue;
        const what = `${one}, ${name}`;
        const results = one.ask(engine, way, what);
        for (const output of Object.keys(results)) {
          sameBits(`${what}: ${output}`, one.dtypeOf(output), results[output], right[output]);
        }
      }
    }
  }

  describe.each(dtypes)(`${op} %s, 1 to 130 columns`, (dtype) => {
    it("is within its promise of the oracle", () => {
      const engine = createEngine();
      for (const cols of tails) {
        // what halves round to takes the oracle long
        for (const index of isHalf(dtype) ? [0] : [0, 1]) {
          const one = OpCase.draw(description, dtype, cols, seedOf(cols, index));
          const results = one.ask(engine, plain);
          for (const [output, expected] of Object.entries(one.expected)) {
            if (results[output] === undefined) continue;
            within(`${one}: ${output}`, one.dtypeOf(output), results[output], expected);
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

/** What holds where each row is a question of its own. */
function rowByRow(description: OpDescription, dtype: DType, plain: Way): void {
  const engine = createEngine();
  const perRow = outputsOf(description.op).filter((name) => /^rows/.test(entryOf(description.op).operands[name].shape));
  const one = ({ cols, seed }: { cols: number; seed: number }) => OpCase.draw(description, dtype, cols, seed);

  it("a row's bits depend on nothing but the row", () => {
    fc.assert(
      fc.property(problems, (problem) => {
        const all = one(problem);
        const together = all.ask(engine, plain);
        for (let r = 0; r < all.sizes.rows; r++) {
          const alone = all.withRows([r]).ask(engine, plain);
          for (const name of perRow) {
            if (alone[name])
              sameBits(`${all}, row ${r}: ${name}`, all.dtypeOf(name), alone[name], all.rowIn(name, together, r));
          }
        }
      }),
      runs,
    );
  });

  it("permuting rows permutes results", () => {
    fc.assert(
      fc.property(problems, (problem) => {
        const all = one(problem);
        const together = all.ask(engine, plain);
        const order = Array.from({ length: all.sizes.rows }, (_, r) => r);
        const uniform = uniforms(problem.seed);
        order.sort(() => uniform() - 0.5);
        const permuted = all.withRows(order);
        const results = permuted.ask(engine, plain);
        for (const name of perRow) {
          for (const [to, from] of order.entries()) {
            if (results[name] === undefined) continue;
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
      fc.property(problems, (problem) => {
        const all = one(problem);
        const together = all.ask(engine, plain);
        const [row, col] = [problem.seed % all.sizes.rows, problem.seed % problem.cols];
        const results = all.withNaN(row, col).ask(engine, plain);
        for (const name of perRow) {
          for (let r = 0; r < all.sizes.rows; r++) {
            if (results[name] === undefined) continue;
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
