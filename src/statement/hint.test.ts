import { describe, expect, test } from 'vitest'
import { hintOf, type Hint } from './hint.ts'

describe('a comment that asks for a route', () => {
  test.each<readonly [sql: string, hint: Hint]>([
    ['/* route: primary */ SELECT 1', 'primary'],
    ['/* route: replica */ SELECT 1', 'replica'],
    ['/*route:replica*/ SELECT 1', 'replica'],
    ['/*\n\tROUTE:  Primary\n*/ SELECT 1', 'primary'],
    ['SELECT 1 /* route: primary */', 'primary'],
    ['SELECT /* route: primary */ 1', 'primary'],
    ['/* app: shop */ /* route: replica */ SELECT 1', 'replica'],
    ["/*action='show'*/ SELECT 'a' /* route: replica */", 'replica'],
    ["SELECT 'it''s' /* route: primary */", 'primary'],
    ['SELECT "a""b" /* route: primary */', 'primary'],
    [String.raw`SELECT 'a\' /* route: primary */`, 'primary'],
    [String.raw`SELECT E'a\\' /* route: primary */`, 'primary'],
    ["SELECT $$ ' $$ /* route: primary */", 'primary'],
    ["SELECT $a$ $$ ' $a$ /* route: primary */", 'primary'],
    ['SELECT 1 - -1 /* route: primary */ - 2', 'primary'],
    ['-- /* \nSELECT 1 /* route: primary */', 'primary'],
    ['SELECT a$b, $1 /* route: primary */', 'primary'],
    // The safer of two.
    ['/* route: replica */ SELECT 1 /* route: primary */', 'primary'],
    ['/* route: primary */ SELECT 1 /* route: replica */', 'primary'],
  ])('%j: %s', (sql, hint) => {
    expect(hintOf(sql)).toBe(hint)
  })
})

describe('no hint', () => {
  test.each([
    'SELECT 1',
    "SELECT '/* route: primary */'",
    "SELECT 'a''/* route: primary */'",
    String.raw`SELECT E'\'/* route: primary */'`,
    String.raw`SELECT e'a' ` + '\n' + String.raw`'\'/* route: primary */'`,
    "SELECT U&'/* route: primary */'",
    'SELECT "/* route: primary */"',
    'SELECT $$/* route: primary */$$',
    'SELECT $tag$ $$ /* route: primary */ $tag$',
    '-- /* route: primary */\nSELECT 1',
    '-- route: primary\nSELECT 1',
    '/* /* route: primary */ */ SELECT 1',
    '/* route: secondary */ SELECT 1',
    '/* route: primary, please */ SELECT 1',
    '/* en route: primary */ SELECT 1',
    '/* route: primary',
    'SELECT a /* b */ AS "route: primary"',
    "SELECT 'route: primary', $1",
  ])('%j', (sql) => {
    expect(hintOf(sql)).toBeUndefined()
  })
})
