// A step of a sequence, as data: what runs is the JavaScript that it prints as, and the model reads the same strings.

import type { OpName } from "../../abi/ops.js";

/** A call of an op. Its arguments and the values of its options are names of things, or literals. */
export interface Call {
  readonly kind: "call";
  readonly name: string;
  readonly op: OpName;
  readonly arguments: readonly string[];
  /** By name; or what is given in place of an object; undefined for none. */
  readonly options: readonly (readonly [name: string, value: string])[] | string | undefined;
  readonly style: "plain" | "no prototype" | "symbols" | "getters";
  /** What a getter among the options does on its way. */
  readonly nested?: { readonly source: string; readonly disposes?: string };
}

export type Step =
  | Call
  | { readonly kind: "engine"; readonly name: string; readonly options: string }
  | { readonly kind: "memory"; readonly name: string; readonly source: string }
  | { readonly kind: "grow"; readonly memory: string }
  | {
      readonly kind: "tensor";
      readonly name: string;
      /** Of which engine; undefined for the free function. */
      readonly engine: string | undefined;
      readonly arguments: readonly string[];
    }
  | { readonly kind: "view"; readonly name: string; readonly of: string; readonly options: string }
  | { readonly kind: "data"; readonly name: string; readonly of: string; readonly part?: readonly [number, number] }
  | { readonly kind: "array"; readonly name: string; readonly source: string }
  | { readonly kind: "write"; readonly to: string; readonly values: string }
  | { readonly kind: "read"; readonly of: string; readonly by: "toArray()" | "toString()" | "toJSON()" | "data" }
  | { readonly kind: "detach"; readonly array: string }
  | { readonly kind: "dispose"; readonly of: string };

/** The expression that a step is. */
export function sourceOf(step: Step): string {
  switch (step.kind) {
    case "call": {
      const options = optionsOf(step);
      return `${step.op}(${[...step.arguments, ...(options === undefined ? [] : [options])].join(", ")})`;
    }
    case "engine":
      return `createEngine(${step.options})`;
    case "memory":
    case "array":
      return step.source;
    case "grow":
      return `${step.memory}.grow(1)`;
    case "tensor":
      return `${step.engine === undefined ? "" : `${step.engine}.`}tensor(${step.arguments.join(", ")})`;
    case "view":
      return `${step.of}.view(${step.options})`;
    case "data":
      return `${step.of}.data${step.part === undefined ? "" : `.subarray(${step.part.join(", ")})`}`;
    case "write":
      return `${step.to}.set(${step.values})`;
    case "read":
      return `${step.of}.${step.by}`;
    case "detach":
      return `structuredClone(${step.array}.buffer, { transfer: [${step.array}.buffer] })`;
    case "dispose":
      return `${step.of}.dispose()`;
  }
}

function optionsOf({ options, style, nested }: Call): string | undefined {
  if (options === undefined || typeof options === "string") return options;
  const plain = options.map(([name, value]) => (name === value ? name : `${name}: ${value}`));
  switch (style) {
    case "plain":
      return `{ ${plain.join(", ")} }`;
    case "no prototype":
      return `{ ${["__proto__: null", ...plain].join(", ")} }`;
    case "symbols":
      return `{ ${["[Symbol.iterator]: 1", ...plain].join(", ")} }`;
    case "getters":
      return `{ ${options
        .map(([name, value], i) => `get ${name}() { ${i === 0 && nested ? `${nested.source}; ` : ""}return ${value}; }`)
        .join(", ")} }`;
  }
}

/** The names that a step needs: it cannot be run where one of them is missing. */
export function needs(step: Step): string[] {
  return [...new Set(sourceOf(step).match(/\b[aemrtv]\d+\b/g) ?? [])];
}

/** A sequence that failed, as JavaScript: `threw` says of each step whether it was refused, as it should be. */
export function printed(steps: readonly Step[], threw: readonly boolean[]): string {
  const lines = steps.map((step, i) => {
    const source = sourceOf(step);
    if (threw[i]) return `try { ${source}; } catch (error) { console.log(String(error)); }`;
    return "name" in step ? `const ${step.name} = ${source};` : `${source};`;
  });
  const called = steps.flatMap((step) => (step.kind === "call" ? [step.op] : []));
  return [
    'import * as orthonorm from "orthonorm";',
    'import { array, canary, orthonormalRows, values } from "./test/fuzz/values.js";',
    `const { ${[...new Set(["createEngine", "defaultEngine", "tensor", ...called])].join(", ")} } = orthonorm;`,
    "",
    ...lines,
  ].join("\n");
}
