/** A text that a model reads: cut into pieces that it can see at once, and run piece by piece. */
import { breathing } from "@orthonorm/files";
import type { OnNorm } from "./sites.js";
import type { Tokenizer } from "./tokenizer/tokenizer.js";
import type { Transformer } from "./transformer.js";

/** Longer pieces would take more memory, and time that grows with their square. */
const longestPiece = 512;

/** More characters than the tokens of most texts have. */
const charactersPerToken = 16;

/**
 * A text as pieces of tokens, each as long as the model can see, 512 at most, and begun as the model's texts begin.
 *
 * @param most how many tokens there are at most, in all pieces together
 */
export function piecesOf(
  model: Transformer,
  { encode, begins }: Pick<Tokenizer, "encode" | "begins">,
  text: string,
  most = Number.POSITIVE_INFINITY,
): number[][] {
  const longest = Math.min(longestPiece, model.settings.positions);
  const room = Math.max(1, longest - begins.length);
  const ids = bare(encode, begins, text, most);
  const pieces: number[][] = [];
  for (let from = 0, left = most; from < ids.length && left > 0; from += room) {
    const piece = [...begins, ...ids.slice(from, from + room)].slice(0, left);
    pieces.push(piece);
    left -= piece.length;
  }
  return pieces;
}

/** The tokens of a text, or of so much of it as gives `most` of them, without those with which it begins. */
function bare(encode: Tokenizer["encode"], begins: readonly number[], text: string, most: number): readonly number[] {
  for (let length = most * charactersPerToken; ; length *= 2) {
    const ids = encode(text.slice(0, length));
    const own = begins.every((token, at) => ids[at] === token) ? ids.slice(begins.length) : ids;
    // Where the text was cut its tokens are others: the last ones are not taken.
    if (length >= text.length || own.length > most + begins.length) return own;
  }
}

/** Some tokens of a piece. */
export interface Portion {
  readonly ids: readonly number[];
  /** Whether they are the first ones of their piece. */
  readonly begins: boolean;
  /** Per token the one after it in the piece; null after its last one. */
  readonly next: readonly (number | null)[];
}

/** Pieces in portions, between which timers and signals get their turn. It ends early where the signal stops it. */
export async function* portionsOf(
  model: Transformer,
  pieces: Iterable<readonly number[]>,
  signal?: AbortSignal,
): AsyncGenerator<Portion> {
  const atOnce = tokensAtOnce(model);
  const breathe = breathing();
  for (const piece of pieces) {
    for (let from = 0; from < piece.length; from += atOnce) {
      await breathe();
      if (signal?.aborted) return;
      const ids = piece.slice(from, from + atOnce);
      yield { ids, begins: from === 0, next: ids.map((_, i) => piece[from + i + 1] ?? null) };
    }
  }
}

/** Runs a model on pieces of a text, each from its beginning. Where the signal stops it, it returns early. */
export async function readPieces(
  model: Transformer,
  pieces: Iterable<readonly number[]>,
  onNorm?: OnNorm,
  signal?: AbortSignal,
): Promise<void> {
  let run = model.begin();
  try {
    for await (const { ids, begins } of portionsOf(model, pieces, signal)) {
      if (begins) {
        run.dispose();
        run = model.begin();
      }
      run.forward(ids, { onNorm });
    }
  } finally {
    run.dispose();
  }
}

/**
 * How many tokens go through the model before others get their turn: so many that they take less than a second on one processor,
 * and at least so many that a weight is read for several of them. It depends on the model alone, so that a text gives the same
 * bits each time.
 */
function tokensAtOnce({ settings: { width, inner, layers } }: Transformer): number {
  const products = layers * width * (4 * width + 3 * inner);
  return Math.min(128, Math.max(8, Math.floor(2 ** 33 / products)));
}
