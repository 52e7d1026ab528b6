/** The options of `npm run bench:targets`. */
import { parseArgs } from "node:util";
import { baseline } from "../baseline/build.js";
import { oneOf } from "../command.js";
import { groupNames } from "./comparisons.js";

export const sections = [...groupNames, "cold", "sizes", "threads"] as const;
export type Section = (typeof sections)[number];

const help = `npm run bench:targets -- [options]

The targets of speed that are held against the package of commit ${baseline}, which is built from git on first use, or against
another way of doing the same: target, measured, and from where to where it went in several processes. All of them take about five
minutes.

  --only SECTIONS   ${sections.join(", ")};
                    several with commas
  --quick           five processes each instead of nine
  --json FILE       the table with machine, runtime, commit and command: a record
  --help            this
`;

export interface Request {
  only: Section[];
  processes: number;
  json: string | undefined;
}

/** The options; or help or what is wrong with them, and nothing. */
export function readTargets(args = process.argv.slice(2)): Request | undefined {
  try {
    const { values } = parseArgs({
      args,
      options: {
        only: { type: "string", default: sections.join(",") },
        quick: { type: "boolean", default: false },
        json: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) {
      console.log(help);
      return undefined;
    }
    return { only: oneOf("--only", values.only, sections), processes: values.quick ? 5 : 9, json: values.json };
  } catch (error) {
    console.error(`bench:targets: ${(error as Error).message}\n\n${help}`);
    process.exitCode = 2;
    return undefined;
  }
}
