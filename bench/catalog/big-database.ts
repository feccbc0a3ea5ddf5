import type { Client } from 'pg'

export interface Size {
  readonly functions: number
  readonly relations: number
}

const SCHEMAS = 20
const BATCH = 1_000

/** Three fifths tables, a fifth views of two tables, a fifth sequences; a third each of stable, volatile and immutable. */
export async function createBigDatabase(client: Client, { functions, relations }: Size): Promise<void> {
  await client.query(Array.from({ length: SCHEMAS }, (_, i) => `CREATE SCHEMA s${i}`).join(';'))
  const tables = Math.round(relations * 0.6)
  const views = Math.round(relations * 0.2)
  await inBatches(
    client,
    tables,
    (i) =>
      `CREATE TABLE ${of(i)}.orders_${i} (id int PRIMARY KEY, a text, b timestamptz, c numeric, d jsonb)`,
  )
  await inBatches(
    client,
    views,
    (i) => `CREATE VIEW ${of(i)}.report_${i} AS
      SELECT o.id, o.a, count(*) AS n, sum(p.c) AS s, max(o.b) AS m
      FROM ${of(i)}.orders_${i} o JOIN ${of(i + 1)}.orders_${i + 1} p USING (id)
      WHERE o.b > now() - interval '1 day' GROUP BY 1, 2`,
  )
  await inBatches(client, relations - tables - views, (i) => `CREATE SEQUENCE ${of(i)}.numbers_${i}`)
  await inBatches(client, functions, (i) => functionText(i, tables))
  await client.query('VACUUM ANALYZE')
}

function of(index: number): string {
  return `s${index % SCHEMAS}`
}

function functionText(i: number, tables: number): string {
  return `CREATE FUNCTION ${of(i)}.compute_${i}(p_id int, p_name text) RETURNS int
    ${['STABLE', 'VOLATILE', 'IMMUTABLE'][i % 3]} LANGUAGE plpgsql AS $$
declare
  v_total numeric := 0;
  v_row record;
begin
  -- adds up what belongs to the customer
  for v_row in select id, a, b, c from orders_${i % tables} where id = p_id and lower(a) = lower(p_name) loop
    v_total := v_total + coalesce(v_row.c, 0);
    if v_total > 1000 then
      v_total := round(v_total * 0.9, 2);
    end if;
  end loop;
  if exists (select 1 from orders_${(i * 7) % tables} where id = p_id) then
    v_total := v_total + compute_${Math.max(i - 1, 0)}(p_id, p_name);
  end if;
  return v_total::int;
end $$`
}

async function inBatches(client: Client, count: number, text: (index: number) => string): Promise<void> {
  for (let start = 0; start < count; start += BATCH) {
    const length = Math.min(BATCH, count - start)
    await client.query(Array.from({ length }, (_, i) => text(start + i)).join(';'))
  }
}
