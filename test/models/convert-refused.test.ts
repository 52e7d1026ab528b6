// What convert refuses: one line, and nothing on the disk.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { GivenTensor } from "@orthonorm/files";
import { convertModel, openTransformer } from "@orthonorm/models/node";
import { describe, expect, it } from "vitest";
import { encode } from "../support/dtypes.js";
import { randomCase } from "../support/models/cases.js";
import { llama2cFile, plainTensors, random } from "../support/models/checkpoints.js";
import { folder, gpt2, made, model, named, place, refusal, twins } from "../support/models/conversions.js";

describe("what cannot be exact is refused", () => {
  const exactly = "expected a model whose LayerNorms can become RMSNorms exactly, got";

  it.each(["llama", "qwen3", "gemma"])("%s: RMSNorm already", async (type) => {
    const message = `config.json ${exactly} a ${type}, which has RMSNorm already, which centering would change`;
    expect(await refusal(await model(named(type)))).toBe(message);
  });

  it("a model that was converted, a twin with RMSNorm, a llama2.c", async () => {
    const out = place();
    await convertModel(await model(), out);
    expect(await refusal(out)).toBe(
      `config.json ${exactly} a gpt2, which has RMSNorm already, which centering would change (it was converted)`,
    );
    expect(await refusal(join(twins, "rms"))).toMatch(/got a rmsnorm-twin, which has RMSNorm already/);
    const bin = join(folder, "some.bin");
    const sizes = { dim: 4, hidden: 4, layers: 0, heads: 2, keyHeads: 1, vocabulary: 3, positions: 8, tied: true };
    writeFileSync(bin, llama2cFile(sizes, random({ "tok_embeddings.weight": [3, 4], "norm.weight": [4] })));
    expect(await refusal(bin)).toBe(`MODEL ${exactly} a llama2.c, which has RMSNorm already`);
  });

  it.each([
    ["bert", "normalises after each sublayer (post-norm), so that a norm's own output is the stream"],
    ["openai-gpt", "normalises after each sublayer (post-norm), so that a norm's own output is the stream"],
    ["bloom", "normalises its embeddings, and that norm's output is the stream"],
    ["xglm", "computes its positions as fixed sinusoids, which no file has and nothing centers"],
    ["olmo2", "normalises what its sublayers give before it is added to the stream"],
    ["gemma2", "normalises what its sublayers give before it is added to the stream"],
    ["t5", "has RMSNorm already, which centering would change"],
  ])("a %s", async (model_type, reason) => {
    const path = await model(gpt2, { model_type });
    expect(await refusal(path)).toBe(`config.json ${exactly} model_type "${model_type}", which ${reason}`);
  });

  it("numbers that are none, which centering would spread, with nothing left of what was written", async () => {
    const broken = (name: string) =>
      made.tensors.map((one): GivenTensor => {
        if (one.name !== name) return one;
        const data = (one.data as Float32Array).slice();
        data[5] = Number.NaN;
        return { ...one, data };
      });
    for (const name of ["transformer.wte.weight", "transformer.h.1.mlp.c_proj.weight"]) {
      expect(await refusal(await model(gpt2, {}, broken(name)))).toBe(
        `tensor "${name}" expected finite numbers, which can be centered, got a mean of NaN`,
      );
    }
    // Of what is copied it is the same model.
    await convertModel(await model(gpt2, {}, broken("transformer.h.1.mlp.c_fc.weight")), place());
  });

  it("an architecture that is not in the table", async () => {
    const message = /^config\.json expected a model_type among gpt2, .*, got "mpt"$/;
    expect(await refusal(await model(gpt2, { model_type: "mpt" }))).toMatch(message);
  });

  it("an OPT that normalises afterwards, or whose head reads the stream as it is; a GPT-2 that attends to another model", async () => {
    expect(await refusal(await model(named("opt"), { do_layer_norm_before: false }))).toBe(
      `config.json ${exactly} do_layer_norm_before false: one that normalises after each sublayer (post-norm), so that a norm's own output is the stream`,
    );
    expect(await refusal(await model(named("opt"), { _remove_final_layer_norm: true }))).toBe(
      `config.json ${exactly} _remove_final_layer_norm true: one that has a head that reads the stream as it is`,
    );
    expect(await refusal(await model(gpt2, { add_cross_attention: true }))).toMatch(
      /attends to another model's states too$/,
    );
  });

  it("tensors that the architecture does not have", async () => {
    const more = ["v_head.weight", "transformer.h.0.adapter.weight"].map((name) => {
      return { name, dtype: "F32", shape: [1], data: new Float32Array(1) };
    });
    expect(await refusal(await model(gpt2, {}, [...made.tensors, ...more]))).toBe(
      "model.safetensors expected the tensors of a gpt2 alone, got v_head.weight, transformer.h.0.adapter.weight too, of which nobody knows whether it reads or writes the stream",
    );
  });

  it("quantized weights, by the configuration or by their numbers", async () => {
    expect(await refusal(await model(gpt2, { quantization_config: { quant_method: "gptq" } }))).toBe(
      'config.json expected weights that are not quantized, got quantization_config of "gptq": whole numbers cannot be centered',
    );
    const bytes = made.tensors.map((one): GivenTensor => {
      if (one.name !== "transformer.h.1.mlp.c_proj.weight") return one;
      return { ...one, dtype: "I8", data: new Int8Array(96 * 24) };
    });
    expect(await refusal(await model(gpt2, {}, bytes))).toBe(
      'model.safetensors expected tensor "transformer.h.1.mlp.c_proj.weight" of F32, F64, F16 or BF16, got I8',
    );
  });

  it("halves that would become infinite, where f32 has room for them", async () => {
    const halves = randomCase({ ...gpt2, dtype: "F16" });
    const filled = (values: Readonly<Record<string, (i: number) => number>>) =>
      halves.tensors.map((one) => {
        const value = values[one.name];
        return value === undefined
          ? one
          : {
              ...one,
              data: encode(
                "f16",
                halves.t(one.name).data.map((_, i) => value(i)),
              ),
            };
      });
    const [norm, reads] = ["transformer.h.0.ln_1.weight", "transformer.h.0.attn.c_attn.weight"];
    const large = await model(gpt2, {}, filled({ [norm]: () => 2, [reads]: () => 40000 }));
    const holds = "expected numbers that F16 can hold (--weights f32 has room for them), got";
    expect(await refusal(large, place(), { fold: true })).toBe(`${reads} ${holds} 80000`);
    const writes = "transformer.h.0.mlp.c_proj.bias";
    const { length } = halves.t(writes).data;
    const uneven = await model(gpt2, {}, filled({ [writes]: (i) => (i === 0 ? -60000 : 60000) }));
    expect(await refusal(uneven)).toBe(`${writes} ${holds} ${-120000 * (1 - 1 / length)}`);
    const out = place();
    await convertModel(large, out, { fold: true, weights: "f32" });
    expect((await plainTensors(out)).t(reads).data.every((value) => value === 80000)).toBe(true);
  });

  it("a tensor that is missing, and one of another shape", async () => {
    const without = made.tensors.filter(({ name }) => name !== "transformer.h.1.ln_2.bias");
    expect(await refusal(await model(gpt2, {}, without))).toBe(
      'model.safetensors expected tensor "transformer.h.1.ln_2.bias" of [24], got none',
    );
    expect(await refusal(await model(gpt2, { n_inner: 100 }))).toBe(
      'model.safetensors expected tensor "transformer.h.0.mlp.c_fc.weight" of [24, 100], got [24, 96]',
    );
  });

  it("a norm that the configuration asks for and the architecture cannot have", async () => {
    const load = (path: string) => openTransformer(path).then(({ model: { engine } }) => engine.dispose());
    const batch = await model(gpt2, { norm: "BatchNorm" });
    await expect(load(batch)).rejects.toThrow('expected norm "LayerNorm" or "RMSNorm", got "BatchNorm"');
    const llama = await model(named("llama"), { norm: "LayerNorm" });
    await expect(load(llama)).rejects.toThrow('expected norm "RMSNorm" of a llama, got "LayerNorm"');
    const folded = await model(gpt2, { norm: "RMSNorm", norm_folded: "yes" });
    await expect(load(folded)).rejects.toThrow('expected norm_folded, true or false, got "yes"');
  });
});
