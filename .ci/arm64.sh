#!/usr/bin/env bash
# Trains and runs some tests on an emulated ARM64 processor, on Debian 12 or newer: bash .ci/arm64.sh [ROOT [TESTS...]]
# Needs qemu-user-static, apt-get and pip, but no rights of root, and an hour: an emulated processor is slow. CI does not
# run this, since it has machines with such processors.
# ROOT (default: build/arm64) gets Debian's Python for ARM64 and the wheels for it. They stay there for the next run.
# Programs that a test starts are not emulated, so choose tests that start none.
set -euo pipefail

cd "$(dirname "$0")/.."
root=$(realpath -m "${1:-build/arm64}")
shift || true
mkdir -p "$root"/apt/{lists,cache}/partial "$root/system"

apt() {  # with lists, packages and states of its own, so that the machine's are left alone
    apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o APT::Sandbox::User= \
        -o Dir::State::status="$root/apt/status" -o Dir::State::lists="$root/apt/lists" \
        -o Dir::Cache="$root/apt/cache" -o Debug::NoLocking=1 "$@"
}

if [ ! -e "$root/ready" ]; then
    echo "== Debian's Python for ARM64"
    touch "$root/apt/status"
    apt update
    apt install --yes --download-only --no-install-recommends python3-minimal python3 libstdc++6 libgomp1
    for package in "$root"/apt/cache/archives/*.deb; do dpkg-deb --extract "$package" "$root/system"; done
fi

python=$(find "$root/system/usr/bin" -name "python3.??" | sort | tail -n 1)
version=${python##*python}
emulated=(qemu-aarch64-static -L "$root/system" -E "PYTHONPATH=$root/site:$PWD" -E "NUMBA_CACHE_DIR=$root/numba" "$python")

if [ ! -e "$root/ready" ]; then
    echo "== Wheels for ARM64 and Python $version"
    # without jieba, which has no wheel
    python3 - > "$root/requirements.txt" <<'PYTHON'
import tomllib
project = tomllib.load(open("pyproject.toml", "rb"))["project"]
print(*project["dependencies"], *project["optional-dependencies"]["test"], sep="\n")
PYTHON
    sed -i "/^jieba/d" "$root/requirements.txt"
    python3 -m pip install --quiet --target "$root/site" --python-version "$version" --implementation cp \
        --only-binary :all: --platform manylinux_2_28_aarch64 --platform manylinux_2_27_aarch64 \
        --platform manylinux_2_17_aarch64 --platform manylinux2014_aarch64 --requirement "$root/requirements.txt"
    touch "$root/ready"
fi
python3 -m pip install --quiet --no-deps --upgrade --target "$root/site" .  # with the names that spaCy looks up

echo "== $("${emulated[@]}" -c 'import platform; print(platform.machine(), "Python", platform.python_version())')"
if [ $# -gt 0 ]; then
    exec "${emulated[@]}" -m pytest -q -n 0 -p no:cacheprovider "$@"
fi
echo "== A small training"
"${emulated[@]}" -c "
import spacy_w2v
model = spacy_w2v.train(spacy_w2v.gensim_wiki(max_documents=3), vector_size=20, epochs=2, min_count=2, workers=1)
print(model, model.most_similar('the', topn=3))
"
echo "== Tests"
"${emulated[@]}" -m pytest -q -n 0 -p no:cacheprovider tests/test_tiles.py tests/test_kernel_contract.py tests/test_tokens.py
