// The documentation is right: its examples run and give the values printed beside them, they type-check, and its
// relative links lead somewhere. CONTRIBUTING.md ("Documentation") says how an example is written.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";
import * as orthonorm from "orthonorm";
import * as reference from "orthonorm/reference";
import * as threads from "orthonorm/threads";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

/** An example: where it stands, its code, and whether it brings its own imports. */
interface Example {
  name: string;
  code: string;
  /** From a docstring, which imports nothing: it gets every export, and the placeholders. */
  bare: boolean;
}

// Finding examples

const pages = ["README.md", ...list("docs", ".md")];
const sources = [
  ...list("bindings/ops", ".ts"),
  "bindings/engine/engine.ts",
  "bindings/engine/load.ts",
  "bindings/memory/tensor.ts",
  "bindings/threads/index.ts",
];
const examples = [...pages.flatMap(fromPage), ...sources.flatMap(fromSource)];

function list(folder: string, extension: string): string[] {
  return readdirSync(join(root, folder))
    .filter((file) => file.endsWith(extension))
    .sort()
    .map((file) => `${folder}/${file}`);
}

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

/** The ```ts blocks that import from "orthonorm"; the others are signatures, or another tool's configuration. */
function fromPage(file: string): Example[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)]
    .map((match) => ({ name: `${file}:${lineOf(text, match.index)}`, code: match[1], bare: false }))
    .filter(({ code }) => /from "orthonorm(\/reference|\/threads)?"/.test(code));
}

/** The ```ts blocks of docstrings. */
function fromSource(file: string): Example[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(/^ *\* ```ts\n([\s\S]*?)^ *\* ```$/gm)].map((match) => ({
    name: `${file}:${lineOf(text, match.index)}`,
    code: match[1].replace(/^ *\* ?/gm, ""),
    bare: true,
  }));
}

/** What a docstring may name without defining it: hidden states, and a weight and a bias as long as its `cols`. */
function placeholders(code: string): Record<string, Float32Array> {
  const cols = Number(/\bcols: (\d+)/.exec(code)?.[1] ?? 4);
  const wave = (length: number, at: number) => new Float32Array(length).map((_, i) => 1 + 0.5 * Math.sin(at + i));
  return { states: wave(3 * cols, 0), weight: wave(cols, 1), bias: wave(cols, 2) };
}

// Reading the value printed in a comment

/** A number as printed: what it may be, at least and at most. */
class Printed {
  constructor(
    readonly text: string,
    private readonly least: number,
    private readonly most: number,
  ) {}

  /** "1.3416…" is cut, "1.3416" rounded to those digits; an integer is one, but for an f32's last digit. */
  static of(text: string): Printed {
    const digits = text.replace(/…$/, "");
    const value = Number(digits);
    const [mantissa, exponent = "0"] = digits.toLowerCase().split("e");
    const decimals = mantissa.split(".")[1]?.length ?? 0;
    const unit = 10 ** (Number(exponent) - decimals);
    if (text.endsWith("…")) {
      const next = digits.startsWith("-") ? value - unit : value + unit;
      return new Printed(text, Math.min(value, next), Math.max(value, next));
    }
    const plain = decimals === 0 && exponent === "0";
    const slack = plain ? 2e-7 * Math.abs(value) : unit * 0.500001;
    return new Printed(text, value - slack, value + slack);
  }

  matches(value: unknown): boolean {
    return typeof value === "number" && value >= this.least && value <= this.most;
  }
}

type Value = Printed | number | string | boolean | null | undefined | Value[] | { [key: string]: Value };

const words = new Map<string, number | boolean | null | undefined>([
  ["true", true],
  ["false", false],
  ["null", null],
  ["undefined", undefined],
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);

/**
 * The value a comment begins with, if it is one: a number, string, array, object or word, alone or before one of `:;,(` and
 * an explanation. Anything else is prose.
 */
function printedValue(comment: string): { value: Value } | null {
  let rest = comment.trim();
  const take = (pattern: RegExp): string | null => {
    const match = pattern.exec(rest);
    if (match === null) return null;
    rest = rest.slice(match[0].length).trimStart();
    return match[0];
  };
  /** Thrown where the comment is no value after all. */
  const prose = new Error("prose");
  const items = (close: RegExp, item: () => void): void => {
    while (take(close) === null) {
      item();
      if (take(/^,/) === null && !close.test(rest)) throw prose;
    }
  };
  const parse = (): Value => {
    const number = take(/^-?\d+(\.\d+)?(e[+-]?\d+)?…?(?![\w.])/);
    if (number !== null) return Printed.of(number);
    const word = take(/^-?[A-Za-z]\w*\b/);
    if (word !== null) {
      if (!words.has(word)) throw prose;
      return words.get(word);
    }
    const string = take(/^"[^"]*"/);
    if (string !== null) return JSON.parse(string) as string;
    if (take(/^\[/) !== null) {
      const array: Value[] = [];
      items(/^\]/, () => array.push(parse()));
      return array;
    }
    if (take(/^\{/) !== null) {
      const object: Record<string, Value> = {};
      items(/^\}/, () => {
        const key = take(/^\w+/);
        if (key === null || take(/^:/) === null) throw prose;
        object[key] = parse();
      });
      return object;
    }
    throw prose;
  };
  try {
    const value = parse();
    return rest === "" || /^[:;,(]/.test(rest) ? { value } : null;
  } catch (error) {
    if (error === prose) return null;
    throw error;
  }
}

/** Is it what was printed? Typed arrays are printed as arrays, of objects all keys. */
function agrees(actual: unknown, expected: Value): boolean {
  if (expected instanceof Printed) return expected.matches(actual);
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) && !ArrayBuffer.isView(actual)) return false;
    const elements = Array.from(actual as ArrayLike<unknown>);
    return elements.length === expected.length && elements.every((element, i) => agrees(element, expected[i]));
  }
  if (typeof expected === "object" && expected !== null) {
    if (typeof actual !== "object" || actual === null) return false;
    const keys = Object.keys(expected);
    const same = keys.length === Object.keys(actual).length;
    return same && keys.every((key) => agrees((actual as Record<string, unknown>)[key], expected[key]));
  }
  return Object.is(actual, expected);
}

// Running an example

const modules: Record<string, unknown> = {
  orthonorm,
  "orthonorm/reference": reference,
  "orthonorm/threads": threads,
};

function check(actual: unknown, comment: string): void {
  const printed = printedValue(comment);
  if (printed !== null && !agrees(actual, printed.value)) {
    const got = ArrayBuffer.isView(actual) ? `[${actual}]` : JSON.stringify(actual, showTyped);
    throw new Error(`expected ${comment}, got ${got}`);
  }
}

function showTyped(_: string, value: unknown): unknown {
  return ArrayBuffer.isView(value) ? Array.from(value as unknown as ArrayLike<number>) : value;
}

async function checkThrows(run: () => unknown, comment: string): Promise<void> {
  let message = "nothing thrown";
  try {
    await run();
  } catch (error) {
    message = `${(error as Error).name}: ${(error as Error).message}`;
  }
  if (message !== comment) throw new Error(`expected ${comment}, got ${message}`);
}

/** `expression; // value` becomes a comparison, `expression; // SomeError: message` a call that must throw it. */
function instrument(code: string): string {
  return code.replace(/^( *)((?:[^/\n]|\/(?!\/))+); \/\/ (.+)$/gm, (line, indent, statement, comment) => {
    if (/^(import|export|const|let|var|using|return|throw|for|if|while)\b/.test(statement)) return line;
    if (/^\w*Error: /.test(comment)) {
      return `${indent}await __throws(async () => { ${statement}; }, ${JSON.stringify(comment)});`;
    }
    if (printedValue(comment) === null) {
      if (/^[[{]/.test(comment)) throw new Error(`expected a value that can be read, got ${comment}`);
      return line;
    }
    return `${indent}__check(${statement}, ${JSON.stringify(comment)});`;
  });
}

const AsyncFunction = (async () => {}).constructor as new (
  ...source: string[]
) => (...args: unknown[]) => Promise<void>;

async function run({ code, bare }: Example): Promise<void> {
  const scope: Record<string, unknown> = { __modules: { ...modules }, __check: check, __throws: checkThrows };
  if (bare) Object.assign(scope, orthonorm, threads, placeholders(code));
  const body = instrument(code).replace(
    /^import (?:(\{[^}]*\})|\* as (\w+)) from "([^"]+)";$/gm,
    (_, names: string | undefined, namespace: string | undefined, module: string) => {
      const target = names === undefined ? namespace : names.replace(/\btype \w+,? ?/g, "").replace(/ as /g, ": ");
      return `const ${target} = await __module(${JSON.stringify(module)});`;
    },
  );
  scope.__module = async (name: string) => {
    if (name in modules) return modules[name];
    expect(name, "a module that an example may import").toMatch(/^node:/);
    return import(name);
  };
  // strips the types; a block of its own, so that an example may declare a name that a docstring's scope has
  const { code: script } = await transform(`{\n${body}\n}`, { loader: "ts", format: "esm", target: "node20" });
  await new AsyncFunction(...Object.keys(scope), script)(...Object.values(scope));
}

it("docs/README.md lists every page of docs", () => {
  const index = readFileSync(join(root, "docs/README.md"), "utf8");
  for (const page of list("docs", ".md").map((path) => path.slice("docs/".length))) {
    if (page !== "README.md") expect(index).toContain(`](${page})`);
  }
});

describe("examples", () => {
  it("are found in the README, in every page of a family, and in every docstring file", () => {
    const files = new Set(examples.map(({ name }) => name.replace(/:\d+$/, "")));
    const families = [
      "layernorm",
      "invert",
      "rmsnorm",
      "moments",
      "center",
      "project",
      "geometry",
      "convert",
      "linear",
      "engine",
      "threads",
    ];
    for (const file of ["README.md", ...families.map((family) => `docs/${family}.md`), ...sources]) {
      expect(files).toContain(file);
    }
  });

  for (const example of examples) it(example.name, () => run(example));

  it("type-check, strictly", () => {
    // inside the repository, where the types of "node" are found; out/ is not in git
    const folder = join(root, `out/examples-${process.pid}`);
    mkdirSync(folder, { recursive: true });
    try {
      const exports = Object.keys(orthonorm).join(", ");
      const also = Object.keys(threads).join(", ");
      const free = Object.keys(placeholders("")).map((name) => `declare const ${name}: Float32Array<ArrayBuffer>;`);
      for (const { name, code, bare } of examples) {
        const imports = `import { ${exports} } from "orthonorm"; import { ${also} } from "orthonorm/threads";`;
        const source = bare ? `${imports} ${free.join(" ")} {\n${code}\n}\n` : code;
        // what must throw may be what TypeScript forbids too
        const lines = source.replace(/^(?=.*; \/\/ \w*Error: )/gm, "// @ts-ignore\n");
        writeFileSync(join(folder, `${name.replace(/[/:]/g, "-")}.ts`), lines);
      }
      const compilerOptions = {
        noUnusedLocals: false,
        paths: {
          orthonorm: ["../../bindings/index.ts"],
          "orthonorm/reference": ["../../bindings/reference/index.ts"],
          "orthonorm/threads": ["../../bindings/threads/index.ts"],
        },
      };
      const config = { extends: "../../tsconfig.json", compilerOptions, include: ["*.ts"], exclude: [] };
      writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
      const tsc = join(root, "node_modules/typescript/bin/tsc");
      let report = "";
      try {
        execFileSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8", stdio: "pipe" });
      } catch (error) {
        report = (error as { stdout: string }).stdout;
      }
      expect(report).toBe("");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe("printed values", () => {
  it("are told from prose", () => {
    expect(printedValue("[1, 2.5…]: radians")).not.toBeNull();
    expect(printedValue("{ mean: [2.5], ok: true }")).not.toBeNull();
    for (const prose of ["4 rows of 768", "about 90", "a Tensor too", "no copy", "[1, 2] and more", "f32"]) {
      expect(printedValue(prose)).toBeNull();
    }
  });

  it("fail when a digit, a length or a key is wrong", () => {
    const holds = (actual: unknown, comment: string) =>
      agrees(actual, (printedValue(comment) as { value: Value }).value);
    expect(holds(Float32Array.of(1.34163, 0), "[1.3416…, 0]")).toBe(true);
    expect(holds(1.34169, "1.3416…")).toBe(true);
    expect(holds(-1.34169, "-1.3416…")).toBe(true);
    expect(holds(1.34169, "1.3416")).toBe(false);
    expect(holds(1.34169, "1.3417")).toBe(true);
    expect(holds(3.4, "3")).toBe(false);
    expect(holds(1e-9, "0")).toBe(false);
    expect(holds(2.04e-7, "2.0e-7")).toBe(true);
    expect(holds(2.06e-7, "2.0e-7")).toBe(false);
    expect(holds([1, 2], "[1]")).toBe(false);
    expect(holds({ a: 1, b: 2 }, "{ a: 1 }")).toBe(false);
    expect(holds(Number.NaN, "NaN")).toBe(true);
    expect(holds(1, "NaN")).toBe(false);
    expect(() => check(1, "2")).toThrow("expected 2, got 1");
  });
});

// Links

describe("links", () => {
  for (const file of markdown(root)) {
    it(file, () => {
      const text = readFileSync(join(root, file), "utf8").replace(/^```[\s\S]*?^```$/gm, "");
      const broken = [...text.matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, target]) => target)
        .filter((target) => !/^[a-z]+:/.test(target) && !leads(file, target));
      expect(broken).toEqual([]);
    });
  }
});

/** The repository's own Markdown. */
function markdown(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) {
      const foreign = ["node_modules", "dist", "out"].includes(entry.name) || entry.name.startsWith(".");
      return foreign ? [] : markdown(join(folder, entry.name));
    }
    return entry.name.endsWith(".md") ? [relative(root, join(folder, entry.name))] : [];
  });
}

/** Is there such a file, and in it such a heading? */
function leads(from: string, target: string): boolean {
  const [path, heading] = target.split("#");
  const file = path === "" ? join(root, from) : resolve(root, dirname(from), path);
  if (!existsSync(file)) return false;
  return heading === undefined || headings(readFileSync(file, "utf8")).includes(heading);
}

/** A page's anchors: its own, and those that the repository's host makes of headings, numbered where one returns. */
function headings(text: string): string[] {
  const seen = new Map<string, number>();
  const made = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title]) => {
    const anchor = title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-");
    const times = seen.get(anchor) ?? 0;
    seen.set(anchor, times + 1);
    return times === 0 ? anchor : `${anchor}-${times}`;
  });
  return [...made, ...[...text.matchAll(/<a id="([^"]+)">/g)].map(([, id]) => id)];
}
