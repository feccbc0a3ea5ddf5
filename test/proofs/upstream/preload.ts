import Module, { createRequire } from 'node:module'
import { join } from 'node:path'
import type { PgModule } from '../../../src/pool/module.ts'
import { classesUpon } from './classes.ts'
import { pgModule } from '../../../src/platform/pg.ts'
import { readPlug } from './plug.ts'

/**
 * Puts the classes under the modules of the suite that runs in this process. An ES module of `pg` copies what its CommonJS
 * module has when it is first imported, which is after this.
 */
const plug = readPlug()
const require = createRequire(join(process.cwd(), 'package.json'))

switch (plug.replace) {
  case 'Pool':
  case 'Client':
  case 'module': {
    const pg = require(plug.module) as PgModule
    const { Pool, PoolAsClient, Client } = classesUpon({ ...pg }, plug)
    Object.assign(pg, { Pool })
    if (plug.replace === 'Client') Object.assign(pg, { Client: PoolAsClient })
    if (plug.replace === 'module') Object.assign(pg, { Client })
    break
  }
  default: {
    const file = require.resolve(plug.replace)
    const stub = new Module(file)
    stub.exports = classesUpon({ ...pgModule }, plug).Pool
    stub.loaded = true
    require.cache[file] = stub
  }
}
