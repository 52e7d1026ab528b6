/** What only Node has: files on a disk, standard input, patterns of file names. */
export { beside, leftBeside, removeLeft } from "./beside.js";
export { diskFolder, isFolder, openDisk, openShards, systemReason } from "./disk.js";
export { expand, expandFiles, type GivenFile } from "./expand.js";
export { makeFolders, removeFolders } from "./folders.js";
export { followed } from "./links.js";
export { type Model, openModel } from "./model.js";
export { type ShardOptions, type WriteOptions, writeSafetensors, writeShards } from "./save.js";
export { openStream } from "./stream.js";
