import type { Variant } from "../../bindings/engine/variants.js";
import type { Problem } from "./problem.js";

/** Somebody who computes a linear layer, named by how it is called. */
export interface Contestant {
  name: string;
  /** Of the engine in f32, which the others are compared with. */
  variant?: Variant;
  /** May throw, and is then named and left out. */
  setup(problem: Problem): Prepared | Promise<Prepared>;
}

export interface Prepared {
  /** The work, once. May answer later. */
  run(): unknown;
  /** Throws unless what a run gives is right. */
  check(): void;
  /** Lets go of what it holds. */
  teardown(): void | Promise<void>;
}
