/** Characters as tokens, by a list of them: the twins' and makemore's. */
import { expected } from "../error.js";
import type { Tokenizer } from "./tokenizer.js";

/**
 * @param vocabulary a JSON array of texts, as the metadata of a file has it. What is in angle brackets begins and ends a text
 * @param where the file's name in messages
 */
export function characterTokenizer(vocabulary: string, where: string): Tokenizer {
  const texts = parse(vocabulary, where);
  const marks = texts.flatMap((text, token) => (/^<.+>$/.test(text) ? [token] : []));
  const tokens = new Map(texts.map((text, token) => [text, token]));
  return {
    encode(text) {
      const ids = Array.from(text, (character) => {
        const token = tokens.get(character);
        if (token !== undefined) return token;
        throw expected(where, "a text of characters that it knows", `"${character}"`);
      });
      // Without a mark a text begins anywhere; the first token stands for the one that there has to be.
      return marks.length > 0 ? [marks[0], ...ids] : ids.length === 0 ? [0] : ids;
    },
    decoder: () => ({ push: (token) => texts[token], end: () => "" }),
    begins: marks.slice(0, 1),
    ends: new Set(marks),
  };
}

function parse(vocabulary: string, where: string): readonly string[] {
  let texts: unknown;
  try {
    texts = JSON.parse(vocabulary);
  } catch {
    texts = null;
  }
  if (Array.isArray(texts) && texts.every((text) => typeof text === "string")) return texts;
  throw expected(where, "metadata vocab, a JSON array of texts", vocabulary.slice(0, 40));
}
