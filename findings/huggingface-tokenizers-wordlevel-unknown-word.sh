#!/usr/bin/env bash
# A WordLevel tokenizer in @huggingface/tokenizers gives no number for an unknown word, though it has the token for such words.
#
# Versions: @huggingface/tokenizers 0.2.0; seen with Node 20.20.
# Ground:   tokenizer.json names the token that stands for words that are not in the vocabulary (unk_token). The format's own reader,
#           in Rust and Python, gives its number. The library reads the same files for models that run in JavaScript.
# Seen:     the tokens have the unknown word itself, and the numbers have undefined in its place: as input_ids that is NaN, or an
#           error far from its cause. The token's own number, 0, is not used.
# Fails if the unknown word gets the number of its token, or an error.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --save-exact @huggingface/tokenizers@0.2.0
cat > run.mjs <<'JS'
import { Tokenizer } from "@huggingface/tokenizers";

const tokenizer = new Tokenizer(
  {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: "Whitespace" },
    post_processor: null,
    decoder: null,
    model: { type: "WordLevel", vocab: { "[UNK]": 0, the: 1, cat: 2 }, unk_token: "[UNK]" },
  },
  {},
);
const { tokens, ids } = tokenizer.encode("the dog");
console.log("tokens:", tokens.join(" "));
console.log("ids:", ids.map(String).join(" "));
JS
seen=$(node run.mjs)
echo "$seen"
expected="tokens: the dog
ids: 1 undefined"
[ "$seen" = "$expected" ] || { echo "changed: expected"; echo "$expected"; exit 1; }
