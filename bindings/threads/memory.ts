import { rangeError, verbatim } from "../check.js";
import { LARGEST } from "../memory/arena.js";

const PAGE = 65536;
/** The pages of a new memory. The scratch of 64 threads takes four of them. */
const FIRST_PAGES = 16;
/** The least that a memory may be allowed to grow to. */
export const LEAST_BYTES = FIRST_PAGES * PAGE;
/** The maximum, of which a shared memory must have one, where none is asked for: the first that the system allows. */
const MAXIMA = [LARGEST, 2 ** 31, 2 ** 30, 2 ** 29];

/** A memory for several threads, which may grow to so many bytes. Systems may set aside all of its addresses at once. */
export function createSharedMemory(op: string, maximumBytes: number | undefined): WebAssembly.Memory {
  let refusal: unknown;
  for (const bytes of maximumBytes === undefined ? MAXIMA : [Math.min(maximumBytes, LARGEST)]) {
    try {
      return new WebAssembly.Memory({ initial: FIRST_PAGES, maximum: Math.floor(bytes / PAGE), shared: true });
    } catch (error) {
      refusal = error;
    }
  }
  const expected = "what the system allows a shared memory";
  const got = verbatim(`${maximumBytes ?? MAXIMA[MAXIMA.length - 1]}`);
  throw Object.assign(rangeError(op, "maximumBytes", expected, got), { cause: refusal });
}
