/**
 * Facts that PostgreSQL uses when it parses or plans: `frozen_function`: evaluated or expanded while it plans, though a
 * user may change what it gives. `frozen_relation`: reading it runs such a function. Types of columns, by their names.
 */
export const lastingSql: string = `
frozen_function AS MATERIALIZED (
  SELECT p.oid FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
  WHERE p.oid >= 16384 AND (p.provolatile = 'i' OR l.lanname = 'sql')
  UNION
  -- An argument's default is put in its place when the call is planned.
  SELECT p.oid FROM pg_proc p WHERE p.oid >= 16384 AND p.pronargdefaults > 0
),
frozen_part AS MATERIALIZED (
  SELECT d.classid, d.objid FROM pg_depend d
  WHERE d.classid IN ('pg_rewrite'::regclass, 'pg_policy'::regclass, 'pg_attrdef'::regclass)
    AND (
      d.refclassid = 'pg_proc'::regclass AND d.refobjid IN (SELECT oid FROM frozen_function)
      OR d.refclassid = 'pg_operator'::regclass AND d.refobjid IN (
        SELECT o.oid FROM pg_operator o WHERE o.oprcode IN (SELECT oid FROM frozen_function)
      )
    )
),
-- A view, or a table with a policy, reads other relations.
part_of AS MATERIALIZED (
  SELECT DISTINCT o.relation, d.refobjid AS part
  FROM (
    SELECT 'pg_rewrite'::regclass AS class, r.oid, r.ev_class AS relation FROM pg_rewrite r WHERE r.ev_type = '1'
    UNION ALL
    SELECT 'pg_policy'::regclass, p.oid, p.polrelid FROM pg_policy p
  ) o
  JOIN pg_depend d ON d.classid = o.class AND d.objid = o.oid
  WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid <> o.relation
),
frozen_relation (oid) AS (
  (SELECT r.ev_class FROM pg_rewrite r JOIN frozen_part f ON f.classid = 'pg_rewrite'::regclass AND f.objid = r.oid
   UNION
   SELECT p.polrelid FROM pg_policy p JOIN frozen_part f ON f.classid = 'pg_policy'::regclass AND f.objid = p.oid
   UNION
   SELECT a.adrelid FROM pg_attrdef a JOIN frozen_part f ON f.classid = 'pg_attrdef'::regclass AND f.objid = a.oid)
  UNION
  SELECT p.relation FROM frozen_relation f JOIN part_of p ON p.part = f.oid
)`

const plainTypes = `('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype, 'bool'::regtype, 'text'::regtype,
    'varchar'::regtype, 'bpchar'::regtype, 'uuid'::regtype)`

/** As rows of `LoadedRow`. */
export const lastingRowsSql: string = `
SELECT 'frozen-function', n.nspname::text, 'frozen', json_agg(DISTINCT p.proname)::text
FROM frozen_function f JOIN pg_proc p ON p.oid = f.oid JOIN pg_namespace n ON n.oid = p.pronamespace
GROUP BY n.nspname
UNION ALL
SELECT 'frozen-relation', n.nspname::text, 'frozen', json_agg(DISTINCT c.relname)::text
FROM frozen_relation f JOIN pg_class c ON c.oid = f.oid JOIN pg_namespace n ON n.oid = c.relnamespace
GROUP BY n.nspname
UNION ALL
SELECT 'frozen-operator', n.nspname::text, 'frozen', json_agg(DISTINCT o.oprname)::text
FROM pg_operator o JOIN pg_proc p ON p.oid = o.oprcode JOIN pg_language l ON l.oid = p.prolang
JOIN pg_namespace n ON n.oid = o.oprnamespace
WHERE p.oid >= 16384 AND (l.lanname = 'sql' OR p.provolatile = 'i' AND l.lanname NOT IN ('c', 'internal'))
GROUP BY n.nspname
UNION ALL
SELECT 'column', '', 'plain', json_agg(attname)::text
FROM (
  SELECT a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
  WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND a.attnum > 0 AND NOT a.attisdropped
  GROUP BY a.attname HAVING bool_and(a.atttypid IN ${plainTypes})
) plain
HAVING count(*) > 0
UNION ALL
SELECT 'cast', '', 'implicit', '[]' WHERE EXISTS (
  SELECT FROM pg_cast c JOIN pg_proc p ON p.oid = c.castfunc JOIN pg_language l ON l.oid = p.prolang
  WHERE p.oid >= 16384
    AND (l.lanname = 'sql' OR c.castsource < 16384 AND (c.castcontext = 'i' OR c.casttarget < 16384))
)`
