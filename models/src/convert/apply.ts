/** Carries out a plan: each tensor's bytes are computed when they are asked for, in f64, and rounded once. */
import { bitsOf, type Container, type GivenTensor, type StoredTensor } from "@orthonorm/files";
import { expected } from "../error.js";
import { bytesOf, encoded, overflowIn, type Rows, rowsOf, vectorOf } from "./numbers.js";
import type { Change, Plan, Planned } from "./plan.js";

/**
 * The tensors of the result.
 *
 * @param see is told how much is done of all bytes, before each piece, and which tensor is next
 */
export function applied(
  { tensors }: Pick<Container, "tensors">,
  plan: Plan,
  see: (name: string, share: number) => void = () => {},
): GivenTensor[] {
  const stored = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const take = (name: string) => stored.get(name) as StoredTensor;
  const total = plan.tensors.reduce((sum, one) => sum + sizeOf(one), 0);
  let done = 0;
  return plan.tensors.map((planned): GivenTensor => {
    const { name, dtype, shape } = planned;
    async function* data(): AsyncGenerator<Uint8Array> {
      see(name, done / total);
      for await (const bytes of changed(planned, take)) {
        yield bytes;
        done += bytes.length;
        see(name, done / total);
      }
    }
    return { name, dtype, shape, data: data() };
  });
}

type Take = (name: string) => StoredTensor;

function sizeOf({ dtype, shape }: Planned): number {
  return shape.reduce((product, size) => product * size, bitsOf[dtype] / 8);
}

/** @throws ModelError where a number is beyond the element type: it would become infinite, and the model another */
async function* changed({ name, dtype, from, shape, change }: Planned, take: Take): AsyncGenerator<Uint8Array> {
  const rounded = (rows: Rows) => {
    const beyond = overflowIn(dtype, rows);
    if (beyond === undefined) return encoded(dtype, rows);
    const wider = dtype === "F16" || dtype === "BF16" ? " (--weights f32 has room for them)" : "";
    throw expected(name, `numbers that ${dtype} can hold${wider}`, `${beyond}`);
  };
  if (change.kind === "shift") {
    const values = await shifted(change, shape[0], take);
    yield rounded({ from: 0, count: 1, cols: values.length, values });
    return;
  }
  const tensor = take(from as string);
  if (change.kind === "copy" && dtype === tensor.dtype) {
    yield* bytesOf(tensor);
    return;
  }
  const work = await workOf(change, tensor, take);
  for await (const rows of rowsOf(tensor)) {
    work(rows);
    yield rounded(rows);
  }
}

/** Changes rows where they lie. */
type Work = (rows: Rows) => void;

async function workOf(change: Exclude<Change, { kind: "shift" }>, tensor: StoredTensor, take: Take): Promise<Work> {
  switch (change.kind) {
    case "copy":
      return () => {};
    case "scale":
      return scaling(change, take);
    case "center":
      return centering(change, tensor);
  }
}

async function centering({ each }: Change & { kind: "center" }, tensor: StoredTensor): Promise<Work> {
  if (each === "row") {
    return ({ values, count, cols }) => {
      for (let row = 0; row < count; row++) {
        let sum = 0;
        for (let i = row * cols; i < (row + 1) * cols; i++) sum += values[i];
        const mean = finite(sum / cols, tensor);
        for (let i = row * cols; i < (row + 1) * cols; i++) values[i] -= mean;
      }
    };
  }
  const [rows, cols] = tensor.shape;
  const means = new Float64Array(cols);
  for await (const { values, count } of rowsOf(tensor)) {
    for (let row = 0, i = 0; row < count; row++) for (let c = 0; c < cols; c++, i++) means[c] += values[i];
  }
  for (let c = 0; c < cols; c++) means[c] = finite(means[c] / rows, tensor);
  return ({ values, count }) => {
    for (let row = 0, i = 0; row < count; row++) for (let c = 0; c < cols; c++, i++) values[i] -= means[c];
  };
}

/** A mean that is none would make each number none that it is taken from. */
function finite(mean: number, { name }: StoredTensor): number {
  if (Number.isFinite(mean)) return mean;
  throw expected(`tensor "${name}"`, "finite numbers, which can be centered", `a mean of ${mean}`);
}

async function scaling({ each, by }: Change & { kind: "scale" }, take: Take): Promise<Work> {
  const factors = await vectorOf(take(by));
  return ({ values, from, count, cols }) => {
    for (let row = 0, i = 0; row < count; row++) {
      for (let c = 0; c < cols; c++, i++) values[i] *= factors[each === "row" ? c : from + row];
    }
  };
}

async function shifted(
  { bias, weight, each, by }: Change & { kind: "shift" },
  length: number,
  take: Take,
): Promise<Float64Array<ArrayBuffer>> {
  const shift = await vectorOf(take(by));
  const sums = new Float64Array(length);
  if (bias !== null) sums.set(await vectorOf(take(bias)));
  for await (const { values, from, count, cols } of rowsOf(take(weight))) {
    for (let row = 0, i = 0; row < count; row++) {
      for (let c = 0; c < cols; c++, i++) {
        if (each === "row") sums[from + row] += values[i] * shift[c];
        else sums[c] += values[i] * shift[from + row];
      }
    }
  }
  return sums;
}
