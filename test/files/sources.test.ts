// Where the bytes come from: disks, streams, pages, patterns; and files that are no tensors at all.

import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { type FileHandle, open as openFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { openContainer } from "@orthonorm/files";
import { openDisk, openStream } from "@orthonorm/files/node";
import { describe, expect, test, vi } from "vitest";
import { failure, folder, noise, open, ways } from "../support/read-files.js";
import { npy, zip } from "../support/tensor-files.js";

describe("what is no file of tensors", () => {
  test.each<[string, Uint8Array, string]>([
    ["nothing", Buffer.alloc(0), "nothing: it is empty"],
    ["too little", Buffer.from("abc"), "3 bytes in all"],
    ["GGUF", Buffer.from("GGUF\x03\0\0\0\0\0"), "a GGUF file"],
    ["HDF5", Buffer.from("\x89HDF\r\n\x1a\n", "latin1"), "an HDF5 file (save it as safetensors or .npy)"],
    ["a pickle", Buffer.from("\x80\x02}q\x00(X\x04\x00", "latin1"), "a Python pickle (save it as safetensors)"],
    [
      "an older PyTorch checkpoint",
      Buffer.from("80028a0a6cfc9c46f920", "hex"),
      "a PyTorch checkpoint (save it as safetensors)",
    ],
    ["Parquet", Buffer.from("PAR1\x15\x04\x15\x80\x0a", "latin1"), "a Parquet file (save its column as .npy)"],
    ["Arrow", Buffer.from("ARROW1\0\0\xff\xff", "latin1"), "an Arrow file (save its column as .npy)"],
    ["an Arrow stream", Buffer.from("ffffffff70000000", "hex"), "an Arrow file (save its column as .npy)"],
    ["ONNX, as PyTorch writes it", Buffer.from("\x08\x08\x12\x07pytorch", "latin1"), "an ONNX model"],
    ["ONNX, the graph first", Buffer.from("\x08\x0a\x3a\x80\x04\x0a\x10\x0a", "latin1"), "an ONNX model"],
    ["TensorFlow Lite", Buffer.from("\x1c\0\0\0TFL3", "latin1"), "a TensorFlow Lite model"],
    ["MATLAB 5", Buffer.from("MATLAB 5.0 MAT-file, Platform"), "a MATLAB file (save it as .npy)"],
    ["MATLAB 7.3", Buffer.from("MATLAB 7.3 MAT-file, Platform"), "a MATLAB file, which is HDF5 (save it as .npy)"],
    ["R", Buffer.from("RDX3\nX\n\0\0", "latin1"), "an R file (save it as .npy, by reticulate)"],
    ["bzip2", Buffer.from("BZh91AY&SY"), "a bzip2 file (decompress it first)"],
    ["xz", Buffer.from("fd377a585a000004", "hex"), "an xz file (decompress it first)"],
    [
      "raw numbers",
      Buffer.from(new Float32Array([0.1, -2, 3]).buffer),
      "bytes that begin like none (raw numbers have no shape: save them as .npy)",
    ],
    ["gzip", Buffer.from("1f8b0800a1b2c3d40003", "hex"), "a gzip file (decompress it first)"],
    ["zstd", Buffer.from("28b52ffd0458a1b2c3d4", "hex"), "a zstd file (decompress it first)"],
    [
      "a Git LFS pointer",
      Buffer.from("version https://git-lfs"),
      "a Git LFS pointer (fetch the file itself: git lfs pull)",
    ],
    ["JSON", Buffer.from('{"a": [1, 2, 3]}'), "a JSON file"],
    ["text", Buffer.from("token,value\n"), "a text file"],
  ])("%s", async (_, bytes, got) => {
    for (const way of ways) {
      expect(await failure(bytes, "h.bin", way)).toBe(`h.bin expected a .safetensors, .npy or .npz file, got ${got}`);
    }
  });

  test("the length of a header that begins like a pickle is none", async () => {
    const length = Buffer.from("8002000000000000", "hex");
    expect(await failure(Buffer.concat([length, noise(600)]), "h.bin")).toBe(
      "h.bin expected a header that fits in the file, got a file of 608 bytes whose header claims 640",
    );
  });

  test("what begins like a header of tensors and another format too", async () => {
    const gzip = Buffer.concat([Buffer.from("1f8b080000000000", "hex"), noise(600_000)]);
    expect(await failure(gzip, "h.bin")).toBe("h.bin expected a JSON header, got a gzip file (decompress it first)");
    expect(await failure(gzip.subarray(0, 900), "h.bin")).toBe(
      "h.bin expected a header that fits in the file, got a gzip file (decompress it first)",
    );
  });
});

describe("sources", () => {
  test("a disk's file is read at any place, into memory of WebAssembly too", async () => {
    const bytes = noise(10_000);
    const source = await open(bytes, "raw", "disk");
    const memory = new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer);
    await source.read(memory.subarray(64, 1064), 5000);
    await source.read(memory.subarray(1064, 1164), 3);
    expect(source.size).toBe(10_000);
    expect(Buffer.from(memory.subarray(64, 1164))).toEqual(
      Buffer.concat([bytes.subarray(5000, 6000), bytes.subarray(3, 103)]),
    );
    await source.close();
  });

  test.each(ways)("an array that is detached while it is filled is refused, from %s", async (way) => {
    const bytes = noise(300_000);
    const source = await open(bytes, "raw", way);
    const memory = new WebAssembly.Memory({ initial: 8 });
    const reading = source.read(new Uint8Array(memory.buffer, 0, 200_000), 10);
    memory.grow(1);
    await expect(reading).rejects.toThrow(
      new TypeError(
        "read: into expected to keep its 200000 bytes while it is filled, got it detached (has its memory grown?)",
      ),
    );
    await source.close();
  });

  test("an array that is detached while an entry is inflated is refused", async () => {
    const bytes = zip([{ name: "a.npy", data: npy("'<f4'", [50_000], noise(200_000)), deflate: true }]);
    const [tensor] = (await openContainer(await open(bytes, "a.npz", "blob"))).tensors;
    const memory = new WebAssembly.Memory({ initial: 8 });
    const reading = (await tensor.open()).read(new Uint8Array(memory.buffer, 0, 200_000));
    memory.grow(1);
    await expect(reading).rejects.toThrow("got it detached");
  });

  test.each(ways)("the end of %s", async (way) => {
    const source = await open(noise(100), "raw", way);
    await expect(source.read(new Uint8Array(30), 80)).rejects.toThrow(/^raw expected 30 bytes at byte 80, got 20: it /);
    await source.close();
  });

  test("what a disk has beside files", async () => {
    mkdirSync(join(folder, "dir"));
    const cases: [string, string][] = [
      ["dir", "expected a .safetensors, .npy or .npz file, got a directory"],
      ["missing", "expected a file that can be read, got no such file or directory"],
      ["dir/\u001b", "expected a file that can be read, got no such file or directory"],
    ];
    for (const [name, message] of cases) {
      await expect(openDisk(join(folder, name), name)).rejects.toThrow(
        `${name.replace("\u001b", "\\u001b")} ${message}`,
      );
    }
    if (process.platform === "win32") return;
    expect(spawnSync("mkfifo", [join(folder, "pipe")]).status).toBe(0);
    await expect(openDisk(join(folder, "pipe"), "pipe")).rejects.toThrow(
      "pipe expected a regular file (it is read by ranges), got a pipe or device",
    );
  });

  test("a disk's file that was opened and cannot be read further is closed", async () => {
    const path = join(folder, "unread");
    const probe = await openFile(path, "w");
    await probe.close();
    const opened: FileHandle[] = [];
    const handles: FileHandle = Object.getPrototypeOf(probe);
    const stat = vi.spyOn(handles, "stat").mockImplementationOnce(async function (this: FileHandle) {
      opened.push(this);
      throw Object.assign(new Error("stat"), { code: "EIO" });
    });
    try {
      await expect(openDisk(path, "h")).rejects.toThrow("h expected a file that can be read, got EIO");
      expect(opened.map(({ fd }) => fd)).toEqual([-1]);
    } finally {
      stat.mockRestore();
    }
  });

  test("a stream is passed over, not read back, and its writer waits", async () => {
    let produced = 0;
    const stream = Readable.from(
      (function* () {
        for (;;) {
          produced++;
          yield Buffer.alloc(1000, produced);
        }
      })(),
      { objectMode: false, highWaterMark: 4000 },
    );
    const source = openStream(stream, "flow");
    const into = new Uint8Array(4);
    await source.read(into, 50_998);
    expect([...into]).toEqual([51, 51, 52, 52]);
    expect(produced).toBeLessThan(60);
    await expect(source.read(into, 10)).rejects.toThrow(
      "flow expected to be read from front to back, got byte 10 after byte 51002",
    );
    await source.close();
    expect(stream.destroyed).toBe(true);
  });

  test("a stream that breaks", async () => {
    const stream = new Readable({
      read() {
        this.destroy(Object.assign(new Error("read"), { code: "EIO" }));
      },
    });
    await expect(openStream(stream).read(new Uint8Array(1), 0)).rejects.toThrow(
      "standard input expected a stream that can be read, got EIO",
    );
  });

  test("a reader asked for more than its tensor has is a fault of the program", async () => {
    for (const deflate of [false, true]) {
      const bytes = zip([{ name: "a.npy", data: npy("'<f4'", [2], noise(8)), deflate }]);
      const [tensor] = (await openContainer(await open(bytes, "a.npz", "blob"))).tensors;
      await expect((await tensor.open()).read(new Uint8Array(9))).rejects.toThrow(RangeError);
    }
  });
});
