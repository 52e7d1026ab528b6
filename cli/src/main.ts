/** The command line of Orthonorm: `orthonorm study [FILE…]`, `orthonorm merge FILE…`, `orthonorm capture MODEL.onnx`,
 * `orthonorm run MODEL`, `orthonorm convert MODEL -o OUT`, `orthonorm verify A B --text FILE`. */
import { systemReason } from "@orthonorm/files/node";
import { Command, CommanderError } from "commander";
import { captureCommand } from "./commands/capture.js";
import { convertCommand } from "./commands/convert.js";
import { mergeCommand } from "./commands/merge.js";
import { runCommand } from "./commands/run.js";
import { studyCommand } from "./commands/study.js";
import { verifyCommand } from "./commands/verify.js";
import { statusOf } from "./error.js";
import { countOptions } from "./options.js";
import { version } from "./package.js";

const program = new Command("orthonorm")
  .description("LayerNorm, RMSNorm and projections on WebAssembly SIMD: what they do to your hidden states.")
  .version(version(), "-v, --version", "print the version")
  .helpOption("-h, --help", "print this help")
  .helpCommand("help [command]", "print the help of a command")
  .addHelpText(
    "after",
    `
Examples:
  orthonorm study states.safetensors                  every float tensor of a file
  orthonorm study states.npz --html report.html       a page with figures too
  orthonorm study a.safetensors b.safetensors         two models beside each other
  orthonorm merge part-1.json part-2.json             parts that study --save wrote
  orthonorm capture model.onnx --inputs inputs.npz    what goes into a model's norms
  orthonorm run MODEL --prompt "Once upon"            the text of a language model
  orthonorm convert MODEL -o OUT                      the same model with RMSNorm
  orthonorm verify MODEL OUT --text book.txt          that it is the same

orthonorm study --help explains the columns.`,
  )
  .showHelpAfterError("Try: orthonorm study --help")
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "orthonorm: ")) })
  .exitOverride();

for (const command of [
  studyCommand(),
  mergeCommand(),
  captureCommand(),
  runCommand(),
  convertCommand(),
  verifyCommand(),
]) {
  program.addCommand(
    countOptions(command).copyInheritedSettings(program).showHelpAfterError(`Try: orthonorm ${command.name()} --help`),
  );
}

let running = program.name();

/** Runs the command line and gives its exit status. What the user cannot mend is thrown on. */
async function main(): Promise<number> {
  program.hook("preAction", (_, command) => {
    running = command.name();
  });
  try {
    if (process.argv.length > 2) await program.parseAsync();
    else program.outputHelp();
    return Number(process.exitCode ?? 0);
  } catch (error) {
    // Commander has printed its own message. Its status for a wrong command line is 1, which here means that of a file.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const status = statusOf(error);
    if (status === null) throw error;
    process.stderr.write(`${running}: ${(error as Error).message}\n`);
    return status;
  }
}

// A reader that has seen enough (| head) closes the pipe: that is no failure, and the other files are still to be written.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") return;
  process.stderr.write(`${running}: standard output expected to be written, got ${systemReason(error)}\n`);
  process.exit(1);
});

process.exitCode = await main();
