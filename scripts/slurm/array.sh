#!/bin/sh
#SBATCH --job-name=study
#SBATCH --array=0-63
#SBATCH --requeue
#SBATCH --output=log-%a.txt
# One task per shard. A task that is run again writes the same file again.
set -eu
task=$SLURM_ARRAY_TASK_ID
orthonorm study "shard-$task.safetensors" --pool gpt2 --save "sums-$task.json" --json - >/dev/null
