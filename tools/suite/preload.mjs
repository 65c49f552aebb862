/**
 * Loaded before a suite (`node --import`): from then on its HTTP servers are reached through an edge and the
 * mesh. Plain JavaScript, because it sees to it that what follows runs from source: with a Node.js that warns of
 * type stripping, and without the condition `@heddle/source`.
 */
import module from 'node:module'

const packages = new Map([
  ['@heddle/mesh', new URL('../../packages/mesh/src/index.ts', import.meta.url).href],
  ['@heddle/mesh/internal', new URL('../../packages/mesh/src/internal.ts', import.meta.url).href]
])

const hooks = module.registerHooks({
  resolve(specifier, context, nextResolve) {
    const url = packages.get(specifier)
    return url === undefined ? nextResolve(specifier, context) : { url, shortCircuit: true }
  }
})
const emitWarning = Reflect.get(process, 'emitWarning')
process.emitWarning = () => {}
try {
  const { installSuiteMesh } = await import('./listen.ts')
  installSuiteMesh()
} finally {
  process.emitWarning = emitWarning
  hooks.deregister()
}
