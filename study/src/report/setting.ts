import type { Report } from "../types.js";

/** The eps of all sites in a few words: "1e-5"; "1e-6 to 1e-5, as the files tell" where norms differ. */
export function epsOf({ eps, groups }: Report): string {
  const each = groups.flatMap(({ sites }) => sites.map((site) => site.eps));
  const [least, most] = each.length === 0 ? [eps, eps] : [Math.min(...each), Math.max(...each)];
  return least === most ? short(least) : `${short(least)} to ${short(most)}, as the files tell`;
}

function short(eps: number): string {
  return eps === 0 || (eps >= 1e-3 && eps < 1e3) ? String(eps) : eps.toExponential();
}
