/** What only Node has: files on a disk, standard input, patterns of file names. */
export { openDisk, systemReason } from "./disk.js";
export { expand } from "./expand.js";
export { openStream } from "./stream.js";
