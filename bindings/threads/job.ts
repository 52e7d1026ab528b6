// A job as it lies in the shared memory, for the caller and the workers alike: one call of a kernel, cut into pieces of its rows.
// Whoever takes a piece makes the call for the rows of that piece.

/** The most arguments that a kernel has. */
const MOST = 16;

// Where things lie: words by their number among the i32 of the memory, numbers among its f64. The caller's scratch is before them.

const START = 2048;

/**
 * The number of the job's kernel times 65536, plus how many pieces nobody has taken yet. Whoever takes one lowers this word by
 * compare-and-swap. Because both are one word, a worker that wakes late cannot take a piece of a job whose kernel it has
 * not looked at; and because the job is read after the piece was taken, it is the job that the piece belongs to.
 */
export const TICKET = START / 4;
/** How many pieces the workers have done. Each word that other threads wait for has a cache line. */
export const DONE = TICKET + 16;
/** The worker in which a piece failed, counted from 1; else 0. */
export const FAILED = DONE + 1;
/** Rises with each job. Workers without work sleep on it. */
export const BELL = DONE + 16;

const ROWS = BELL + 16;
const ROWS_PER_PIECE = ROWS + 1;
/** How many arguments the kernel has, and which of them is the number of rows. */
const COUNT = ROWS + 2;
const ROWS_AT = ROWS + 3;
/** Is the whole job beyond cache? */
const BEYOND_CACHE = ROWS + 4;
/** The arguments for the first row, and by how much each of them rises from a row to the next. */
const ARGUMENTS = START / 8 + 32;
const STEPS = ARGUMENTS + MOST;

/** The address of a thread's scratch: the caller's is the memory's first, a worker's (from 1 on) follows the job. */
export const scratchOf = (thread: number): number => 4096 * thread;

/** Where in its scratch an instance is told that its rows are part of a job beyond cache: `part` in assembly/scratch.ts. */
const PART = 1980;

/** The most pieces of a job: what the ticket has room for. */
export const MOST_PIECES = 0xffff;

export type RowKernel = (...args: number[]) => number | undefined;

/** The job, as one thread sees it. */
export class Job {
  readonly words: Int32Array;
  private readonly numbers: Float64Array;
  private readonly part: number;
  /** Those of the piece at hand. */
  private readonly args: number[] = [];

  constructor(buffer: ArrayBufferLike, thread: number) {
    // views of a shared memory stay as they are when it grows, and all that they are for lies in its first page
    this.words = new Int32Array(buffer);
    this.numbers = new Float64Array(buffer);
    this.part = (scratchOf(thread) + PART) / 4;
  }

  /** Writes a call down, which the ticket then publishes. */
  write(args: readonly number[], steps: readonly number[], rowsAt: number, each: number, beyondCache: boolean): void {
    const { words, numbers } = this;
    words[ROWS] = args[rowsAt];
    words[ROWS_PER_PIECE] = each;
    words[COUNT] = args.length;
    words[ROWS_AT] = rowsAt;
    words[BEYOND_CACHE] = beyondCache ? 1 : 0;
    for (let i = 0; i < args.length; i++) {
      numbers[ARGUMENTS + i] = args[i];
      numbers[STEPS + i] = steps[i];
    }
  }

  /** Takes a piece, if one is left and the job has this kernel: its number, else 0. Piece 0 is the caller's. */
  take(kernel: number): number {
    const { words } = this;
    for (let ticket = Atomics.load(words, TICKET); ticket >> 16 === kernel && (ticket & 0xffff) !== 0; ) {
      const seen = Atomics.compareExchange(words, TICKET, ticket, ticket - 1);
      if (seen === ticket) return ticket & 0xffff;
      ticket = seen;
    }
    return 0;
  }

  /** Makes the call for the rows of a piece. */
  run(kernel: RowKernel, piece: number): number | undefined {
    const { words, numbers, args, part } = this;
    const each = words[ROWS_PER_PIECE];
    const first = piece * each;
    args.length = words[COUNT];
    for (let i = 0; i < args.length; i++) args[i] = numbers[ARGUMENTS + i] + first * numbers[STEPS + i];
    args[words[ROWS_AT]] = Math.min(each, words[ROWS] - first);
    words[part] = words[BEYOND_CACHE];
    return kernel(...args);
  }

  /** Leaves this thread's scratch as calls of whole jobs need it. */
  end(): void {
    this.words[this.part] = 0;
  }
}
