import { BLOCKS, isQuoted, masked } from '../masked.mjs'

/** Counts the words of a sentence. A dash or an arrow between spaces is no word. */
export function wordCount(sentence) {
  return sentence.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length
}

/** Whether a period ends an abbreviation rather than a sentence. */
const ABBREVIATION = /\b(?:e\.g|i\.e|etc|vs|cf|No|St)\.$/

/** Splits a text into sentences, each with the index at which it begins. */
export function sentencesOf(text) {
  const sentences = []
  let start = 0
  for (const { 0: end, index } of text.matchAll(/[.!?]["')\]]*(?=\s|$)/g)) {
    if (ABBREVIATION.test(text.slice(start, index + 1))) continue
    sentences.push({ text: text.slice(start, index + end.length), start })
    start = index + end.length
  }
  return [...sentences, { text: text.slice(start), start }]
}

/** Reports sentences of more than `max` words. */
export function sentenceLength({ RuleError, report, locator }, { max }) {
  const check = (node) => {
    if (isQuoted(node)) return
    for (const { text, start } of sentencesOf(masked(node))) {
      const words = wordCount(text)
      if (words <= max) continue
      const at = start + text.search(/\S/)
      const beginning = text.trim().split(/\s+/).slice(0, 6).join(' ')
      const message = `A sentence of ${words} words, at most ${max}: "${beginning} …"`
      report(node, new RuleError(message, { padding: locator.range([at, start + text.length]) }))
    }
  }
  return Object.fromEntries(BLOCKS.map((block) => [block, check]))
}
