/**
 * Rotary positions: pairs of a head's elements turn by position × frequency, so that the product of a query and a key depends on the distance
 * of their positions. Source: Su et al. 2021 (arXiv 2104.09864); scalings as the `transformers` library has them (modeling_rope_utils.py).
 */
import { expected } from "./error.js";

export type Config = Readonly<Record<string, unknown>>;

export interface Rotary {
  /** Angle per position of each pair. */
  readonly frequencies: Float64Array;
  /** What cosines and sines are multiplied by: YaRN's attention factor. */
  readonly factor: number;
  readonly pairs: "halves" | "adjacent";
}

interface Scaling {
  type: string;
  number(name: string, absent?: number): number;
  /** @throws ModelError where there is a value other than this one, with which queries and keys would turn otherwise */
  only(name: string, value: boolean | null): void;
}

/**
 * @param size how many elements of a head turn, from the first on
 * @param positions what the configuration has as the longest text
 */
export function rotaryOf(
  config: Config,
  where: string,
  { base, size, positions, pairs }: { base: number; size: number; positions: number; pairs: Rotary["pairs"] },
): Rotary {
  const frequencies = Float64Array.from({ length: size / 2 }, (_, i) => base ** ((-2 * i) / size));
  const scaling = scalingOf(config, where);
  switch (scaling?.type) {
    case undefined:
    case "default":
      return { frequencies, factor: 1, pairs };
    case "linear": {
      const factor = (scaling as Scaling).number("factor");
      return { frequencies: frequencies.map((f) => f / factor), factor: 1, pairs };
    }
    case "llama3":
      return { frequencies: frequencies.map(llama3(scaling as Scaling, positions)), factor: 1, pairs };
    case "yarn":
      return yarn(scaling as Scaling, frequencies, { base, size, positions, pairs });
    default:
      throw expected(where, "rotary scaling of type default, linear, llama3 or yarn", `"${scaling?.type}"`);
  }
}

/** `rope_scaling`, with `type` or `rope_type`; in files of transformers 5 `rope_parameters`. */
function scalingOf(config: Config, where: string): Scaling | null {
  const given = config.rope_scaling ?? config.rope_parameters ?? null;
  if (given === null) return null;
  const fields = given as Record<string, unknown>;
  const type = fields.rope_type ?? fields.type;
  if (typeof given !== "object" || typeof type !== "string") {
    throw expected(where, "rope_scaling with a rope_type", JSON.stringify(given));
  }
  return {
    type,
    number(name, absent) {
      const value = fields[name] ?? absent;
      if (typeof value === "number" && value > 0) return value;
      throw expected(where, `rope_scaling.${name}, a positive number`, JSON.stringify(value) ?? "none");
    },
    only(name, value) {
      const got = fields[name] ?? value;
      if (got !== value) throw expected(where, `rope_scaling without ${name}, or with ${value}`, JSON.stringify(got));
    },
  };
}

/** Long waves are stretched by the factor, short ones stay, and between the two it goes from one to the other. */
function llama3(scaling: Scaling, positions: number): (frequency: number) => number {
  const factor = scaling.number("factor");
  const low = scaling.number("low_freq_factor");
  const high = scaling.number("high_freq_factor");
  const trained = scaling.number("original_max_position_embeddings", positions);
  return (frequency) => {
    const waves = (trained * frequency) / (2 * Math.PI);
    const kept = Math.min(1, Math.max(0, (waves - low) / (high - low)));
    return ((1 - kept) * frequency) / factor + kept * frequency;
  };
}

/** Peng et al. 2023 (arXiv 2309.00071). */
function yarn(
  scaling: Scaling,
  frequencies: Float64Array,
  { base, size, positions, pairs }: { base: number; size: number; positions: number; pairs: Rotary["pairs"] },
): Rotary {
  // DeepSeek's have the first two, gpt-oss's the third.
  scaling.only("mscale", null);
  scaling.only("mscale_all_dim", null);
  scaling.only("truncate", true);
  const factor = scaling.number("factor");
  const trained = scaling.number("original_max_position_embeddings", positions);
  /** The pair that turns so many times over the length that was trained. */
  const pairOf = (turns: number) => (size * Math.log(trained / (turns * 2 * Math.PI))) / (2 * Math.log(base));
  const low = Math.max(0, Math.floor(pairOf(scaling.number("beta_fast", 32))));
  const high = Math.min(size - 1, Math.ceil(pairOf(scaling.number("beta_slow", 1))));
  const width = high === low ? 0.001 : high - low;
  return {
    frequencies: frequencies.map((frequency, i) => {
      const kept = 1 - Math.min(1, Math.max(0, (i - low) / width));
      return ((1 - kept) * frequency) / factor + kept * frequency;
    }),
    factor: scaling.number("attention_factor", factor <= 1 ? 1 : 0.1 * Math.log(factor) + 1),
    pairs,
  };
}

/** Cosines and sines per position, made as positions come. */
export class Turns {
  private cosines = new Float64Array(0);
  private sines = new Float64Array(0);

  constructor(private readonly rotary: Rotary) {}

  /** Makes room for positions up to `count`. */
  reach(count: number): void {
    const { frequencies, factor } = this.rotary;
    const pairs = frequencies.length;
    if (this.cosines.length >= count * pairs) return;
    const length = Math.max(64, 2 ** Math.ceil(Math.log2(count))) * pairs;
    const angle = (i: number) => Math.floor(i / pairs) * frequencies[i % pairs];
    this.cosines = Float64Array.from({ length }, (_, i) => factor * Math.cos(angle(i)));
    this.sines = Float64Array.from({ length }, (_, i) => factor * Math.sin(angle(i)));
  }

  /** Turns the head that begins at `start`, of the token at `position`, in place. */
  turn(values: Float32Array, start: number, position: number): void {
    const { cosines, sines } = this;
    const pairs = this.rotary.frequencies.length;
    const [step, apart] = this.rotary.pairs === "halves" ? [1, pairs] : [2, 1];
    for (let i = 0, t = position * pairs, a = start; i < pairs; i++, t++, a += step) {
      const [x, y] = [values[a], values[a + apart]];
      values[a] = x * cosines[t] - y * sines[t];
      values[a + apart] = x * sines[t] + y * cosines[t];
    }
  }
}
