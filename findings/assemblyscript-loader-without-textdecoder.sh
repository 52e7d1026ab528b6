#!/usr/bin/env bash
# @assemblyscript/loader cannot be imported where there is no TextDecoder, although it decodes nothing until it is asked to.
#
# Versions: @assemblyscript/loader 0.28.20; seen with Node 20.20.
# Ground:   an AudioWorkletGlobalScope has WebAssembly and no TextDecoder (Chromium 156, Firefox 153), so a worklet that imports a
#           module which imports the loader at its top level does not load, whether or not it ever has a string to decode.
# Seen:     evaluating the module throws "ReferenceError: TextDecoder is not defined": it makes a decoder at its top level. With
#           a TextDecoder that does nothing in its place, instantiateSync() runs a module without strings.
# Fails if the import succeeds without TextDecoder, or a decoder that does nothing is no longer enough.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --save-exact @assemblyscript/loader@0.28.20 >/dev/null
cat >try.mjs <<'JS'
delete globalThis.TextDecoder;
let said = "imported";
try {
  await import("@assemblyscript/loader");
} catch (error) {
  said = `${error.name}: ${error.message}`;
}
console.log(said);
globalThis.TextDecoder = class {
  decode() {}
};
// a module that failed to evaluate stays failed, so the second time it is a copy
const { instantiateSync } = await import("./copy.mjs");
// (func (export "seven") (result i32) i32.const 7)
const bytes = Uint8Array.from([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127, 3, 2, 1, 0, 7, 9, 1, 5, 115, 101, 118, 101, 110, 0, 0, 10, 6, 1, 4, 0, 65, 7, 11,
]);
const { instance } = instantiateSync(bytes, {});
console.log(`seven() is ${instance.exports.seven()}`);
JS
cp node_modules/@assemblyscript/loader/index.js copy.mjs
seen=$(node try.mjs)
expected="ReferenceError: TextDecoder is not defined
seven() is 7"
echo "$seen"
[ "$seen" = "$expected" ] || { echo "changed: expected"; echo "$expected"; exit 1; }
