/** Text as a model's tokens, and back. */
export interface Tokenizer {
  /** The tokens of a text, begun as the model's texts begin. */
  encode(text: string): number[];
  /** The text of tokens that a model said, one after another: what is certain of it so far. */
  decoder(): Decoder;
  /** The tokens with which `encode` begins every text; none where a text begins anywhere. */
  readonly begins: readonly number[];
  /** Tokens that end a text. */
  readonly ends: ReadonlySet<number>;
}

export interface Decoder {
  /** What a token adds to the text; "" where it takes more tokens to tell. */
  push(token: number): string;
  /** What is left where no more come. */
  end(): string;
}
