/** ONNX models, run in the page for what goes into their norms, with one file of inputs that was dropped beside them. */
import { listed, openBlob, printable } from "@orthonorm/files";
import { arraysOf, captureToBlob, describeInputs, normsToCapture, OnnxError, openModel } from "@orthonorm/onnx";
import { isModel } from "./is-model.js";
import type { Order } from "./messages.js";
import { loadRuntime } from "./runtime.js";

type Given = Order["files"][number];

/** As the command's --batch. */
const batch = 16;

export interface Captured {
  states: { from: Blob; name: string }[];
  /** The tensors in these files that are no states. */
  parameters: ReadonlySet<string>;
}

/**
 * All that can be wrong with a model or its inputs is found before onnxruntime is loaded.
 *
 * @throws OnnxError, FileError where a model has no norms, or the inputs are missing or are not what it wants
 */
export async function captureModels(
  files: readonly Given[],
  progress: (what: string, share: number) => void,
): Promise<Captured> {
  const others = files.filter((file) => !isModel(file));
  const ready = [];
  for (const file of files.filter(isModel)) {
    const open = await openModel(openBlob(file.from as Blob, file.name));
    normsToCapture(open);
    if (others.length !== 1) {
      const got = others.length === 0 ? "none" : listed(others.map(({ name }) => printable(name)));
      throw new OnnxError(
        `${printable(file.name)} expected one file of its inputs beside it (${listed(describeInputs(open))}), got ${got}`,
      );
    }
    ready.push({ open, arrays: await arraysOf(open, openBlob(others[0].from as Blob, others[0].name)) });
  }
  progress("Loading onnxruntime", 0);
  const runtime = await loadRuntime();
  const states: Captured["states"] = [];
  const parameters = new Set<string>();
  for (const { open, arrays } of ready) {
    const { blob, norms } = await captureToBlob(runtime, open, [arrays], { batch, progress });
    states.push({ from: blob, name: open.name });
    for (const { name } of norms) for (const end of ["weight", "bias"]) parameters.add(`${name}.${end}`);
  }
  return { states, parameters };
}
