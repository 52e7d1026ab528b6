// What a configuration leaves unsaid is what transformers has for it.
import { architectures } from "@orthonorm/models";
import { describe, expect, it } from "vitest";
import type { Architecture } from "../../models/src/architecture.js";
import { settingsOf } from "../../models/src/settings.js";
import { type Case, cases } from "../support/models/cases.js";

describe("how many tokens a layer sees", () => {
  /** Of the first case of an architecture, with other fields. */
  const windows = (type: string, fields: object) => {
    const architecture = architectures.find(({ name }) => name === type) as Architecture;
    const { config } = cases.find((one) => one.config.model_type === type) as Case;
    const { sliding_window, ...others } = config as Record<string, unknown>;
    return [...new Set(settingsOf(architecture, { ...others, ...fields }, "config.json").windows)];
  };

  it.each([
    ["of a mistral that does not say", "mistral", {}, 4096],
    ["of a mistral that says that there is no window", "mistral", { sliding_window: null }, null],
    ["of a mistral that says", "mistral", { sliding_window: 7 }, 7],
    ["of a qwen2 that has none of its window's layers", "qwen2", {}, null],
    ["of a qwen2 that does not say how many", "qwen2", { use_sliding_window: true, max_window_layers: 0 }, 4096],
  ])("%s", (_, type, fields, window) => {
    expect(windows(type, fields)).toEqual([window]);
  });
});
