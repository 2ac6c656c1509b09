#!/usr/bin/env bash
# The decimals that `Intl.NumberFormat` gives a currency are CLDR's, not ISO 4217's, and they change with the runtime: Node.js 22.19.0 and
# 24.21.0 give different numbers for currencies that are in use, so an amount kept in minor units is read a hundred times as large, or as small.
#
# Prints every code of the runtimes' own lists that differs. Exits with 0 while the Hungarian forint is among them, and 1 once it is not.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "seen", "private": true, "allowScripts": { "node": true } }' > package.json
cat > decimals.mjs <<'JS'
const decimals = (currency) => new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits
const all = Intl.supportedValuesOf("currency").map((currency) => [currency, decimals(currency)])
console.log(JSON.stringify({ node: process.version, icu: process.versions.icu, cldr: process.versions.cldr, all: Object.fromEntries(all) }))
JS
for version in 22.19.0 24.21.0; do
  npm install --silent --no-audit --no-fund --prefix "$version" "node@$version"
  "$version/node_modules/.bin/node" decimals.mjs > "$version.json"
done
cat > compare.mjs <<'JS'
import { readFileSync } from "node:fs"
const [a, b] = ["22.19.0", "24.21.0"].map((version) => JSON.parse(readFileSync(`${version}.json`, "utf8")))
for (const { node, icu, cldr } of [a, b]) console.log(`${node}: ICU ${icu}, CLDR ${cldr}`)
const differing = Object.keys(a.all).filter((code) => code in b.all && a.all[code] !== b.all[code])
for (const code of differing) console.log(`${code}: ${a.all[code]} and ${b.all[code]} decimals`)
process.exit(differing.includes("HUF") ? 0 : 1)
JS
"24.21.0/node_modules/.bin/node" compare.mjs
