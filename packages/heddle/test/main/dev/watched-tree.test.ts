/** Watching a directory and all below it, with real files. */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, renameSync, symlinkSync } from 'node:fs'
import { join, relative } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { parseIgnoreRules } from '../../../src/main/dev/ignore-rules.ts'
import { WatchedTree } from '../../../src/main/dev/watched-tree.ts'
import { systemClock } from '../../../src/shared/clock.ts'
import { createProject } from './project.ts'
import type { Project } from './project.ts'

interface Watched extends Project {
  readonly tree: WatchedTree
  /** Resolves when these have been told, since the last time; rejects when others are told before. */
  told(...files: readonly string[]): Promise<void>
}

/** Watches the directory `a` of a project. */
async function watchTree(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  options: { readonly ignore?: string; readonly pollMs?: number; readonly asGit?: boolean } = {}
): Promise<Watched> {
  const project = createProject(t, files)
  const found = new Set<string>()
  let look: (() => void) | null = null
  const root = project.path('a')
  const tree = new WatchedTree(root, {
    clock: systemClock,
    ignore: parseIgnoreRules(options.ignore ?? '', root),
    asGit: options.asGit ?? true,
    pollMs: options.pollMs ?? 0,
    onChange: paths => {
      for (const path of paths) found.add(relative(project.root, path))
      look?.()
    },
    onLimit: reason => assert.fail(reason)
  })
  // Who is waiting for files alone keeps no thread alive.
  const alive = setInterval(() => {}, 60_000)
  tree.leave([project.path('a/nested')])
  t.after(() => {
    clearInterval(alive)
    tree.close()
  })
  await tree.open()
  return {
    ...project,
    tree,
    told: (...expected) =>
      new Promise((resolve, reject) => {
        look = () => {
          const others = [...found].filter(file => !expected.includes(file))
          if (others.length > 0) reject(new Error(`told of ${others.join(', ')}`))
          if (!expected.every(file => found.has(file))) return
          found.clear()
          resolve()
        }
        look()
      })
  }
}

const files = { 'a/x.js': '1', 'a/lib/y.js': '1', 'a/lib/deep/z.js': '1' }

test('WatchedTree tells of files that are written, saved by renaming, made and removed', async t => {
  const on = await watchTree(t, files)
  on.write('a/x.js', '22')
  await on.told('a/x.js')
  on.save('a/lib/y.js', '3')
  await on.told('a/lib/y.js')
  on.write('a/lib/deep/new.js', '1')
  await on.told('a/lib/deep/new.js')
  on.remove('a/lib/deep/z.js')
  await on.told('a/lib/deep/z.js')
})

test('WatchedTree tells of a change that leaves the size as it was, right after another one', async t => {
  const on = await watchTree(t, files)
  on.write('a/x.js', '2')
  await on.told('a/x.js')
  on.write('a/x.js', '3')
  await on.told('a/x.js')
})

test('WatchedTree does not take other news of a file for a change', async t => {
  const on = await watchTree(t, files)
  chmodSync(on.path('a/x.js'), 0o600)
  on.write('a/lib/y.js', '22')
  await on.told('a/lib/y.js')
  chmodSync(on.path('a/x.js'), 0o644)
  on.write('a/x.js', '22')
  await on.told('a/x.js')
})

test('WatchedTree watches directories that come, with all that is in them already', async t => {
  const on = await watchTree(t, files)
  on.write('new/sub/n.js', '1')
  renameSync(on.path('new'), on.path('a/new'))
  await on.told('a/new/sub/n.js')
  on.write('a/new/sub/n.js', '22')
  await on.told('a/new/sub/n.js')
})

test('WatchedTree tells of all files of a directory that is removed, and of those that come back', async t => {
  const on = await watchTree(t, files)
  on.remove('a/lib')
  await on.told('a/lib/y.js', 'a/lib/deep/z.js')
  on.write('a/lib/y.js', '1')
  await on.told('a/lib/y.js')
})

test('WatchedTree goes on with a directory that is removed and made again at once', async t => {
  const on = await watchTree(t, { 'a/x.js': '1', 'a/lib/y.js': '1' })
  for (let round = 0; round < 5; round++) {
    on.remove('a/lib')
    on.write('a/lib/y.js', `round ${round}`)
    await on.told('a/lib/y.js')
    on.write('a/lib/y.js', `again ${round}`)
    await on.told('a/lib/y.js')
  }
  on.write('a/lib/y.js', 'at last')
  on.write('a/lib/new.js', '1')
  await on.told('a/lib/y.js', 'a/lib/new.js')
})

test('WatchedTree goes on with a directory that was put in the place of another', async t => {
  const on = await watchTree(t, files)
  on.write('other/y.js', 'other')
  renameSync(on.path('a/lib'), on.path('gone'))
  renameSync(on.path('other'), on.path('a/lib'))
  await on.told('a/lib/y.js', 'a/lib/deep/z.js')
  on.write('gone/y.js', 'nobody looks')
  on.write('a/lib/y.js', 'again')
  await on.told('a/lib/y.js')
})

test('WatchedTree waits for its root to come, and to come back', async t => {
  const on = await watchTree(t, { 'b/x.js': '1' })
  on.write('a/x.js', '1')
  await on.told('a/x.js')
  on.remove('a')
  await on.told('a/x.js')
  renameSync(on.path('b'), on.path('a'))
  await on.told('a/x.js')
  on.write('a/x.js', '22')
  await on.told('a/x.js')
})

test('WatchedTree leaves out what git ignores, at every depth, and what is hidden or installed', async t => {
  const on = await watchTree(t, {
    ...files,
    '.git/info/exclude': 'secret.js',
    '.gitignore': '*.gen.js\n/a/dist/\n',
    'a/.gitignore': 'local',
    'a/lib/.gitignore': '!keep.gen.js',
    'a/dist/x.js': '1',
    'a/lib/local/x.js': '1',
    'a/node_modules/p/index.js': '1',
    'a/.cache/x': '1',
    'a/nested/index.js': '1'
  })
  assert.equal(on.tree.size, 3)
  for (const file of [
    'a/dist/x.js',
    'a/lib/local/x.js',
    'a/node_modules/p/index.js',
    'a/.cache/x',
    'a/nested/index.js',
    'a/x.gen.js',
    'a/secret.js',
    'a/.hidden',
    'a/server.log',
    'a/x.js~'
  ]) {
    on.write(file, '22')
  }
  on.write('a/lib/keep.gen.js', '1')
  await on.told('a/lib/keep.gen.js')
  on.write('a/.env.local', 'A=1')
  await on.told('a/.env.local')
})

test('WatchedTree leaves directories to others, and takes them back', async t => {
  const on = await watchTree(t, { ...files, 'a/nested/n.js': '1' })
  on.tree.leave([on.path('a/lib')])
  await on.told('a/nested/n.js')
  on.write('a/lib/y.js', '22')
  on.write('a/nested/n.js', '22')
  await on.told('a/nested/n.js')
})

test('WatchedTree goes by a .gitignore that has changed', async t => {
  const on = await watchTree(t, { ...files, '.git/HEAD': '', 'a/.gitignore': 'lib' })
  assert.equal(on.tree.size, 1)
  on.write('a/.gitignore', 'x.js')
  while (on.tree.size < 3) await new Promise<void>(resolve => systemClock.after(5, resolve))
  await on.tree.settled()
  on.write('a/x.js', '22')
  on.write('a/lib/deep/z.js', '22')
  await on.told('a/lib/deep/z.js')
})

test('WatchedTree lets the configuration outrank git and good sense', async t => {
  const on = await watchTree(
    t,
    { ...files, '.gitignore': 'a/dist' },
    { ignore: 'lib/\n!/dist/\n!/dist/**\n!*.log' }
  )
  assert.equal(on.tree.size, 1)
  on.write('a/lib/y.js', '22')
  on.write('a/dist/x.js', '1')
  await on.told('a/dist/x.js')
  on.write('a/server.log', '1')
  await on.told('a/server.log')
})

test('WatchedTree looks at the files itself where it is told to', async t => {
  const on = await watchTree(t, files, { pollMs: 20 })
  on.write('a/lib/y.js', '22')
  await on.told('a/lib/y.js')
  on.remove('a/x.js')
  await on.told('a/x.js')
})

test('WatchedTree does not follow links to directories, and tells of linked files', async t => {
  const on = await watchTree(t, files)
  symlinkSync(on.path('a'), on.path('a/lib/loop'))
  symlinkSync(on.path('a/x.js'), on.path('a/lib/link.js'))
  await on.told('a/lib/link.js')
  assert.equal(on.tree.size, 3)
})

test('WatchedTree tells nothing once it is closed', async t => {
  const on = await watchTree(t, files)
  const other = await watchTree(t, {})
  on.tree.close()
  mkdirSync(join(on.root, 'a/more'))
  on.write('a/more/x.js', '1')
  other.write('a/x.js', '1')
  await other.told('a/x.js')
  await on.told()
})
