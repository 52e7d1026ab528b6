import { printable } from "@orthonorm/files";

/**
 * A fault of a model, of its inputs, or of the machine that runs it: one line that says where, what was expected, and what came.
 * The user can act on it. Anything else that is thrown is a fault of the program.
 */
export class OnnxError extends Error {
  override readonly name = "OnnxError";
}

/** @param where the file, or the file and the place in it; names from files are shown as escapes */
export function expected(where: string, what: string, got: string): OnnxError {
  return new OnnxError(`${printable(where)} expected ${what}, got ${got}`);
}
