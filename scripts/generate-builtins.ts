/**
 * Writes what PostgreSQL says of its own functions, relations, operators and types into `src/catalog/builtin-*.ts`.
 * Takes connection strings of servers, one of each major version to be covered, without objects of users:
 *
 *     npm run build:tools
 *     node build/scripts/generate-builtins.js postgres://localhost:5418/postgres … postgres://localhost:5413/postgres
 *     npx prettier --write src/catalog
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { harmlessInside } from '../src/catalog/builtin-decisions.ts'
import { decided } from '../src/catalog/decided.ts'

interface Source {
  readonly immutable: ReadonlySet<string>
  readonly stable: ReadonlySet<string>
  readonly volatile: ReadonlySet<string>
  /** Name of each system relation, and whether it reaches a function that is not harmless. */
  readonly relations: ReadonlyMap<string, boolean>
  readonly operators: ReadonlySet<string>
  readonly types: ReadonlySet<string>
  readonly informationSchemaFunctions: ReadonlySet<string>
}

const functionsSql = `
  SELECT DISTINCT proname AS name, provolatile AS label, pronamespace::regnamespace::text AS schema
  FROM pg_proc
  WHERE pronamespace IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
    AND oid < 16384
    AND (provolatile = 'v' OR NOT proargtypes::oid[] @> ARRAY['internal'::regtype::oid])`

// System objects are pinned, so that pg_depend knows nothing of them; the stored query trees do.
const relationsSql = `
  SELECT c.oid::text AS id, n.nspname || '.' || c.relname AS name,
    ARRAY(SELECT m[1] FROM pg_rewrite r, regexp_matches(r.ev_action::text, ':relid (\\d+)', 'g') m
          WHERE r.ev_class = c.oid AND r.ev_type = '1') AS relations,
    ARRAY(SELECT DISTINCT p.proname::text
          FROM pg_rewrite r,
               regexp_matches(r.ev_action::text, ':(?:funcid|opfuncid|aggfnoid|winfnoid) (\\d+)', 'g') m
               JOIN pg_proc p ON p.oid = m[1]::oid
          WHERE r.ev_class = c.oid AND r.ev_type = '1') AS functions
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname IN ('pg_catalog', 'information_schema') AND c.relkind IN ('r', 'v') AND c.oid < 16384`

const operatorsSql = `
  SELECT DISTINCT oprname AS name, bool_or(provolatile = 'v') AS volatile
  FROM pg_operator JOIN pg_proc p ON p.oid = oprcode
  WHERE oprnamespace = 'pg_catalog'::regnamespace GROUP BY 1`

// Array types are named after their elements and row types after their relations.
const typesSql = `
  SELECT t.typname AS name, EXISTS (
      SELECT FROM pg_proc p WHERE p.provolatile = 'v' AND p.oid IN (typinput, typoutput, typreceive, typsend)
      UNION ALL
      SELECT FROM pg_cast c JOIN pg_proc p ON p.oid = c.castfunc WHERE p.provolatile = 'v' AND c.casttarget = t.oid
    ) AS volatile
  FROM pg_type t
  WHERE typnamespace IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
    AND typtype <> 'c' AND typcategory <> 'A' AND oid < 16384`

async function read(connectionString: string): Promise<Source> {
  const client = new Client({ connectionString })
  await client.connect()
  try {
    const rows = async <Row>(sql: string): Promise<readonly Row[]> =>
      (await client.query(sql)).rows as readonly Row[]
    const functions = await rows<{ name: string; label: string; schema: string }>(functionsSql)
    const labelled = (label: string): ReadonlySet<string> =>
      new Set(functions.filter((f) => f.schema === 'pg_catalog' && f.label === label).map((f) => f.name))
    const source = {
      immutable: labelled('i'),
      stable: labelled('s'),
      volatile: labelled('v'),
      operators: harmless(await rows(operatorsSql)),
      types: harmless(await rows(typesSql)),
      informationSchemaFunctions: new Set(
        functions.filter((f) => f.schema === 'information_schema').map((f) => f.name),
      ),
    }
    const isHarmless = (name: string): boolean =>
      harmlessInside.includes(name) ||
      (decided(name) ?? (source.volatile.has(name) ? 'volatile' : 'harmless')) === 'harmless'
    return { ...source, relations: closure(await rows<RelationRow>(relationsSql), isHarmless) }
  } finally {
    await client.end()
  }
}

interface RelationRow {
  readonly id: string
  readonly name: string
  readonly relations: readonly string[]
  readonly functions: readonly string[]
}

function closure(
  rows: readonly RelationRow[],
  isHarmless: (name: string) => boolean,
): ReadonlyMap<string, boolean> {
  const byId = new Map(rows.map((row) => [row.id, row]))
  const reaches = (row: RelationRow): boolean =>
    !row.functions.every(isHarmless) ||
    row.relations.some((id) => {
      const other = byId.get(id)
      return other !== undefined && other !== row && reaches(other)
    })
  return new Map(rows.map((row) => [row.name, reaches(row)]))
}

function harmless(rows: readonly { name: string; volatile: boolean }[]): ReadonlySet<string> {
  const bad = rows.filter((row) => row.volatile).map((row) => row.name)
  if (bad.length > 0) throw new Error(`Volatile all of a sudden: ${bad.join(' ')}`)
  return new Set(rows.map((row) => row.name))
}

function wrap(names: Iterable<string>): string {
  const lines = ['']
  for (const name of [...new Set(names)].toSorted()) {
    const line = lines.at(-1) ?? ''
    if (line.length + name.length < 108) lines[lines.length - 1] = `${line} ${name}`.trimStart()
    else lines.push(name)
  }
  return lines.map((line) => `  ${line}`).join('\n')
}

function list(name: string, doc: string, names: Iterable<string>): string {
  return `/** ${doc} */\nexport const ${name}: string = String.raw\`\n${wrap(names)}\n\`\n`
}

function write(file: string, ...lists: readonly string[]): void {
  const head =
    '// Written by scripts/generate-builtins.ts from PostgreSQL itself. Not to be changed by hand.\n'
  writeFileSync(join('src/catalog', file), `${head}\n${lists.join('\n')}`)
}

const sources = await Promise.all(process.argv.slice(2).map(read))
const all = (pick: (source: Source) => ReadonlySet<string>): ReadonlySet<string> =>
  new Set(sources.flatMap((source) => [...pick(source)]))

const volatile = all((s) => s.volatile)
const stable = all((s) => s.stable)
const open = (name: string): boolean => !volatile.has(name) && decided(name) === undefined
const immutable = [...all((s) => s.immutable)].filter((name) => open(name) && !stable.has(name))
const views = sources.flatMap((source) => [...source.relations])
const nodeLocal = new Set(views.filter(([, reaches]) => reaches).map(([name]) => name))
const replicated = new Set(views.map(([name]) => name).filter((name) => !nodeLocal.has(name)))
const within = (names: ReadonlySet<string>, schema: string): readonly string[] =>
  [...names].filter((name) => name.startsWith(`${schema}.`)).map((name) => name.slice(schema.length + 1))

const undecided = [...volatile].filter((name) => decided(name) === undefined)
if (undecided.length > 0) throw new Error(`Volatile and not decided on: ${undecided.join(' ')}`)

write(
  'builtin-immutable.ts',
  list('immutableNames', 'Functions of `pg_catalog` of which every overload is immutable.', immutable),
)
write(
  'builtin-stable.ts',
  list(
    'stableNames',
    'Functions of `pg_catalog` of which no overload is volatile.',
    [...stable].filter(open),
  ),
)
write(
  'builtin-objects.ts',
  list(
    'replicatedNames',
    'Relations of `pg_catalog` that replication keeps alike.',
    within(replicated, 'pg_catalog'),
  ),
  list(
    'nodeLocalNames',
    'Views of `pg_catalog` that reach a function that is not harmless.',
    within(nodeLocal, 'pg_catalog'),
  ),
  list(
    'informationSchemaNames',
    'Relations of `information_schema`.',
    within(replicated, 'information_schema'),
  ),
  list(
    'informationSchemaFunctionNames',
    'Functions of `information_schema`; none is volatile.',
    all((s) => s.informationSchemaFunctions),
  ),
  list(
    'operatorNames',
    'Operators of `pg_catalog`.',
    all((s) => s.operators),
  ),
  list(
    'typeNames',
    'Types of both schemas, but array types and row types.',
    all((s) => s.types),
  ),
)
const odd = within(nodeLocal, 'information_schema')
if (odd.length > 0)
  throw new Error(`Not replicated any more: ${odd.map((name) => `information_schema.${name}`).join(' ')}`)
