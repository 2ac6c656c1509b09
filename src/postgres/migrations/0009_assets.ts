/**
 * The registry of assets, and the record of what was changed of them by hand. A program of before neither reads nor writes them.
 *
 * The guards say that an asset on which a subscription is active stays rented out: who takes the status away finds the subscription, and who begins
 * a subscription that knows of the registry finds the asset. Both look when the statement is over, as a commit moves asset and subscription in
 * one. Their failure has the code of a foreign key, which is a lost race: the other was first, and the command is decided again. A lawful cancel of an
 * order touches neither table.
 */
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"

const statements: ReadonlyArray<string> = [
  `CREATE TABLE order_lifecycle.assets (
    tenant_id       text COLLATE "C" NOT NULL,
    serial_number   text COLLATE "C" NOT NULL,
    sku             text COLLATE "C" NOT NULL,
    product_name    text COLLATE "C" NOT NULL,
    status          text COLLATE "C" NOT NULL CHECK (status IN ('available', 'rented_out', 'returned', 'sold', 'unavailable')),
    location        text COLLATE "C",
    notes           text COLLATE "C",
    subscription_id text COLLATE "C",
    customer_id     text COLLATE "C",
    version         integer NOT NULL CHECK (version >= 1),
    created_at      text COLLATE "C" NOT NULL,
    created_by      text COLLATE "C" NOT NULL,
    updated_at      text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, serial_number),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES order_lifecycle.subscriptions,
    CONSTRAINT assets_out_for_a_subscription CHECK (
      (status = 'rented_out') = (subscription_id IS NOT NULL) AND (subscription_id IS NULL) = (customer_id IS NULL))
  )`,
  "CREATE INDEX assets_by_creation ON order_lifecycle.assets (tenant_id, created_at, serial_number)",
  "CREATE INDEX assets_by_update ON order_lifecycle.assets (tenant_id, updated_at, serial_number)",
  "CREATE INDEX assets_by_status ON order_lifecycle.assets (tenant_id, status, serial_number)",
  "CREATE INDEX assets_by_sku ON order_lifecycle.assets (tenant_id, sku, serial_number)",
  "CREATE INDEX assets_of_sku ON order_lifecycle.assets (tenant_id, sku, status, created_at, serial_number)",
  `CREATE INDEX assets_of_customer ON order_lifecycle.assets (tenant_id, customer_id, created_at, serial_number)
    WHERE customer_id IS NOT NULL`,
  `CREATE INDEX assets_of_subscription ON order_lifecycle.assets (tenant_id, subscription_id, created_at, serial_number)
    WHERE subscription_id IS NOT NULL`,

  `CREATE TABLE order_lifecycle.asset_changes (
    tenant_id     text COLLATE "C" NOT NULL,
    serial_number text COLLATE "C" NOT NULL,
    version       integer NOT NULL CHECK (version >= 1),
    record        json NOT NULL,
    PRIMARY KEY (tenant_id, serial_number, version),
    FOREIGN KEY (tenant_id, serial_number) REFERENCES order_lifecycle.assets
  )`,
  `CREATE TRIGGER asset_changes_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON order_lifecycle.asset_changes FOR EACH STATEMENT
    EXECUTE FUNCTION order_lifecycle.forbid('what was changed of an asset stays recorded')`,

  `CREATE FUNCTION order_lifecycle.keep_rented_out() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      tenant text := NEW.tenant_id;
    BEGIN
      IF EXISTS (SELECT 1 FROM order_lifecycle.subscriptions s
                  WHERE s.tenant_id = tenant AND s.serial_number = NEW.serial_number AND s.status = 'active') THEN
        RAISE EXCEPTION 'an asset stays rented out while a subscription on it is active' USING ERRCODE = 'foreign_key_violation';
      END IF;
      RETURN NULL;
    END $$`,
  `CREATE TRIGGER assets_stay_rented_out AFTER UPDATE OF status ON order_lifecycle.assets FOR EACH ROW
    WHEN (OLD.status = 'rented_out' AND NEW.status <> 'rented_out')
    EXECUTE FUNCTION order_lifecycle.keep_rented_out()`,
  `CREATE TRIGGER assets_stay BEFORE DELETE OR UPDATE OF tenant_id, serial_number ON order_lifecycle.assets FOR EACH ROW
    EXECUTE FUNCTION order_lifecycle.forbid('an asset stays in the registry, under its serial number')`,

  // The lock keeps the asset as it is until the subscription is there for others to see.
  `CREATE FUNCTION order_lifecycle.require_rented_out() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      tenant text := NEW.tenant_id;
    BEGIN
      PERFORM 1 FROM order_lifecycle.assets a
        WHERE a.tenant_id = tenant AND a.serial_number = NEW.serial_number AND a.status = 'rented_out' FOR SHARE;
      IF NOT FOUND THEN
        RAISE EXCEPTION 'a subscription is active on a registered asset only while that is rented out' USING ERRCODE = 'foreign_key_violation';
      END IF;
      RETURN NULL;
    END $$`,
  `CREATE TRIGGER subscriptions_need_their_asset AFTER INSERT OR UPDATE OF status, serial_number, more ON order_lifecycle.subscriptions
    FOR EACH ROW WHEN (NEW.status = 'active' AND NEW.more ->> 'assetIsRegistered' = 'true')
    EXECUTE FUNCTION order_lifecycle.require_rented_out()`
]

/** Makes the tables and their guards. */
export const assets: Effect.Effect<void, unknown, SqlClient.SqlClient> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  for (const statement of statements) yield* sql.unsafe(statement)
})
