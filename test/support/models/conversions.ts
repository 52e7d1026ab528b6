// Models to convert, in a folder that is gone after the tests, and what converting one says that cannot be.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { GivenTensor } from "@orthonorm/files";
import { ModelError } from "@orthonorm/models";
import { type ConvertOptions, convertModel } from "@orthonorm/models/node";
import { afterAll, expect } from "vitest";
import { type Case, cases, randomCase } from "./cases.js";
import { writeModel } from "./checkpoints.js";

/** All that is written. */
export const folder = mkdtempSync(join(tmpdir(), "orthonorm-convert-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

export const twins = fileURLToPath(new URL("../../../study/data/twins", import.meta.url));
export const named = (type: string) => cases.find(({ config }) => config.model_type === type) as Case;
export const gpt2 = named("gpt2");
export const made = randomCase(gpt2);

let count = 0;
export const place = () => join(folder, `place-${count++}`);

export async function model(
  one: Case = gpt2,
  config: object = {},
  tensors: readonly GivenTensor[] = made.tensors,
  bytes?: number,
) {
  return writeModel(place(), { ...one.config, ...config }, one === gpt2 ? tensors : randomCase(one).tensors, bytes);
}

/** The message, without the folder; and nothing was written. */
export async function refusal(path: string, out = place(), options: ConvertOptions = {}): Promise<string> {
  const before = readdirSync(folder);
  const error = await convertModel(path, out, options).then(
    () => null,
    (reason: unknown) => reason as Error,
  );
  expect(error).toBeInstanceOf(ModelError);
  expect(readdirSync(folder)).toEqual(before);
  const message = (error as Error).message;
  expect(message).not.toContain("\n");
  return message.replaceAll(`${path}/`, "").replaceAll(path, "MODEL").replaceAll(out, "OUT");
}
