import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** A link that leads nowhere. */
export interface BrokenLink {
  readonly page: string
  readonly link: string
  readonly why: 'no such file' | 'no such anchor'
}

const FENCE = /^ {0,6}(```+|~~~+)[^]*?^ {0,6}\1[ \t]*$/gm
const COMMENT = /<!--[^]*?-->/g

/** Text of a page without code blocks and comments. Links in these are no links. */
function prose(page: string): string {
  return page.replace(FENCE, '').replace(COMMENT, '')
}

/** Anchor that GitHub gives to a heading, without the number of a repeated one. */
export function anchorOf(heading: string): string {
  return heading
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/<[^>]+>/g, '')
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-')
}

/** Anchors of a page: its headings, and elements with an id. */
export function anchorsOf(page: string): ReadonlySet<string> {
  const anchors = new Set<string>()
  const seen = new Map<string, number>()
  const text = prose(page)
  for (const [, heading = ''] of text.matchAll(/^#{1,6} +(.+?)(?: +#+)?$/gm)) {
    const anchor = anchorOf(heading)
    const repeated = seen.get(anchor) ?? 0
    seen.set(anchor, repeated + 1)
    anchors.add(repeated === 0 ? anchor : `${anchor}-${repeated}`)
  }
  for (const [, id = ''] of text.matchAll(/<[^>]+ id="([^"]+)"/g)) anchors.add(id)
  return anchors
}

/** Targets of the links and images of a page, as they are written. */
export function linksOf(page: string): readonly string[] {
  const text = prose(page).replace(/(`+)(?!`)[^]*?[^`]\1(?!`)/g, (code) => code.replace(/[[\]()<>]/g, '_'))
  return [
    ...text.matchAll(/\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)/g),
    ...text.matchAll(/\b(?:src|srcset|href)="([^"]+)"/g),
    ...text.matchAll(/^\[[^\]]+\]: +(\S+)/gm),
  ].map(([, target = '']) => target)
}

/** Links between the files of a repository that lead nowhere. Addresses of other sites are not visited. */
export function brokenLinks(root: string, pages: readonly string[], home: string): readonly BrokenLink[] {
  const anchors = new Map<string, ReadonlySet<string>>()
  const anchorsIn = (path: string): ReadonlySet<string> => {
    const known = anchors.get(path) ?? anchorsOf(readFileSync(join(root, path), 'utf8'))
    anchors.set(path, known)
    return known
  }
  const check = (page: string, link: string): BrokenLink['why'] | undefined => {
    const isHome = link.startsWith(`${home}/`)
    if (!isHome && /^[a-z][a-z+.-]*:/i.test(link)) return undefined
    const [file = '', anchor = ''] = (isHome ? link.slice(home.length + 1) : link).split('#')
    const path = file === '' ? page : normalize(isHome ? file : join(dirname(page), decodeURIComponent(file)))
    if (!existsSync(join(root, path))) return 'no such file'
    if (anchor === '' || !path.endsWith('.md')) return undefined
    return anchorsIn(path).has(anchor) ? undefined : 'no such anchor'
  }
  return pages.flatMap((page) =>
    linksOf(readFileSync(join(root, page), 'utf8')).flatMap((link) => {
      const why = check(page, link)
      return why === undefined ? [] : [{ page, link, why }]
    }),
  )
}

/** Files below a folder that match, without packages, what is built, and hidden folders. */
export function filesBelow(root: string, folder: string, pattern: RegExp): readonly string[] {
  return readdirSync(join(root, folder)).flatMap((name) => {
    if (/^(?:node_modules|dist|build|\.git|\.next|results)$/.test(name)) return []
    const path = join(folder, name)
    const isFolder = statSync(join(root, path), { throwIfNoEntry: false })?.isDirectory() ?? false
    if (isFolder) return filesBelow(root, path, pattern)
    return pattern.test(name) ? [path] : []
  })
}
