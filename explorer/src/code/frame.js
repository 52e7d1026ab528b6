// The script of the frame in which snippets run: it has an origin of its own, so what runs here shares no storage, no cache and no
// service worker with the page, and its policy lets nothing be fetched. It makes a worker of the text that it is given, and passes
// on what the worker says, a thousand lines at most, through the port that came with the text.
addEventListener(
  "message",
  ({ data, ports: [port] }) => {
    const worker = new Worker(URL.createObjectURL(new Blob([data], { type: "text/javascript" })));
    const most = { lines: 1000, characters: 10000 };
    const cut = (text) => (text === undefined ? undefined : String(text).slice(0, most.characters));
    let lines = 0;
    worker.onmessage = ({ data: { line, end, error, stack } }) => {
      if (line !== undefined) lines++;
      if (lines > most.lines) {
        worker.terminate();
        if (lines === most.lines + 1) port.postMessage({ error: `expected at most ${most.lines} lines, got more` });
      } else port.postMessage({ line: cut(line), end: end === true, error: cut(error), stack: cut(stack) });
    };
    worker.onerror = ({ message, lineno }) => port.postMessage({ error: cut(message), at: Number(lineno) });
  },
  { once: true },
);
parent.postMessage("ready", "*");
