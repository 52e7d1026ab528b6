import { listed, printable } from "@orthonorm/files";
import type { Report } from "../types.js";

/** A note on the sites with a weight and no bias, in a model of which others have both. */
export function withoutBias({ groups }: Report): string[] {
  const names = groups.flatMap(({ label, sites }) => {
    if (!sites.some(({ affine }) => affine !== null && affine.bias !== null)) return [];
    const lacking = sites.filter(({ affine }) => affine !== null && affine.bias === null);
    return lacking.map(({ site }) => printable(groups.length > 1 ? `${label} ${site}` : site));
  });
  if (names.length === 0) return [];
  return [`Measured with scale and without shift, for the weights have no bias of that name: ${listed(names)}.`];
}
