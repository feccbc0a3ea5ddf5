// The page of every exported name, from types and docstrings, by TypeDoc.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Application } from 'typedoc'
import { root, staged } from './pages.mjs'

const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** Source files of the package's entries. */
const entryPoints = Object.entries(exports)
  .filter(([entry, target]) => typeof target === 'object' && entry !== './register')
  .map(([entry]) => join(root, 'src', entry, 'index.ts'))

/** Writes the pages. Rejects when TypeDoc reports an error. */
export async function writeApi() {
  const app = await Application.bootstrapWithPlugins({
    entryPoints,
    tsconfig: join(root, 'tsconfig.json'),
    plugin: ['typedoc-plugin-markdown'],
    outputs: [{ name: 'markdown', path: join(staged, 'reference/api') }],
    // One page for a module: a name is an anchor.
    router: 'module',
    entryFileName: 'modules.md',
    basePath: join(root, 'src'),
    name: 'Exported names',
    readme: 'none',
    githubPages: false,
    disableSources: true,
    excludeExternals: true,
    excludePrivate: true,
    excludeInternal: true,
    hideBreadcrumbs: true,
    hidePageHeader: true,
    parametersFormat: 'table',
    interfacePropertiesFormat: 'table',
    typeAliasPropertiesFormat: 'table',
    useCodeBlocks: true,
    sanitizeComments: true,
    validation: false,
    logLevel: 'Warn',
    skipErrorChecking: true,
  })
  const project = await app.convert()
  if (project === undefined) throw new Error('TypeDoc could not read the sources')
  await app.generateOutputs(project)
  if (app.logger.hasErrors()) throw new Error('TypeDoc reported errors')
}
