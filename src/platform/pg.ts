import type pg from 'pg'
// @ts-expect-error The types of node-postgres do not name this file, which is the module itself.
import untyped from 'pg/lib/index.js'

/**
 * node-postgres, the module that the application gets by `require('pg')`. Not by way of its ES module: that copies the classes
 * when it is first loaded, and the application must be the first where they are replaced (`register/`).
 */
export const pgModule: typeof pg = untyped

// As they are when this file is loaded.
export const Client: typeof pg.Client = pgModule.Client
export const DatabaseError: typeof pg.DatabaseError = pgModule.DatabaseError
