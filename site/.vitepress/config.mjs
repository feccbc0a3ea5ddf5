import { join } from 'node:path'
import { defineConfig } from 'vitepress'
import { contents, DESCRIPTION, REPOSITORY, staged } from '../pages.mjs'

/** Anchor that GitHub gives to a heading, so that links work in both places. */
const slugify = (heading) =>
  heading
    .replace(/<[^>]+>/g, '')
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-')

const sidebar = contents().map(({ pages, title }) => ({
  text: title,
  collapsed: false,
  items: [
    ...pages.map(({ path, text }) => ({ text, link: `/${path.replace(/(?:index)?\.md$/, '')}` })),
    ...(title === 'Reference'
      ? [
          { text: 'Exported names', link: '/reference/api/modules' },
          { text: 'Playground', link: '/playground' },
        ]
      : []),
  ],
}))

export default defineConfig({
  title: 'pg-switchyard',
  description: DESCRIPTION,
  lang: 'en',
  srcDir: staged,
  outDir: join(import.meta.dirname, '../build/dist'),
  cacheDir: join(import.meta.dirname, '../build/cache'),
  cleanUrls: true,
  lastUpdated: false,
  ignoreDeadLinks: 'localhostLinks',
  markdown: {
    anchor: { slugify },
    config(markdown) {
      const fence = markdown.renderer.rules.fence
      markdown.renderer.rules.fence = (tokens, index, ...rest) => {
        const { content, info } = tokens[index]
        if (info.trim() !== 'mermaid') return fence(tokens, index, ...rest)
        return `<Diagram code="${encodeURIComponent(content)}" />`
      }
    },
  },
  vite: { publicDir: join(import.meta.dirname, '../build/public'), server: { host: '127.0.0.1' } },
  themeConfig: {
    nav: [
      { text: 'Documents', link: '/documents' },
      { text: 'Options', link: '/reference/options' },
      { text: 'Playground', link: '/playground' },
    ],
    sidebar,
    outline: [2, 3],
    search: { provider: 'local' },
    socialLinks: [{ icon: 'github', link: REPOSITORY }],
  },
})
