/**
 * `primary_key`: primary keys of ordinary tables whose values have one canonical form, grouped by their columns. There
 * are none where a user's operator could stand for the `=` between such values.
 */
export const primaryKeysSql: string = `
own_equality AS MATERIALIZED (
  SELECT FROM pg_operator WHERE oid >= 16384 AND oprname = '=' AND (oprleft < 16384 OR oprright < 16384)
  LIMIT 1
),
-- varchar has no operator of its own, so that an operator of another type could be found.
cast_varchar AS MATERIALIZED (
  SELECT FROM pg_cast WHERE oid >= 16384 AND castsource = 'varchar'::regtype AND castcontext = 'i'
  LIMIT 1
),
dropped AS MATERIALIZED (
  SELECT attrelid AS relation, array_agg(attnum) AS columns FROM pg_attribute WHERE attisdropped GROUP BY attrelid
),
primary_key AS MATERIALIZED (
  SELECT columns::json AS columns, json_agg(relation::bigint) AS relations
  FROM (
    SELECT k.conrelid AS relation,
      json_agg(json_build_array(a.attname, t.typname, a.attnum - (SELECT count(*) FROM unnest(d.columns) o WHERE o < a.attnum))
        ORDER BY array_position(k.conkey, a.attnum))::text AS columns
    FROM pg_constraint k
    JOIN touchable c ON c.oid = k.conrelid AND c.kind = 'r'
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_collation l ON l.oid = a.attcollation
    LEFT JOIN dropped d ON d.relation = k.conrelid
    WHERE k.contype = 'p' AND NOT EXISTS (SELECT FROM own_equality)
    GROUP BY k.conrelid
    HAVING bool_and(
      a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'uuid'::regtype, 'text'::regtype, 'varchar'::regtype)
      AND a.atttypmod = -1 AND a.attgenerated = '' AND (a.attcollation = 0 OR l.collisdeterministic)
      AND NOT (a.atttypid = 'varchar'::regtype AND EXISTS (SELECT FROM cast_varchar)))
  ) k
  GROUP BY columns
)`
