import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { installPacked, manifest, root, type Consumer } from './install.ts'

/** `pg-switchyard`, `pg-switchyard/http` … */
const entryNames = Object.entries(manifest.exports)
  .filter(([, target]) => typeof target === 'object')
  .map(([name]) => `pg-switchyard${name.slice(1)}`)

let consumer: Consumer
beforeAll(() => {
  consumer = installPacked()
})
afterAll(() => consumer.remove())

const look = `
  const pool = new Pool({ host: 'localhost' })
  const kind = (await classify('SELECT 1')).kind
  console.log(JSON.stringify([Pool === pg.Pool, typeof pg.Client, typeof pg.types, kind]))
  await pool.end()
`
const seen = [true, 'function', 'object', 'read']

describe('at run time, with no package around that is not declared', () => {
  test('import', () => {
    consumer.write('import.mjs', `import pg, { Pool, classify } from 'pg-switchyard'\n${look}`)
    expect(JSON.parse(consumer.node('import.mjs'))).toEqual(seen)
  })

  test('require', () => {
    const names = `const { default: pg, Pool, classify } = require('pg-switchyard')`
    consumer.write('require.cjs', `${names}\nvoid (async () => {${look}})()`)
    expect(JSON.parse(consumer.node('require.cjs'))).toEqual(seen)
  })

  test('both see one state', () => {
    // Optional peers: two of the entries are for them.
    for (const name of ['@opentelemetry/api', 'prom-client']) consumer.link(name)
    consumer.write(
      'both.mjs',
      `
      import { createRequire } from 'node:module'
      const require = createRequire(import.meta.url)
      const names = ${JSON.stringify(entryNames)}
      const differ = []
      for (const name of names) {
        const [esm, cjs] = [await import(name), require(name)]
        const keys = new Set([...Object.keys(esm), ...Object.keys(cjs)])
        for (const key of keys) if (esm[key] !== cjs[key] && key !== 'module.exports') differ.push(name + ' ' + key)
        if (name === 'pg-switchyard' && keys.size < 20) differ.push('few names')
      }
      console.log(JSON.stringify(differ))
      `,
    )
    expect(JSON.parse(consumer.node('both.mjs'))).toEqual([])
  })

  test('the test cluster loads without the packages it can use', () => {
    consumer.write(
      'cluster.mjs',
      `import { startCluster } from 'pg-switchyard/test-cluster'\nconsole.log(typeof startCluster)`,
    )
    expect(consumer.node('cluster.mjs').trim()).toBe('function')
  })

  test('package.json can be read, inner files cannot', () => {
    consumer.write(
      'inner.cjs',
      `require('pg-switchyard/package.json')\nrequire('pg-switchyard/dist/pool.js')`,
    )
    expect(() => consumer.node('inner.cjs')).toThrow(
      /ERR_PACKAGE_PATH_NOT_EXPORTED[\s\S]*dist\/pool\.js|dist\/pool\.js[\s\S]*ERR_PACKAGE_PATH_NOT_EXPORTED/,
    )
  })
})

describe('types, declarations of the package included', () => {
  const typescript = join(root, 'node_modules/typescript')
  const { bin } = JSON.parse(readFileSync(join(typescript, 'package.json'), 'utf8')) as {
    bin: { tsc: string }
  }

  const check = (file: string, text: string, ...options: readonly string[]): string => {
    consumer.write(file, text)
    const always = [
      '--noEmit',
      '--strict',
      '--target',
      'es2023',
      '--lib',
      'es2023,esnext.disposable',
      '--types',
      'node',
    ]
    try {
      return consumer.node(join(typescript, bin.tsc), ...always, ...options, file)
    } catch (error) {
      return (error as { stdout: string }).stdout
    }
  }
  const use = `
    const pool: Pool = new Pool({ connectionString: 'postgres://localhost/x', replicas: [{ host: 'replica' }] })
    export const kinds: Promise<'read' | 'write' | 'transaction' | 'session'> = classify('SELECT 1').then(s => s.kind)
    export const same: Pool = new pg.Pool({ replicas: [{ host: 'replica' }] })
    export const one: Promise<QueryResult<{ a: number }>> = pool.query<{ a: number }>('SELECT 1 AS a')
    export const client: Promise<PoolClient> = pool.connect()
    export const rows: Promise<number> = pool.query<{ a: number }>('SELECT 1 AS a').then(r => r.rows[0]!.a)
  `

  beforeAll(() => {
    consumer.link('@types/pg')
    consumer.link('@types/node')
  })

  test.each<readonly [name: string, file: string, options: readonly string[]]>([
    ['ES modules under nodenext', 'use.mts', ['--module', 'nodenext']],
    ['CommonJS under nodenext', 'use.cts', ['--module', 'nodenext']],
    ['ES modules under node16', 'use.mts', ['--module', 'node16']],
    ['CommonJS under node16', 'use.cts', ['--module', 'node16']],
    ['a bundler', 'use.ts', ['--module', 'esnext', '--moduleResolution', 'bundler']],
  ])('%s', (_, file, options) => {
    const others = entryNames.slice(1).map((name) => `import '${name}'\n`)
    const names = `import pg, { Pool, classify, type PoolClient, type QueryResult } from 'pg-switchyard'\n`
    expect(check(file, names + others.join('') + use, ...options)).toBe('')
  })

  test('a wrong use is an error', () => {
    const text = `import { Pool } from 'pg-switchyard'\nexport const pool = new Pool({ replicas: 5 })`
    expect(check('wrong.mts', text, '--module', 'nodenext')).toContain('wrong.mts(2,')
  })
})
