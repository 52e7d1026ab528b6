/** Logits that are no numbers say nothing of the next token, and any would be taken. */
import { expected } from "./error.js";
import type { Transformer } from "./transformer.js";

/** @throws ModelError where one of them is NaN, as one weight that is NaN makes all of them */
export function expectNumbers({ name }: Transformer, logits: Float32Array): void {
  for (let i = 0; i < logits.length; i++) {
    if (Number.isNaN(logits[i])) throw expected(name, "weights whose logits are numbers", "NaN");
  }
}
