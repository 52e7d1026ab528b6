import { printable } from "@orthonorm/files";

/**
 * A fault of a model's files: one line that says where, what was expected, and what came. The user can act on it. Anything else
 * that is thrown is a fault of the program.
 */
export class ModelError extends Error {
  override readonly name = "ModelError";
}

/** @param where the file, or the file and the place in it; names from files are shown as escapes */
export function expected(where: string, what: string, got: string): ModelError {
  return new ModelError(`${printable(where)} expected ${printable(what)}, got ${printable(got)}`);
}
