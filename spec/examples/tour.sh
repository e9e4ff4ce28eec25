#!/usr/bin/env bash
# The whole path on real input: check and compile a licence, decide a stream of invocations, keep the receipts, audit them.
# Needs Rust and nothing else. The log goes to a folder of its own, which is named at the end.
set -euo pipefail
cd "$(dirname "$0")/../.."
licit() { cargo run --release --quiet --package licit -- "$@" 2>&1; }
say() { printf '\n$ %s\n' "licit $*"; licit "$@"; }

folder=$(mktemp -d)
licence=spec/examples/llm-api.licit
trace=spec/examples/llm-api.jsonl   # the first 300 calls of each service of the Azure LLM trace 2023

say check "$licence"
say test "$licence"
say build "$licence" -o "$folder/llm-api.lbc"
printf '\n%s\n' "The first five of $(wc -l < "$trace") calls, as a gateway would decide them:"
head -n 5 "$trace" | licit run "$folder/llm-api.lbc"
printf '\n%s\n' "All of them, with receipts in a log:"
licit run "$folder/llm-api.lbc" --ledger "$folder/log" --quiet < "$trace"
printf '\n%s\n' "An audit decides all of them again from the log alone:"
licit audit "$folder/log"
printf '\n%s\n' "What the customer owes for the month, and who earned it:"
licit statement "$folder/log" --grant LlmApi --month 2023-11
licit statement "$folder/log" --grant LlmApi --month 2023-11 --format html > "$folder/statement.html"
printf '\n%s\n' "The module, the log and the statement as a page are in $folder"
