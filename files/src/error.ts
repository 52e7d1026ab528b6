import { printable } from "./text.js";

/**
 * A fault of a file, or of the machine that reads or writes it: one line that says where, what was expected, and what came.
 * The user can act on it. Anything else that is thrown is a fault of the program.
 */
export class FileError extends Error {
  override readonly name: string = "FileError";
}

/**
 * Names and values from files are shown as escapes.
 *
 * @param where the file, or the file and the tensor
 */
export function expected(where: string, what: string, got: string): FileError {
  return new FileError(`${printable(where)} expected ${what}, got ${got}`);
}

/** A source ended before the bytes that were asked for. Whoever reads a tensor from it can say which tensor is cut short. */
export class EndsEarly extends FileError {
  override readonly name = "EndsEarly";

  constructor(
    file: string,
    wanted: number,
    position: number,
    /** How many bytes the source had. */
    readonly end: number,
    why: string,
  ) {
    super(
      `${printable(file)} expected ${wanted} bytes at byte ${position}, got ${Math.max(0, end - position)}: ${why}`,
    );
  }
}
