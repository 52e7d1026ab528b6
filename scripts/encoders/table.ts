/** The tables of docs/where-it-holds.md, from the record. */
import { type MeasuredModel, overChance, type Record } from "./record.js";

/** A row per model with many norms, and a row per norm of the others. */
export function normsTable({ models }: Record): string[] {
  return table(
    [
      "model",
      "trained with",
      "norm",
      "rows × d",
      "θ",
      "\\|90°−θ\\| over chance",
      "‖x‖² in the mean",
      "the swap changes",
    ],
    models.flatMap((model) => (isTwin(model) ? [twinRow(model)] : normRows(model))),
  );
}

/** The claim in numbers: how much of the states LayerNorm takes away. */
export function summary({ models }: Record): string[] {
  const inMean = (of: readonly MeasuredModel[]) =>
    range(
      of.flatMap(({ norms }) => norms.map((norm) => norm.inMean)),
      percent,
    );
  const twins = models.filter(isTwin);
  const [layerNorm, rmsNorm] = (["LayerNorm", "RMSNorm"] as const).map((norm) =>
    inMean(twins.filter(({ trainedWith }) => trainedWith === norm)),
  );
  const encoders = inMean(models.filter((model) => !isTwin(model)));
  return [
    `The mean holds ${layerNorm} of ‖x‖² in the language model that was trained with LayerNorm, ${rmsNorm} in the one that was`,
    `trained with RMSNorm, and ${encoders} in the encoders, which were all trained with LayerNorm.`,
  ];
}

/** When and on what it was measured. */
export function provenance({ date, node, orthonorm, packages }: Record): string[] {
  const names = Object.entries(packages).map(([name, version]) => `${name} ${version}`);
  return [`Measured on ${date} by Orthonorm ${orthonorm}, on Node ${node.slice(1)}, with:`, `${names.join(", ")}.`];
}

export function isTwin({ id }: MeasuredModel): boolean {
  return id.startsWith("twin");
}

function twinRow({ name, trainedWith, norms }: MeasuredModel): string[] {
  const [{ rows, cols }] = norms;
  const span = (values: readonly number[], digits: number) => range(values, (value) => value.toFixed(digits));
  return [
    name,
    trainedWith,
    `all ${norms.length}`,
    `${rows} × ${cols}`,
    `${span(
      norms.map(({ angle }) => angle.mean),
      1,
    )}°`,
    span(norms.map(overChance), 2),
    range(
      norms.map(({ inMean }) => inMean),
      percent,
    ),
    range(
      norms.map(({ swap }) => swap),
      percent,
    ),
  ];
}

function normRows({ name, trainedWith, norms }: MeasuredModel): string[][] {
  return norms.map((norm, at) => [
    at === 0 ? name : "",
    at === 0 ? trainedWith : "",
    norm.name,
    `${norm.rows} × ${norm.cols}`,
    `${norm.angle.mean.toFixed(1)}°`,
    overChance(norm).toFixed(1),
    percent(norm.inMean),
    percent(norm.swap),
  ]);
}

/** The angles at the same norms on other inputs: a row per model and input. */
export function inputsTable({ models, inputs }: Record): string[] {
  return table(
    ["model", "input", "θ at its norms"],
    inputs.map(({ model, input, angles }) => [
      nameOf(models, model),
      input,
      angles.map((angle) => `${angle.toFixed(1)}°`).join(", "),
    ]),
  );
}

export function additionsTable({ additions }: Record): string[] {
  return table(
    ["between the norms", "\\|90°−θ\\| of what is added, over chance", "mean element before", "added to it"],
    additions.map(({ from, to, overChance, mean, added }) => [
      `${from} and ${to}`,
      overChance.toFixed(2),
      mean.toFixed(4),
      signed(added, 4),
    ]),
  );
}

export function weightsTable({ models, weights }: Record): string[] {
  return table(
    ["model", "layer before norm", "d·cos²θ of its weights"],
    weights.map(({ model, norm, dCos2 }) => [nameOf(models, model), norm, dCos2.toFixed(1)]),
  );
}

export function outputsTable({ models, outputs }: Record): string[] {
  return table(
    ["model", "counted", "of", "with LayerNorm", "with RMSNorm in its place"],
    outputs.map(({ model, what, of, layerNorm, rmsNorm }) => [
      nameOf(models, model),
      what,
      String(of),
      String(layerNorm),
      String(rmsNorm),
    ]),
  );
}

function nameOf(models: readonly MeasuredModel[], id: string): string {
  return models.find((model) => model.id === id)?.name ?? id;
}

/** "3.2–4.7 %": both ends, with the unit once. */
function range(values: readonly number[], text: (value: number) => string): string {
  const [low, high] = [Math.min(...values), Math.max(...values)].map(text);
  const unit = / .*$/.exec(low)?.[0] ?? "";
  return low === high ? low : `${low.slice(0, low.length - unit.length)}–${high}`;
}

/** Two digits, or a whole number from 10 % on. */
function percent(fraction: number): string {
  const value = 100 * fraction;
  return `${value < 9.95 ? value.toPrecision(2) : value.toFixed(0)} %`;
}

function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  return `${value < 0 ? "−" : "+"}${text}`;
}

/** A table in Markdown; columns of numbers are aligned to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const numeric = head.map((_, at) => rows.every((row) => /^[−+\d]/.test(row[at])));
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `|${numeric.map((right) => (right ? "--:" : "---")).join("|")}|`, ...rows.map(line)];
}
