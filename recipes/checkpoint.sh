#!/usr/bin/env bash
# Trains a checkpoint like the shipped one, from an encoder to the files at the top of the repository.
#
# The shipped one went another way. Step 1 read the texts of extra/ too, in rows of 256 tokens, and ended after 2,500
# steps. Step 2 left out the development documents of BC5CDR and DrugProt, and only its last epoch had texts made of
# patterns. In steps 2 to 4 the patterns were fewer. Step 4 had one seed. Step 5 had nine runs, the first two over the
# model of a trial, the last after the further runs. Then further runs trained the relations with more patterns (step 6
# of model_card.md, which has the commands), with annotated texts, with closest mentions, some with R-Drop and two with
# written abstracts; this recipe has R-Drop in steps 3 and 4, the others from step 2 on.
#
#   bash recipes/checkpoint.sh DATA ENCODER VOCABULARY OUTPUT [SEED ...]
#
#   DATA        folder with bioredirect/, bc5cdr/, text/biomedical_text.txt.xz (the annotated texts need it, too), and
#               extra/ for stages 1 and 2 and the tagger: JSON Lines with text, entities and annotated_types, named as
#               below
#   ENCODER     folder or Hub id of the pretrained encoder
#   VOCABULARY  folder or Hub id of the tokenizer that the encoder gets, or "none": it is trained as it is, without step 1
#   OUTPUT      folder of all runs; a stopped recipe resumes when it is started again
#   SEED ...    of stage 2; the weights of several are averaged. Default: 1 2 3
#
# LAUNCH starts train.py: LAUNCH="accelerate launch" on a machine that `accelerate config` knows; default: python.
# PRETRAIN holds further options of scripts/pretrain_encoder.py, such as --max-steps.
set -euo pipefail
data=$1 encoder=$2 vocabulary=$3 output=$4
shift 4
seeds=("$@")
[ ${#seeds[@]} -gt 0 ] || seeds=(1 2 3)
launch=${LAUNCH:-python}
train=$data/bioredirect/bioredirect_train.pubtator
dev=$data/bioredirect/bioredirect_dev.pubtator
test=$data/bioredirect/bioredirect_test.pubtator
mkdir -p "$output"

# 1. The encoder learns the language and, if wanted, the vocabulary of the domain.
if [ "$vocabulary" != none ]; then
  python scripts/pretrain_encoder.py --text "$data/text/biomedical_text.txt.xz" --encoder "$encoder" \
    --vocabulary "$vocabulary" --output "$output/encoder" --bf16 --attention eager ${PRETRAIN:-}
  encoder=$output/encoder/encoder
fi

# 2. Stage 1: BioREDirect, all corpora of the list, annotated texts and texts made of sentence patterns, without
# BioREDirect's dev and test documents. Each of STAGE1_EPOCHS epochs (default: 4) is a run with another seed, from the
# model of the one before.
contrast=$(realpath "$output")/contrast.jsonl
[ -f "$contrast" ] || python scripts/contrast_sentences.py --train "$train" --documents 10000 --output "$contrast"
annotated=$(realpath "$output")/annotated.jsonl
[ -f "$annotated" ] || python scripts/annotated_abstracts.py --data_dir "$data" --output "$annotated"
written=$(realpath recipes/written_abstracts.jsonl)
# The annotated texts go first: of documents that several corpora have, the first one's are learned from.
listed() {
  printf -- '- {name: annotated, path: "%s"}\n' "$annotated"
  printf -- '- {name: written, path: "%s", split: [train]}\n' "$written"
  cat "${@:2}" < /dev/null
  printf -- '- {name: contrast, path: "%s", share: %s}\n' "$contrast" "$1"
}
listed 0.3 > "$output/added.yaml"
listed 0.4 recipes/corpora.yaml > "$output/corpora.yaml"
stage1=$encoder
for ((epoch = 1; epoch <= ${STAGE1_EPOCHS:-4}; epoch++)); do
  $launch train.py --config recipes/stage1.yaml --train "$train" --dev "$dev" --exclude "$test" --encoder "$stage1" \
    --corpora "$output/corpora.yaml" --data_dir "$data" --corpus_vectors --closest_mentions --negatives_per_positive 2 \
    --num_train_epochs 1 --seed "$epoch" --output_dir "$output/stage1-$epoch" --resume_from_checkpoint
  stage1=$output/stage1-$epoch
done

# 3. Stage 2 on the training documents, annotated texts and texts made of patterns: dev chooses the epoch, the
# decoding bias and the scaling of the scores.
stage2=(--config recipes/stage2.yaml --exclude "$test" --encoder "$stage1" --corpora "$output/added.yaml"
  --num_train_epochs 3 --direction_smoothing 0.5 --r_drop 0.5 --resume_from_checkpoint)
$launch train.py "${stage2[@]}" --train "$train" --dev "$dev" --output_dir "$output/stage2" --seed "${seeds[0]}"
[ -f "$output/stage2/scaled" ] || biodir calibrate "$dev" --model "$output/stage2" --scores-only --write
touch "$output/stage2/scaled"

# 4. The final runs learn from train and dev, with the epoch and the bias of step 3; their weights are averaged.
chosen=$(python -c "
import json, sys
log = json.load(open(sys.argv[1]))
best = log['epochs'][log['best_epoch'] - 1]
print('--stop_after_epoch', best['epoch'], '--none_bias', best['none_bias'])" "$output/stage2/training.json")
finals=()
for seed in "${seeds[@]}"; do
  $launch train.py "${stage2[@]}" --train "$train" "$dev" --output_dir "$output/final-$seed" --seed "$seed" $chosen
  finals+=("$output/final-$seed")
done
python scripts/average_checkpoints.py "${finals[@]}" --output "$output/final"

# 5. The tagger, over the finished relations: all corpora that annotate entity types completely, then those like BioRED,
# at the end three in ten texts sentence by sentence.
# The captions of bioid that name no cell line are left out, the genes of DrugProt that are variants, such as V600E, and
# the written abstracts of the split test.
if [ ! -f "$output/drugprot.jsonl" ]; then
  python - "$data/extra/bioid.jsonl.xz" "$output/cell_lines.jsonl" "$data/extra/drugprot.jsonl.xz" \
    "$output/drugprot.jsonl" "$written" "$output/written.jsonl" <<'EOF'
import json, os, sys
from biodir.files import open_input, text_lines
from biodir.labels_biodir import GENE
from biodir.pipeline_tagging_biodir import AMINO_ACID_CHANGE
def documents(path):
    with open_input(path) as file:
        yield from map(json.loads, text_lines(file))
def write(path, found):
    with open(f"{path}.part", "w", encoding="utf-8") as file:
        file.writelines(json.dumps(each) + "\n" for each in found)
    os.replace(f"{path}.part", path)
def is_variant(mention):
    return mention["type"] == GENE and AMINO_ACID_CHANGE.fullmatch(mention["text"])
def without_variants(document):
    mentions = [each for each in document["entities"] if not is_variant(each)]
    return {**document, "entities": mentions, "relations": []}
write(sys.argv[2], (each for each in documents(sys.argv[1]) if each["entities"]))
write(sys.argv[6], (each for each in documents(sys.argv[5]) if each["split"] == "train"))
write(sys.argv[4], map(without_variants, documents(sys.argv[3])))
EOF
fi
mentions=("$output"/{cell_lines,drugprot}.jsonl "$data"/bc5cdr/CDR_{Training,Development}Set.PubTator.txt)
for name in tmvar3 ncbi_disease nlm_gene gnormplus nlm_chem species800; do
  mentions+=("$data/extra/$name.jsonl.xz")
done
$launch train.py --config recipes/tagger1.yaml --train "$train" --dev "$dev" --exclude "$test" --encoder "$output/final" \
  --mention_train "${mentions[@]}" --output_dir "$output/tagger1" --resume_from_checkpoint
$launch train.py --config recipes/tagger2.yaml --train "$train" --dev "$dev" --exclude "$test" \
  --encoder "$output/tagger1" --mention_train "$data/extra/tmvar3.jsonl.xz" --output_dir "$output/tagger2" \
  --resume_from_checkpoint
$launch train.py --config recipes/tagger3.yaml --train "$train" --dev "$dev" --exclude "$test" \
  --encoder "$output/tagger2" --mention_train "$data"/extra/{tmvar3,seth}.jsonl.xz "$output/written.jsonl" \
  --output_dir "$output/tagger3" --resume_from_checkpoint

# 6. The weights in float16, at the top of the repository; test is scored once.
python scripts/export_checkpoint.py "$output/tagger3" . --calibrated-like "$output/stage2"
biodir evaluate "$test" --model .
