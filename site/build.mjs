// Builds the site: `node build.mjs`. Documents of the repository, the reference of every exported name from TypeDoc,
// search, llms.txt and a plain Markdown twin of each page. The result is site/build/dist.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build } from 'vitepress'
import { writeApi } from './api.mjs'
import { writePlayground } from './playground/bundle.mjs'
import { contents, DESCRIPTION, markdownBelow, staged, stagePages, titleOf } from './pages.mjs'

const dist = join(import.meta.dirname, 'build/dist')

rmSync(dist, { recursive: true, force: true })
stagePages()
await writeApi()
await writePlayground()
await build(import.meta.dirname)
// Pages link to pictures, and VitePress copies only those that it shows.
cpSync(join(staged, 'images'), join(dist, 'images'), { recursive: true })
writeTwins()
writeLlms()

/** Beside each page lies its Markdown, for programs that read. */
function writeTwins() {
  for (const path of markdownBelow(staged)) {
    const target = join(dist, path)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, readFileSync(join(staged, path), 'utf8'))
  }
}

/** The index that language models look for (llmstxt.org), and all documents in one file. */
function writeLlms() {
  const sections = contents().map(
    ({ title, pages }) =>
      `## ${title}\n\n${pages.map(({ about, path, text }) => `- [${text}](/${path})${about === '' ? '' : `: ${about}`}`).join('\n')}\n`,
  )
  writeFileSync(join(dist, 'llms.txt'), `# pg-switchyard\n\n> ${DESCRIPTION}\n\n${sections.join('\n')}`)
  const all = ['index.md', ...contents().flatMap(({ pages }) => pages.map(({ path }) => path))]
  const texts = [...new Set(all)].map((path) => {
    const text = readFileSync(join(staged, path), 'utf8')
    return `<!-- ${path}: ${titleOf(text)} -->\n\n${text}`
  })
  writeFileSync(join(dist, 'llms-full.txt'), texts.join('\n'))
}
