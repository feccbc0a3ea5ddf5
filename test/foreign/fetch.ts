import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { projectsNamed, type Project } from './projects.ts'

/**
 * Brings the suites of other projects, at the commits that `projects.ts` names, into a folder that is not part of the
 * repository. Takes them from GitHub, or from local clones: `--from DIR` has a folder for each project, `NAME` or `NAME.git`.
 */
const { values: options } = parseArgs({
  options: {
    into: { type: 'string', default: '.foreign' },
    from: { type: 'string' },
    /** Names of projects, separated by commas. */
    projects: { type: 'string' },
  },
})

for (const project of projectsNamed(options.projects)) {
  const target = resolve(options.into, project.name)
  if (existsSync(target)) {
    console.log(`${project.name}: there already`)
    continue
  }
  if (options.from === undefined) download(project, target)
  else unpack(localClone(options.from, project), project, target)
  console.log(`${project.name}: ${project.commit.slice(0, 12)}`)
}

function download(project: Project, target: string): void {
  const clone = mkdtempSync(join(tmpdir(), 'foreign-'))
  try {
    git(clone, ['init', '--quiet', '--bare', '.'])
    git(clone, ['fetch', '--quiet', '--depth', '1', project.url, project.commit])
    unpack(clone, project, target)
  } finally {
    rmSync(clone, { recursive: true })
  }
}

function localClone(folder: string, { name }: Project): string {
  const found = [join(folder, name), join(folder, `${name}.git`)].find((path) => existsSync(path))
  if (found === undefined) throw new Error(`${folder} has no clone of ${name}`)
  return found
}

function unpack(clone: string, { commit, suites }: Project, target: string): void {
  const partial = `${target}.partial`
  rmSync(partial, { recursive: true, force: true })
  mkdirSync(partial, { recursive: true })
  const files = suites.flatMap((suite) =>
    git(clone, ['ls-tree', '-r', commit, '--', ...suite.paths])
      .toString()
      .split('\n')
      .map((line) => /^\d+ blob (\w+)\t(.+)$/.exec(line) ?? [])
      .flatMap(([, id = '', path = '']) => (suite.files.test(path) ? [{ id, path }] : [])),
  )
  const ids = files.map(({ id }) => id)
  const contents = objects(git(clone, ['cat-file', '--batch'], ids.join('\n')), ids)
  for (const { id, path } of files) {
    const content = contents.get(id)
    // A clone may lack its largest files.
    if (content === undefined) continue
    mkdirSync(dirname(join(partial, path)), { recursive: true })
    writeFileSync(join(partial, path), content)
  }
  renameSync(partial, target)
}

/** Reads the output of `git cat-file --batch`: for each object a line that ends with its size, and its content. */
function objects(output: Buffer, ids: readonly string[]): ReadonlyMap<string, Buffer> {
  const found = new Map<string, Buffer>()
  let at = 0
  for (const id of ids) {
    const end = output.indexOf('\n', at)
    const [, , size] = output.toString('latin1', at, end).split(' ')
    at = end + 1
    if (size === undefined) continue
    found.set(id, output.subarray(at, at + Number(size)))
    at += Number(size) + 1
  }
  return found
}

function git(directory: string, args: readonly string[], input = ''): Buffer {
  return execFileSync('git', ['-C', directory, ...args], {
    input,
    stdio: ['pipe', 'pipe', 'inherit'],
    maxBuffer: 2 ** 30,
  })
}
