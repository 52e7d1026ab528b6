#!/usr/bin/env bash
# @assemblyscript/loader refuses a compiled module that was made in another realm (a frame, a vm context, a Jest environment).
#
# Versions: @assemblyscript/loader 0.28.20; seen with Node 20.20.
# Ground:   WebAssembly itself takes a module of any realm: it looks for the internal slot. The loader asks `instanceof
#           WebAssembly.Module`, takes what is none for bytes, and passes it on to WebAssembly.instantiate's overload for bytes.
# Seen:     new WebAssembly.Instance(module) runs; instantiateSync(module) throws a TypeError that speaks of bytes.
# Fails if either changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --save-exact @assemblyscript/loader@0.28.20 >/dev/null
cat >try.mjs <<'JS'
import vm from "node:vm";
import { instantiateSync } from "@assemblyscript/loader";
// (func (export "seven") (result i32) i32.const 7)
const bytes = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127, 3, 2, 1, 0, 7, 9, 1, 5, 115, 101, 118, 101, 110, 0, 0, 10, 6, 1, 4, 0, 65, 7, 11,
];
const module = vm.runInNewContext(`new WebAssembly.Module(Uint8Array.from([${bytes}]))`);
console.log(`WebAssembly: ${new WebAssembly.Instance(module).exports.seven()}`);
try {
  console.log(`loader: ${instantiateSync(module).exports.seven()}`);
} catch (error) {
  console.log(`loader: ${error.name}: ${error.message}`);
}
JS
seen=$(node try.mjs)
echo "$seen"
grep -q "^WebAssembly: 7$" <<<"$seen" || { echo "changed: WebAssembly took the module"; exit 1; }
grep -q "^loader: TypeError: WebAssembly.Module(): Argument 0 must be a buffer source" <<<"$seen" ||
  { echo "changed: the loader took the module for bytes"; exit 1; }
