/** A study as sums that merge: what --save writes, what merge reads, and the figures that follow from them. */
import { listed, naturally, printable } from "@orthonorm/files";
import { StudyError } from "./error.js";
import { SiteSums } from "./measure/site.js";
import { asNumber, asObject } from "./summary/saved.js";
import type { Group, ModelSwap, Norm, Report, Site, Skipped, SourceFile, Speed, SwapEffect } from "./types.js";

interface Head {
  version: string;
  variant: string;
  eps: number;
}

/** What a saved study begins with. The number changes when the meaning of the sums does. */
const format = { orthonormStudy: 5 };

export class GroupSums {
  readonly sites = new Map<string, SiteSums>();
  /** The figures of sites whose sums are not needed any more, and whether one of those has a repeated row. */
  private readonly settled: Site[] = [];
  private settledRepeated = false;
  /** It belongs to one run of the model, so it is neither saved nor merged. */
  swap: ModelSwap | null = null;
  /** Whether it was there in the run that this is of, or that a part of it is of. */
  swapLeftOut = false;

  /**
   * @param name of the model: that of --pool, or the path of its file or folder. Parts with the same name are one model
   * @param pooled whether the name is that of --pool, and not a path
   */
  constructor(
    readonly name: string,
    readonly pooled: boolean,
    readonly sources: SourceFile[],
    readonly norm: Norm | null,
    readonly normFrom: string | null,
  ) {}

  /** What the group is called if it is not pooled. A single file has its own name, even if the model's is that of its folder. */
  get path(): string {
    return this.sources.length === 1 ? this.sources[0].name : this.name;
  }

  /** @throws Error where there is a site of that name, of which this cannot be a part */
  add(sums: SiteSums): void {
    const there = this.sites.get(sums.key.site);
    if (there === undefined) this.sites.set(sums.key.site, sums);
    else there.addAll(sums);
  }

  /**
   * Makes a site's sums its figures, which take a third of the memory. It can neither be saved nor get another part after that. Sums
   * whose figures depend on the other sites of the model are kept.
   */
  settle(sums: SiteSums): void {
    if (sums.unfit !== null || sums.dependsOnOthers) return;
    this.settled.push(sums.figures());
    this.settledRepeated ||= sums.hasRepeated;
    this.sites.delete(sums.key.site);
  }

  /** Leaves out what --swap found, where the sums become those of more than its run. */
  leaveOutSwap(): void {
    this.swapLeftOut ||= this.swap !== null;
    this.swap = null;
  }

  /** How many sites there are. */
  get size(): number {
    return this.sites.size + this.settled.length;
  }

  /** The sites without a figure. They are kept, because another part of them may have rows with an angle. */
  get unfit(): Skipped[] {
    return [...this.sites].flatMap(([tensor, { unfit: reason }]) =>
      reason === null ? [] : [{ source: this.path, tensor, reason }],
    );
  }

  figures(label: string): Group {
    const { sources, norm, normFrom } = this;
    const fit = [...this.sites.values()].filter(({ unfit }) => unfit === null);
    // Which rows count once is decided for the model, so that one token's state is treated alike at all sites.
    const hasRepeated = this.settledRepeated || fit.some((site) => site.hasRepeated);
    const sites = [...this.settled, ...fit.map((site) => site.figures(hasRepeated))].map((site) => {
      return { ...site, swapOutput: this.swapOf(site.site) };
    });
    return { label, sources, norm, normFrom, sites: sites.sort((a, b) => byDepth(a.site, b.site)), swap: this.swap };
  }

  /** A slice of split states, "h.0.ln_1[2]", is of the norm that its tensor is of. */
  private swapOf(site: string): SwapEffect | null {
    const { swap } = this;
    return swap?.sites.get(site) ?? swap?.sites.get(site.replace(/\[\d+\]$/, "")) ?? null;
  }
}

export class StudySums {
  readonly groups: GroupSums[] = [];
  readonly skipped: Skipped[] = [];
  complete = true;
  speed: Speed[] = [];
  /** Sentences about the files of this run. They are not saved. */
  hints: string[] = [];

  constructor(readonly head: Head) {}

  /** @throws StudyError where a whole group has no figure, unless the study was stopped early */
  expectFigures(): void {
    for (const { path, size, unfit } of this.groups) {
      if (unfit.length < size || !this.complete) continue;
      const reasons = unfit.map(({ tensor, reason }) => `${printable(tensor ?? "the file")} (${reason})`);
      throw new StudyError(`${printable(path)} expected a row with an angle, got none (${listed(reasons, 3)})`);
    }
  }

  report(): Report {
    const { version, variant, eps } = this.head;
    const groups = this.groups.filter(({ size, unfit }) => unfit.length < size);
    const labels = shortLabels(groups.filter(({ pooled }) => !pooled).map(({ path }) => path));
    const label = ({ name, pooled, path }: GroupSums) => (pooled ? name : (labels.get(path) as string));
    return {
      version,
      engine: { variant },
      eps,
      complete: this.complete,
      groups: groups.map((group) => group.figures(label(group))),
      skipped: [...this.skipped, ...this.groups.flatMap(({ unfit }) => unfit)],
      hints: [...this.hints, ...leftOutHints(groups.filter(({ swapLeftOut }) => swapLeftOut).map(label))],
      speed: this.speed,
    };
  }

  /**
   * Adds another part of the study. Groups of the same name are one model, and no file may be in both parts.
   *
   * @throws Error that names what differs, where the two cannot be parts of one study
   */
  addAll(other: StudySums): void {
    if (other.head.eps !== this.head.eps) throw new Error(`eps ${other.head.eps}, not ${this.head.eps}`);
    this.complete &&= other.complete;
    this.skipped.push(...other.skipped);
    this.speed = [];
    this.hints = [];
    for (const group of [...this.groups, ...other.groups]) group.leaveOutSwap();
    for (const group of other.groups) {
      const there = this.groups.find(({ name, pooled }) => name === group.name && pooled === group.pooled);
      if (there === undefined) {
        this.groups.push(group);
        continue;
      }
      there.swapLeftOut ||= group.swapLeftOut;
      if (there.norm !== group.norm) {
        throw new Error(`"${printable(group.name)}" with ${group.norm ?? "no norm"}, not ${there.norm ?? "none"}`);
      }
      for (const source of group.sources) {
        // Standard input has always the same name, and no size.
        if (source.bytes !== null && there.sources.some(({ name }) => name === source.name)) {
          throw new Error(`"${printable(source.name)}" a second time`);
        }
        there.sources.push(source);
      }
      for (const [name, site] of group.sites) {
        try {
          there.add(site);
        } catch (error) {
          throw new Error(`site "${printable(name)}" with ${(error as Error).message}`);
        }
      }
    }
  }

  /**
   * What --save writes: the sums as JSON, and at the end the SHA-256 of what stands before it.
   *
   * @throws Error where sums have become figures, which `merges: false` allows: they would be missing
   */
  async save(): Promise<string> {
    const { head, complete, groups, skipped } = this;
    if (groups.some(({ size, sites }) => size > sites.size)) {
      throw new Error("save expected the sums of all sites, got figures of some (merges: false)");
    }
    const saved = groups.map(({ name, pooled, sources, norm, normFrom, swap, swapLeftOut, sites }) => {
      const swapped = swap !== null || swapLeftOut;
      return { name, pooled, sources, norm, normFrom, ...(swapped ? { swapped } : {}), sites: [...sites.values()] };
    });
    return `${await withSha256(JSON.stringify({ ...format, ...head, complete, skipped, groups: saved }))}\n`;
  }

  /** @throws Error in words of what was expected, unless the text is what `save` gives */
  static async parse(text: string): Promise<StudySums> {
    let saved: unknown;
    try {
      saved = JSON.parse(text);
    } catch {
      throw new Error("valid JSON");
    }
    const { orthonormStudy, version, variant, eps, complete, groups, skipped } = asObject(saved, "a saved study");
    if (orthonormStudy !== format.orthonormStudy) {
      throw new Error(`"orthonormStudy": ${format.orthonormStudy}, as --save writes it in this version`);
    }
    if (text.trimEnd() !== (await withSha256(text.replace(/,"sha256":"\w*"\}\s*$/, "}")))) {
      throw new Error("the text that its SHA-256 was taken of");
    }
    if (typeof version !== "string" || typeof variant !== "string") throw new Error("version and variant as text");
    if (typeof complete !== "boolean") throw new Error("complete as true or false");
    if (!Array.isArray(groups) || !Array.isArray(skipped)) throw new Error("groups and skipped as lists");
    const study = new StudySums({ version, variant, eps: asNumber(eps, "eps") });
    study.complete = complete;
    for (const one of skipped) study.skipped.push(skippedFrom(one));
    for (const one of groups) {
      const { name, pooled, sources, norm, normFrom, swapped, sites } = asObject(one, "a group");
      if (typeof name !== "string" || typeof pooled !== "boolean" || !Array.isArray(sources) || !Array.isArray(sites)) {
        throw new Error("a group with name, pooled, sources and sites");
      }
      if (norm !== null && norm !== "LayerNorm" && norm !== "RMSNorm") throw new Error("a norm, LayerNorm or RMSNorm");
      if (normFrom !== null && typeof normFrom !== "string") throw new Error("normFrom as text");
      const group = new GroupSums(name, pooled, sources.map(sourceFrom), norm, normFrom);
      group.swapLeftOut = swapped === true;
      study.groups.push(group);
      for (const site of sites) group.add(SiteSums.from(site));
    }
    return study;
  }
}

/** @param labels of models that were run with --swap */
function leftOutHints(labels: readonly string[]): string[] {
  if (labels.length === 0) return [];
  return [
    `What --swap found of ${listed(labels.map(printable), 3)} belongs to one run: --save leaves it out, and it is not among these figures.`,
  ];
}

/** A JSON object with its SHA-256 as the last member. */
async function withSha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  const sha256 = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${text.slice(0, -1)},"sha256":"${sha256}"}`;
}

function sourceFrom(saved: unknown): SourceFile {
  const { name, bytes } = asObject(saved, "a source");
  if (typeof name !== "string" || (bytes !== null && !Number.isSafeInteger(bytes))) {
    throw new Error("a source's name and bytes");
  }
  return { name, bytes: bytes as number | null };
}

function skippedFrom(saved: unknown): Skipped {
  const { source, tensor, reason } = asObject(saved, "a skipped tensor");
  if (typeof source !== "string" || (tensor !== null && typeof tensor !== "string") || typeof reason !== "string") {
    throw new Error("a skipped tensor's source, name and reason");
  }
  return { source, tensor, reason };
}

/**
 * The order of the layers: by number ("h.2" before "h.10", which a file has the other way round). Embeddings come first, and sites
 * without a number, such as the final norm, last.
 */
function byDepth(a: string, b: string): number {
  const place = (name: string) => (/emb|wte/i.test(name) ? 0 : /\d/.test(name) ? 1 : 2);
  return place(a) - place(b) || naturally(a, b);
}

/**
 * Labels for paths: their shortest ends that tell all of them apart, such as "ln/states" and "rms/states". The extension is left
 * out, unless paths differ in it alone.
 */
export function shortLabels(paths: readonly string[]): Map<string, string> {
  const distinct = [...new Set(paths)];
  const bare = distinct.map((path) => path.replace(/\.(safetensors|npy|npz)$/, ""));
  const parts = (new Set(bare).size === distinct.length ? bare : distinct).map((path) => path.split(/[\\/]/));
  const longest = Math.max(0, ...parts.map((part) => part.length));
  for (let length = 1; ; length++) {
    const labels = parts.map((part) => part.slice(-length).join("/"));
    if (new Set(labels).size === distinct.length || length >= longest) {
      return new Map(distinct.map((path, at) => [path, labels[at]]));
    }
  }
}
