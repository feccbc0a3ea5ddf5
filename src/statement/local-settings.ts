import type { RelationSet } from '../catalog/footprint.ts'
import { bareName } from '../catalog/qualified-name.ts'
import { Scanner, type TokenKind } from './scanner.ts'

/**
 * Settings whose value belongs to a server rather than to a session or a database: a standby shows another value than
 * its primary.
 */
const OF_NODE: RegExp =
  /\b(all|archive_\w+|cluster_name|config_file|data_directory|event_source|external_pid_file|hba_file|hot_standby\w*|ident_file|in_hot_standby|listen_addresses|port|primary_\w+|promote_trigger_file|recovery_\w+|restore_command|synchronous_standby_names|unix_socket_\w+|wal_receiver_\w+)\b/i

/** Whether a SHOW or `current_setting()` may show a setting of the server, or one whose name it computes. */
export function mayShowNode(text: string, values: readonly unknown[]): boolean {
  return OF_NODE.test(text) || values.some((value) => typeof value === 'string' && OF_NODE.test(value))
}

/** Whether a text may call `set_config`. */
export function makesSettings(text: string): boolean {
  return /set_config|u&"/i.test(text)
}

/** Words of a text that calls `set_config` only with constants and parameters. */
const CONSTANT: ReadonlySet<string> = new Set([
  'as',
  'bool',
  'boolean',
  'cast',
  'false',
  'int',
  'int4',
  'int8',
  'integer',
  'bigint',
  'json',
  'jsonb',
  'null',
  'pg_catalog',
  'select',
  'set_config',
  'text',
  'true',
  'uuid',
  'varchar',
])

/**
 * Whether a text calls `set_config` only with constants and parameters. Then nothing in it depends on data, time or
 * chance, and it makes the same settings each time it runs.
 */
export function makesSameSettings(text: string): boolean {
  const scanner = new Scanner(text)
  let isAlias = false
  for (let kind = scanner.next(); kind !== 'end'; kind = scanner.next()) {
    const wasAlias: boolean = isAlias
    isAlias = false
    if (kind === 'block-comment' || kind === 'line-comment') isAlias = wasAlias
    else if (kind === 'word' || kind === 'quoted-name') {
      const word = scanner.text.toLowerCase()
      if (!wasAlias && !CONSTANT.has(word)) return false
      isAlias = !wasAlias && word === 'as'
    } else if (kind === 'symbol' && !':.$-'.includes(scanner.text)) return false
  }
  return true
}

/** Functions whose value does not depend on the order of rows, and that return one row each. */
const ANY_ORDER: ReadonlySet<string> = new Set(
  `abs avg bool_and bool_or btrim ceil coalesce concat count date_part date_trunc extract floor greatest least length
   lower ltrim max min mod nullif round rtrim sum to_char trim upper`.split(/\s+/),
)

/** Keywords of reads that may stand before a parenthesis that is no list of arguments. */
const BEFORE_PARENTHESES: ReadonlySet<string> = new Set(
  `all and any as between by case copy distinct else except exists filter from having ilike in intersect is join
   lateral like materialized not on or select some then union using values when where`.split(/\s+/),
)

/** Words that give rows an order, or a meaning to the one that they have. */
const ORDERING: ReadonlySet<string> = new Set(['fetch', 'limit', 'offset', 'order', 'ordinality', 'over'])

const NAMING: ReadonlySet<TokenKind> = new Set(['word', 'quoted-name'])

/** Words behind which the name of a relation stands. */
const BEFORE_RELATION: ReadonlySet<string> = new Set(['from', 'join', 'only', 'table'])

/** Words that end a list of relations. */
const BEHIND_RELATIONS: ReadonlySet<string> = new Set(
  'except for group having intersect on select tablesample union using where window'.split(' '),
)

/** Finds the names that stand where relations do. Others may be of columns, or aliases of views. */
class RelationNames {
  /** A name that has been read so far, perhaps of a schema. */
  #name: string | undefined
  #isNext = false
  #isList = false

  /** Takes a word or a quoted name. Returns the name that has ended before it. */
  word(word: string, isQualified: boolean): string | undefined {
    const ended = isQualified ? undefined : this.#name
    const isName = isQualified ? this.#name !== undefined : this.#isNext && !BEFORE_RELATION.has(word)
    this.#name = isName ? word : undefined
    this.#isNext = BEFORE_RELATION.has(word)
    if (isName) this.#isList = true
    else if (BEHIND_RELATIONS.has(word)) this.#isList = false
    return ended
  }

  /** Takes another token, or the end. Returns the name that has ended before it. */
  other(kind: TokenKind, isDot: boolean): string | undefined {
    if (isDot) return undefined
    const ended = this.#name
    this.#name = undefined
    if (kind === 'comma') this.#isNext = this.#isList
    // A relation may stand in parentheses.
    else if (kind !== 'open') this.#isNext = false
    if (kind === 'open' || kind === 'close') this.#isList = false
    return ended
  }
}

/**
 * Whether the order of a text's rows may carry meaning. If it is taken for ordered without need, a transaction fails
 * that could go on. The other way round, it goes on with rows that its caller takes for others.
 *
 * @param shows Relations that its footprint shows. One that the text does not name is read by a view, which may order
 * its rows.
 */
export function mayBeOrdered(text: string, shows: RelationSet): boolean {
  if (shows === 'everything') return true
  const unnamed = new Set(shows.map((relation) => bareName(relation).toLowerCase()))
  const names = new RelationNames()
  const scanner = new Scanner(text)
  let before = ''
  let isQualified = false
  for (let kind = scanner.next(); kind !== 'end'; kind = scanner.next()) {
    if (kind === 'block-comment' || kind === 'line-comment') continue
    const isHarmless = !isQualified && (ANY_ORDER.has(before) || BEFORE_PARENTHESES.has(before))
    if (kind === 'open' && scanner.text === '(' && before !== '' && !isHarmless) return true
    if (NAMING.has(kind)) {
      isQualified = before === '.'
      // A quoted name keeps its quotes, so it is no name of the lists.
      before = scanner.text.toLowerCase()
      unnamed.delete(names.word(before, isQualified) ?? '')
    } else {
      before = scanner.text === '.' ? '.' : ''
      unnamed.delete(names.other(kind, before === '.') ?? '')
    }
    if (ORDERING.has(before)) return true
  }
  unnamed.delete(names.other('end', false) ?? '')
  return unnamed.size > 0
}
