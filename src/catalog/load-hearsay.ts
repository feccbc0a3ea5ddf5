import { literal } from './sql-literal.ts'

/**
 * `hearsay`: what the text of a function's body names. Any word counts, wherever it stands, since names of tables stand
 * behind commas and comments too. But only names that may lead to something unsafe are looked for. Names are nodes of
 * their own: then a thousand functions that call any of a thousand of one name are two thousand edges.
 */
export const hearsaySql: string = `
body AS (
  SELECT f.oid, lower(p.prosrc) AS text FROM function f JOIN pg_proc p ON p.oid = f.oid
  WHERE f.oid >= 16384 AND f.callable AND p.prosqlbody IS NULL AND f.language NOT IN ('c', 'internal')
),
rumoured AS MATERIALIZED (
  SELECT DISTINCT o.node, lower(o.name) AS name FROM object o
  -- No body can call a trigger function, and many a column is named like one.
  WHERE o.object <> 'operator' AND (o.object <> 'function' OR o.listed) AND o.schema <> 'pg_temp'
    AND (o.node >= 16384 * 8 OR o.object = 'relation' OR o.node IN (SELECT s.node FROM suspect s))
),
mention AS MATERIALIZED (
  SELECT DISTINCT b.oid, w.name
  FROM body b, string_to_table(regexp_replace(b.text, ${literal(String.raw`[^\w$]+`)}, ' ', 'g'), ' ') w (name)
  WHERE w.name IN (SELECT r.name FROM rumoured r)
),
hearsay AS (
  SELECT hashtextextended(m.name, 0) AS node, m.oid::bigint * 8 AS dependent FROM mention m
  UNION ALL
  SELECT r.node, hashtextextended(r.name, 0) FROM rumoured r WHERE r.name IN (SELECT m.name FROM mention m)
)`
