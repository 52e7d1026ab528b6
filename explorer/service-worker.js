// Keeps the page's files, so that it works offline once it has been loaded. `kept` is put before this by vite.config.ts: a
// name for this build, and its files. The samples and onnxruntime are kept when they are asked for.
/* global kept */
const prefix = "orthonorm-explorer ";
const name = prefix + kept.build;

addEventListener("install", (event) => {
  event.waitUntil(
    // from the server: the browser's own cache may have the page of an earlier build, which names other files
    caches.open(name).then((cache) => cache.addAll(kept.files.map((file) => new Request(file, { cache: "reload" })))),
  );
});

// A new build waits until no page of the old one is open, which would ask for its workers in vain.
addEventListener("activate", (event) => {
  const old = (key) => key.startsWith(prefix) && key !== name;
  event.waitUntil(
    caches
      .keys()
      .then((keys) => Promise.all(keys.filter(old).map((key) => caches.delete(key))))
      .then(() => clients.claim()),
  );
});

addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(registration.scope)) return;
  event.respondWith(answer(request));
});

async function answer(request) {
  const cache = await caches.open(name);
  // the view is in the query: any of them is the page
  const found = await cache.match(request, { ignoreSearch: true });
  if (found) return found;
  const fresh = await fetch(request);
  // what cannot be kept, for want of room or as a part of a file, is answered all the same
  if (fresh.ok) await cache.put(request, fresh.clone()).catch(() => {});
  return fresh;
}
