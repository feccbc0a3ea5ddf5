import Cursor from 'pg-cursor'
import QueryStream from 'pg-query-stream'
import type { Pool } from '../../src/index.ts'

type Secret = 'parameter' | 'literal' | 'setting' | 'stored' | 'password' | 'wrongPassword' | 'token' | 'key'

/** Values that no output may show. Each has the word, and the rest tells which one it was. */
export const WORD: string = 'hushhush'
export const SECRETS: Readonly<Record<Secret, string>> = {
  parameter: `${WORD}-parameter`,
  literal: `${WORD}-literal`,
  setting: `${WORD}-setting`,
  stored: `${WORD}-stored`,
  password: `${WORD}-password`,
  wrongPassword: `${WORD}-wrong-password`,
  token: `${WORD}-secret-of-the-tokens`,
  key: `${WORD}-private-key`,
}

const { literal, parameter, setting, stored } = SECRETS

export const SCHEMA: readonly string[] = [
  `create table items (id int primary key, label text unique, check (length(label) < 200))`,
  `insert into items select g, '${stored} ' || g from generate_series(1, 20) g`,
  `create table log (what text)`,
  // Lies about itself: a standby refuses it.
  `create function sneaky(what text) returns text stable language plpgsql as
     $$ begin insert into log values (what); return what; end $$`,
  `create function raises(what text) returns text stable language plpgsql as
     $$ begin raise exception 'not %', what using errcode = '28000', detail = what; end $$`,
]

/** Statements of \`pool.query()\`; those that fail are part of it. */
const STATEMENTS: readonly (readonly [sql: string, values?: readonly unknown[]])[] = [
  [`select id from items where label <> '${literal}'`],
  [`select id from items where label <> $1`, [parameter]],
  [`select label from items`],
  [`insert into items values (101, '${literal}'), (102, $1)`, [parameter]],
  // Errors whose message or detail quotes the value.
  [`insert into items values (103, '${literal}')`],
  [`insert into items values (104, $1)`, [parameter]],
  [`insert into items values (105, repeat('${literal}', 20))`],
  [`select '${literal}'::int`],
  [`select $1::int`, [parameter]],
  [`select id from items where id = '${literal}'::text::int`],
  [`select raises('${literal}')`],
  [`select raises($1)`, [parameter]],
  [`select sneaky('${literal}')`],
  [`select sneaky($1)`, [parameter]],
  [`selec '${literal}'`],
  [`select "${literal}`],
  [`select missing('${literal}')`],
  [`select * from missing where a = '${literal}' /* ${literal} */ -- ${literal}`],
  [`select E'\\'${literal}', U&'${literal}', $$${literal}$$, $tag$${literal}$tag$, B'1'`],
  [`/* route: replica */ insert into log values ('${literal}')`],
  [`/* ${literal} */ select 1`],
  [`do $$ begin perform '${literal}'; end $$`],
  [`notify news, '${literal}'`],
  [`create table made (a text default '${literal}')`],
  [`create role other login password '${literal}'`],
  [`alter role other password '${literal}'`],
  [`set app.token = '${literal}'`],
  [`select set_config('app.token', '${literal}', false)`],
  [`select set_config('app.token', $1, true)`, [parameter]],
  [`prepare p as select '${literal}'`],
  [`commit prepared '${literal}'`],
  [`declare c cursor for select '${literal}'`],
  [`insert into log values ('${literal}'); select '${literal}'`],
  [`copy log to program '${literal}'`],
  [`explain select '${literal}'`],
]

/** Uses a pool in every way that carries values, with the failures. Returns the errors that came out. */
export async function useEverything(pool: Pool): Promise<readonly unknown[]> {
  const errors: unknown[] = []
  const attempt = async (work: () => Promise<unknown>): Promise<unknown> => {
    try {
      return await work()
    } catch (error) {
      return errors.push(error)
    }
  }

  for (const [text, values] of STATEMENTS) await attempt(() => pool.query(text, values?.slice()))
  // Prepared by the pool, and by name.
  for (let i = 0; i < 8; i += 1) {
    await attempt(() => pool.query('select id from items where label = $1 and id < 50', [parameter]))
    await attempt(() => pool.query({ name: 'named', text: 'select $1::text', values: [parameter] }))
  }
  await attempt(() => pool.query({ name: 'named', text: 'select $1::int', values: [parameter] }))
  await attempt(() => pool.query({ text: 'select $1::text', values: [throwing()] }))
  await attempt(() => pool.query({ text: 'select label from items', types: { getTypeParser: failing } }))
  await attempt(() => pool.query({ text: `select '${literal}'`, route: 'nowhere' as 'primary' }))
  await attempt(() => pool.query({ text: `select '${literal}'`, maxStalenessMs: -1 }))
  await attempt(() => pool.query(null as never))
  await attempt(() => pool.query(`select '${literal}'`, parameter as never))

  await attempt(() =>
    pool.withSession({ settings: { 'app.tenant': setting } }, async () => {
      await pool.query('select current_setting($1)', ['app.tenant'])
      await pool.query(`insert into log values (current_setting('app.tenant'))`)
    }),
  )
  await attempt(() => pool.withSession({ settings: { DateStyle: setting } }, () => pool.query('select 1')))
  await attempt(() => pool.withSession({ settings: { work_mem: setting } }, () => pool.query('select 1')))
  await attempt(() => pool.withSession({ role: setting }, () => pool.query('select 1')))
  await attempt(() => pool.withSession({ token: `${parameter}-token` }, () => pool.query('select 1')))

  for (const options of [
    {},
    { readOnly: true, isolation: 'repeatable read' },
    { optimistic: true },
  ] as const) {
    await attempt(() =>
      pool.transaction(async (client) => {
        await client.query('select label from items where label <> $1', [parameter])
        await client.query(`select set_config('app.x', '${literal}', true)`)
        await client.query(`insert into log values ('${literal}')`)
        await client.query(`select $1::int`, [parameter])
      }, options),
    )
  }
  const client = await pool.connect()
  await attempt(() => client.query(`set app.token = '${literal}'`))
  await attempt(() => client.query('select id from items where label = $1', [parameter]))
  await attempt(async () => {
    const cursor = client.query(new Cursor(`select label from items where label <> $1`, [parameter]))
    await cursor.read(1)
    await cursor.close()
  })
  await attempt(() => drained(client.query(new QueryStream(`select $1::int`, [parameter]))))
  await attempt(() => client.query(`listen news; select '${literal}'::int`))
  client.release(new Error('not needed any more'))
  return errors
}

/** A value that cannot be converted, with its content in the message. */
function throwing(): object {
  return {
    toPostgres() {
      throw new Error(`cannot convert ${parameter}`)
    },
  }
}

function failing(): (text: string) => never {
  return (text) => {
    throw new Error(`cannot parse ${text}`)
  }
}

async function drained(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _row of stream);
}
