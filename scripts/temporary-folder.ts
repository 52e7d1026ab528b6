import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Works in a folder of its own, which is gone afterwards: after an error and after Ctrl-C too. */
export async function inTemporaryFolder(name: string, work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), `orthonorm-${name}-`));
  const clear = () => rmSync(folder, { recursive: true, force: true });
  process.once("SIGINT", () => {
    clear();
    process.exit(130);
  });
  try {
    await work(folder);
  } finally {
    clear();
  }
}
