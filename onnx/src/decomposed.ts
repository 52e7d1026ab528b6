/**
 * Norms that exporters write as elementary operators. All of them have a mean of squares in the middle, which is where the search
 * begins; from there it goes back to the state, and on to the quotient, the weight and the bias:
 *
 *   LayerNorm   c = x − ReduceMean(x)      v = ReduceMean(c²)      y = c / √(v + eps) · weight + bias
 *   RMSNorm     c = x
 *
 * c² is Pow(c, 2), of whatever type and shape the 2 is, or Mul(c, c). The quotient is Div(c, Sqrt(·)), Mul(c, Reciprocal(Sqrt(·))),
 * Mul(c, Div(1, Sqrt(·))) or Mul(c, Pow(·, −0.5)). TensorFlow multiplies the weight to the reciprocal first, and writes
 * x·r + (bias − mean·r). Cast may stand between any two. A ReduceMean alone is no norm, and Pow(c, 4) is none either.
 */
import { axesOf, centeredBy, type Unnamed } from "./fused.js";
import { type GraphView, isCast } from "./graph.js";
import { type FoundNorm, type Swap, shortest } from "./norm.js";
import type { Node } from "./proto.js";
import { sizeOf } from "./tensor.js";

/** The norm whose mean of squares a node is; null where it is none. */
export function decomposedNorm(view: GraphView, variance: Node): Unnamed<FoundNorm> | null {
  if (variance.op !== "ReduceMean" || variance.domain !== "") return null;
  if (variance.attributes.get("keepdims")?.int === 0) return null;
  const squared = squareOf(view, variance.inputs[0]);
  if (squared === null) return null;
  const axes = axesOf(view, variance);
  if (axes === null || axes.length === 0) return null;

  const centered = centeredBy(view, squared);
  const isLayerNorm = centered !== null && sameAxes(view, squared, centered.axes, axes);
  const x = isLayerNorm ? centered.x : squared;
  const isState = (name: string) =>
    view.throughCasts(name) === view.throughCasts(squared) ||
    (isLayerNorm && centeredBy(view, name)?.mean === centered.mean);

  const sum = addedScalar(view, variance.outputs[0]);
  if (sum === null) return null;
  const scaled =
    quotient(view, sum.output, isState) ?? (isLayerNorm ? shifted(view, sum.output, x, centered.mean) : null);
  if (scaled === null) return null;

  const affine = affineAfter(view, scaled);
  const place = placeOf(view, x, axes, affine.weight);
  if (place === null) return null;
  return {
    kind: isLayerNorm ? "LayerNorm" : "RMSNorm",
    written: isLayerNorm ? "ReduceMean, Sub, …, ReduceMean, Add, Sqrt, …" : "ReduceMean, Add, Sqrt, …",
    state: { tensor: x },
    ...affine,
    eps: shortest(sum.scalar),
    ...place,
    swap: isLayerNorm
      ? swapOf(view, x, centered.mean, isState, affine.output)
      : { by: "none", reason: "it is RMSNorm already" },
  };
}

/** c where a tensor is c²; through casts. */
function squareOf(view: GraphView, name: string): string | null {
  const node = view.producer(view.throughCasts(name));
  if (node?.op === "Pow") return view.scalar(node.inputs[1]) === 2 ? node.inputs[0] : null;
  if (node?.op !== "Mul") return null;
  const [a, b] = node.inputs;
  return view.throughCasts(a) === view.throughCasts(b) ? a : null;
}

function sameAxes(view: GraphView, name: string, a: readonly number[] | null, b: readonly number[]): boolean {
  const rank = view.rankOf(name);
  const counted = (axis: number) => (axis < 0 && rank !== null ? axis + rank : axis);
  return a !== null && a.length === b.length && a.every((axis, at) => counted(axis) === counted(b[at]));
}

/** The tensor and all that are casts of it. */
function withCasts(view: GraphView, name: string): string[] {
  const casts = view.readersOf(name).filter(isCast);
  return [name, ...casts.flatMap((node) => withCasts(view, node.outputs[0]))];
}

/** The nodes that read a tensor or a cast of it. */
function readersOf(view: GraphView, name: string): { node: Node; as: string }[] {
  return withCasts(view, name).flatMap((as) => view.readersOf(as).map((node) => ({ node, as })));
}

/** The other operand of a node with two. */
function otherOf({ inputs }: Node, name: string): string {
  return inputs[0] === name ? inputs[1] : inputs[0];
}

/** A sum with one number: v + eps. */
function addedScalar(view: GraphView, name: string): { output: string; scalar: number } | null {
  for (const { node, as } of readersOf(view, name)) {
    if (node.op !== "Add") continue;
    const scalar = view.scalar(otherOf(node, as));
    if (scalar !== null) return { output: node.outputs[0], scalar };
  }
  return null;
}

/** Tensors that are 1/√ of a tensor, and those that are √ of it. */
function roots(view: GraphView, name: string): { roots: string[]; inverses: string[] } {
  const found = { roots: [] as string[], inverses: [] as string[] };
  for (const { node, as } of readersOf(view, name)) {
    const power = node.op === "Pow" && node.inputs[0] === as ? view.scalar(node.inputs[1]) : null;
    if (node.op === "Sqrt" || power === 0.5) found.roots.push(node.outputs[0]);
    else if (power === -0.5) found.inverses.push(node.outputs[0]);
  }
  for (const root of found.roots) {
    for (const { node, as } of readersOf(view, root)) {
      const isInverse = node.op === "Div" && node.inputs[1] === as && view.scalar(node.inputs[0]) === 1;
      if (node.op === "Reciprocal" || isInverse) found.inverses.push(node.outputs[0]);
    }
  }
  return found;
}

/** A normalised tensor; its weight where it has been multiplied already; and, of the form x·r + (bias − mean·r), its bias. */
interface Scaled {
  output: string;
  weight: string | null;
  bias: string | null;
}

/** c / √(v + eps), in any of its forms; also c · (r · weight). */
function quotient(view: GraphView, sum: string, isState: (name: string) => boolean): Scaled | null {
  const { roots: deviations, inverses } = roots(view, sum);
  for (const deviation of deviations) {
    for (const { node, as } of readersOf(view, deviation)) {
      if (node.op === "Div" && node.inputs[1] === as && isState(node.inputs[0])) {
        return { output: node.outputs[0], weight: null, bias: null };
      }
    }
  }
  for (const { name, weight } of withWeights(view, inverses)) {
    for (const { node, as } of readersOf(view, name)) {
      if (node.op === "Mul" && isState(otherOf(node, as))) return { output: node.outputs[0], weight, bias: null };
    }
  }
  return null;
}

/** r, and r · weight where that is formed before c is multiplied. */
function withWeights(view: GraphView, inverses: readonly string[]): { name: string; weight: string | null }[] {
  return inverses.flatMap((inverse) => [
    { name: inverse, weight: null },
    ...readersOf(view, inverse)
      .filter(({ node, as }) => node.op === "Mul" && isVector(view, otherOf(node, as)))
      .map(({ node, as }) => ({ name: node.outputs[0], weight: otherOf(node, as) })),
  ]);
}

/** TensorFlow's form: x·r + (bias − mean·r). */
function shifted(view: GraphView, sum: string, x: string, mean: Node): Scaled | null {
  const is = (name: string, other: string) => view.throughCasts(name) === view.throughCasts(other);
  for (const { name, weight } of withWeights(view, roots(view, sum).inverses)) {
    const products = readersOf(view, name).filter(({ node }) => node.op === "Mul");
    const ofX = products.find(({ node, as }) => is(otherOf(node, as), x));
    const ofMean = products.find(({ node, as }) => is(otherOf(node, as), mean.outputs[0]));
    if (ofX === undefined || ofMean === undefined) continue;
    for (const { node: sub, as } of readersOf(view, ofMean.node.outputs[0])) {
      if (sub.op !== "Sub" || sub.inputs[1] !== as || !view.isConstant(sub.inputs[0])) continue;
      const add = readersOf(view, ofX.node.outputs[0]).find(
        ({ node, as: product }) => node.op === "Add" && is(otherOf(node, product), sub.outputs[0]),
      );
      if (add !== undefined) return { output: add.node.outputs[0], weight, bias: sub.inputs[0] };
    }
  }
  return null;
}

/** Weight and bias after the quotient: constants that nobody else's use of it would miss. */
function affineAfter(view: GraphView, { output, weight, bias }: Scaled): Scaled {
  let at = output;
  if (weight === null) {
    const mul = onlyOp(view, at, "Mul");
    if (mul === null || !isVector(view, mul.other)) return { output, weight, bias };
    weight = mul.other;
    at = mul.node.outputs[0];
  }
  if (bias === null) {
    const add = onlyOp(view, at, "Add");
    if (add !== null && isVector(view, add.other)) {
      bias = add.other;
      at = add.node.outputs[0];
    }
  }
  return { output: at, weight, bias };
}

function onlyOp(view: GraphView, name: string, op: string): { node: Node; other: string } | null {
  let node = view.onlyReader(name);
  while (node !== null && isCast(node)) {
    name = node.outputs[0];
    node = view.onlyReader(name);
  }
  return node?.op === op ? { node, other: otherOf(node, name) } : null;
}

/** A constant of more than one element. */
function isVector(view: GraphView, name: string): boolean {
  const constant = view.constant(view.throughShapes(name));
  if (constant !== null) return sizeOf(constant.dims) > 1;
  return view.isConstant(name);
}

/**
 * Which axes are normalised, and how many elements that is; null where it is no norm of vectors. Several axes are a LayerNorm's
 * only where its weight has as many: an InstanceNorm is written the same way, with a weight per channel.
 */
function placeOf(
  view: GraphView,
  x: string,
  axes: readonly number[],
  weight: string | null,
): Pick<FoundNorm, "axis" | "throughLast" | "cols"> | null {
  const shape = view.info(x)?.shape ?? null;
  const rank = shape?.length ?? null;
  const scale = weight === null ? null : view.constant(view.throughCasts(weight));
  const ordered = axes.map((axis) => (axis >= 0 && rank !== null ? axis - rank : axis)).sort((a, b) => a - b);
  const inRow = ordered.every((axis, at) => at === 0 || axis === ordered[at - 1] + 1);
  const isTrailing = inRow && ordered[ordered.length - 1] === -1;
  if (ordered.length > 1) {
    const scaled = scale?.dims.filter((size, at, dims) => size > 1 || dims.slice(0, at).some((one) => one > 1)) ?? [];
    if (!isTrailing || scaled.length !== ordered.length) return null;
    return { axis: ordered[0], throughLast: true, cols: sizeOf(scaled) };
  }
  const size = shape?.at(ordered[0]) ?? null;
  const fromWeight = scale !== null ? sizeOf(scale.dims) : null;
  const cols = typeof size === "number" ? size : fromWeight;
  return { axis: ordered[0], throughLast: isTrailing, cols };
}

/** With a mean of zero it is RMSNorm, to the bit: x − 0 = x. Whoever else reads mean or c would see that too. */
function swapOf(view: GraphView, x: string, mean: Node, isState: (name: string) => boolean, output: string): Swap {
  const inside = new Set<Node>();
  const collect = (name: string) => {
    const node = name === x ? null : view.producer(name);
    if (node === null || inside.has(node)) return;
    inside.add(node);
    for (const input of node.inputs) collect(input);
  };
  collect(output);
  const centered = readersOf(view, mean.outputs[0])
    .filter(({ node }) => node.op === "Sub" && isState(node.outputs[0]))
    .map(({ node }) => node.outputs[0]);
  for (const name of [mean.outputs[0], ...centered]) {
    const stranger = readersOf(view, name).find(({ node }) => !isCast(node) && !inside.has(node));
    if (stranger !== undefined || view.isOutput(name)) {
      const reader =
        stranger === undefined ? "an output of the model" : `${stranger.node.op} ${stranger.node.name}`.trim();
      return {
        by: "none",
        reason: `its ${name === mean.outputs[0] ? "mean" : "centered input"} is read by ${reader} too`,
      };
    }
  }
  return { by: "zero mean", mean };
}
