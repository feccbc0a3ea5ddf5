import { describe, expect, test } from 'vitest'
import { excerptOf } from './excerpt.ts'

/** `«` and `»` stand around the piece. */
function excerpt(marked: string, columns = 80): readonly string[] {
  const start = marked.indexOf('«')
  const end = marked.indexOf('»') - 1
  const sql = marked.replace(/[«»]/g, '')
  return excerptOf(sql, { start, end }, columns).flatMap(({ number, text, marks }) => [
    `${number} ${text}`,
    `  ${marks}`,
  ])
}

describe('marks the piece', () => {
  test.each<readonly [name: string, marked: string, lines: readonly string[]]>([
    ['at the start', '«DELETE» FROM t', ['1 DELETE FROM t', '  ^^^^^^']],
    ['in the middle', 'SELECT «f»(1)', ['1 SELECT f(1)', '         ^']],
    ['at the end', 'SELECT * FROM «log»', ['1 SELECT * FROM log', '                ^^^']],
    ['on its line', 'SELECT *\nFROM «log»\nWHERE a', ['2 FROM log', '       ^^^']],
    ['behind CR LF', 'SELECT\r\n*\r\nFROM «log»\r\n', ['3 FROM log', '       ^^^']],
    ['behind CR alone', 'SELECT *\rFROM «log»', ['2 FROM log', '       ^^^']],
    ['behind blank lines', '\n\n\n«CALL» p()', ['4 CALL p()', '  ^^^^']],
    ['behind tabs', '\tSELECT\t«f»()', ['1     SELECT  f()', '              ^']],
    ['with tabs inside', 'a «b\tc» d', ['1 a b c d', '    ^^^']],
    ['behind wide characters', "SELECT '漢字', «f»()", ["1 SELECT '漢字', f()", '                 ^']],
    ['of wide characters', 'SELECT «合計»()', ['1 SELECT 合計()', '         ^^^^']],
    ['behind emoji', "SELECT '👩‍👩‍👧', «f»()", ["1 SELECT '👩‍👩‍👧', f()", '               ^']],
    [
      'behind combining characters',
      "SELECT 'e\u0301', «f»()",
      ["1 SELECT 'e\u0301', f()", '              ^'],
    ],
    [
      'over several lines',
      'WITH a AS («INSERT\n  INTO t» VALUES (1))',
      ['1 WITH a AS (INSERT', '             ^^^^^^', '2   INTO t VALUES (1))', '    ^^^^^^'],
    ],
    ['over a blank line', '«INSERT\n\nINTO» t', ['1 INSERT', '  ^^^^^^', '2 ', '  ', '3 INTO t', '  ^^^^']],
    ['over CR LF', '«INSERT\r\nINTO» t', ['1 INSERT', '  ^^^^^^', '2 INTO t', '  ^^^^']],
    ['over three lines of more', '«a\nb\nc\nd»', ['1 a', '  ^', '2 b', '  ^', '3 c', '  ^']],
  ])('%s', (_name, marked, lines) => {
    expect(excerpt(marked)).toEqual(lines)
  })
})

describe('cuts a long line around the piece', () => {
  const before = 'b'.repeat(50)
  const after = 'a'.repeat(50)

  test.each<readonly [name: string, marked: string, lines: readonly string[]]>([
    ['in its middle', `${before}«xx»${after}`, ['1 …bbbbbbbbxxaaaaaaaa…', `  ${' '.repeat(9)}^^`]],
    ['near its start', `b«xx»${after}`, [`1 bxx${'a'.repeat(15)}…`, '   ^^']],
    ['near its end', `${before}«xx»a`, [`1 …${'b'.repeat(15)}xxa`, `  ${' '.repeat(16)}^^`]],
    ['that is itself too long', `b«${'x'.repeat(50)}»a`, [`1 …${'x'.repeat(18)}…`, `   ${'^'.repeat(18)}`]],
    ['among wide characters', `${'漢'.repeat(30)}«f»`, [`1 …${'漢'.repeat(8)}f`, `  ${' '.repeat(17)}^`]],
  ])('%s', (_name, marked, lines) => {
    expect(excerpt(marked, 20)).toEqual(lines)
  })

  test('of several megabytes, at once', () => {
    const sql = `${'漢 '.repeat(1_000_000)}xx${'a '.repeat(1_000_000)}`
    const [line] = excerptOf(sql, { start: 2_000_000, end: 2_000_002 }, 40)
    expect(line?.text).toMatch(/^….*漢 xxa a.*…$/)
    expect(line?.marks.trim()).toBe('^^')
  })

  test('and never shows more columns than there are', () => {
    for (let columns = 20; columns < 60; columns++) {
      const [shown = ''] = excerpt(`${before}«漢字漢字»${after}`, columns)
      const width = Array.from(shown.slice(2)).reduce((sum, char) => sum + (char > '\u2fff' ? 2 : 1), 0)
      expect(width).toBeGreaterThan(columns - 3)
      expect(width).toBeLessThanOrEqual(columns)
    }
  })
})

test('shows nothing that a terminal would interpret', () => {
  expect(excerpt("SELECT '\u001b[31m\u202e\u0007', «f»()")).toEqual([
    "1 SELECT '\ufffd[31m\ufffd\ufffd', f()",
    '                    ^',
  ])
})
