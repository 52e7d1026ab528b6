/**
 * Turns a text of kernels back into their bytes, where it lies: bindings/engine/wasm-text.ts says how they are written. At 0 are
 * 128 numbers of 16 bits, one for each character: the byte that it stands for; or for a prefix, whose byte is in the table of the
 * character after it, ~(where that table begins).
 *
 * @returns the end of the bytes, which begin where the text did
 */
export function decode(text: usize, end: usize): usize {
  let to = text;
  for (let from = text; from < end; from++, to++) {
    const code = <i32>load<i16>(<usize>load<u8>(from) << 1);
    store<u8>(to, code < 0 ? load<u8>(<usize>~code + <usize>load<u8>(++from)) : <u8>code);
  }
  return to;
}
