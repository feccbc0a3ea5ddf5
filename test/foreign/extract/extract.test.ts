import { expect, test } from 'vitest'
import { fromGo } from './go.ts'
import { fromPsql } from './psql.ts'
import { fromRuby } from './ruby.ts'
import { fromSqlc } from './sqlc.ts'
import { fromSqllogictest } from './sqllogictest.ts'

const texts = (statements: readonly { readonly sql: string }[]): readonly string[] =>
  statements.map(({ sql }) => sql)

const psql: readonly (readonly [string, string, readonly string[]])[] = [
  ['statements, and comments before them', '-- one\nselect 1;\nselect 2', ['-- one\nselect 1', 'select 2']],
  ['commands of psql', '\\echo hello\n\\set x 1\nselect 1;\n\\d t', ['select 1']],
  [
    'variables',
    "\\set name 'a''b'\nselect :'name', :name::text, :\"name\"",
    [`select 'a''b', a'b::text, "a'b"`],
  ],
  ['a variable made of others', '\\set a 1\n\\set b :a 2\nselect :b', ['select 12']],
  ['variables that nobody sets', 'select :x, a[1:n], b::int', ['select :x, a[1:n], b::int']],
  ['data of COPY', 'copy t from stdin;\n1;\tselect\n\\.\nselect 1;', ['copy t from stdin', 'select 1']],
  ['what a command sends', 'select 1 as a \\gset\nselect 2;', ['select 1 as a', 'select 2']],
  ['several statements sent as one', 'select 1\\; select 2;', ['select 1', 'select 2']],
  [
    'semicolons in bodies',
    'create function f() returns int as $$ select 1; $$ language sql;\nselect f();',
    ['create function f() returns int as $$ select 1; $$ language sql', 'select f()'],
  ],
]

test.each(psql)('a psql script: %s', (_, script, expected) => {
  expect(texts(fromPsql(script))).toEqual(expected)
})

const sqllogictest: readonly (readonly [string, string, readonly string[]])[] = [
  ['a statement', 'statement ok\ncreate table t (\n  a int\n);\n\n', ['create table t (\n  a int\n)']],
  [
    'a query and its result',
    'query I rowsort\nselect 1\n----\n1\n\nstatement ok\nselect 2',
    ['select 1', 'select 2'],
  ],
  [
    'an expected error',
    'statement error\nselect x\n----\nno column\nquery\n\nquery T\nselect 3\n----\n3',
    ['select x', 'select 3'],
  ],
  [
    'comments and directives',
    '# name: a\nrequire x\nloop i 0 3\n\nquery I\nselect 4\n----\n\nendloop',
    ['select 4'],
  ],
  ['line ends of Windows', 'query I\r\nselect 5\r\n----\r\n5\r\n', ['select 5']],
]

test.each(sqllogictest)('a sqllogictest file: %s', (_, file, expected) => {
  expect(texts(fromSqllogictest(file))).toEqual(expected)
})

test('queries of sqlc get numbers for the names of their parameters', () => {
  const script = `-- name: One :one
    select sqlc.embed(a), sqlc.arg(x)::int, @x::int, sqlc.narg('y') from a where b @> $1;
    create table a (b int);`
  expect(fromSqlc(script)).toEqual([
    {
      sql: '-- name: One :one\n    select a.*, $2::int, $2::int, $3 from a where b @> $1',
      parameters: 3,
    },
    { sql: 'create table a (b int)' },
  ])
})

test('tests in Go are a script each', () => {
  const source = `{
    Name: "first",
    SetUpScript: []string{
      "create table t (a text)", // a comment
      \`insert into t values ('"');\`,
    },
    Assertions: []A{{ Query: "select \\"a\\" from t where a = $1;" }},
  }, { Name: "second", Assertions: []A{{ Query: \`select 2\` }} }`
  expect(fromGo('a_test.go', source)).toEqual([
    {
      file: 'a_test.go#1',
      statements: [
        { sql: 'create table t (a text)' },
        { sql: `insert into t values ('"')` },
        { sql: 'select "a" from t where a = $1', parameters: 1 },
      ],
    },
    { file: 'a_test.go#2', statements: [{ sql: 'select 2' }] },
  ])
})

test('specs in Ruby give what they parse', () => {
  const source = `query = described_class.parse("SELECT 1; -- x")
    expect(described_class.parse('SELECT 3').tree)
    q = PgQuery.parse(<<-SQL)
      SELECT 2
      FROM t
    SQL
    parse("SELECT #{x}")`
  expect(texts(fromRuby(source))).toEqual(['SELECT 1; -- x', 'SELECT 3', 'SELECT 2\n      FROM t'])
})
