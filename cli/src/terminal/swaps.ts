/** What a model's own output changes with RMSNorm in LayerNorm's place, as lines for a terminal. */
import { printable } from "@orthonorm/files";
import type { ModelSwap, SwapEffect } from "@orthonorm/study";

/** A line per norm that was swapped, one for all of them at once, and one per norm that was not. */
export function swapLines({ sites, together, fixed }: ModelSwap): string {
  const reasons = fixed.map(({ site, reason }) => `  ${printable(site)}: not swapped, ${printable(reason)}`);
  const named: [string, SwapEffect][] = [...sites].map(([site, effect]) => [printable(site), effect]);
  if (together !== null && sites.size > 1) named.push(["all at once", together]);
  if (named.length === 0) return ["No LayerNorm to swap.", ...reasons].join("\n");
  const width = Math.max(...named.map(([name]) => name.length));
  const lines = named.map(([name, { relative, agreement, divergence, loss = null }]) => {
    const parts = [`‖Δ‖/‖y‖ ${percent(relative)}`];
    if (agreement !== null) parts.push(`same largest element ${percent(agreement)}`);
    if (divergence !== null) parts.push(`KL ${divergence.toPrecision(3)} nats`);
    if (loss !== null) parts.push(`loss ${loss.before.toFixed(4)} → ${loss.after.toFixed(4)}`);
    return `  ${name.padEnd(width)}  ${parts.join("  ")}`;
  });
  return ["RMSNorm in LayerNorm's place, in the model's output:", ...lines, ...reasons].join("\n");
}

function percent(share: number): string {
  return `${(100 * share).toPrecision(3)} %`;
}
