import Module, { createRequire, register } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { readPlug } from './plug.ts'

/** Puts the classes under the modules of the suite that runs in this process. */
const { replace } = readPlug()
const own = pathToFileURL(join(import.meta.dirname, '../../..')).href
// The ES module of `pg` copies what its CommonJS module has when it is first imported: that must be after the change below.
register('./hook.js', import.meta.url, { data: { own } })
const classes = await import('./classes.ts')
const require = createRequire(join(process.cwd(), 'package.json'))

if (replace === 'Pool' || replace === 'Client') {
  const pg = require('pg') as Record<string, unknown>
  pg['Pool'] = classes.Pool
  if (replace === 'Client') pg['Client'] = classes.PoolAsClient
} else {
  const file = require.resolve(replace)
  const stub = new Module(file)
  stub.exports = classes.Pool
  stub.loaded = true
  require.cache[file] = stub
}
