import { execFile } from 'node:child_process'
import { chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { serverUser } from '../../src/test-cluster/embedded/server-user.ts'

const run = promisify(execFile)
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']

// Roles other than the cluster's own get in by TLS alone.
const HBA = `
host    all         postgres 127.0.0.1/32 scram-sha-256
host    replication postgres 127.0.0.1/32 scram-sha-256
hostssl all         all      127.0.0.1/32 scram-sha-256
`

/** Says in a few words what is missing, if no certificates can be made here. */
export async function missingForCertificates(): Promise<string | undefined> {
  return run('openssl', ['version']).then(
    () => undefined,
    () => 'no openssl on the PATH',
  )
}

/** A certificate authority, and what servers need that it vouches for; all in a directory of the servers' user. */
export class Authority implements AsyncDisposable {
  /** Path of the authority's certificate. */
  readonly caFile: string
  /** The authority's certificate. */
  readonly ca: string
  /** What goes into `postgresql.conf`. */
  readonly settings: Readonly<Record<string, string | boolean>>
  readonly #directory: string

  private constructor(directory: string, caFile: string, ca: string, settings: Authority['settings']) {
    this.#directory = directory
    this.caFile = caFile
    this.ca = ca
    this.settings = settings
  }

  /** @param name What the servers' certificate is for: the one name by which they may be reached. */
  static async create(name: string): Promise<Authority> {
    const directory = await mkdtemp(join(tmpdir(), 'pg-switchyard-tls-'))
    const file = (base: string): string => join(directory, base)
    const openssl = (...args: readonly string[]): Promise<unknown> => run('openssl', args, { cwd: directory })
    const subject = (common: string): readonly string[] => ['-subj', `/CN=${common}`]
    await openssl('req', '-x509', ...KEY, '-keyout', 'ca.key', '-out', 'ca.crt', ...subject('test authority'))
    await openssl('req', ...KEY.slice(0, 5), '-keyout', 'server.key', '-out', 'server.csr', ...subject(name))
    await writeFile(file('san'), `subjectAltName=DNS:${name}`)
    const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'san']
    await openssl('x509', '-req', '-in', 'server.csr', '-out', 'server.crt', ...signed)
    await writeFile(file('hba.conf'), HBA)
    const user = await serverUser()
    if (user !== undefined) {
      for (const path of [directory, file('server.key'), file('server.crt'), file('hba.conf')]) {
        await chown(path, user.uid, user.gid)
      }
    }
    const ca = await readFile(file('ca.crt'), 'utf8')
    return new Authority(directory, file('ca.crt'), ca, {
      ssl: true,
      ssl_cert_file: file('server.crt'),
      ssl_key_file: file('server.key'),
      hba_file: file('hba.conf'),
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true })
  }
}
