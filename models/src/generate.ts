/** Text, token by token. */
import { expectNumbers } from "./logits.js";
import type { RunOptions } from "./run.js";
import { type SampleOptions, type Sampler, sampler } from "./sample.js";
import type { Transformer } from "./transformer.js";

export interface GenerateOptions extends SampleOptions, RunOptions {
  /** How many tokens at most. */
  tokens: number;
  /** Tokens that end the text, and are not given. */
  ends?: ReadonlySet<number>;
}

/**
 * What the model says after these tokens.
 *
 * Where the text reaches the model's longest, the model goes on from its latter half, as if that were all of it.
 *
 * @param ids one token at least
 * @throws ModelError where its logits are no numbers
 */
export function* generate(model: Transformer, ids: readonly number[], options: GenerateOptions): Generator<number> {
  const { tokens, ends = new Set<number>() } = options;
  const next: Sampler = sampler(options);
  const { positions } = model.settings;
  const text = [...ids];
  let run = model.begin(options);
  try {
    let logits = run.forward(text.slice(-positions));
    for (let count = 0; count < tokens; count++) {
      expectNumbers(model, logits);
      const token = next(logits);
      if (ends.has(token)) return;
      yield token;
      text.push(token);
      if (count + 1 === tokens) return;
      if (run.room > 0) logits = run.forward([token]);
      else {
        run.dispose();
        run = model.begin(options);
        logits = run.forward(text.slice(-Math.ceil(positions / 2)));
      }
    }
  } finally {
    run.dispose();
  }
}
