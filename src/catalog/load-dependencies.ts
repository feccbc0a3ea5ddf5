import { hearsaySql } from './load-hearsay.ts'
import { literal } from './sql-literal.ts'

/** Stored expressions, as `(dependent, classid, objid, tree)`: of views, policies, functions, domains and columns. */
const expressionsSql = `
expression AS MATERIALIZED (
  SELECT c.oid::bigint * 8 + 1 AS dependent, r.tableoid AS classid, r.oid AS objid, r.ev_action AS tree
  FROM pg_rewrite r JOIN relation c ON c.oid = r.ev_class
  WHERE r.ev_type = '1' AND c.kind = 'v'
  UNION ALL
  SELECT c.oid::bigint * 8 + 1, p.tableoid, p.oid, p.polqual
  FROM pg_policy p JOIN relation c ON c.oid = p.polrelid
  WHERE c.guarded AND p.polcmd IN ('r', '*')
  UNION ALL
  SELECT p.oid::bigint * 8, p.tableoid, p.oid, e.tree
  FROM pg_proc p, LATERAL (VALUES (p.prosqlbody), (p.proargdefaults)) e (tree)
  UNION ALL
  SELECT k.contypid::bigint * 8 + 3, k.tableoid, k.oid, k.conbin FROM pg_constraint k WHERE k.contypid <> 0
  UNION ALL
  -- Generated when read: PostgreSQL 18's virtual columns.
  SELECT d.adrelid::bigint * 8 + 1, d.tableoid, d.oid, d.adbin
  FROM pg_attrdef d
  JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum AND a.attgenerated = 'v'
)`

const reference = String.raw`(relid|funcid|fnoid) (\d{1,5}) `

// Behind the numbers of functions. Those of the system's own relations are below 16384.
const ofSystemRelation = String.raw`) |:relid (?:[1-9]\d{0,3}|1[0-5]\d{3}|16[0-2]\d\d|163[0-7]\d|1638[0-3]) `

// The server records no dependency on its own objects; they stand in the stored trees, by number. Unpacking every tree
// costs seconds in a big database, so a cheap match picks those that name something to be found.
const treesSql = `
suspicious AS MATERIALIZED (
  SELECT '(?:funcid|fnoid) (?:' || COALESCE(string_agg((node / 8)::text, '|'), '0') || ${literal(ofSystemRelation)} AS pattern
  FROM suspect WHERE node % 8 = 0 AND node < 16384 * 8
),
inside AS MATERIALIZED (
  SELECT DISTINCT e.dependent, m[2]::bigint * 8 + CASE m[1] WHEN 'relid' THEN 1 ELSE 0 END AS node
  FROM expression e CROSS JOIN suspicious s
  CROSS JOIN LATERAL regexp_matches(e.tree::text, ${literal(reference)}, 'g') m
  WHERE e.tree IS NOT NULL AND e.tree::text ~ s.pattern AND m[2]::bigint BETWEEN 1 AND 16383
)`

const recordedSql = `
  SELECT d.refobjid::bigint * 8 + CASE d.refclassid
      WHEN 'pg_proc'::regclass THEN 0
      WHEN 'pg_class'::regclass THEN 1
      WHEN 'pg_operator'::regclass THEN 2 ELSE 3 END AS node,
    e.dependent
  FROM (SELECT DISTINCT dependent, classid, objid FROM expression) e
  JOIN pg_depend d ON d.classid = e.classid AND d.objid = e.objid
  WHERE d.refclassid IN (
    'pg_proc'::regclass, 'pg_class'::regclass,
    'pg_operator'::regclass, 'pg_type'::regclass)`

// 3: cast to, 4: read. A domain checks only what is cast to it, so reading a column of a domain is no call of its
// checks.
const typesSql = `
  SELECT oid::bigint * 8 + 4, oid::bigint * 8 + 3 FROM pg_type WHERE oid >= 16384
  UNION ALL
  SELECT f::bigint * 8, oid::bigint * 8 + 3
  FROM pg_type, LATERAL (VALUES (typinput), (typreceive), (typmodin)) v (f) WHERE f >= 16384
  UNION ALL
  SELECT f::bigint * 8, oid::bigint * 8 + 4
  FROM pg_type, LATERAL (VALUES (typoutput), (typsend)) v (f) WHERE f >= 16384
  UNION ALL
  SELECT part::bigint * 8 + k, whole::bigint * 8 + k
  FROM (
    SELECT typbasetype AS part, oid AS whole FROM pg_type
    UNION ALL SELECT typelem, oid FROM pg_type
    UNION ALL SELECT rngsubtype, rngtypid FROM pg_range
    UNION ALL SELECT rngtypid, rngmultitypid FROM pg_range
    UNION ALL
    SELECT a.atttypid, c.reltype FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.reltype <> 0 AND NOT a.attisdropped
  ) p, LATERAL (VALUES (3), (4)) v (k)
  WHERE part >= 16384
  UNION ALL
  SELECT f::bigint * 8, rngtypid::bigint * 8 + 3
  FROM pg_range, LATERAL (VALUES (rngcanonical::oid), (rngsubdiff::oid)) v (f) WHERE f >= 16384
  UNION ALL
  -- A cast from a type of a user may happen wherever the type is read. A cast to one of the system's types counts
  -- against that type only when nothing else is at fault.
  SELECT castfunc::bigint * 8, castsource::bigint * 8 + 4 FROM pg_cast
  WHERE oid >= 16384 AND castfunc <> 0 AND castsource >= 16384
  UNION ALL
  SELECT castfunc::bigint * 8, casttarget::bigint * 8 + 3 FROM pg_cast
  WHERE oid >= 16384 AND castfunc <> 0 AND (casttarget >= 16384 OR castsource < 16384)
  UNION ALL
  -- These are given the name of a type as text, so it may be any domain's.
  SELECT t.oid::bigint * 8 + 3, p.oid::bigint * 8
  FROM pg_type t JOIN pg_proc p ON p.proname IN ('pg_input_is_valid', 'pg_input_error_info')
  WHERE t.typtype = 'd' AND t.oid >= 16384 AND p.oid < 16384`

const relationsSql = `
  SELECT inhrelid::bigint * 8 + 1, inhparent::bigint * 8 + 1 FROM pg_inherits
  UNION ALL
  SELECT a.atttypid::bigint * 8 + 4, c.oid::bigint * 8 + 1
  FROM pg_attribute a JOIN relation c ON c.oid = a.attrelid
  WHERE a.atttypid >= 16384 AND a.attnum > 0
  UNION ALL
  -- The server records no dependency on its own functions.
  SELECT oprcode::oid::bigint * 8, oid::bigint * 8 + 2 FROM pg_operator WHERE oid >= 16384 AND oprcode <> 0
  UNION ALL
  SELECT f::oid::bigint * 8, a.aggfnoid::oid::bigint * 8
  FROM pg_aggregate a, LATERAL (VALUES (a.aggtransfn), (a.aggfinalfn), (a.aggmtransfn), (a.aggminvtransfn), (a.aggmfinalfn)) v (f)
  WHERE a.aggfnoid >= 16384 AND f <> 0`

// Row locks such as FOR UPDATE, in a view or a policy. None of the system's own has any.
const locksSql = `
locking AS MATERIALIZED (
  SELECT DISTINCT dependent AS node FROM expression
  WHERE dependent >= 16384 * 8 AND tree::text LIKE '%{ROWMARKCLAUSE %'
    AND dependent NOT IN (SELECT t.node FROM trusted t)
)`

/**
 * `locking`: objects that lock rows by themselves. `dependency`: pairs of an object and another one that it makes
 * unsafe. `hearsay` marks names found in the text of a function's body, where they may also be part of a comment.
 */
export const dependenciesSql: string = `${expressionsSql},
${locksSql},
${treesSql},
${hearsaySql},
dependency (node, dependent, hearsay) AS MATERIALIZED (
  SELECT node, dependent, false FROM (
    ${recordedSql}
    UNION ALL
    SELECT node, dependent FROM inside
    UNION ALL
    ${typesSql}
    UNION ALL
    ${relationsSql}
  ) d
  UNION ALL
  SELECT node, dependent, true FROM hearsay
)`
