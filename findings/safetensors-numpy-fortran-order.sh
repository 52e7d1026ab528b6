#!/usr/bin/env bash
# safetensors.numpy.save_file writes an array in Fortran's order with its elements in another order, and says nothing.
#
# Versions: safetensors 0.8.0, NumPy 2.4.6; seen with Python 3.11.
# Ground:   the format is row-major, and a header has no room for another order. An array in Fortran's order is an ordinary NumPy
#           array: a transpose is one, and so is what pandas and R's reticulate give. numpy.save writes it right; save_file of
#           safetensors.torch refuses a tensor that is not contiguous, with the cure in the message.
# Seen:     the file has the bytes as they lie in memory under the shape as it was: loading gives another array.
#           numpy.ascontiguousarray before saving gives the right one.
# Fails if Fortran's order comes back right or is refused, or the cure no longer works.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --no-deps safetensors==0.8.0 numpy==2.4.6
seen=$(env/bin/python - <<'PY'
import numpy
from safetensors.numpy import load_file, save_file

x = numpy.asfortranarray(numpy.arange(6, dtype=numpy.float32).reshape(2, 3))
print("given:", x.tolist())
for name, array in {"saved": x, "saved contiguous": numpy.ascontiguousarray(x)}.items():
    save_file({"x": array}, "x.safetensors")
    print(f"{name}:", load_file("x.safetensors")["x"].tolist())
PY
)
expected="given: [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
saved: [[0.0, 3.0, 1.0], [4.0, 2.0, 5.0]]
saved contiguous: [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]"
echo "$seen"
[ "$seen" = "$expected" ] || { echo "changed: expected"; echo "$expected"; exit 1; }
