/**
 * Writes a generated model's states into a folder, as one file and as 64 shards of it: `tsx scripts/slurm/shards.ts FOLDER`.
 *
 * Two sites of normal numbers with what real states have: rows that are massive, a start token's row that comes again and
 * again, rows of zeros, and shards of unequal length.
 */
import { join } from "node:path";
import { writeSafetensors } from "@orthonorm/files/node";

const shards = 64;
const cols = 256;
const sites = ["h.2.ln_1", "h.10.ln_1"];

const folder = process.argv[2];
if (folder === undefined) throw new Error("shards: expected a folder, got none");

const rowsOf = Array.from({ length: shards }, (_, shard) => (shard === 23 ? 60_000 : 1000 + ((shard * 397) % 1500)));
const all = rowsOf.map((_, shard) => shard);
for (const shard of all) await write(`shard-${shard}.safetensors`, [shard]);
await write("whole.safetensors", all);
const range = `${Math.min(...rowsOf)} to ${Math.max(...rowsOf)} rows × ${cols}`;
console.log(`${shards} shards of ${range} and ${sites.length} sites; the whole has ${rowsIn(all)} rows`);

/** A file of these shards, one after another. */
function write(file: string, parts: readonly number[]): Promise<void> {
  const tensors = sites.map((name, site) => ({
    name,
    dtype: "F32",
    shape: [rowsIn(parts), cols],
    data: bytes(site, parts),
  }));
  return writeSafetensors(join(folder, file), tensors, { metadata: { norm: "LayerNorm" } });
}

function* bytes(site: number, parts: readonly number[]) {
  for (const shard of parts) yield new Uint8Array(states(site, shard).buffer);
}

function rowsIn(parts: readonly number[]): number {
  return parts.reduce((sum, shard) => sum + rowsOf[shard], 0);
}

/** The rows of one shard; the same whenever they are asked for. */
function states(site: number, shard: number): Float32Array {
  const normal = normals(1 + site + sites.length * shard);
  const start = normals(1 + site);
  const startRow = Float32Array.from({ length: cols }, () => start() + 0.3);
  const out = new Float32Array(rowsOf[shard] * cols);
  for (let row = 0; row < rowsOf[shard]; row++) {
    const scale = row % 97 === 5 ? 300 : 1;
    const at = row * cols;
    if (row % 12 === 0) out.set(startRow, at);
    else if (row % 501 !== 500) for (let i = 0; i < cols; i++) out[at + i] = scale * (normal() + 0.02);
  }
  return out;
}

/** Normal numbers (Box and Muller) from xorshift32. */
function normals(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) | 1;
  const uniform = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}
