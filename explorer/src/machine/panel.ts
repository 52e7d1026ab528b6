/** "Your machine": starts the benches, shows each table as bars as it comes, keeps a record that can be copied. */
import { digits, duration } from "@orthonorm/bench/format";
import type { Case } from "@orthonorm/bench/problem";
import { shapes } from "@orthonorm/bench/shapes";
import type { Row, Table } from "@orthonorm/bench/suite";
import { byId, copy, make, select } from "../page.js";
import { say, startWork } from "../work.js";
import { type Order, ops, quickShapes, type Report, seconds } from "./messages.js";

const opName: Partial<Record<Case["op"], string>> = { layerNorm: "LayerNorm", rmsNorm: "RMSNorm" };
/** How a contestant's bar is drawn; the engine's has the norm's colour. */
const looks: Record<string, string> = {
  "engine, resident": "engine",
  "engine, resident, relaxed": "engine relaxed",
  "best JavaScript": "best",
  "plain JavaScript": "plain",
  "v128 copy": "roofline",
};

export function startMachine(): void {
  const button = byId<HTMLButtonElement>("bench");
  const full = byId<HTMLInputElement>("bench-full");
  const [status, result] = [byId("machine-status"), byId("machine-result")];
  const tablesOf = (all: readonly unknown[], each: number) => `${ops.length * all.length} tables of ${each} s`;
  byId("bench-time").textContent =
    `${tablesOf(shapes, seconds.full)} or more instead of ${tablesOf(quickShapes, seconds.quick)}`;

  button.addEventListener("click", () => {
    const tables: Table[] = [];
    const grid = make("div", { class: "tables" });
    result.replaceChildren(grid);
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    const stop = (kind: "error" | "note", text: string) => {
      button.disabled = false;
      work.end();
      say(status, kind, text);
    };
    const work = startWork(status, worker, () => stop("note", `Cancelled after ${tables.length} of the tables.`));
    button.disabled = true;
    worker.addEventListener("message", ({ data }: MessageEvent<Report>) => {
      switch (data.kind) {
        case "progress":
          work.progress(title(data.which), data.done / data.of);
          break;
        case "table":
          tables.push(data.table);
          grid.append(draw(data.table));
          break;
        case "done":
          button.disabled = false;
          work.end();
          result.prepend(make("p", { class: "finding", role: "status" }, finding(tables)));
          result.append(make("p", { class: "beside" }, meaning(data)), record({ ...about(data), results: tables }));
          break;
        case "error":
          stop("error", `The benches stopped: ${data.message}`);
      }
    });
    worker.addEventListener("error", (event) =>
      stop("error", `The benches could not start: ${event.message || "the worker did not load"}`),
    );
    worker.postMessage({ full: full.checked } satisfies Order);
  });
}

const title = ({ op, rows, cols }: Case) => `${opName[op]} ${rows}×${cols}`;

/** Of the two times that are shown, so that a reader who divides them finds the same; undefined where one was left out. */
const times = (longer: Row | undefined, shorter: Row | undefined) =>
  longer && shorter && digits(longer.nanoseconds / shorter.nanoseconds);

/** What the tables say about this machine, in a sentence. */
function finding(tables: readonly Table[]): string {
  const table = tables.find(({ op, rows, cols }) => op === "layerNorm" && rows === 128 && cols === 768) ?? tables[0];
  const row = (name: string) => table.contestants.find((one) => one.name === name);
  const engine = row("engine, resident");
  if (engine === undefined) return "The engine was left out: see the tables.";
  const parts = [
    [times(row("plain JavaScript"), engine), "times as fast as a plain loop"],
    [times(row("best JavaScript"), engine), "times as fast as the best JavaScript"],
    [times(engine, row("v128 copy")), "times as long as copying the bytes"],
  ] as const;
  const said = parts.flatMap(([ratio, what]) => (ratio === undefined ? [] : [`${ratio} ${what}`]));
  return `${title(table)} takes ${duration(engine.nanoseconds)} here${said.length === 0 ? "" : ": "}${said.join(", ")}.`;
}

/** What the columns are, and how they were taken. */
function meaning({ clockStep, shortestSample }: Extract<Report, { kind: "done" }>): string {
  const nanoseconds = (seconds: number) => duration(seconds * 1e9);
  return (
    "time: the median of one call. GB/s: x read once and y written once in that time. × plain: plain JavaScript’s time over this. " +
    `The clock of this browser moves by ${nanoseconds(clockStep)}; the shortest sample lasted ${nanoseconds(shortestSample)}, ` +
    `${Math.floor(shortestSample / clockStep + 1e-6)} of its steps.`
  );
}

function draw(table: Table): HTMLElement {
  const most = Math.max(...table.contestants.map(({ gigabytesPerSecond }) => gigabytesPerSecond));
  const head = make(
    "tr",
    {},
    make("th", { scope: "col" }, "contestant"),
    make("th", { scope: "col", class: "wide" }, make("span", { class: "unseen" }, "bar")),
    make("th", { scope: "col" }, "GB/s"),
    make("th", { scope: "col" }, "× plain"),
    make("th", { scope: "col" }, "time"),
  );
  const plain = table.contestants.find(({ name }) => name === "plain JavaScript");
  const line = (row: Row) => {
    const { name, gigabytesPerSecond, nanoseconds } = row;
    const bar = make("span", { class: `bar-of ${looks[name] ?? ""} ${table.op.toLowerCase()}` });
    bar.style.width = `${(100 * gigabytesPerSecond) / most}%`;
    return make(
      "tr",
      {},
      make("th", { scope: "row" }, name.replace(", resident", "")),
      make("td", { class: "wide" }, bar),
      make("td", {}, digits(gigabytesPerSecond)),
      make("td", {}, times(plain, row) ?? ""),
      make("td", {}, duration(nanoseconds)),
    );
  };
  const body = make("tbody", {}, ...table.contestants.map(line));
  for (const { name, reason } of table.leftOut) {
    body.append(make("tr", {}, make("td", { colspan: "5", class: "error" }, `${name} was left out: ${reason}`)));
  }
  return make("table", { class: "bars" }, make("caption", {}, title(table)), make("thead", {}, head), body);
}

function about({ kind: _, ...measured }: Extract<Report, { kind: "done" }>) {
  return {
    page: "Orthonorm's explorer",
    userAgent: navigator.userAgent,
    cores: navigator.hardwareConcurrency,
    isolated: crossOriginIsolated,
    ...measured,
    ratios: "timesPlain, overCopy and overEngine are medians over the rounds, of two samples of one round each",
    date: new Date().toISOString(),
  };
}

function record(all: object): HTMLElement {
  const json = JSON.stringify(all, null, 2);
  const text = make("pre", { class: "record", tabindex: "0", "aria-label": "Record" }, json);
  const button = make("button", { type: "button" }, "Copy the record");
  button.addEventListener("click", () => copy(json, button, () => select(text)));
  const details = make("details", {}, make("summary", {}, "The record: browser, shapes, medians, spreads"), text);
  return make("div", { class: "record-of" }, button, details);
}
