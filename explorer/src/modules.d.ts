/// <reference types="vite/client" />

// Packages without types, handed on to Benchmark as they are.
declare module "lodash" {
  const lodash: object;
  export default lodash;
}
declare module "platform" {
  const platform: object;
  export default platform;
}

/** Made by vite.config.ts: what a snippet's worker has before the snippet, and the document of the frame it runs in. */
declare module "virtual:sandbox" {
  export const prelude: string;
  export const frame: string;
}
