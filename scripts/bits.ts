// Writes test/data/bits.json, the digests that every engine's results must have: `npm run bits`, after a change that is meant to
// change bits. test/engine/bits.test.ts then says whether the browsers have them too.

import { writeFileSync } from "node:fs";
import * as orthonorm from "orthonorm";
import { digests } from "../test/support/bits.js";

const found = await digests(orthonorm);
writeFileSync("test/data/bits.json", `${JSON.stringify(found, null, 2)}\n`);
console.log(`test/data/bits.json: ${Object.keys(found).length} digests`);
