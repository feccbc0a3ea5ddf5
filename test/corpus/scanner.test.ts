import { loadModule, scanSync } from 'libpg-query'
import { expect, test } from 'vitest'
import { Scanner } from '../../src/statement/scanner.ts'
import { readOutcomes } from './outcomes.ts'

/** PostgreSQL's numbers of the tokens that both must find in the same places: the four kinds of constants, comments. */
const kinds: Readonly<Record<number, string>> = {
  261: 'literal',
  262: 'literal',
  263: 'literal',
  264: 'literal',
  275: 'line-comment',
  276: 'block-comment',
}

/** Where the text has comments, and where constants end. */
function places(sql: string): readonly string[] {
  const scanner = new Scanner(sql)
  const found: string[] = []
  for (let kind = scanner.next(); kind !== 'end'; kind = scanner.next()) {
    if (kind === 'literal') found.push(`literal to ${scanner.end}`)
    else if (kind.endsWith('-comment')) found.push(`${kind} ${scanner.start} to ${scanner.end}`)
  }
  return found
}

function placesOfPostgres(sql: string): readonly string[] {
  return scanSync(sql).tokens.flatMap(({ tokenType, start, end }) => {
    const kind = kinds[tokenType]
    if (kind === undefined) return []
    return [kind === 'literal' ? `literal to ${end}` : `${kind} ${start} to ${end}`]
  })
}

test("finds comments and constants where PostgreSQL's own lexer finds them", async () => {
  await loadModule()
  // That lexer counts bytes; of the texts in plain ASCII there are enough.
  const texts = readOutcomes()
    .map(({ sql }) => sql)
    .filter((sql) => Buffer.byteLength(sql) === sql.length)
  expect(texts.length).toBeGreaterThan(20_000)
  const compared = texts.flatMap((sql) => {
    const expected = scanned(sql)
    return expected === undefined ? [] : [{ sql, expected, found: places(sql) }]
  })
  expect(compared.length).toBeGreaterThan(20_000)
  expect(compared.filter(({ expected, found }) => expected.join() !== found.join())).toEqual([])
})

/** Some tokens are errors for that lexer, such as an identifier without a name. */
function scanned(sql: string): readonly string[] | undefined {
  try {
    return placesOfPostgres(sql)
  } catch {
    return undefined
  }
}
