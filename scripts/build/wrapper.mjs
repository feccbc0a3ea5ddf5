import { basename, posix } from 'node:path'

/** The CommonJS module of an entry. What it exports is in a chunk. */
export function cjsEntry(name, exports) {
  const lines = [
    "Object.defineProperty(exports, Symbol.toStringTag, { value: 'Module' })",
    `const chunk = require('./${posix.relative(posix.dirname(name), `chunks/${name}.js`)}')`,
    ...exports.map((each) => `exports.${each} = chunk.${each}`),
  ]
  if (exports.includes('default'))
    lines.unshift("Object.defineProperty(exports, '__esModule', { value: true })")
  return `${lines.join('\n')}\n`
}

/** The ES module over the CommonJS build of an entry. It has no state of its own. */
export function esmWrapper(name, exports) {
  const file = `./${basename(name)}.js`
  const names = exports.filter((each) => each !== 'default')
  const lines = names.length === 0 ? [`import '${file}'`] : [`export { ${names.join(', ')} } from '${file}'`]
  if (exports.includes('default')) {
    lines.push(
      `import * as entry from '${file}'`,
      '// For Node the default export of a CommonJS module is all of it; some bundlers take the export of that name.',
      'export default entry.default.__esModule ? entry.default.default : entry.default',
    )
  }
  return `${lines.join('\n')}\n`
}

/** The types of the wrapper: those of the CommonJS build, so that a class is the same class for both. */
export function esmWrapperTypes(name, exports) {
  const file = `./${basename(name)}.js`
  const lines = [`export * from '${file}'`]
  if (exports.includes('default')) {
    lines.push(
      `type Entry = typeof import('${file}')`,
      '// The default export of a CommonJS module is all of it or, for a bundler, its own export of that name.',
      "type Default = Entry['default'] extends { default: infer Own } ? Own : Entry['default']",
      'declare const _default: Default',
      'export default _default',
    )
  }
  return `${lines.join('\n')}\n`
}
