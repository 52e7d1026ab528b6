/**
 * The depth of a site in its model, read off its name: "h.3.ln_2" is the norm of kind "ln_2" of layer 3. Where norms of two kinds
 * alternate along the depth, a line through both would zigzag. So each kind is a series of its own. Sites whose names have no layer
 * are not in the order of a depth, as far as anyone knows: no line joins them.
 */
import { printable } from "@orthonorm/files";
import { shorten } from "../../text.js";
import type { Group, Site } from "../../types.js";
import { labelsApart } from "./labels.js";

export interface Place {
  site: Site;
  /** The number of the site in its group, from 0 on. */
  index: number;
  layer: number | null;
  kind: string;
}

/** Sites of one kind. `kind` is empty where the group has one kind only. */
export interface Run {
  kind: string;
  places: Place[];
  /** Whether they are layers in their order, which a line may join. */
  joined: boolean;
}

/** What a layer's number follows in a name: "h.3", "layers.3", "block_3", "hidden_states[3]", "LayerNormalization_3". */
const layerWord =
  /(?:^|[^a-z])(?:h|blk|(?:res)?blocks?|layers?|layernorm(?:alization)?|encoders?|decoders?|stages?|(?:hidden_)?states?)[^a-z\d]*$/i;

/** There are so many symbols to tell kinds apart. Groups with more kinds are drawn as if they had one. */
const mostKinds = 4;

export function placesOf({ sites }: Group): Place[] {
  const numbers = sites.map(({ site }) => site.match(/\d{1,6}/g) ?? []);
  const most = Math.max(0, ...numbers.map((found) => found.length));
  // The layer is the first number that is not the same in every name that has it.
  let at = 0;
  while (at < most && new Set(numbers.flatMap((found) => found[at] ?? [])).size < 2) at++;
  return sites.map((site, index) => {
    const digits = numbers[index][at];
    let seen = 0;
    const template = site.site.replace(/\d{1,6}/g, (number) => (seen++ === at ? "#" : number));
    if (digits === undefined || !layerWord.test(template.slice(0, template.indexOf("#")))) {
      return { site, index, layer: null, kind: site.site };
    }
    return { site, index, layer: Number(digits), kind: template };
  });
}

/** The group's runs, without sites that have no ordinary row to draw. */
export function runsOf(group: Group): Run[] {
  const places = placesOf(group);
  const kinds = new Map<string, Place[]>();
  for (const place of places) kinds.set(place.kind, [...(kinds.get(place.kind) ?? []), place]);
  const repeated = [...kinds.values()].filter((of) => of.length > 1);
  const several = repeated.length > 1 && repeated.length <= mostKinds;
  const parts = several
    ? [...kinds].map(([kind, of]) => ({ kind: of.length > 1 ? kindLabel(kind) : "", places: of }))
    : [places.filter(({ layer }) => layer !== null), places.filter(({ layer }) => layer === null)].map((of) => ({
        kind: "",
        places: of,
      }));
  return parts
    .map(({ kind, places: of }) => {
      const drawn = of.filter(({ site }) => site.ordinary.rows > 0);
      const layers = new Set(drawn.map(({ layer }) => layer));
      return { kind, places: drawn, joined: !layers.has(null) && layers.size === drawn.length && drawn.length > 1 };
    })
    .filter(({ places: of }) => of.length > 0);
}

/** How a figure's title goes on: "against depth" only where there is a depth. */
export function against(groups: readonly Group[]): string {
  return groups.flatMap(runsOf).some(({ joined }) => joined) ? "against depth" : "by site";
}

/** The label of a kind: of "h.#.ln_1" it is "ln_1", what follows the layer; where nothing does, what precedes it. */
function kindLabel(template: string): string {
  const [before, after = ""] = template.split("#", 2).map((part) => part.replace(/^[^\p{L}\d]+|[^\p{L}\d]+$/gu, ""));
  return shorten(printable(after || before || template), 16);
}

export interface Depth {
  /** How many sites the longest group has. */
  count: number;
  label: string;
  ticks: number[];
  format: (index: number) => string;
  /** Whether the ticks are names, which need more room than numbers. */
  named: boolean;
}

/** The axis that all groups share: layers, names, or places in the order of the files. */
export function depthOf(groups: readonly Group[], width: number): Depth {
  const count = Math.max(...groups.map(({ sites }) => sites.length));
  const room = Math.max(2, Math.floor(width / 34));
  const names = groups.map(({ sites }) =>
    labelsApart(
      sites.map(({ site }) => site),
      width < 400 ? 9 : 14,
    ),
  );
  const alike = names.every((of) => of.length === count && of.every((name, i) => name === names[0][i]));

  const places = placesOf(groups[0]);
  const starts = places.filter(({ layer, index }) => layer !== null && layer !== places[index - 1]?.layer);
  const rising = starts.every(({ layer }, i) => i === 0 || (layer as number) > (starts[i - 1].layer as number));
  if (alike && starts.length > 1 && rising) {
    const every = step(starts.length, room);
    const layers = starts.filter((_, i) => i % every === 0).map(({ index }) => index);
    // A norm that belongs to no layer, such as the last, is named where there is room.
    const last = places[count - 1];
    const apart = Math.ceil((count / width) * (names[0][count - 1].length * 4 + 14));
    const ticks = last.layer === null ? [...layers.filter((tick) => tick <= last.index - apart), last.index] : layers;
    const format = (index: number) => (places[index].layer === null ? names[0][index] : String(places[index].layer));
    return { count, label: "layer", ticks, format, named: false };
  }
  if (alike && count <= 12 && count <= room) {
    const ticks = Array.from({ length: count }, (_, i) => i);
    return { count, label: "site", ticks, format: (index) => names[0][index], named: count > 1 };
  }
  const every = step(count, room);
  const ticks = Array.from({ length: count }, (_, i) => i).filter((i) => i % every === 0);
  return { count, label: "site, in the order of the files", ticks, format: (index) => String(index + 1), named: false };
}

/** The step n for which every n-th of `count` ticks are no more than `room`. */
function step(count: number, room: number): number {
  return [1, 2, 4, 5, 8, 10, 16, 20, 25, 40, 50, 100, 200, 500, 1000].find((n) => count / n <= room) ?? count;
}
