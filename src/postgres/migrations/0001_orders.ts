/**
 * The tables. What the library promises about data is said here a second time, so that raw SQL and old code cannot break it either:
 *
 * - A cancelled order has no active subscription (`subscriptions_need_a_live_order`), and nothing leaves `cancelled`.
 * - Every unit is in exactly one place, and no count is negative.
 * - An audit event can be neither changed nor deleted. What it says in confidence can be deleted (erased), not changed.
 * - Every key begins with the tenant: a reference from one tenant into another cannot be expressed.
 *
 * Moments are kept as the ISO 8601 text that is hashed and answered: the very same characters come back, and text in collation "C"
 * sorts as the moments do. Ids sort by code point, which is the order of JavaScript's `<` except that JavaScript puts characters beyond
 * U+FFFF before U+E000. JSON is kept as `json`, not `jsonb`, because `jsonb` forgets the order of members.
 */
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"

const statements: ReadonlyArray<string> = [
  `CREATE TABLE order_lifecycle.customers (
    tenant_id   text COLLATE "C" NOT NULL,
    customer_id text COLLATE "C" NOT NULL,
    email_key   text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, customer_id),
    UNIQUE (tenant_id, email_key)
  )`,

  `CREATE TABLE order_lifecycle.orders (
    tenant_id    text COLLATE "C" NOT NULL,
    order_id     text COLLATE "C" NOT NULL,
    version      integer NOT NULL CHECK (version >= 1),
    status       text COLLATE "C" NOT NULL CHECK (status IN ('pending', 'confirmed', 'partial', 'fulfilled', 'cancelled')),
    ordered      json NOT NULL,
    personal     json NOT NULL,
    notes        text COLLATE "C",
    customer_id  text COLLATE "C" NOT NULL,
    total_minor  bigint NOT NULL,
    created_at   text COLLATE "C" NOT NULL,
    created_by   text COLLATE "C" NOT NULL,
    updated_at   text COLLATE "C" NOT NULL,
    cancellation json,
    head_hash    text COLLATE "C" NOT NULL,
    live         boolean NOT NULL GENERATED ALWAYS AS (status <> 'cancelled') STORED,
    PRIMARY KEY (tenant_id, order_id),
    UNIQUE (tenant_id, order_id, live),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES order_lifecycle.customers,
    CHECK (live = (cancellation IS NULL))
  )`,

  // One index per way of sorting a list, and the usual filters under the usual sort.
  `CREATE INDEX orders_by_creation ON order_lifecycle.orders (tenant_id, created_at, order_id)`,
  `CREATE INDEX orders_by_update ON order_lifecycle.orders (tenant_id, updated_at, order_id)`,
  `CREATE INDEX orders_by_status ON order_lifecycle.orders (tenant_id, status, order_id)`,
  `CREATE INDEX orders_by_total ON order_lifecycle.orders (tenant_id, total_minor, order_id)`,
  `CREATE INDEX orders_of_status ON order_lifecycle.orders (tenant_id, status, created_at, order_id)`,
  `CREATE INDEX orders_of_customer ON order_lifecycle.orders (tenant_id, customer_id, created_at, order_id)`,

  `CREATE TABLE order_lifecycle.reservations (
    tenant_id text COLLATE "C" NOT NULL,
    order_id  text COLLATE "C" NOT NULL,
    line      integer NOT NULL CHECK (line >= 0),
    sku       text COLLATE "C" NOT NULL,
    quantity  integer NOT NULL CHECK (quantity > 0),
    held      integer NOT NULL CHECK (held >= 0),
    active    integer NOT NULL CHECK (active >= 0),
    ended     integer NOT NULL CHECK (ended >= 0),
    released  integer NOT NULL CHECK (released >= 0),
    PRIMARY KEY (tenant_id, order_id, line),
    FOREIGN KEY (tenant_id, order_id) REFERENCES order_lifecycle.orders,
    CHECK (quantity = held + active + ended + released)
  )`,

  // Stock is a sum over the lines that still hold or rent something, so its cost does not grow with the store.
  `CREATE INDEX reservations_in_stock ON order_lifecycle.reservations (tenant_id, sku) INCLUDE (held, active)
    WHERE held + active > 0`,

  // order_live is null once the subscription has ended, and a foreign key does not look at null.
  `CREATE TABLE order_lifecycle.subscriptions (
    tenant_id        text COLLATE "C" NOT NULL,
    subscription_id  text COLLATE "C" NOT NULL,
    order_id         text COLLATE "C" NOT NULL,
    position         integer NOT NULL CHECK (position >= 0),
    line             integer NOT NULL,
    customer_id      text COLLATE "C" NOT NULL,
    serial_number    text COLLATE "C" NOT NULL,
    status           text COLLATE "C" NOT NULL,
    start_date       text COLLATE "C" NOT NULL,
    contract_length  integer NOT NULL,
    billing_group_id text COLLATE "C",
    notes            text COLLATE "C",
    created_at       text COLLATE "C" NOT NULL,
    created_by       text COLLATE "C" NOT NULL,
    updated_at       text COLLATE "C" NOT NULL,
    ended            json,
    order_live       boolean GENERATED ALWAYS AS (CASE WHEN status = 'active' THEN true END) STORED,
    PRIMARY KEY (tenant_id, subscription_id),
    UNIQUE (tenant_id, order_id, position),
    FOREIGN KEY (tenant_id, order_id, line) REFERENCES order_lifecycle.reservations,
    CONSTRAINT subscriptions_need_a_live_order
      FOREIGN KEY (tenant_id, order_id, order_live) REFERENCES order_lifecycle.orders (tenant_id, order_id, live),
    CHECK ((order_live IS NULL) = (ended IS NOT NULL))
  )`,
  `CREATE UNIQUE INDEX subscriptions_rent_an_asset_once ON order_lifecycle.subscriptions (tenant_id, serial_number)
    WHERE status = 'active'`,
  `CREATE INDEX subscriptions_by_creation ON order_lifecycle.subscriptions (tenant_id, created_at, subscription_id)`,
  `CREATE INDEX subscriptions_of_status ON order_lifecycle.subscriptions (tenant_id, status, created_at, subscription_id)`,
  `CREATE INDEX subscriptions_of_customer ON order_lifecycle.subscriptions (tenant_id, customer_id, created_at, subscription_id)`,
  `CREATE INDEX subscriptions_of_asset ON order_lifecycle.subscriptions (tenant_id, serial_number, created_at, subscription_id)`,

  `CREATE TABLE order_lifecycle.audit_events (
    tenant_id         text COLLATE "C" NOT NULL,
    order_id          text COLLATE "C" NOT NULL,
    sequence          integer NOT NULL CHECK (sequence >= 1),
    type              text COLLATE "C" GENERATED ALWAYS AS (event ->> 'type') STORED,
    event             json NOT NULL,
    confidential_seal text COLLATE "C" NOT NULL,
    previous_hash     text COLLATE "C",
    hash              text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, order_id, sequence),
    FOREIGN KEY (tenant_id, order_id) REFERENCES order_lifecycle.orders,
    CHECK ((sequence = 1) = (previous_hash IS NULL))
  )`,
  `CREATE UNIQUE INDEX audit_events_cancel_once ON order_lifecycle.audit_events (tenant_id, order_id)
    WHERE type = 'order.cancelled'`,

  `CREATE TABLE order_lifecycle.audit_confidential (
    tenant_id text COLLATE "C" NOT NULL,
    order_id  text COLLATE "C" NOT NULL,
    sequence  integer NOT NULL,
    salt      text COLLATE "C" NOT NULL,
    content   json NOT NULL,
    PRIMARY KEY (tenant_id, order_id, sequence),
    FOREIGN KEY (tenant_id, order_id, sequence) REFERENCES order_lifecycle.audit_events
  )`,

  // Undelivered events only: an acknowledged row is deleted.
  `CREATE TABLE order_lifecycle.outbox (
    tenant_id    text COLLATE "C" NOT NULL,
    order_id     text COLLATE "C" NOT NULL,
    sequence     integer NOT NULL,
    at           text COLLATE "C" NOT NULL,
    leased_until text COLLATE "C",
    attempts     integer NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, order_id, sequence),
    FOREIGN KEY (tenant_id, order_id, sequence) REFERENCES order_lifecycle.audit_events
  )`,
  `CREATE INDEX outbox_by_turn ON order_lifecycle.outbox ((coalesce(leased_until, at)))`,

  `CREATE TABLE order_lifecycle.idempotency (
    tenant_id     text COLLATE "C" NOT NULL,
    key           text COLLATE "C" NOT NULL,
    fingerprint   text COLLATE "C" NOT NULL,
    outcome       json NOT NULL,
    remembered_at text COLLATE "C" NOT NULL,
    expires_at    text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, key)
  )`,
  `CREATE INDEX idempotency_by_expiry ON order_lifecycle.idempotency (expires_at)`,

  // A statement that finds itself half done calls this to undo all of it: an autocommit statement cannot be undone from outside.
  `CREATE FUNCTION order_lifecycle.demand(holds boolean, code text, message text) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
      IF holds THEN RETURN true; END IF;
      RAISE EXCEPTION '%', message USING ERRCODE = code;
    END $$`,
  `CREATE FUNCTION order_lifecycle.forbid() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'restrict_violation';
    END $$`,

  // The conditions are looked at without calling a function, so a lawful update pays next to nothing for them.
  `CREATE TRIGGER orders_cancelled_is_final BEFORE UPDATE ON order_lifecycle.orders FOR EACH ROW
    WHEN (OLD.status = 'cancelled' AND (NEW.status <> OLD.status OR NEW.version <> OLD.version))
    EXECUTE FUNCTION order_lifecycle.forbid('a cancelled order stays as it is')`,
  `CREATE TRIGGER orders_version_counts BEFORE UPDATE ON order_lifecycle.orders FOR EACH ROW
    WHEN (NEW.version <> OLD.version + 1 AND (NEW.version <> OLD.version OR NEW.status <> OLD.status))
    EXECUTE FUNCTION order_lifecycle.forbid('the version of an order grows by one with every transition')`,
  `CREATE TRIGGER orders_facts_stay BEFORE UPDATE OF tenant_id, order_id, ordered, customer_id, total_minor, created_at, created_by
    ON order_lifecycle.orders FOR EACH ROW
    EXECUTE FUNCTION order_lifecycle.forbid('what was ordered never changes')`,
  `CREATE TRIGGER audit_events_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON order_lifecycle.audit_events FOR EACH STATEMENT
    EXECUTE FUNCTION order_lifecycle.forbid('an audit event is never changed or deleted')`,
  `CREATE TRIGGER audit_confidential_stays BEFORE UPDATE OR TRUNCATE ON order_lifecycle.audit_confidential FOR EACH STATEMENT
    EXECUTE FUNCTION order_lifecycle.forbid('the confidential part of an audit event can be erased, never changed')`
]

/** Creates everything. */
export const orders: Effect.Effect<void, unknown, SqlClient.SqlClient> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  for (const statement of statements) yield* sql.unsafe(statement)
})
