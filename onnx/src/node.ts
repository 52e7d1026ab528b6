/** What only Node has: models, inputs and tokenizers on a disk, onnxruntime as it is installed, and captured states as a file. */

export { readArrays } from "./arrays.js";
export { loadRuntime } from "./load-runtime.js";
export { type CapturedFile, captureToFile } from "./save.js";
export { tokenize } from "./text.js";
