import fc from 'fast-check'

const pick = (...texts: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...texts)

/** One after the other. */
const text = (...parts: readonly (string | fc.Arbitrary<string>)[]): fc.Arbitrary<string> =>
  fc
    .tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part)))
    .map((strings) => strings.join(''))

/** Of what is suspect there is little, so that there are reads to run. */
const mostly = (harmless: fc.Arbitrary<string>, suspect: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof({ weight: 24, arbitrary: harmless }, { weight: 1, arbitrary: suspect })

const relation = mostly(
  pick('plain', 'stored', 'seen', 'seen_twice', 'public.plain', 'ONLY parent', 'rows_of_plain()'),
  pick(
    'scratch',
    'parent',
    'of_scratch',
    'counting',
    'locking',
    'over_locking',
    'guarded',
    'rows_of_scratch()',
  ),
)
const functionName = mostly(
  pick(
    'abs',
    'stable_sum',
    'immutable_twice',
    'pg_catalog.abs',
    'public.stable_sum',
    'unlabelled',
    'pl_reads',
    'pl_calls',
  ),
  pick(
    'inserts',
    'stable_inserts',
    'immutable_counts',
    'stable_scratch',
    'standard_counts',
    'pl_executes',
    'pl_calls_that',
    'pl_begins',
    'pl_checks',
    'pl_operates',
    'pl_field',
  ),
)
const aggregate = mostly(pick('sum', 'max', 'count', 'total', 'min'), pick('total_counting'))
const operator = mostly(pick('+', '-', '|+|', 'OPERATOR(pg_catalog.+)', 'OPERATOR(public.|+|)'), pick('|!|'))
const comparison = pick('=', '<>', '<', '>=', 'IS DISTINCT FROM')
const type = mostly(pick('int', 'positive', 'pg_catalog.int4'), pick('counted', 'public.counted'))
const lock = pick('FOR UPDATE', 'FOR SHARE', 'FOR NO KEY UPDATE SKIP LOCKED', 'FOR KEY SHARE')
const change = pick(
  'INSERT INTO plain VALUES (1) ON CONFLICT DO NOTHING',
  'UPDATE plain SET note = note WHERE false',
  'DELETE FROM plain WHERE false',
)
const constant = mostly(
  pick(
    '1',
    '0',
    '-7',
    '(random() * 10)::int',
    'extract(day FROM now())::int',
    "length(to_json('a'::text)::text)",
  ),
  pick(
    "nextval('counter')::int",
    'pg_current_xact_id()::text::int',
    "setval('counter', 1)::int",
    'lo_creat(-1)::int',
    "length(pg_walfile_name('0/0'))",
    "(pg_notify('a', 'b') IS NULL)::int",
    "(pg_logical_emit_message(false, 'a', 'b') IS NULL)::int",
    "(pg_input_is_valid('1', 'counted'))::int",
    `(jsonb_populate_record(NULL::pair, '{"x": 1}')).y`,
    "('(1,2)'::pair).y",
    "JSON_VALUE('1', '$' RETURNING counted)",
  ),
)

interface Grammar {
  /** An int. */
  readonly expression: string
  readonly condition: string
  /** A query of one column, `v`, to which WHERE may be added. */
  readonly source: string
  /** A query of one column, `v`. */
  readonly query: string
}

// Queries lie in expressions and expressions in queries, so they share one depth; the first of several is the shallow one.
const depth = { depthIdentifier: 'sql', maxDepth: 4, withCrossShrink: true }

const grammar = fc.letrec<Grammar>((tie: fc.LetrecTypedTie<Grammar>) => {
  const [inner, condition, source, query] = [tie('expression'), tie('condition'), tie('source'), tie('query')]
  return {
    expression: fc.oneof(
      depth,
      constant,
      text('(', inner, ' ', operator, ' ', inner, ')'),
      text(functionName, '(', inner, ')'),
      text('(', inner, ')::', type),
      text('CAST(', inner, ' AS ', type, ')'),
      text('CASE WHEN ', condition, ' THEN ', inner, ' ELSE ', inner, ' END'),
      text('CASE ', inner, ' WHEN ', inner, ' THEN 1 ELSE ', inner, ' END'),
      text('COALESCE(', inner, ', ', inner, ')'),
      text('GREATEST(', inner, ', NULLIF(', inner, ', 3))'),
      text('(ARRAY[', inner, ', ', inner, '])[1]'),
      text('(SELECT x.v FROM (', query, ') x LIMIT 1)'),
      text('(SELECT ', aggregate, '(x.id) FROM ', relation, ' x)::int'),
    ),
    condition: fc.oneof(
      depth,
      pick('true', 'false'),
      text(inner, ' ', comparison, ' ', inner),
      text(inner, ' IN (', query, ')'),
      text(inner, ' = ANY (', query, ')'),
      text('EXISTS (', query, ')'),
      text(inner, ' BETWEEN ', inner, ' AND ', inner),
      text('(', condition, ' OR NOT ', condition, ')'),
    ),
    source: fc.oneof(
      depth,
      text('SELECT q.id AS v FROM ', relation, ' q'),
      text('SELECT q.id AS v FROM ', relation, ' q JOIN ', relation, ' r USING (id)'),
      text(
        'SELECT q.id AS v FROM ',
        relation,
        ' q, LATERAL (SELECT FROM ',
        relation,
        ' r WHERE r.id = q.id) l',
      ),
      text('SELECT q.id AS v FROM plain q TABLESAMPLE system (abs(', inner, ') % 100)'),
      text('SELECT g AS v FROM generate_series(1, 3) g'),
      text('SELECT y.v FROM (', query, ') y'),
    ),
    query: fc.oneof(
      depth,
      text('SELECT ', inner, ' AS v'),
      source,
      text(source, ' WHERE ', condition),
      text('SELECT t.v FROM (VALUES (', inner, '), (', inner, ')) t (v)'),
      text('SELECT z.v FROM (', source, ') z WHERE ', condition, ' ORDER BY ', inner),
      text('SELECT z.v FROM (', source, ') z GROUP BY z.v HAVING ', condition),
      text('SELECT (', aggregate, '(z.v) OVER (ORDER BY ', inner, '))::int AS v FROM (', source, ') z'),
      text('(', query, ') ', pick('UNION ALL', 'UNION', 'INTERSECT', 'EXCEPT'), ' (', query, ')'),
      text('WITH w AS (', query, ') SELECT w.v FROM w'),
      text(
        'WITH RECURSIVE w (v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM w WHERE v < 3) SELECT w.v FROM w, (',
        query,
        ') u',
      ),
      mostly(
        query,
        text('SELECT ', pick('q.next_of', '(q).next_of'), ' AS v FROM plain q WHERE ', condition),
      ),
      mostly(query, text('SELECT q.id AS v FROM plain q WHERE ', condition, ' ', lock)),
      mostly(query, text('WITH w AS (', change, ' RETURNING id) SELECT w.id AS v FROM w')),
    ),
  }
})

/** Statements over `grammarSchema`; nearly all are valid. */
export const statements: fc.Arbitrary<string> = fc.oneof(
  { withCrossShrink: true },
  grammar.query,
  grammar.query,
  grammar.query,
  text('EXPLAIN ', grammar.query),
  text('EXPLAIN (ANALYZE, TIMING off) ', grammar.query),
  text('COPY (', grammar.query, ') TO STDOUT'),
  text('SELECT * FROM ', relation, ' q WHERE ', grammar.condition),
  text('SELECT q.*, ', grammar.expression, ' FROM ', relation, ' q'),
  text('EXPLAIN UPDATE plain SET id = ', grammar.expression, ' WHERE ', grammar.condition),
  text('VALUES (', grammar.expression, ')'),
  text(grammar.query, '; ', grammar.query),
)
