import type { Guard } from '../guard.ts'

const WALK = 'src/catalog/effect-walk.ts'
const KEYS = 'src/catalog/key-prover.ts'
const FOOTPRINTS = [{ file: 'test/catalog/footprints.test.ts' }]
const KEY_TESTS = [{ file: 'test/catalog/keys.test.ts' }]
const TENANTS = 'test/tenants/tenants.test.ts'

/** Guards whose absence only a real cluster shows: footprints, keys, tenants, BEGIN. */
export const CLUSTERS: readonly Guard[] = [
  {
    name: 'footprint-foreign-keys',
    without: 'A DELETE does not count for the tables that its cascade changes.',
    file: WALK,
    find: `else if (access === 'delete' && onDelete === 'c') this.visit('delete', referencing)`,
    replace: '',
    tests: FOOTPRINTS,
  },
  {
    name: 'footprint-writes-through-views',
    without: 'A write to a view does not count for the table below it.',
    file: WALK,
    find: `if (what === 'read') this.visit(access, ref)`,
    replace: '',
    tests: FOOTPRINTS,
  },
  {
    name: 'footprint-rules',
    without: 'A write does not count for the tables that its rules change.',
    file: WALK,
    find: `if (access === 'insert' || access === 'update' || access === 'delete' || access === 'refresh') {`,
    replace: 'if (false) {',
    tests: FOOTPRINTS,
  },
  {
    name: 'footprint-functions',
    without: 'A statement does not count for the tables that its functions touch.',
    file: WALK,
    find: 'for (const uses of texts) this.#resolver.resolve(uses, this, this.#graph.transitionTables(oid))',
    replace: '',
    tests: FOOTPRINTS,
  },
  {
    name: 'footprint-policies',
    without: 'What row security policies and column defaults call does not count.',
    file: WALK,
    find: `this.#follow(this.#graph.edges('relation', oid, 'write'))`,
    replace: '',
    tests: FOOTPRINTS,
  },
  {
    name: 'footprint-too-many',
    without: 'A walk that is given up counts as if it had found everything there is.',
    file: 'src/catalog/footprint-gatherer.ts',
    find: `if (this.#isEverything) return 'everything'`,
    replace: '',
    tests: FOOTPRINTS,
  },
  {
    name: 'key-in-no-other-way',
    without: 'A statement that reaches a table twice counts for one key of it.',
    file: KEYS,
    find: 'if (isOwn ? isCircular : found.has(relation)) return false',
    replace: '',
    tests: KEY_TESTS,
  },
  {
    name: 'key-not-assigned',
    without: 'An UPDATE that changes the key of a row counts for its former key alone.',
    file: KEYS,
    find: '|| assigned.includes(name)',
    replace: '',
    tests: KEY_TESTS,
  },
  {
    name: 'key-before-triggers',
    without: 'A row whose key a BEFORE trigger assigns counts for the key of the text.',
    file: KEYS,
    find: `if ((access === 'insert' || access === 'update') && this.#graph.mayAssignMore(oid, access)) return undefined`,
    replace: '',
    tests: KEY_TESTS,
  },
  {
    name: 'tenant-after-an-error',
    without: 'After an error the next caller has the settings of another tenant.',
    file: 'src/settings/overlaid.ts',
    find: 'if (error || leavesState || isInTransaction(client)) { spoil(client)',
    replace: 'if (error || leavesState || isInTransaction(client)) {',
    tests: [
      { file: TENANTS, name: 'leaves nothing after an error' },
      { file: TENANTS, name: 'undoes the settings after it' },
      { file: 'test/tenants/isolation.test.ts' },
    ],
  },
  {
    name: 'tenant-restored',
    without: 'A statement outside of a transaction leaves the settings of its tenant on the connection.',
    file: 'src/settings/overlaid.ts',
    find: 'restore((failure) => { if (failure) spoil(client) done(undefined, result) })',
    replace: 'done(undefined, result)',
    tests: [{ file: TENANTS, name: 'leaves a role and a setting of PostgreSQL on no connection' }],
  },
  {
    name: 'tenant-setting-local',
    without: 'The settings of a tenant last longer than its statement.',
    file: 'src/settings/overlaid.ts',
    find: 'return { text: settingText(overlay.values.size, 0, true), values: settings, failed }',
    replace: 'return { text: settingText(overlay.values.size, 0, false), values: settings, failed }',
    tests: [{ file: TENANTS, name: 'leaves a role and a setting of PostgreSQL on no connection' }],
  },
  {
    name: 'tenant-not-on-lanes',
    without: 'The reads of tenants share a connection.',
    file: 'src/router/routed-read.ts',
    find: '&& overlay === undefined const isAlone',
    replace: '\n    const isAlone',
    tests: [{ file: 'src/router/routed-read.test.ts' }, { file: TENANTS, name: 'and for nobody else' }],
  },
  {
    name: 'begin-failure-heard',
    without: 'When a BEGIN that travels with its first statement fails, the next ones run without it.',
    file: 'src/nodes/traveling-begin.ts',
    find: `if (begin.state === 'sent' && isServerError(error)) { begin.answered(error)`,
    replace: `if (begin.state === 'sent' && isServerError(error)) { begin.answered(undefined)`,
    tests: [{ file: 'src/client/begin-first.test.ts' }],
  },
  {
    name: 'begin-first-failed',
    without: 'A statement that waits for its BEGIN runs although that has failed.',
    file: 'src/client/begin-first.ts',
    find: 'return error && { error } } exchange(',
    replace: 'return undefined\n  }\n  exchange(',
    tests: [{ file: 'src/client/begin-first.test.ts' }],
    shows: 'It did not fail',
  },
  {
    name: 'begin-failed',
    without: 'After a BEGIN that has failed, the statements of the transaction run without it.',
    file: 'src/client/begin-first.ts',
    find: `if (begin.state === 'failed') return refuse(begin, client, outgoing, answered)`,
    replace: '',
    tests: [{ file: 'src/client/begin-first.test.ts' }],
  },
]
