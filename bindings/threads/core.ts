import type { Export, Kernel } from "../call/op.js";
import type { Size } from "../engine/core.js";
import type { Family } from "../engine/variants.js";
import { inside } from "../index.js";
import { BYTES, type DType } from "../memory/dtype.js";
import type { RowKernel } from "./job.js";
import type { Pool } from "./pool.js";
import { LEAST_JOB, sharing } from "./share.js";
import { takingSharedMemory } from "./shared-memory.js";

/** The inside of an engine with workers. Where a call has many rows, it gets a kernel that shares them out. */
export class ThreadedCore extends inside.Core {
  /** Its workers. */
  pool!: Pool;
  private readonly modulesOf = new Map<Family, Partial<Record<DType, readonly WebAssembly.Module[]>>>();
  private readonly sharingOf = new Map<Kernel, Kernel>();

  override bytes(family: Family, dtype: DType): Uint8Array<ArrayBuffer>[] {
    return super.bytes(family, dtype).map(takingSharedMemory);
  }

  override keep(
    family: Family,
    dtype: DType,
    parts: readonly WebAssembly.Exports[],
    modules: readonly WebAssembly.Module[],
  ): ReturnType<InstanceType<typeof inside.Core>["keep"]> {
    this.modulesOf.set(family, { ...this.modulesOf.get(family), [dtype]: modules });
    return super.keep(family, dtype, parts, modules);
  }

  override kernel<K extends Kernel>(op: string, of: Export<K>, dtype: DType, size?: Size): K {
    const kernel = super.kernel(op, of, dtype);
    if (size === undefined || size.rows * size.cols * BYTES[dtype] < LEAST_JOB) return kernel;
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
    super.dispose();
  }
}
