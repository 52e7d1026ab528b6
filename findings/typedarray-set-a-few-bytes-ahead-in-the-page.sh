#!/usr/bin/env bash
# On AMD's Zen 3 with glibc 2.36, TypedArray.prototype.set takes ten and more times as long where it writes 1 to 31 bytes ahead of what it
# reads, page against page: an ordinary place for WebAssembly memory beside a large array.
#
# Versions: Node 20.20.2 and 24.21.0 on Debian 12, glibc 2.36; seen on an AMD EPYC of family 25, model 1.
# Ground:   V8 copies with libc's memmove, which takes `rep movsb` from some kilobytes on, where the processor says that this is fast.
#           Large ArrayBuffers begin 16 bytes into a page there, for malloc has its header before them, and a WebAssembly.Memory at
#           the start of one: so each copy out of it from a multiple of 4096 to such an array runs into it.
# Seen:     copying 384 KiB within one ArrayBuffer takes 10 to 18 times as long to a place that lies 16 bytes further modulo 4096 as to one
#           2048 bytes further; 0, 32 and 64 bytes are as fast as that. Without `rep movsb`, which a tunable of glibc's turns off, all are.
# Depends:  on the processor and on libc; glibc knows it as its bug 30994. On other processors, or under another libc, this prints what is seen
#           and fails on nothing.
# Fails if, on such a processor under this glibc, it is gone, shows at another distance, or outlasts the tunable.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/see.mjs" <<'JS'
import { readFileSync } from "node:fs";

const [PAGE, BYTES] = [4096, 384 * 1024];
const buffer = new ArrayBuffer(4 << 20);
new Uint8Array(buffer).fill(1);
const from = new Float32Array(buffer, 1 << 20, BYTES / 4);

/** The least time of a copy that many bytes further, modulo a page. */
function microseconds(ahead) {
  const to = new Float32Array(buffer, (2 << 20) + ahead, BYTES / 4);
  let least = Infinity;
  for (let round = 0; round < 30; round++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < 10; i++) to.set(from);
    least = Math.min(least, Number(process.hrtime.bigint() - start) / 1e4);
  }
  return least;
}

microseconds(PAGE / 2); // compiled, and the pages touched
const usual = microseconds(PAGE / 2);
const times = (ahead) => microseconds(ahead) / usual;
const [slow, ...others] = [16, 0, 32, 64].map(times);
const cpu = readFileSync("/proc/cpuinfo", "utf8");
const [family, model] = ["cpu family", "model"].map((name) => Number(cpu.match(new RegExp(`^${name}\\s*: (\\d+)`, "m"))?.[1]));
const zen3 = cpu.includes("AuthenticAMD") && family === 25 && model < 16;
const glibc = process.report.getReport().header.glibcVersionRuntime ?? "none";
const tuned = process.env.GLIBC_TUNABLES !== undefined;
const rounded = (ratio) => ratio.toFixed(1);
console.log(
  `${zen3 ? "AMD Zen 3" : "another processor"}, glibc ${glibc}, Node ${process.versions.node}${tuned ? ", no rep movsb" : ""}: a copy to 16 bytes ahead takes ` +
    `${rounded(slow)} times as long; to 0, 32 and 64 bytes ahead ${others.map(rounded).join(", ")} times`,
);
const same = slow > 5 === !tuned && Math.max(...others) < 3;
process.exit(!zen3 || glibc !== "2.36" || same ? 0 : 1);
JS
tunable=glibc.cpu.x86_rep_movsb_threshold=1000000000
node "$folder/see.mjs" && GLIBC_TUNABLES=$tunable node "$folder/see.mjs" || { echo "changed: see the head of this script"; exit 1; }
