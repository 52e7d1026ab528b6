/** Programs of other languages that this machine may have, with the packages that a test needs. */

import { spawnSync } from "node:child_process";

export interface Program {
  /** The program; null where this machine has none with the packages. */
  readonly path: string | null;
  /** What has to be there, for those who read that it is missing. */
  readonly wanted: string;
  /** What its environment needs beside this process's own. */
  readonly env: Readonly<Record<string, string>>;
}

/** A Python that can import these modules. */
export function python(...modules: string[]): Program {
  const path = pythons(modules)[0] ?? null;
  return { path, wanted: `python3 with ${modules.join(" and ")}, or PYTHON_PATH`, env: {} };
}

/** An R whose reticulate can use the NumPy of one of this machine's Pythons. */
export function reticulate(): Program {
  const program = ["-e", 'invisible(reticulate::import("numpy")$shape(matrix(0, 2, 2)))'];
  const found = pythons(["numpy"]).find((path) => run("Rscript", program, { RETICULATE_PYTHON: path }).status === 0);
  const wanted = "Rscript with reticulate, and a python3 whose numpy it can use";
  if (found === undefined) return { path: null, wanted, env: {} };
  return { path: "Rscript", wanted, env: { RETICULATE_PYTHON: found } };
}

/** Where the Pythons are that have these modules: what PYTHON_PATH names alone, or python3 on PATH, then the system's. */
function pythons(modules: readonly string[]): string[] {
  const candidates = process.env.PYTHON_PATH ? [process.env.PYTHON_PATH] : ["python3", "/usr/bin/python3"];
  return candidates
    .map((candidate) => run(candidate, ["-c", `import ${modules.join(", ")}, sys; print(sys.executable)`]))
    .filter(({ status }) => status === 0)
    .map(({ stdout }) => stdout.trim());
}

function run(program: string, args: string[], env: Record<string, string> = {}) {
  return spawnSync(program, args, { env: { ...process.env, ...env }, encoding: "utf8" });
}
