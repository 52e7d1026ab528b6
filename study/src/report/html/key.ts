/** The key numbers: a column per model and one for chance, a line per quantity. Each is the median over the sites, and the range. */
import { counted } from "@orthonorm/files";
import { median } from "../../median.js";
import { decimalsFor, fixed, range } from "../../text.js";
import type { Group, Report, Sample, Site } from "../../types.js";
import { chanceSwap } from "../charts/samples.js";
import { nothing } from "./tables.js";

export interface KeyNumber {
  name: string;
  unit: string;
  values: { middle: string; range: string }[];
  chance: string;
}

export function keyNumbers({ groups }: Report): KeyNumber[] {
  const quantity = (
    name: string,
    unit: string,
    of: (site: Site) => number | null | undefined,
    chance: (site: Site) => number | null,
    decimals?: number,
  ): KeyNumber[] => {
    const columns = groups.map(({ sites }) => valuesOf(sites, of));
    const all = columns.flat();
    if (all.length === 0) return [];
    const places = decimals ?? decimalsFor(all, 3, 0, 4);
    const chances = valuesOf(
      groups.flatMap(({ sites }) => sites),
      chance,
    );
    return [
      {
        name,
        unit,
        values: columns.map((values) =>
          values.length === 0
            ? { middle: nothing, range: "" }
            : { middle: fixed(median(values), places), range: values.length > 1 ? range(values, places) : "" },
        ),
        chance: chances.length === 0 ? nothing : range(chances, places),
      },
    ];
  };
  const sampled = (of: (sample: Sample) => number | undefined) => (site: Site) => site.sample && of(site.sample);
  const telling = (of: (site: Site) => number) => (site: Site) => (site.centred ? null : of(site));
  const none = () => null;
  return [
    ...quantity(
      "Distance from orthogonal, mean |90° − θ|",
      "°",
      telling(({ ordinary }) => ordinary.deviation.mean),
      (site) => site.null.deviation,
      2,
    ),
    ...quantity(
      "Uniform component, d·cos²θ",
      "",
      telling(({ ordinary }) => ordinary.dCos2.mean),
      () => 1,
      2,
    ),
    ...quantity(
      "‖x‖² in the mean, cos²θ",
      "%",
      telling(({ ordinary, cols }) => (100 * ordinary.dCos2.mean) / cols),
      ({ cols }) => 100 / cols,
    ),
    ...quantity(
      "RMSNorm for LayerNorm changes",
      "%",
      sampled(({ swap }) => 100 * swap.mean),
      chanceSwap,
    ),
    ...quantity("Norm before, median", "", ({ ordinary }) => ordinary.norm.median, none),
    ...quantity(
      "Standardization turns by, median",
      "°",
      ({ ordinary }) => ordinary.rotation.standardization.median,
      none,
      2,
    ),
    ...quantity("Weight and bias turn by, median", "°", ({ ordinary }) => ordinary.rotation.affine?.median, none, 2),
    ...quantity(
      "Scale and shift recover after LayerNorm, R² in-sample",
      "",
      sampled(({ recovered }) => recovered?.layerNorm),
      none,
      3,
    ),
  ];
}

function valuesOf(sites: readonly Site[], of: (site: Site) => number | null | undefined): number[] {
  return sites.filter(({ ordinary }) => ordinary.rows > 0).flatMap((site) => of(site) ?? []);
}

/** A count with its thousands separated: "1 181 688". */
export function grouped(count: number): string {
  return count.toLocaleString("en").replaceAll(",", "\u202f");
}

/** How much was measured of a group: "9 sites of 256 rows", "d = 128". */
export function extentOf({ sites }: Group): string[] {
  const spanned = (counts: readonly number[]) => {
    const [low, high] = [Math.min(...counts), Math.max(...counts)];
    return low === high ? grouped(low) : `${grouped(low)}–${grouped(high)}`;
  };
  return [
    `${counted(sites.length, "site")} of ${spanned(sites.map(({ read }) => read))} rows`,
    `d = ${spanned(sites.map(({ cols }) => cols))}`,
  ];
}
