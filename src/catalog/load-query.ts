import { decisions, harmlessInside } from './builtin-decisions.ts'
import type { DeclaredName } from './declared.ts'
import { extensionDecisions } from './extension-decisions.ts'
import { bodiesSql, bodyRowsSql } from './load-bodies.ts'
import { effectRowsSql, effectsSql } from './load-effects.ts'
import { dependenciesSql } from './load-dependencies.ts'
import { lastingRowsSql, lastingSql } from './load-lasting.ts'
import { objectsSql } from './load-objects.ts'
import { countersSql, signalSql } from './signal.ts'
import { literal } from './sql-literal.ts'
import { words } from './words.ts'

/**
 * One row of the answer: the names of one kind in one schema on which the verdict is the same. In a `body` the verdict
 * is a function's name. Its names are the bodies of all volatile functions of this name in the schema.
 */
export interface LoadedRow {
  readonly object:
    'function' | 'relation' | 'operator' | 'type' | 'body' | 'effect' | 'signal' | 'setting' | ParsingObject
  readonly schema: string | null
  readonly verdict: string
  /** A JSON array of strings, or of each `FunctionBody`. */
  readonly names: string
}

/** Facts about parsing and planning; see `ParsingFacts`. */
export type ParsingObject = 'frozen-function' | 'frozen-relation' | 'frozen-operator' | 'column' | 'cast'

/** How long the database may take, in milliseconds. */
const loadTimeoutMs = 60_000

// An explicit decision outweighs a label, also where the name is only found in a function's text.
function decisionRows(): readonly object[] {
  return [
    ...decisions.map((decision) => ({ ...decision, owner: 'pg_catalog' })),
    ...extensionDecisions.map((decision) => ({ ...decision, owner: decision.extension })),
  ].flatMap(({ owner, verdict, names }) =>
    words(names).map((name) => ({
      owner,
      name: name.replace(/\*$/, ''),
      starts: name.endsWith('*'),
      verdict: verdict === 'volatile' ? 'opaque' : verdict,
    })),
  )
}

/**
 * In force for this text alone: several statements sent as one text are one transaction. Compiling the query would take
 * longer than running it, and what sizes the server guesses in it is far off.
 */
const settings = `
SET LOCAL transaction_isolation = 'read committed';
SET LOCAL search_path = pg_catalog;
SET LOCAL jit = off;
SET LOCAL enable_nestloop = off;
SET LOCAL enable_mergejoin = off;
SET LOCAL work_mem = '64MB';
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL statement_timeout = ${loadTimeoutMs};
${countersSql}`

/**
 * The one query that asks a database about itself. It reads system catalogs that every role may read. It follows
 * dependencies inside the server, so that little more than names comes back.
 */
export function loadQuery(declared: readonly DeclaredName[]): string {
  return `${settings}
WITH RECURSIVE decided AS /* pg-switchyard */ MATERIALIZED (
  SELECT * FROM json_to_recordset(${literal(JSON.stringify(decisionRows()))})
    AS d (owner text, name text, starts boolean, verdict text)
),
declared AS MATERIALIZED (
  SELECT * FROM json_to_recordset(${literal(JSON.stringify(declared))})
    AS d (object text, schema text, name text, verdict text)
),
harmless_inside AS (
  SELECT json_array_elements_text(${literal(JSON.stringify(harmlessInside))}) AS name
),
${objectsSql},
${dependenciesSql},
reached (node, verdict) AS (
  (SELECT node, verdict FROM suspect UNION ALL SELECT node, 'writes' FROM locking)
  UNION
  SELECT d.dependent, r.verdict
  FROM reached r JOIN dependency d ON d.node = r.node
  -- That a label is missing, somewhere in what a labelled function seems to call, is no reason to doubt its label.
  WHERE NOT (d.hearsay AND r.verdict = 'volatile') AND d.dependent NOT IN (SELECT t.node FROM trusted t)
),
verdict AS (
  SELECT o.object, o.schema, o.name, o.listed, COALESCE(r.verdict, o.verdict) AS verdict
  FROM object o LEFT JOIN reached r ON r.node = o.node
),
${bodiesSql},
${lastingSql},
${effectsSql}
SELECT object, schema, verdict, json_agg(DISTINCT name)::text AS names
FROM verdict WHERE listed OR object = 'type' AND verdict <> 'harmless'
GROUP BY 1, 2, 3
UNION ALL
${bodyRowsSql}
UNION ALL
${lastingRowsSql}
UNION ALL
${effectRowsSql}
UNION ALL
SELECT 'signal', NULL, counters, to_json(ARRAY[digest, pg_snapshot_xmin(pg_current_snapshot())::text])::text
FROM (${signalSql()}) s
UNION ALL
SELECT 'setting', NULL, current_setting('standard_conforming_strings'), '[]'`
}

/** The query that asks for the signal alone; see `signalSql`. */
export function checkQuery(knownCounters?: string): string {
  return `${settings}${signalSql(knownCounters)}`
}
