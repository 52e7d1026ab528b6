/** What the explorer measures of its own samples. */
import { readFileSync } from "node:fs";
import { openBlob } from "@orthonorm/files";
import { type Report, studySources } from "@orthonorm/study";

export function twinsReport(): Promise<Report> {
  const sources = ["ln", "rms"].map((name) => {
    const file = new URL(`../../study/data/twins/${name}/states.safetensors`, import.meta.url);
    return openBlob(new Blob([readFileSync(file)]), `${name}/states.safetensors`);
  });
  return studySources(sources, { withSpeed: false });
}
