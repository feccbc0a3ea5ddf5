/** Rows that the shop starts with. */
export const USERS = 10_000
export const PRODUCTS = 10_000
export const ORDERS = 80_000
export const CATEGORIES = 500
const ROWS = USERS + PRODUCTS + ORDERS

/** Prefix of the demo's schema names. */
export const SCHEMA_PREFIX = 'switchyard_demo_'

export const SHOP_ROWS: string = ROWS.toLocaleString('en')

const CITIES = ['Lisbon', 'Oslo', 'Kyoto', 'Quito', 'Accra', 'Perth', 'Turin', 'Minsk'] as const
const WORDS = ['Oak', 'Brass', 'Linen', 'Paper', 'Glass', 'Clay', 'Cork', 'Wool'] as const

export function cityOf(index: number): string {
  return CITIES[index % CITIES.length] ?? CITIES[0]
}

export function productWord(index: number): string {
  return WORDS[index % WORDS.length] ?? WORDS[0]
}

/**
 * Returns the statements that create the shop, in order. All names are qualified, since a `search_path` would be state
 * of a connection. `schema` must need no quotes.
 */
export function creationStatements(schema: string): readonly string[] {
  const cities = arrayOf(CITIES)
  const words = arrayOf(WORDS)
  return [
    `CREATE SCHEMA ${schema}`,
    `CREATE TABLE ${schema}.users (
       id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       name text NOT NULL,
       city text NOT NULL,
       version int NOT NULL DEFAULT 0)`,
    `CREATE TABLE ${schema}.products (
       id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       name text NOT NULL,
       category int NOT NULL,
       price_cents int NOT NULL,
       stock int NOT NULL)`,
    `CREATE TABLE ${schema}.orders (
       id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       user_id int NOT NULL REFERENCES ${schema}.users,
       product_id int NOT NULL REFERENCES ${schema}.products,
       quantity int NOT NULL,
       price_cents int NOT NULL,
       placed_at timestamptz NOT NULL DEFAULT now())`,
    `INSERT INTO ${schema}.users (name, city)
       SELECT 'User ' || n, (${cities})[1 + n % ${CITIES.length}] FROM generate_series(1, ${USERS}) AS n`,
    `INSERT INTO ${schema}.products (name, category, price_cents, stock)
       SELECT (${words})[1 + n % ${WORDS.length}] || ' ' || n, n % ${CATEGORIES}, 100 + n * 7919 % 9900, 1000000
       FROM generate_series(1, ${PRODUCTS}) AS n`,
    `INSERT INTO ${schema}.orders (user_id, product_id, quantity, price_cents, placed_at)
       SELECT 1 + n * 7 % ${USERS}, 1 + n * 31 % ${PRODUCTS}, 1 + n % 3, 100 + n * 13 % 9900,
         now() - n * interval '1 minute'
       FROM generate_series(1, ${ORDERS}) AS n`,
    `CREATE INDEX ON ${schema}.products (category, price_cents)`,
    `CREATE INDEX ON ${schema}.products (name text_pattern_ops)`,
    `CREATE INDEX ON ${schema}.orders (user_id, id)`,
    `CREATE INDEX ON ${schema}.orders (product_id) INCLUDE (quantity)`,
  ]
}

/** Returns the statements to run after the shop is committed: they update statistics and set hint bits. */
export function vacuumStatements(schema: string): readonly string[] {
  return ['users', 'products', 'orders'].map((table) => `VACUUM (ANALYZE) ${schema}.${table}`)
}

function arrayOf(words: readonly string[]): string {
  return `ARRAY['${words.join("', '")}']`
}
