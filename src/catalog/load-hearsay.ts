import { literal } from './sql-literal.ts'

/**
 * `hearsay`: what the text of a function's body names, which is everything before a parenthesis and behind FROM or JOIN.
 * Names are nodes of their own, so that a thousand functions that call any of a thousand of one name are two thousand
 * edges. Two passes, because one pattern for both takes more than twice as long.
 */
export const hearsaySql: string = `
body AS (
  SELECT f.oid, lower(p.prosrc) AS text FROM function f JOIN pg_proc p ON p.oid = f.oid
  WHERE f.oid >= 16384 AND f.callable AND p.prosqlbody IS NULL AND f.language NOT IN ('c', 'internal')
),
mention AS MATERIALIZED (
  SELECT DISTINCT oid, m[1] AS name
  FROM body, regexp_matches(text, ${literal(String.raw`([\w$]+)"?\s*\(`)}, 'g') m
  UNION
  SELECT DISTINCT oid, btrim(split_part(m[1], '.', -1), '"')
  FROM body, regexp_matches(text, ${literal(String.raw`(?:from|join)\s+(?:only\s+|lateral\s+)?([\w$."]+)`)}, 'g') m
),
hearsay AS (
  SELECT hashtextextended(m.name, 0) AS node, m.oid::bigint * 8 AS dependent FROM mention m
  UNION ALL
  SELECT o.node, hashtextextended(lower(o.name), 0) FROM object o
  WHERE o.object IN ('function', 'relation') AND o.schema <> 'pg_temp'
    AND lower(o.name) IN (SELECT m.name FROM mention m)
)`
