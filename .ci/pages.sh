#!/usr/bin/env bash
# pages.sh VIGIE JUDGES: serves the demonstration and has its pages judged by `web.sh` of JUDGES (Nu, html-validate, axe in Chromium,
# pa11y, the keyboard, 320 px, without JavaScript).
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
SKIP_LH=1 "$2/web.sh" "${pages[@]/#/$site}"
