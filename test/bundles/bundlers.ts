import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import commonjsPlugin from '@rollup/plugin-commonjs'
import jsonPlugin from '@rollup/plugin-json'
import nodeResolvePlugin from '@rollup/plugin-node-resolve'
import { build as esbuild } from 'esbuild'
import { rolldown } from 'rolldown'
import { rollup, type Plugin } from 'rollup'
import { build as vite } from 'vite'
import webpack from 'webpack'

export type Format = 'cjs' | 'esm'

/** What is bundled: `entry`, in a folder with packages, into the folder `outDir`. */
export interface Job {
  readonly folder: string
  readonly entry: string
  readonly outDir: string
  readonly format: Format
}

/** Makes a bundle of everything but Node's own modules, and returns its file. Nothing here is special to this library. */
export type Bundler = (job: Job) => Promise<string>

// Bundles of ES modules have no `require`, which the CommonJS packages inside use. Some bundlers give them one.
const BANNER = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`
const bannerOf = (format: Format): string => (format === 'esm' ? BANNER : '')
const fileOf = ({ outDir, format }: Job): string =>
  join(outDir, format === 'cjs' ? 'bundle.cjs' : 'bundle.mjs')

// Their declarations are those of CommonJS modules with a default export.
type PluginOf = () => Plugin
const [commonjs, json] = [commonjsPlugin, jsonPlugin] as unknown as readonly PluginOf[]
const nodeResolve = nodeResolvePlugin as unknown as (options: object) => Plugin

export const bundlers: Readonly<Record<string, Bundler>> = {
  async esbuild(job) {
    const outfile = fileOf(job)
    await esbuild({
      absWorkingDir: job.folder,
      entryPoints: [job.entry],
      outfile,
      bundle: true,
      platform: 'node',
      format: job.format,
      banner: { js: bannerOf(job.format) },
      logLevel: 'error',
    })
    return outfile
  },

  async rollup(job) {
    const bundle = await rollup({
      input: join(job.folder, job.entry),
      plugins: [nodeResolve({ preferBuiltins: true, exportConditions: ['node'] }), commonjs?.(), json?.()],
      onLog: () => undefined,
    })
    const file = fileOf(job)
    await bundle.write({
      file,
      format: job.format,
      banner: bannerOf(job.format),
      inlineDynamicImports: true,
    })
    await bundle.close()
    return file
  },

  async rolldown(job) {
    const bundle = await rolldown({
      cwd: job.folder,
      input: job.entry,
      platform: 'node',
      onLog: () => undefined,
    })
    const file = fileOf(job)
    await bundle.write({ file, format: job.format, codeSplitting: false })
    await bundle.close()
    return file
  },

  async webpack(job) {
    const isModule = job.format === 'esm'
    const compiler = webpack({
      mode: 'production',
      target: 'node20',
      context: job.folder,
      entry: `./${job.entry}`,
      experiments: { outputModule: isModule },
      output: {
        path: job.outDir,
        filename: isModule ? 'bundle.mjs' : 'bundle.cjs',
        chunkFilename: isModule ? '[name].chunk.mjs' : '[name].chunk.cjs',
        library: { type: isModule ? 'module' : 'commonjs2' },
      },
    })
    const stats = await promisify(compiler.run.bind(compiler))()
    await promisify(compiler.close.bind(compiler))()
    if (stats?.hasErrors() === true) throw new Error(stats.toString('errors-only'))
    return fileOf(job)
  },

  async 'Vite SSR'(job) {
    await vite({
      root: job.folder,
      configFile: false,
      logLevel: 'silent',
      ssr: { noExternal: true },
      build: {
        ssr: job.entry,
        outDir: job.outDir,
        emptyOutDir: false,
        target: 'node20',
        rolldownOptions: { output: { format: job.format } },
      },
    })
    const [name] = readdirSync(job.outDir).filter((each) => /^program\.(?:c|m)?js$/.test(each))
    return join(job.outDir, name ?? 'none')
  },
}
