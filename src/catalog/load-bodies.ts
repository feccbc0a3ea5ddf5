/** A text that is longer is not worth proving, in bytes. */
const maxBodyBytes = 8_192
/** Maximum total size of the texts, which are most of the result, in bytes. */
const maxTotalBytes = 2 ** 20

/**
 * `bodies`: texts of functions that may prove harmless by them. Only their label makes them volatile. The same holds
 * for every function of their name in their schema that is not harmless. Nothing else about them, their types or their
 * arguments' defaults is unsafe. Settings of a function (`SET search_path …`) might make its text mean something else.
 *
 * `silent`: assignments in PL/pgSQL cast silently, to types that the text does not name. So nothing in it is proven if
 * values of a type are unsafe to read, or a system type is unsafe to cast to. Nothing polymorphic is proven if a column
 * has a type that is unsafe to cast to.
 */
export const bodiesSql: string = `
unsafe AS MATERIALIZED (SELECT DISTINCT node FROM reached),
tainted AS MATERIALIZED (
  SELECT node FROM reached WHERE verdict <> 'volatile'
  UNION
  SELECT d.dependent FROM dependency d JOIN unsafe u ON u.node = d.node WHERE NOT d.hearsay
  UNION
  -- The last result is cast to the function's type, and no dependency on one of the system's types is recorded.
  SELECT t.function::bigint * 8
  FROM (
    SELECT oid AS function, unnest(prorettype || proargtypes::oid[] || proallargtypes) AS type FROM pg_proc
    WHERE oid >= 16384
  ) t
  JOIN unsafe u ON u.node = t.type::bigint * 8 + 3
),
silent AS MATERIALIZED (
  SELECT bool_or(u.node % 8 = 4 OR u.node < 16384 * 8) AS always, bool_or(t.typrelid <> 0) AS polymorphic
  FROM unsafe u JOIN pg_type t ON t.oid::bigint = u.node / 8
  WHERE u.node % 8 IN (3, 4)
),
text_of AS MATERIALIZED (
  SELECT p.oid, octet_length(p.prosrc) AS bytes
  FROM pg_proc p
  JOIN function f ON f.oid = p.oid
  LEFT JOIN tainted t ON t.node = p.oid::bigint * 8
  CROSS JOIN silent s
  WHERE f.oid >= 16384 AND f.callable AND f.language IN ('sql', 'plpgsql') AND f.verdict = 'volatile'
    AND p.prokind = 'f' AND p.prosqlbody IS NULL AND p.proconfig IS NULL
    AND octet_length(p.prosrc) <= ${maxBodyBytes} AND t.node IS NULL
    AND (f.language = 'sql' OR s.always IS NOT TRUE AND (s.polymorphic IS NOT TRUE OR NOT EXISTS (
      SELECT FROM unnest(p.prorettype || p.proargtypes::oid[] || p.proallargtypes) a (type)
      JOIN pg_type y ON y.oid = a.type WHERE y.typtype = 'p' AND y.typname LIKE 'any%'
    )))
),
bodies AS (
  SELECT f.schema, f.name, array_agg(t.oid) FILTER (WHERE t.oid IS NOT NULL) AS oids,
    sum(t.bytes) AS bytes
  FROM function f
  LEFT JOIN text_of t ON t.oid = f.oid
  LEFT JOIN unsafe u ON u.node = f.oid::bigint * 8
  WHERE f.callable
  GROUP BY 1, 2
  HAVING count(t.oid) > 0
    AND bool_and(t.oid IS NOT NULL OR f.verdict IN ('harmless', 'read-only') AND u.node IS NULL)
)`

/** The rows of `bodies`, of all names whose bodies are short enough to fit in, the shortest ones first. */
export const bodyRowsSql: string = `
SELECT 'body', b.schema, b.name, json_agg(json_build_object(
  'language', l.lanname, 'text', p.prosrc, 'head', CASE l.lanname WHEN 'plpgsql' THEN format(
    'CREATE FUNCTION %I(%s) RETURNS %s LANGUAGE plpgsql',
    p.proname, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid)) END
))::text
FROM (
  SELECT schema, name, oids, sum(bytes) OVER (ORDER BY bytes, schema, name) AS total FROM bodies
) b, LATERAL unnest(b.oids) o (oid)
JOIN pg_proc p ON p.oid = o.oid
JOIN pg_language l ON l.oid = p.prolang
WHERE b.total <= ${maxTotalBytes}
GROUP BY b.schema, b.name`
