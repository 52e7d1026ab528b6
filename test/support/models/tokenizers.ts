/** Small tokenizers, in the files of those who have large ones. */

/** A tokenizer.json of 29 tokens: the letters, a space, a new line, and a mark at the end of texts. */
export function letters(): object {
  const alphabet = Array.from({ length: 26 }, (_, i) => String.fromCharCode(97 + i));
  const end = "<end>";
  // Bytes as GPT-2 writes them: "Ġ" is a space, "Ċ" a new line.
  const vocab = Object.fromEntries([...alphabet, "Ġ", "Ċ", end].map((token, id) => [token, id]));
  return {
    version: "1.0",
    added_tokens: [{ id: vocab[end], content: end, special: true }],
    normalizer: null,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: { type: "BPE", vocab, merges: [], unk_token: null, fuse_unk: false, byte_fallback: false },
  };
}

/** The tokenizer.bin of llama2.c for the tokens of bytes alone: three marks and 256 bytes. */
export function bytePieces(): { bytes: Uint8Array; count: number } {
  const hex = (byte: number) => byte.toString(16).toUpperCase().padStart(2, "0");
  const pieces = ["<unk>", "\n<s>\n", "\n</s>\n", ...Array.from({ length: 256 }, (_, byte) => `<0x${hex(byte)}>`)];
  const longest = Buffer.alloc(4);
  longest.writeInt32LE(Math.max(...pieces.map(({ length }) => length)));
  const parts = pieces.map((piece) => {
    const head = Buffer.alloc(8);
    head.writeFloatLE(0, 0);
    head.writeInt32LE(piece.length, 4);
    return Buffer.concat([head, Buffer.from(piece)]);
  });
  return { bytes: new Uint8Array(Buffer.concat([longest, ...parts])), count: pieces.length };
}
