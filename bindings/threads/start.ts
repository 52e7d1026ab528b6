import { program } from "../wasm/worker.js";
import { type NodeWorker, nodeModule } from "./node.js";
import type { Mail, Start } from "./worker.js";

/** A worker, in Node and in pages alike. */
export interface Helper {
  post(message: Start | Mail): void;
  /** Ends it, whatever it is doing. */
  stop(): void;
}

/** What a worker says. */
export interface Listener {
  /** It has its memory, and waits for kernels. */
  ready(): void;
  /** It has failed, or ended by itself. */
  gone(why: string): void;
}

const ISOLATION =
  "a page needs to be cross-origin isolated, by the headers Cross-Origin-Opener-Policy: same-origin and " +
  "Cross-Origin-Embedder-Policy: require-corp";

const BLOCKED =
  "its program could not be loaded; a Content-Security-Policy needs worker-src blob:, or the option worker an address " +
  "that it allows";

/** Why there can be no workers here, in one sentence; undefined where there can. */
export function hindrance(): string | undefined {
  if (nodeModule("node:worker_threads") !== undefined) return undefined;
  const { crossOriginIsolated, Worker } = globalThis as { crossOriginIsolated?: boolean; Worker?: unknown };
  if (crossOriginIsolated === false || typeof SharedArrayBuffer === "undefined") return `threads: ${ISOLATION}`;
  if (Worker === undefined)
    return "threads: this runtime has no workers; Node 20.16 and 22.3, Chrome, Firefox and Safari do";
  return undefined;
}

/** How many threads this machine runs at once. */
export function parallelism(): number {
  const { navigator } = globalThis as { navigator?: { hardwareConcurrency?: number } };
  return nodeModule("node:os")?.availableParallelism() ?? navigator?.hardwareConcurrency ?? 1;
}

/**
 * Starts a worker and sends it its first message.
 *
 * @param address where a page has the worker's program; it is made of a text where none is given
 */
export function startWorker(start: Start, listener: Listener, address: string | undefined): Helper {
  const node = nodeModule("node:worker_threads");
  const helper =
    node === undefined ? pageWorker(listener, address) : nodeWorker(new node.Worker(program, NODE), listener);
  helper.post(start);
  return helper;
}

/** The flags of the process are not for it: a loader of TypeScript, say, would be loaded once more. */
const NODE = { eval: true as const, execArgv: [], name: "orthonorm" };

function nodeWorker(worker: NodeWorker, listener: Listener): Helper {
  worker.on("message", () => {
    worker.unref(); // from now on it holds no process back that has nothing else to do
    listener.ready();
  });
  worker.on("error", (error) => listener.gone(String(error)));
  worker.on("exit", () => listener.gone("it ended"));
  return {
    post: (message) => worker.postMessage(message),
    stop: () => void worker.terminate(),
  };
}

function pageWorker(listener: Listener, address: string | undefined): Helper {
  // text/javascript in a blob is the page's own, and needs nothing of a bundler; a policy has to allow it
  const url = address ?? URL.createObjectURL(new Blob([program], { type: "text/javascript" }));
  const worker = new Worker(url, { name: "orthonorm" });
  const opened = () => {
    if (address === undefined) URL.revokeObjectURL(url);
  };
  worker.onmessage = () => {
    opened();
    listener.ready();
  };
  worker.onerror = (event) => {
    opened();
    event.preventDefault();
    listener.gone(event.message || BLOCKED); // no message tells what a policy has blocked
  };
  return {
    post: (message) => worker.postMessage(message),
    stop: () => worker.terminate(),
  };
}
