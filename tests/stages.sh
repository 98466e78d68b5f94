# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The stages of `./dev test`, sourced by it. Each stage builds a preset and runs the tests of some labels; a stage that fails
# does not keep the next from running, and the last line counts them all.

passed=0
failed=0
skipped=0
table=""

# note STAGE RESULT: a line of the table at the end.
note() { table+=$(printf '  %-26s %s' "$1" "$2")$'\n'; }

# stage NAME PRESET [arguments of ctest]
stage() {
  local name=$1 preset=$2 began=$SECONDS built log counts stage_failed total stage_skipped
  shift 2
  log=$root/build/$preset/stage-${name// /-}.log
  echo "== $name"
  if ! (build "$preset" -- --quiet); then
    failed=$((failed + 1))
    note "$name" "the build failed"
    return
  fi
  built=$((SECONDS - began))
  # ctest's own exit status is not asked: what it printed says more, and a crash of ctest prints no counts.
  ctest --test-dir "$root/build/$preset" --output-on-failure --no-tests=error "$@" 2>&1 | tee "$log" | sed '/^ *Start /d'
  counts=$(sed -n 's/^[0-9]*% tests passed, \([0-9]*\) tests\{0,1\} failed out of \([0-9]*\)$/\1 \2/p' "$log")
  if [ -z "$counts" ]; then
    failed=$((failed + 1))
    note "$name" "no test ran"
    return
  fi
  read -r stage_failed total <<<"$counts"
  stage_skipped=$(sed -n '/\*\*\*Skipped/p' "$log" | wc -l)
  failed=$((failed + stage_failed))
  skipped=$((skipped + stage_skipped))
  passed=$((passed + total - stage_failed - stage_skipped))
  note "$name" "$((total - stage_failed - stage_skipped)) passed, $stage_failed failed, $stage_skipped skipped; $((SECONDS - began)) s, of which $built s to build"
}

run_test() {
  local depth=full
  case ${1:-} in
    "") ;;
    --quick) depth=quick ;;
    --soak) depth=soak ;;
    *) usage >&2 && exit 2 ;;
  esac
  need "${base_packages[@]}"
  # A pipeline's failure is judged by what it printed.
  set +o pipefail
  local cores
  cores=$(nproc)

  stage "release" release -L '^quick$' -j "$cores"
  if [ $depth != quick ]; then
    need "${peer_packages[@]}" "${binding_packages[@]}"
    stage "address and undefined" asan -L '^quick$' -LE '^rig$' -j "$cores"
    stage "threads" tsan -L '^quick$' -LE '^rig$' -j "$cores"
    if have_swift; then
      stage "realtime, fuzzers" rtsan -L '^quick$' -LE '^rig$' -j "$cores"
    else
      skipped=$((skipped + 1))
      note "realtime, fuzzers" "skipped: no \`swift\` command; its clang brings function effects and RealtimeSanitizer"
    fi
    # What measures times runs alone (RUN_SERIAL), for its programs compete for the same processors; the long ones that do not
    # come first, side by side.
    stage "rig, kills, faults, peers" release -L '^(rig|kill|faults|peers|load)$' -LE '^quick$' -j "$cores"
    # The figures that docs/promises.md speaks of; ctest shows the output of failures only.
    sed -n '/^\(kill loop\|kill saves\|power cuts\|flood\):/p; /^\(gap of each death\|ten seconds of\)/p' "$root/build/release/Testing/Temporary/LastTest.log"
  fi
  if [ $depth = soak ]; then
    configure release -DRELUME_SOAK=ON
    stage "soak" release -L '^soak$'
  fi

  echo
  printf '%s' "$table"
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
