import { literal } from './sql-literal.ts'

/**
 * A volatile function with such a body weighs more than one that only lacks a label. Its callers are not trusted
 * either, labelled or not. The numbers are those of UPDATE, INSERT, DELETE and MERGE in a stored tree.
 */
const writingWords = String.raw`\m(insert|update|delete|merge|truncate|create|alter|drop|grant|revoke|lock|notify|copy)\M`
const seemsToWrite = `l.lanname NOT IN ('c', 'internal')
             AND (p.prosrc ~* ${literal(writingWords)} OR p.prosqlbody::text ~ ':commandType [2-5] ')`

/**
 * A cursor outlives the call that opens it, until the transaction ends. A label does not rule it out: the caller may
 * get its name, or know it.
 */
const leavesCursor = `l.lanname NOT IN ('c', 'internal') AND (
             'refcursor'::regtype = ANY (p.prorettype || COALESCE(p.proallargtypes, p.proargtypes::oid[]))
             OR l.lanname = 'plpgsql' AND p.prosrc ~* ${literal(String.raw`\mopen\M`)} AND p.prosrc !~* ${literal(String.raw`\mclose\M`)})`

/**
 * `object`: everything that a statement may name, with the verdict that its own definition gives. A node is a number:
 * eight times the object's identifier, plus its kind. The kind is 0 for a function, 1 for a relation and 2 for an
 * operator. It is 3 for a type that is cast to, and 4 for a type that is only read.
 *
 * `suspect`: what is not harmless by itself. `trusted`: what the user declared to be harmless, whatever it reaches.
 */
export const objectsSql: string = `
prefix AS MATERIALIZED (SELECT owner, name, verdict FROM decided WHERE starts),
function AS MATERIALIZED (
  SELECT p.oid, n.nspname AS schema, p.proname AS name, l.lanname AS language,
    COALESCE(
      (SELECT w.verdict FROM declared w
       WHERE w.object = 'function' AND w.name = p.proname AND COALESCE(w.schema, n.nspname) = n.nspname
       ORDER BY w.schema NULLS LAST LIMIT 1),
      d.verdict,
      (SELECT s.verdict FROM prefix s WHERE s.owner = o.owner AND starts_with(p.proname, s.name) LIMIT 1),
      CASE WHEN NOT l.lanpltrusted AND l.lanname NOT IN ('c', 'internal') THEN 'external'
           WHEN p.provolatile <> 'v' THEN CASE WHEN ${leavesCursor} THEN 'session' ELSE 'harmless' END
           WHEN ${seemsToWrite} THEN 'opaque' ELSE 'volatile' END
    ) AS verdict,
    -- A statement can call neither triggers nor functions with an internal argument.
    p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
      AND NOT p.proargtypes::oid[] @> ARRAY['internal'::regtype::oid] AS callable
  FROM pg_proc p
  JOIN pg_namespace n ON n.oid = p.pronamespace
  JOIN pg_language l ON l.oid = p.prolang
  LEFT JOIN pg_depend m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
    AND m.refclassid = 'pg_extension'::regclass AND m.deptype = 'e'
  LEFT JOIN pg_extension e ON e.oid = m.refobjid
  CROSS JOIN LATERAL (SELECT CASE WHEN n.nspname = 'pg_catalog' THEN n.nspname ELSE e.extname END AS owner) o
  LEFT JOIN decided d ON NOT d.starts AND d.owner = o.owner AND d.name = p.proname
),
relation AS MATERIALIZED (
  SELECT c.oid, c.relkind AS kind, c.relrowsecurity AS guarded, c.relname AS name,
    CASE WHEN c.relpersistence = 't' THEN 'pg_temp' ELSE n.nspname END AS schema,
    COALESCE(
      (SELECT w.verdict FROM declared w
       WHERE w.object = 'relation' AND w.name = c.relname AND COALESCE(w.schema, n.nspname) = n.nspname
       ORDER BY w.schema NULLS LAST LIMIT 1),
      CASE WHEN c.relpersistence = 't' THEN 'temporary' WHEN c.relpersistence = 'u' THEN 'unlogged'
           WHEN c.relkind = 'f' THEN 'foreign' WHEN c.relkind = 'S' THEN 'sequence' ELSE 'harmless' END
    ) AS verdict
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
),
object AS MATERIALIZED (
  SELECT 'function' AS object, oid::bigint * 8 AS node, schema::text, name::text, verdict, callable AS listed
  FROM function
  UNION ALL
  SELECT 'relation', oid::bigint * 8 + 1, schema, name, verdict, true FROM relation
  UNION ALL
  SELECT 'operator', o.oid::bigint * 8 + 2, n.nspname, o.oprname, 'harmless', true
  FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
  UNION ALL
  -- Array types are named after their elements, and row types after their relations: listed only when not harmless.
  SELECT 'type', t.oid::bigint * 8 + 3, n.nspname, t.typname, 'harmless', c.oid IS NULL OR c.relkind = 'c'
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
  LEFT JOIN pg_class c ON c.oid = t.typrelid
  WHERE t.typcategory <> 'A'
),
suspect AS MATERIALIZED (
  SELECT node, verdict FROM object
  WHERE verdict NOT IN ('harmless', 'read-only')
    AND NOT (object = 'function' AND schema = 'pg_catalog' AND name IN (SELECT h.name FROM harmless_inside h))
),
trusted AS MATERIALIZED (
  SELECT node FROM object WHERE verdict = 'read-only'
)`
