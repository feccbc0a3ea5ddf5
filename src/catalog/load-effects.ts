import { inputNames, pureNames } from './builtin-effects.ts'
import { computingExtensions } from './extension-decisions.ts'
import { primaryKeysSql } from './load-primary-keys.ts'
import { literal } from './sql-literal.ts'
import { words } from './words.ts'

/** A longer text is not looked into, in bytes. */
const maxBodyBytes = 8_192
/** Maximum total size of the functions' texts, in bytes. */
const maxTotalBytes = 2 ** 20

/**
 * Settings of a function that do not affect the analysis of its text: names stand for those of all schemas in any case.
 */
const harmlessSettings = [
  'client_min_messages',
  'datestyle',
  'lock_timeout',
  'row_security',
  'search_path',
  'statement_timeout',
  'timezone',
  'work_mem',
]

const listed = (names: readonly string[]): string => names.map((name) => literal(name).trim()).join(', ')

// `nextval` and `setval` are told by texts; a stored expression does not tell which sequence they change.
const pureInTrees = words(pureNames).filter((name) => name !== 'nextval' && name !== 'setval')

// In a stored tree: utility statements such as NOTIFY, and the system's own relations, by their numbers.
// Before PostgreSQL 15, which added MERGE, utility statements had another number.
const utility = `':commandType ' || CASE WHEN current_setting('server_version_num')::int < 150000 THEN 5 ELSE 6 END || ' '`
const constantNextval = literal(String.raw`:funcid 1574 ([^({]*\(\{CONST )`)
const ofSystemRelation = literal(
  String.raw`|:relid (?:[1-9]\d{0,3}|1[0-5]\d{3}|16[0-2]\d\d|163[0-7]\d|1638[0-3]) `,
)

/**
 * `touchable`: relations of users. `computing`: functions in C that touch nothing. `impure`: how to find functions of
 * the system that do more than compute, and its relations, in a stored expression. Immutable functions count as pure.
 */
const basicsSql = `
touchable AS MATERIALIZED (
  SELECT c.oid, n.nspname AS schema, c.relname AS name,
    CASE WHEN c.relkind IN ('r', 'm') AND c.relam <> 2 THEN 'x' ELSE c.relkind::text END AS kind
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't'
),
computing AS MATERIALIZED (
  SELECT p.oid
  FROM pg_proc p
  JOIN pg_language l ON l.oid = p.prolang AND l.lanname IN ('c', 'internal')
  JOIN pg_depend m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
    AND m.refclassid = 'pg_extension'::regclass AND m.deptype = 'e'
  JOIN pg_extension e ON e.oid = m.refobjid
  WHERE e.extname IN (${listed(computingExtensions)}) AND p.prorettype <> 'trigger'::regtype
  UNION
  -- Constructors that the server has made for ranges of users.
  SELECT p.oid FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang AND l.lanname = 'internal'
  WHERE p.oid >= 16384 AND p.prosrc ~ '^(multi)?range_constructor[0-3]$'
),
doubtful AS MATERIALIZED (
  SELECT p.oid, f.verdict NOT IN ('harmless', 'node-local') AS changes
  FROM pg_proc p JOIN function f ON f.oid = p.oid
  WHERE p.oid < 16384 AND f.callable AND p.proname NOT IN (${listed(pureInTrees)})
    AND NOT (p.provolatile = 'i' AND f.verdict = 'harmless')
),
impure AS MATERIALIZED (
  SELECT ${utility} || '|(?:funcid|fnoid) (?:' || string_agg(oid::text, '|') || ') ' || ${ofSystemRelation} AS any,
    ${utility} || '|(?:funcid|fnoid) (?:' || string_agg(oid::text, '|') FILTER (WHERE changes) || ') ' AS changing
  FROM doubtful
)`

/**
 * `piece`: expressions and queries that belong to something, with when they count. The owner is a number: eight times
 * its identifier, plus 0 for a function, 1 for a relation, 3 for a type.
 */
const piecesSql = `
piece AS MATERIALIZED (
  SELECT r.ev_class::bigint * 8 + 1 AS owner,
    CASE r.ev_type WHEN '1' THEN CASE c.kind WHEN 'v' THEN 'read' ELSE 'refresh' END
      WHEN '2' THEN 'update' WHEN '3' THEN 'insert' ELSE 'delete' END AS phase,
    r.tableoid AS classid, r.oid AS objid, t.tree
  FROM pg_rewrite r JOIN touchable c ON c.oid = r.ev_class, LATERAL (VALUES (r.ev_action), (r.ev_qual)) t (tree)
  UNION ALL
  SELECT p.polrelid::bigint * 8 + 1, 'read', p.tableoid, p.oid, t.tree
  FROM pg_policy p, LATERAL (VALUES (p.polqual), (p.polwithcheck)) t (tree)
  UNION ALL
  SELECT d.adrelid::bigint * 8 + 1, CASE a.attgenerated WHEN 'v' THEN 'read' ELSE 'write' END, d.tableoid, d.oid, d.adbin
  FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
  UNION ALL
  SELECT k.conrelid::bigint * 8 + 1, 'write', k.tableoid, k.oid, k.conbin FROM pg_constraint k WHERE k.conrelid >= 16384
  UNION ALL
  SELECT t.tgrelid::bigint * 8 + 1, 'write', t.tableoid, t.oid, t.tgqual FROM pg_trigger t WHERE NOT t.tgisinternal
  UNION ALL
  SELECT i.indrelid::bigint * 8 + 1, 'write', 'pg_class'::regclass, i.indexrelid, t.tree
  FROM pg_index i, LATERAL (VALUES (i.indexprs), (i.indpred)) t (tree) WHERE i.indrelid >= 16384
  UNION ALL
  -- Keys of partitions.
  SELECT c.oid::bigint * 8 + 1, 'write', 'pg_class'::regclass, c.oid, p.partexprs
  FROM touchable c LEFT JOIN pg_partitioned_table p ON p.partrelid = c.oid WHERE c.kind <> 'S'
  UNION ALL
  SELECT p.oid::bigint * 8, 'call', p.tableoid, p.oid, t.tree
  FROM pg_proc p, LATERAL (VALUES (p.prosqlbody), (p.proargdefaults)) t (tree) WHERE p.oid >= 16384
  UNION ALL
  SELECT k.contypid::bigint * 8 + 3, 'call', k.tableoid, k.oid, k.conbin FROM pg_constraint k WHERE k.contypid >= 16384
  UNION ALL
  SELECT t.oid::bigint * 8 + 3, 'call', t.tableoid, t.oid, t.typdefaultbin FROM pg_type t WHERE t.typdefaultbin IS NOT NULL
),
referred AS MATERIALIZED (
  SELECT DISTINCT p.owner, p.phase, p.classid, d.refclassid, d.refobjid
  FROM (SELECT DISTINCT owner, phase, classid, objid FROM piece) p
  JOIN pg_depend d ON d.classid = p.classid AND d.objid = p.objid
  WHERE d.refclassid IN ('pg_proc'::regclass, 'pg_class'::regclass, 'pg_operator'::regclass,
    'pg_type'::regclass, 'pg_opclass'::regclass)
),
-- A default of nextval('name') tells its sequence by what it depends on.
odd AS MATERIALIZED (
  SELECT DISTINCT p.owner, p.phase,
    CASE WHEN p.tree ~ i.changing THEN 'everything' ELSE 'shows-everything' END AS what
  FROM (
    SELECT owner, phase, CASE WHEN classid = 'pg_attrdef'::regclass
      THEN regexp_replace(tree::text, ${constantNextval}, ${literal(String.raw`\1`)}, 'g') ELSE tree::text END AS tree
    FROM piece WHERE tree IS NOT NULL
  ) p CROSS JOIN impure i
  WHERE p.tree ~ i.any
),
writing AS MATERIALIZED (
  SELECT DISTINCT owner FROM piece
  WHERE classid = 'pg_proc'::regclass AND tree IS NOT NULL AND tree::text ~ ':commandType [2-5] '
)`

/** `type_call`: functions that PostgreSQL may call by itself for a value of a type. */
const typesSql = `
type_call AS MATERIALIZED (
  SELECT DISTINCT type, function
  FROM (
    SELECT t.oid AS type, v.f::oid AS function
    FROM pg_type t,
      LATERAL (VALUES (typinput), (typoutput), (typreceive), (typsend), (typmodin), (typmodout), (typsubscript)) v (f)
    UNION ALL
    SELECT r.rngtypid, v.f::oid FROM pg_range r, LATERAL (VALUES (rngcanonical), (rngsubdiff)) v (f)
    UNION ALL SELECT castsource, castfunc FROM pg_cast
    UNION ALL SELECT casttarget, castfunc FROM pg_cast
    UNION ALL SELECT oprleft, oprcode::oid FROM pg_operator
    UNION ALL SELECT oprright, oprcode::oid FROM pg_operator
    UNION ALL
    SELECT k.opcintype, p.amproc::oid FROM pg_opclass k JOIN pg_amproc p ON p.amprocfamily = k.opcfamily
    UNION ALL
    SELECT r.owner / 8, r.refobjid FROM referred r WHERE r.owner % 8 = 3 AND r.refclassid = 'pg_proc'::regclass
    UNION ALL
    SELECT r.owner / 8, o.oprcode::oid FROM referred r JOIN pg_operator o ON o.oid = r.refobjid
    WHERE r.owner % 8 = 3 AND r.refclassid = 'pg_operator'::regclass
  ) c
  WHERE type >= 16384 AND (function >= 16384 OR function IN (SELECT oid FROM doubtful))
    AND function NOT IN (SELECT oid FROM computing)
    AND function NOT IN (SELECT oid FROM pg_proc WHERE oid < 16384 AND proname IN (${listed(words(inputNames))}))
),
element AS MATERIALIZED (
  SELECT oid, CASE WHEN typcategory = 'A' AND typelem <> 0 THEN typelem ELSE oid END AS type FROM pg_type
),
type_part AS MATERIALIZED (
  SELECT e.type AS part, p.whole
  FROM (
    SELECT typbasetype AS part, oid AS whole FROM pg_type WHERE typbasetype <> 0
    UNION ALL SELECT rngsubtype, rngtypid FROM pg_range
    UNION ALL SELECT rngtypid, rngmultitypid FROM pg_range
    UNION ALL
    SELECT a.atttypid, c.reltype FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.reltype >= 16384 AND NOT a.attisdropped
  ) p JOIN element e ON e.oid = p.part
  WHERE e.type >= 16384
),
active_type (oid) AS (
  (SELECT type FROM type_call UNION SELECT owner / 8 FROM odd WHERE owner % 8 = 3)
  UNION
  SELECT p.whole FROM active_type a JOIN type_part p ON p.part = a.oid
)`

const edgesSql = `
opclass_call AS MATERIALIZED (
  SELECT k.oid AS opclass, p.amproc::oid AS function
  FROM pg_opclass k JOIN pg_amproc p ON p.amprocfamily = k.opcfamily WHERE k.oid >= 16384
  UNION
  SELECT k.oid, o.oprcode::oid
  FROM pg_opclass k JOIN pg_amop m ON m.amopfamily = k.opcfamily JOIN pg_operator o ON o.oid = m.amopopr
  WHERE k.oid >= 16384
),
effect_edge AS MATERIALIZED (
  SELECT owner, phase, 'call' AS what, function AS ref
  FROM (
    -- Which function a trigger runs at which event is told apart from what its condition calls.
    SELECT r.owner, r.phase, r.refobjid AS function
    FROM referred r JOIN pg_proc p ON p.oid = r.refobjid
    WHERE r.refclassid = 'pg_proc'::regclass AND p.prorettype <> 'trigger'::regtype
    UNION
    SELECT r.owner, r.phase, o.oprcode::oid FROM referred r JOIN pg_operator o ON o.oid = r.refobjid
    WHERE r.refclassid = 'pg_operator'::regclass
    UNION
    -- Scans of an index, and the choice of partitions to read, compare values by these, too.
    SELECT r.owner, p.phase, c.function
    FROM referred r JOIN opclass_call c ON c.opclass = r.refobjid, LATERAL (VALUES (r.phase), ('read')) p (phase)
    WHERE r.refclassid = 'pg_opclass'::regclass
    UNION
    SELECT type::bigint * 8 + 3, 'call', function FROM type_call
  ) f
  WHERE (function >= 16384 OR function IN (SELECT oid FROM doubtful)) AND function NOT IN (SELECT oid FROM computing)
  UNION ALL
  -- The functions of the system in an aggregate are no dependencies of it.
  SELECT a.aggfnoid::oid::bigint * 8, 'call', 'everything', 0
  FROM pg_aggregate a
  WHERE a.aggfnoid >= 16384 AND ARRAY[a.aggtransfn::oid, a.aggfinalfn::oid, a.aggcombinefn::oid, a.aggserialfn::oid,
    a.aggdeserialfn::oid, a.aggmtransfn::oid, a.aggminvtransfn::oid, a.aggmfinalfn::oid] && ARRAY(SELECT oid FROM doubtful)
  UNION ALL
  SELECT r.owner, r.phase,
    CASE WHEN r.classid = 'pg_attrdef'::regclass THEN 'sequence'
      WHEN r.phase IN ('insert', 'update', 'delete') OR w.owner IS NOT NULL THEN 'any' ELSE 'read' END,
    r.refobjid
  FROM referred r LEFT JOIN writing w ON w.owner = r.owner
  WHERE r.refclassid = 'pg_class'::regclass
    AND (r.refobjid::bigint * 8 + 1 <> r.owner OR r.phase IN ('insert', 'update', 'delete'))
    AND (r.classid IN ('pg_rewrite'::regclass, 'pg_policy'::regclass, 'pg_proc'::regclass)
      OR r.classid = 'pg_attrdef'::regclass AND r.refobjid IN (SELECT oid FROM touchable WHERE kind = 'S'))
  UNION ALL
  -- Every policy depends on its table. Its sub-selects may read that, too.
  SELECT owner, phase, 'read', owner / 8 FROM piece
  WHERE classid = 'pg_policy'::regclass AND tree::text ~ (':relid ' || owner / 8 || ' ')
  UNION ALL
  -- Sequences of serial and identity columns.
  SELECT d.refobjid::bigint * 8 + 1, 'write', 'sequence', d.objid
  FROM pg_depend d JOIN touchable c ON c.oid = d.objid AND c.kind = 'S'
  WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
  UNION ALL
  SELECT owner, phase, what, 0 FROM odd
  UNION ALL
  -- Parts of a table of a kind that is not known here.
  SELECT DISTINCT d.refobjid::bigint * 8 + 1, 'read', 'everything', 0::oid
  FROM pg_depend d JOIN touchable c ON c.oid = d.refobjid
  WHERE d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i', 'P', 'S') AND d.classid NOT IN (
    'pg_attrdef'::regclass, 'pg_class'::regclass, 'pg_constraint'::regclass, 'pg_policy'::regclass,
    'pg_publication_rel'::regclass, 'pg_rewrite'::regclass, 'pg_statistic_ext'::regclass, 'pg_trigger'::regclass,
    'pg_type'::regclass)
  UNION ALL
  SELECT t.tgrelid::bigint * 8 + 1, 'write', 'everything', 0
  FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
  WHERE t.tgisinternal AND NOT starts_with(p.proname, 'RI_FKey_') AND p.proname <> 'unique_key_recheck'
  UNION ALL
  SELECT t.owner, t.phase, 'type', e.type
  FROM (
    SELECT a.attrelid::bigint * 8 + 1 AS owner, 'read' AS phase, a.atttypid AS type
    FROM pg_attribute a JOIN touchable c ON c.oid = a.attrelid WHERE a.attnum > 0 AND NOT a.attisdropped
    UNION
    SELECT p.oid::bigint * 8, 'call', t.type
    FROM pg_proc p, LATERAL (SELECT unnest(prorettype || proargtypes::oid[] || proallargtypes)) t (type) WHERE p.oid >= 16384
    UNION
    SELECT owner, phase, refobjid FROM referred WHERE refclassid = 'pg_type'::regclass
    UNION
    SELECT whole::bigint * 8 + 3, 'call', part FROM type_part
  ) t
  JOIN element e ON e.oid = t.type
  WHERE e.type IN (SELECT oid FROM active_type) AND (t.owner % 8 <> 3 OR t.owner / 8 IN (SELECT oid FROM active_type))
)`

/** `routine`: functions that are looked into. Their effects are those of their texts and of their edges. */
const routinesSql = `
candidate AS MATERIALIZED (
  SELECT p.oid, p.pronamespace, p.proname, l.lanname AS language,
    CASE WHEN p.prokind = 'f' AND p.prosqlbody IS NULL THEN octet_length(p.prosrc) ELSE 0 END AS bytes,
    p.prokind = 'f' AND p.prosqlbody IS NULL AS has_text,
    p.prorettype = 'trigger'::regtype AS is_trigger
  FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
  WHERE p.oid >= 16384
    AND (p.prokind = 'f' AND l.lanname IN ('sql', 'plpgsql') AND octet_length(p.prosrc) <= ${maxBodyBytes} OR p.prokind = 'a')
    AND NOT EXISTS (
      SELECT FROM unnest(p.proconfig) s WHERE lower(split_part(s, '=', 1)) NOT IN (${listed(harmlessSettings)})
    )
),
routine AS MATERIALIZED (
  SELECT * FROM (
    SELECT *, sum(bytes) OVER (ORDER BY is_trigger DESC, bytes, oid) AS total FROM candidate
  ) c WHERE total <= ${maxTotalBytes}
),
called AS MATERIALIZED (
  SELECT n.nspname AS schema, p.proname AS name, COALESCE(json_agg(p.oid::bigint) FILTER (WHERE c.oid IS NULL), '[]') AS oids
  FROM pg_proc p
  JOIN pg_namespace n ON n.oid = p.pronamespace
  LEFT JOIN computing c ON c.oid = p.oid
  LEFT JOIN routine r ON r.oid = p.oid
  WHERE p.oid >= 16384
  GROUP BY 1, 2
  HAVING bool_and(c.oid IS NOT NULL OR r.oid IS NOT NULL)
)`

/** Pieces of the load query that read dependencies. */
export const effectsSql: string = [
  basicsSql,
  piecesSql,
  typesSql,
  edgesSql,
  routinesSql,
  primaryKeysSql,
].join(',')

const section = (name: EffectSection, columns: string, from: string): string =>
  `SELECT 'effect', NULL, '${name}', COALESCE(json_agg(json_build_array(${columns}))::text, '[]') FROM ${from}`

/** Kinds of rows with dependencies. */
export type EffectSection =
  | 'relations'
  | 'parents'
  | 'keys'
  | 'triggers'
  | 'edges'
  | 'routines'
  | 'called'
  | 'types'
  | 'operators'
  | 'silent'
  | 'primaryKeys'
  | 'attributes'

/** One row of `LoadedRow` for each section. */
export const effectRowsSql: string = [
  section('relations', 'oid::bigint, kind, schema, name', 'touchable'),
  section(
    'parents',
    'i.inhrelid::bigint, i.inhparent::bigint',
    'pg_inherits i JOIN touchable c ON c.oid = i.inhrelid JOIN touchable p ON p.oid = i.inhparent',
  ),
  section(
    'keys',
    'k.conrelid::bigint, k.confrelid::bigint, k.confupdtype, k.confdeltype, c.columns',
    // The value of a generated column changes with other columns.
    `pg_constraint k, LATERAL (
      SELECT json_agg(CASE WHEN a.attgenerated = '' THEN a.attname END) AS columns
      FROM pg_attribute a WHERE a.attrelid = k.confrelid AND a.attnum = ANY (k.confkey)
    ) c WHERE k.contype = 'f'`,
  ),
  section(
    'triggers',
    't.tgrelid::bigint, t.tgtype, t.tgfoid::bigint, ARRAY[t.tgoldtable, t.tgnewtable]',
    `pg_trigger t WHERE NOT t.tgisinternal AND t.tgfoid NOT IN (SELECT oid FROM pg_proc
       WHERE oid < 16384 AND proname IN ('suppress_redundant_updates_trigger', 'tsvector_update_trigger'))`,
  ),
  section(
    'edges',
    'owner, phase, what, ref::bigint',
    '(SELECT DISTINCT owner, phase, what, ref FROM effect_edge) e',
  ),
  section(
    'routines',
    `r.oid::bigint, r.language, CASE WHEN r.has_text THEN p.prosrc END,
     CASE WHEN r.has_text AND r.language = 'plpgsql' THEN format('CREATE FUNCTION %I(%s) RETURNS %s LANGUAGE plpgsql',
       p.proname, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid)) END`,
    'routine r JOIN pg_proc p ON p.oid = r.oid',
  ),
  section('called', 'schema, name, oids', 'called'),
  section(
    'types',
    't.oid::bigint, n.nspname, t.typname',
    'active_type a JOIN pg_type t ON t.oid = a.oid JOIN pg_namespace n ON n.oid = t.typnamespace',
  ),
  section(
    'operators',
    'n.nspname, o.oprname, o.oprcode::oid::bigint',
    `pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
     WHERE o.oid >= 16384 AND (o.oprcode::oid >= 16384 OR o.oprcode::oid IN (SELECT oid FROM doubtful))
       AND o.oprcode::oid NOT IN (SELECT oid FROM computing)
       AND (o.oprleft < 16384 OR o.oprright < 16384
         OR o.oprname NOT IN (SELECT b.oprname FROM pg_operator b WHERE b.oid < 16384))`,
  ),
  section(
    'silent',
    'f::bigint',
    `(SELECT castfunc AS f FROM pg_cast
      WHERE oid >= 16384 AND castfunc <> 0 AND castsource < 16384 AND casttarget < 16384
        AND (castfunc >= 16384 OR castfunc IN (SELECT oid FROM doubtful))
      UNION
      SELECT c.function FROM pg_opclass k JOIN opclass_call c ON c.opclass = k.oid
      WHERE k.opcdefault AND k.opcintype < 16384 AND c.function >= 16384
      UNION
      -- Added to families of the system, where clauses that follow from others may use them.
      SELECT amproc::oid FROM pg_amproc
      WHERE amprocfamily < 16384 AND amproc::oid >= 16384 AND amproclefttype < 16384 AND amprocrighttype < 16384
      UNION
      SELECT o.oprcode::oid FROM pg_amop m JOIN pg_operator o ON o.oid = m.amopopr
      WHERE m.amopfamily < 16384 AND o.oprcode::oid >= 16384 AND m.amoplefttype < 16384 AND m.amoprighttype < 16384) s WHERE f NOT IN (SELECT oid FROM computing)`,
  ),
  section('primaryKeys', 'columns, relations', 'primary_key'),
  section(
    'attributes',
    'p.proname, p.oid::bigint',
    `pg_proc p JOIN pg_type t ON t.oid = p.proargtypes[0]
     WHERE p.oid >= 16384 AND p.pronargs - p.pronargdefaults <= 1 AND t.typtype IN ('c', 'd', 'p')
       AND p.oid NOT IN (SELECT oid FROM computing)`,
  ),
].join('\nUNION ALL\n')
