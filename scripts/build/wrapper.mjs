import { basename } from 'node:path'

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
