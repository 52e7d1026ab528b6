/** Models that run while they are measured: what enters their norms goes into the sums at once, and no file lies between. */
import { listed, printable } from "@orthonorm/files";
import type { Engine } from "orthonorm";
import { StudyError } from "./error.js";
import { blockRowsOf, Measurer } from "./measure/block.js";
import { Intake } from "./measure/intake.js";
import { SiteSums } from "./measure/site.js";
import type { Collected } from "./measure/site-rows.js";
import type { Norm, SourceFile } from "./types.js";
import { affineOf, type FoundAffine } from "./weights.js";

/** A norm of a running model. */
export interface RunningSite {
  readonly name: string;
  /** d of its rows. */
  readonly cols: number;
  /** How many rows it is given per token: one, or one per head. */
  readonly rowsPerToken: number;
  /** As they are stored. */
  readonly weight: Float32Array;
  readonly bias: Float32Array | null;
  /** What is added to the weight. */
  readonly weightOffset: 0 | 1;
}

export interface RunningModel {
  readonly name: string;
  /** What it is made of and fed: its own file or folder, and the text's. */
  readonly sources: readonly SourceFile[];
  readonly norm: Norm;
  readonly eps: number;
  readonly sites: readonly RunningSite[];
  /** How many tokens pass each site, unless the run is stopped. */
  readonly tokens: number;
  /**
   * Runs it, to its end or until the signal stops it. `take` is given whole rows of a site, by its number, in f32, and has copied them
   * when it returns.
   */
  run(take: (site: number, rows: Float32Array) => void, signal?: AbortSignal): Promise<void>;
}

export interface Measuring {
  /** In the place of the model's own. */
  norm: Norm | null;
  eps: number | null;
  sites: (name: string) => boolean;
  signal?: AbortSignal;
  /** Is told how many tokens have passed all sites. */
  progress: (tokens: number) => void;
}

/** What models compute in. */
const dtype = "F32";
const bytesPerElement = 4;

/** The bytes that a file of its states would have. */
export function statesBytes({ sites, tokens }: RunningModel): number {
  return sites.reduce((sum, { cols, rowsPerToken }) => sum + tokens * rowsPerToken * cols * bytesPerElement, 0);
}

/**
 * @returns the sums of the sites, in their order; where the signal stopped the run, of the rows until then
 * @throws StudyError where no site has a name that is wanted
 */
export async function measureRunning(
  engine: Engine,
  model: RunningModel,
  { norm, eps, sites: wanted, signal, progress }: Measuring,
): Promise<Collected[]> {
  const measured = model.sites.filter(({ name }) => wanted(name));
  if (measured.length === 0) {
    const names = listed(
      model.sites.map(({ name }) => printable(name)),
      3,
    );
    throw new StudyError(`${printable(model.name)} expected a norm of a name that --sites wants, got ${names}`);
  }
  const measurers = new Map<string, Measurer>();
  const intakes: Intake[] = [];
  try {
    for (const site of measured) {
      const { name, cols, rowsPerToken } = site;
      const affine = parametersOf(site);
      const key = {
        site: name,
        dtype,
        cols,
        norm: norm ?? model.norm,
        eps: eps ?? model.eps,
        affine: affine.names,
      };
      const rows = model.tokens * rowsPerToken;
      const blockRows = blockRowsOf(rows, cols * bytesPerElement);
      const size = `${blockRows} × ${cols}`;
      const measurer = measurers.get(size) ?? new Measurer(engine, dtype, blockRows, new SiteSums(key).terms);
      measurers.set(size, measurer);
      intakes.push(new Intake(engine, key, affine.parameters, rows, blockRows, measurer));
    }
    const bySite = model.sites.map((site) => intakes[measured.indexOf(site)]);
    const last = measured[measured.length - 1];
    let elements = 0;
    await model.run((site, values) => {
      bySite[site]?.take(values);
      if (model.sites[site] !== last) return;
      elements += values.length;
      progress(elements / (last.cols * last.rowsPerToken));
    }, signal);
    return intakes.map((intake) => intake.finish());
  } finally {
    for (const intake of intakes) intake.dispose();
    for (const measurer of measurers.values()) measurer.dispose();
  }
}

function parametersOf({ name, weight, bias, weightOffset }: RunningSite): FoundAffine {
  const names = { weight: `${name}.weight`, bias: bias === null ? null : `${name}.bias` };
  const multiplied = weight.map((value) => value + weightOffset);
  return affineOf(names, { weight: multiplied, bias }, { value: weightOffset, from: "the model" });
}
