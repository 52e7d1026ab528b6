/** Language models given to the study in the place of states: told from files of states, opened, and run on a text. */
import { readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { openContainer, printable } from "@orthonorm/files";
import { openDisk } from "@orthonorm/files/node";
import type { readPieces, Transformer } from "@orthonorm/models";
import type { ModelSwap, RunningModel, SourceFile } from "@orthonorm/study";
import { CommandError } from "./error.js";
import { readText } from "./inputs.js";
import type { Progress } from "./terminal/progress.js";

/**
 * Whether a folder is taken as one model, and not as the files in it: it has a configuration and weights.
 *
 * @param fed whether there is a text to run it on. Then a model's file is enough that has its settings itself
 */
export async function isModelFolder(folder: string, fed: boolean): Promise<boolean> {
  const names = await readdir(folder).catch((): string[] => []);
  if (names.includes("config.json")) {
    return names.some((name) =>
      (fed ? /\.safetensors(\.index\.json)?$/ : /^model\.safetensors(\.index\.json)?$/).test(name),
    );
  }
  return fed && names.includes("model.safetensors") && (await hasSettings(join(folder, "model.safetensors")));
}

/**
 * Whether a file, or a folder that is taken as one, is a model that is run on a text: a .bin always, a .safetensors where there is a
 * text, and settings in it or a configuration beside it.
 */
export async function isRunnable(path: string, fed: boolean): Promise<boolean> {
  if (/\.bin$/i.test(path)) return true;
  const there = await stat(path).catch(() => null);
  if (there?.isDirectory()) return true;
  if (!fed || !path.endsWith(".safetensors")) return false;
  const configured = await stat(join(dirname(path), "config.json")).catch(() => null);
  return configured !== null || (await hasSettings(path));
}

/** Whether the metadata of a file has what a model's configuration says. A file that cannot be read has none. */
export async function hasSettings(path: string): Promise<boolean> {
  const source = await openDisk(path).catch(() => null);
  if (source === null) return false;
  try {
    const { metadata } = await openContainer(source);
    return metadata.vocab !== undefined && metadata.n_layer !== undefined;
  } catch {
    return false;
  } finally {
    await source.close();
  }
}

/** @throws CommandError where there is nothing to run a model on */
export async function readModelText(file: string): Promise<string> {
  const text = await readText(file);
  if (text.trim() !== "") return text;
  const got = text === "" ? "an empty file" : "white space alone";
  throw new CommandError(`--text ${printable(file)} expected a text, got ${got}`);
}

export interface Feed {
  /** The file, and what is in it. */
  file: string;
  text: string;
  /** How many tokens of it are run at most. */
  tokens: number | undefined;
}

/** A model in memory, and the text in its tokens. */
export class Running {
  private constructor(
    readonly path: string,
    private readonly transformer: Transformer,
    private readonly pieces: readonly (readonly number[])[],
    private readonly sources: readonly SourceFile[],
    private readonly models: typeof import("@orthonorm/models"),
  ) {}

  /** @param name what it is called in the figures @throws ModelError where it is none that can be run, or cannot take the text */
  static async open(path: string, { file, text, tokens }: Feed, nameOf: (file: string) => string): Promise<Running> {
    // Loaded when a model is run: files of states need none of it.
    const models = await import("@orthonorm/models");
    const { openTransformer } = await import("@orthonorm/models/node");
    const { model, tokenizer } = await openTransformer(path);
    const pieces = models.piecesOf(model, await tokenizer(), text, tokens);
    const { size } = await stat(file);
    // The model comes again with other texts, whose parts merge: it is no source that is counted twice.
    const sources = [
      { name: nameOf(path), bytes: null },
      { name: nameOf(file), bytes: size },
    ];
    return new Running(path, model, pieces, sources, models);
  }

  /** The model as the study takes it. */
  get measured(): RunningModel {
    return runningModel(this.transformer, this.pieces, this.sources, this.models.readPieces);
  }

  /** What RMSNorm in LayerNorm's place changes in its logits; null where the signal stopped it. */
  async swap(signal: AbortSignal, progress: Progress): Promise<ModelSwap | null> {
    const name = this.sources[0].name;
    const show = (what: string, share: number) => progress.update(printable(`${name} ${what}`), share);
    try {
      return { ...(await this.models.swapNorms(this.transformer, this.pieces, { signal, progress: show })), fixed: [] };
    } catch (error) {
      if (!signal.aborted) throw error;
      return null;
    }
  }

  dispose(): void {
    this.transformer.engine.dispose();
  }
}

/**
 * A model and the pieces of a text, as the study takes them.
 *
 * @param sources its own file or folder first
 * @param read `readPieces` of the models' workspace, which is loaded where a model is run
 */
export function runningModel(
  transformer: Transformer,
  pieces: readonly (readonly number[])[],
  sources: readonly SourceFile[],
  read: typeof readPieces,
): RunningModel {
  const { norms, sites, settings } = transformer;
  const numbers = new Map(sites.map((site, at) => [site, at]));
  return {
    name: sources[0].name,
    sources,
    norm: sites[0].kind,
    eps: settings.eps,
    sites: norms.map(({ site: { name, cols, rowsPerToken, weightOffset }, weight, bias }) => ({
      name,
      cols,
      rowsPerToken,
      weight: Float32Array.from(weight.data as Float32Array),
      bias: bias === undefined ? null : Float32Array.from(bias.data as Float32Array),
      weightOffset,
    })),
    tokens: pieces.reduce((sum, { length }) => sum + length, 0),
    run: (take, signal) =>
      read(transformer, pieces, (site, rows) => take(numbers.get(site) as number, rows.data), signal),
  };
}
