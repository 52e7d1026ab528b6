/** The tokenizer.json of a hub. */
import { Tokenizer as HubTokenizer } from "@huggingface/tokenizers";
import { expected } from "../error.js";
import type { Decoder, Tokenizer } from "./tokenizer.js";

/** What takes the place of bytes that are no character, or not yet. */
const replacement = "\ufffd";

/**
 * @param json tokenizer.json
 * @param settings tokenizer_config.json; {} where there is none
 * @param ends the tokens that end a text, as config.json has them
 */
export function hubTokenizer(json: object, settings: object, ends: Iterable<number>, where: string): Tokenizer {
  let tokenizer: HubTokenizer;
  try {
    tokenizer = new HubTokenizer(json, settings);
  } catch (error) {
    throw expected(where, "a tokenizer of Hugging Face's", (error as Error).message);
  }
  return {
    encode(text) {
      const ids: number[] = tokenizer.encode(text).ids;
      if (ids.length === 0) throw expected(where, "a text with tokens", "none");
      const unknown = ids.findIndex((id) => !Number.isSafeInteger(id));
      if (unknown < 0) return ids;
      throw expected(
        where,
        "a text of tokens that the tokenizer has a number for",
        `none for its token ${unknown + 1}`,
      );
    },
    decoder: () => decoder(tokenizer),
    begins: beginsOf(tokenizer),
    ends: new Set(ends),
  };
}

/** What stands before the tokens of a text, found on one that every tokenizer has tokens for. */
function beginsOf(tokenizer: HubTokenizer): number[] {
  const marked: number[] = tokenizer.encode("a").ids;
  const [first] = tokenizer.encode("a", { add_special_tokens: false }).ids;
  return marked.slice(0, Math.max(0, marked.indexOf(first)));
}

/** A token may be part of a character, and the text of a token depends on those before it: so a text is decoded up to a white space. */
function decoder(tokenizer: HubTokenizer): Decoder {
  let ids: number[] = [];
  let said = "";
  const textOf = () => tokenizer.decode(ids, { skip_special_tokens: true, clean_up_tokenization_spaces: false });
  return {
    push(token) {
      ids.push(token);
      const text = textOf();
      if (text.endsWith(replacement)) return "";
      const added = text.slice(said.length);
      said = text;
      // The last token stays, for the first one of a text loses its space in some tokenizers.
      if (ids.length > 64) {
        ids = ids.slice(-1);
        said = textOf();
      }
      return added;
    },
    end: () => textOf().slice(said.length),
  };
}
