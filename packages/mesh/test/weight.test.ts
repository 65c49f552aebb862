/** What a thread pays for being in the mesh before it calls anybody. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

const index = new URL('../src/index.ts', import.meta.url).href

/** Runs a module in a process of its own and gives what it printed. */
function run(source: string): string {
  const argv = ['--conditions=@heddle/source', '--no-warnings', '--input-type=module', '--eval', source]
  const { stdout, stderr, status } = spawnSync(process.execPath, argv, { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  return stdout.trim()
}

test('a member that answers and calls nobody does not load undici', () => {
  const loaded = run(`
    const { Registry, joinMesh } = await import(${JSON.stringify(index)})
    const registry = new Registry({ domain: '.local' })
    const mesh = joinMesh(registry.admit({ name: 'a', hostname: 'a' }).ticket)
    mesh.installGlobals()
    mesh.serve((request, response) => response.end())
    // node keeps what undici put here as soon as its code has run.
    const slot = Object.getOwnPropertyDescriptor(globalThis, Symbol.for('undici.globalDispatcher.1'))
    console.log(slot?.value !== undefined, process.moduleLoadList.some(name => name.endsWith('undici/undici')))
    process.exit()
  `)
  assert.equal(loaded, 'false false')
})
