/** LayerNorm and RMSNorm in C, compiled by the machine's compiler, each in a process of its own. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Contestant } from "../contestants/index.js";
import type { OpName } from "../ops.js";

const source = fileURLToPath(new URL("norm.c", import.meta.url));
const folder = fileURLToPath(new URL("../../out/native/", import.meta.url));

const builds = [
  { name: "native C, -msse4.2", flags: ["-O3", "-msse4.2"] },
  { name: "native C, -march=native", flags: ["-O3", "-march=native"] },
];

export interface Native {
  contestants: Contestant[];
  /** The compiler, as it calls itself. */
  compiler?: string;
  absent: { name: string; reason: string }[];
}

/** Compiles them with $CC, gcc or cc. What cannot be compiled is named. */
export function native(): Native {
  const compilers = process.env.CC ? [process.env.CC] : ["gcc", "cc"];
  const found = compilers.flatMap((command) => {
    try {
      return [{ command, version: execFileSync(command, ["--version"], { encoding: "utf8", stdio: "pipe" }) }];
    } catch {
      return [];
    }
  });
  if (found.length === 0) {
    const reason = `no compiler (${compilers.join(", ")})`;
    return { contestants: [], absent: builds.map(({ name }) => ({ name, reason })) };
  }
  const [{ command, version }] = found;
  const made: Native = { contestants: [], absent: [], compiler: version.split("\n")[0] };
  mkdirSync(folder, { recursive: true });
  for (const { name, flags } of builds) {
    const program = join(folder, name.replace(/[^a-z0-9]+/gi, "-"));
    try {
      execFileSync(command, [...flags, "-std=gnu11", "-o", program, source, "-lm"], {
        encoding: "utf8",
        stdio: "pipe",
      });
      made.contestants.push(contestant(name, program));
    } catch (error) {
      const { stderr, message } = error as { stderr?: string; message: string };
      made.absent.push({ name, reason: (stderr || message).trim().split("\n")[0] });
    }
  }
  return made;
}

/** What norm.c has, by the name that it is called with. */
const programs: Partial<Record<OpName, string>> = { layerNorm: "layerNorm", rmsNorm: "rmsNorm" };

function contestant(name: string, program: string): Contestant {
  return {
    name,
    where: (_, { op }) => programs[op] !== undefined,
    async setup({ op, dtype, rows, cols, eps, arrays }) {
      if (dtype !== "f32") throw new Error(`is of f32 only, not ${dtype}`);
      const scratch = mkdtempSync(join(tmpdir(), "norm-"));
      const operands = join(scratch, "operands");
      const answer = new Float32Array(rows * cols);
      let child: ChildProcess | undefined;
      const teardown = () => {
        child?.stdin?.end();
        child?.kill();
        rmSync(scratch, { recursive: true, force: true });
      };
      try {
        const bytes = [arrays.x, arrays.weight, arrays.bias ?? new Float32Array(cols)].map((a) =>
          Buffer.from(a.buffer, a.byteOffset, a.byteLength),
        );
        writeFileSync(operands, Buffer.concat(bytes));
        child = spawn(program, [programs[op] as string, String(rows), String(cols), String(eps), operands], {
          stdio: ["pipe", "pipe", "inherit"],
        });
        const next = reader(child);
        if ((await next()) !== "ready") throw new Error("gave no answer");
        new Uint8Array(answer.buffer).set(readFileSync(`${operands}.y`));
        const { stdin } = child;
        return {
          run() {}, // it has run already: what is checked is what it wrote to the file
          answer: () => ({ y: answer }),
          async sample() {
            stdin?.write("\n");
            return Number(await next()) * 1e-9;
          },
          teardown,
        };
      } catch (error) {
        teardown();
        throw error;
      }
    },
  };
}

/** Its lines, one by one; an Error once it has ended. */
function reader(child: ChildProcess): () => Promise<string> {
  if (child.stdout === null) throw new Error("has no output");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async () => {
    const { done, value } = await lines.next();
    if (done) throw new Error("has ended");
    return value;
  };
}
