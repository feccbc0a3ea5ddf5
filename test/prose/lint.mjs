import { readFileSync } from 'node:fs'
import { TextlintKernel } from '@textlint/kernel'
import markdownModule from '@textlint/textlint-plugin-markdown'
import { EXCEPTIONS } from './exceptions.mjs'
import { lift } from './lift.mjs'
import { clauseSubjects } from './rules/clause-subjects.mjs'
import { lineWidth } from './rules/line-width.mjs'
import { noRiddles } from './rules/no-riddles.mjs'
import { plainWords } from './rules/plain-words.mjs'
import { sentenceLength } from './rules/sentence-length.mjs'
import { WORDS } from './words.mjs'

const kernel = new TextlintKernel()
const markdown = markdownModule.default ?? markdownModule

/** Limits of the house style. */
const MAX_WORDS = 24
const MAX_WIDTH = 120

/**
 * Checks one text.
 * @returns its findings as `{ line, column, rule, message }`, exceptions included
 */
export async function lintText(path, text) {
  const isTest = /\.test\.ts$|^(?:test|bench|examples|scripts)\//.test(path)
  const lifted = path.endsWith('.md') ? undefined : lift(text, { messages: !isTest })
  const placeOf = (line) => lifted?.places[line - 1] ?? { line, column: 0 }
  const isTitle = (line) => lifted?.titles.has(line) ?? false
  const rules = [
    ['sentence-length', sentenceLength, { max: MAX_WORDS }],
    ['line-width', lineWidth, { max: MAX_WIDTH, indent: (line) => placeOf(line).column }],
    ['plain-words', plainWords, { words: WORDS }],
    ['no-riddles', noRiddles, { isTitle }],
    ['clause-subjects', clauseSubjects, { isTitle }],
  ]
  const { messages } = await kernel.lintText(lifted?.text ?? text, {
    ext: '.md',
    plugins: [{ pluginId: 'markdown', plugin: markdown }],
    rules: rules.map(([ruleId, rule, options]) => ({ ruleId, rule, options })),
  })
  return messages.map(({ line, column, ruleId: rule, message }) => {
    const place = placeOf(line)
    return { line: place.line, column: column + place.column, rule, message }
  })
}

/** Checks a file, except for its exceptions. */
export async function lintFile(root, path) {
  const findings = await lintText(path, readFileSync(`${root}/${path}`, 'utf8'))
  return findings.filter((finding) => !EXCEPTIONS.some((exception) => covers(exception, path, finding)))
}

/** Whether an exception is for this finding. */
export function covers({ file, rule, text }, path, finding) {
  return file === path && rule === finding.rule && finding.message.includes(text)
}
