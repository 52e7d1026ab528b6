/**
 * What a page has in the place of node's modules (vite.config.ts): nothing. The study's JSON is made in the module that writes it
 * to files, which no page does.
 */
const nothing = undefined;

export {
  nothing as access,
  nothing as basename,
  nothing as constants,
  nothing as dirname,
  nothing as join,
  nothing as mkdirSync,
  nothing as open,
  nothing as randomBytes,
  nothing as realpath,
  nothing as renameSync,
  nothing as resolve,
  nothing as rmSync,
  nothing as stat,
  nothing as writeFileSync,
};
