import { readFileSync, writeFileSync } from 'node:fs'

/** Replaces what stands between the markers `<!-- name -->` and `<!-- /name -->` of a page. */
export function fillIn(path: string, name: string, text: string): void {
  const [before, after] = around(path, name)
  writeFileSync(path, `${before}\n\n${text}\n\n${after}`)
}

/** Fails if the page has no such markers: better before a long run than after it. */
export function checkPage(path: string, name: string): void {
  around(path, name)
}

/** Returns a page up to the first marker and from the second one on. */
function around(path: string, name: string): readonly [string, string] {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const page = readFileSync(path, 'utf8')
  const from = page.indexOf(begin)
  const to = page.indexOf(end)
  if (from === -1 || to < from) throw new RangeError(`${path} has no markers ${begin} and ${end}`)
  return [page.slice(0, from + begin.length), page.slice(to)]
}
