/// <reference types="vite/client" />
import onnx from "../data/onnx-layernorm/layer_normalization.onnx-1.12.0.json" with { type: "json" };

/** WebNN's cases may be read but not copied: they lie beside the repository, or nowhere. */
const webnn = Object.values(
  import.meta.glob<{ cases: WebnnCase[] }>("../../../shared/data/reference/webnn-baseline/layer_normalization.json", {
    eager: true,
  }),
);

/** A LayerNorm case with the normalised axes gathered into rows: `shape` ends in `cols`, whose product is all of `x`. */
export interface ConformanceCase {
  name: string;
  shape: number[];
  rows: number;
  cols: number;
  eps: number;
  x: number[];
  weight?: number[];
  bias?: number[];
  y: number[];
  /** One number a row, where the source states them. */
  mean?: number[];
  rstd?: number[];
}

interface OnnxTensor {
  name: string;
  shape: number[];
  data: number[];
}

interface OnnxCase {
  name: string;
  attributes: { axis?: number; epsilon?: number };
  inputs: OnnxTensor[];
  outputs: OnnxTensor[];
}

/** ONNX's LayerNormalization cases (opset 17): the normalised axes are those from `axis` to the last. */
export function onnxCases(): ConformanceCase[] {
  return (onnx.cases as OnnxCase[]).map(({ name, attributes, inputs: [x, weight, bias], outputs: [y, mean, rstd] }) => {
    const { axis = -1, epsilon = 1e-5 } = attributes;
    const first = axis < 0 ? axis + x.shape.length : axis;
    return {
      name,
      ...rowShape(x.shape.slice(0, first), x.shape.slice(first)),
      eps: epsilon,
      x: x.data,
      weight: weight.data,
      bias: bias?.data,
      y: y.data,
      mean: mean.data,
      rstd: rstd.data,
    };
  });
}

interface WebnnCase {
  name: string;
  x: number[];
  shape: number[];
  axes?: number[];
  epsilon?: number;
  scale?: number[];
  bias?: number[];
  expected: number[];
}

/** WebNN's layerNormalization cases, transposed so that the normalised axes come last; none where they are absent. */
export function webnnCases(): ConformanceCase[] {
  return webnn
    .flatMap(({ cases }) => cases)
    .map(({ name, x, shape, axes, epsilon = 1e-5, scale, bias, expected }) => {
      const every = shape.map((_, axis) => axis);
      // WebNN's default: every axis but the first. Scale and bias are laid out in the order of `axes`.
      const normalised = axes ?? every.slice(1);
      const kept = every.filter((axis) => !normalised.includes(axis));
      const order = [...kept, ...normalised];
      const lengths = (some: number[]) => some.map((axis) => shape[axis]);
      return {
        name,
        ...rowShape(lengths(kept), lengths(normalised)),
        eps: epsilon,
        x: transpose(x, shape, order),
        weight: scale,
        bias,
        y: transpose(expected, shape, order),
      };
    });
}

/** The elements of a row-major array with its axes in another order. */
export function transpose(data: number[], shape: number[], order: number[]): number[] {
  const strides = shape.map((_, axis) => product(shape.slice(axis + 1)));
  const visit = ([axis, ...inner]: number[], offset: number): number[] => {
    if (axis === undefined) return [data[offset]];
    return Array.from({ length: shape[axis] }, (_, i) => visit(inner, offset + i * strides[axis])).flat();
  };
  return visit(order, 0);
}

function rowShape(kept: number[], normalised: number[]) {
  const cols = product(normalised);
  return { shape: [...kept, cols], rows: product(kept), cols };
}

function product(lengths: number[]): number {
  return lengths.reduce((total, length) => total * length, 1);
}
