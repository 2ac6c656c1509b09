/**
 * The checkers can fail. Each bug is one that someone could write, planted in the text of a statement on its way from the store to the
 * database; the very checkers of the honest runs have to find it.
 */
import { describe, expect, it } from "vitest"
import { tried } from "../support/evidence.ts"
import { type Found, huntFaults, type Misspelling, misspelling } from "../support/huntFaults.ts"
import { withoutStackTraces } from "../support/withoutStackTraces.ts"

withoutStackTraces()

const bugs: ReadonlyArray<readonly [name: string, changes: ReadonlyArray<Misspelling>, by: Found["by"]]> = [
  [
    "an update that is not pinned to the version",
    [["o.order_id = i.order_id AND o.version = i.expected\n  RETURNING", "o.order_id = i.order_id\n  RETURNING"]],
    "linearizability"
  ],
  [
    "released units that are written down as ended",
    [["ended = m.ended, released = m.released", "ended = m.released, released = m.ended"]],
    "auditor"
  ],
  [
    "a change without its audit event",
    [
      ["previous_hash, hash FROM written\n", "previous_hash, hash FROM written WHERE false\n"],
      ["= 2 * (SELECT count(*) FROM written)", ">= 0"]
    ],
    "model"
  ],
  [
    "an event that does not get into the outbox",
    [
      ["order_id, version, updated_at FROM written", "order_id, version, updated_at FROM written WHERE version <> 2"],
      ["= 2 * (SELECT count(*) FROM written)", ">= 0"]
    ],
    "outbox auditor"
  ],
  [
    "an idempotency key that is not written",
    [
      ["FROM written WHERE key IS NOT NULL", "FROM written WHERE false"],
      ["(SELECT count(*) FROM remembered) = (SELECT count(key) FROM written)", "true"]
    ],
    "linearizability"
  ],
  [
    "an idempotency key that is written although the race was lost",
    [
      ["FROM written WHERE key IS NOT NULL", "FROM input WHERE key IS NOT NULL"],
      ["(SELECT count(*) FROM remembered) = (SELECT count(key) FROM written)", "true"]
    ],
    "linearizability"
  ],
  ["an order that does not know its newest event", [["head_hash = i.hash", "head_hash = o.head_hash"]], "auditor"],
  [
    "a subscription whose end is not written",
    [
      ["SET serial_number = r.serial_number, status = r.status,", "SET serial_number = r.serial_number,"],
      ["ended = r.ended, ", ""]
    ],
    "linearizability"
  ],
  ["stock that counts what is rented as reserved", [["sum(c.reserved)", "sum(c.reserved + c.rented)"]], "auditor"],
  ["a history told backwards", [["ORDER BY e.sequence", "ORDER BY e.sequence DESC"]], "auditor"],
  [
    "an outbox that does not keep an order's events apart",
    [["p.sequence = leased.next_sequence", "p.sequence >= leased.next_sequence"]],
    "outbox auditor"
  ]
]

describe("the checkers of the honest runs", () => {
  it("find nothing on the store as it is", async () => {
    expect(await huntFaults()).toEqual([])
  })

  it.each(bugs)("find %s", async (_, changes, by) => {
    const { alter, met } = misspelling(changes)
    const found = await huntFaults(alter)
    // The bug was really in the statements that were sent.
    expect(Math.min(...met)).toBeGreaterThan(0)
    expect(found.map((each) => each.by)).toContain(by)
    tried("bugs planted in SQL, all of them found")
  })
})
