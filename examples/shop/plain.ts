/**
 * Runs the four applications without Heddle: one node process each, calling one another over TCP.
 *
 * For comparing, and as proof that nothing in them needs Heddle. `PORT` is the storefront's port, the
 * others take the next three. Ends, with all of them, at the first signal or when one of them ends.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'

const firstPort = Number(process.env['PORT'] ?? 3000)
const entries = {
  storefront: 'storefront/server.ts',
  catalog: 'catalog/server.js',
  accounts: 'accounts/app.ts',
  invoices: 'invoices/server.ts'
}

const names = Object.keys(entries)
const addresses = Object.fromEntries(
  names.map((name, index) => [`${name.toUpperCase()}_URL`, `http://127.0.0.1:${firstPort + index}`])
)
const children = Object.values(entries).map((entry, index) =>
  spawn(process.execPath, [...process.execArgv, join(import.meta.dirname, entry)], {
    stdio: 'inherit',
    env: { ...process.env, ...addresses, PORT: String(firstPort + index) }
  })
)

for (const child of children) child.on('exit', () => children.forEach(other => other.kill()))
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => children.forEach(child => child.kill()))
}
process.stdout.write(`The shop is at ${addresses['STOREFRONT_URL']}\n`)
