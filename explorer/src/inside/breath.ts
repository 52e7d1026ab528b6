/** Lets a worker hear what it was told meanwhile. A timer would wait 4 ms, longer than a token takes. */
const waiting: (() => void)[] = [];
const { port1, port2 } = new MessageChannel();

port1.onmessage = () => waiting.shift()?.();

export function breath(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    port2.postMessage(null);
  });
}
