/**
 * Hands the repository's sources to Node.js 22 as tools/strip.ts has left them. That version keeps no result of its
 * own stripping: each thread would spend a quarter of a second of CPU on it, which is a fourth of a whole test run.
 *
 * Any thread of a test run on Node.js 22, by `NODE_OPTIONS=--import`. Not TypeScript, for the same reason.
 */
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

const root = new URL('..', import.meta.url).href
const folder = new URL('node_modules/.cache/stripped/', root)

registerHooks({
  load(url, context, next) {
    if (!url.startsWith(root) || !url.endsWith('.ts')) return next(url, context)
    let source
    try {
      source = readFileSync(new URL(url.slice(root.length), folder))
    } catch {
      return next(url, context)
    }
    return { format: 'module', source, shortCircuit: true }
  }
})
