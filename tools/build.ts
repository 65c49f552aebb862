/**
 * Builds what is published: declarations by the compiler, code by the bundler.
 *
 * The code is bundled because a thread that loads forty small modules starts 10 to 20 ms later than one
 * that loads one file, and every worker and edge thread is started that way. Nothing is minified: stack
 * traces stay readable. Run by `npm run build`.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

import { build } from 'esbuild'
import type { BuildOptions } from 'esbuild'

const root = join(import.meta.dirname, '..')
const heddle = join(root, 'packages', 'heddle')
const mesh = join(root, 'packages', 'mesh')

const common: BuildOptions = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22.19',
  charset: 'utf8',
  conditions: ['@heddle/source'],
  // The mesh goes into the bundle; everything else a package depends on is installed beside it.
  external: [
    'commander',
    'srvx',
    'srvx/*',
    ...['#worker', '#edge', '#handoff', '#adopt', '#nested', '#config', '#load-test']
  ],
  logLevel: 'warning'
}

for (const name of [heddle, mesh]) rmSync(join(name, 'dist'), { recursive: true, force: true })
execFileSync('tsc', ['-b', '--force', mesh, heddle], { cwd: root, stdio: 'inherit' })
// The mesh can be required too, as node can require ES modules. TypeScript wants that in declarations of its own.
for (const file of globSync(join(mesh, 'dist/**/*.d.ts'))) {
  const text = readFileSync(file, 'utf8').replaceAll(
    /(from |import\()(['"]\.[^'"]*)\.[jt]s(['"])/g,
    '$1$2.cjs$3'
  )
  writeFileSync(file.replace(/\.ts$/, '.cts'), text)
}
// The mesh is part of heddle's code and not installed beside it: so are its declarations.
const ownMesh = join(heddle, 'dist/mesh')
cpSync(join(mesh, 'dist'), ownMesh, { recursive: true })
for (const file of globSync(join(ownMesh, '**/*.d.cts'))) rmSync(file)
for (const file of globSync(join(heddle, 'dist/**/*.d.ts'))) {
  const text = readFileSync(file, 'utf8')
  const path = relative(dirname(file), ownMesh)
  const there = path.startsWith('.') ? path : `./${path}`
  const own = text.replaceAll(/'@heddle\/mesh(\/internal)?'/g, (_, internal?: string) =>
    internal === undefined ? `'${there}/index.js'` : `'${there}/internal.js'`
  )
  if (own !== text) writeFileSync(file, own)
}
await Promise.all([
  build({
    ...common,
    splitting: true,
    entryPoints: ['index.ts', 'internal.ts'].map(file => join(mesh, 'src', file)),
    outdir: join(mesh, 'dist')
  }),
  build({
    ...common,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    entryPoints: { index: join(heddle, 'src/index.ts'), 'cli/main': join(heddle, 'src/cli/main.ts') },
    outdir: join(heddle, 'dist')
  }),
  // One file for each kind of thread, and the module applications import.
  build({
    ...common,
    entryPoints: {
      'worker/boot': join(heddle, 'src/worker/boot.ts'),
      'worker/adopt': join(heddle, 'src/worker/adopt.ts'),
      'worker/nested': join(heddle, 'src/worker/nested.ts'),
      'worker/index': join(heddle, 'src/worker/index.ts'),
      'edge/boot': join(heddle, 'src/edge/boot.ts'),
      'handoff/boot': join(heddle, 'src/handoff/boot.ts'),
      'config/thread': join(heddle, 'src/config/thread.ts'),
      'cli/load-test/generator': join(heddle, 'src/cli/load-test/generator.ts'),
      'main/blocked/inquirer': join(heddle, 'src/main/blocked/inquirer.ts')
    },
    outdir: join(heddle, 'dist')
  })
])
