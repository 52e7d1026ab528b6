/** Files of tensors, wherever their bytes come from. Everything here runs in Node and in a browser; node.ts has the rest. */
export { blobFolder, openBlob } from "./blob.js";
export { breathing } from "./breathing.js";
export type { Container, StoredTensor, TensorReader } from "./container.js";
export { type ArrayDType, arrayOf, bitsOf, hasArray, type TensorArray } from "./dtype.js";
export { EndsEarly, FileError } from "./error.js";
export { type Folder, openWeights, weightFiles } from "./folder.js";
export { WrongFormat } from "./formats.js";
export { readAll, readJsonObject, textIn } from "./json.js";
export { type OpenOptions, openContainer } from "./open.js";
export { type ReadTensor, readStored } from "./read-stored.js";
export { readTensor } from "./read-tensor.js";
export { openIndex, type Sharded } from "./shards.js";
export type { Source } from "./source.js";
export { counted, listed, naturally, printable } from "./text.js";
export {
  checkTensors,
  type GivenTensor,
  type Metadata,
  type SizedTensor,
  safetensorsBytes,
} from "./write-safetensors.js";
