/** The command line of Orthonorm: `orthonorm study [FILE…]`. */
import { existsSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { StudyFailure } from "./failure.js";
import { lookFor } from "./look.js";
import { render } from "./page.js";
import { Progress } from "./progress.js";
import { prepareTarget, toJson, writeWhole } from "./report.js";
import { study } from "./study.js";
import { printable } from "./text.js";

/** The package's own folder: the same from study/src as from dist/cli. */
const root = fileURLToPath(new URL("../../", import.meta.url));
const twins = ["ln", "rms"].map((name) =>
  fileURLToPath(new URL(`../../study/data/twins/${name}/states.safetensors`, import.meta.url)),
);

interface Options {
  json?: string;
  eps: number;
  color: boolean;
}

const program = new Command("orthonorm")
  .description("LayerNorm, RMSNorm and projections on WebAssembly SIMD: what they do to your hidden states.")
  .version(version(), "-v, --version", "print the version")
  .helpOption("-h, --help", "print this help")
  .helpCommand("help [command]", "print the help of a command")
  .addHelpText(
    "after",
    `
Examples:
  orthonorm study states.safetensors             every 2-D float tensor of a file
  orthonorm study a.safetensors b.safetensors    two models beside each other
  orthonorm study states.safetensors --json -    the same figures as JSON

orthonorm study --help explains the columns.`,
  )
  .showHelpAfterError("Try: orthonorm study --help")
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "orthonorm: ")) })
  .exitOverride();

program
  .command("study")
  .summary("measure the geometry of LayerNorm and RMSNorm on hidden states")
  .description(
    `Measures hidden states against the uniform vector 1 = [1, …, 1], the direction that LayerNorm removes and RMSNorm \
keeps (arXiv 2409.12951), by really running both norms of the engine.

A FILE is .safetensors; every 2-D tensor in it of F32, F64, F16 or BF16 is one site, rows × d. Without FILE, in a \
checkout of the repository, the project's own two models are measured: twins that differ only in the norm.`,
  )
  .argument("[FILE...]", "hidden states, .safetensors")
  .option("--json <FILE>", "write the figures as JSON to FILE; - prints them instead of the table")
  .addOption(new Option("--eps <N>", "the eps of both norms").argParser(parseEps).default(1e-5, "1e-5"))
  .option("--no-color", "no colour (also: NO_COLOR=1, or output that is not a terminal)")
  .addHelpText(
    "after",
    `
Columns:
  angle θ        to the uniform vector 1: mean and sd over the rows
  |90°−θ|        how far that is from orthogonal, mean
  chance         the same for random directions of that d: 0.80 of the sd of
                 their angle, which is 57.3°/√d
  d·cos²θ        the share of the uniform direction: 1 is chance, 0 is none
  norm           ‖x‖, median
  LN−RMS         ‖RMSNorm(x) − LN(x)‖/√d, in per cent: what it changes to put
                 one norm in the other's place
  engine error   largest |Δ|/max(1, |y|) of both norms against an f64 reference

Examples:
  orthonorm study                          the twins, in a checkout
  orthonorm study states.safetensors       your own states
  orthonorm study *.safetensors --eps 1e-6 --json figures.json

Exit status:
  0 measured, 1 a file cannot be read, measured or written,
  2 a wrong command line, 130 stopped by Ctrl-C`,
  )
  .action(runStudy);

async function runStudy(files: string[], { json, eps, color }: Options): Promise<void> {
  const own = files.length === 0;
  if (own && !twins.every((file) => existsSync(file))) {
    throw new StudyFailure(
      "expected at least one FILE (.safetensors), got none (the project's own states are in a checkout of its repository only)\n\n" +
        "Usage: orthonorm study FILE… [--json FILE] [--eps N]\nTry:   orthonorm study --help",
      2,
    );
  }
  const paths = own ? twins : files;
  const target = json === undefined || json === "-" ? null : await prepareTarget(json, paths);

  const progress = new Progress(process.stderr);
  const stop = () => {
    progress.clear();
    process.exit(130);
  };
  process.once("SIGINT", stop);
  try {
    const result = await study(paths, {
      eps,
      nameOf: own ? (file) => relative(root, file).replaceAll("\\", "/") : undefined,
      withSpeed: json !== "-",
      progress: (what, share) => progress.update(printable(what), share),
    });
    progress.clear();
    if (json === "-") process.stdout.write(toJson(result));
    else process.stdout.write(render(result, lookFor(process.stdout, process.env, color)));
    if (target !== null) writeWhole(json as string, target, toJson(result));
    if (result.speed !== null && result.speed.microseconds === null) {
      throw new StudyFailure("expected engine and plain JavaScript to agree within 1e-5, got the difference above");
    }
  } finally {
    progress.clear();
    process.off("SIGINT", stop);
  }
}

function parseEps(text: string): number {
  const eps = Number(text);
  if (text.trim() === "" || !Number.isFinite(eps) || eps < 0) {
    throw new InvalidArgumentError("Expected a finite number, zero or more.");
  }
  return eps;
}

function version(): string {
  return JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version;
}

/** Runs the command line and gives the exit status; throws what is not the user's to mend. */
async function main(): Promise<number> {
  try {
    if (process.argv.length > 2) await program.parseAsync();
    else program.outputHelp();
    return 0;
  } catch (error) {
    // Commander has printed its own; its status for a wrong command line is 1, which here means a file.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof StudyFailure)) throw error;
    process.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
}

// A reader that has seen enough (| head) closes the pipe: that is no failure, and the JSON file is still to be written.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

process.exitCode = await main();
