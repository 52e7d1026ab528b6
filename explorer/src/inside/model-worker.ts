/** A model in a worker: reads texts, says how they might go on, and takes single vectors apart. */
import { blobFolder, type Folder } from "@orthonorm/files";
import { generate, type NormKind, openFrom, type Tokenizer, type Transformer } from "@orthonorm/models";
import { defaultEngine } from "orthonorm";
import { atMostEvery } from "../at-most-every.js";
import { load } from "../states/load.js";
import { breath } from "./breath.js";
import { takeApart } from "./cell.js";
import type { Answer, Order } from "./messages.js";
import { type Reading, ratiosOf, readTokens } from "./reading.js";

/** How many tokens are read at most: more would be too many columns to look at. */
const mostTokens = 128;
/** How many tokens the model adds. */
const more = 96;
/** Milliseconds between two pieces of what it says, and two reports of how much has been read: as often as eyes see a text grow. */
const refresh = 40;

let model: Transformer;
let tokenizer: Tokenizer;
/** The order to read that came last. */
let turn = 0;
let last: { reading: Reading; norm: NormKind } | undefined;

const tell = (answer: Answer) => postMessage(answer);

addEventListener("message", async ({ data }: MessageEvent<Order>) => {
  try {
    if (data.kind === "open") await open(data);
    else if (data.kind === "read") await read(data);
    else look(data);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    tell({ kind: "error", turn: data.kind === "open" ? null : data.turn, message });
  }
});

async function open({ files, folder }: Extract<Order, { kind: "open" }>): Promise<void> {
  const loaded = files.map(async ({ from, name }): Promise<[string, Blob]> => {
    return [name, typeof from === "string" ? await load(from, name) : from];
  });
  const given = reported(new Map(await Promise.all(loaded)), folder);
  const opened = await openFrom(given, null, { engine: defaultEngine() });
  ({ model } = opened);
  tokenizer = await opened.tokenizer();
  const [{ kind: norm, weightOffset }] = model.sites;
  tell({ kind: "opened", norm, swaps: weightOffset === 0, sites: model.sites.length, cols: model.settings.width });
}

/** The files as a folder that tells how much of the weights has been read. */
function reported(files: ReadonlyMap<string, Blob>, name: string): Folder {
  const folder = blobFolder(files, name);
  const isWeights = (file: string) => /\.(safetensors|bin)$/.test(file);
  const total = [...files].reduce((sum, [file, { size }]) => sum + (isWeights(file) ? size : 0), 0);
  let done = 0;
  const tellOpening = atMostEvery(refresh, () => tell({ kind: "opening", share: Math.min(1, done / total) }));
  return {
    ...folder,
    async open(file) {
      const source = await folder.open(file);
      if (!isWeights(file)) return source;
      return {
        ...source,
        async read(into, position) {
          await source.read(into, position);
          done += into.length;
          tellOpening();
        },
      };
    },
  };
}

async function read({ turn: own, text, norm }: Extract<Order, { kind: "read" }>): Promise<void> {
  turn = own;
  const goesOn = async () => {
    await breath();
    return turn === own;
  };
  const readsOn = (share: number) => {
    tell({ kind: "reading", turn: own, share });
    return goesOn();
  };
  const all = tokenizer.encode(text);
  const ids = all.slice(-Math.min(mostTokens, model.settings.positions));
  const reading = await readTokens(model, ids, norm, readsOn);
  if (reading === null) return;
  last = { reading, norm };
  const { decoder, ends } = tokenizer;
  const texts = decoder();
  tell({
    kind: "read",
    turn,
    norm,
    tokens: ids.map((id) => texts.push(id)),
    skipped: all.length - ids.length,
    ratios: ratiosOf(reading.states, model.settings.width),
    loss: reading.loss,
  });

  const [{ weightOffset }] = model.sites;
  if (weightOffset === 0) {
    const other = await readTokens(model, ids, norm === "LayerNorm" ? "RMSNorm" : "LayerNorm", goesOn);
    if (other === null) return;
    tell({ kind: "other", turn, loss: other.loss });
  }

  const said = decoder();
  let piece = "";
  let toldAt = Number.NEGATIVE_INFINITY;
  for (const id of generate(model, all, { norm, tokens: more, temperature: 0, ends })) {
    piece += said.push(id);
    if (performance.now() - toldAt >= refresh) {
      tell({ kind: "said", turn, text: piece });
      piece = "";
      toldAt = performance.now();
    }
    if (!(await goesOn())) return;
  }
  tell({ kind: "said", turn, text: piece + said.end() });
  tell({ kind: "ended", turn });
}

/** What was looked for in a text that has been read over meanwhile is nothing any more. */
function look({ turn: own, place }: Extract<Order, { kind: "look" }>): void {
  if (own !== turn || last === undefined) return;
  const { width } = model.settings;
  const rows = last.reading.states[place.site];
  const x = rows.slice(place.token * width, (place.token + 1) * width);
  tell({ kind: "looked", turn, place, ...takeApart(model, place.site, x, last.norm) });
}
