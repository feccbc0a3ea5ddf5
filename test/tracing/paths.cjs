// The ways on which a statement reaches a server. Each runs over bare pg and over this library: tools must show the same.

const { once } = require('node:events')
const { pipeline } = require('node:stream/promises')
const { Readable } = require('node:stream')
const Cursor = require('pg-cursor')
const QueryStream = require('pg-query-stream')
const { from: copyFrom, to: copyTo } = require('pg-copy-streams')

const READ = 'select count(*)::int as n from items where id > $1'
const REPEATED = 'select label from items where id = $1'
const DIVIDED = 'select 1 / ($1 - id) as a from items where id = $2'
const UPDATE = 'update items set label = label where id = $1'

const called = (run, sees) =>
  new Promise((resolve) =>
    run((error, result) => {
      sees()
      resolve(error ?? result)
    }),
  )

const failing = (promise) =>
  Promise.resolve(promise).then(
    () => {
      throw new Error('It should have failed')
    },
    () => {},
  )

async function withClient(pool, work) {
  const client = await pool.connect()
  let failure
  try {
    return await work(client)
  } catch (error) {
    failure = error
    throw error
  } finally {
    client.release(failure)
  }
}

/** Runs statements one after the other over one client. */
const inTurn = (pool, ...statements) =>
  withClient(pool, async (client) => {
    for (const statement of statements) await client.query(...[statement].flat(1))
  })

/**
 * By name: the pool that it takes, where its statements must be answered, and what runs. A string for all statements, or one for
 * each; `any` where several nodes may.
 *
 * @param Query The query class of pg.
 */
const paths = ({ Query, withSession, transaction, control }) => ({
  'a promise': ['plain', 'replica', ({ pool, sees }) => pool.query(READ, [0]).then(sees)],
  'a callback': ['plain', 'replica', ({ pool, sees }) => called((done) => pool.query(READ, [0], done), sees)],
  'a text alone': ['plain', 'replica', ({ pool }) => pool.query('select 1 as a from items limit 1')],
  'a configuration': ['plain', 'replica', ({ pool }) => pool.query({ text: READ, values: [0] })],
  'a configuration and a callback': [
    'plain',
    'replica',
    ({ pool, sees }) => called((done) => pool.query({ text: READ, values: [0] }, done), sees),
  ],
  'rows as arrays': [
    'plain',
    'replica',
    ({ pool }) => pool.query({ text: READ, values: [0], rowMode: 'array' }),
  ],
  'the name of the caller': [
    'plain',
    'replica',
    ({ pool }) => pool.query({ name: 'mine', text: READ, values: [0] }),
  ],
  'a limit of rows': [
    'plain',
    'replica',
    ({ pool }) => pool.query({ text: 'table items', rows: 5, values: [] }),
  ],
  'several statements in one text': ['plain', 'any', ({ pool }) => pool.query('select 1; select 2')],
  'reads at once': [
    'plain',
    'replica',
    ({ pool, sees }) =>
      Promise.all(Array.from({ length: 20 }, (_, i) => pool.query(REPEATED, [i]).then(sees))),
  ],
  'reads at once with callbacks': [
    'plain',
    'replica',
    ({ pool, sees }) =>
      Promise.all(
        Array.from({ length: 20 }, (_, i) => called((done) => pool.query(REPEATED, [i], done), sees)),
      ),
  ],
  'a read without lanes': ['leases', 'replica', ({ pool, sees }) => pool.query(REPEATED, [1]).then(sees)],
  'reads whose names are lost': [
    'leases',
    'replica',
    async ({ pool }) => {
      for (let i = 0; i < 4; i++) await pool.query(REPEATED, [1])
    },
    () => control.forget(),
  ],
  'reads at once whose names are lost': [
    'plain',
    'replica',
    ({ pool }) => Promise.all(Array.from({ length: 8 }, (_, i) => pool.query(REPEATED, [i]))),
    () => control.forget(),
  ],
  'an answer of no rows': ['plain', 'replica', ({ pool }) => pool.query(REPEATED, [-1])],
  'an error of a read': [
    'plain',
    'any',
    ({ pool }) => failing(pool.query('select 1 / (id - id) from items')),
  ],
  'an error of a read with a callback': [
    'plain',
    'any',
    ({ pool, sees }) => called((done) => pool.query('select 1 / (id - id) as a from items', done), sees),
  ],
  'an error of a read with a name': [
    'plain',
    'any',
    ({ pool }) =>
      failing(pool.query({ name: 'fails', text: 'select 1 / (id - $1) from items', values: [1] })),
  ],
  'an error of reads at once': [
    'plain',
    'any',
    ({ pool }) =>
      Promise.all(Array.from({ length: 5 }, () => failing(pool.query(`${REPEATED} and 1/(id-id)=1`, [1])))),
  ],
  'reads at once of which one fails': [
    'plain',
    'any',
    ({ pool }) =>
      Promise.all(
        Array.from({ length: 10 }, (_, i) => {
          const answer = pool.query(DIVIDED, [i, 5])
          return i === 5 ? failing(answer) : answer
        }),
      ),
    async (pool) => {
      // Until such reads share connections.
      for (let i = 0; i < 300; i++) await pool.query(DIVIDED, [0, 5])
    },
  ],
  'an unknown table': ['plain', 'any', ({ pool }) => failing(pool.query('select * from missing'))],
  'a text that cannot be parsed': ['plain', 'any', ({ pool }) => failing(pool.query('selct 1'))],
  'an error of a write': [
    'plain',
    'primary',
    ({ pool }) => failing(pool.query('insert into items values (1, null)')),
  ],
  'a write': ['plain', 'primary', ({ pool, sees }) => pool.query(UPDATE, [1]).then(sees)],
  'a write with a callback': [
    'plain',
    'primary',
    ({ pool, sees }) => called((done) => pool.query(UPDATE, [1], done), sees),
  ],
  'what a replica refuses': [
    'plain',
    'any',
    ({ pool }) => pool.query('select takes_a_ticket() as a from items limit 1'),
  ],
  'a query object of a pool': [
    'plain',
    'any',
    ({ pool, sees }) => called((done) => pool.query(new Query(READ, [0]), done), sees),
  ],
  'a query object with a callback of its own': [
    'plain',
    'any',
    ({ pool, sees }) =>
      withClient(pool, (client) => called((done) => client.query(new Query(READ, [0], done)), sees)),
  ],
  'a query object with events': [
    'plain',
    'any',
    ({ pool }) =>
      withClient(pool, async (client) => {
        await once(client.query(new Query(READ, [0])), 'end')
      }),
  ],
  'a query object that fails': [
    'plain',
    'any',
    ({ pool }) =>
      withClient(pool, async (client) => {
        await once(client.query(new Query('select 1 / (id - id) from items')), 'error')
      }),
  ],
  'a client': [
    'plain',
    'replica',
    ({ pool, sees }) =>
      withClient(pool, async (client) => {
        await client.query(READ, [0]).then(sees)
        await called((done) => client.query(REPEATED, [1], done), sees)
        await Promise.all([
          client.query(READ, [0]).then(sees),
          client.query({ text: REPEATED, values: [1] }).then(sees),
        ])
      }),
  ],
  'statements at once over a client': [
    'plain',
    'primary',
    ({ pool, sees }) =>
      withClient(pool, (client) =>
        Promise.all(
          ['begin', UPDATE.replace('$1', '1'), 'commit'].map((text) => client.query(text).then(sees)),
        ),
      ),
  ],
  'statements at once over a client with callbacks': [
    'plain',
    'primary',
    ({ pool, sees }) =>
      withClient(pool, (client) =>
        Promise.all([1, 2, 3].map((id) => called((done) => client.query(UPDATE, [id], done), sees))),
      ),
  ],
  'several statements of a tenant': [
    'plain',
    'any',
    ({ pool }) =>
      withSession(pool, { settings: { 'app.tenant': '7' } }, () => pool.query('select 1; select 2')),
  ],
  'rows as arrays of a tenant': [
    'plain',
    'replica',
    ({ pool }) =>
      withSession(pool, { settings: { 'app.tenant': '7' } }, () =>
        pool.query({ text: READ, values: [0], rowMode: 'array' }),
      ),
  ],
  'an error on a client': [
    'plain',
    'any',
    ({ pool }) => withClient(pool, (client) => failing(client.query('select 1 / (id - id) from items'))),
  ],
  'a client with a setting': [
    'plain',
    ['primary', 'replica', 'primary'],
    ({ pool }) => inTurn(pool, "set timezone = 'Europe/Paris'", [READ, [0]], 'reset timezone'),
  ],
  'a setting with set_config': [
    'plain',
    'any',
    ({ pool }) =>
      inTurn(pool, "select set_config('app.tenant', '7', false)", [READ, [0]], 'reset app.tenant'),
  ],
  'an eager client': ['eager', 'any', ({ pool }) => inTurn(pool, [READ, [0]], [UPDATE, [1]], [READ, [0]])],
  'a transaction': [
    'plain',
    'primary',
    ({ pool, sees }) =>
      withClient(pool, async (client) => {
        await client.query('begin').then(sees)
        await client.query(UPDATE, [1]).then(sees)
        await called((done) => client.query(READ, [0], done), sees)
        await client.query('commit').then(sees)
      }),
  ],
  'a transaction whose BEGIN is not pipelined': [
    'begin alone',
    'primary',
    ({ pool }) => inTurn(pool, 'begin', [UPDATE, [1]], 'commit'),
  ],
  'a transaction without values': [
    'plain',
    'primary',
    ({ pool }) => inTurn(pool, 'begin', "insert into items values (-1, 'a')", 'rollback'),
  ],
  'a transaction with a named statement': [
    'plain',
    'primary',
    ({ pool }) => inTurn(pool, 'begin', { name: 'mine', text: UPDATE, values: [1] }, 'commit'),
  ],
  'a transaction with callbacks': [
    'plain',
    'primary',
    ({ pool, sees }) =>
      withClient(pool, async (client) => {
        for (const text of ['begin', 'select count(*) from items', 'rollback'])
          await called((done) => client.query(text, done), sees)
      }),
  ],
  'a transaction without a statement': ['plain', 'primary', ({ pool }) => inTurn(pool, 'begin', 'commit')],
  'a transaction whose first statement fails': [
    'plain',
    'primary',
    ({ pool }) =>
      withClient(pool, async (client) => {
        await client.query('begin')
        await failing(client.query('insert into items values (1, null)'))
        await failing(client.query(READ, [0]))
        await client.query('rollback')
      }),
  ],
  'a transaction whose BEGIN fails': [
    'plain',
    'primary',
    ({ pool }) =>
      withClient(pool, async (client) => {
        await failing(client.query('begin isolation level nonsense'))
      }),
  ],
  savepoints: [
    'plain',
    'primary',
    ({ pool }) => inTurn(pool, 'begin', 'savepoint a', [UPDATE, [1]], 'rollback to a', 'release a', 'commit'),
  ],
  'a cursor in a transaction': [
    'plain',
    'primary',
    ({ pool }) =>
      withClient(pool, async (client) => {
        await client.query('begin')
        const cursor = client.query(new Cursor(READ, [0]))
        await cursor.read(10)
        await cursor.close()
        await client.query('commit')
      }),
  ],
  'a transaction function': [
    'plain',
    'primary',
    ({ pool, sees }) => transaction(pool, (client) => client.query(UPDATE, [1]).then(sees)),
  ],
  'a read-only transaction': [
    'plain',
    'replica',
    ({ pool, sees }) =>
      withClient(pool, async (client) => {
        await client.query('begin read only').then(sees)
        await client.query(READ, [0]).then(sees)
        await called((done) => client.query(REPEATED, [1], done), sees)
        await client.query('commit').then(sees)
      }),
  ],
  'a read-only transaction that moves': [
    'plain',
    ['replica', 'replica', 'primary', 'primary', 'primary'],
    ({ pool }) =>
      inTurn(pool, 'begin read only', [READ, [0]], 'select pg_advisory_xact_lock(1)', [READ, [0]], 'commit'),
  ],
  'a read-only transaction in isolation that moves': [
    'plain',
    ['replica', 'replica', 'primary', 'primary', 'primary'],
    ({ pool }) =>
      inTurn(
        pool,
        'begin isolation level repeatable read read only',
        [READ, [0]],
        'select pg_advisory_xact_lock(1)',
        [READ, [0]],
        'commit',
      ),
  ],
  'an error in a read-only transaction': [
    'plain',
    'any',
    ({ pool }) =>
      withClient(pool, async (client) => {
        await client.query('begin read only')
        await client.query(READ, [0])
        await failing(client.query('select 1 / (id - id) from items'))
        await client.query('rollback')
      }),
  ],
  'a write in a read-only transaction': [
    'plain',
    'any',
    ({ pool }) =>
      withClient(pool, async (client) => {
        await client.query('begin read only')
        await client.query(READ, [0])
        await failing(client.query(UPDATE, [1]))
        await client.query('rollback')
      }),
  ],
  'an optimistic transaction': [
    'optimistic',
    ['replica', 'replica', 'primary', 'primary'],
    ({ pool }) => inTurn(pool, 'begin', [READ, [0]], [UPDATE, [1]], 'commit'),
  ],
  'reads behind a write': [
    'causal',
    'any',
    async ({ pool, sees }) => {
      await pool.query(UPDATE, [1])
      for (let i = 0; i < 5; i++) await pool.query(READ, [0]).then(sees)
    },
  ],
  'reads of a session behind a write': [
    'causal',
    'any',
    ({ pool, sees }) =>
      withSession(pool, {}, async () => {
        for (let i = 0; i < 5; i++) {
          await pool.query(UPDATE, [1])
          await pool.query(READ, [0]).then(sees)
          await called((done) => pool.query(REPEATED, [1], done), sees)
        }
      }),
  ],
  'reads behind a write while replicas do not replay': [
    'causal',
    'any',
    ({ pool, sees }) =>
      withSession(pool, {}, async () => {
        await pool.query(UPDATE, [1])
        for (let i = 0; i < 5; i++) await pool.query(READ, [0]).then(sees)
        await withClient(pool, (client) => client.query(READ, [0]).then(sees))
      }),
    () => control.pause(),
    () => control.resume(),
  ],
  'a new column that a replica does not have yet': [
    'causal',
    'any',
    ({ pool }) => pool.query('select added from widened'),
    () => control.addColumn(),
    () => control.resume(),
  ],
  'a read of a tenant': [
    'plain',
    'replica',
    ({ pool, sees }) =>
      withSession(pool, { settings: { 'app.tenant': '7' } }, async () => {
        await pool.query(READ, [0]).then(sees)
        await called((done) => pool.query(READ, [0], done), sees)
        await pool.query('select count(*) from items')
        await Promise.all([1, 2, 3].map((id) => pool.query(REPEATED, [id]).then(sees)))
      }),
  ],
  'an error of a tenant': [
    'plain',
    'any',
    ({ pool }) =>
      withSession(pool, { settings: { 'app.tenant': '7' } }, () =>
        failing(pool.query('select 1 / (id - id) from items')),
      ),
  ],
  'a write of a tenant': [
    'plain',
    'primary',
    ({ pool, sees }) =>
      withSession(pool, { settings: { 'app.tenant': '7' } }, () => pool.query(UPDATE, [1]).then(sees)),
  ],
  'a client of a tenant': [
    'plain',
    'any',
    ({ pool }) =>
      withSession(pool, { settings: { 'app.tenant': '7' } }, () =>
        inTurn(pool, [READ, [0]], [UPDATE, [1]], 'begin', [UPDATE, [1]], [READ, [0]], 'commit'),
      ),
  ],
  'a read-only transaction of a tenant': [
    'plain',
    'any',
    ({ pool }) =>
      withSession(pool, { settings: { 'app.tenant': '7' } }, () =>
        inTurn(pool, 'begin read only', [READ, [0]], 'commit'),
      ),
  ],
  'a cursor': [
    'plain',
    'replica',
    ({ pool, sees }) =>
      withClient(pool, async (client) => {
        const cursor = client.query(new Cursor(READ, [0]))
        await cursor.read(10).then(sees)
        await cursor.close()
      }),
  ],
  'a cursor that fails': [
    'plain',
    'any',
    ({ pool }) =>
      withClient(pool, async (client) => {
        await failing(client.query(new Cursor('select 1 / (id - id) from items')).read(10))
      }),
  ],
  'a stream': [
    'plain',
    'replica',
    ({ pool, sees }) =>
      withClient(pool, async (client) => {
        const stream = client.query(new QueryStream(READ, [0]))
        stream.once('data', sees)
        await once(stream, 'end')
      }),
  ],
  'a stream that is left': [
    'plain',
    'replica',
    ({ pool }) =>
      withClient(pool, async (client) => {
        const stream = client.query(new QueryStream('select * from items', [], { highWaterMark: 2 }))
        for await (const _ of stream) break
      }),
  ],
  'a COPY from': [
    'plain',
    'primary',
    ({ pool }) =>
      withClient(pool, async (client) => {
        await client.query('begin')
        await pipeline(Readable.from(['-1\ta\n']), client.query(copyFrom('copy items from stdin')))
        await client.query('rollback')
      }),
  ],
  'a COPY to': [
    'plain',
    'primary',
    ({ pool }) =>
      withClient(pool, async (client) => {
        const stream = client.query(copyTo('copy items to stdout'))
        stream.resume()
        await once(stream, 'end')
      }),
  ],
  'the primary': [
    'primary of plain',
    'primary',
    async ({ pool, sees }) => {
      await pool.query(READ, [0]).then(sees)
      await pool.query(UPDATE, [1])
      await inTurn(pool, 'begin', [READ, [0]], 'commit')
    },
  ],
  'a tier': [
    'tier',
    'replica',
    async ({ pool, sees }) => {
      await pool.query(READ, [0]).then(sees)
      await called((done) => pool.query(REPEATED, [1], done), sees)
    },
  ],
  'a pool of one node': [
    'single',
    'primary',
    async ({ pool, sees }) => {
      await pool.query(READ, [0]).then(sees)
      await called((done) => pool.query(REPEATED, [1], done), sees)
      await inTurn(pool, 'begin', [UPDATE, [1]], 'commit')
      await failing(pool.query('select 1 / (id - id) from items'))
    },
  ],
  'a query over one connection': [
    'one connection',
    'any',
    ({ pool, sees }) =>
      Promise.all(Array.from({ length: 10 }, (_, i) => pool.query(REPEATED, [i]).then(sees))),
  ],
})

exports.paths = paths
/** The names of all paths. */
exports.NAMES = Object.keys(paths({}))
/** Paths of query objects. OpenTelemetry's comments put plain objects in their place, which pg never answers. */
exports.ofObjects = (name) => /cursor|stream|COPY|query object/.test(name)
exports.REPEATED = REPEATED
