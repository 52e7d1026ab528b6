/** Files of tensors, wherever their bytes come from. Everything here runs in Node and in a browser; node.ts has the rest. */
export { openBlob } from "./blob.js";
export type { Container, StoredTensor, TensorReader } from "./container.js";
export { EndsEarly, FileError } from "./error.js";
export { openContainer } from "./open.js";
export type { Source } from "./source.js";
export { counted, listed, naturally, printable } from "./text.js";
