import { readFileSync, writeFileSync } from 'node:fs'

/** Replaces what stands between the markers `<!-- name -->` and `<!-- /name -->` of a page. */
export function fillIn(path: string, name: string, text: string): void {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const page = readFileSync(path, 'utf8')
  const from = page.indexOf(begin)
  const to = page.indexOf(end)
  if (from === -1 || to < from) throw new RangeError(`${path} has no markers ${begin} and ${end}`)
  writeFileSync(path, `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`)
}
