// What is made of the table of ops (abi/ops.ts): the exports that asc compiles, and what the bindings import.

import { type Entry, int8Ops, ops, type Scalar } from "../abi/ops.js";
import { type DType, isHalf } from "../bindings/memory/dtype.js";

const entries: [string, Entry][] = Object.entries({ ...ops, ...int8Ops });

/** The names of the families, in the order of the table. */
export const families = [...new Set(entries.map(([, { family }]) => family))];

/** The families whose ops have parameters, which may be halves: they need the kernel that makes f32 of those. */
const widening = new Set(
  entries
    .filter(([, { operands }]) => Object.values(operands).some(({ dtype }) => dtype === "parameter"))
    .map(([, { family }]) => family),
);

/** A kernel's parameters by name. */
function parameters(entry: Entry): [name: string, type: "usize" | Scalar][] {
  const sizes = ["rows", "cols", ...(entry.sizes ?? [])];
  return [
    ...[...Object.keys(entry.operands), "strides"].map((name): [string, "usize"] => [name, "usize"]),
    ...sizes.map((name): [string, Scalar] => [name, "i32"]),
    ...Object.entries({ ...entry.scalars, ...entry.internal }),
  ];
}

/** What a family exports: a kernel, and the entry that has its signature. */
function kernelsOf(family: string, dtype: DType): [kernel: string, entry: Entry][] {
  const own = entries.filter(([, entry]) => entry.family === family);
  const kernels = own.flatMap(([name, entry]) =>
    (entry.kernels ?? [name]).map((kernel): [string, Entry] => [kernel, entry]),
  );
  if (isHalf(dtype) && widening.has(family)) kernels.push(["toF32", ops.convert]);
  return kernels;
}

/** What is exported for no caller, so that the constants of some lanes stay in memory (assembly/lanes/f16.ts): name and file. */
function constantsOf(dtype: DType): [name: string, file: string][] {
  const pairs: [string, string][] = isHalf(dtype) ? [["pairConstants", "pairs"]] : [];
  return dtype === "f16" ? [...pairs, ["f16Constants", "f16"]] : pairs;
}

/** The names of a family's exports for an element type. */
export function exportsOf(family: string, dtype: DType): string[] {
  const kernels = kernelsOf(family, dtype).map(([kernel]) => `${kernel}_${dtype}`);
  return [...kernels, ...constantsOf(dtype).map(([name]) => name)];
}

/** The module of assembly/exports with a family's kernels for an element type. */
export function assemblyOf(family: string, dtype: DType): string {
  const lanes = dtype.toUpperCase();
  const wide = dtype === "f64" ? "F64" : "F32";
  const kernels = kernelsOf(family, dtype);
  const sources = new Map<string, string[]>();
  for (const [kernel, { source }] of kernels) sources.set(source, [...(sources.get(source) ?? []), kernel]);
  return [
    generated,
    ...[...sources].map(([source, names]) => `import { ${names.map(imported).join(", ")} } from "../../${source}";`),
    `import { ${[...new Set([lanes, wide])].join(", ")} } from "../../lanes";`,
    ...kernels.map(([kernel, entry]) => {
      const typed = parameters(entry).map(([name, type]) => `${name}: ${type}`);
      const names = parameters(entry).map(([name]) => name);
      const call = `${kernel}Kernel<${lanes}, ${wide}>(${names.join(", ")})`;
      const body = entry.result === undefined ? `${call};` : `return ${call};`;
      return `export function ${kernel}_${dtype}(${typed.join(", ")}): ${entry.result ?? "void"} { ${body} }`;
    }),
    ...constantsOf(dtype).map(([name, file]) => `export { ${name} } from "../../lanes/${file}";`),
    "",
  ].join("\n");
}

/** A kernel's import: under a name of its own, for an operand may be called what the kernel is. */
function imported(kernel: string): string {
  return `${kernel} as ${kernel}Kernel`;
}

/** Those of its kernels that relaxed SIMD makes faster for an element type, if any. */
export function relaxedOf(family: string, dtype: DType): string | undefined {
  const names = entries
    .filter(([, entry]) => entry.family === family && entry.relaxed?.includes(dtype))
    .flatMap(([name, { kernels }]) => (kernels ?? [name]).map((kernel) => `${kernel}_${dtype}`));
  return names.length === 0 ? undefined : `${generated}\nexport { ${names.join(", ")} } from "../${dtype}";\n`;
}

/** bindings/wasm/ops.ts: what the bindings know of each op, and the signatures of the kernels. */
export function bindingsOf(): string {
  const lines = [generated, 'import type { Export, Op } from "../call/op.js";'];
  for (const family of families) lines.push(`import { ${family} as ${familyName(family)} } from "./${family}.js";`);
  for (const [name, entry] of entries) {
    const { operands, arguments: args, returns = [], scalars = {}, settings = [] } = entry;
    const kernel = `${name[0].toUpperCase()}${name.slice(1)}Kernel`;
    const typed = parameters(entry).map(([parameter]) => `${parameter}: number`);
    const strided = Object.keys(operands).filter((operand) => operands[operand].shape === "rows cols");
    const declared = Object.entries(operands).map(([operand, { role, shape, dtype, aliases }]) => {
      const names = aliases.map(quoted).join(", ");
      const fields = [
        `name: "${operand}"`,
        `role: "${role}"`,
        `shape: "${shape}"`,
        `stride: ${strided.indexOf(operand)}`,
      ];
      return `    ${operand}: { ${fields.join(", ")}, dtype: "${dtype}", aliases: [${names}] },`;
    });
    const given = Object.keys(operands).filter(
      (operand) => !args.includes(operand) && !returns.includes(operand) && operands[operand].role !== "workspace",
    );
    const guides = given.filter((operand) => operands[operand].shape === "cols");
    const others = given.filter((operand) => !guides.includes(operand) && operands[operand].role === "in");
    const outputs = given.filter((operand) => !guides.includes(operand) && !others.includes(operand));
    const own = [...guides, ...Object.keys(scalars), ...others, ...outputs, ...settings];
    const options = ["cols", ...own, "dtype", "engine"].map(quoted);
    const names = Object.keys(operands).map(quoted);
    const hasKernel = entry.kernels?.length !== 0;
    if (hasKernel) {
      lines.push(`export type ${kernel} = (${typed.join(", ")}) => ${entry.result === undefined ? "void" : "number"};`);
    }
    lines.push(
      `export const ${name}: Op<${hasKernel ? kernel : "never"}, ${names.join(" | ")}> = {`,
      `  name: "${name}",`,
      `  family: ${familyName(entry.family)},`,
      `  kernel: "${name}",`,
      `  first: "${args[0]}",`,
      ...(args[1] in operands ? [`  second: "${args[1]}",`] : []),
      `  guides: [${guides.map(quoted).join(", ")}],`,
      `  options: [${options.join(", ")}],`,
      "  operands: {",
      ...declared,
      "  },",
      "};",
    );
    for (const one of entry.kernels ?? []) {
      lines.push(`export const ${one}: Export<${kernel}> = { family: ${familyName(entry.family)}, kernel: "${one}" };`);
    }
  }
  return `${lines.join("\n")}\n`;
}

/** bindings/wasm/names.ts: the names of the families, without their kernels. */
export function namesOf(): string {
  return [
    generated,
    `export type FamilyName = ${families.map(quoted).join(" | ")};`,
    `export const familyNames: readonly FamilyName[] = [${families.map(quoted).join(", ")}];`,
    "",
  ].join("\n");
}

/** bindings/wasm/families.ts: every family, under a name that is no op's. A function lists them, which a bundle may leave out. */
export function familiesOf(): string {
  const own = families.map((family) => `${family}Kernels`);
  return [
    generated,
    'import type { Family } from "../engine/variants.js";',
    ...families.map((family) => `import { ${family} as ${family}Kernels } from "./${family}.js";`),
    `export { ${own.join(", ")} };`,
    `export const allFamilies = (): Family[] => [${own.join(", ")}];`,
    "",
  ].join("\n");
}

/** The words that a kernel file, an op file and an oracle have in common. */
const words = [...new Set(entries.map(([, { source }]) => source.slice(source.indexOf("/") + 1)))].sort();

/** bindings/wasm/exports.ts and bindings/reference/ops.ts: every op, from its own file. */
export function opsIn(folder: string): string {
  return [generated, ...words.map((word) => `export * from "${folder}/${word}.js";`), ""].join("\n");
}

function quoted(name: string): string {
  return `"${name}"`;
}

export const generated = "// Made by scripts/build-wasm.ts from abi/ops.ts. Do not edit.";

/** A family may have the name of one of its ops. */
function familyName(family: string): string {
  return `${family}Family`;
}
