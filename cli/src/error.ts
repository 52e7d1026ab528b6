import { FileError } from "@orthonorm/files";
import { ModelError } from "@orthonorm/models";
import { OnnxError } from "@orthonorm/onnx";
import { OptionError, StudyError } from "@orthonorm/study";

/** A fault that the user can mend: one line, no stack trace. Anything else that is thrown is a bug and keeps its trace. */
export class CommandError extends Error {
  override readonly name = "CommandError";

  constructor(
    message: string,
    /** What the command exits with: 1 where a file or the machine is at fault, 2 where the command line is. */
    readonly status: 1 | 2 = 1,
  ) {
    super(message);
  }
}

/** The exit status of a fault that the user can mend; null of a bug. */
export function statusOf(error: unknown): 1 | 2 | null {
  if (error instanceof CommandError) return error.status;
  if (error instanceof OptionError) return 2;
  return [StudyError, FileError, OnnxError, ModelError].some((kind) => error instanceof kind) ? 1 : null;
}
