import { literal } from './sql-literal.ts'

/**
 * Kind of a change to the database since the catalog was loaded.
 *
 * `plain`: a table, partitioned table or materialized view whose rows are replicated and that runs nothing when it is
 * read. `new`: something else that was not there. `changed`: something else that may have been there.
 */
export type ChangeKind = 'plain' | 'new' | 'changed'

export interface ChangeRow {
  /** `effect`: something by which one relation leads to another. */
  readonly object: 'function' | 'relation' | 'operator' | 'type' | 'effect' | 'other'
  readonly schema: string
  readonly name: string
  readonly change: ChangeKind
}

/** A look that takes longer is of no use: by then the whole catalog could be loaded. In milliseconds. */
const lookTimeoutMs = 2_000

/**
 * Asks which functions, relations, operators and types were made or changed since `horizon`, the oldest transaction in
 * progress when a catalog was loaded. A row's own transaction shows how old it is. Dropped objects need not be known: a
 * statement that names one fails, or means another object of that name.
 */
export function recentQuery(horizon: string): string {
  const recent = (table: string): string =>
    `age(${table}.xmin) <= (SELECT age(${literal(horizon)}::xid8::xid))`
  const made = (object: string, table: string, schema: string, name: string, only = 'true'): string => `
SELECT '${object}', n.nspname, ${name}, 'new'
FROM ${table} o JOIN pg_namespace n ON n.oid = o.${schema} WHERE ${recent('o')} AND ${only}`
  return `
SET LOCAL transaction_isolation = 'read committed';
SET LOCAL search_path = pg_catalog;
SET LOCAL jit = off;
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL statement_timeout = ${lookTimeoutMs};
WITH RECURSIVE touched AS /* pg-switchyard */ MATERIALIZED (
  SELECT oid FROM pg_class c WHERE ${recent('c')}
  UNION SELECT attrelid FROM pg_attribute a WHERE attnum > 0 AND ${recent('a')}
  UNION SELECT adrelid FROM pg_attrdef d WHERE ${recent('d')}
  UNION SELECT ev_class FROM pg_rewrite r WHERE ev_type = '1' AND ${recent('r')}
  UNION SELECT polrelid FROM pg_policy p WHERE ${recent('p')}
  UNION SELECT unnest(ARRAY[inhparent, inhrelid]) FROM pg_inherits i WHERE ${recent('i')}
),
-- A query on a table reads its children too.
part (root, oid) AS (
  SELECT t.oid, t.oid FROM touched t
  UNION
  SELECT p.root, i.inhrelid FROM part p JOIN pg_inherits i ON i.inhparent = p.oid
),
-- Reading a domain's column is no call of its checks, and an enum's values are read by the server's own function.
odd AS MATERIALIZED (
  SELECT DISTINCT p.root
  FROM part p JOIN pg_class c ON c.oid = p.oid
  WHERE c.relkind NOT IN ('r', 'p', 'm') OR c.relpersistence <> 'p' OR c.relrowsecurity
    OR EXISTS (
      SELECT FROM pg_attribute a LEFT JOIN pg_type t ON t.oid = a.atttypid
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        AND (a.attgenerated = 'v' OR a.atttypid >= 16384 AND t.typtype <> 'e'
             AND NOT (t.typtype = 'd' AND t.typbasetype < 16384)))
)
SELECT 'relation' AS object, n.nspname AS schema, c.relname AS name,
  CASE WHEN c.oid NOT IN (SELECT root FROM odd) THEN 'plain'
       -- Recorded when it was made, and touched by no change of it but a move to another schema.
       WHEN EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0
                    AND d.refclassid = 'pg_namespace'::regclass AND ${recent('d')}) THEN 'new'
       ELSE 'changed' END AS change
FROM pg_class c JOIN touched t ON t.oid = c.oid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't'
UNION ALL ${made('function', 'pg_proc', 'pronamespace', 'proname')}
UNION ALL ${made('operator', 'pg_operator', 'oprnamespace', 'oprname')}
UNION ALL ${made('type', 'pg_type', 'typnamespace', 'typname', `typtype <> 'c' AND (typcategory <> 'A' OR typarray <> 0)`)}
UNION ALL
SELECT 'type', n.nspname, t.typname, 'new'
FROM pg_constraint o JOIN pg_type t ON t.oid = o.contypid JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE ${recent('o')}
UNION ALL
SELECT 'effect', '', '', 'changed'
WHERE EXISTS (SELECT FROM pg_trigger o WHERE ${recent('o')})
  OR EXISTS (SELECT FROM pg_constraint o WHERE ${recent('o')})
  OR EXISTS (SELECT FROM pg_index o WHERE ${recent('o')})
  OR EXISTS (SELECT FROM pg_rewrite o WHERE ${recent('o')})
  OR EXISTS (SELECT FROM pg_partitioned_table o WHERE ${recent('o')})
  OR EXISTS (SELECT FROM pg_opclass o WHERE ${recent('o')})
  OR EXISTS (SELECT FROM pg_amop o WHERE ${recent('o')})
  OR EXISTS (SELECT FROM pg_amproc o WHERE ${recent('o')})
  OR EXISTS (SELECT FROM pg_aggregate o WHERE ${recent('o')})
  OR EXISTS (SELECT FROM pg_collation o WHERE ${recent('o')})
  OR EXISTS (SELECT FROM pg_language o WHERE ${recent('o')})
  -- Membership of an extension, and the table that owns a sequence.
  OR EXISTS (SELECT FROM pg_depend o WHERE o.refclassid = 'pg_extension'::regclass AND ${recent('o')})
  OR EXISTS (
    SELECT FROM pg_class c
    JOIN pg_depend o ON o.classid = 'pg_class'::regclass AND o.objid = c.oid AND o.refclassid = 'pg_class'::regclass
    WHERE c.relkind = 'S' AND ${recent('o')})
UNION ALL
SELECT 'other', '', '', 'changed'
WHERE EXISTS (SELECT FROM pg_cast o WHERE ${recent('o')})
  OR EXISTS (SELECT FROM pg_extension o WHERE ${recent('o')})
  -- A function of a row may be called as if it were a column, so that nothing in a text tells it from one.
  OR EXISTS (
    SELECT FROM pg_proc o JOIN pg_type t ON t.oid = o.proargtypes[0]
    WHERE ${recent('o')} AND t.typtype IN ('c', 'p'))
  -- A schema that is newer than what is in it has got another name, and everything in it with it.
  OR EXISTS (
    SELECT FROM pg_namespace o WHERE ${recent('o')} AND (
      EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = o.oid AND NOT ${recent('c')})
      OR EXISTS (SELECT FROM pg_proc p WHERE p.pronamespace = o.oid AND NOT ${recent('p')})
      OR EXISTS (SELECT FROM pg_operator p WHERE p.oprnamespace = o.oid AND NOT ${recent('p')})
      OR EXISTS (SELECT FROM pg_type t WHERE t.typnamespace = o.oid AND NOT ${recent('t')})))`
}
