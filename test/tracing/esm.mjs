// The matrix as a program in ES modules.

import pg from 'pg'
import { run } from './program.cjs'

const isRouted = process.env.OVER === 'routed'
await run({ pg: isRouted ? await import('../../dist/index.js') : pg, bare: pg, isRouted })
