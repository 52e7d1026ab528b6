import * as orthonorm from "orthonorm";
import { createEngine, defaultEngine, type Engine, type Tensor } from "orthonorm";
import { needs, type Step, sourceOf } from "./step.js";
import {
  type ArrayThing,
  aligned,
  BYTES,
  type EngineThing,
  isLive,
  LARGEST,
  type Region,
  Store,
  type TensorThing,
  type Thing,
} from "./things.js";
import { array, canary, orthonormalRows, values } from "./values.js";

/** A model and the package disagree. */
export class Disagreement extends Error {}

/** As many arrays as are watched: those made last. */
const WATCHED = 40;
/** As many Tensors and engines that were disposed of stay, to be used once more: those made last. */
const REMEMBERED = 12;

/** All that a sequence has made so far, real and as the model has it. */
export class World {
  readonly things = new Map<string, Thing>();
  readonly memories = new Map<string, WebAssembly.Memory>();
  /** Where every call is made once more, with arrays of its own. */
  readonly twin = createEngine();
  /** What names mean in a step's source. */
  private readonly scope: Record<string, unknown> = Object.assign(Object.create(null), orthonorm, {
    array,
    canary,
    orthonormalRows,
    values,
  });
  private readonly buffers = new Map<ArrayBufferLike, Store>();
  private readonly strays = new WeakMap<ArrayBufferLike, Store>();
  private default: EngineThing | undefined;

  constructor() {
    defaultEngine().dispose(); // that of a sequence before
  }

  evaluate(source: string): unknown {
    return new Function("scope", `with (scope) { return (${source}); }`)(this.scope);
  }

  /** Can this step be run: is there all that it names? */
  has(step: Step): boolean {
    return needs(step).every((name) => name in this.scope || ("name" in step && step.name === name));
  }

  run(step: Step): unknown {
    const result = this.evaluate(sourceOf(step));
    if ("name" in step) this.scope[step.name] = result;
    return result;
  }

  // Things by name

  engine(name: string | undefined): EngineThing {
    if (name === undefined || name === "defaultEngine()") {
      this.default ??= this.addEngine("defaultEngine()", defaultEngine(), undefined, LARGEST);
      return this.default;
    }
    return this.things.get(name) as EngineThing;
  }

  /** What stands for a name or a literal: a thing, or a value. */
  resolve(source: string): Thing | { kind: "value"; real: unknown } {
    if (source === "defaultEngine()") return this.engine(undefined);
    return this.things.get(source) ?? { kind: "value", real: this.evaluate(source) };
  }

  all<K extends Thing["kind"]>(kind: K): Extract<Thing, { kind: K }>[] {
    return [...this.things.values()].filter((thing): thing is Extract<Thing, { kind: K }> => thing.kind === kind);
  }

  /** The Tensors that have memory of an engine. */
  roots(engine: EngineThing): TensorThing[] {
    return this.all("tensor").filter((tensor) => tensor.root === tensor && tensor.engine === engine && isLive(tensor));
  }

  // What is made and goes

  addEngine(name: string, real: Engine, memory: WebAssembly.Memory | undefined, limit: number): EngineThing {
    const engine: EngineThing = { kind: "engine", name, real, memory, limit, buffer: memory?.buffer, live: true };
    this.things.set(name, engine);
    return engine;
  }

  disposeEngine(engine: EngineThing): void {
    engine.live = false;
    if (engine === this.default) {
      this.default = undefined;
      this.things.delete(engine.name);
    }
  }

  addTensor(name: string, real: Tensor, engine: EngineThing): TensorThing {
    const { dtype, shape, rows, cols } = real;
    const bytes = aligned(rows * cols * BYTES[dtype]);
    const address = real.data.byteOffset;
    for (const { name: other, address: start, bytes: size } of this.roots(engine)) {
      if (address < start + size && start < address + bytes)
        throw new Disagreement(`${name} lies in ${other}'s memory`);
    }
    if (address % 64 !== 0 || address < 2048) throw new Disagreement(`${name} lies at ${address}`);
    const store = new Store(name, () => new Uint8Array(real.data.buffer, address, bytes));
    const region = { store, start: 0, rows, cols, stride: cols * BYTES[dtype], size: BYTES[dtype] };
    const tensor = {
      kind: "tensor",
      name,
      real,
      engine,
      dtype,
      shape,
      rows,
      cols,
      region,
      address,
      bytes,
      disposed: false,
    };
    const root = Object.assign(tensor, { root: tensor }) as unknown as TensorThing;
    (root as { root: TensorThing }).root = root;
    this.things.set(name, root);
    return root;
  }

  addView(name: string, real: Tensor, of: TensorThing, region: Region): void {
    const { engine, root, dtype, address, bytes } = of;
    const { shape } = real;
    const { rows, cols } = region;
    this.things.set(name, {
      kind: "tensor",
      name,
      real,
      engine,
      root,
      dtype,
      shape,
      rows,
      cols,
      region,
      address,
      bytes,
      disposed: false,
    });
  }

  addArray(name: string, real: ArrayThing["real"], storage: ArrayThing["storage"]): void {
    this.things.set(name, { kind: "array", name, real, storage });
    if (this.ownerOf(real.buffer) === undefined && !this.strays.has(real.buffer)) {
      const store = this.buffers.get(real.buffer) ?? new Store(name, () => new Uint8Array(real.buffer));
      store.adopt();
      this.buffers.set(real.buffer, store);
    }
    const arrays = this.all("array");
    if (arrays.length > WATCHED) {
      this.things.delete(arrays[0].name);
      if (!arrays.slice(1).some((one) => one.real.buffer === arrays[0].real.buffer))
        this.buffers.delete(arrays[0].real.buffer);
    }
  }

  /** Its memory goes elsewhere. */
  detach(buffer: ArrayBufferLike): void {
    this.buffers.delete(buffer);
  }

  /** Is a buffer one that no engine ever lived in, with its memory? */
  isPlain(buffer: ArrayBufferLike): boolean {
    return this.buffers.has(buffer);
  }

  /** The live engine whose memory a buffer is. */
  ownerOf(buffer: ArrayBufferLike): EngineThing | undefined {
    return this.all("engine").find((engine) => engine.live && engine.buffer === buffer);
  }

  /** Where the elements of a thing are; undefined in memory of a live engine that is no Tensor's. */
  regionOf(thing: TensorThing | ArrayThing): Region | undefined {
    if (thing.kind === "tensor") return thing.region;
    const { buffer, byteOffset, byteLength } = thing.real;
    const plain = this.buffers.get(buffer);
    if (plain !== undefined) return rowIn(plain, byteOffset, thing.real);
    const engine = this.ownerOf(buffer);
    if (engine === undefined) return this.strayRegionOf(thing);
    const root = this.roots(engine).find(
      ({ address, bytes }) => byteOffset >= address && byteOffset + byteLength <= address + bytes,
    );
    return root && rowIn(root.region.store, byteOffset - root.address, thing.real);
  }

  /** The same in memory that no Tensor has: anybody may write there. */
  strayRegionOf({ real }: ArrayThing): Region {
    const store = this.strays.get(real.buffer) ?? new Store("memory of no Tensor", () => new Uint8Array(real.buffer));
    store.adopt();
    this.strays.set(real.buffer, store);
    return rowIn(store, real.byteOffset, real);
  }

  /**
   * An array was written that lies in an engine's memory and in no one Tensor. A call in another engine takes it, as it takes any array,
   * and what has come to live there since is overwritten.
   */
  adoptUnder(thing: TensorThing | ArrayThing): void {
    if (thing.kind === "tensor") return;
    const { buffer, byteOffset, byteLength } = thing.real;
    const engine = this.ownerOf(buffer);
    for (const { region, address, bytes } of engine === undefined ? [] : this.roots(engine)) {
      const [start, end] = [Math.max(byteOffset, address), Math.min(byteOffset + byteLength, address + bytes)];
      if (start < end) region.store.adopt(start - address, end - address);
    }
  }

  /** Is everything as the model has it? */
  check(): void {
    const inUse = new Map<EngineThing, number>();
    for (const thing of this.things.values()) {
      if (thing.kind === "array") continue;
      const live = thing.kind === "engine" ? thing.live : isLive(thing);
      if (thing.real.disposed === live) throw new Disagreement(`${thing.name} is ${live ? "" : "not "}disposed of`);
      if (live && thing.kind === "tensor" && thing.root === thing) {
        thing.engine.buffer = thing.real.data.buffer;
        inUse.set(thing.engine, (inUse.get(thing.engine) ?? 0) + thing.bytes);
        compare(thing.region.store);
      }
    }
    for (const engine of this.all("engine")) {
      const expected = inUse.get(engine) ?? 0;
      if (expected === 0 && engine.memory !== undefined && engine.live) engine.buffer = engine.memory.buffer;
      const { bytesInUse } = engine.real;
      if (engine.live && bytesInUse !== expected) {
        throw new Disagreement(`${engine.name} has ${bytesInUse} bytes in use, not ${expected}`);
      }
    }
    for (const store of this.buffers.values()) compare(store);
    if (this.twin.bytesInUse !== 0) throw new Disagreement("calls with arrays leave bytes in use");
  }

  /** Forgets most of what was disposed of, between steps that belong together. */
  prune(): void {
    const gone = [...this.things.values()].filter(
      (thing) => (thing.kind === "engine" && !thing.live) || (thing.kind === "tensor" && !isLive(thing)),
    );
    for (const { name } of gone.slice(0, -REMEMBERED)) this.things.delete(name);
  }

  /** Lets everything go. */
  end(): void {
    for (const engine of this.all("engine")) engine.real.dispose();
    this.twin.dispose();
  }
}

function rowIn(store: Store, start: number, { length, BYTES_PER_ELEMENT: size }: ArrayThing["real"]): Region {
  return { store, start, rows: 1, cols: length, stride: length * size, size };
}

function compare(store: Store): void {
  const at = store.difference();
  if (at >= 0) throw new Disagreement(`byte ${at} of ${store.name} has changed`);
}
