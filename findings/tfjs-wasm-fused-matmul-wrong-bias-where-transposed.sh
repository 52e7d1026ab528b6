#!/usr/bin/env bash
# fused.matMul of TensorFlow.js on wasm adds a wrong bias where it transposes or has a batch: the last number of it to nearly all rows.
#
# Versions: @tensorflow/tfjs-core, tfjs-backend-wasm and tfjs-backend-cpu 4.22.0; seen with Node 20.20.2 and 24.21.0 on linux x64.
# Ground:   x [4, 64] by W [8, 64] with transposeB, as a linear layer of PyTorch stores W, and a bias of 8 numbers; the same with a
#           batch of 2, and with transposeA. Held against matMul and add of the same backend, which are right, and against the cpu backend.
# Seen:     element j of row i gets the bias of place min(i·8 + j, 7), so all rows but the first get its last number everywhere; and it is
#           added once per 48 columns of x, for the sum is made in blocks of 48: from 49 columns on no row is right.
#           Nothing is said. Without transposition and batch it is XNNPACK that works, and right. It also takes a thirteenth of the time:
#           24 ms instead of 325 ms for 512 × 768 by 768 × 768.
# Fails if fused.matMul is right in any of the three, or wrong where nothing is transposed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes > /dev/null
npm install --silent --no-audit --no-fund --ignore-scripts \
  @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-wasm@4.22.0 @tensorflow/tfjs-backend-cpu@4.22.0
cat > see.cjs <<'JS'
const tf = require("@tensorflow/tfjs-core");
const { dirname, join } = require("node:path");
const wasm = require("@tensorflow/tfjs-backend-wasm");
require("@tensorflow/tfjs-backend-cpu");
wasm.setWasmPaths(`${join(dirname(require.resolve("@tensorflow/tfjs-backend-wasm/package.json")), "dist")}/`);

const [rows, cols, k] = [4, 64, 8];
const numbers = (count, step) => Float32Array.from({ length: count }, (_, i) => Math.sin(step * i));
const cases = {
  "nothing transposed": { a: [rows, cols], b: [cols, k] },
  transposeB: { a: [rows, cols], b: [k, cols], transposeB: true },
  transposeA: { a: [cols, rows], b: [cols, k], transposeA: true },
  "a batch of 2": { a: [2, rows, cols], b: [2, cols, k] },
};
function run() {
  const bias = tf.tensor1d(Float32Array.from({ length: k }, (_, j) => j + 1));
  return Object.entries(cases).map(([name, { a, b, transposeA = false, transposeB = false }]) => {
    const [x, w] = [a, b].map((shape, i) => tf.tensor(numbers(shape.reduce((size, n) => size * n), 1 + i), shape));
    const fused = tf.fused.matMul({ a: x, b: w, transposeA, transposeB, bias }).dataSync();
    const apart = tf.add(tf.matMul(x, w, transposeA, transposeB), bias).dataSync();
    return { name, fused, apart };
  });
}
const most = (a, b) => a.reduce((most, one, i) => Math.max(most, Math.abs(one - b[i])), 0);

(async () => {
  await tf.setBackend("cpu");
  const cpu = run();
  await tf.setBackend("wasm");
  await tf.ready();
  let changed = false;
  for (const [i, { name, fused, apart }] of run().entries()) {
    const wrong = fused.filter((one, j) => Math.abs(one - cpu[i].fused[j]) > 1e-3).length;
    console.log(`${name}: ${wrong} of ${fused.length} wrong, by up to ${most(fused, cpu[i].fused).toFixed(3)}`);
    if (most(apart, cpu[i].fused) > 1e-3) throw new Error(`matMul and add are wrong too: ${name}`);
    if ((wrong === 0) !== (name === "nothing transposed")) changed = true;
  }
  process.exit(changed ? 1 : 0);
})();
JS
node see.cjs || { echo "changed: see the head of this script"; exit 1; }
