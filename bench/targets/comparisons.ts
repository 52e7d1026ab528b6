/** The targets that are one time over another, in groups that a process takes together. */
import type { DType } from "../../dist/index.js";
import type { BaselineContestants } from "../baseline/contestants.js";
import { arrays, arraysOut, kernel, resident } from "../contestants/index.js";
import { type Comparison, type Side, title, zeros } from "../figures.js";
import type { OpName } from "../ops.js";
import type { Case } from "../problem.js";

/** A comparison, and what it may be at most; without a limit it is shown beside the others. */
export interface Target extends Comparison {
  limit?: number;
}

export const groupNames = ["halves", "large", "row", "arrays", "zeros", "small"] as const;
export type GroupName = (typeof groupNames)[number];

const [layerNorm, rmsNorm] = ["layerNorm", "rmsNorm"] as const;
const [bf16, f16] = ["bf16", "f16"] as const;

const side = (
  op: OpName,
  dtype: DType,
  [rows, cols]: readonly [number, number],
  contestant = resident,
): Side & { case: Case } => ({ case: { op, dtype, rows, cols }, contestant });

const over = (what: string, first: Side, second: Side, limit?: number): Target => ({
  what: `${title(first.case)}, ${what}`,
  unit: "×",
  ...{ first, second, limit },
});

/** @param baseline the contestants of the baseline */
export function targetsOf(name: GroupName, baseline: BaselineContestants): Target[] {
  const half = (
    op: OpName,
    dtype: typeof bf16 | typeof f16,
    shape: readonly [number, number],
    limits: { f32?: number; baseline?: number },
  ) => [
    over("resident, over f32", side(op, dtype, shape), side(op, "f32", shape), limits.f32),
    over(
      "resident, over the baseline",
      side(op, dtype, shape),
      side(op, dtype, shape, baseline.resident),
      limits.baseline,
    ),
  ];
  const shape = [128, 768] as const;
  switch (name) {
    case "halves":
      return [
        ...half(layerNorm, bf16, shape, { f32: 1.8, baseline: 0.8 }),
        ...half(layerNorm, f16, shape, { f32: 2.3, baseline: 0.5 }),
        ...half(rmsNorm, bf16, shape, { f32: 1.3 }),
        ...half(rmsNorm, f16, shape, { f32: 1.9 }),
      ];
    case "large":
      return [
        ...half(layerNorm, bf16, [2048, 4096], { f32: 1 }),
        ...half(layerNorm, f16, [2048, 4096], {}),
        arraysOver([2048, 4096], 1.4),
      ];
    case "row":
      return ([64, 768] as const).map((cols) => {
        const [first, second] = [kernel, baseline.kernel].map((one) => side(layerNorm, "f32", [1, cols], one));
        return over("raw export, over the baseline's", first, second, cols === 64 ? 0.75 : 0.9);
      });
    case "arrays":
      return [arraysOver([128, 768], 1.65), arraysOver([512, 768], 1.5)];
    case "zeros":
      return [layerNorm, rmsNorm].flatMap((op) =>
        (["f32", bf16] as const).map((dtype) => {
          const ordinary = side(op, dtype, shape);
          return over("rows of zeros over ordinary rows", { ...ordinary, distribution: zeros }, ordinary, 1.3);
        }),
      );
    case "small":
      return [arraysOut, arrays].map((one) => {
        const [first, second] = [one, resident].map((contestant) => side(layerNorm, "f32", [1, 64], contestant));
        return over(
          `${one === arraysOut ? "arrays, out given" : "arrays, new result"}, over resident`,
          first,
          second,
          5,
        );
      });
  }
}

function arraysOver(shape: readonly [number, number], limit: number): Target {
  const [first, second] = [arraysOut, resident].map((one) => side(layerNorm, "f32", shape, one));
  return over("arrays, out given, over resident", first, second, limit);
}
