import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, test } from 'vitest'
import { root } from '../package/install.ts'
import { EXCEPTIONS } from './exceptions.mjs'
import { checkedFiles } from './files.mjs'
import { covers, lintText } from './lint.mjs'

// The rules, on texts that break them; and all files that are checked.

interface Exception {
  readonly file: string
  readonly rule: string
  readonly text: string
  readonly reason: string
}

async function found(path: string, text: string): Promise<readonly string[]> {
  const findings = await lintText(path, text)
  return findings.map(({ line, column, rule }) => `${line}:${column} ${rule}`)
}

const long = (words: number): string => `${'a '.repeat(words - 1)}end.`

describe('in documents', () => {
  test.each<readonly [text: string, ...findings: readonly string[]]>([
    [long(24)],
    [long(25), '1:1 sentence-length'],
    [`Short.\n${long(12)}\n${long(25).slice(0, 20)}\n${long(25).slice(20)}`, '3:1 sentence-length'],
    [`- ${long(25)}`, '1:3 sentence-length'],
    [`| a |\n| --- |\n| ${long(25)} |`, '3:1 sentence-length'],
    ['`a b c` '.repeat(14).trim()],
    [`\`\`\`js\n${long(60)} anew\n\`\`\``],
    [`${'x'.repeat(119)}.`],
    [`Text.\n${'x'.repeat(120)}.`, '2:1 line-width'],
    [`| ${'x'.repeat(130)} |\n| --- |`],
    [`See [a guide](https://example.com/${'x'.repeat(120)}).`],
    [`# ${'x'.repeat(130)}`],
    ['It is loaded anew.', '1:14 plain-words'],
    ['It is loaded `anew`.'],
    ['It is *loaded* [anew](a.md).', '1:17 plain-words'],
    ['Whoever reads it waits in vain.', '1:1 plain-words', '1:24 plain-words'],
    ['The renewal is not banned.'],
    ['# What a node is told', '1:1 no-riddles'],
    ['# What is a read?'],
    ['## Who has it', '1:1 no-riddles'],
    ['# Failover'],
    ['What was prepared may be anything.', '1:1 clause-subjects'],
    ['It is reset. What the\nprimary shows stays.', '1:14 clause-subjects'],
    ['- **Whatever** it wrote, it reads.', '1:5 clause-subjects'],
    ['Note: What is left stays.', '1:7 clause-subjects'],
    ['| a |\n| --- |\n| A file. What is declared is not reported |', '3:11 clause-subjects'],
    ['| What it does |\n| --- |\n| What is read. |', '3:3 clause-subjects'],
    ['# 0036: What few tests need has packages', '1:9 clause-subjects'],
    ['It is read.\nWhat is a read? It shows what was written.'],
    ['[What is a read](a.md) says more.'],
    ['> What is quoted stays.'],
  ])('%j', async (text, ...findings) => {
    expect(await found('README.md', text)).toEqual(findings)
  })
})

describe('in code', () => {
  test.each<readonly [text: string, ...findings: readonly string[]]>([
    ['/** What it is told. */', '1:5 no-riddles'],
    ['/** Loads it. What is left stays. */', '1:15 clause-subjects'],
    ['// What was prepared may be anything.', '1:4 clause-subjects'],
    ["throw new Error('It failed. What is left stays')", '1:29 clause-subjects'],
    ['/** Loads it anew. */', '1:14 plain-words'],
    ['/**\n * Loads.\n *\n * It waits in vain.\n */', '4:13 plain-words'],
    ['/** Returns it. @param name loaded anew */', '1:36 plain-words'],
    ['/**\n * Loads it.\n * @example\n * const anew = 1\n */'],
    ['  // anew', '1:6 plain-words'],
    ['const a = 1 // anew', '1:16 plain-words'],
    [`// ${long(12)}\n// ${long(25).slice(0, 20)}\n// ${long(25).slice(20)}`, '2:4 sentence-length'],
    [`// ${'x'.repeat(118)}`, '1:4 line-width'],
    ['// Prints:\n//   anew\n//   anew\n// It is loaded anew.', '4:17 plain-words'],
    ['// Loads:\n//   anew', '2:6 plain-words'],
    ["throw new Error('The pool is loaded anew')", '1:37 plain-words'],
    ['throw new Error(`The pool ${name} is loaded anew`)', '1:45 plain-words'],
    ["throw new Error('The pool is ' + 'loaded anew')", '1:42 plain-words'],
    ["query('SELECT a FROM b WHERE anew and more words')"],
    ["const anew = 'anew'"],
  ])('%j', async (text, ...findings) => {
    expect(await found('src/file.ts', text)).toEqual(findings)
  })

  test.each<readonly [text: string, ...findings: readonly string[]]>([
    ["it('what it is told', () => {})", '1:5 no-riddles'],
    ["test.each([])('is loaded anew', () => {})", '1:26 plain-words'],
    ["describe('failover', () => {})"],
    ["const text = 'The pool is loaded anew'"],
  ])('names of tests: %j', async (text, ...findings) => {
    expect(await found('src/file.test.ts', text)).toEqual(findings)
  })
})

describe('in the project', () => {
  it('nothing is found', { timeout: 120_000 }, async () => {
    const ended = await promisify(execFile)(process.execPath, [join(import.meta.dirname, 'main.mjs')], {
      cwd: root,
    }).catch((error: { stdout: string }) => error)
    expect(ended.stdout).toMatch(/^\d+ files: no findings\n$/)
  })

  it('each exception has a reason and is needed', async () => {
    const files = checkedFiles(root) as readonly string[]
    for (const exception of EXCEPTIONS as readonly Exception[]) {
      expect(files).toContain(exception.file)
      expect(exception.reason).not.toBe('')
      const findings = await lintText(exception.file, readFileSync(join(root, exception.file), 'utf8'))
      expect([exception, findings.some((finding) => covers(exception, exception.file, finding))]).toEqual([
        exception,
        true,
      ])
    }
  })
})
