import type { Export, Kernel } from "../call/op.js";
import type { Exports, Rows } from "../engine/core.js";
import type { Family } from "../engine/variants.js";
import { inside } from "../index.js";
import type { DType } from "../memory/dtype.js";
import type { RowKernel } from "./job.js";
import type { Pool } from "./pool.js";
import { LEAST_JOB, sharing } from "./share.js";
import { takingSharedMemory } from "./shared-memory.js";

/** No call of fewer elements is shared out, whatever their type. To ask for the type's size would take as long as all else here. */
const LEAST_ELEMENTS = LEAST_JOB / 8;

/** @internal The inside of an engine with workers. Where a call has many rows, it gets a kernel that shares them out. */
export class ThreadedCore extends inside.Core {
  override readonly bytes: typeof inside.bytesOf = (...of) => inside.bytesOf(...of).map(takingSharedMemory);
  private pool!: Pool;
  private readonly modulesOf = new Map<Family, Partial<Record<DType, readonly WebAssembly.Module[]>>>();
  private readonly sharingOf = new Map<Kernel, Kernel>();

  /** @param reserved the first byte of memory that is for Tensors */
  begin(pool: Pool, reserved: number): void {
    this.pool = pool;
    this.arena.blocks.top = reserved;
    this.arena.unwind();
  }

  protected override exports(_op: string, family: Family, dtype: DType): Exports {
    const exports = this.families.get(family)?.[dtype];
    if (exports !== undefined) return exports;
    const modules = this.bytes(family, this.relaxed, dtype).map(inside.compile);
    return this.keep(family, dtype, modules.map(this.link), modules);
  }

  override keep(
    family: Family,
    dtype: DType,
    parts: readonly WebAssembly.Exports[],
    modules: readonly WebAssembly.Module[],
  ): Exports {
    this.modulesOf.set(family, { ...this.modulesOf.get(family), [dtype]: modules });
    return super.keep(family, dtype, parts);
  }

  override kernel<K extends Kernel>(op: string, of: Export<K>, dtype: DType, rows?: Rows): K {
    const kernel = super.kernel(op, of, dtype);
    return rows === undefined || rows.rows * rows.cols < LEAST_ELEMENTS ? kernel : this.sharing(of, dtype, kernel);
  }

  /** A kernel that shares out its rows where that pays; the kernel itself where they cannot be shared out. */
  private sharing<K extends Kernel>(of: Export<K>, dtype: DType, kernel: K): K {
    let shared = this.sharingOf.get(kernel);
    if (shared === undefined) {
      const modules = this.modulesOf.get(of.family)?.[dtype] ?? [];
      const own = kernel as unknown as RowKernel;
      shared = (sharing(of, dtype, own, this.pool, this.arena, modules) ?? kernel) as Kernel;
      this.sharingOf.set(kernel, shared);
    }
    return shared as K;
  }

  override dispose(): void {
    this.pool.stop();
    this.sharingOf.clear(); // a kernel holds the memory
    super.dispose();
  }
}
