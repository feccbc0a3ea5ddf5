import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import { parse } from 'yaml'
import { root } from '../package/install.ts'

interface Step {
  readonly name?: string
  readonly uses?: string
  readonly run?: string
  readonly with?: Readonly<Record<string, unknown>>
  readonly env?: Readonly<Record<string, string>>
}

type Permissions = Readonly<Record<string, string>>

interface Job {
  readonly permissions?: Permissions
  readonly needs?: string
  readonly environment?: string
  readonly steps: readonly Step[]
  readonly 'timeout-minutes'?: number
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>
  readonly permissions?: Permissions
  readonly env?: Readonly<Record<string, string>>
  readonly jobs: Readonly<Record<string, Job>>
}

const folder = join(root, '.github/workflows')
const texts = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')] as const)
const workflows = texts.map(([name, text]) => [name, parse(text) as Workflow] as const)
const jobs = workflows.flatMap(([file, workflow]) =>
  Object.entries(workflow.jobs).map(
    ([name, job]) => ({ file, name, job, granted: job.permissions ?? workflow.permissions }) as const,
  ),
)

/** Whether a step brings code onto the machine, or runs code of the repository or of a package. */
function bringsCode({ run = '', uses = '' }: Step): boolean {
  return (
    /\b(?:npm (?:ci|i|install|run|test|exec|pack|x)|npx|yarn|pnpm|git clone|curl|wget|node|bash)\b/.test(
      run,
    ) || uses.startsWith('actions/checkout@')
  )
}

const readsSecret = (value: unknown): boolean => JSON.stringify(value ?? '').includes('secrets.')

test('there are both workflows', () => {
  expect(texts.map(([name]) => name)).toEqual(expect.arrayContaining(['ci.yml', 'release.yml']))
})

describe.each(jobs)('$file: the job $name', ({ job, granted }) => {
  it('has no more rights than it needs', () => {
    expect(granted).toBeDefined()
    const writes = Object.entries(granted ?? {}).filter(
      ([, access]) => access !== 'read' && access !== 'none',
    )
    expect(writes.length).toBeLessThanOrEqual(1)
    // With a right to write, only what the build has handed over is there.
    if (writes.length > 0) expect(job.steps.filter(bringsCode)).toEqual([])
  })

  it('uses actions of a fixed commit, of GitHub alone, and says their version', () => {
    const used = job.steps.flatMap(({ uses }) => uses ?? [])
    expect(used.filter((action) => !/^actions\/[a-z-]+@[0-9a-f]{40}$/.test(action))).toEqual([])
  })

  it('leaves no token behind in the checkout', () => {
    const checkouts = job.steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'))
    for (const step of checkouts) expect(step.with).toMatchObject({ 'persist-credentials': false })
  })

  it('ends', () => {
    expect(job['timeout-minutes']).toBeGreaterThan(0)
  })

  it('brings no code where it reads a secret', () => {
    expect(readsSecret(job) ? job.steps.filter(bringsCode) : []).toEqual([])
  })

  it('puts no text of others into a script', () => {
    for (const { run = '' } of job.steps) expect(run).not.toContain('${{')
  })
})

test.each(texts)('%s says the version behind each commit', (_name, text) => {
  const used = text.split('\n').filter((line) => line.includes('uses:'))
  expect(used.filter((line) => !/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual([])
})

test.each(workflows)(
  '%s gives no secret to all of its jobs, and runs no code of a stranger with rights',
  (_name, { env, on }) => {
    expect(readsSecret(env)).toBe(false)
    expect(Object.keys(on)).not.toContain('pull_request_target')
    expect(Object.keys(on)).not.toContain('workflow_run')
  },
)

describe('the release', () => {
  const release = workflows.find(([name]) => name === 'release.yml')?.[1]
  const { build, publish } = release?.jobs ?? {}
  const commandsOf = (job: Job | undefined): string =>
    (job?.steps ?? []).flatMap(({ run }) => run ?? []).join('\n')

  it('is made of a tag, and has no rights but those of its jobs', () => {
    expect(release?.on).toEqual({ push: { tags: ['v*'] } })
    expect(release?.permissions).toEqual({})
  })

  it('is tested, packed and listed in a job that holds no secret', () => {
    expect(readsSecret(build)).toBe(false)
    expect(build?.permissions).toEqual({ contents: 'read' })
    const commands = commandsOf(build)
    for (const command of [
      'npm test',
      'npm run check:package',
      'npm pack ',
      'npm sbom --sbom-format cyclonedx ',
    ])
      expect(commands).toContain(command)
    expect(commands).toContain('"$GITHUB_REF_NAME"')
  })

  it('is published with provenance by the only job that holds the token, from the tarball of the build', () => {
    const holders = jobs.filter(({ job }) => readsSecret(job)).map(({ file, name }) => `${file} ${name}`)
    expect(holders).toEqual(['release.yml publish'])
    expect(publish?.needs).toBe('build')
    expect(publish?.environment).toBe('npm')
    expect(publish?.permissions).toEqual({ 'id-token': 'write' })
    expect(commandsOf(publish)).toBe(
      'npm publish --provenance --access public --ignore-scripts ./release/*.tgz',
    )
    const withToken = publish?.steps.filter(readsSecret) ?? []
    expect(withToken.map(({ run }) => run)).toEqual([commandsOf(publish)])
  })
})

test('the templates of issues are whole, and vulnerabilities are not reported there', () => {
  const templates = join(root, '.github/ISSUE_TEMPLATE')
  for (const name of readdirSync(templates).filter((file) => file !== 'config.yml')) {
    const template = parse(readFileSync(join(templates, name), 'utf8')) as {
      readonly body: readonly object[]
    }
    expect(Object.keys(template)).toEqual(['name', 'description', 'labels', 'body'])
    expect(template.body.length).toBeGreaterThan(0)
  }
  const config = parse(readFileSync(join(templates, 'config.yml'), 'utf8')) as {
    readonly contact_links: readonly { readonly url: string }[]
  }
  const urls = config.contact_links.map(({ url }) => url)
  expect(urls[0]).toMatch(/\/security\/advisories\/new$/)
  const documents = urls.flatMap((url) => url.split('/blob/main/').slice(1))
  expect(documents.filter((path) => !existsSync(join(root, path)))).toEqual([])
})
