import { spawn } from 'node:child_process'
import { createServer, type AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Cluster, ClusterNode } from '../../src/test-cluster/index.ts'
import { startClusterWith } from '../support/ground.ts'
import { until } from '../support/servers.ts'

/** Folder of the examples, with the packages of the frameworks. */
export const folder: string = fileURLToPath(new URL('../../examples/frameworks/', import.meta.url))

/** Starts a primary and a replica with what the examples need: an order to read, and parcels that hold no piano. */
export function startShop(): Promise<Cluster> {
  return startClusterWith(
    { replicas: 1 },
    `create table orders (id int generated always as identity primary key, item text not null);
     create table parcels (item text not null check (item not like 'piano%'));
     create table visits (count int not null);
     insert into orders (item) values ('first');
     insert into visits values (0)`,
  )
}

/** The environment that examples take their servers from. */
export function environmentOf({ primary, replicas }: Cluster): NodeJS.ProcessEnv {
  return {
    ...process.env,
    NODE_ENV: 'production',
    DATABASE_URL: urlOf(primary),
    DATABASE_REPLICA_URLS: replicas.map(urlOf).join(),
  }
}

function urlOf({ config }: ClusterNode): string {
  const { host, port, user, password, database } = config
  return `postgres://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`
}

export interface ExampleServer {
  readonly url: string
  stop(): Promise<void>
}

/** Starts a program in a folder of the examples, and waits until it answers. */
export async function startExample(
  cluster: Cluster,
  name: string,
  commandFor: (port: number) => readonly [program: string, ...rest: string[]],
): Promise<ExampleServer> {
  const port = await freePort()
  const env = { ...environmentOf(cluster), PORT: String(port) }
  const [program, ...rest] = commandFor(port)
  const child = spawn(program, rest, { cwd: `${folder}${name}`, env })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text))
  const url = `http://127.0.0.1:${port}`
  const stop = (): Promise<void> => {
    child.kill('SIGKILL')
    return exited
  }
  try {
    await until(
      `${name} answers`,
      async () => {
        if (child.exitCode !== null) throw new Error(`${name} has ended: ${output}`)
        return fetch(`${url}/orders`).then(
          ({ ok }) => ok,
          () => false,
        )
      },
      60_000,
    )
  } catch (error) {
    await stop()
    throw new Error(output, { cause: error })
  }
  return { url, stop }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
