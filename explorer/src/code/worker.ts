/** Evaluates a snippet's module, which then is over: each run has a worker of its own. */
const modules: Record<string, () => Promise<unknown>> = {
  geometry: () => import("./snippets/geometry.js"),
  swap: () => import("./snippets/swap.js"),
  states: () => import("./snippets/states.js"),
  machine: () => import("./snippets/machine.js"),
};

console.log = (...values: unknown[]) => postMessage({ line: values.map((value) => shown(value)).join(" ") });

addEventListener("message", async ({ data }: MessageEvent<string>) => {
  try {
    await modules[data]();
    postMessage({ end: true });
  } catch (error) {
    postMessage({ error: String(error) });
  }
});

function shown(value: unknown): string {
  if (typeof value === "number") return String(Number(value.toPrecision(5)));
  if (ArrayBuffer.isView(value)) return `[${Array.from(value as Float32Array, shown).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const lines = Object.entries(value).map(([name, part]) => `${name}: ${shown(part)}`);
    return lines.join("\n");
  }
  return String(value);
}
