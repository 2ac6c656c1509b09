#!/usr/bin/env bash
# OpenAPI 3.1 takes its schemas from JSON Schema 2020-12, where members beside `$ref` count as well. A response may so narrow a shared
# error to the codes that one operation answers. Two generators of TypeScript clients read only the `$ref`: the codes are `string`.
#
# Seen with openapi-typescript 7.13.0 and @hey-api/openapi-ts 0.99.0 on Node.js 24.21.0. ajv 8.20.0 reads both members.
# Exits with 0 while they behave so, and with 1 once one of them does not.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > package.json <<'JSON'
{ "name": "seen", "private": true, "type": "module", "allowScripts": { "node": true } }
JSON
npm install --silent --no-audit --no-fund node@24.21.0 openapi-typescript@7.13.0 @hey-api/openapi-ts@0.99.0 typescript@5.9.3 ajv@8.20.0
cat > api.json <<'JSON'
{
  "openapi": "3.1.0",
  "info": { "title": "seen", "version": "1.0.0" },
  "paths": {
    "/cancel": {
      "post": {
        "operationId": "cancel",
        "responses": {
          "200": { "description": "done" },
          "400": {
            "description": "refused",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error",
                  "properties": { "code": { "enum": ["NOT_CANCELLABLE", "ALREADY_CANCELLED"] } }
                }
              }
            }
          }
        }
      }
    }
  },
  "components": {
    "schemas": {
      "Error": { "type": "object", "required": ["code"], "properties": { "code": { "type": "string" } } }
    }
  }
}
JSON
cat > judge.mjs <<'JS'
import Ajv from "ajv/dist/2020.js"
import api from "./api.json" with { type: "json" }
const ajv = new Ajv({ strict: false })
ajv.addSchema({ $id: "api", ...api })
const schema = "api#/paths/~1cancel/post/responses/400/content/application~1json/schema"
const judge = ajv.compile({ $ref: schema })
console.log(`ajv: NOT_CANCELLABLE is ${judge({ code: "NOT_CANCELLABLE" }) ? "valid" : "wrong"}, SOMETHING_ELSE is ${judge({ code: "SOMETHING_ELSE" }) ? "valid" : "wrong"}`)
JS
export PATH="$folder/node_modules/.bin:$PATH"
node judge.mjs | tee ajv.txt
openapi-typescript api.json -o one.ts > /dev/null 2>&1
openapi-ts -i api.json -o two -p @hey-api/typescript --silent > /dev/null 2>&1
one=$(grep -c NOT_CANCELLABLE one.ts || true)
two=$(grep -rc NOT_CANCELLABLE two/types.gen.ts || true)
echo "openapi-typescript names the codes of the operation: $one times"
echo "@hey-api/openapi-ts names the codes of the operation: $two times"
grep -q "NOT_CANCELLABLE is valid, SOMETHING_ELSE is wrong" ajv.txt && [ "$one" = 0 ] && [ "$two" = 0 ]
