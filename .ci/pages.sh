#!/usr/bin/env bash
# pages.sh VIGIE JUDGES: serves the demonstration and has its pages judged by `web.sh` of JUDGES (Nu, html-validate, axe in Chromium,
# pa11y, the keyboard, 320 px, without JavaScript).
set -euo pipefail
folder=$(mktemp -d)
"$1" demo --dir "$folder" >"$folder.log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; rm -rf "$folder" "$folder.log"' EXIT
for _ in $(seq 100); do
  site=$(sed -n 's/^Serving \(http[^ ]*\) .*/\1/p' "$folder.log")
  [ -n "$site" ] && break
  sleep 0.2
done
pages=(index.html nouvelles/1.html sections/cybersecurite.html 'recherche?q=mairie' abonnement aide preferences sources/index.html
  bulletins/2023-08-30-daily.html accessibilite.html)
SKIP_LH=1 "$2/web.sh" "${pages[@]/#/$site}"
