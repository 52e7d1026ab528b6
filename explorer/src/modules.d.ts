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
