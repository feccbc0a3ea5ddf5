// Checks the language of documents, docstrings, comments, messages and names of tests:
// `npm run lint:prose [-- file…]`. Prints each finding as file:line:column, and the counts by rule.
import { join, relative, resolve } from 'node:path'
import { checkedFiles } from './files.mjs'
import { lintFile } from './lint.mjs'

const root = join(import.meta.dirname, '../..')
const named = process.argv.slice(2).map((file) => relative(root, resolve(file)))
const files = named.length > 0 ? named : checkedFiles(root)

const counts = new Map()
for (const path of files) {
  for (const { line, column, rule, message } of await lintFile(root, path)) {
    counts.set(rule, (counts.get(rule) ?? 0) + 1)
    console.log(`${path}:${line}:${column} ${rule}: ${message}`)
  }
}
const total = [...counts].map(([rule, count]) => `${count} ${rule}`).join(', ')
console.log(`${files.length} files: ${total || 'no findings'}`)
process.exitCode = counts.size > 0 ? 1 : 0
