/**
 * Runs a snippet where it can touch nothing of the page: in a worker inside a frame that has an origin of its own and may not
 * fetch. A link may have brought the text, so nothing is run but what the reader has started.
 */
import { frame, prelude } from "virtual:sandbox";
import { lineIn, program, type SnippetError } from "./program.js";

export interface Told {
  line(text: string): void;
  /** It is over: with an error, and the snippet's line where it arose. */
  end(error?: { message: string; line?: number }): void;
}

interface Message {
  line?: string;
  end: boolean;
  error?: string;
  stack?: string;
  at?: number;
}

/** @returns stops it, and then tells nothing more */
export function run(text: string, told: Told): () => void {
  const host = document.createElement("iframe");
  const { port1: near, port2: far } = new MessageChannel();
  const stop = () => {
    removeEventListener("message", ready);
    near.close();
    host.remove();
  };
  const end: Told["end"] = (error) => {
    stop();
    told.end(error);
  };
  let runnable: ReturnType<typeof program>;
  try {
    runnable = program(prelude, text);
  } catch (error) {
    const { message, line } = error as SnippetError;
    queueMicrotask(() => told.end({ message, line }));
    return stop;
  }
  const ready = ({ source }: MessageEvent) => {
    if (source !== host.contentWindow) return;
    removeEventListener("message", ready);
    // its origin is opaque: it has no name to be addressed by
    host.contentWindow?.postMessage(runnable.text, "*", [far]);
  };
  near.onmessage = ({ data: { line, error, stack, at, end: ended } }: MessageEvent<Message>) => {
    if (line !== undefined) told.line(line);
    else if (error !== undefined) {
      // what is caught nowhere, browsers tell in their own words
      end({
        message: error.replace(/^Uncaught /, ""),
        line: at === undefined ? lineIn(stack ?? "", runnable) : runnable.lineOf(at),
      });
    } else if (ended) end();
  };
  addEventListener("message", ready);
  host.hidden = true;
  host.title = "Where the code runs";
  host.setAttribute("sandbox", "allow-scripts");
  host.srcdoc = frame;
  document.body.append(host);
  return stop;
}
