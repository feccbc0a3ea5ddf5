// The matrix as a program in CommonJS.

const { createRequire } = require('node:module')
const { join } = require('node:path')
const { run } = require('./program.cjs')

// The package by its name, as an application requires it.
const requireOfRoot = createRequire(join(__dirname, '../../package.json'))
const bare = requireOfRoot('pg')
const isRouted = process.env.OVER === 'routed'
run({ pg: isRouted ? requireOfRoot('pg-switchyard') : bare, bare, isRouted }).catch((error) => {
  console.error(error)
  process.exitCode = 1
})
