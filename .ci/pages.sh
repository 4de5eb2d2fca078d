#!/usr/bin/env bash
# pages.sh VIGIE JUDGES: serves the demonstration and has its pages judged by `web.sh` of JUDGES (Nu, html-validate, axe in Chromium,
# pa11y, the keyboard, 320 px, without JavaScript), the first two by Lighthouse too.
set -euo pipefail
folder=$(mktemp -d)
"$1" demo --once --dir "$folder" >/dev/null
# As an installation that readers reach over https: its forms are open.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
printf '\n[serve]\nlisten = "127.0.0.1:%s"\n' "$port" >>"$folder/vigie.toml"
"$1" --config "$folder/vigie.toml" serve >"$folder.log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; rm -rf "$folder" "$folder.log"' EXIT
site=http://127.0.0.1:$port/
for _ in $(seq 100); do
  curl -sfo /dev/null "$site" && break
  sleep 0.2
done
pages=(index.html nouvelles/1.html sections/cybersecurite.html 'recherche?q=mairie' abonnement aide preferences 'contact?page=nouvelles/1.html' sources/index.html
  bulletins/2023-08-30-daily.html accessibilite.html)
pages=("${pages[@]/#/$site}")
SKIP_LH=1 "$2/web.sh" "${pages[@]:2}"
"$2/web.sh" "${pages[@]:0:2}" | tee "$folder/judged"
# Of 0.95 at least each; the speed, which depends on what else runs here, as `web.sh` has it.
if ! awk '/lighthouse/ && $3 != "performance" { seen++; if ($4 < 0.95) exit 1 } END { if (seen != 6) exit 1 }' "$folder/judged"; then
  echo 'Lighthouse gives less than 0.95' >&2
  exit 1
fi
