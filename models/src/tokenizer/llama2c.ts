/**
 * The tokenizer.bin of llama2.c: SentencePiece's pieces with their scores, merged pair by pair, the best score first.
 *
 *   i32 longest piece, then per piece: f32 score, i32 length, bytes
 *
 * Source: karpathy/llama2.c, tokenizer.py (export) and run.c (encode, decode).
 */
import { expected } from "../error.js";
import { type Merge, mergePairs } from "./merge.js";
import type { Decoder, Tokenizer } from "./tokenizer.js";

const begin = 1;
const end = 2;

/** The pieces of single bytes follow <unk>, <s> and </s>. */
const firstByte = 3;

/** @param vocabulary how many pieces there are: the file does not say it */
export function llama2cTokenizer(bytes: Uint8Array, vocabulary: number, where: string): Tokenizer {
  const { pieces, scores } = read(bytes, vocabulary, where);
  // Bytes as the characters below 256, so that pieces are texts to a Map.
  const texts = pieces.map(latin);
  const tokens = new Map(texts.map((text, token) => [text, token]));
  return {
    encode(text) {
      const ids: number[] = [];
      if (text === "") return [begin];
      for (const character of ` ${text}`) {
        const encoded = new TextEncoder().encode(character);
        const token = tokens.get(latin(encoded));
        if (token !== undefined) ids.push(token);
        else for (const byte of encoded) ids.push(firstByte + byte);
      }
      return [begin, ...mergePairs(ids, merge)];
    },
    decoder: () => decoder(pieces),
    begins: [begin],
    ends: new Set([begin, end]),
  };

  function merge(left: number, right: number): Merge | null {
    const token = tokens.get(texts[left] + texts[right]);
    return token === undefined ? null : { token, score: scores[token] };
  }
}

function decoder(pieces: readonly Uint8Array[]): Decoder {
  const text = new TextDecoder();
  let first = true;
  return {
    push(token) {
      let piece = pieces[token];
      const byte = /^<0x([0-9A-F]{2})>$/.exec(latin(piece));
      if (byte !== null) piece = Uint8Array.of(Number.parseInt(byte[1], 16));
      // The encoder put a space before the first word, which the decoder takes back.
      else if (first && piece[0] === 0x20) piece = piece.subarray(1);
      first = false;
      return text.decode(piece, { stream: true });
    },
    end: () => text.decode(),
  };
}

function read(bytes: Uint8Array, vocabulary: number, where: string): { pieces: Uint8Array[]; scores: number[] } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pieces: Uint8Array[] = [];
  const scores: number[] = [];
  let at = 4;
  while (pieces.length < vocabulary) {
    const length = at + 8 <= bytes.length ? view.getInt32(at + 4, true) : -1;
    if (length < 0 || at + 8 + length > bytes.length) {
      throw expected(where, `${vocabulary} pieces of a tokenizer.bin of llama2.c`, `${pieces.length}`);
    }
    scores.push(view.getFloat32(at, true));
    pieces.push(bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  if (at !== bytes.length) throw expected(where, `${at} bytes, as its ${vocabulary} pieces take`, `${bytes.length}`);
  return { pieces, scores };
}

function latin(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
