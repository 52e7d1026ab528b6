/** Which rows count: a padding mask, [batch, seq], for all sites that it fits. */
import { type Container, listed, printable, readTensor } from "@orthonorm/files";
import { OptionError } from "./error.js";

export interface Mask {
  /** What it is called in messages. */
  name: string;
  shape: readonly number[];
  /** Per position, 1 where the row counts and 0 where it is padding. */
  keep: Uint8Array;
}

/**
 * Reads a mask: a tensor of any element type, where 0 is padding and all above it counts. A mask that is added to attention scores has
 * it the other way round, 0 and large negative numbers, and is refused.
 *
 * @param tensor its name; null where the file has one tensor only
 * @throws OptionError where there is none, it is ambiguous, or it has a negative number or NaN
 */
export async function readMask(file: Container, tensor: string | null): Promise<Mask> {
  const { tensors, source } = file;
  const names = tensors.map(({ name }) => printable(name));
  if (tensor === null && tensors.length !== 1) {
    throw new OptionError(
      `--mask ${printable(source.name)} expected a file of one tensor, or FILE:TENSOR, got ${listed(names) || "none"}`,
    );
  }
  const { dtype, shape, data } = await readTensor(file, tensor ?? tensors[0].name);
  const name = tensor === null ? source.name : `${source.name}:${tensor}`;
  // Halves are their bits, and the sign of a zero is one of them.
  const infinity = { F16: 0x7c00, BF16: 0x7f80 }[dtype as string];
  const keep = Uint8Array.from(data as ArrayLike<number | bigint>, (value) => {
    const number = Number(value);
    const size = infinity === undefined ? number : number & 0x7fff;
    const fit = infinity === undefined ? number >= 0 : size <= infinity && (size === 0 || size === number);
    if (!fit) {
      const got = infinity === undefined && number < 0 ? String(number) : "a negative number or NaN";
      throw new OptionError(
        `--mask ${printable(name)} expected 0 for padding and 1 elsewhere, got ${got} (one that is added to attention scores has 0 where a row counts)`,
      );
    }
    return size === 0 ? 0 : 1;
  });
  return { name, shape, keep };
}

/**
 * Whether a site's rows have the mask's shape: all dimensions but the last, or the last of them, so that a mask of [batch, seq] serves
 * each layer of [layers, batch, seq, d]; or as many rows without shape, [batch·seq, d].
 */
export function fits({ shape, keep }: Mask, site: readonly number[]): boolean {
  const rows = site.slice(0, -1);
  if (rows.length === 1 && rows[0] === keep.length) return true;
  const last = rows.slice(-shape.length);
  return keep.length > 0 && last.length === shape.length && last.every((size, at) => size === shape[at]);
}

/** The mask of states of this shape, which are the first of those that the whole mask is for. */
export function firstOfMask(mask: Mask, site: readonly number[]): Mask {
  const { shape, keep } = mask;
  const [count] = site;
  const cut = shape.length === site.length - 1 && count < shape[0];
  if (!cut) return mask;
  return { ...mask, shape: [count, ...shape.slice(1)], keep: keep.subarray(0, (keep.length / shape[0]) * count) };
}

/** What is said where the mask fits no site. */
export function misfit(
  { name, shape }: Mask,
  sites: readonly { name: string; shape: readonly number[] }[],
): OptionError {
  const got = sites.map((site) => `${printable(site.name)} [${site.shape.join(", ")}]`);
  return new OptionError(
    `--mask ${printable(name)} expected states of [${[...shape, "d"].join(", ")}], got ${listed(got, 3)}`,
  );
}
