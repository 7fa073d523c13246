#!/usr/bin/env bash
# Builds every fuzz target for ClusterFuzzLite: binaries, seed corpora, dictionaries and options in $OUT. Called by its base
# image, which sets $SRC, $OUT and $SANITIZER. To run it elsewhere, set them by hand, and RUSTUP_TOOLCHAIN to a nightly
# toolchain.
set -euo pipefail

: "${SRC:?the folder that contains connect-contract}" "${OUT:?the output folder}"
cd "$SRC/connect-contract"

case ${SANITIZER:-address} in
    address | memory | thread) sanitizer=$SANITIZER ;;
    # The base image sets RUSTFLAGS for coverage.
    coverage | introspector | none) sanitizer=none ;;
    *) printf 'build.sh: Rust has no sanitizer %s; use address\n' "$SANITIZER" >&2; exit 2 ;;
esac

cargo fuzz build --release --debug-assertions --sanitizer "$sanitizer"

built=$(cargo metadata --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
triple=$(rustc -vV | sed -n 's/^host: //p')
for target in $(cargo fuzz list | grep -v -e '^baseline_' -e '^sdk_response$'); do
    cp "$built/$triple/release/$target" "$OUT/"
    (cd "fuzz/corpus/$target" && find . -name 'seed-*' -type f | sort | zip -q -X -@ "$OUT/${target}_seed_corpus.zip.new")
    mv "$OUT/${target}_seed_corpus.zip.new" "$OUT/${target}_seed_corpus.zip"
    cp fuzz/dictionary.txt "$OUT/$target.dict"
    printf '[libfuzzer]\nmax_len = 4096\ntimeout = 20\nrss_limit_mb = 3072\n' >"$OUT/$target.options"
done
