#!/usr/bin/env bash
# killsend.sh VIGIE BENCH: a bulletin to 2,000 readers by a sender that is killed 40 times: nothing is lost, and what is doubled is
# what SMTP cannot tell (RFC 1047). BENCH holds `killsend.py`, which calls this script again: `prepare`, `send`, `left`.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
case $1 in
prepare)
  mkdir -p "$DIR/data"
  cat >"$DIR/vigie.toml" <<TOML
[mail]
from = "Veille <veille@veille.example.fr>"
after_crash_wait = "0s"
[mail.smtp]
host = "127.0.0.1"
port = $PORT
security = "none"
connections = 4
[publish]
out = "$DIR/public"
TOML
  : >"$DIR/sources.toml"
  find "$DEMO" -name 'vigie.db*' -exec cp {} "$DIR/data/" \;
  (echo 'email,cadence,consent_what,consent_when,consent_how' && sed 's/$/,weekly,bulletin,2026-01-01,formulaire/' "$RECIPIENTS") >"$DIR/readers.csv"
  "$VIGIE" --config "$DIR/vigie.toml" -q subscribers import "$DIR/readers.csv"
  "$VIGIE" --config "$DIR/vigie.toml" -q compose --cadence weekly
  ;;
send)
  date +%s.%N >>"$STARTS"
  exec "$VIGIE" --config "$DIR/vigie.toml" -q send
  ;;
left)
  python3 - "$DIR/data/vigie.db" <<'PY'
import sqlite3, sys
waiting = "SELECT count(*) FROM delivery WHERE state NOT IN ('sent', 'failed', 'cancelled')"
print(sqlite3.connect(sys.argv[1]).execute(waiting).fetchone()[0])
PY
  ;;
*)
  VIGIE=$(realpath "$1")
  BENCH=$(realpath "$2")
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  DEMO=$scratch/demo STARTS=$scratch/starts
  export VIGIE BENCH DEMO STARTS
  mkdir "$DEMO" "$scratch/run"
  "$VIGIE" -q demo --once --dir "$DEMO" >/dev/null
  PREPARE_CMD="$here/killsend.sh prepare" SEND_CMD="$here/killsend.sh send" LEFT_CMD="$here/killsend.sh left" \
    python3 "$here/killsend.py" --port "${SMTP_PORT:-10025}" --scratch "$scratch/run" --results "$scratch/results" \
    --n 2000 --kills 40 --last-ms 400
  ;;
esac
