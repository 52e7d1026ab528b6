/**
 * `npm run bench:models`: tokens per second of the project's twins, one text, token by token, beside the same model in plain JavaScript.
 * Both say the same text, which is checked first. They take turns, a whole text each, and times are those of the processor: a busy machine
 * takes from caches, but not its waiting.
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { likeliest } from "@orthonorm/models";
import { openTransformer } from "@orthonorm/models/node";
import { provenance } from "./command.js";
import { digits } from "./format.js";
import { median } from "./measure.js";
import { plainTwin } from "./models/plain.js";

const help = `npm run bench:models -- [--rounds N]

Tokens per second of the twins, beside the same model in plain JavaScript.

  --rounds N   how many texts each of them says (60)
`;
const { values } = parseArgs({
  options: { rounds: { type: "string", default: "60" }, help: { type: "boolean", default: false } },
});
if (values.help) console.log(help);
else await run(Number(values.rounds));

async function run(rounds: number): Promise<void> {
  const { machine, runtime } = provenance("bench/models.ts");
  console.log(`${machine.cpu}, ${machine.cores} cores · Node ${runtime.node} (V8 ${runtime.v8})\n`);
  for (const name of ["ln", "rms"]) {
    const path = fileURLToPath(new URL(`../study/data/twins/${name}/model.safetensors`, import.meta.url));
    const plain = await plainTwin(path);
    const { model } = await openTransformer(path);
    const onEngine = () => {
      const text = [1];
      const run = model.begin();
      while (text.length < plain.positions) text.push(likeliest(run.forward(text.slice(-1))));
      run.dispose();
      return text;
    };
    const inPlain = () => {
      const text = [1];
      while (text.length < plain.positions) text.push(likeliest(plain.step(text[text.length - 1], text.length - 1)));
      return text;
    };
    const [one, other] = [onEngine().join(), inPlain().join()];
    if (one !== other) throw new Error(`${name} expected the text of plain JavaScript, got another one`);
    const times: [number, number][] = [];
    const warm = 60;
    for (let round = 0; round < rounds + warm; round++) {
      const pair: [number, number] = [0, 0];
      const order = round % 2 === 0 ? [0, 1] : [1, 0];
      for (const which of order) pair[which] = processorTime(which === 0 ? onEngine : inPlain);
      if (round >= warm) times.push(pair);
    }
    const perSecond = (which: number) => (plain.positions - 1) / median(times.map((pair) => pair[which]));
    const ratio = median(times.map(([engine, plainly]) => plainly / engine));
    console.log(
      `${model.sites[0].kind} twin: ${Math.round(perSecond(0))} tokens/s, plain JavaScript ${Math.round(perSecond(1))}: ${digits(ratio)} times`,
    );
    model.engine.dispose();
  }
}

/** Seconds of the processor, of a call. */
function processorTime(call: () => unknown): number {
  const before = process.cpuUsage();
  call();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}
