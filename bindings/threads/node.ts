// What threads ask of Node, by a function that is found at run time: an import of Node's modules would stop a bundler that makes a
// page. This is the only file of the bindings that knows Node.

/** What is used of node:worker_threads and node:os. */
export interface NodeModules {
  "node:worker_threads": {
    Worker: new (program: string, options: { eval: true; execArgv: string[]; name: string }) => NodeWorker;
    parentPort: {
      onmessage: ((message: { data: never }) => void) | null;
      postMessage(message: unknown): void;
    };
  };
  "node:os": { availableParallelism(): number };
}

export interface NodeWorker {
  on(event: "message" | "error" | "exit", listener: (value: unknown) => void): void;
  postMessage(message: unknown): void;
  terminate(): Promise<unknown>;
  unref(): void;
}

/** A module of Node's; undefined in a page, and in Node before 20.16. Bun and Deno have it too. */
export function nodeModule<Name extends keyof NodeModules>(name: Name): NodeModules[Name] | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };
  return process?.getBuiltinModule?.(name) as NodeModules[Name] | undefined;
}
