import { parse } from '@babel/parser'

/** Beginnings of strings that are statements rather than prose. */
const SQL =
  /::|\bAS \w|^\s*(?:[A-Z]{3,}\s+[\w"(*$]|select |insert |update |delete |create |alter |drop |with \w+ as|from |where |set |begin|do \$)/

/** Three words in a row: what is shorter is a name, a key or a fragment of markup. */
const PROSE = /[a-z]{2,},? [a-z]+,? [a-z]{2,}/

const isTestCall = (callee) => {
  let at = callee
  while (
    at.type === 'CallExpression' ||
    at.type === 'MemberExpression' ||
    at.type === 'TaggedTemplateExpression'
  ) {
    at = at.callee ?? at.object ?? at.tag
  }
  return at.type === 'Identifier' && ['it', 'test', 'describe', 'bench', 'suite'].includes(at.name)
}

/**
 * Lifts the prose of a TypeScript or JavaScript file into Markdown: docstrings, comments, names of tests, and strings
 * that read like sentences (messages of errors and logs, output of the command line).
 * @returns the text; for each of its lines, the line and column of the file; and the lines at which a title begins
 */
export function lift(source, { messages = true } = {}) {
  const ast = parse(source, {
    sourceType: 'unambiguous',
    allowReturnOutsideFunction: true,
    plugins: ['typescript', 'decorators-legacy', 'explicitResourceManagement'],
  })
  const pieces = [...comments(ast, source), ...strings(ast, source, messages)].filter(
    ({ lines }) => lines.length > 0,
  )

  const text = []
  const places = []
  const titles = new Set()
  for (const { lines, isTitle } of pieces) {
    if (isTitle) titles.add(text.length + 1)
    for (const { text: line, line: at, column } of lines) {
      text.push(line)
      places.push({ line: at, column })
    }
    text.push('')
    places.push(places.at(-1))
  }
  return { text: text.join('\n'), places, titles }
}

function* comments(ast, source) {
  let run = []
  for (const comment of ast.comments) {
    const { line, column } = comment.loc.start
    if (comment.type === 'CommentBlock') {
      if (comment.value.startsWith('*')) yield* docstring(comment, source)
      continue
    }
    const standsAlone = source.slice(comment.start - column, comment.start).trim() === ''
    const previous = run.at(-1)
    if (previous !== undefined && !(standsAlone && previous.line === line - 1 && previous.start === column)) {
      yield { lines: run, isTitle: false }
      run = []
    }
    const text = comment.value.replace(/^[/ ]/, '')
    if (/^(?:#region|#endregion|\s*(?:@ts-|oxlint-|eslint-|prettier-|<reference))/.test(text)) continue
    // Output of a program, as in the examples, is no prose.
    const isOutput = /^ {2}/.test(text) && (run.at(-1)?.isOutput === true || run.at(-1)?.text === 'Prints:')
    run.push({
      text: isOutput ? '' : text,
      isOutput,
      line,
      column: column + 2 + comment.value.length - text.length,
      start: column,
    })
  }
  if (run.length > 0) yield { lines: run, isTitle: false }
}

const TAG = /(?<![\w{`'"])@(\w+) ?/g

/** Splits a docstring before each tag. Examples are code. */
function* docstring(comment) {
  let piece = []
  let isExample = false
  let isTitle = true
  for (const [index, row] of comment.value.slice(1).split('\n').entries()) {
    const margin = /^\s*(?:\* ?)?/.exec(row)[0].length
    const column = (index === 0 ? comment.loc.start.column + 3 : 0) + margin
    const text = row.slice(margin).trimEnd()
    const add = (from, to) => {
      const part = text.slice(from, to)
      if (!isExample) piece.push({ text: part, line: comment.loc.start.line + index, column: column + from })
    }
    let from = 0
    for (const tag of text.matchAll(TAG)) {
      if (tag.index > 0) add(from, tag.index)
      if (piece.length > 0) yield { lines: piece, isTitle }
      isTitle = false
      piece = []
      isExample = tag[1] === 'example'
      from = tag.index + tag[0].length
    }
    add(from)
  }
  if (piece.some(({ text }) => text !== '')) yield { lines: piece, isTitle }
}

function* strings(root, source, messages) {
  const queue = [root.program]
  while (queue.length > 0) {
    const node = queue.pop()
    if (node.type === 'ImportDeclaration' || node.type?.startsWith('TSLiteral')) continue
    if (node.type === 'CallExpression' && isTestCall(node.callee) && isText(node.arguments[0])) {
      yield { lines: linesOf(node.arguments[0], source), isTitle: true }
    } else if (messages && isText(node)) {
      const lines = linesOf(node, source)
      const text = lines.map((line) => line.text).join(' ')
      // A string of several lines is SQL, a page or a script.
      const isSingle = node.type === 'BinaryExpression' || lines.length === 1
      if (isSingle && PROSE.test(text) && !SQL.test(text)) yield { lines, isTitle: false }
      queue.push(...(node.expressions ?? []))
      continue
    }
    for (const value of Object.values(node)) {
      if (Array.isArray(value)) queue.push(...value.filter((child) => typeof child?.type === 'string'))
      else if (typeof value?.type === 'string') queue.push(value)
    }
  }
}

/** Whether a node is a string, a template, or a sum that begins or ends with one. */
function isText(node) {
  if (node?.type === 'BinaryExpression')
    return node.operator === '+' && (isText(node.left) || isText(node.right))
  return node?.type === 'StringLiteral' || node?.type === 'TemplateLiteral'
}

function linesOf(node, source) {
  if (node.type === 'BinaryExpression') return [...linesOf(node.left, source), ...linesOf(node.right, source)]
  if (!isText(node)) return [{ text: 'x', line: node.loc.start.line, column: node.loc.start.column }]
  const characters = source.slice(node.start + 1, node.end - 1).split('')
  for (const { start, end } of node.expressions ?? []) {
    // From `${` to `}`.
    for (let at = start - 2; at <= end; at++) characters[at - node.start - 1] = 'x'
  }
  const { line, column } = node.loc.start
  return characters
    .join('')
    .replaceAll(/\\n/g, '  ')
    .split('\n')
    .map((text, index) => ({
      text: text.trimStart(),
      line: line + index,
      column: index === 0 ? column + 1 : 0,
    }))
}
