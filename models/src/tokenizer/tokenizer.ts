/** Text as a model's tokens, and back. */
export interface Tokenizer {
  /** The tokens of a text, begun as the model's texts begin. */
  encode(text: string): number[];
  /** The text of tokens that a model said, one after another: what is certain of it so far. */
  decoder(): Decoder;
  /** Tokens that end a text. */
  readonly ends: ReadonlySet<number>;
}

export interface Decoder {
  /** What a token adds to the text; "" where it takes more tokens to tell. */
  push(token: number): string;
  /** What is left where no more come. */
  end(): string;
}
