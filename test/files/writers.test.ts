// The corpus of test/data/files: what each writer makes of a float array is read right, or refused with the reason.

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { FileError, openContainer, readTensor, type Source } from "@orthonorm/files";
import { describe, expect, test } from "vitest";
import table from "../data/files/writers.json" with { type: "json" };
import { decode } from "../support/dtypes.js";
import { python } from "../support/programs.js";
import { open } from "../support/read-files.js";
import { corpus } from "../support/writers/corpus.js";
import type { FloatType } from "../support/writers/values.js";

const folder = fileURLToPath(new URL("../data/files/", import.meta.url));

interface Tensor {
  name: string;
  dtype: string;
  shape: number[];
  values?: number[];
  refused?: string;
}

interface WrittenFile {
  file: string;
  writer: string;
  habit: string;
  refused?: string;
  tensors?: Tensor[];
}

const files = table as WrittenFile[];

test("every file has its line and its writer's bytes", () => {
  const names = Object.keys(corpus).sort();
  expect(files.map(({ file }) => file).sort()).toEqual(names);
  expect(readdirSync(folder).sort()).toEqual([...names, "writers.json"].sort());
  for (const name of names) expect(readFileSync(folder + name), name).toEqual(corpus[name]());
});

describe.each(["disk", "blob"] as const)("from a %s", (way) => {
  test.each(files)("$file: $habit", async ({ file, refused, tensors = [] }) => {
    const source = await open(readFileSync(folder + file), file, way);
    try {
      if (refused !== undefined) expect(await refusal(openContainer(source))).toBe(refused);
      else expect(await everyTensor(source, tensors)).toEqual(tensors);
    } finally {
      await source.close();
    }
  });
});

/** What the file has, in the words of the table: a tensor's numbers, or why there are none. */
async function everyTensor(source: Source, wanted: readonly Tensor[]): Promise<Tensor[]> {
  const container = await openContainer(source);
  const found: Tensor[] = [];
  for (const { name, dtype, shape } of container.tensors) {
    const isRefused = wanted.find((one) => one.name === name)?.refused !== undefined;
    const tensor = { name, dtype, shape: [...shape] };
    if (isRefused) found.push({ ...tensor, refused: await refusal(readTensor(container, name)) });
    else found.push({ ...tensor, values: await valuesOf(readTensor(container, name)) });
  }
  await container.finish();
  return found;
}

async function valuesOf(reading: ReturnType<typeof readTensor>): Promise<number[]> {
  const { dtype, data } = await reading;
  return [...decode(dtype.toLowerCase() as FloatType, data as ArrayLike<number>)];
}

async function refusal(reading: Promise<unknown>): Promise<string> {
  return reading.then(
    () => "no failure",
    (error) => (error instanceof FileError ? error.message : `${error}, which is no FileError`),
  );
}

/** Every array of the files whose names are given, as NumPy reads them: its name, shape and values. */
const readByNumpy = `
import json, sys
import numpy as np
def told(name, array):
    return {"name": name, "shape": list(array.shape), "values": array.astype("f8").ravel().tolist()}
found = {}
for path in sys.argv[1:]:
    read = np.load(path)
    name = path.rsplit("/", 1)[1]
    arrays = [(key, read[key]) for key in read.files] if name.endswith(".npz") else [(name[:-4], read)]
    found[name] = [told(key, array) for key, array in arrays]
print(json.dumps(found))
`;

/** NumPy knows no bfloat16, and reads a name as UTF-8 only where a flag says so. */
const otherwiseInNumpy = ["ml_dtypes-bfloat16.npy", "numpy-ts.npz"];

const { path: program, wanted, env } = python("numpy");

test(program === null ? `not compared with NumPy: this machine has no ${wanted}` : "NumPy reads the same", () => {
  if (program === null) return;
  const compared = files.filter(
    ({ file, tensors = [] }) =>
      /\.np[yz]$/.test(file) &&
      !otherwiseInNumpy.includes(file) &&
      tensors.length > 0 &&
      tensors.every(({ refused }) => refused === undefined),
  );
  const { status, stdout, stderr } = spawnSync(
    program,
    // It warns of headers that Python 2 wrote.
    ["-W", "ignore", "-c", readByNumpy, ...compared.map(({ file }) => folder + file)],
    { encoding: "utf8", env: { ...process.env, ...env } },
  );
  expect(stderr).toBe("");
  expect(status).toBe(0);
  const table = compared.map(({ file, tensors = [] }) => [
    file,
    tensors.map(({ name, shape, values }) => ({ name, shape, values })),
  ]);
  expect(JSON.parse(stdout)).toEqual(Object.fromEntries(table));
});
