// What an instance is given besides its memory. The file's name is the import's module: env.scratch.

/** Where the instance's scratch is: 2 KiB of memory, aligned to 64 bytes, that no other instance and no operand has. */
export declare const scratch: usize;
