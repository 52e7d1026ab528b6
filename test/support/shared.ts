import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../../shared/data/reference", import.meta.url));

/** Material that may be read but not copied, beside the repository; null where it is absent. */
export const sharedReference: string | null = existsSync(folder) ? folder : null;
