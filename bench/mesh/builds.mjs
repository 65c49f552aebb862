/**
 * Which build of the mesh is measured: `dist`, the sources as they lie, or those of a commit.
 *
 * Runs in the process of `run.mjs`. Builds other than `dist` are bundled like it, unchecked, and removed
 * when the process ends. They lie below `bench/`, so that an undici they ask for is the one the clients use.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { buildSync } from 'esbuild'

import { results, root, scratch } from '../place.mjs'

const dist = join(root, 'packages', 'mesh', 'dist', 'index.js')

function bundle(sources, name) {
  const outfile = join(results, 'raw', `mesh-build-${process.pid}-${name}.mjs`)
  process.on('exit', () => rmSync(outfile, { force: true }))
  buildSync({
    entryPoints: [join(sources, 'packages', 'mesh', 'src', 'index.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22.19',
    charset: 'utf8',
    conditions: ['@heddle/source'],
    external: ['undici'],
    logLevel: 'warning'
  })
  return pathToFileURL(outfile).href
}

/** The build in `dist`. @throws {Error} when there is none. */
export function distBuild() {
  if (!existsSync(dist)) throw new Error('packages/mesh/dist is missing: leave --no-build out.')
  return pathToFileURL(dist).href
}

/** The sources of the checkout, as they are now. */
export function sourceBuild() {
  return bundle(root, 'source')
}

/** The sources of a commit. @param {string} commit whatever git calls one */
export function commitBuild(commit) {
  const id = execFileSync('git', ['rev-parse', '--short', `${commit}^{commit}`], {
    maxBuffer: 2 ** 28,
    cwd: root
  })
    .toString()
    .trim()
  const checkout = join(scratch, `mesh-commit-${id}`)
  mkdirSync(checkout, { recursive: true })
  const archive = execFileSync('git', ['archive', id, 'packages/mesh', 'tsconfig.base.json'], {
    maxBuffer: 2 ** 28,
    cwd: root
  })
  execFileSync('tar', ['-x', '-C', checkout], { input: archive })
  return bundle(checkout, id)
}
