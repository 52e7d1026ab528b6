// docs/api is what the docstrings give.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

it("npm run api would change nothing", async () => {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const args = ["--import", "tsx", "scripts/api/write.ts", "--check"];
  const said = await promisify(execFile)(process.execPath, args, { cwd: root }).then(
    () => "",
    ({ stdout, stderr }: { stdout: string; stderr: string }) => stdout + stderr,
  );
  expect(said).toBe("");
});
