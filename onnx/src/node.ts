/** What only Node has: models, inputs and tokenizers on a disk, onnxruntime as it is installed, and captured states as a file. */

export { loadRuntime } from "./load-runtime.js";
export { readArrays } from "./read-arrays.js";
export { type CapturedFile, captureToFile } from "./save.js";
export { tokenize } from "./text.js";
