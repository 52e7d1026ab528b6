/** What a checkpoint's configuration says, in the words of the table, checked. */
import { activationNames } from "./activation.js";
import type { ActivationName, Architecture, Bias, Field } from "./architecture.js";
import { expected } from "./error.js";
import { type Config, type Rotary, rotaryOf } from "./rotary.js";

export interface Settings {
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  /** Heads of keys and values, which groups of heads share. */
  readonly keyHeads: number;
  readonly headDim: number;
  readonly inner: number;
  /** The longest text. */
  readonly positions: number;
  /** Null where the configuration does not say it: the embedding does. */
  readonly vocabulary: number | null;
  readonly eps: number;
  readonly activation: ActivationName;
  readonly rotary: Rotary | null;
  /** Per layer how many of the latest tokens it sees; null where it sees all. */
  readonly windows: readonly (number | null)[];
  readonly tied: boolean;
  readonly parallel: boolean;
}

/** @throws ModelError where the configuration does not say what is needed, or says what cannot be run */
export function settingsOf(architecture: Architecture, config: Config, where: string): Settings {
  const { fields, attention, positions: kind, head, parallel } = architecture;
  refuseOthers(architecture, config, where);
  const whole = (field: Field, absent?: number) => wholeNumber(field, config, where, absent);
  const width = whole(fields.width);
  const layers = whole(fields.layers);
  const heads = whole(fields.heads);
  const keyHeads = fields.keyHeads === undefined ? heads : whole(fields.keyHeads, heads);
  if (heads % keyHeads !== 0) {
    throw expected(where, `a number of heads that is a multiple of its ${keyHeads} key heads`, `${heads}`);
  }
  const ownDim = fields.headDim === undefined ? null : given(fields.headDim, config);
  if (ownDim === null && width % heads !== 0) {
    throw expected(where, `a width that is a multiple of its ${heads} heads`, `${width}`);
  }
  const headDim = fields.headDim === undefined ? width / heads : whole(fields.headDim, width / heads);
  const positions = whole(fields.positions);
  return {
    width,
    layers,
    heads,
    keyHeads,
    headDim,
    inner: fields.inner === undefined ? 4 * width : whole(fields.inner, 4 * width),
    positions,
    vocabulary: fields.vocabulary === undefined ? null : whole(fields.vocabulary),
    eps: positive(fields.eps, config, where),
    activation: activationOf(architecture, config, where),
    rotary: kind.kind === "rotary" ? rotary(kind.pairs) : null,
    windows: Array.from({ length: layers }, (_, layer) => windowOf(layer)),
    tied: flag(config.tie_word_embeddings, head.tied, "tie_word_embeddings", where),
    parallel: parallel !== false && flag(config[parallel.field], true, parallel.field, where),
  };

  function rotary(pairs: Rotary["pairs"]): Rotary {
    const share = fields.rotaryShare === undefined ? 1 : positive(fields.rotaryShare, nested(config), where);
    const base = positive(fields.rotaryBase as Field, nested(config), where);
    const size = Math.trunc(headDim * share);
    if (size % 2 !== 0 || size > headDim || size === 0) {
      throw expected(where, `an even number of a head's ${headDim} elements to turn`, `${size}`);
    }
    return rotaryOf(config, where, { base, size, positions, pairs });
  }

  function windowOf(layer: number): number | null {
    if (attention.window === undefined || !isLocal(layer)) return null;
    const field = fields.window as Field;
    return given(field, config) === null ? null : whole(field);
  }

  function isLocal(layer: number): boolean {
    if (attention.window === "attention_types") return attentionTypes(config, where)[layer % layers] === "local";
    if (Array.isArray(config.layer_types)) return config.layer_types[layer] === "sliding_attention";
    if (attention.window === "every layer") return true;
    const from = config.max_window_layers;
    return config.use_sliding_window === true && layer >= (typeof from === "number" ? from : 28);
  }
}

/** Has a projection a bias? */
export function hasBias(bias: Bias, config: Config, where: string): boolean {
  return typeof bias === "boolean" ? bias : flag(config[bias.field], bias.absent, bias.field, where);
}

function refuseOthers({ name, fixed = {} }: Architecture, config: Config, where: string): void {
  for (const [field, wanted] of Object.entries(fixed)) {
    const got = config[field];
    if (got === undefined || got === wanted) continue;
    throw expected(where, `${field} ${JSON.stringify(wanted)} of a ${name} that can be run`, JSON.stringify(got));
  }
}

/** Files of transformers 5 have what is about rotary positions in an object of its own. */
function nested(config: Config): Config {
  const { rope_parameters: inner } = config;
  return typeof inner === "object" && inner !== null ? { ...config, ...inner } : config;
}

/** A field's value where it has one; null where it has none or null. */
function given({ names, absent }: Field, config: Config): unknown {
  for (const name of names) {
    if (config[name] !== undefined) return config[name];
  }
  return absent ?? null;
}

function wholeNumber(field: Field, config: Config, where: string, absent?: number): number {
  const value = given(field, config) ?? absent;
  if (Number.isSafeInteger(value) && (value as number) > 0) return value as number;
  throw expected(where, `${field.names[0]}, a positive whole number`, value === undefined ? "none" : show(value));
}

function positive(field: Field, config: Config, where: string): number {
  const value = given(field, config);
  if (typeof value === "number" && value > 0 && value < Number.POSITIVE_INFINITY) return value;
  throw expected(where, `${field.names[0]}, a positive number`, value === null ? "none" : show(value));
}

export function flag(value: unknown, absent: boolean, name: string, where: string): boolean {
  if (value === undefined || value === null) return absent;
  if (typeof value === "boolean") return value;
  throw expected(where, `${name}, true or false`, show(value));
}

function activationOf({ activation: { names, absent } }: Architecture, config: Config, where: string): ActivationName {
  const value = given({ names }, config);
  if (value === null) return absent;
  const known = Object.hasOwn(activationNames, String(value)) ? activationNames[String(value)] : undefined;
  if (known !== undefined) return known;
  throw expected(where, `${names[0]} among ${Object.keys(activationNames).join(", ")}`, show(value));
}

/** `attention_types` of GPT-Neo: [[["global", "local"], 12]] is these two, twelve times. */
function attentionTypes(config: Config, where: string): readonly unknown[] {
  if (Array.isArray(config.attention_layers)) return config.attention_layers;
  const types = config.attention_types ?? [[["global", "local"], 12]];
  if (Array.isArray(types) && types.every((one) => Array.isArray(one) && Array.isArray(one[0]))) {
    return (types as [unknown[], number][]).flatMap(([kinds, times]) =>
      Array.from({ length: times }, () => kinds).flat(),
    );
  }
  throw expected(where, "attention_types, lists of kinds with how often they come", show(types));
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
