// Runs every path under a tool, over bare pg or over this library, and prints what the tool has seen.

const { AsyncLocalStorage } = require('node:async_hooks')
const { ofObjects, paths: pathsOf, REPEATED } = require('./paths.cjs')

const { tracing } = globalThis
const store = new AsyncLocalStorage()
/** With comments of OpenTelemetry, which differ from statement to statement, reads are not prepared. */
const hasComments = process.env.COMMENTS === 'on'

/** @param pg The module under test, bare or ours. @param bare The module of node-postgres that it uses. */
exports.run = async ({ pg, bare, isRouted }) => {
  const { nodes } = JSON.parse(process.env.TRACED)
  const [primary, ...replicas] = nodes
  const named = new Set()
  const withNames = new Set()
  const { parse } = bare.Connection.prototype
  bare.Connection.prototype.parse = function (query) {
    if (String(query.name).startsWith('switchyard_')) {
      // Without the comments of tools.
      named.add(query.text.replace(/^\/\*.*?\*\/ /, ''))
      withNames.add(this)
    }
    return parse.call(this, query)
  }

  const routed = (options) =>
    new pg.Pool(
      isRouted
        ? { ...primary, replicas, max: 4, consistency: 'eventual', ...options }
        : { ...primary, max: options.max ?? 4 },
    )
  const plain = routed({ tiers: { batch: {} } })
  const pools = {
    plain,
    leases: routed({ lanes: false }),
    eager: routed({ checkout: 'eager' }),
    'begin alone': routed({ pipelineBegin: false }),
    optimistic: routed({ transactions: 'optimistic' }),
    causal: routed({ consistency: 'causal' }),
    'one connection': routed({ max: 1 }),
    'primary of plain': isRouted ? plain.primary : plain,
    tier: isRouted ? plain.tier('batch') : plain,
    single: new pg.Pool({ ...primary, max: 4 }),
  }

  const askAll = async (text, over = nodes) => {
    const answers = []
    for (const node of over) {
      const client = new bare.Client(node)
      await client.connect()
      answers.push(await client.query(text))
      await client.end()
    }
    return answers
  }
  const control = {
    pause: () => askAll('select pg_wal_replay_pause()', replicas),
    resume: () => askAll('select pg_wal_replay_resume()', replicas),
    /** Adds a column that no replica shows. */
    addColumn: async () => {
      await askAll(
        'drop table if exists widened; create table widened (id int); insert into widened values (1)',
        [primary],
      )
      const isThere =
        "select 1 from pg_attribute where attrelid = to_regclass('widened') and attname = 'added'"
      const isKnown = "select 1 where to_regclass('widened') is not null"
      for (const [text, count] of [
        [isThere, 0],
        [isKnown, 1],
      ])
        while ((await askAll(text, replicas)).some(({ rowCount }) => rowCount !== count));
      await control.pause()
      await askAll('alter table widened add column added int', [primary])
    },
    /** Takes the names of statements from under their connections. */
    forget: () => {
      for (const connection of withNames) {
        for (const name of Object.keys(connection.parsedStatements)) connection.close({ type: 'S', name })
        connection.flush()
      }
    },
  }
  const paths = pathsOf({
    Query: bare.Query,
    control,
    withSession: (pool, options, work) => (isRouted ? pool.withSession(options, work) : work()),
    transaction: async (pool, work) => {
      if (isRouted) return pool.transaction(work)
      const client = await pool.connect()
      await client.query('BEGIN')
      await work(client)
      await client.query('COMMIT')
      client.release()
    },
  })

  // Until replicas answer reads, and those that repeat have a name.
  if (isRouted) {
    for (const name of ['plain', 'leases']) {
      named.clear()
      while (!hasComments && !named.has(REPEATED))
        await Promise.all(Array.from({ length: 50 }, () => pools[name].query(REPEATED, [1])))
    }
    for (const pool of Object.values(pools)) {
      if (pool.stats === undefined || pool === pools.single) continue
      while (pool.stats().offload < 0.1) await pool.query(REPEATED, [1])
    }
  } else for (const pool of Object.values(pools)) await pool.query(REPEATED, [1])

  const isNamed = named.size > 0
  tracing.clear()
  const controls = []
  /** Runs what is no part of a path. Paths that mix have nothing of the kind: their spans would be taken for its own. */
  const unseen = async (work) => {
    if (work === undefined) return
    const first = tracing.count()
    await work()
    controls.push([first, tracing.count()])
  }
  const runs = []
  let id = 0
  const one = async (name, [of, where, work, before, after], isMixed = false) => {
    id += 1
    const own = id
    await unseen(before && (() => before(pools[of])))
    let isActive = true
    let isStored = true
    const request = await store.run(own, () =>
      tracing.request(async () => {
        const active = tracing.active()
        const sees = () => {
          isActive &&= tracing.active() === active
          isStored &&= store.getStore() === own
        }
        await work({ pool: pools[of], sees })
        sees()
      }),
    )
    runs[own - 1] = { name, id: request, where, isActive, isStored, isMixed }
    await unseen(after && (() => after(pools[of])))
  }
  for (const [name, path] of Object.entries(paths)) {
    if (hasComments && ofObjects(name)) continue
    await one(name, path)
  }
  // Several at a time, whose statements and connections mix.
  const mixed = ['a promise', 'a client', 'a transaction', 'a read of a tenant', 'a write', 'reads at once']
  await Promise.all([...mixed, ...mixed].map((name) => one(name, paths[name], true)))
  await Promise.all(
    Object.entries(pools)
      .filter(([name]) => name !== 'primary of plain' && name !== 'tier')
      .map(([, pool]) => pool.end()),
  )
  console.log(
    JSON.stringify({
      runs,
      spans: tracing.spans().filter((_, i) => !controls.some(([from, to]) => i >= from && i < to)),
      isNamed,
    }),
  )
}
