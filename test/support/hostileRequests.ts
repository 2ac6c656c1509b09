/**
 * Requests that nobody means well with, byte by byte, and what becomes of each: the statuses and codes of the answers in the order in which
 * they come, or `closed` where the connection ends without one.
 *
 * None of them may change an order. Where one hides another inside, the hidden one would cancel `victim`: an order that is still pending
 * was not smuggled to.
 */
import { METHODS } from "node:http"
import type { ExchangeOptions } from "./rawHttp.ts"

export interface HostileRequest extends ExchangeOptions {
  readonly name: string
  readonly parts: ReadonlyArray<string>
  readonly outcome: string
}

const ada = ["Authorization: Bearer ada-key", "Tenant-ID: demo"]
const json = "Content-Type: application/json"
const chunked = "Transfer-Encoding: chunked"

const request = (line: string, ...fields: ReadonlyArray<string>): string =>
  `${[line, "Host: orders.test", "Connection: close", ...fields].join("\r\n")}\r\n\r\n`
const kept = (line: string, ...fields: ReadonlyArray<string>): string =>
  `${[line, "Host: orders.test", ...fields].join("\r\n")}\r\n\r\n`

const bad = "400 BAD_REQUEST"
const absent = "404 NOT_FOUND"
const invalid = "400 VALIDATION_ERROR"

const named = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}… (${text.length})` : text)
const hex = (code: number): string => code.toString(16).padStart(2, "0")

/** One outcome for many. */
const all = (outcome: string, what: string, bytes: ReadonlyArray<string>): ReadonlyArray<HostileRequest> =>
  bytes.map((each) => ({ name: `${what} ${named(each)}`, parts: [each], outcome }))

const lines = (outcome: string, what: string, each: ReadonlyArray<string>, ...fields: ReadonlyArray<string>) =>
  each.map((line) => ({ name: `${what} ${named(line)}`, parts: [request(line, ...fields)], outcome }))

const fields = (outcome: string, what: string, each: ReadonlyArray<string>, line = "GET /v1/orders HTTP/1.1") =>
  each.map((field) => ({ name: `${what} ${named(field)}`, parts: [request(line, field)], outcome }))

const one = (outcome: string, name: string, parts: ReadonlyArray<string>, options: ExchangeOptions = {}): HostileRequest => ({
  name,
  parts,
  outcome,
  ...options
})

const codes = (from: number, to: number): ReadonlyArray<number> =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

const requestLines = [
  ...all(bad, "a request that begins with", [
    "\0\r\n\r\n",
    "\x01\x02\x03\x04\r\n\r\n",
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "\xff\xfe\r\n\r\n",
    "SSH-2.0-OpenSSH_9.6\r\n",
    "HELO orders.test\r\n",
    "\x80\x00\x00\x28SMB\r\n\r\n",
    "USER anonymous\r\n\r\n",
    "*1\r\n$4\r\nPING\r\n",
    "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET / HTTP/1.1\r\n\r\n",
    "GET\r\n\r\n",
    "GET \r\n\r\n",
    "GET\t/health HTTP/1.1\r\nHost: x\r\n\r\n",
    " GET /health HTTP/1.1\r\nHost: x\r\n\r\n",
    "\tGET /health HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /health HTTP/1.1 \r\nHost: x\r\n\r\n",
    "GET /health HTTP/1.1 HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /hea lth HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /health\tHTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /health\0 HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /health\x7f HTTP/1.1\r\nHost: x\r\n\r\n",
    "G\0T /health HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET: /health HTTP/1.1\r\nHost: x\r\n\r\n",
    "HTTP/1.1 200 OK\r\n\r\n",
    "{}\r\n\r\n",
    "<html>\r\n\r\n"
  ]),
  ...lines(bad, "a version", [
    "GET /health HTTP",
    "GET /health HTTP/",
    "GET /health HTTP/1",
    "GET /health HTTP/1.",
    "GET /health HTTP/.1",
    "GET /health HTTP/1.2",
    "GET /health HTTP/1.10",
    "GET /health HTTP/11.1",
    "GET /health HTTP/3",
    "GET /health HTTP/9.9",
    "GET /health HTTP/-1.1",
    "GET /health HTTP/1,1",
    "GET /health http/1.1",
    "GET /health Http/1.1",
    "GET /health HTTPS/1.1",
    "GET /health ICE/1.0",
    "GET /health HTTP /1.1",
    "GET /health HTTP/ 1.1",
    "GET /health HTTP/1.1x"
  ]),
  // What Node forgives does no harm: the words are read as they would be without the slip.
  ...all("200", "a slip", [
    "GET /health\r\n\r\n",
    "GET  /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "GET /health  HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "GET /health HTTP/0.9\r\n\r\n",
    "GET /health HTTP/2.0\r\nHost: x\r\nConnection: close\r\n\r\n",
    "GET /health RTSP/1.0\r\n\r\n"
  ]),
  ...lines(
    bad,
    "a method",
    ["get", "Get", "gET", "post", "Post", "GETT", "GE", "G", "FOO", "POSTGET", "GET,POST", "GET|POST", "-", "*", "GÉT"].map(
      (method) => `${method} /v1/orders HTTP/1.1`
    )
  ),
  // Every method that Node reads and no path of the service has.
  ...lines(
    "405 METHOD_NOT_ALLOWED",
    "a method",
    METHODS.filter((method) => !["GET", "HEAD", "POST", "CONNECT", "QUERY"].includes(method)).map(
      (method) => `${method} /v1/orders HTTP/1.1`
    ),
    ...ada
  )
]

const versions = [
  one("200", "a method whose answer has no body", [request("HEAD /v1/orders HTTP/1.1", ...ada)]),
  one(bad, "HTTP/0.9", ["GET /health\r\n"], { ending: "half-close" }),
  one("200", "HTTP/0.9 with a header", ["GET /health\r\nHost: x\r\n\r\n"]),
  one("200", "HTTP/1.0 without a host", ["GET /health HTTP/1.0\r\n\r\n"]),
  one("200", "HTTP/1.0 that is to be kept alive", ["GET /health HTTP/1.0\r\nConnection: close\r\n\r\n"]),
  one("401 AUTH_REQUIRED", "HTTP/1.0 without a key", ["POST /v1/orders HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}"]),
  one(invalid, "HTTP/1.0 in chunks", [`POST /v1/orders HTTP/1.0\r\n${ada.join("\r\n")}\r\n${chunked}\r\n\r\n0\r\n\r\n`]),
  one(bad, "the preface of HTTP/2", ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]),
  one(bad, "the preface of HTTP/2 and its settings", ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"])
]

const target = (outcome: string, what: string, targets: ReadonlyArray<string>) =>
  lines(
    outcome,
    what,
    targets.map((each) => `GET ${each} HTTP/1.1`),
    ...ada
  )

const targets = [
  // A server has to take them (RFC 9112, 3.2.2); whom they name does not matter, for nothing is passed on.
  ...target("200", "an absolute target", [
    "http://orders.test/health",
    "http://elsewhere.test/v1/orders",
    "https://orders.test/v1/orders",
    "http://ada@orders.test/v1/orders",
    "http://orders.test:80/v1/orders",
    "http://127.0.0.1:5432/v1/orders",
    "HTTP://orders.test/v1/orders"
  ]),
  ...target(absent, "an absolute target", [
    "http://169.254.169.254/latest/meta-data/",
    "http:///v1/orders",
    "file:///etc/passwd",
    "ftp://orders.test/v1/orders"
  ]),
  ...target(bad, "a target that is none", [
    "orders.test",
    "orders.test:80",
    "v1/orders",
    "?limit=1",
    "#",
    "\\v1\\orders",
    "[::1]:80",
    ""
  ]),
  ...target(absent, "a path", [
    "*",
    "/",
    "//",
    "///v1/orders",
    "//v1/orders",
    "//elsewhere.test/v1/orders",
    "/v1//orders",
    "/v1/orders//",
    "/v1/orders/",
    "/v1/./orders",
    "/./v1/orders",
    "/v1/../v1/orders",
    "/v1/orders/../orders",
    "/v1/orders/../../../etc/passwd",
    "/v1/orders/..%2f..%2fetc%2fpasswd/events/x",
    "/../v1/orders",
    "/..",
    "/.",
    "/%2e%2e/v1/orders",
    "/%2e/v1/orders",
    "/v1%2forders",
    "/v1%2Forders",
    "/v1%5corders",
    "/v1\\orders",
    "/v1/orders\\x",
    "/v1/%6frders",
    "/%76%31/orders",
    "/V1/orders",
    "/v1/ORDERS",
    "/v1/orders;x=1",
    "/v1;x=1/orders",
    "/v1/orders%00",
    "/v1/orders%20",
    "/v1/orders%0d%0aX-Evil:%201",
    "/v1/orders%3flimit=1",
    "/v1/orders%23",
    "/v1/orders#x",
    "/v1/orders.json",
    "/v1/orders~",
    "/v1/orders/.git/config",
    "/.env",
    "/.git/HEAD",
    "/admin",
    "/metrics",
    "/debug/pprof",
    "/actuator/health",
    "/server-status",
    "/docs/../openapi.json",
    "/openapi.yaml",
    "/openapi.json/",
    "/health/ready",
    "/v1",
    "/v1/tenants",
    "/v1/audit",
    "/graphql",
    "/index.php?s=/index/think",
    "/cgi-bin/%2e%2e/%2e%2e/bin/sh",
    "/v1/orders/a/cancellation/b",
    "/%E0%A4%A/v1/orders"
  ]),
  ...target(invalid, "an order id", [
    "/v1/orders/.",
    "/v1/orders/..",
    "/v1/orders/%2e",
    "/v1/orders/%2E%2e",
    "/v1/orders/.%2e",
    "/v1/orders/%2e./events",
    "/v1/orders/%2f",
    "/v1/orders/..%2f..%2fsecret",
    "/v1/orders/..%2F/cancellation",
    "/v1/orders/a%2fcancel",
    "/v1/orders/%",
    "/v1/orders/%0",
    "/v1/orders/%G0",
    "/v1/orders/%u0041",
    "/v1/orders/%00",
    "/v1/orders/a%00.json",
    "/v1/orders/%0d%0aSet-Cookie:%20a=b",
    "/v1/orders/%0a",
    "/v1/orders/%1b%5b31m",
    "/v1/orders/%7f",
    "/v1/orders/%c0%ae%c0%ae",
    "/v1/orders/%c0%af",
    "/v1/orders/%e0%80%af",
    "/v1/orders/%f0%80%80%af",
    "/v1/orders/%ed%a0%80",
    "/v1/orders/%f4%90%80%80",
    "/v1/orders/%ff%fe",
    `/v1/orders/${"x".repeat(129)}`,
    `/v1/orders/${"%41".repeat(129)}`,
    `/v1/orders/${"x".repeat(8_000)}`
  ]),
  ...target(absent, "an order id of nobody's", [
    "/v1/orders/%252e%252e",
    "/v1/orders/%252f",
    "/v1/orders/%2525",
    "/v1/orders/...",
    "/v1/orders/....//".slice(0, -2),
    "/v1/orders/a\\b",
    "/v1/orders/'%20OR%20'1'='1",
    "/v1/orders/1;DROP%20TABLE%20orders--",
    "/v1/orders/$1",
    "/v1/orders/%24%7Bjndi:ldap:x%7D",
    "/v1/orders/__proto__",
    "/v1/orders/constructor",
    "/v1/orders/toString/events",
    "/v1/orders/null",
    "/v1/orders/undefined",
    "/v1/orders/NaN",
    "/v1/orders/-1",
    "/v1/orders/*",
    "/v1/orders/%25",
    "/v1/orders/%E2%80%AE",
    "/v1/orders/a??",
    "/v1/orders/:orderId"
  ]),
  ...target(invalid, "a query", [
    "/v1/orders?limit=0",
    "/v1/orders?limit=101",
    "/v1/orders?limit=-1",
    "/v1/orders?limit=1e1",
    "/v1/orders?limit=0x10",
    "/v1/orders?limit=",
    "/v1/orders?limit=NaN",
    "/v1/orders?limit=1&limit=2",
    "/v1/orders?limit=%F0%9F%98%80",
    "/v1/orders?status=PENDING",
    "/v1/orders?status=",
    `/v1/orders?${"status=pending&".repeat(6)}`,
    "/v1/orders/a?__proto__[x]=1",
    "/v1/orders?=",
    "/v1/orders?%",
    "/v1/orders?%ff=%ff",
    "/v1/orders?Limit=0",
    "/v1/orders?__proto__=1",
    "/v1/orders?constructor[prototype][x]=1",
    "/v1/orders?tenantId=bobs",
    "/v1/orders?tenant-id=bobs&authorization=x",
    `/v1/orders?${"a=1&".repeat(1_000)}`,
    "/v1/orders?sortBy=password",
    "/v1/orders?sortBy=orderId;DROP%20TABLE%20orders",
    "/v1/orders?sortBy=__proto__",
    "/v1/orders?sortBy=constructor",
    "/v1/orders?sortDir=desc%20NULLS%20FIRST",
    "/v1/orders?startAfter=x",
    "/v1/orders?startAfter=",
    "/v1/orders?startAfter=%00",
    "/v1/orders?startAfter=W10",
    "/v1/orders?startAfter=eyJfX3Byb3RvX18iOjF9",
    "/v1/orders?customerId=",
    "/v1/orders?customerId=%00",
    `/v1/orders?customerId=${"x".repeat(129)}`,
    "/v1/subscriptions?status=none",
    "/v1/subscriptions?orderId=%0d%0a",
    "/v1/subscriptions?serialNumber=%7f"
  ]),
  ...target("200", "a query that asks for nothing", [
    "/v1/orders?",
    "/v1/orders?&&&",
    "/v1/orders?status=pending&status=confirmed"
  ]),
  ...lines(
    "431 HEADERS_TOO_LARGE",
    "a target without end",
    [17_000, 70_000, 500_000].map((length) => `GET /${"x".repeat(length)} HTTP/1.1`)
  ),
  one(absent, "a target as long as headers may be", [request(`GET /${"x".repeat(16_000)} HTTP/1.1`)])
]

/** What separates or controls, and so may not be in the name of a header. A colon ends it. */
const noToken = [...codes(0x00, 0x20), ...Array.from('"(),/;<=>?@[\\]{}', (sign) => sign.charCodeAt(0)), 0x7f, 0x80, 0xe9, 0xff]
const health = "GET /health HTTP/1.1"

const headers = [
  ...noToken.map((code) => one(bad, `a header name with 0x${hex(code)}`, [request(health, `X${String.fromCharCode(code)}Y: 1`)])),
  ...[...codes(0x00, 0x08), ...codes(0x0a, 0x1f), 0x7f].map((code) =>
    one(bad, `a header value with 0x${hex(code)}`, [request(health, `X: a${String.fromCharCode(code)}b`)])
  ),
  ...[0x09, 0x80, 0xa0, 0xad, 0xc3, 0xff].map((code) =>
    one("200", `a header value with 0x${hex(code)}`, [request(health, `X: a${String.fromCharCode(code)}b`)])
  ),
  ...fields(
    bad,
    "a header",
    [
      "X : 1",
      "X\t: 1",
      " X: 1",
      ": 1",
      ":",
      "X",
      "X 1",
      "X: 1\r\n folded",
      "X: 1\r\n\tfolded",
      "X: 1\n folded",
      "X: 1\rY: 2",
      "X: 1\nY: 2",
      "X: 1\r\r\nY: 2",
      "X: \0",
      "Authorization : Bearer ada-key",
      "Content-Length : 0",
      "Transfer-Encoding : chunked"
    ],
    health
  ),
  one(bad, "lines that end in a line feed only", ["GET /health HTTP/1.1\nHost: x\nConnection: close\n\n"]),
  one(bad, "lines that end in a carriage return only", ["GET /health HTTP/1.1\rHost: x\r\r"], { ending: "half-close" }),
  one("200", "empty lines before the request", [`\r\n\r\n${request(health)}`]),
  one(bad, "no host", ["GET /health HTTP/1.1\r\nConnection: close\r\n\r\n"]),
  one("200", "an empty host", ["GET /health HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n"]),
  one("200", "a host of somebody else", ["GET /health HTTP/1.1\r\nHost: elsewhere.test\r\nConnection: close\r\n\r\n"]),
  one("200", "headers as long as they may be", [request(health, `X: ${"x".repeat(16_000)}`)]),
  ...[20_000, 200_000, 2_000_000].map((length) =>
    one("431 HEADERS_TOO_LARGE", `a header of ${length} bytes`, [request(health, `X: ${"x".repeat(length)}`)])
  ),
  one("431 HEADERS_TOO_LARGE", "a header name of 20000 bytes", [request(health, `${"X".repeat(20_000)}: 1`)]),
  one("431 HEADERS_TOO_LARGE", "5000 headers", [request(health, ...codes(1, 5_000).map((number) => `X-${number}: 1`))]),
  one("431 HEADERS_TOO_LARGE", "1000 cookies", [
    request(health, ...codes(1, 1_000).map((number) => `Cookie: session=${number}`))
  ]),
  one("431 HEADERS_TOO_LARGE", "2500 short headers", [request(health, ...codes(1, 2_500).map(() => "a:"))])
]

const list = "GET /v1/orders HTTP/1.1"
const many = codes(1, 900).map(() => "a:")

const identities = [
  ...fields("401 AUTH_REQUIRED", "authorization by", [
    "Authorization:",
    "Authorization: ",
    "Authorization: Bearer",
    "Authorization: Bearer    ",
    "Authorization: Basic YWRhOmtleQ==",
    "Authorization: ada-key",
    "Authorization: Token ada-key",
    "Authorization: Bearer\tada-key",
    "Authorization: Bearerada-key",
    'Authorization: "Bearer" ada-key',
    "Proxy-Authorization: Bearer ada-key",
    "X-Api-Key: ada-key",
    "Cookie: authorization=Bearer ada-key"
  ]),
  ...fields("401 INVALID_TOKEN", "authorization by", [
    "Authorization: Bearer \xff\xfe",
    "Authorization: Bearer ada-key,",
    "Authorization: Bearer ada-key ada-key",
    "Authorization: Bearer bearer ada-key",
    "Authorization: Bearer __proto__",
    "Authorization: Bearer ' OR 1=1--",
    `Authorization: Bearer ${"x".repeat(15_000)}`,
    "Authorization: Bearer ada-key\r\nAuthorization: Bearer ada-key",
    "Authorization: Bearer ada-key\r\nauthorization: Bearer bob-key",
    "Authorization: Bearer bob-key\r\nAUTHORIZATION: Bearer ada-key",
    "Authorization: Bearer ada-key\r\nAuthorization:"
  ]),
  ...fields(
    "403 NO_TENANT_ACCESS",
    "a tenant by",
    [
      "",
      "Tenant-ID:",
      "Tenant-ID: bobs",
      "Tenant-ID: DEMO",
      "Tenant-ID: demo,other",
      "Tenant-ID: demo\r\nTenant-ID: demo",
      "Tenant-ID: demo\r\ntenant-id: bobs",
      "Tenant-ID: \xa0demo",
      "Tenant-ID: __proto__",
      "Tenant-ID: demo;",
      "Tenant_ID: demo",
      "TenantID: demo",
      "X-Tenant-ID: demo"
    ].map((field) => ["Authorization: Bearer ada-key", ...(field === "" ? [] : [field])].join("\r\n"))
  ),
  // A server that stops counting headers at some number does not see what comes after: a second key, a second tenant.
  one("401 INVALID_TOKEN", "a second key behind 900 headers", [request(list, ...ada, ...many, "Authorization: Bearer bob-key")]),
  one("403 NO_TENANT_ACCESS", "a second tenant behind 900 headers", [request(list, ...ada, ...many, "Tenant-ID: other")]),
  one("200", "a key behind 900 headers", [request(list, ...many, ...ada)])
]

/** Requests whose length can be read in two ways, with a cancel of the victim where one of the readings ends. */
const framing = (victim: string) => {
  const cancel = `/v1/orders/${victim}/cancel`
  const post = "POST /v1/orders/nobody/cancel HTTP/1.1"
  const hidden = kept(`POST ${cancel} HTTP/1.1`, ...ada, "Content-Length: 0")
  const framed = (...more: ReadonlyArray<string>) => request(post, ...ada, json, ...more)
  const lengths = [
    "+0",
    "-1",
    "0x0",
    "0,0",
    "0, 0",
    "0 0",
    "1e1",
    "0.0",
    "abc",
    "\x0b0",
    "0;",
    '"0"',
    "99999999999999999999999",
    "18446744073709551616",
    "٠".normalize()
  ]
  const codings = [
    "gzip",
    "gzip, chunked",
    "chunked, gzip",
    "chunked, chunked",
    "chunked, identity",
    "xchunked",
    "chunkedx",
    "chunked;q=1",
    '"chunked"',
    "chunked,",
    ", chunked",
    "\x0bchunked",
    "identity",
    "",
    "chunked\r\nTransfer-Encoding: chunked",
    "chunked\r\nTransfer-Encoding: identity",
    "identity\r\nTransfer-Encoding: chunked"
  ]
  const sizes = [
    "zz",
    "-1",
    "+1",
    "0x1",
    " 1",
    "1 ",
    "",
    "g",
    "1\x00",
    "1.0",
    "FFFFFFFFFFFFFFFFF",
    "10000000000000000",
    "1\n",
    "1\r",
    "1;\0=1",
    "1;a=\n"
  ]
  return [
    ...lengths.map((length) => one(bad, `Content-Length ${named(length)}`, [framed(`Content-Length: ${length}`) + hidden])),
    one(bad, "two lengths, equal", [framed("Content-Length: 0", "Content-Length: 0") + hidden]),
    one(bad, "two lengths, different", [framed(`Content-Length: ${hidden.length}`, "Content-Length: 0") + hidden]),
    one(bad, "two lengths, different, the other way round", [
      framed("Content-Length: 0", `Content-Length: ${hidden.length}`) + hidden
    ]),
    ...codings.map((coding) =>
      one(bad, `Transfer-Encoding ${named(coding)}`, [`${framed(`Transfer-Encoding: ${coding}`)}0\r\n\r\n${hidden}`])
    ),
    one(bad, "a length and chunks", [`${framed("Content-Length: 5", chunked)}0\r\n\r\n${hidden}`]),
    one(bad, "chunks and a length", [`${framed(chunked, "Content-Length: 5")}0\r\n\r\n${hidden}`]),
    one(bad, "a length of nothing and chunks", [`${framed("Content-Length: 0", chunked)}0\r\n\r\n${hidden}`]),
    one(bad, "chunks in capitals and a length", [
      `${framed("TRANSFER-ENCODING: CHUNKED", "Content-Length: 5")}0\r\n\r\n${hidden}`
    ]),
    ...sizes.map((size) => one(bad, `a chunk of size ${named(size)}`, [`${framed(chunked)}${size}\r\n{}\r\n0\r\n\r\n${hidden}`])),
    one(bad, "a chunk that is longer than it says", [`${framed(chunked)}1\r\n{}\r\n0\r\n\r\n`]),
    one(bad, "a chunk that is shorter than it says", [`${framed(chunked)}5\r\n{}\r\n0\r\n\r\n`]),
    one(bad, "a chunk that ends in a line feed", [`${framed(chunked)}2\n{}\n0\n\n`]),
    one(absent, "a chunk with an extension", [`${framed(chunked)}2;a=b\r\n{}\r\n0\r\n\r\n`]),
    one("413 PAYLOAD_TOO_LARGE", "a chunk with an extension without end", [
      `${framed(chunked)}2;${"a".repeat(20_000)}\r\n{}\r\n0\r\n\r\n`
    ]),
    one(absent, "many chunks of one byte", [`${framed(chunked)}${"1\r\n \r\n".repeat(2_000)}2\r\n{}\r\n0\r\n\r\n`]),
    one("413 PAYLOAD_TOO_LARGE", "17 KiB in chunks", [
      `${framed(chunked)}${`400\r\n${" ".repeat(1_024)}\r\n`.repeat(17)}0\r\n\r\n`
    ]),
    one(absent, "a size with a thousand noughts before it", [`${framed(chunked)}${"0".repeat(1_000)}2\r\n{}\r\n0\r\n\r\n`]),
    one("401 AUTH_REQUIRED", "a trailer with a key", [
      `${kept("POST /v1/orders HTTP/1.1", "Connection: close", json, chunked)}2\r\n{}\r\n0\r\n${ada.join("\r\n")}\r\n\r\n`
    ]),
    one(absent, "a trailer with a second tenant", [`${framed(chunked)}2\r\n{}\r\n0\r\nTenant-ID: other\r\n\r\n`]),
    one(bad, "a trailer that is no header", [`${framed(chunked)}2\r\n{}\r\n0\r\nno header\r\n\r\n`]),
    one("431 HEADERS_TOO_LARGE", "a trailer without end", [`${framed(chunked)}2\r\n{}\r\n0\r\nX: ${"x".repeat(20_000)}\r\n\r\n`]),
    one("200", "a body behind a GET, with a cancel in it", [request(list, ...ada, `Content-Length: ${hidden.length}`) + hidden]),
    one("200", "a body behind a GET without a length, with a cancel in it", [request(list, ...ada) + hidden]),
    one(absent, "a cancel behind a request that closes", [framed("Content-Length: 0") + hidden]),
    one(invalid, "a cancel in the body of another", [framed(`Content-Length: ${hidden.length}`) + hidden]),
    one(bad, "a cancel behind a request that is not HTTP", [`NONSENSE\r\n\r\n${hidden}`]),
    one("403 INSUFFICIENT_PERMISSIONS", "a cancel of a key that may only read", [
      request(`POST ${cancel} HTTP/1.1`, "Authorization: Bearer eve-key", "Tenant-ID: demo", "Content-Length: 0")
    ]),
    one(absent, "a cancel of another tenant", [
      request(`POST ${cancel} HTTP/1.1`, "Authorization: Bearer bob-key", "Tenant-ID: bobs", "Content-Length: 0")
    ]),
    one("200", "a cancel by a method in another header", [
      request(`GET /v1/orders/${victim} HTTP/1.1`, ...ada, "X-HTTP-Method-Override: POST", "X-Original-URL: " + cancel)
    ]),
    one(absent, "a cancel with a byte too many in its path", [
      request(`POST ${cancel}%20 HTTP/1.1`, ...ada, "Content-Length: 0")
    ]),
    one("415 UNSUPPORTED_MEDIA_TYPE", "a cancel in a compressed body", [
      request(`POST ${cancel} HTTP/1.1`, ...ada, json, "Content-Encoding: gzip", "Content-Length: 2"),
      "\x1f\x8b"
    ]),
    one("415 UNSUPPORTED_MEDIA_TYPE", "a cancel as a form", [
      request(`POST ${cancel} HTTP/1.1`, ...ada, "Content-Type: application/x-www-form-urlencoded", "Content-Length: 8"),
      "reason=x"
    ]),
    one("415 UNSUPPORTED_MEDIA_TYPE", "a cancel as a form of a browser", [
      request(`POST ${cancel} HTTP/1.1`, ...ada, "Content-Type: text/plain", "Content-Length: 2"),
      "{}"
    ]),
    one(bad, "a body that is aborted", [request(`POST ${cancel} HTTP/1.1`, ...ada, json, "Content-Length: 20"), '{"reason":'], {
      ending: "half-close"
    }),
    one(bad, "a body in chunks that is aborted", [`${request(`POST ${cancel} HTTP/1.1`, ...ada, json, chunked)}2\r\n{}\r\n`], {
      ending: "half-close"
    }),
    one(
      "closed",
      "a body whose connection is reset",
      [request(`POST ${cancel} HTTP/1.1`, ...ada, json, "Content-Length: 20"), '{"reason":'],
      { ending: "reset" }
    ),
    one("408 REQUEST_TIMEOUT", "a body that never comes", [
      request(`POST ${cancel} HTTP/1.1`, ...ada, json, "Content-Length: 20")
    ]),
    one("413 PAYLOAD_TOO_LARGE", "a body of an exabyte", [
      request(`POST ${cancel} HTTP/1.1`, ...ada, json, "Content-Length: 1152921504606846976")
    ])
  ]
}

const get = kept("GET /v1/orders?limit=1 HTTP/1.1", ...ada)

const connections = [
  one("closed", "nothing", [], { ending: "half-close" }),
  one("408 REQUEST_TIMEOUT", "nothing at all", []),
  one("closed", "an empty line", ["\r\n"], { ending: "half-close" }),
  one(bad, "half a request line", ["GET /hea"], { ending: "half-close" }),
  one(bad, "half a header", ["GET /health HTTP/1.1\r\nHos"], { ending: "half-close" }),
  one("closed", "half a header, and a reset", ["GET /health HTTP/1.1\r\nHos"], { ending: "reset" }),
  one("closed", "a request whose client does not wait", [request(list, ...ada)], { ending: "reset" }),
  one("200", "a request whose client only listens", [request(list, ...ada)], { ending: "half-close" }),
  one("200", "a request in pieces of one byte", Array.from(request(list, ...ada))),
  one("200, 200", "two requests at once", [get + get], { ending: "half-close" }),
  one(Array.from({ length: 50 }, () => "200").join(", "), "fifty requests at once", [get.repeat(50)], { ending: "half-close" }),
  one("200", "a request and no request", [`${get}NONSENSE\r\n\r\n`]),
  one("200, 401 AUTH_REQUIRED, 200", "a request without a key between two others", [get + kept(list) + get], {
    ending: "half-close"
  }),
  one(
    "401 AUTH_REQUIRED, 200",
    "a body that is refused unread, and a request behind it",
    [kept("POST /v1/orders HTTP/1.1", "Content-Length: 4") + "{{}}" + get],
    { ending: "half-close" }
  ),
  one(
    "413 PAYLOAD_TOO_LARGE, 200",
    "a body that is too long, and a request behind it",
    [`${kept("POST /v1/orders/nobody/cancel HTTP/1.1", ...ada, json, "Content-Length: 20000")}${" ".repeat(20_000)}${get}`],
    { ending: "half-close" }
  ),
  one(
    "401 AUTH_REQUIRED",
    "an upgrade to a web socket",
    [
      [
        list,
        "Host: x",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        "",
        ""
      ].join("\r\n")
    ],
    { ending: "half-close" }
  ),
  one(
    "200",
    "an upgrade to HTTP/2",
    [
      [
        "GET /health HTTP/1.1",
        "Host: x",
        "Connection: Upgrade, HTTP2-Settings",
        "Upgrade: h2c",
        "HTTP2-Settings: AAMAAABk",
        "",
        ""
      ].join("\r\n")
    ],
    { ending: "half-close" }
  ),
  one(
    absent,
    "an upgrade to TLS",
    [["OPTIONS * HTTP/1.1", "Host: x", "Connection: Upgrade", "Upgrade: TLS/1.0", "", ""].join("\r\n")],
    { ending: "half-close" }
  ),
  one("closed", "a tunnel", [request("CONNECT orders.test:443 HTTP/1.1")]),
  one("closed", "a tunnel to the database", [request("CONNECT 127.0.0.1:5432 HTTP/1.1", ...ada)]),
  one("closed", "a tunnel to a path", [request("CONNECT /v1/orders HTTP/1.1", ...ada)]),
  one("405 METHOD_NOT_ALLOWED", "a trace", [request("TRACE /v1/orders HTTP/1.1", ...ada, "Cookie: secret")]),
  one(absent, "a trace of nothing", [request("TRACE / HTTP/1.1", "Max-Forwards: 0")]),
  ...["", "continue", "200-ok", "miracles"].map((expectation) =>
    one("417 EXPECTATION_FAILED", `Expect ${named(expectation)}`, [
      request("POST /v1/orders HTTP/1.1", ...ada, `Expect: ${expectation}`, "Content-Length: 0")
    ])
  ),
  one("408 REQUEST_TIMEOUT", "Expect of a body that never comes", [
    request("POST /v1/orders/nobody/cancel HTTP/1.1", ...ada, json, "Expect: 100-continue", "Content-Length: 2")
  ]),
  one("401 AUTH_REQUIRED", "Expect without a key", [
    request("POST /v1/orders HTTP/1.1", "Expect: 100-continue", "Content-Length: 2")
  ]),
  one("200", "Connection without end", [request(list, ...ada, `Connection: ${"x,".repeat(4_000)}`)]),
  one("200", "a key that the connection is to forget", [
    [list, "Host: x", ...ada, "Connection: close, authorization", "", ""].join("\r\n")
  ]),
  one("200", "a range", [request(list, ...ada, "Range: bytes=0-0", "If-None-Match: *")]),
  one("200", "another form of answer", [
    request(list, ...ada, "Accept: application/xml", "Accept-Encoding: gzip, br", "Accept-Charset: utf-16")
  ]),
  one("401 AUTH_REQUIRED", "a request id that is to be written into the headers", [request(list, "X-Request-Id: a\tb<script>")])
]

/** All of them. `victim` is a pending order of Ada's in the tenant `demo`. */
export const hostileRequests = (victim: string): ReadonlyArray<HostileRequest> => [
  ...requestLines,
  ...versions,
  ...targets,
  ...headers,
  ...identities,
  ...framing(victim),
  ...connections
]
