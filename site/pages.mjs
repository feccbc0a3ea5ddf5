// The pages of the site: the documents of the repository. Their links lead to other pages of the site, or else to the
// repository.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'

export const root = join(import.meta.dirname, '..')
/** The documents with what is made for the site. VitePress reads them here. */
export const staged = join(import.meta.dirname, 'build/pages')

const { description, repository } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
export const REPOSITORY = repository.url.replace(/^git\+/, '').replace(/\.git$/, '')
export const DESCRIPTION = description

/** Paths of all Markdown files below a folder, relative to it, with forward slashes. */
export function markdownBelow(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.md'))
    .toSorted()
}

const PLAYGROUND = 'site/playground/page.md'

/** Path of a page of the site for a file of the repository; `undefined` for one that is no page. */
function pageOf(file) {
  if (file === 'README.md') return 'index.md'
  if (file === 'docs/README.md') return 'documents.md'
  if (file === PLAYGROUND) return 'playground.md'
  return file.startsWith('docs/') ? file.slice('docs/'.length).replace(/README\.md$/, 'index.md') : undefined
}

/** Rewrites the links of a page. Code stays as it is. */
function moveLinks(text, file, page) {
  const move = (whole, before, target, after) => {
    if (/^(?:[a-z][a-z+.-]*:|#)/i.test(target)) return whole
    const [path, anchor] = target.split('#')
    const linked = posix.normalize(posix.join(posix.dirname(file), path))
    const isFolder = statSync(join(root, linked)).isDirectory()
    const to = pageOf(isFolder ? posix.join(linked, 'README.md') : linked)
    const isPage = to !== undefined && (!isFolder || to === 'decisions/index.md')
    const address = isPage
      ? posix.relative(posix.dirname(page), to) || posix.basename(to)
      : `${REPOSITORY}/${isFolder ? 'tree' : 'blob'}/main/${linked.replace(/\/$/, '')}`
    const relativeAddress = isPage && !address.startsWith('.') ? `./${address}` : address
    return before + relativeAddress + (anchor === undefined ? '' : `#${anchor}`) + after
  }
  return text
    .split(/(^ *```[^]*?^ *```|`[^`\n]+`)/m)
    .map((part, index) =>
      index % 2 === 1
        ? part
        : part.replace(/(\]\()([^)\s]+)(\))/g, move).replace(/(\b(?:src|srcset)=")([^"]+)(")/g, move),
    )
    .join('')
}

/** Writes the documents to where VitePress reads them. */
export function stagePages() {
  rmSync(staged, { recursive: true, force: true })
  cpSync(join(root, 'docs'), staged, { recursive: true })
  const documents = markdownBelow(join(root, 'docs')).map((path) => `docs/${path}`)
  for (const path of documents) rmSync(join(staged, path.slice('docs/'.length)))
  for (const file of ['README.md', PLAYGROUND, ...documents]) {
    const page = pageOf(file)
    const target = join(staged, page)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, moveLinks(readFileSync(join(root, file), 'utf8'), file, page))
  }
  const records = markdownBelow(join(staged, 'decisions')).filter((path) => path !== 'index.md')
  const lines = records.map((path) => {
    const title = titleOf(readFileSync(join(staged, 'decisions', path), 'utf8')).replace(/^\d+[.:] /, '')
    return `- ${path.slice(0, 4)}: [${title}](./${path})`
  })
  writeFileSync(
    join(staged, 'decisions/index.md'),
    `# Decisions\n\nChoices that have a price, with the reason for each.\n\n${lines.join('\n')}\n`,
  )
}

/** Title of a page. */
export function titleOf(text) {
  return (/^# (.+)$/m.exec(text)?.[1] ?? '').trim()
}

/** The sections of docs/README.md with the pages that each lists, for navigation and llms.txt. */
export function contents() {
  const page = readFileSync(join(staged, 'documents.md'), 'utf8')
  return page
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [title = '', ...lines] = section.split('\n')
      const items = lines
        .join('\n')
        .split(/^- /m)
        .slice(1)
        .map((item) => item.replace(/\s+/g, ' ').trim())
      const pages = items.flatMap((item) => {
        const links = [...item.matchAll(/\[([^\]]+)\]\(\.\/([^)#]+)\)/g)]
        const about = links.length === 1 ? item.replace(/^\[[^\]]+\]\([^)]+\)[:,]? ?/, '') : ''
        return links.map(([, text = '', path = '']) => ({ text: text.replaceAll('`', ''), path, about }))
      })
      return { title: title.trim(), pages }
    })
}
