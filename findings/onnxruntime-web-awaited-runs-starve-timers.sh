#!/usr/bin/env bash
# A loop of `await session.run(…)` lets no timer, signal or event through under onnxruntime-web, until it ends; under -node it does.
#
# Versions: onnxruntime-web 1.30.0 (its WebAssembly CPU provider, one thread), onnxruntime-node 1.30.0, pbf 5.1.2 to write the model; seen
#           with Node 20.20.2 and 24.21.0 on linux x64.
# Ground:   one node Identity of 64 × 768 numbers in f32, run for one second in a loop that awaits each run, while a timer of 20 ms waits.
#           Batches of hidden states are read in such a loop.
# Seen:     node: the timer fires dozens of times, the first time within the second. web: not once, in thousands of runs: the run is done
#           before its promise is returned, so awaiting it only ends a microtask. A cancel button, a progress bar or Ctrl-C needs a
#           `setTimeout` or `setImmediate` between runs.
# Fails if the timer fires under web, or does not under node.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts onnxruntime-web@1.30.0 onnxruntime-node@1.30.0 pbf@5.1.2
cat > see.mjs <<'JS'
import { PbfWriter } from "pbf";
import * as node from "onnxruntime-node";
import * as web from "onnxruntime-web";

const [rows, cols] = [64, 768];
web.env.wasm.numThreads = 1;

// The model, field by field of onnx.proto: one node, y = Identity(x).
const message = (write) => {
  const pbf = new PbfWriter();
  write(pbf);
  return pbf.finish();
};
const matrix = (name) =>
  message((pbf) => {
    pbf.writeStringField(1, name);
    const shape = message((s) => {
      for (const n of [rows, cols]) s.writeBytesField(1, message((d) => d.writeVarintField(1, n)));
    });
    const type = message((t) => {
      t.writeVarintField(1, 1); // FLOAT
      t.writeBytesField(2, shape);
    });
    pbf.writeBytesField(2, message((t) => t.writeBytesField(1, type)));
  });
const model = message((pbf) => {
  pbf.writeVarintField(1, 8); // IR version
  pbf.writeBytesField(8, message((o) => o.writeVarintField(2, 17))); // opset
  pbf.writeBytesField(7, message((graph) => {
    graph.writeBytesField(1, message((n) => {
      n.writeStringField(1, "x");
      n.writeStringField(2, "y");
      n.writeStringField(4, "Identity");
    }));
    graph.writeStringField(2, "same");
    graph.writeBytesField(11, matrix("x"));
    graph.writeBytesField(12, matrix("y"));
  }));
});

async function firedWhile(ort, provider) {
  const session = await ort.InferenceSession.create(model, { executionProviders: [provider] });
  const feeds = { x: new ort.Tensor("float32", new Float32Array(rows * cols), [rows, cols]) };
  await session.run(feeds);
  await new Promise((done) => setTimeout(done, 50));
  let [fired, runs] = [0, 0];
  const timer = setInterval(() => fired++, 20);
  for (const end = performance.now() + 1000; performance.now() < end; runs++) await session.run(feeds);
  clearInterval(timer);
  return { fired, runs };
}
const [own, other] = [await firedWhile(node, "cpu"), await firedWhile(web, "wasm")];
for (const [name, { fired, runs }] of [["node", own], ["web", other]]) {
  console.log(`${name}: a timer of 20 ms fired ${fired} times while ${runs > 100 ? "hundreds or more" : runs} runs were awaited for one second`);
}
process.exit(own.fired > 5 && other.fired === 0 && other.runs > 100 ? 0 : 1);
JS
node see.mjs || { echo "changed: see the head of this script"; exit 1; }
