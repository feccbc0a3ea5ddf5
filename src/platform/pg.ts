import type pg from 'pg'
import type { ClientConfig } from 'pg'
// @ts-expect-error The types of node-postgres do not name this file.
import untypedParameters from 'pg/lib/connection-parameters.js'
// @ts-expect-error Nor this one, which is the module itself.
import untyped from 'pg/lib/index.js'

/**
 * node-postgres, the module that the application gets by `require('pg')`. Not by way of its ES module: that copies the classes
 * when it is first loaded, and the application must be the first where they are replaced (`register/`).
 */
export const pgModule: typeof pg = untyped

// As they are when this file is loaded.
export const Client: typeof pg.Client = pgModule.Client
export const DatabaseError: typeof pg.DatabaseError = pgModule.DatabaseError

/** How node-postgres fills in what a configuration leaves out. */
export const ConnectionParameters: new (config: ClientConfig) => {
  readonly user?: string
  readonly database?: string
  readonly options?: string
} = untypedParameters
