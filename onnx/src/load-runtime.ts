/** onnxruntime is no dependency: it is larger than all of this package, and asked for where a model is run. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { OnnxError } from "./error.js";
import type { Runtime } from "./runtime.js";

/**
 * onnxruntime-node, or else onnxruntime-web: as a package beside this one, or as one of the folder that the command runs in.
 *
 * @throws OnnxError that says how to install it
 */
export async function loadRuntime(): Promise<Runtime> {
  for (const name of ["onnxruntime-node", "onnxruntime-web"]) {
    const found = (await importHere(name)) ?? (await importFrom(process.cwd(), name));
    if (found !== null) return { name, InferenceSession: found.InferenceSession, Tensor: found.Tensor };
  }
  throw new OnnxError(
    "expected onnxruntime-node to run the model, got none: npm install onnxruntime-node --onnxruntime-node-install=skip (without skip it also downloads CUDA libraries on Linux)",
  );
}

async function importHere(name: string): Promise<Runtime | null> {
  try {
    return unwrapped(await import(name));
  } catch (error) {
    return absent(error);
  }
}

async function importFrom(folder: string, name: string): Promise<Runtime | null> {
  try {
    const path = createRequire(join(folder, "package.json")).resolve(name);
    return unwrapped(await import(pathToFileURL(path).href));
  } catch (error) {
    return absent(error);
  }
}

/** onnxruntime-node is CommonJS. */
function unwrapped(module: Runtime & { default?: Runtime }): Runtime {
  return module.InferenceSession === undefined && module.default !== undefined ? module.default : module;
}

function absent(error: unknown): null {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") return null;
  throw error;
}
