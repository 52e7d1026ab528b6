/**
 * Measures the rows of one tensor with the engine, and adds them to the sums of its site: one pass, block by block. While the
 * engine measures a block, the next is read from the file straight into engine memory of its own. So the largest file needs no
 * more memory than a small one.
 */
import { printable, type StoredTensor, type TensorReader } from "@orthonorm/files";
import type { Engine } from "orthonorm";
import { StudyError } from "../error.js";
import { type Affine, Block, blockRowsOf, Measurer } from "./block.js";
import type { Columns } from "./measures.js";
import type { SiteKey } from "./site.js";
import { type Collected, SiteRows } from "./site-rows.js";

export interface Collecting {
  /** What the file is called in messages. */
  source: string;
  affine: Affine | null;
  /** Per row, 0 where it is padding. One that is shorter than the rows is repeated. */
  mask?: Uint8Array | null;
  /** Is shown the measures of each block's rows, masked ones too. */
  observe?: (columns: Columns, count: number) => void;
  /** Is told the bytes read, block by block. */
  progress: (bytes: number) => void;
  signal?: AbortSignal;
}

/**
 * @returns the site's sums; where the signal stopped it, of the rows read until then
 * @throws StudyError where the file ends early or a row does not fit in memory
 */
export async function collect(
  engine: Engine,
  tensor: StoredTensor,
  key: SiteKey,
  { source, affine, mask = null, observe, progress, signal }: Collecting,
): Promise<Collected> {
  const { cols } = key;
  const rows = tensor.shape.slice(0, -1).reduce((product, size) => product * size, 1);
  const rowBytes = tensor.bytes / rows;
  const blockRows = blockRowsOf(rows, rowBytes);
  const site = new SiteRows(key, rows);

  const blocks: Block[] = [];
  let measurer: Measurer | null = null;
  let reader: TensorReader | null = null;
  try {
    try {
      blocks.push(new Block(engine, tensor.dtype, blockRows, cols));
      if (rows > blockRows) blocks.push(new Block(engine, tensor.dtype, blockRows, cols));
      measurer = new Measurer(engine, tensor.dtype, blockRows, site.sums.terms);
      // Measured once before it is filled, so that the engine's memory does not grow later: growth would detach the memory that
      // a read is filling.
      measurer.measure(blocks[0], blockRows, affine);
    } catch (error) {
      throw unfitFor(source, tensor, cols, error);
    }
    reader = await tensor.open();
    let at = 0;
    const next = () => {
      const count = Math.min(blockRows, rows - at);
      const block = blocks[(at / blockRows) % blocks.length];
      const into = block.bytes(count);
      at += count;
      return { block, count, into, filled: (reader as TensorReader).read(into) };
    };
    let coming: ReturnType<typeof next> | null = next();
    while (coming !== null) {
      const { block, count, into, filled } = coming;
      await filled;
      // What a read writes into memory that has moved is lost, and the figures would be those of other rows.
      if (into.byteLength === 0)
        throw new Error("collect expected engine memory of one size, got growth during a read");
      coming = at < rows && !signal?.aborted ? next() : null;
      // A read that fails before it is awaited would end the process as an unhandled rejection; awaiting it throws all the same.
      coming?.filled.catch(() => {});
      const columns = measurer.measure(block, count, affine);
      observe?.(columns, count);
      site.add(block, columns, count, mask);
      progress(count * rowBytes);
    }
  } finally {
    for (const block of blocks) block.dispose();
    measurer?.dispose();
    await reader?.close();
  }
  return site.finish(engine);
}

function unfitFor(source: string, tensor: StoredTensor, cols: number, error: unknown): unknown {
  // The engine refuses what does not fit in its memory with a RangeError.
  if (!(error instanceof RangeError)) return error;
  return new StudyError(
    `${printable(source)} expected tensor "${printable(tensor.name)}" to have rows that fit in memory, got rows of ${cols} (${error.message})`,
  );
}
